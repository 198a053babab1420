//! Where lines of files are to be seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

/// The URL of a line of a file, with `{path}` and `{line}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(String);

impl Template {
    /// Reads one.
    ///
    /// # Errors
    /// The sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let has_scheme = text.starts_with("https://") || text.starts_with("http://");
        let is_plain = text.chars().all(|c| c.is_ascii_graphic() && !"<>\"'`\\".contains(c));
        if !has_scheme || !is_plain || !text.contains("{path}") {
            return Err(WANTED.to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// That of one file; the line is still to come.
    fn of(&self, path: &str) -> Self {
        Self(self.0.replace("{path}", &encoded(path)))
    }

    fn at(&self, line: usize) -> String {
        self.0.replace("{line}", &line.to_string())
    }
}

const WANTED: &str =
    "expected a URL with https:// and {path}, such as https://git.example.com/deploy/blob/main/{path}#L{line}";

/// The lines of the files of a declaration.
#[derive(Debug, Default)]
pub struct Links(BTreeMap<String, Template>);

impl Links {
    /// Adds a file, with its name in messages and its path in the repository.
    pub fn add(&mut self, name: &str, template: &Template, path: &str) {
        self.0.insert(name.to_owned(), template.of(path));
    }

    /// A place in words, and where it is to be seen if that is known.
    pub(super) fn place(&self, file: &str, line: Option<usize>) -> Value {
        let words = line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"));
        json!({"words": words, "href": self.0.get(file).map(|template| template.at(line.unwrap_or(1)))})
    }
}

/// How the web interface of a repository's host shows a line of a commit; `None` for a host that is not known. What
/// stands before the host, such as a token, is left out.
pub fn hosted(remote: &str, commit: &str) -> Option<Template> {
    let (authority, path) = match remote.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?,
        // As in `git@github.com:acme/deploy.git`.
        None => remote.split_once(':')?,
    };
    let host = authority.rsplit('@').next()?;
    let host = host.split_once(':').map_or(host, |(host, _)| host).to_ascii_lowercase();
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let is_host = host.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    let is_path = path.contains('/') && path.chars().all(|c| c.is_ascii_alphanumeric() || "._-~/".contains(c));
    if !is_host || !is_path {
        return None;
    }
    let tail = match host.as_str() {
        "github.com" => format!("blob/{commit}/{{path}}#L{{line}}"),
        "bitbucket.org" => format!("src/{commit}/{{path}}#lines-{{line}}"),
        _ if host == "gitlab.com" || host.starts_with("gitlab.") => format!("-/blob/{commit}/{{path}}#L{{line}}"),
        _ => return None,
    };
    Some(Template(format!("https://{host}/{path}/{tail}")))
}

/// A path in a URL.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_leads_to_the_lines_of_its_host() {
        let lines = |remote| hosted(remote, "c0ffee").map(|template| template.of("a b/iamra.yaml").at(7));
        let github = "https://github.com/acme/deploy/blob/c0ffee/a%20b/iamra.yaml#L7";
        let gitlab = "https://gitlab.example.com/team/sub/deploy/-/blob/c0ffee/a%20b/iamra.yaml#L7";
        let bitbucket = "https://bitbucket.org/acme/deploy/src/c0ffee/a%20b/iamra.yaml#lines-7";
        for (remote, wanted) in [
            ("https://github.com/acme/deploy.git", Some(github)),
            ("https://github.com/acme/deploy", Some(github)),
            ("git@github.com:acme/deploy.git", Some(github)),
            ("ssh://git@github.com:22/acme/deploy.git", Some(github)),
            ("https://gitlab-ci-token:secret@gitlab.example.com/team/sub/deploy.git", Some(gitlab)),
            ("git@bitbucket.org:acme/deploy.git", Some(bitbucket)),
            ("https://git.example.com/acme/deploy.git", None),
            ("https://github.com.evil.example/acme/deploy.git", None),
            ("https://github.com/acme/de\"><script>", None),
            ("/srv/git/deploy.git", None),
            ("../deploy", None),
            ("https://github.com/", None),
        ] {
            assert_eq!(lines(remote).as_deref(), wanted, "{remote}");
        }
    }

    #[test]
    fn a_template_is_a_url_of_the_web() {
        let template = Template::parse("https://git.example.com/blob/{path}?line={line}").unwrap();
        assert_eq!(template.of("x/{line}/ü").at(3), "https://git.example.com/blob/x/%7Bline%7D/%C3%BC?line=3");
        for wrong in
            ["javascript:alert(1)//{path}", "https://x/{line}", "file:///{path}", "https://x/{path}\" onclick=\"", ""]
        {
            assert_eq!(Template::parse(wrong), Err(WANTED.to_owned()), "{wrong}");
        }
    }
}
