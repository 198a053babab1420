//! What a pod template gets: the sidecar, the certificate's volume, variables for the application, a hash.

use k8s_openapi::api::core::v1::{KeyToPath, SecretVolumeSource, Volume};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::object::algorithm;
use super::order::ordered;
use super::{csi, sidecar};
use crate::config::{CertificateVolume, Sidecar, SidecarStyle};
use crate::plan::{Member, Seat};

/// The name of the container that we add, and the beginning of it where a pod has several.
const SIDECAR: &str = "iam-ra-sidecar";
/// The name of the volume that we add, and the beginning of it where a pod has several.
const VOLUME: &str = "iam-ra-cert";
/// The annotation on the pod template whose change restarts the pods.
pub const CONFIG_HASH: &str = "iamra.dev/config-hash";

/// The variables that we set in the application's containers, in this order.
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
    /// The sidecar container.
    pub sidecar: Value,
    /// How it is part of the pod.
    pub style: SidecarStyle,
    /// Its port.
    pub port: u16,
    /// The certificate's volume.
    pub volume: Value,
    /// Variables for the application's containers: name and value.
    pub environment: Vec<(&'static str, String)>,
    /// The hash over everything that needs a restart.
    pub config_hash: String,
}

/// Names of ours in one pod. Where several identities share it, each has names of its own.
pub(super) struct Names {
    pub(super) sidecar: String,
    pub(super) volume: String,
}

impl Names {
    /// In a pod with a single identity.
    pub(super) fn single() -> Self {
        Self { sidecar: SIDECAR.to_owned(), volume: VOLUME.to_owned() }
    }

    fn shared(workload: &str) -> Self {
        // Names of containers have no dots.
        let workload = workload.replace('.', "-");
        Self { sidecar: format!("{SIDECAR}-{workload}"), volume: format!("{VOLUME}-{workload}") }
    }
}

/// Whether a container of this name is a sidecar of ours.
pub fn is_sidecar(name: &str) -> bool {
    is_named(name, SIDECAR)
}

/// Whether a volume of this name is ours.
pub fn is_volume(name: &str) -> bool {
    is_named(name, VOLUME)
}

fn is_named(name: &str, ours: &str) -> bool {
    name.strip_prefix(ours).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// What a pod gets of a member, with a sidecar of these settings.
pub fn pod_change(member: &Member<'_>, seat: Seat, settings: &Sidecar) -> PodChange {
    let workload = &member.bound.binding.workload;
    let names = if seat.is_shared { Names::shared(workload) } else { Names::single() };
    let settings = Sidecar { port: seat.port, ..settings.clone() };
    let sidecar = sidecar::container(member, &settings, &names);
    let sidecar = ordered(serde_json::to_value(sidecar).expect("containers have only text keys"));
    let volume = ordered(serde_json::to_value(volume(member, &names)).expect("volumes have only text keys"));
    PodChange {
        name: names.sidecar,
        config_hash: config_hash(member, &sidecar),
        sidecar,
        style: settings.style,
        port: settings.port,
        volume,
        environment: environment(member, settings.port, member.bound.binding.environment.trailing_slash),
    }
}

/// The volume with the workload's certificate and key.
pub(super) fn volume(member: &Member<'_>, names: &Names) -> Volume {
    let volume = Volume { name: names.volume.clone(), ..Volume::default() };
    match member.bound.binding.certificate.volume {
        CertificateVolume::Secret => Volume {
            secret: Some(SecretVolumeSource {
                secret_name: Some(member.certificate_name()),
                // Read by the helper's user without touching the pod's fsGroup, and mounted in the sidecar only.
                // 0444, in decimal because YAML readers disagree on octal numbers.
                default_mode: Some(0o444),
                items: Some(["tls.crt", "tls.key"].map(file).to_vec()),
                ..SecretVolumeSource::default()
            }),
            ..volume
        },
        CertificateVolume::Csi => Volume { csi: Some(csi::source(member)), ..volume },
    }
}

/// What an SDK needs to find the sidecar at this port, and the region that the sidecar cannot tell it.
pub(super) fn environment(member: &Member<'_>, port: u16, trailing_slash: bool) -> Vec<(&'static str, String)> {
    let bound = member.bound;
    let region = bound.binding.environment.region.as_deref().unwrap_or(&bound.identity.trust_anchor.region).to_owned();
    let slash = if trailing_slash { "/" } else { "" };
    let values = [
        format!("http://127.0.0.1:{port}{slash}"),
        region.clone(),
        region,
        // The helper refuses the first version of the protocol; SDKs should not try it.
        "true".to_owned(),
        // A renewal happens inside the request: boto's default of one second and one attempt is too little.
        "5".to_owned(),
        "3".to_owned(),
    ];
    ENVIRONMENT.iter().copied().zip(values).collect()
}

fn file(name: &str) -> KeyToPath {
    KeyToPath { key: name.to_owned(), path: name.to_owned(), ..KeyToPath::default() }
}

/// Over what a running pod would not notice: the ARNs, which it reads at its start, and the key's algorithm, which
/// the helper fixes at its start. Never over the certificate.
fn config_hash(member: &Member<'_>, sidecar: &Value) -> String {
    let identity = &member.bound.identity;
    let inputs = json!({
        "trustAnchor": identity.trust_anchor.as_str(),
        "profile": identity.profile.as_str(),
        "role": identity.role.as_str(),
        "args": sidecar["args"],
        "algorithm": algorithm(member.bound.binding.certificate.algorithm),
    });
    let digest = Sha256::digest(inputs.to_string());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
