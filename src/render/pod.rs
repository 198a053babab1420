//! What a pod template gets: the sidecar, the certificate's volume, variables for the application, a hash.

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::object::algorithm;
use super::order::ordered;
use super::{delivery, sidecar};
use crate::config::{Delivery, Sidecar, SidecarStyle, Startup};
use crate::plan::{Member, Seat};

/// The name of the container that we add, and the beginning of it where a pod has several.
const SIDECAR: &str = "iam-ra-sidecar";
/// The names of volumes that we add, and the beginnings of them where a pod has several: the certificate, the file of
/// credentials, the helper's image, the SDK's configuration.
const VOLUMES: [&str; 4] = ["iam-ra-cert", "iam-ra-credentials", "iam-ra-helper", "iam-ra-sdk-config"];
/// The annotation on the pod template whose change restarts the pods.
pub const CONFIG_HASH: &str = "iamra.dev/config-hash";

/// The variables that an application with an endpoint gets, in this order.
pub const ENVIRONMENT: &[&str] = &[
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_V1_DISABLED",
    "AWS_METADATA_SERVICE_TIMEOUT",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
];

/// What one pod template gets for one identity.
#[derive(Debug, Clone, PartialEq)]
pub struct PodChange {
    /// The sidecar's name.
    pub name: String,
    /// The sidecar container; none where the application starts the helper itself.
    pub sidecar: Option<Value>,
    /// How it is part of the pod.
    pub style: SidecarStyle,
    /// The port on which it listens.
    pub port: Option<u16>,
    /// Whether the application's start waits for a sidecar that waits for AWS.
    pub waits_for_aws: bool,
    /// The Secret with the certificate and its key, where there is one.
    pub secret: Option<String>,
    /// Volumes of the pod.
    pub volumes: Vec<Value>,
    /// What the application's containers mount of them.
    pub mounts: Vec<Value>,
    /// Variables for the application's containers: name and value.
    pub environment: Vec<(&'static str, String)>,
    /// The hash over everything that needs a restart.
    pub config_hash: String,
}

/// Names of ours in one pod. Where several identities share it, each has names of its own.
pub(super) struct Names {
    pub(super) sidecar: String,
    pub(super) certificate: String,
    pub(super) credentials: String,
    pub(super) helper: String,
    pub(super) config: String,
}

impl Names {
    /// In a pod with a single identity.
    pub(super) fn single() -> Self {
        Self::ending_with("")
    }

    fn shared(workload: &str) -> Self {
        // Names of containers have no dots.
        Self::ending_with(&format!("-{}", workload.replace('.', "-")))
    }

    fn ending_with(end: &str) -> Self {
        let [certificate, credentials, helper, config] = VOLUMES.map(|name| format!("{name}{end}"));
        Self { sidecar: format!("{SIDECAR}{end}"), certificate, credentials, helper, config }
    }
}

/// Whether a container of this name is a sidecar of ours.
pub fn is_sidecar(name: &str) -> bool {
    is_named(name, SIDECAR)
}

/// Whether a volume of this name is ours.
pub fn is_volume(name: &str) -> bool {
    VOLUMES.iter().any(|ours| is_named(name, ours))
}

fn is_named(name: &str, ours: &str) -> bool {
    name.strip_prefix(ours).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// What a pod gets of a member, with a sidecar of these settings. `user` is the one that the application's containers
/// run as, where the sidecar must be the same.
pub fn pod_change(member: &Member<'_>, seat: Seat, settings: &Sidecar, user: Option<i64>) -> PodChange {
    let names = if seat.is_shared { Names::shared(&member.bound.binding.workload) } else { Names::single() };
    let settings = Sidecar { port: seat.port, ..settings.clone() };
    let (sidecar, command) = match settings.delivery {
        Delivery::Process => (None, json!(sidecar::credential_process(member, &settings))),
        Delivery::Endpoint | Delivery::File => {
            let container = sidecar::container(member, &settings, &names, user);
            let args = json!(container.args);
            (Some(value(&container)), args)
        }
    };
    PodChange {
        sidecar,
        style: settings.style,
        port: (settings.delivery == Delivery::Endpoint).then_some(settings.port),
        waits_for_aws: settings.style == SidecarStyle::Native
            && settings.startup == Startup::Credentials
            && settings.delivery != Delivery::Process,
        secret: member.has_certificate().then(|| member.certificate_name()),
        volumes: delivery::volumes(member, &settings, &names).iter().map(value).collect(),
        mounts: delivery::mounts(&settings, &names).iter().map(value).collect(),
        environment: delivery::environment(member, &settings, member.bound.binding.environment.trailing_slash),
        config_hash: config_hash(member, &command),
        name: names.sidecar,
    }
}

fn value(part: &impl Serialize) -> Value {
    ordered(serde_json::to_value(part).expect("parts of a pod have only text keys"))
}

/// Over what a running pod would not notice: the ARNs, which it reads at its start, and the key's algorithm, which
/// the helper fixes at its start. Never over the certificate.
fn config_hash(member: &Member<'_>, command: &Value) -> String {
    let identity = &member.bound.identity;
    let inputs = json!({
        "trustAnchor": identity.trust_anchor.as_str(),
        "profile": identity.profile.as_str(),
        "role": identity.role.as_str(),
        "args": command,
        "algorithm": algorithm(member.bound.binding.certificate.algorithm),
    });
    let digest = Sha256::digest(inputs.to_string());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
