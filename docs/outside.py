"""For mdBook: pages and links outside docs/.

In the repository, links between pages lead from file to file, out of docs/ too. The book has the pages of docs/ at its top and
other pages of the repository by their paths in it, so links between pages are rewritten accordingly. What is no page of the
book is a link to the repository, and a picture there is part of the page.
"""

import base64
import json
import pathlib
import posixpath
import re
import sys

# In Markdown, and in the HTML of pictures.
LINK = re.compile(r"""(?P<before>\]\(|(?:src|srcset)=")(?P<target>[^)"\s]+)(?P<after>[)"])""")


def in_book(path):
    """Where a file of the repository is in the book."""
    folder, name = posixpath.split(path.removeprefix("docs/"))
    return posixpath.join(folder, "index.md" if name == "README.md" else name)


def rewritten(text, page, pages, repository):
    """The text of a page, by its path in the repository, with its links as they are in the book."""

    def link(match):
        target, hash_, anchor = match["target"].partition("#")
        if not target or ":" in target:
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
        if posixpath.join(path, "README.md") in pages:
            path = posixpath.join(path, "README.md")
        if path in pages or path.startswith("docs/") and posixpath.splitext(path)[1]:
            target = posixpath.relpath(in_book(path), posixpath.dirname(in_book(page)) or ".")
        elif path.endswith(".svg"):
            # mdBook copies what is in docs/ alone.
            target = "data:image/svg+xml;base64," + base64.b64encode(pathlib.Path("..", path).read_bytes()).decode()
        else:
            target = f"{repository}/tree/HEAD/{path}"
        return match["before"] + target + hash_ + anchor + match["after"]

    return LINK.sub(link, text)


def chapters(items):
    """All chapters that have a file."""
    for item in items:
        chapter = item["Chapter"] if isinstance(item, dict) and "Chapter" in item else None
        if chapter:
            if chapter["path"]:
                yield chapter
            yield from chapters(chapter["sub_items"])


def main():
    if sys.argv[1:2] == ["supports"]:
        return
    context, book = json.load(sys.stdin)
    repository = context["config"]["output"]["html"]["git-repository-url"]
    items = book.get("items", book.get("sections"))
    pages = {posixpath.normpath(posixpath.join("docs", chapter["path"])): chapter for chapter in chapters(items)}
    for page, chapter in pages.items():
        chapter["content"] = rewritten(chapter["content"], page, pages, repository)
        chapter["path"] = chapter["source_path"] = in_book(page)
    json.dump(book, sys.stdout)


if __name__ == "__main__":
    main()
