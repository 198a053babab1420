//! Pages of the documentation whose commands are run as they stand there, by the shell that their readers have.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::support::{Output, run};

/// A command of a page and what it prints.
pub(crate) struct Step {
    /// The heading above it.
    pub(crate) heading: String,
    /// What the block is: `sh` or `console`, and the programs behind it that its commands call beside the usual ones.
    pub(crate) block: String,
    /// Of the page, from 1.
    line: usize,
    pub(crate) command: String,
    /// In the page, `…` stands for any text in a line, and alone for any lines.
    pub(crate) prints: Vec<String>,
}

/// Runs the commands of a page in their order, each in a bash that `shell` makes for the programs of its block, and compares
/// what each prints with what the page says. Variables that a command exports, those after it have. Says what it does on
/// stdout, as a terminal would show it, and gives what was really printed.
#[expect(clippy::print_stdout, reason = "`make journey` shows it to people")]
pub(crate) fn walk(page: &Path, shell: impl Fn(&[&str]) -> Command) -> Vec<Step> {
    let text = std::fs::read_to_string(page).unwrap();
    let all = steps(&text);
    assert!(!all.is_empty(), "{} has no command", page.display());
    let exported = tempfile::NamedTempFile::new().unwrap();
    let exported = exported.path().display();
    let mut walked = Vec::new();
    for step in all {
        let Step { line, command, prints, .. } = &step;
        println!("$ {}", command.replace('\n', "\n> "));
        // Both streams in the order in which they come. PATH is that of the block.
        let script = format!(
            "exec 2>&1\nset -o pipefail\npath=$PATH\n. '{exported}'\nPATH=$path\ntrap \"export -p >'{exported}'\" EXIT\n{command}"
        );
        let programs: Vec<_> = step.block.split_whitespace().skip(1).collect();
        let Output { stdout, exit, .. } = run(shell(&programs).args(["-c", &script]), b"");
        print!("{}", if stdout.is_empty() || stdout.ends_with('\n') { stdout.clone() } else { format!("{stdout}\n") });
        let place = format!("{}:{line} ({})", page.display(), step.heading);
        assert_eq!(exit, 0, "{place}: {command}\n{stdout}");
        let printed: Vec<_> = stdout.trim_end().lines().map(str::trim_end).collect();
        let expected: Vec<_> = prints.iter().map(String::as_str).collect();
        let printed = if stdout.trim().is_empty() { Vec::new() } else { printed };
        assert!(
            fits_lines(&expected, &printed),
            "{place}: {command}\nis said to print\n{}\nand prints\n{stdout}",
            lines(&expected)
        );
        let prints = printed.into_iter().map(str::to_owned).collect();
        walked.push(Step { prints, ..step });
    }
    walked
}

fn lines(all: &[&str]) -> String {
    all.iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{line}");
        text
    })
}

/// The commands of a page that are run.
pub(crate) fn commands(page: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(page).unwrap();
    steps(&text).into_iter().map(|step| step.command).collect()
}

/// The commands in blocks for consoles: what comes after `$`, with the lines that it goes on in after `>`. A block for `sh` is
/// pasted, and prints nothing. A block in a list is indented as a whole.
fn steps(text: &str) -> Vec<Step> {
    let (mut all, mut block, mut indent, mut heading): (Vec<Step>, _, _, _) = (Vec::new(), "", 0, "");
    let step = |(line, command): (usize, &str), block: &str, heading: &str| Step {
        heading: heading.to_owned(),
        block: block.to_owned(),
        line: line + 1,
        command: command.to_owned(),
        prints: Vec::new(),
    };
    for (number, line) in text.lines().enumerate() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            indent = if language.is_empty() { 0 } else { line.len() - line.trim_start().len() };
            block = language;
            if block == "sh" {
                all.push(step((number, ""), block, heading));
            }
            continue;
        }
        let line = line.get(indent..).unwrap_or_default();
        if block.is_empty() && line.starts_with("##") {
            heading = line;
        } else if let ("sh", Some(step)) = (block, all.last_mut()) {
            step.command.push_str(line);
            step.command.push('\n');
        } else if block.split(' ').next() != Some("console") {
        } else if let Some(command) = line.strip_prefix("$ ") {
            all.push(step((number, command), block, heading));
        } else if let (Some(more), Some(step)) = (line.strip_prefix("> "), all.last_mut()) {
            let _ = write!(step.command, "\n{more}");
        } else if let Some(step) = all.last_mut() {
            step.prints.push(line.trim_end().to_owned());
        }
    }
    all
}

fn fits_lines(expected: &[&str], printed: &[&str]) -> bool {
    match expected {
        [] => printed.is_empty(),
        ["…", rest @ ..] => (0..=printed.len()).any(|skipped| fits_lines(rest, &printed[skipped..])),
        [line, rest @ ..] => {
            printed.split_first().is_some_and(|(first, others)| fits(line, first) && fits_lines(rest, others))
        }
    }
}

fn fits(expected: &str, printed: &str) -> bool {
    match expected.split_once('…') {
        None => expected == printed,
        Some((start, rest)) => printed.strip_prefix(start).is_some_and(|printed| {
            let ends = printed.char_indices().map(|(index, _)| index).chain([printed.len()]);
            ends.into_iter().any(|index| fits(rest, &printed[index..]))
        }),
    }
}

#[test]
fn an_ellipsis_stands_for_anything() {
    assert!(fits("a…c…", "abbc") && fits("…", "") && !fits("a…c", "ab"));
    assert!(fits_lines(&["a", "…", "c"], &["a", "b", "b", "c"]) && fits_lines(&["…"], &[]));
    assert!(
        !fits_lines(&["a"], &["a", "b"]) && !fits_lines(&["a", "b"], &["a"]) && !fits_lines(&["…", "c"], &["c", "b"])
    );
}
