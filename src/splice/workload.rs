//! Adds identities to a workload's text, and removes them.

use serde_json::{Map, Value, json};

use super::owned::{self, DEFAULT, UNDO, Undo};
use super::pod::{Container, Pod};
use super::readers::FileReaders;
use super::source::Sources;
use super::{chain, conflict, exposed, mesh, software};
use crate::config::{Binding, SidecarStyle};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Edited, Item, Object, ResourceRef};
use crate::name::DnsLabel;
use crate::quote::{quote, quote_object};
use crate::render::{CONFIG_HASH, PodChange, WORKLOAD};
use crate::workload::{Allows, PodPlace, Workload, WorkloadKind};
use crate::yaml::edit::{self, Changed, Edit, Refusal};
use crate::yaml::{self, Document, FieldPath, NodeRef, path_to};

/// One identity, and the additions to a pod for it.
pub(super) struct Injection<'p> {
    pub(super) binding: &'p Binding,
    pub(super) change: PodChange,
    pub(super) readers: FileReaders,
}

/// The pods that one object describes, with the identities to add to each.
pub(super) type Pods<'w, 'p> = [(&'w Workload, Vec<Injection<'p>>)];

/// The object's text with its identities in it; `None` when they are already there or cannot be added.
pub(super) fn inject(
    object: &Object<'_>,
    pods: &Pods<'_, '_>,
    sources: &Sources<'_, '_>,
    report: &mut Report,
) -> Option<Edited> {
    let (first, _) = pods.first()?;
    let target = first.resource_ref();
    if let Some(refused) = refused_as_a_whole(first, object, &target) {
        report.push(refused);
        return None;
    }
    let of_kind = of_kind(&target.api_version, &target.kind, object.root());
    let said: Vec<_> = pods.iter().map(|(workload, _)| &*workload.place).collect();
    let known = if of_kind.is_empty() { said.iter().copied().cloned().collect() } else { of_kind.clone() };
    let refused = |refusal: Refusal, document: &Document<'_>, report: &mut Report| {
        report.push(cannot_edit(&refusal, document, object, &target));
    };
    let stripped = strip_object(object, &owned::places(object.root(), known))
        .map_err(|refusal| refused(refusal, &object.document, report))
        .ok()?;
    #[expect(clippy::expect_used, reason = "an edit reads its result again before it gives it")]
    let reread = stripped.as_ref().map(|it| Document::parse(&it.text).expect("the edit was proven"));
    let document = reread.as_ref().unwrap_or(&object.document);
    let mut undo = Undo::for_places(&of_kind, &said);
    let is_one_of_several = if undo == Undo::default() { of_kind.len() > 1 } else { said.len() > 1 };
    let mut edits = Vec::new();
    for (workload, parts) in pods {
        let pod = Pod { document, prefix: &object.prefix, place: &workload.place, is_one_of_several };
        if let Some(nowhere) = without_containers(pod, &target) {
            report.push(nowhere);
            continue;
        }
        for part in parts {
            conflict::check_volumes(workload.allows, &part.change, &target, pod, report);
            conflict::check_startup(workload.allows, part.binding, &part.change, &target, pod, report);
        }
        edits.extend(pod_edits(pod, parts, sources, &target, &mut undo, report));
    }
    if report.has_errors() {
        return None;
    }
    edits.push(marks(document, object, pods, undo));
    match edit::changed(document, edits) {
        Ok(changed) if stripped.is_some() => {
            Some(changed.text).filter(|text| !is_same(text, object)).map(Edited::Whole)
        }
        Ok(changed) => Some(Edited::Parts(changed.parts)),
        Err(refusal) => {
            refused(refusal, document, report);
            None
        }
    }
}

/// The diagnostic for an object that is not edited, whatever it gets.
fn refused_as_a_whole(workload: &Workload, object: &Object<'_>, target: &ResourceRef) -> Option<Diagnostic> {
    let refused = |at: FieldPath, why: String| {
        let message = format!("{} {why}", quote_object(&target.kind, &target.name));
        Diagnostic::error(Code::CannotEdit, message).at(Place::Item(target.clone(), at))
    };
    if let Allows::Nothing(why, help) = workload.allows {
        return Some(refused(FieldPath::root(), format!("cannot have a sidecar: {why}")).help(help));
    }
    let twice = yaml::repeated_key(object.root())?;
    let why = format!("has {} twice", quote(&twice));
    Some(refused(twice, why).help("keep one of them: some parsers use the first, others the last"))
}

