//! The declaration while a command edits it.

use std::path::{Path, PathBuf};

use crate::cli::args::{File, Shared};
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::paths::display;
use crate::cli::{Exit, args};
use crate::config::{Config, Mode};
use crate::diag::{Code, Diagnostic, Report};
use crate::disk::{self, Claim, DECLARATION};
use crate::draft::{self, Change};
use crate::issuer::Issuer;
use crate::name::{DEFAULT_NAMESPACE, DnsLabel};
use crate::output::{self, Declaration, Sources};
use crate::pipeline::Request;
use crate::quote::quote;
use crate::render::Manifest;
use crate::yaml::emit;

/// A declaration that nobody else edits meanwhile.
pub(super) struct Draft {
    claim: Claim,
    /// As messages name it.
    pub(super) name: String,
    folder: PathBuf,
}

impl Draft {
    /// The declaration that `path` means, which must be there.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        Self::claim(&disk::find_declaration(path)?)
    }

    /// The declaration that `path` means, or a new one there.
    pub(super) fn open_or_new(path: &Path) -> Result<Self, Error> {
        match disk::find_declaration(path) {
            Ok(found) => Self::claim(&found),
            Err(disk::Error::NoDeclaration(_)) => Self::claim(&path.join(DECLARATION)),
            // A file that is not there yet.
            Err(_) if path.extension().is_some() => Self::claim(path),
            Err(error) => Err(error.into()),
        }
    }

    fn claim(path: &Path) -> Result<Self, Error> {
        let name = display(path);
        let folder = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
        Ok(Self { claim: Claim::new(path)?, name, folder })
    }

    /// The text to change.
    pub(super) fn text(&self) -> &str {
        self.claim.before().unwrap_or(draft::SKELETON)
    }

    /// Reads the declaration as every cluster sees it; `None` when it is wrong, which has been said.
    pub(super) fn read(&self, io: &mut Io) -> Result<Option<Vec<Config>>, Error> {
        let mut report = Report::default();
        let configs = draft::read(self.text(), &mut report);
        if configs.is_none() {
            tell(&self.name, self.text(), &report, io)?;
        }
        Ok(configs)
    }

    /// Says why the command cannot be done.
    pub(super) fn refuse(&self, diagnostic: Diagnostic, io: &mut Io) -> Result<Exit, Error> {
        let mut report = Report::default();
        report.push(diagnostic);
        tell(&self.name, self.text(), &report, io)?;
        Ok(Exit::WrongInput)
    }

    /// Writes the change, or shows it; then says what has changed. `None` when it would make the declaration wrong, which
    /// has been said.
    pub(super) fn commit(self, change: Change, dry_run: bool, io: &mut Io) -> Result<Option<Committed>, Error> {
        let Change { text, said } = change;
        let mut report = Report::default();
        let Some(configs) = draft::read(&text, &mut report) else {
            tell(&format!("{}, as it would be", self.name), &text, &report, io)?;
            return Ok(None);
        };
        let before = self.claim.before().unwrap_or_default();
        let (name, folder, is_new, changes) = (self.name, self.folder, self.claim.before().is_none(), before != text);
        if dry_run {
            let diff = output::unified(&name, before, &text);
            io.data(|out| out.write_all(diff.as_bytes()))?;
        } else if changes {
            self.claim.replace(&text)?;
        }
        let not_written = if dry_run { " (not written)" } else { "" };
        let new = is_new.then(|| "a new declaration".to_owned());
        let nothing = said.is_empty().then(|| "nothing to change".to_owned());
        for line in new.into_iter().chain(said).chain(nothing) {
            io.words(&format_args!("{name}{not_written}: {line}\n"))?;
        }
        Ok(Some(Committed { file: File { name, text, folder }, configs, changes }))
    }
}

/// A declaration that says what it should.
pub(super) struct Committed {
    pub(super) file: File,
    /// How every cluster sees it.
    pub(super) configs: Vec<Config>,
    changes: bool,
}

impl Committed {
    /// Prints the objects that `draw` makes of the declaration as seen from `cluster`.
    pub(super) fn print(
        &self,
        cluster: Option<&str>,
        shared: &Shared,
        io: &mut Io,
        draw: impl FnOnce(&File, Request<'_>, &mut Report) -> Result<Option<Vec<Manifest>>, Error>,
    ) -> Result<Exit, Error> {
        let request = Request { cluster, ..shared.request(Some(Mode::Generate), Some(DEFAULT_NAMESPACE)) };
        let mut report = Report::default();
        let objects = draw(&self.file, request, &mut report)?;
        let report = report.without(Code::NothingToDo);
        tell(&self.file.name, &self.file.text, &report, io)?;
        if let Some(objects) = objects.filter(|_| !report.has_errors()) {
            let documents: Vec<_> = objects.iter().map(|object| emit::document(&object.value)).collect();
            io.data(|out| out.write_all(documents.join("---\n").as_bytes()))?;
        } else {
            let kept = if self.changes { "the change is kept" } else { "nothing was changed" };
            let again = "mend this and run the same command again to have them";
            io.words(&format_args!("no manifests are printed, and {kept}: {again}\n"))?;
        }
        Ok(args::exit(&report))
    }
}

fn tell(name: &str, text: &str, report: &Report, io: &mut Io) -> Result<(), Error> {
    let sources = Sources { declaration: Declaration::File(name, text), input: None };
    output::write_report(report, sources, io.err()).map_err(Error::Output)
}

/// Says which Secret an Issuer signs with, when somebody else has to put it into the namespace.
pub(super) fn say_what_it_reads(issuer: &Issuer, namespace: Option<&DnsLabel>, io: &mut Io) -> Result<(), Error> {
    let namespace = namespace.map_or(DEFAULT_NAMESPACE, DnsLabel::as_str);
    for (object, secret) in issuer.wants() {
        io.words(&format_args!(
            "{} {} signs with Secret {}, which must be in namespace {}\n",
            object.kind.gvk.kind,
            quote(&object.name),
            quote(&secret),
            quote(&namespace)
        ))?;
    }
    Ok(())
}
