//! `iamra check`

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use super::args::{self, File, Shared, display};
use super::error::Error;
use super::function::unreadable;
use super::io::Io;
use super::{Exit, kustomize, render};
use crate::config::Mode;
use crate::diag::{Code, Diagnostic, Level, Place, Report, Severity};
use crate::disk;
#[cfg(feature = "git")]
use crate::git::{Repository, Version};
use crate::krm::Stream;
use crate::output::{self, Declaration, Located, Sources};
use crate::resolve::{LOCK_NAME, Layered, Lookup};
use crate::yaml::{Document, NodeRef};
use crate::{pipeline, verify};

/// Check declarations and their locks against every rule, offline
///
/// Looks at all clusters of a declaration. Where there is a lock, every reference must be in it. Of a folder with a
/// kustomization, what kustomize builds is checked too: what would be in the way of an identity, or, when iamra is part of
/// the build, whether it is as `iamra verify` wants it.
///
/// Exit codes: 0 no error (there may be warnings), 1 an error.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Folders of declarations, their files, or their locks
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// Check what is staged, not what is on disk
    #[cfg(feature = "git")]
    #[arg(long)]
    staged: bool,
    /// Ask for a lock that answers every reference; without one, references are left alone
    #[arg(long)]
    locked: bool,
    /// How it is written; everything but `human` goes to stdout
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    levels: Levels,
    #[command(flatten)]
    kustomize: kustomize::Options,
    #[command(flatten)]
    shared: Shared,
}

/// What becomes of warnings, on top of `spec.checks`.
#[derive(clap::Args)]
pub(super) struct Levels {
    /// Make warnings of this code errors; `spec.checks` of the declaration does the same for everybody
    #[arg(long, value_name = "CODE", value_parser = codes(), hide_possible_values = true)]
    deny: Vec<String>,
    /// Let warnings of this code be warnings, whatever `spec.checks` says
    #[arg(long, value_name = "CODE", value_parser = codes(), hide_possible_values = true)]
    warn: Vec<String>,
    /// Do not tell of warnings of this code
    #[arg(long, value_name = "CODE", value_parser = codes(), hide_possible_values = true)]
    allow: Vec<String>,
}

fn codes() -> PossibleValuesParser {
    PossibleValuesParser::new(Code::all().map(Code::name))
}

impl Levels {
    /// The levels of a declaration with those of the command line on top.
    pub(super) fn over(&self, declared: &BTreeMap<Code, Level>) -> BTreeMap<Code, Level> {
        let given = [(&self.allow, Level::Allow), (&self.warn, Level::Warn), (&self.deny, Level::Deny)];
        let given = given.into_iter().flat_map(|(names, level)| names.iter().map(move |name| (name, level)));
        let given = given.filter_map(|(name, level)| Some((Code::find(name)?, level)));
        declared.iter().map(|(code, level)| (*code, *level)).chain(given).collect()
    }
}

/// How diagnostics are written.
#[derive(Clone, Copy, Default, ValueEnum)]
pub(super) enum Format {
    /// For people, on stderr
    #[default]
    Human,
    /// With a schema version, for scripts
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands, which GitHub shows beside the lines
    Github,
    /// JUnit XML, for CI servers
    Junit,
}

/// A declaration that was checked.
pub(super) struct Checked {
    pub(super) file: File,
    /// The manifests that were checked with it.
    pub(super) input: Option<(String, String)>,
    pub(super) report: Report,
    /// What the declaration wants done with warnings.
    pub(super) levels: BTreeMap<Code, Level>,
}

impl Checked {
    pub(super) fn sources(&self) -> Sources<'_> {
        let input = self.input.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
        Sources { declaration: Declaration::File(&self.file.name, &self.file.text), input }
    }
}

impl Format {
    /// Writes what was found out about some declarations, and says how it ended.
    pub(super) fn write(self, checked: &[Checked], io: &mut Io) -> Result<Exit, Error> {
        let by_declaration: Vec<_> =
            checked.iter().map(|it| (it.file.name.as_str(), output::located(&it.report, it.sources()))).collect();
        let located: Vec<_> = by_declaration.iter().flat_map(|(_, located)| located).cloned().collect();
        let files: Vec<_> = checked.iter().map(|it| it.file.name.clone()).collect();
        let text = match self {
            Self::Human => {
                for it in checked {
                    output::write_report(&it.report, it.sources(), io.err()).map_err(Error::Output)?;
                }
                io.words(&format_args!("{}: {}\n", files.join(", "), summary(&located)))?;
                None
            }
            Self::Json => Some(output::diagnostics_json(&files, &located)),
            Self::Sarif => Some(output::diagnostics_sarif(&located)),
            Self::Github => Some(output::annotations(&located)),
            Self::Junit => Some(output::junit(&by_declaration)),
        };
        if let Some(text) = text {
            io.data(|out| out.write_all(text.as_bytes()))?;
        }
        let failed = checked.iter().any(|it| it.report.has_errors());
        Ok(if failed { Exit::WrongInput } else { Exit::Done })
    }
}

/// `no problem`, `1 error, 2 warnings`
fn summary(diagnostics: &[Located]) -> String {
    let count = |severity: Severity| {
        let count = diagnostics.iter().filter(|it| it.severity == severity).count();
        let s = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {}{s}", severity.word()))
    };
    let counts: Vec<_> = [Severity::Error, Severity::Warning].into_iter().filter_map(count).collect();
    if counts.is_empty() { "no problem".to_owned() } else { counts.join(", ") }
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.shared;
    let mut names = BTreeSet::new();
    let mut checked = Vec::new();
    for path in &args.paths {
        #[cfg(feature = "git")]
        let source = if args.staged { Source::Index(Repository::find(path)?) } else { Source::Disk };
        #[cfg(not(feature = "git"))]
        let source = Source::Disk;
        let file = source.declaration(path)?;
        if names.insert(file.name.clone()) {
            let mut one = check(file, &source, args, shared)?;
            if matches!(source, Source::Disk) && kustomize::is_kustomization(path) {
                check_build(path, &mut one, args, shared, io)?;
            }
            one.report.judge(&args.levels.over(&one.levels));
            checked.push(one);
        }
    }
    args.format.write(&checked, io)
}