/// The diagnostic for an object whose text cannot be edited, with the field that prevents it.
fn cannot_edit(refusal: &Refusal, document: &Document<'_>, object: &Object<'_>, target: &ResourceRef) -> Diagnostic {
    let message = format!("{} cannot be edited: {}", quote_object(&target.kind, &target.name), refusal.why);
    // A missing field has no position in the text.
    let at = if refusal.span.end == 0 { FieldPath::root() } else { path_to(document, refusal.span.start) };
    let at = at.behind(&object.prefix);
    Diagnostic::error(Code::CannotEdit, message).at(Place::Item(target.clone(), at)).help(
        "write this field out, without anchors, aliases, merge keys or repeated keys, and end the file with a newline",
    )
}

/// The diagnostic for a pod without containers that could get credentials, if it has none.
fn without_containers(pod: Pod<'_>, target: &ResourceRef) -> Option<Diagnostic> {
    let mut fields = pod.place.running();
    let first = fields.next()?;
    if std::iter::once(first.clone()).chain(fields).any(|at| pod.node(&at).is_some()) {
        return None;
    }
    let message = format!("{} has no containers at {}", quote_object(&target.kind, &target.name), quote(&first));
    let help = if pod.is_one_of_several {
        "write this pod template out, or list the ones to patch in `target.podTemplatePaths`"
    } else {
        pod.place.hint
    };
    let place = Place::Item(target.clone(), FieldPath::root());
    Some(Diagnostic::error(Code::CannotEdit, message).at(place).help(help))
}

/// The item's text without iamra's additions; `None` when it has none.
///
/// # Errors
/// Why the text cannot be edited.
pub(super) fn strip(item: &Item<'_>) -> Result<Option<Edited>, Refusal> {
    let syntax = |error: crate::yaml::SyntaxError| Refusal { why: error.message, span: error.offset..error.offset };
    let object = item.parse().map_err(syntax)?;
    let ident = item.ident();
    let of_kind = ident.map(|ident| of_kind(&ident.api_version, &ident.kind, object.root())).unwrap_or_default();
    let places = owned::places(object.root(), of_kind);
    Ok(strip_object(&object, &places)?.map(|changed| Edited::Parts(changed.parts)))
}

/// Where objects of this kind describe their pods.
fn of_kind(api_version: &str, kind: &str, object: NodeRef<'_>) -> Vec<PodPlace> {
    WorkloadKind::find(api_version, kind).map(|kind| kind.places(object)).unwrap_or_default()
}

fn strip_object(object: &Object<'_>, places: &[PodPlace]) -> Result<Option<Changed>, Refusal> {
    let (document, prefix) = (&object.document, &object.prefix);
    let pod = |place| Pod { document, prefix, place, is_one_of_several: places.len() > 1 };
    let pods: Vec<_> = places.iter().map(pod).collect();
    if !owned::is_patched(&pods) {
        return Ok(None);
    }
    edit::changed(document, owned::removals(&pods)).map(Some)
}

fn is_same(text: &str, object: &Object<'_>) -> bool {
    Document::parse(text).is_ok_and(|document| document.root().same(object.document.root()))
}

