//! The declaration while a command edits it.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::cli::args::{File, Shared};
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::paths::display;
use crate::cli::{Exit, args};
use crate::config::{self, Config, Mode};
use crate::diag::{Code, Diagnostic, Place, Report, known_names};
use crate::disk::{self, Claim, DECLARATION};
use crate::issuer::Issuer;
use crate::name::{DEFAULT_NAMESPACE, DnsLabel};
use crate::output::{self, Declaration, Sources};
use crate::pipeline::Request;
use crate::quote::quote;
use crate::render::Manifest;
use crate::yaml::edit::{Edit, Refusal};
use crate::yaml::{Document, FieldPath, NodeRef, Step, emit};

/// What stands in a declaration before anything is declared.
const SKELETON: &str = "\
# Which workloads are which AWS identities. `iamra schema` knows every field.
apiVersion: iamra.dev/v1alpha1
kind: RolesAnywhere
metadata:
  name: iamra
spec:
  parameterPrefix: /iam-ra/default # where the ARNs are, in SSM Parameter Store
";

/// A declaration that nobody else edits meanwhile.
pub(super) struct Draft {
    claim: Claim,
    /// As messages name it.
    pub(super) name: String,
    folder: PathBuf,
}

/// Why a command cannot be done.
pub(super) type Refused = Box<Diagnostic>;

/// What a command makes of the declaration.
pub(super) struct Change {
    /// The file's text.
    pub(super) text: String,
    /// What has changed, in words; nothing when all is as it should be.
    pub(super) said: Vec<String>,
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
        self.claim.before().unwrap_or(SKELETON)
    }

    /// Reads the declaration as every cluster sees it; `None` when it is wrong, which has been said.
    pub(super) fn read(&self, io: &mut Io) -> Result<Option<Vec<Config>>, Error> {
        let mut report = Report::default();
        let configs = configs(self.text(), &mut report);
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
        let Some(configs) = configs(&text, &mut report) else {
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

/// The declaration as every cluster sees it; `None` when it is wrong for one of them.
fn configs(text: &str, report: &mut Report) -> Option<Vec<Config>> {
    let document = Document::parse(text).map_err(|error| report.push(config::syntax_error(&error))).ok()?;
    let mut found = Report::default();
    let configs = config::load_all(document.root(), &config::clusters(document.root()), &[], &mut found);
    // A cluster without workloads is what these commands begin and end with.
    report.append(found.without(Code::NothingToDo));
    configs
}

fn tell(name: &str, text: &str, report: &Report, io: &mut Io) -> Result<(), Error> {
    let sources = Sources { declaration: Declaration::File(name, text), input: None };
    output::write_report(report, sources, io.err()).map_err(Error::Output)
}

/// Why an edit was not made, and what to write by hand.
pub(super) fn cannot_edit(refusal: &Refusal, by_hand: &str) -> Refused {
    Diagnostic::error(Code::CannotEdit, format!("the declaration cannot be edited safely: {}", refusal.why))
        .at(Place::ConfigText(refusal.span.start))
        .help(format!("edit it by hand: {by_hand}"))
        .into()
}

/// Writes a text, or one more entry of a sequence, where it is or should be.
pub(super) fn put(doc: &Document<'_>, at: &FieldPath, value: Value) -> Edit {
    let at = at.clone();
    let is_map = |at: &FieldPath| doc.at(at).is_some_and(NodeRef::is_map);
    match (doc.at(&at), value, at.split_last()) {
        (Some(_), Value::String(text), _) => Edit::Set { at, text },
        (_, Value::Array(values), Some((parent, _))) if is_map(&parent) => Edit::Append { at, values },
        (_, value, Some((parent, Step::Key(key)))) => {
            let entry = (key.clone(), value);
            if parent.split_last().is_some_and(|(above, _)| is_map(&above)) {
                Edit::AddKeys { at: parent, entries: vec![entry] }
            } else {
                // An entry that says nothing gets all that is on the way.
                put(doc, &parent, Value::Object(Map::from_iter([entry])))
            }
        }
        (_, value, _) => Edit::Append { at, values: vec![value] },
    }
}

/// What is known instead of a name, before another way out is said.
pub(super) fn known(name: &str, known: Vec<&str>) -> String {
    let known = known_names(name, known);
    if known.ends_with('?') { format!("{known} ") } else { format!("{known}; ") }
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
