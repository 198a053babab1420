//! Adds identities to a workload's text, and removes them.

use serde_json::{Map, Value, json};

use super::owned::{self, UNDO, Undo};
use super::pod::{Container, Pod};
use super::readers::FileReaders;
use super::source::Sources;
use super::{chain, conflict, exposed, mesh};
use crate::config::{Binding, SidecarStyle};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Item, Object, ResourceRef};
use crate::name::DnsLabel;
use crate::quote::{quote, quote_object};
use crate::render::{CONFIG_HASH, PodChange, WORKLOAD};
use crate::workload::{Workload, WorkloadKind};
use crate::yaml::edit::{self, Edit, Refusal};
use crate::yaml::{Document, FieldPath};

/// One identity, and the additions to a pod for it.
pub(super) struct Injection<'p> {
    pub(super) binding: &'p Binding,
    pub(super) change: PodChange,
    pub(super) readers: FileReaders,
}

/// The workload's text with its identities in it; `None` when they are already there or cannot be added.
pub(super) fn inject(
    workload: &Workload<'_>,
    parts: &[Injection<'_>],
    sources: &Sources<'_, '_>,
    report: &mut Report,
) -> Option<String> {
    let target = workload.resource_ref();
    let refused = |refusal: Refusal, report: &mut Report| {
        let message = format!("{} cannot be edited: {}", quote_object(&target.kind, &target.name), refusal.why);
        report.push(
            Diagnostic::error(Code::CannotEdit, message)
                .at(Place::Item(target.clone(), workload.template.clone()))
                .help(
                    "write the pod template out, without anchors, aliases, merge keys or repeated keys, and end \
                       the file with a newline",
                ),
        );
    };
    let stripped = match strip_object(&workload.object, &workload.template) {
        Ok(stripped) => stripped,
        Err(refusal) => {
            refused(refusal, report);
            return None;
        }
    };
    #[expect(clippy::expect_used, reason = "an edit reads its result again before it gives it")]
    let reread = stripped.as_deref().map(|text| Document::parse(text).expect("the edit was proven"));
    let template = &workload.template;
    let document = reread.as_ref().unwrap_or(&workload.object.document);
    let pod = Pod { document, prefix: &workload.object.prefix, template };
    if pod.node(&pod.at("spec.containers")).is_none() {
        let message = format!(
            "{} has no containers at {}",
            quote_object(&target.kind, &target.name),
            quote(&pod.at("spec.containers"))
        );
        report.push(
            Diagnostic::error(Code::CannotEdit, message).at(Place::Item(target.clone(), FieldPath::root())).help(
                "set `target.podTemplatePath` to its pod template; if another workload creates its pods, \
                       include that workload in this build",
            ),
        );
        return None;
    }
    for part in parts {
        conflict::check_volumes(workload.allows, &part.change, &target, pod, report);
    }
    let edits = edits(pod, parts, sources, &target, report);
    if report.has_errors() {
        return None;
    }
    match edit::apply(document, &edits) {
        Ok(text) if stripped.is_some() && is_same(&text, &workload.object) => None,
        Ok(text) => Some(text),
        Err(refusal) => {
            refused(refusal, report);
            None
        }
    }
}

/// The item's text without iamra's additions; `None` when it has none.
///
/// # Errors
/// Why the text cannot be edited.
pub(super) fn strip(item: &Item<'_>) -> Result<Option<String>, Refusal> {
    let syntax = |error: crate::yaml::SyntaxError| Refusal { why: error.message, span: error.offset..error.offset };
    let object = item.parse().map_err(syntax)?;
    let root = object.root();
    let of_kind = || Some(WorkloadKind::find(&item.ident()?.api_version, &item.ident()?.kind)?.template(root));
    let template = owned::template(root).or_else(of_kind);
    template.map_or(Ok(None), |template| strip_object(&object, &template))
}

fn strip_object(object: &Object<'_>, template: &FieldPath) -> Result<Option<String>, Refusal> {
    let pod = Pod { document: &object.document, prefix: &object.prefix, template };
    if !owned::is_patched(pod) {
        return Ok(None);
    }
    let edits = owned::removals(pod);
    edit::apply(&object.document, &edits).map(Some)
}

fn is_same(text: &str, object: &Object<'_>) -> bool {
    Document::parse(text).is_ok_and(|document| document.root().same(object.document.root()))
}

fn edits(
    pod: Pod<'_>,
    parts: &[Injection<'_>],
    sources: &Sources<'_, '_>,
    target: &ResourceRef,
    report: &mut Report,
) -> Vec<Edit> {
    chain::check_service_account(pod, sources, target, report);
    let mut undo = Undo::for_template(target, pod.template);
    undo.keep_variables(pod);
    let mut edits = Vec::new();
    check_names(parts, report);
    exposed::check_pod(pod, target, report);
    for Injection { binding, change, readers } in parts {
        conflict::check_pod(pod, change, target, report);
        exposed::check_identity(pod, change, target, report);
        mesh::check(pod, change, sources, target, report);
        readers.check(target, pod, report);
        for container in &pod.select(&binding.containers, change.style, &binding.place, target, report) {
            let missing = chain::check_container(pod, container, change, sources, target, report);
            edits.extend(variables(pod, container, &missing, &mut undo));
            edits.extend(mounts(pod, container, change, &mut undo));
        }
    }
    let (init_containers, containers) = (pod.at("spec.initContainers"), pod.at("spec.containers"));
    let sidecars = |style| -> Vec<Value> {
        let of_style = parts.iter().filter(|part| part.change.style == style);
        of_style.filter_map(|part| part.change.sidecar.clone()).collect()
    };
    let (native, plain) = (sidecars(SidecarStyle::Native), sidecars(SidecarStyle::Container));
    if !native.is_empty() {
        undo.remember(pod, &init_containers);
        edits.push(Edit::Prepend { at: pod.prefix.join(&init_containers), values: native });
    }
    if !plain.is_empty() {
        edits.push(append(pod, &containers, plain, &mut undo));
    }
    let volumes = parts.iter().flat_map(|part| part.change.volumes.clone()).collect();
    edits.push(append(pod, &pod.at("spec.volumes"), volumes, &mut undo));
    let joined = |words: Vec<&str>| Value::String(words.join(","));
    let workloads = parts.iter().map(|part| part.binding.workload.as_str()).collect();
    let hashes = parts.iter().map(|part| part.change.config_hash.as_str()).collect();
    let mut marks = vec![(WORKLOAD.to_owned(), joined(workloads))];
    let hash = (CONFIG_HASH.to_owned(), joined(hashes));
    if pod.is_whole_object() {
        marks.push(hash);
    } else {
        edits.push(annotate(pod, pod.template, vec![hash], &mut undo));
    }
    undo.remember(pod, &FieldPath::keys("metadata.annotations"));
    if !undo.is_empty() {
        #[expect(clippy::expect_used, reason = "all its keys are text")]
        let text = serde_json::to_string(&undo).expect("undo has only text keys");
        marks.push((UNDO.to_owned(), Value::String(text)));
    }
    edits.push(annotate(pod, &FieldPath::root(), marks, &mut undo));
    edits
}

/// Checks the names of sidecars: names of workloads may have characters and lengths that names of containers may not.
fn check_names(parts: &[Injection<'_>], report: &mut Report) {
    for (index, Injection { binding, change, .. }) in parts.iter().enumerate() {
        let mut say = |code, message| {
            report.push(
                Diagnostic::error(code, message).at(Place::Config(binding.place.clone())).help("use a different name"),
            );
        };
        if let Err(why) = DnsLabel::parse(&change.name) {
            say(Code::InvalidValue, format!("its sidecar would get an invalid name: {why}"));
        }
        if let Some(other) = parts.iter().take(index).find(|other| other.change.name == change.name) {
            let (one, other) = (&binding.workload, &other.binding.workload);
            say(
                Code::NameCollision,
                format!(
                    "the sidecars of {} and {} would both be named {}",
                    quote(&other),
                    quote(&one),
                    quote(&change.name)
                ),
            );
        }
    }
}

fn variables(
    pod: Pod<'_>,
    container: &Container<'_>,
    missing: &[(&'static str, String)],
    undo: &mut Undo,
) -> Option<Edit> {
    if missing.is_empty() {
        return None;
    }
    undo.note_added(container, missing.iter().map(|(name, _)| *name));
    let values = missing.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    Some(append(pod, &container.path.key("env"), values, undo))
}

fn mounts(pod: Pod<'_>, container: &Container<'_>, change: &PodChange, undo: &mut Undo) -> Option<Edit> {
    if change.mounts.is_empty() {
        return None;
    }
    Some(append(pod, &container.path.key("volumeMounts"), change.mounts.clone(), undo))
}

/// Appends values to a list. If it is empty, notes how it is written.
fn append(pod: Pod<'_>, at: &FieldPath, values: Vec<Value>, undo: &mut Undo) -> Edit {
    undo.remember(pod, at);
    Edit::Append { at: pod.prefix.join(at), values }
}

/// Adds annotations to the object at `owner`, and creates its `metadata` if needed.
fn annotate(pod: Pod<'_>, owner: &FieldPath, entries: Vec<(String, Value)>, undo: &mut Undo) -> Edit {
    let metadata = owner.key("metadata");
    let is_filled = pod.node(&metadata).is_some_and(|node| node.entries().len() > 0);
    if is_filled {
        let at = metadata.key("annotations");
        undo.remember(pod, &at);
        return Edit::AddKeys { at: pod.prefix.join(&at), entries };
    }
    undo.remember(pod, &metadata);
    let annotations: Map<String, Value> = entries.into_iter().collect();
    let entries = vec![("annotations".to_owned(), Value::Object(annotations))];
    Edit::AddKeys { at: pod.prefix.join(&metadata), entries }
}
