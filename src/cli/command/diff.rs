//! `iamra diff`

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::paths::display;
use crate::cli::report;
use crate::cli::sources::{Offline, Shared};
use crate::config::{Mode, Whole};
use crate::diag::Report;
use crate::diff::{self, Snapshot};
use crate::git::{Repository, Version};
use crate::output::{self, Compared, Sources};
use crate::pipeline;
use crate::quote::line;
use crate::resolve::Layered;

/// Show who gained or lost which role between revisions
///
/// Compares the declaration, its lock, and what they render, for all clusters. A change that widens access is an
/// escalation and comes first. Needs no AWS, no cluster and no git program.
///
///   iamra diff                       the worktree against the last commit
///   iamra diff main...HEAD           a branch against its merge base with main, as in a pull request
///   iamra diff v1.4..v1.5 apps/shop  two tags, for one folder
///
/// Exit codes: 0 no changes, 4 changes or an incomplete comparison, 1 a declaration cannot be read.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Args {
    /// BASE, BASE..HEAD or BASE...HEAD; without HEAD the files on disk, without BASE the last commit
    #[arg(value_name = "REVISIONS")]
    revisions: Option<String>,
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Compare what is staged, not what is on disk
    #[arg(long)]
    staged: bool,
    /// Report only escalations; the exit code ignores other changes too
    #[arg(long)]
    escalations: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    offline: Offline,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Human,
    /// With a schema version, for scripts
    Json,
    /// For a comment on a pull request
    Markdown,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

impl Format {
    fn write(self, compared: &Compared<'_>, io: &mut Io) -> Result<(), Error> {
        let text = match self {
            Self::Human => return io.data(|out| output::write_changes(compared, out)),
            Self::Json => output::changes_json(compared),
            Self::Markdown => output::changes_markdown(compared),
            Self::Sarif => output::changes_sarif(compared),
        };
        io.data(|out| out.write_all(text.as_bytes()))
    }
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.offline.shared();
    let repository = Repository::find(&args.dir)?;
    let (base, head) = versions(&repository, args)?;
    let reading = Reading { repository: &repository, shared };
    let (before, after) = declarations(&repository, &base, &head, &args.dir)?;
    let mut notes = Vec::new();
    let old = reading.side(&base, before.as_deref(), &mut notes, io)?;
    let new = reading.side(&head, after.as_deref(), &mut notes, io)?;
    let (Some(old), Some(new)) = (old, new) else { return Ok(Exit::WrongInput) };
    notes.iter().try_for_each(|note| io.remark(&format_args!("note: {note}\n")))?;
    let mut changes = diff::compare(&old.side, &new.side);
    changes.retain(|change| change.escalation || !args.escalations);
    let there = if after.is_some() { &new } else { &old };
    let (base, head) = (line(base.name()), line(head.name()));
    let (file, declaration) = there.file.as_ref().map(|it| (it.name.as_str(), it.declaration(&it.name))).unzip();
    let (file, declaration) = (file.unwrap_or_default(), declaration.unwrap_or_default());
    let compared = Compared { base: &base, head: &head, file, declaration, changes: &changes, notes: &notes };
    args.format.write(&compared, io)?;
    let is_same = changes.is_empty() && !is_half_blind(&old.side, &new.side);
    Ok(if is_same { Exit::Done } else { Exit::Differs })
}

/// Whether ARNs are known on one side only: what was not compared could be an escalation.
fn is_half_blind(old: &Snapshot, new: &Snapshot) -> bool {
    let is_known = |view: &diff::View| view.resolved.is_some();
    old.iter().any(|(cluster, view)| new.get(cluster).is_some_and(|other| is_known(view) != is_known(other)))
}

/// The two versions to compare.
fn versions(repository: &Repository, args: &Args) -> Result<(Version, Version), Error> {
    let revisions = args.revisions.as_deref().unwrap_or_default();
    let commit = |name: &str| if name.is_empty() { repository.head() } else { repository.commit(name) };
    if let Some((base, head)) = revisions.split_once("...") {
        let (base, head) = (commit(base)?, commit(head)?);
        return Ok((repository.merge_base(&base, &head)?, head));
    }
    Ok(match revisions.split_once("..") {
        Some((base, head)) => (commit(base)?, commit(head)?),
        None => (commit(revisions)?, repository.uncommitted(args.staged)?),
    })
}