/// Where files are read.
enum Source {
    Disk,
    #[cfg(feature = "git")]
    Index(Repository),
}

impl Source {
    /// The declaration that a path means; a lock means the one beside it.
    fn declaration(&self, path: &Path) -> Result<File, Error> {
        let is_lock = path.file_name().is_some_and(|name| name == LOCK_NAME);
        let path = match path.parent().filter(|_| is_lock) {
            Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
            Some(folder) => folder,
            None => path,
        };
        match self {
            Self::Disk => File::open(path),
            #[cfg(feature = "git")]
            Self::Index(repository) => {
                let found = repository.find_declaration(&Version::Index, &repository.place(path)?)?;
                let found = found.ok_or_else(|| Error::Unstaged(path.to_owned()))?;
                let text = repository.read(&Version::Index, &found)?.unwrap_or_default();
                let folder = found.parent().unwrap_or_else(|| Path::new("")).to_owned();
                Ok(File { name: display(&found), text, folder })
            }
        }
    }

    /// The lock's name and its text. One that is named by hand is where its name says.
    fn lock(&self, file: &File, node: NodeRef<'_>, shared: &Shared) -> Result<(String, Option<String>), Error> {
        let path = shared.sources.lock.path(node, &file.folder);
        let text = match self {
            Self::Disk => disk::read_if_there(&path)?,
            #[cfg(feature = "git")]
            Self::Index(repository) => {
                let place = if shared.sources.lock.named.is_some() { repository.place(&path)? } else { path.clone() };
                repository.read(&Version::Index, &place)?
            }
        };
        Ok((display(&path), text))
    }
}

fn check(file: File, source: &Source, args: &Args, shared: &Shared) -> Result<Checked, Error> {
    let mut report = Report::default();
    let levels = match Document::parse(&file.text) {
        Ok(document) => check_document(&document, &file, source, args, shared, &mut report)?,
        Err(error) => {
            report.push(args::syntax_error(&error));
            BTreeMap::new()
        }
    };
    Ok(Checked { file, input: None, report, levels })
}

/// What kustomize builds in the folder, with the declaration.
fn check_build(dir: &Path, checked: &mut Checked, args: &Args, shared: &Shared, io: &mut Io) -> Result<(), Error> {
    let output = match args.kustomize.run(args.kustomize.build(dir)) {
        Err(error @ Error::Program(..)) => {
            return io.words(&format_args!("note: what is rendered was not checked: {}\n", error.words()));
        }
        output => output?,
    };
    if !output.status.success() {
        return Err(Error::Failed(args.kustomize.name()));
    }
    let mut report = Report::default();
    match Stream::from_utf8(&output.stdout) {
        Ok(stream) => check_stream(&stream, &checked.file, shared, &mut report)?,
        Err(error) => report.push(unreadable("kustomize build", &error)),
    }
    checked.report.append(report);
    checked.input = String::from_utf8(output.stdout).ok().map(|text| ("kustomize build".to_owned(), text));
    Ok(())
}

/// What is built, with the declaration. Without an answer to its references nothing can be said.
fn check_stream(stream: &Stream<'_>, file: &File, shared: &Shared, report: &mut Report) -> Result<(), Error> {
    let opted_in = verify::opted_in(&stream.items, report);
    let request = shared.request(Some(Mode::Transform), Some(render::NAMESPACE));
    let request = pipeline::Request { opted_in: &opted_in, ..request };
    // What is wrong with the declaration alone has been said.
    let mut found = Report::default();
    let Some(resolved) = file.resolve(shared, request, &mut found)? else { return Ok(()) };
    if verify::is_rendered(&stream.items) {
        pipeline::verify(&resolved, &stream.items, report);
    } else {
        pipeline::run(&resolved, &stream.items, request, report);
    }
    Ok(())
}

/// Everything that the declaration and its lock say; what comes back is what the declaration wants done with warnings.
fn check_document(
    document: &Document<'_>,
    file: &File,
    source: &Source,
    args: &Args,
    shared: &Shared,
    report: &mut Report,
) -> Result<BTreeMap<Code, Level>, Error> {
    let (name, lock) = source.lock(file, document.root(), shared)?;
    if args.locked && lock.is_none() {
        let message = format!("there is no {name}");
        let help = "run `iamra lock`, and commit what it writes with the declaration";
        report.push(Diagnostic::error(Code::StaleLock, message).at(Place::File(name.clone(), None)).help(help));
    }
    let answers = shared.sources.answers(&name, lock.as_deref(), report)?;
    // A key is never in a lock, so a CA is checked only where values are at hand.
    let mode = if shared.sources.values.is_some() { Mode::All } else { Mode::Transform };
    let layered = Layered(answers.lookups());
    let lookup = (lock.is_some() || shared.sources.values.is_some()).then_some(&layered as &dyn Lookup);
    let request = shared.request(Some(mode), Some(render::NAMESPACE));
    let side = pipeline::side(document.root(), request, lookup, report).unwrap_or_default();
    Ok(side.into_values().next().map(|view| view.config.checks).unwrap_or_default())
}
