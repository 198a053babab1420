//! `iamra diff`

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::delegated::remark;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::revisions::{Reading, declarations, is_half_blind};
use crate::cli::sources::Offline;
use crate::diff;
use crate::git::{Repository, Version};
use crate::output::{self, Compared};
use crate::quote::line;

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
    let (old_name, new_name) = (line(base.name()), line(head.name()));
    let (file, declaration) = there.file.as_ref().map(|it| (it.name.as_str(), it.declaration(&it.name))).unzip();
    let (file, declaration) = (file.unwrap_or_default(), declaration.unwrap_or_default());
    let compared = Compared { base: &old_name, head: &new_name, file, declaration, changes: &changes, notes: &notes };
    args.format.write(&compared, io)?;
    let now = if after.is_some() { &head } else { &base };
    match &there.file {
        Some(_) if now.is_on_disk() => remark(&File::open(&args.dir)?, None, io)?,
        Some(file) => remark(file, Some((&repository, now)), io)?,
        None => {}
    }
    let is_same = changes.is_empty() && !is_half_blind(&old.side, &new.side);
    Ok(if is_same { Exit::Done } else { Exit::Differs })
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
