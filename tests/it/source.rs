//! Our own source, read for the tests of its shape.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::root;

/// A file under `src`.
pub(crate) struct File {
    /// `src/krm/list.rs`
    pub(crate) path: String,
    /// `krm`
    pub(crate) room: String,
    /// Its module: `["krm", "list"]`.
    pub(crate) module: Vec<String>,
    /// Its text without comments and unit tests.
    pub(crate) code: String,
}

/// A row of the table in ARCHITECTURE.md.
pub(crate) struct Room {
    pub(crate) names: Vec<String>,
    /// What it must not name.
    pub(crate) forbidden: Vec<String>,
}

/// The rooms, in order.
pub(crate) fn rooms() -> Vec<Room> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows = text.split("\n## The rooms\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = rows.lines().filter(|line| line.starts_with("| `"));
    let in_code_font = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let room = |row: &str| {
        let cells: Vec<_> = row.trim_matches('|').split('|').collect();
        let [names, _, forbidden] = cells.as_slice() else { panic!("three columns: {row}") };
        let names = in_code_font(names).iter().map(|name| name.trim_end_matches('/').to_owned()).collect();
        Room { names, forbidden: in_code_font(forbidden) }
    };
    rows.map(room).collect()
}

/// Every file under `src`; what only tests use is another matter.
pub(crate) fn files() -> Vec<File> {
    let mut files = Vec::new();
    read(&root().join("src"), &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn read(dir: &Path, into: &mut Vec<File>) {
    for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            if !path.ends_with("tests") {
                read(&path, into);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            let module: Vec<_> = name["src/".len()..name.len() - ".rs".len()]
                .split('/')
                .filter(|it| *it != "mod")
                .map(str::to_owned)
                .collect();
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let code = code.collect::<Vec<_>>().join("\n");
            into.push(File { room: module[0].clone(), path: name, module, code });
        }
    }
}

impl File {
    /// Names and lengths of its functions, in lines. rustfmt writes the brace that ends one below its first letter.
    pub(crate) fn functions(&self) -> Vec<(String, usize)> {
        let text = fs::read_to_string(root().join(&self.path)).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        let lines: Vec<_> = text.lines().collect();
        let mut found = Vec::new();
        for (first, line) in lines.iter().enumerate() {
            let start = line.trim_start();
            let is_one = [
                "fn ",
                "pub fn ",
                "pub(super) fn ",
                "pub(crate) fn ",
                "async fn ",
                "pub(super) async fn ",
                "const fn ",
            ]
            .iter()
            .any(|words| start.starts_with(words));
            if !is_one {
                continue;
            }
            let end = format!("{}}}", " ".repeat(line.len() - start.len()));
            let length = lines[first..].iter().position(|line| *line == end).map_or(1, |last| last + 1);
            let name = start.split("fn ").nth(1).unwrap().split(['(', '<']).next().unwrap();
            // A function on one line ends before anything below it does.
            if !line.ends_with('}') && !line.ends_with(';') {
                found.push((name.to_owned(), length));
            }
        }
        found
    }

    /// The paths that it names, from the crate's root: in its imports, and in its code where they start with `crate` or
    /// `super`.
    fn paths(&self) -> Vec<Vec<String>> {
        let mut named = Vec::new();
        for statement in imports(&self.code) {
            expand(&[], &statement, &mut named);
        }
        for start in ["crate::", "super::"] {
            for (at, _) in self.code.match_indices(start) {
                let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
                let rest = &self.code[at..];
                let path = &rest[..rest.find(|c| !is_path(c)).unwrap_or(rest.len())];
                named.push(path.split("::").map(str::to_owned).collect());
            }
        }
        named.into_iter().filter_map(|path| self.absolute(&path)).collect()
    }

    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let ups = path.iter().take_while(|step| *step == "super").count();
        let base = match path.first()?.as_str() {
            "crate" => return Some(path[1..].to_vec()),
            "self" => return Some([&self.module, &path[1..]].concat()),
            "super" => &self.module[..self.module.len().checked_sub(ups)?],
            _ => return None,
        };
        Some([base, &path[ups..]].concat())
    }
}

/// What stands between `use` and `;`.
fn imports(code: &str) -> Vec<String> {
    let starts = code.match_indices("use ").filter(|(at, _)| {
        let line = code[..*at].rsplit('\n').next().unwrap().trim();
        line.is_empty() || line.starts_with("pub")
    });
    let statements = starts.map(|(at, start)| code[at + start.len()..].split(';').next().unwrap().to_owned());
    // A sentence in a string may start with the same word.
    let is_tree = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_:{},*".contains(c);
    statements.filter(|statement| statement.contains("::") && statement.chars().all(is_tree)).collect()
}

/// The paths of a tree such as `a::{b, c::{d, e}}`.
fn expand(prefix: &[String], tree: &str, into: &mut Vec<Vec<String>>) {
    let steps =
        |text: &str| text.split("::").map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect::<Vec<_>>();
    let Some((head, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap();
        into.push([prefix.to_vec(), steps(path)].concat());
        return;
    };
    let prefix = [prefix.to_vec(), steps(head)].concat();
    let body = rest.rsplit_once('}').unwrap().0;
    let (mut depth, mut start) = (0, 0);
    for (at, c) in body.char_indices().chain([(body.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !body[start..at].trim().is_empty() {
                    expand(&prefix, &body[start..at], into);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// The files, by their places among `files`, that one of them names. A name that a folder hands on is that of the file
/// it comes from.
pub(crate) fn uses(file: &File, files: &[File]) -> Vec<usize> {
    let modules: BTreeMap<&[String], usize> =
        files.iter().enumerate().map(|(index, file)| (file.module.as_slice(), index)).collect();
    let longest =
        |path: &[String]| (1..=path.len()).rev().find_map(|length| Some((*modules.get(&path[..length])?, length)));
    let mut found = Vec::new();
    for mut path in file.paths() {
        let handed_on = |path: &[String]| {
            let (index, length) = longest(path)?;
            let name = path.get(length)?;
            let of = &files[index];
            let mut named = Vec::new();
            for statement in imports(&of.code) {
                expand(&[], &statement, &mut named);
            }
            let from = named.into_iter().find(|it| it.len() > 1 && it.last() == Some(name))?;
            let below = [of.module.clone(), from].concat();
            longest(&below)
                .is_some_and(|(_, deeper)| deeper > length)
                .then(|| [&below[..], &path[length + 1..]].concat())
        };
        while let Some(further) = handed_on(&path) {
            path = further;
        }
        found.extend(longest(&path).map(|(index, _)| index).filter(|index| files[*index].path != file.path));
    }
    found
}