/// The path of the declaration in both versions; `None` where it does not exist.
fn declarations(
    repository: &Repository,
    base: &Version,
    head: &Version,
    dir: &Path,
) -> Result<(Option<PathBuf>, Option<PathBuf>), Error> {
    let place = repository.place(dir)?;
    let of = |version| repository.find_declaration(version, &place);
    let depth = |path: &Option<PathBuf>| path.as_ref().map_or(0, |path| path.components().count());
    let (old, new) = (of(base)?, of(head)?);
    // The declaration nearest to the folder is meant, even if it was removed and one further up remains.
    let Some(path) = (if depth(&old) > depth(&new) { &old } else { &new }).clone() else {
        return Err(Error::Undeclared(dir.to_owned(), base.name().to_owned(), head.name().to_owned()));
    };
    let same = |version: &Version| Ok::<_, Error>(repository.read(version, &path)?.map(|_| path.clone()));
    Ok(match (same(base)?, same(head)?) {
        (None, new) => (repository.renamed(base, head, &path)?, new),
        (old, None) => (old, repository.renamed(base, head, &path)?),
        both => both,
    })
}

/// A declaration as it is in one version.
#[derive(Default)]
struct Read {
    /// Its file; `None` where there is none.
    file: Option<File>,
    side: Snapshot,
}

struct Reading<'r> {
    repository: &'r Repository,
    shared: &'r Shared,
}

impl Reading<'_> {
    /// The declaration of a version; an empty one where there is none, and `None` when it is invalid, which is
    /// reported.
    fn side(
        &self,
        version: &Version,
        path: Option<&Path>,
        notes: &mut Vec<String>,
        io: &mut Io,
    ) -> Result<Option<Read>, Error> {
        let Some(path) = path else {
            notes.push(line(&format!("there is no declaration in {}", version.name())));
            return Ok(Some(Read::default()));
        };
        let file = File::in_git(self.repository, version, path)?;
        let mut report = Report::default();
        let side = match file.documents(&mut report) {
            Some(documents) => self.resolve(version, &file, documents.whole(), notes, &mut report)?,
            None => None,
        };
        let Some(side) = side else {
            let name = format!("{} in {}", file.name, version.name());
            let sources = Sources { declaration: file.declaration(&name), input: None };
            report::tell(&report, sources, io)?;
            return Ok(None);
        };
        Ok(Some(Read { file: Some(file), side }))
    }

    fn resolve(
        &self,
        version: &Version,
        file: &File,
        declaration: Whole<'_>,
        notes: &mut Vec<String>,
        report: &mut Report,
    ) -> Result<Option<Snapshot>, Error> {
        let named = &self.shared.sources.at_hand.lock;
        let Some(lock) = named.path(declaration.root(), &file.folder, report) else { return Ok(None) };
        let lock = if named.named.is_some() { self.repository.place(&lock)? } else { lock };
        let text = self.repository.read(version, &lock)?;
        let name = display(&lock);
        let answers = self.shared.sources.at_hand.answers(&name, text.as_deref(), false, report)?;
        // The CA's key does not affect who may do what, so it is not looked up.
        let request = pipeline::Request { cluster: None, ..self.shared.request(Some(Mode::Transform)) };
        let side = pipeline::snapshot(declaration, request, Some(&Layered(answers.lookups())), report);
        Ok(side.map(|mut side| {
            if let Some(cluster) = &self.shared.cluster {
                side.retain(|name, _| name.as_ref() == Some(cluster));
            }
            if side.values().any(|view| view.resolved.is_none()) {
                let what = if text.is_some() { "does not cover every reference" } else { "does not exist" };
                notes.push(line(&format!("{name} {what} in {}: ARNs and objects are not compared", version.name())));
            }
            side
        }))
    }
}
