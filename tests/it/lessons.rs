//! What the READMEs of the examples show of what iamra does: differences and pictures, made by the commands that stand in
//! comments above them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::stages;
use crate::support::{expect_file, run};

/// Longer differences are folded until they have so many lines, or nothing can be folded.
const LONGEST: usize = 60;

/// A line of a difference.
struct Line<'d> {
    text: &'d str,
    /// How deep it is among the changed lines around it.
    level: usize,
    /// How many of the lines behind it are below it.
    below: usize,
    /// Whether something above it is folded.
    is_hidden: bool,
    is_folded: bool,
    /// How many lines it stands for.
    folds: usize,
}

/// How deep a line of YAML is: entries of a list are below the key of the list, and above their own fields.
fn depth(line: &str) -> usize {
    let text = line.trim_start();
    line.len() - text.len() + usize::from(text.starts_with("- "))
}

fn lines(diff: &str) -> Vec<Line<'_>> {
    let mut all: Vec<Line<'_>> = Vec::new();
    // The lines above the present one in its run, which may have more below them.
    let mut above: Vec<usize> = Vec::new();
    for (index, text) in diff.lines().enumerate() {
        let sign = text.get(..1).filter(|sign| index > 1 && ["+", "-"].contains(sign));
        if sign.is_none() || all.last().is_some_and(|last| last.text.get(..1) != sign) {
            above.clear();
        }
        if sign.is_some() {
            above.retain(|it| depth(&all[*it].text[1..]) < depth(&text[1..]));
            for it in &above {
                all[*it].below += 1;
            }
        }
        let level = above.len();
        all.push(Line { text, level, below: 0, is_hidden: false, is_folded: false, folds: 0 });
        above.extend(sign.map(|_| index));
    }
    all
}

/// Whether a line is one that the text around it speaks of: as a whole, by its key, or as a name.
fn is_named(line: &str, named: &[&str]) -> bool {
    let text = line[1..].trim().trim_start_matches("- ");
    let key = text.split(':').next().unwrap();
    named.iter().any(|it| *it == text || *it == key || text.strip_prefix("name: ") == Some(*it))
}

/// What is folded with a line: what is below it, but for the name that says which object it is.
fn foldable(all: &[Line<'_>], at: usize) -> std::ops::RangeInclusive<usize> {
    let below = at + 1..=at + all[at].below;
    let has_name =
        all[at].text[1..] == *"metadata:" && all[below.clone()].iter().any(|it| it.text[1..].starts_with("  name:"));
    at + 1 + usize::from(has_name)..=*below.end()
}

/// The difference without what is below some of its lines, the deepest and longest first; `named` are lines that stay.
pub(crate) fn folded(diff: &str, named: &[&str]) -> String {
    let mut all = lines(diff);
    while all.iter().filter(|line| !line.is_hidden).count() > LONGEST {
        let shown = |at: usize| all[foldable(&all, at)].iter().filter(|line| !line.is_hidden).count();
        let may_be = |at: &usize| {
            let line = &all[*at];
            let is_open = line.below > 1 && !line.is_hidden && !line.is_folded;
            is_open && !all[foldable(&all, *at)].iter().any(|line| is_named(line.text, named))
        };
        let deepest = (0..all.len()).filter(may_be).max_by_key(|at| (all[*at].level, shown(*at)));
        let Some(at) = deepest else { break };
        let folded = foldable(&all, at);
        all[at].is_folded = true;
        all[folded.start() - 1].folds = folded.clone().count();
        all[folded].iter_mut().for_each(|line| line.is_hidden = true);
    }
    let mut text = String::new();
    for line in all.iter().filter(|line| !line.is_hidden) {
        let more = if line.folds > 0 { format!(" … {} lines", line.folds) } else { String::new() };
        let _ = writeln!(text, "{}{more}", line.text);
    }
    text
}

/// What stands above a difference in a README: `FROM → TO`, whose outputs are compared.
const DIFFERENCE: &str = "<!-- from, and to: ";

/// What stands above a picture: the command that draws it, or several, whose objects are drawn.
const PICTURE: &str = "<!-- drawn by: ";

const END: &str = " -->";

/// What stands below a difference.
const CLOSED: &str = "<!-- end -->";

/// Makes what a README shows anew: `type_in` gives the output of a command in the example.
pub(crate) fn renewed(example: &Path, readme: &str, type_in: impl Fn(&str) -> String) -> String {
    let parts: Vec<_> = readme.split('`').skip(1).step_by(2).filter(|part| !part.is_empty()).collect();
    let mut text = String::new();
    let mut rest = readme;
    while let Some((before, behind)) = rest.split_once(DIFFERENCE) {
        let (commands, behind) = behind.split_once(END).unwrap();
        let (from, to) = commands.split_once(" → ").expect("two commands");
        let (_, old) = behind.split_once(CLOSED).expect("the end of the difference is marked");
        let whole = difference([from, to], [type_in(from), type_in(to)]);
        let diff = folded(&whole, &parts);
        let [shown, all] = [&diff, &whole].map(|text| text.lines().count());
        let _ = write!(text, "{before}{DIFFERENCE}{commands}{END}\n```diff\n{diff}```\n");
        if shown < all {
            let _ = write!(text, "\n{shown} of {all} lines: `… 9 lines` stands for nine lines below that one.\n");
        }
        text.push_str(CLOSED);
        rest = old;
    }
    text.push_str(rest);
    for part in readme.split(PICTURE).skip(1) {
        let (commands, behind) = part.split_once(END).unwrap();
        let file = behind.split_once("](").unwrap().1.split_once(')').unwrap().0;
        let outputs: Vec<_> = commands.split(" → ").map(|command| (command, type_in(command))).collect();
        let picture = if let [(_, picture)] = outputs.as_slice() { picture.clone() } else { stages::drawn(&outputs) };
        expect_file(&example.join(file), &picture).unwrap();
    }
    text
}

fn difference(names: [&str; 2], texts: [String; 2]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut diff = Command::new("diff");
    diff.arg("-U2").current_dir(dir.path());
    for name in names {
        diff.args(["--label", name]);
    }
    for (name, text) in ["from", "to"].into_iter().zip(texts) {
        fs::write(dir.path().join(name), text).unwrap();
        diff.arg(name);
    }
    let output = run(&mut diff, b"");
    assert_eq!((output.exit, output.stderr.as_str()), (1, ""), "{names:?} do not differ");
    output.stdout
}

#[test]
fn what_is_deepest_is_folded_first_and_what_is_named_never() {
    let entries: String = (0..40).fold(String::new(), |mut text, n| {
        let _ = writeln!(text, "+    - {n}");
        text
    });
    let short = "--- a\n+++ b\n@@ -1 +1 @@\n a: 1\n+b:\n+- x\n";
    assert_eq!(folded(short, &[]), short);
    let long = format!(
        "--- a\n+++ b\n@@ -1 +1 @@\n a: 1\n+b:\n+  c:\n{entries}+  d: 1\n-e:\n-  f:\n{}",
        entries.replace('+', "-")
    );
    let expected = "--- a\n+++ b\n@@ -1 +1 @@\n a: 1\n+b:\n+  c: … 40 lines\n+  d: 1\n-e:\n-  f:\n";
    let shown = folded(&long, &["7"]);
    assert!(shown.lines().count() > LONGEST, "{shown}");
    let named = long.replace("-    - 7\n", "-    - seven\n");
    assert_eq!(
        folded(&named, &["seven"]),
        format!("{expected}{}", entries.replace('+', "-").replace("- 7\n", "- seven\n"))
    );
}
