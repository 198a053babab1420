//! Several builds at once, each into its own folder.

use std::path::{Path, PathBuf};

use super::Args;
use crate::cli::Exit;
use crate::cli::builds::{self, Build};
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::injection::{Manifests, inject};
use crate::cli::io::{Io, output_file};
use crate::cli::kustomization;
use crate::cli::progress::Progress;
use crate::cli::rendered;
use crate::cli::report;
use crate::config::Mode;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::output::Sources;
use crate::pipeline::Request;
use crate::plan::Absence;
use crate::quote::{quote, quote_all};
use crate::{disk, parallel};

/// How a build ended, and what is said about it.
struct Outcome {
    exit: Exit,
    words: Vec<u8>,
}

pub(super) fn run(dirs: &[PathBuf], changed: &[PathBuf], args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let output =
        output_file(args.output.as_ref()).filter(|path| !rendered::is_file(path)).ok_or(Error::NoOutputFolder)?;
    let all = builds::of(dirs)?;
    builds::check_apart(&all)?;
    if disk::is_written(output) {
        return Err(Error::OneBuild(output.to_owned()));
    }
    let stale = stale(dirs, &all, output, args.check);
    // What is rendered depends on the build, but may have been changed by hand.
    let is_by_hand = |build: &Build| builds::is_in(&output.join(&build.name), changed);
    let (by_hand, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(is_by_hand);
    let mut touched = builds::touched(rest, changed, args.inputs());
    touched.extend(by_hand);
    touched.sort();
    let outcomes = if args.explained.shared().explain_calls {
        // Plans go to stdout, one after the other.
        touched.iter().map(|build| attempt(build, 1, output, args)).collect()
    } else {
        let progress = Progress::of(touched.len(), io);
        let done = |build: &Build| progress.step(|| build.folder.display().to_string());
        parallel::queue(&touched, |build| attempt(build, touched.len(), output, args), done)
    };
    let mut failed = Vec::new();
    for (build, outcome) in touched.iter().zip(&outcomes) {
        if !outcome.words.is_empty() {
            io.words(&format_args!("{}:\n{}", build.folder.display(), String::from_utf8_lossy(&outcome.words)))?;
        }
        if !matches!(outcome.exit, Exit::Done | Exit::Differs) {
            failed.push(build.folder.display());
        }
    }
    if !failed.is_empty() {
        io.words(&format_args!("error: {} of {} builds failed: {}\n", failed.len(), touched.len(), quote_all(failed)))?;
    }
    let is_stale = !stale.diagnostics().is_empty();
    report::tell(&stale, Sources::default(), io)?;
    let leftover = (is_stale && args.check).then_some(Exit::Differs);
    Ok(builds::worst(outcomes.iter().map(|it| it.exit).chain(leftover)))
}

/// Folders in `output` that an earlier run wrote for a match of a pattern that is no longer there. Whoever applies what is in
/// `output` still applies them.
fn stale(dirs: &[PathBuf], builds: &[Build], output: &Path, is_check: bool) -> Report {
    let severity = if is_check { Diagnostic::error } else { Diagnostic::warning };
    let mut report = Report::default();
    let is_meant = |name: &PathBuf| dirs.iter().any(|dir| disk::is_pattern(dir) && disk::could_match(dir, name));
    for name in disk::written_below(output) {
        if is_meant(&name) && builds.iter().all(|build| build.name != name) {
            let at = output.join(&name).display().to_string();
            report.push(
                severity(Code::StaleRender, format!("{} is no longer rendered", quote(&at)))
                    .at(Place::File(at, None))
                    .help("remove it"),
            );
        }
    }
    report
}

/// Builds one, and never fails: what is wrong is said with the others.
fn attempt(build: &Build, builds: usize, output: &Path, args: &Args) -> Outcome {
    let mut words = String::new();
    let mut told = Vec::new();
    let exit = built(build, builds, output, args, &mut words, &mut told).unwrap_or_else(|error| {
        told.extend(error.told().bytes());
        error.exit()
    });
    Outcome { exit, words: [words.into_bytes(), told].concat() }
}

fn built(
    build: &Build,
    builds: usize,
    output: &Path,
    args: &Args,
    words: &mut String,
    told: &mut Vec<u8>,
) -> Result<Exit, Error> {
    let dir = &build.folder;
    let file = File::open(args.declaration.as_deref().unwrap_or(dir))?;
    let whole = &disk::whole(dir);
    let shared = &file.shared_for(whole, &args.explained.shared());
    let text = args.kustomize.run_apart(dir, builds, words)?;
    // Which workloads are in none of them is what `iamra check --builds` says.
    let absence = match file.absence_in(whole) {
        Absence::IsCounted => Absence::IsKnown,
        other => other,
    };
    let naming = kustomization::naming(whole);
    let request = Request { absence, naming: Some(&naming), ..shared.request(Some(Mode::All)) };
    let injected = inject(&file, Manifests { name: "kustomize build", bytes: &text }, shared, request)?;
    let exit = injected.tell(told)?;
    let Some(manifests) = injected.manifests() else { return Ok(exit) };
    let path = output.join(&build.name);
    if !args.check {
        rendered::write(&path, &manifests)?;
        return Ok(exit);
    }
    let again = format!("iamra build {} --output {}", args.typed_dirs(), output.display());
    let drift = rendered::drift(&path, &manifests, &again)?;
    report::write(&drift, Sources::default(), told)?;
    Ok(if drift.has_errors() { Exit::Differs } else { exit })
}

impl Args {
    /// The folders as they are typed.
    fn typed_dirs(&self) -> String {
        let typed = |dir: &PathBuf| {
            let text = dir.display().to_string();
            if disk::is_pattern(dir) { format!("'{text}'") } else { text }
        };
        let (_, dirs) = builds::without_changed(&self.dirs, self.changed);
        dirs.iter().map(typed).collect::<Vec<_>>().join(" ")
    }
}
