//! The declaration while a command edits it.

use std::path::{self, Path, PathBuf};

use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::paths::{display, in_diff};
use crate::cli::sources::Shared;
use crate::cli::{Exit, report};
use crate::config::{Config, Documents, Mode, Whole};
use crate::diag::{Code, Report};
use crate::disk::{self, Claim, DECLARATION};
use crate::draft::{self, Change, Refused};
use crate::name::DnsLabel;
use crate::output::{self, Sources};
use crate::pipeline::Request;
use crate::provision::{self, TrustChange};
use crate::quote::{quote, typed};
use crate::render::Manifest;
use crate::yaml::emit;

/// The arguments of all editing commands.
#[derive(clap::Args)]
pub(super) struct Editing {
    /// The declaration, or a folder at or below it
    #[arg(long, default_value = ".", value_name = "PATH")]
    declaration: PathBuf,
    /// Print the change to the file as a diff, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl Editing {
    /// For a command with arguments of its own.
    pub(super) fn of(declaration: PathBuf, dry_run: bool) -> Self {
        Self { declaration, dry_run }
    }

    /// The declaration, or a folder at or below it.
    pub(super) fn declaration(&self) -> &Path {
        &self.declaration
    }
}

/// What a new declaration of a folder is called, which need not be there yet: as the working copy around it is, or the folder.
pub(super) fn new_name(folder: &Path) -> String {
    let whole = folder.canonicalize().or_else(|_| path::absolute(folder)).ok();
    let root = whole.as_deref().map(|it| disk::working_copy(it).unwrap_or(it));
    let name = root.and_then(Path::file_name).map(|name| name.to_string_lossy().to_lowercase());
    name.filter(|name| DnsLabel::parse(name).is_ok()).unwrap_or_else(|| "iamra".to_owned())
}

/// A declaration that is locked for editing.
pub(super) struct Draft {
    claim: Claim,
    /// As messages name it.
    name: String,
    path: PathBuf,
    dry_run: bool,
}

impl Draft {
    /// The declaration, which must be there.
    pub(super) fn open(editing: &Editing) -> Result<Self, Error> {
        Self::claim(&disk::find_declaration(&editing.declaration)?, editing)
    }

    /// The declaration, or a new one.
    pub(super) fn open_or_new(editing: &Editing) -> Result<Self, Error> {
        let path = editing.declaration.as_path();
        match disk::find_declaration(path) {
            Ok(found) => Self::claim(&found, editing),
            Err(disk::Error::NoDeclaration(_)) => Self::claim(&path.join(DECLARATION), editing),
            // A file that does not exist yet.
            Err(_) if path.extension().is_some() => Self::claim(path, editing),
            Err(error) => Err(error.into()),
        }
    }

    fn claim(path: &Path, editing: &Editing) -> Result<Self, Error> {
        Ok(Self { claim: Claim::new(path)?, name: display(path), path: path.to_owned(), dry_run: editing.dry_run })
    }

    /// The text of a new declaration.
    pub(super) fn skeleton(&self) -> String {
        draft::skeleton(&new_name(disk::folder_of(&self.path)))
    }

