//! The KRM function: reads a ResourceList and always writes a ResourceList.

use std::io::ErrorKind;
use std::path::Path;

use memchr::memmem;

use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::manifests::unreadable;
use crate::cli::sources::Shared;
use crate::cli::{Exit, bug, report};
use crate::config::{self, Mode};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Changes, Item, Object, ResourceList, annotation, is_generator_call};
use crate::output::{self, Declaration, Sources};
use crate::pipeline::{self, Request};
use crate::quote::quote;
use crate::render;
use crate::workload;
use crate::yaml::{FieldPath, NodeRef, emit};

/// What is written when stdin could not be read as a list.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/functions-spec.md>
const EMPTY_LIST: &str = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n";

pub(in crate::cli) fn run(shared: &Shared, io: &mut Io) -> Result<Exit, Error> {
    let bytes = Io::read("kustomize and kpt call it")?;
    guarded(&bytes, io, |io| match ResourceList::from_utf8(&bytes) {
        Ok(list) => answer(&list, shared, io),
        Err(error) => {
            let mut report = Report::default();
            report.push(unreadable("stdin", &error));
            report::finish_with(&report, Sources::default(), io, |io| {
                io.data(|out| out.write_all(empty_list(&report).as_bytes()))
            })
        }
    })
}

/// Runs `work`. If it panics, the output is the input list, as far as it can be read.
fn guarded(bytes: &[u8], io: &mut Io, work: impl FnOnce(&mut Io) -> Result<Exit, Error>) -> Result<Exit, Error> {
    match bug::caught(|| work(io)) {
        // iamra could not process its own text.
        Some(Err(Error::Output(error))) if error.kind() == ErrorKind::InvalidInput => bug::say(),
        Some(outcome) => return outcome,
        None => {}
    }
    if !io.has_data() {
        let mut report = Report::default();
        report.push(bug::diagnostic());
        // The bug may be anywhere, so these calls may panic too.
        let text = bug::caught(|| as_it_came(bytes, &report))
            .or_else(|| bug::caught(|| empty_list(&report)))
            .unwrap_or_else(|| EMPTY_LIST.to_owned());
        io.data(|out| out.write_all(text.as_bytes()))?;
    }
    Ok(Exit::Bug)
}

fn as_it_came(bytes: &[u8], report: &Report) -> String {
    let changes = Changes { results: output::results(report, Sources::default()), ..Changes::default() };
    let text = |list: &ResourceList<'_>| {
        let mut text = Vec::new();
        changes.write(list, &mut text).ok().and_then(|()| String::from_utf8(text).ok())
    };
    ResourceList::from_utf8(bytes).ok().and_then(|list| text(&list)).unwrap_or_else(|| empty_list(report))
}

fn empty_list(report: &Report) -> String {
    let results = output::results(report, Sources::default());
    results.map_or_else(|| EMPTY_LIST.to_owned(), |results| format!("{EMPTY_LIST}results:\n{results}"))
}

fn answer(list: &ResourceList<'_>, shared: &Shared, io: &mut Io) -> Result<Exit, Error> {
    let mut report = Report::default();
    let generator = is_generator_call(list);
    let Some((object, mode)) = declaration(list, &mut report) else {
        return finish(list, Changes::default(), &report, Sources::default(), io);
    };
    let root = object.root();
    let file = annotation::file(root).map(|(path, _)| path);
    let sources = Sources { declaration: Declaration::FunctionConfig(file), input: Some(("stdin", list.text())) };
    let mode = if generator { Some(Mode::Generate) } else { mode };
    let items: &[Item<'_>] = if generator { &[] } else { &list.items };
    let opted_in = workload::opted_in(items, &mut report);
    let is_kustomize = is_kustomize(root, items);
    let request = Request {
        generator,
        transformer: is_kustomize,
        keeps_items: !is_kustomize,
        items: Some(items),
        opted_in: &opted_in,
        ..shared.request(mode)
    };
    // kustomize runs iamra in the folder of the kustomization, kpt in its own.
    let resolved = shared.resolve(root, Path::new(""), request, &mut report).unwrap_or_else(|error| {
        report.push(Diagnostic::error(Code::InvalidLock, error.words()).help("make it readable by the function"));
        None
    });
    let mut changes = Changes::default();
    if let Some(resolved) = resolved {
        changes = pipeline::run(&resolved, items, request, &mut report);
        let validates = request.mode(resolved.mode) == Mode::Validate;
        if let Some(name) = annotation::get(root, render::STAMP).filter(|_| generator) {
            changes.appended.push(emit::document(&render::stamp(name).value));
        }
        // A generator returns only its own objects.
        if generator || validates && is_kustomize {
            changes.removed = (0..list.items.len()).collect();
        }
    }
    if report.has_errors() {
        changes = Changes::default();
    }
    finish(list, changes, &report, sources, io)
}

/// Whether `kustomize build` is the caller. Only then does the functionConfig have the annotations for a function and
/// for local configuration but no file, and does every item have kustomize's id and an index that matches its position.
///
/// A validator of kustomize must return no items: kustomize parses returned items again and treats them as changed,
/// always if no function ran before, and otherwise wherever a value is formatted differently. Items that are not
/// returned are kept. Other orchestrators keep only what is returned: kpt and `kustomize fn run` delete the files of
/// the rest. An author can add kustomize's annotations to files, but cannot remove those of the orchestrator: kpt
/// records the indentation of each item, and tools that read files number the items of each file. So if in doubt, the
/// items are returned, which kustomize rejects with an error.
fn is_kustomize(config: NodeRef<'_>, items: &[Item<'_>]) -> bool {
    let has = |name| annotation::get(config, name).is_some();
    let is_called = has(annotation::FUNCTION) && has(annotation::LOCAL_CONFIG);
    let is_read = has(annotation::INDEX) || annotation::file(config).is_some();
    let mark = memmem::Finder::new(annotation::KUSTOMIZE_ID);
    let is_copy = |(position, item): (usize, &Item<'_>)| {
        mark.find(item.text().as_bytes()).is_some() && item.parse().is_ok_and(|it| is_copy(it.root(), position))
    };
    is_called && !is_read && items.iter().enumerate().all(is_copy)
}

