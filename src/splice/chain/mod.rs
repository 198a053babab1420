//! The credential chain: what an AWS SDK in a container would use before the sidecar.

mod proxy;
mod region;

use std::collections::{BTreeMap, BTreeSet};

use super::pod::{Container, Pod};
use super::source::Sources;
use crate::config::Delivery;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::ResourceRef;
use crate::quote::{quote, quote_object};
use crate::render::PodChange;
use crate::yaml::{FieldPath, NodeRef};

/// Variables that make SDKs use other credentials, and which: they try the metadata endpoint last. Most SDKs treat an empty
/// variable as unset; where one does not, the third column says what it uses.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>
/// <https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html>
/// <https://github.com/boto/botocore/blob/develop/botocore/session.py>
/// <https://github.com/boto/botocore/blob/develop/botocore/credentials.py>
const OVERRIDES: &[(&str, &str, Option<&str>)] = &[
    ("AWS_ACCESS_KEY_ID", "static keys", None),
    ("AWS_SECRET_ACCESS_KEY", "static keys", None),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "a web identity token", None),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "a container credentials endpoint", Some(NO_ADDRESS)),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "a container credentials endpoint", Some(NO_ADDRESS)),
    ("AWS_PROFILE", "a named profile", Some(NO_NAME)),
    ("AWS_DEFAULT_PROFILE", "a named profile", Some(NO_NAME)),
    ("AWS_SHARED_CREDENTIALS_FILE", "a credentials file", None),
    ("AWS_CREDENTIAL_PROFILES_FILE", "a credentials file", None),
    ("AWS_CONFIG_FILE", "the settings of a configuration file", None),
];
const NO_ADDRESS: &str = "a container credentials endpoint without an address";
const NO_NAME: &str = "a profile without a name";
// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html>
const DISABLED: &str = "AWS_EC2_METADATA_DISABLED";
const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
/// What the pod identity webhook looks for on a ServiceAccount, and on a pod to leave containers alone.
/// <https://github.com/aws/amazon-eks-pod-identity-webhook/blob/master/README.md>
const IRSA: &str = "eks.amazonaws.com/role-arn";
const IRSA_SKIP: &str = "eks.amazonaws.com/skip-containers";

const HELP: &str = "remove the variable, or list the container under `except`";

/// A variable of a container: from `env` itself, or from an object that `envFrom` names.
struct Variable {
    name: String,
    value: Option<String>,
    at: FieldPath,
    /// The object that it comes from, for messages.
    from: Option<String>,
}

impl Variable {
    fn sets(&self, container: &Container<'_>) -> String {
        match &self.from {
            None => format!("container {} sets {}", quote(&container.name), quote(&self.name)),
            Some(from) => format!("container {} has {} from {from}", quote(&container.name), quote(&self.name)),
        }
    }
}

/// Reports what takes precedence over the sidecar in one container. Returns the variables to add: iamra's, except those
/// that the author has set.
pub(super) fn check_container(
    pod: Pod<'_>,
    container: &Container<'_>,
    change: &PodChange,
    sources: &Sources<'_, '_>,
    target: &ResourceRef,
    report: &mut Report,
) -> Vec<(&'static str, String)> {
    let variables = variables(pod, container, &watched(change), sources);
    for variable in &variables {
        let (name, value) = (variable.name.as_str(), variable.value.as_deref());
        let sets = || variable.sets(container);
        let place = || Place::Item(target.clone(), variable.at.clone());
        if let Some(instead) = instead(name, value, change) {
            let message = format!("{}: the SDK would use {instead} instead", sets());
            report.push(Diagnostic::error(Code::CredentialsOverride, message).at(place()).help(HELP));
        }
        if let Some((_, ours)) = change.environment.iter().find(|(ours, _)| *ours == name)
            && value != Some(ours)
            && instead(name, value, change).is_none()
        {
            report.push(differs(name, &sets(), ours, place()));
        }
    }
    check_mounts(container, target, report);
    let mut missing = change.environment.clone();
    missing.retain(|(ours, _)| variables.iter().all(|it| it.name != *ours));
    region::follow(&mut missing, &variables);
    if change.port.is_some() {
        missing.extend(proxy::exception(container, &variables, sources.knows_all(container, pod), target, report));
    }
    missing
}

fn instead(name: &str, value: Option<&str>, change: &PodChange) -> Option<&'static str> {
    let is_endpoint = change.delivery == Delivery::Endpoint;
    let disables = is_endpoint && name == DISABLED && value.is_some_and(|it| it.eq_ignore_ascii_case("true"));
    let found = OVERRIDES.iter().find(|(variable, ..)| *variable == name);
    let found = found.and_then(|(_, what, empty)| if value == Some("") { *empty } else { Some(*what) });
    found.or(disables.then_some("no metadata endpoint at all"))
}