    /// Makes the change, or shows it. `None` when the declaration is or would be invalid, or the change cannot be made,
    /// which has been reported.
    pub(super) fn change(
        self,
        io: &mut Io,
        change: impl FnOnce(&str, Whole<'_>, &[Config]) -> Result<Change, Refused>,
    ) -> Result<Option<Committed>, Error> {
        let new = self.skeleton();
        let changed = self.changed(&new, io, change)?;
        changed.map(|changed| changed.commit(io)).transpose()
    }

    /// The declaration with the change, which is not made yet. `new` is its text when there is none. `None` as above.
    pub(super) fn changed(
        self,
        new: &str,
        io: &mut Io,
        change: impl FnOnce(&str, Whole<'_>, &[Config]) -> Result<Change, Refused>,
    ) -> Result<Option<Changed>, Error> {
        let text = self.claim.before().unwrap_or(new);
        let file = File::on_disk(&self.path, text.to_owned())?;
        let mut report = Report::default();
        let documents = file.documents(&mut report);
        let whole = documents.as_ref().map(Documents::whole);
        let read = whole.and_then(|whole| Some((whole, draft::read(whole, &mut report)?)));
        let Some((whole, before)) = read else {
            report::tell(&report, file.sources(), io)?;
            return Ok(None);
        };
        match change(text, whole, &before) {
            Ok(change) => self.checked(before, change, io),
            Err(why) => {
                let mut report = Report::default();
                report.push(*why);
                report::tell(&report, file.sources(), io)?;
                Ok(None)
            }
        }
    }

    /// `None` when the change would make the declaration invalid, which has been reported.
    fn checked(self, before: Vec<Config>, change: Change, io: &mut Io) -> Result<Option<Changed>, Error> {
        let Change { text, said } = change;
        let mut report = Report::default();
        let file = File::on_disk(&self.path, text)?;
        let documents = file.documents(&mut report);
        let Some(configs) = documents.and_then(|it| draft::read(it.whole(), &mut report)) else {
            tell_after(&self.name, &file, &report, io)?;
            return Ok(None);
        };
        Ok(Some(Changed { draft: self, file, before, configs, said }))
    }
}

/// Reports what is wrong with a declaration that is not written.
fn tell_after(name: &str, file: &File, report: &Report, io: &mut Io) -> Result<(), Error> {
    let name = format!("{name} after the change");
    report::tell(report, Sources { declaration: file.declaration(&name), input: None }, io)
}

/// A declaration with a change that is valid and not written.
pub(super) struct Changed {
    draft: Draft,
    pub(super) file: File,
    before: Vec<Config>,
    /// The declaration for each cluster after the change.
    pub(super) configs: Vec<Config>,
    said: Vec<String>,
}

impl Changed {
    /// Whether there is no file yet.
    pub(super) fn is_new(&self) -> bool {
        self.draft.claim.before().is_none()
    }

    /// Reports why the change is not made.
    pub(super) fn tell(&self, report: &Report, io: &mut Io) -> Result<(), Error> {
        tell_after(&self.draft.name, &self.file, report, io)
    }

    /// Writes the change, or shows it; then prints what has changed.
    pub(super) fn commit(self, io: &mut Io) -> Result<Committed, Error> {
        let Self { draft: Draft { claim, name, path, dry_run }, file, before, configs, said } = self;
        let text = &file.text;
        let there = claim.before().unwrap_or_default();
        let (is_new, changes) = (claim.before().is_none(), there != *text);
        if dry_run {
            let (path, elsewhere) = in_diff(&path);
            let diff = output::unified(&path, there, text);
            io.data(|out| out.write_all(diff.as_bytes()))?;
            if let Some(folder) = elsewhere.filter(|_| changes) {
                let call = typed(&format_args!("git -C {} apply", folder.display()));
                io.words(&format_args!("the diff is relative to another folder; apply it with {call}\n"))?;
            }
        } else if changes {
            claim.replace(text)?;
        }
        let not_written = if dry_run { " (not written)" } else { "" };
        let new = is_new.then(|| "a new declaration".to_owned());
        let nothing = (said.is_empty() && !is_new).then(|| "nothing to change".to_owned());
        for line in new.into_iter().chain(said).chain(nothing) {
            io.remark(&format_args!("{name}{not_written}: {line}\n"))?;
        }
        if !dry_run {
            for TrustChange { role, workload, begins } in provision::trust_changes(&before, &configs) {
                let is_or_is_not = if begins { "does not trust" } else { "still trusts" };
                let (role, workload) = (quote(&role), quote(&workload));
                io.words(&format_args!("role {role} {is_or_is_not} {workload} until `iamra aws apply`\n"))?;
            }
        }
        Ok(Committed { file, before, configs, changes })
    }
}

/// A declaration after the change.
pub(super) struct Committed {
    file: File,
    /// The declaration for each cluster before the change.
    pub(super) before: Vec<Config>,
    /// The declaration for each cluster after the change.
    pub(super) configs: Vec<Config>,
    changes: bool,
}

impl Committed {
    /// The declaration as it is after the change.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Prints the objects that `draw` renders from the declaration for `cluster`.
    pub(super) fn print(
        &self,
        cluster: Option<&str>,
        shared: &Shared,
        io: &mut Io,
        draw: impl FnOnce(&File, Request<'_>, &mut Report) -> Result<Option<Vec<Manifest>>, Error>,
    ) -> Result<Exit, Error> {
        let request = Request { cluster, ..shared.request(Some(Mode::Generate)) };
        let mut report = Report::default();
        let objects = draw(&self.file, request, &mut report)?;
        let report = report.without(Code::NothingToDo);
        report::finish_with(&report, self.file.sources(), io, |io| {
            let Some(objects) = objects.filter(|_| !report.has_errors()) else {
                let kept = if self.changes { "the change is kept" } else { "nothing was changed" };
                let again = "fix the errors and run the same command again to print them";
                return io.words(&format_args!("no manifests were printed, and {kept}: {again}\n"));
            };
            let documents: Vec<_> = objects.iter().map(|object| emit::document(&object.value)).collect();
            io.data(|out| out.write_all(documents.join("---\n").as_bytes()))
        })
    }
}

/// A new cluster's name. It can be used in templates of common names, so it has the same characters.
pub(super) fn cluster_name(text: &str) -> Result<String, String> {
    let inner = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if text.len() <= 100 && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(inner) {
        return Ok(text.to_owned());
    }
    Err("a cluster's name has at most 100 letters, digits or `._-`, and begins with a letter or digit".to_owned())
}