fn pod_edits(
    pod: Pod<'_>,
    parts: &[Injection<'_>],
    sources: &Sources<'_, '_>,
    target: &ResourceRef,
    undo: &mut Undo,
    report: &mut Report,
) -> Vec<Edit> {
    chain::check_service_account(pod, sources, target, report);
    undo.keep_variables(pod);
    let mut edits = Vec::new();
    check_names(parts, report);
    exposed::check_pod(pod, target, report);
    conflict::check_volume_names(pod, target, report);
    for Injection { binding, change, readers } in parts {
        conflict::check_pod(pod, change, target, report);
        exposed::check_identity(pod, change, target, report);
        mesh::check(pod, change, sources, target, report);
        readers.check(target, pod, report);
        for container in &pod.select(&binding.containers, change.is_early(), &binding.place, target, report) {
            software::check(container, change, binding.sidecar.helper, target, report);
            let missing = chain::check_container(pod, container, change, sources, target, report);
            edits.extend(variables(pod, container, &missing, undo));
            edits.extend(mounts(pod, container, change, undo));
        }
    }
    let (init_containers, containers) = (pod.spec("initContainers"), pod.spec("containers"));
    let sidecars = |style, is_first| -> Vec<Value> {
        let alike = parts.iter().filter(|part| part.change.style == style && part.change.is_first() == is_first);
        alike.filter_map(|part| part.change.sidecar.clone()).collect()
    };
    let (native, plain) = (sidecars(SidecarStyle::Native, false), sidecars(SidecarStyle::Container, false));
    let first = sidecars(SidecarStyle::Container, true);
    for (at, values) in [(&init_containers, native), (&containers, first)] {
        if !values.is_empty() {
            undo.remember(pod, at);
            edits.push(Edit::Prepend { at: pod.prefix.join(at), values });
        }
    }
    if !plain.is_empty() {
        edits.push(append(pod, &containers, plain, undo));
    }
    let volumes = parts.iter().flat_map(|part| part.change.volumes.clone()).collect();
    edits.push(append(pod, &pod.spec("volumes"), volumes, undo));
    if !pod.place.is_whole_object() {
        let marks = std::iter::once(config_hash(parts)).chain(default_container(pod, parts, undo)).collect();
        edits.push(annotate(pod, &pod.place.metadata, marks, undo));
    }
    edits
}

fn config_hash(parts: &[Injection<'_>]) -> (String, Value) {
    let hashes: Vec<_> = parts.iter().map(|part| part.change.config_hash.as_str()).collect();
    (CONFIG_HASH.to_owned(), Value::String(hashes.join(",")))
}

/// The annotation by which `kubectl logs` and `kubectl exec` mean the application, where a sidecar comes first.
fn default_container(pod: Pod<'_>, parts: &[Injection<'_>], undo: &mut Undo) -> Option<(String, Value)> {
    let annotations = pod.place.annotations();
    let is_needed = parts.iter().any(|part| part.change.is_first()) && pod.node(&annotations.key(DEFAULT)).is_none();
    let first = pod.containers().into_iter().find(|container| is_needed && container.list == "containers")?;
    undo.defaults.push(annotations.to_string());
    Some((DEFAULT.to_owned(), Value::String(first.name.to_owned())))
}

/// Adds the annotations of the whole object: its workloads, and the notes for `strip`.
fn marks(document: &Document<'_>, object: &Object<'_>, pods: &Pods<'_, '_>, mut undo: Undo) -> Edit {
    let mut workloads: Vec<&str> = Vec::new();
    for part in pods.iter().flat_map(|(_, parts)| parts) {
        if !workloads.contains(&part.binding.workload.as_str()) {
            workloads.push(&part.binding.workload);
        }
    }
    let mut marks = vec![(WORKLOAD.to_owned(), Value::String(workloads.join(",")))];
    marks.extend(pods.iter().filter(|(workload, _)| workload.place.is_whole_object()).map(|(_, it)| config_hash(it)));
    let own = PodPlace::template(FieldPath::root());
    let pod = Pod { document, prefix: &object.prefix, place: &own, is_one_of_several: false };
    for (_, parts) in pods.iter().filter(|(workload, _)| workload.place.is_whole_object()) {
        marks.extend(default_container(pod, parts, &mut undo));
    }
    undo.remember(pod, &own.annotations());
    if !undo.is_empty() {
        #[expect(clippy::expect_used, reason = "all its keys are text")]
        let text = serde_json::to_string(&undo).expect("undo has only text keys");
        marks.push((UNDO.to_owned(), Value::String(text)));
    }
    annotate(pod, &own.metadata, marks, &mut undo)
}

/// Checks the names of sidecars: names of workloads may have characters and lengths that names of containers may not.
fn check_names(parts: &[Injection<'_>], report: &mut Report) {
    for (index, Injection { binding, change, .. }) in parts.iter().enumerate() {
        let mut say = |code, message| {
            report.push(
                Diagnostic::error(code, message).at(Place::Config(binding.place.clone())).help("use a different name"),
            );
        };
        let volumes = change.volumes.iter().filter_map(|volume| volume["name"].as_str());
        if let Some(Err(why)) = [&*change.name].into_iter().chain(volumes).map(DnsLabel::parse).find(Result::is_err) {
            say(Code::InvalidValue, format!("its sidecar or a volume would get an invalid name: {why}"));
        }
        let certificate = |change: &PodChange| change.keepers.volumes.first().cloned();
        let is_same = |other: &&Injection<'_>| certificate(&other.change) == certificate(change);
        if let Some(other) = parts.iter().take(index).find(is_same) {
            let (one, other) = (quote(&binding.workload), quote(&other.binding.workload));
            let volume = certificate(change).unwrap_or_default();
            let (what, name) =
                if change.is_served_by_another { ("volumes", &volume) } else { ("sidecars", &change.name) };
            say(Code::NameCollision, format!("the {what} of {other} and {one} would both be named {}", quote(name)));
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
    undo.note_added(pod, container, missing.iter().map(|(name, _)| *name));
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

/// Adds annotations to a `metadata`, and creates it if needed.
fn annotate(pod: Pod<'_>, metadata: &FieldPath, entries: Vec<(String, Value)>, undo: &mut Undo) -> Edit {
    let is_filled = pod.node(metadata).is_some_and(|node| node.entries().len() > 0);
    if is_filled {
        let at = metadata.key("annotations");
        undo.remember(pod, &at);
        return Edit::AddKeys { at: pod.prefix.join(&at), entries };
    }
    undo.remember(pod, metadata);
    let annotations: Map<String, Value> = entries.into_iter().collect();
    let entries = vec![("annotations".to_owned(), Value::Object(annotations))];
    Edit::AddKeys { at: pod.prefix.join(metadata), entries }
}