/// Whether an item may be kustomize's own copy of an object, as it stands at a position of the list.
fn is_copy(item: NodeRef<'_>, position: usize) -> bool {
    let get = |name| annotation::get(item, name);
    let index = get(annotation::INDEX).or_else(|| get(annotation::LEGACY_INDEX));
    get(annotation::KUSTOMIZE_ID).is_some()
        && get(annotation::SEQUENCE_INDENT).is_none()
        && index.is_some_and(|index| index.parse() == Ok(position))
}

/// The declaration that the call is about, and the mode when a ConfigMap says it.
fn declaration<'t>(list: &ResourceList<'t>, report: &mut Report) -> Option<(Object<'t>, Option<Mode>)> {
    let mut none = |message: &str| {
        report.push(
            Diagnostic::error(Code::NoDeclaration, message)
                .help("pass `iamra.yaml` as functionConfig: list it under `generators:` or `transformers:`"),
        );
    };
    let Some(config) = &list.function_config else {
        none("the ResourceList has no functionConfig");
        return None;
    };
    let object = match config.parse() {
        Ok(object) => object,
        Err(error) => {
            report.push(
                Diagnostic::error(
                    Code::UnreadableItem,
                    format!("the functionConfig cannot be read: {}", error.message),
                )
                .at(Place::Input(error.offset)),
            );
            return None;
        }
    };
    let data = |key: &str| object.root().get("data").and_then(|data| data.get(key)).and_then(NodeRef::text);
    if !config::is_config_map(object.root()) || data("workload").is_some() {
        return Some((object, None));
    }
    // A ConfigMap that only sets the mode: the declaration is part of the package.
    let mode = match data("mode") {
        None => None,
        Some("generate") => Some(Mode::Generate),
        Some("transform") => Some(Mode::Transform),
        Some("all") => Some(Mode::All),
        Some("validate") => Some(Mode::Validate),
        Some(other) => {
            let message = format!("{} is not one of `generate`, `transform`, `all`, `validate`", quote(&other));
            let place = Place::Config(FieldPath::keys("data.mode"));
            report.push(Diagnostic::error(Code::InvalidValue, message).at(place));
            return None;
        }
    };
    let declared: Vec<_> = list.items.iter().filter(|item| item.may_be_kind(config::KIND)).collect();
    let mut declared = declared
        .iter()
        .filter_map(|item| item.parse().ok())
        .filter(|object| object.root().get("kind").and_then(NodeRef::text) == Some(config::KIND));
    match (declared.next(), declared.next()) {
        (Some(only), None) => Some((only, mode)),
        (None, _) => {
            none("the functionConfig is a ConfigMap without `workload`, and the package has no declaration");
            None
        }
        (Some(_), Some(_)) => {
            none("the package has more than one declaration");
            None
        }
    }
}

/// Reports the diagnostics, and writes the list.
fn finish(
    list: &ResourceList<'_>,
    mut changes: Changes,
    report: &Report,
    sources: Sources<'_>,
    io: &mut Io,
) -> Result<Exit, Error> {
    changes.results = output::results(report, sources);
    report::finish_with(report, sources, io, |io| io.data(|out| changes.write(list, out)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bug::tests::{in_a_process, is_child};

    const LIST: &str =
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {apiVersion: v1, kind: Secret} # mine\n";

    #[test]
    #[expect(clippy::exit, reason = "the exit code is what is looked at")]
    fn a_panic_answers_with_the_list_that_came() {
        if is_child() {
            let exit = crate::cli::ended(|| {
                let bytes = Io::read("").unwrap();
                guarded(&bytes, &mut Io::new(), |_| panic!("SECRET")).unwrap() as u8
            });
            std::process::exit(i32::from(exit));
        }
        let test = "cli::command::function::tests::a_panic_answers_with_the_list_that_came";
        let folder = tempfile::tempdir().unwrap();
        for (given, answered) in [(LIST, LIST), ("", EMPTY_LIST), ("{", EMPTY_LIST)] {
            let output = in_a_process(test, folder.path(), given);
            let stdout = String::from_utf8(output.stdout).unwrap();
            let (_, stdout) = stdout.split_once("running 1 test\n").unwrap();
            let results = stdout.strip_prefix(answered).unwrap();
            assert!(results.starts_with("results:\n- message: ") && !results.contains("SECRET"), "{stdout}");
            assert!(results.contains("code: internal-error") && ResourceList::read(stdout).is_ok(), "{stdout}");
            assert_eq!(output.status.code(), Some(70));
            assert!(String::from_utf8(output.stderr).unwrap().starts_with("error[internal-error]: "));
        }
    }

    #[test]
    fn nothing_follows_what_was_written_already() {
        let mut io = Io::new();
        let exit = guarded(LIST.as_bytes(), &mut io, |io| {
            io.data(|out| out.write_all(b"\n"))?;
            panic!("in the middle of it")
        });
        assert!(matches!(exit, Ok(Exit::Bug)));
    }
}
