//! Manifests as a terminal shows them: what is new, and the lines that say where it stands.

use crate::output::{Line, lines};

/// How much deeper than its beginning a run of new lines is shown.
const DEPTH: usize = 2;

/// What stands for lines that are not shown.
const CUT: &str = "…";

/// A line that is shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// Whether it is new.
    pub(super) is_new: bool,
    pub(super) text: String,
}

/// The lines of `after` that are worth a terminal's space: those that `before` does not have, without what is far below
/// them, the others that lead there, and those that name an object that has any. None has more characters than `width`.
pub(super) fn folded(before: &str, after: &str, width: usize) -> Vec<Shown> {
    let lines: Vec<_> = lines(before, after).into_iter().filter(|line| !line.text.trim().is_empty()).collect();
    let is_shown = shown(&lines);
    let mut all: Vec<Shown> = Vec::new();
    // Whether what has just been left out is new.
    let mut gap: Option<bool> = None;
    for (line, is_shown) in lines.iter().zip(is_shown) {
        if is_shown {
            all.push(Shown { is_new: line.is_new, text: line.text.trim_end().to_owned() });
        } else if gap != Some(line.is_new) {
            // What is left out below a new line belongs to it.
            if let Some(above) = all.last_mut().filter(|_| line.is_new) {
                above.text = format!("{} {CUT}", above.text);
            } else {
                let text = format!("{}{CUT}", " ".repeat(indentation(line.text)));
                all.push(Shown { is_new: false, text });
            }
        }
        gap = (!is_shown).then_some(line.is_new);
    }
    all.into_iter().map(|line| Shown { text: fitted(line.text, width), ..line }).collect()
}

/// Which lines are shown.
fn shown(lines: &[Line<'_>]) -> Vec<bool> {
    let mut is_shown = vec![false; lines.len()];
    // The line where the present run of new lines begins, and how deep that is.
    let mut start: Option<usize> = None;
    for (index, line) in lines.iter().enumerate() {
        let depth = depth(line.text);
        // What is less deep begins a run of its own.
        start = line.is_new.then(|| start.map_or(depth, |start| start.min(depth)));
        if start.is_some_and(|start| depth <= start + DEPTH) {
            mark(&mut is_shown, index);
            let mut above = depth;
            for (parent, line) in lines.iter().enumerate().take(index).rev() {
                let depth = self::depth(line.text);
                if depth < above && !line.is_new {
                    mark(&mut is_shown, parent);
                }
                above = above.min(depth);
            }
        }
    }
    let mut start = 0;
    for object in lines.split(|line| line.text.trim_end() == "---") {
        if object.iter().any(|line| line.is_new) {
            for index in names(object) {
                mark(&mut is_shown, start + index);
            }
        }
        start += object.len() + 1;
    }
    is_shown
}

/// The lines that say what object it is: its kind, and its name with what leads there.
fn names(object: &[Line<'_>]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut metadata = None;
    for (index, line) in object.iter().enumerate() {
        let (key, _) = line.text.split_once(':').unwrap_or_default();
        match (key, metadata) {
            ("kind", _) => found.push(index),
            ("metadata", _) => metadata = Some(index),
            ("  name", Some(above)) => found.extend([above, index]),
            _ if !key.starts_with(' ') => metadata = None,
            _ => {}
        }
    }
    found
}

fn mark(is_shown: &mut [bool], index: usize) {
    is_shown.get_mut(index).into_iter().for_each(|it| *it = true);
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// How deep a line is: entries of a list are below the key of the list, and above their own fields. A comment leads nowhere.
fn depth(line: &str) -> usize {
    let text = line.trim_start();
    if text.starts_with('#') {
        return usize::MAX;
    }
    indentation(line) + usize::from(text.starts_with("- "))
}

fn fitted(line: String, width: usize) -> String {
    if line.chars().count() <= width {
        return line;
    }
    let start: String = line.chars().take(width.saturating_sub(1)).collect();
    format!("{start}{CUT}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str, width: usize) -> String {
        let mark = |line: Shown| format!("{} {}\n", if line.is_new { '+' } else { ' ' }, line.text);
        folded(before, after, width).into_iter().map(mark).collect()
    }

    #[test]
    fn what_is_new_is_shown_with_what_leads_there() {
        let before = "# mine\na: 1\nb:\n  c: 2\n  d:\n  - e: 3\n    f: 4\n  - g: 5\nh: 6\n";
        let new = "    f: 4\n    new:\n    - name: x\n      far: y\n      args:\n      - z\n";
        let expected = "  …\n  b:\n    …\n    d:\n    - e: 3\n      …\n+     new:\n+     - name: x\n+       far: y\n\
                        +       args: …\n    …\n";
        assert_eq!(shown(before, &before.replace("    f: 4\n", new), 80), expected);
    }

    #[test]
    fn an_object_with_something_new_is_named() {
        let before = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: api\nspec:\n  name: x\n  a: 1\n---\nkind: Service\n";
        let expected = "  …\n  kind: Deployment\n  metadata:\n    name: api\n  spec:\n    …\n+   b: 2\n  …\n";
        assert_eq!(shown(before, &before.replace("  a: 1\n", "  a: 1\n  b: 2\n"), 80), expected);
    }

    #[test]
    fn new_objects_are_shown_in_outline_and_no_wider_than_the_terminal() {
        let after =
            "kind: Secret\nmetadata:\n  name: ca\n  labels:\n    a: b\ndata:\n  key: 012345678901234567890123\n";
        let expected = "+ kind: Secret\n+ metadata:\n+   name: ca\n+   labels: …\n+ data:\n+   key: 012345678901…\n";
        assert_eq!(shown("", after, 20), expected);
        assert_eq!(shown(after, after, 20), "  …\n");
    }
}