fn differs(name: &str, sets: &str, ours: &str, place: Place) -> Diagnostic {
    let message = format!("{sets}; iamra would set {}", quote(&ours));
    // These variables decide where credentials come from.
    if [ENDPOINT, TOKEN_FILE].contains(&name) || OVERRIDES.iter().any(|(variable, ..)| *variable == name) {
        Diagnostic::error(Code::CredentialsOverride, message).at(place).help(HELP)
    } else {
        Diagnostic::warning(Code::EnvironmentKept, message).at(place).help("remove it, or keep it if it is intended")
    }
}

/// The variables that matter here.
fn watched(change: &PodChange) -> BTreeSet<&str> {
    let overrides = OVERRIDES.iter().map(|(name, ..)| *name).chain([DISABLED, ENDPOINT]);
    let ours = change.environment.iter().map(|(name, _)| *name);
    overrides.chain(ours).chain(proxy::NAMES).chain(region::NAMES).collect()
}

/// Those of the watched variables that the container has, as the kubelet decides: `env` takes precedence over `envFrom`, and
/// in each the last one counts.
/// <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables>
fn variables(
    pod: Pod<'_>,
    container: &Container<'_>,
    watched: &BTreeSet<&str>,
    sources: &Sources<'_, '_>,
) -> Vec<Variable> {
    let mut variables = own_variables(container, watched);
    let mut known: BTreeSet<_> = variables.iter().map(|it| it.name.clone()).collect();
    let entries: Vec<_> = container.node.get("envFrom").into_iter().flat_map(NodeRef::items).enumerate().collect();
    for (index, entry) in entries.into_iter().rev() {
        let prefix = entry.get("prefix").and_then(NodeRef::text).unwrap_or_default();
        let sources = sources.of_entry(entry, pod);
        let mut found = BTreeSet::new();
        for name in watched.iter().filter(|name| !known.contains(**name)) {
            let Some(key) = name.strip_prefix(prefix) else { continue };
            let given = sources.iter().filter_map(|source| Some((source.values.get(key)?, source.kind, &source.name)));
            for (value, kind, source) in given.collect::<BTreeSet<_>>() {
                let (value, from) = (value.clone(), Some(quote_object(kind, source)));
                let at = container.path.key("envFrom").index(index);
                variables.push(Variable { name: (*name).to_owned(), value, at, from });
                found.insert((*name).to_owned());
            }
        }
        known.extend(found);
    }
    variables
}

/// The watched ones among the entries of `env`, each name once.
fn own_variables(container: &Container<'_>, watched: &BTreeSet<&str>) -> Vec<Variable> {
    let at = container.path.key("env");
    let entries: Vec<_> = container.env().filter(|(name, _)| watched.contains(name)).collect();
    let last: BTreeMap<_, _> = entries.iter().enumerate().map(|(position, (name, _))| (*name, position)).collect();
    let is_last = |(position, (name, _)): &(usize, (&str, NodeRef<'_>))| last.get(name) == Some(position);
    let variable = |(_, (name, entry)): (usize, (&str, NodeRef<'_>))| Variable {
        name: name.to_owned(),
        value: entry.get("value").and_then(NodeRef::text).map(str::to_owned),
        at: at.named(name),
        from: None,
    };
    entries.into_iter().enumerate().filter(is_last).map(variable).collect()
}

/// Checks mounts at the default paths of SDKs.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>
fn check_mounts(container: &Container<'_>, target: &ResourceRef, report: &mut Report) {
    let mounts = container.node.get("volumeMounts").into_iter().flat_map(NodeRef::items).enumerate();
    for (index, mount) in mounts {
        let Some(path) = mount.get("mountPath").and_then(NodeRef::text) else { continue };
        if path.split('/').any(|part| part == ".aws") {
            let message = format!(
                "container {} mounts {}: a profile or keys in it would be used before the sidecar",
                quote(&container.name),
                quote(&path)
            );
            let at = container.path.key("volumeMounts").index(index).key("mountPath");
            report.push(
                Diagnostic::warning(Code::CredentialsOverride, message)
                    .at(Place::Item(target.clone(), at))
                    .help("keep profiles and keys out of it, or list the container under `except`"),
            );
        }
    }
}

/// Reports a ServiceAccount with an identity from IRSA.
pub(super) fn check_service_account(
    pod: Pod<'_>,
    sources: &Sources<'_, '_>,
    target: &ResourceRef,
    report: &mut Report,
) {
    let Some(object) = pod.node(&FieldPath::root()) else { return };
    let (at, name) = pod.place.account(object);
    let skips = pod.node(&pod.place.annotations().key(IRSA_SKIP)).is_some();
    let account = sources.find("ServiceAccount", name, pod);
    if account.iter().any(|account| account.values.contains_key(IRSA)) && !skips {
        let message = format!(
            "ServiceAccount {} is annotated with `{IRSA}`: where the pod identity webhook runs, the SDK would use \
             that role",
            quote(&name)
        );
        report.push(
            Diagnostic::warning(Code::CredentialsOverride, message)
                .at(Place::Item(target.clone(), at))
                .help(format!("remove the annotation, or name the containers in `{IRSA_SKIP}` on the pod template")),
        );
    }
}
