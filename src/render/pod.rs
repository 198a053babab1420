//! The additions to a pod template: the sidecar, the certificate's volume, variables for the application, and a hash.

use serde::Serialize;
use serde_json::{Value, json};

use super::names::{Keepers, Names};
use super::order::ordered;
use super::serving::Serving;
use super::spelling::algorithm;
use super::{command, container, environment, volumes};
use crate::config::{Delivery, Sidecar, SidecarStyle, Startup};
use crate::digest::sha256_hex;
use crate::plan::{Placement, PlannedWorkload};

/// The additions to one pod template for one identity.
#[derive(Debug, Clone, PartialEq)]
pub struct PodChange {
    /// The sidecar's name.
    pub name: String,
    /// The sidecar container; none where the application starts the helper itself, or another identity's serves it.
    pub sidecar: Option<Value>,
    /// Whether the sidecar of another identity serves it.
    pub is_served_by_another: bool,
    /// How credentials reach the application.
    pub delivery: Delivery,
    /// How it is part of the pod.
    pub style: SidecarStyle,
    /// The port on which it listens.
    pub port: Option<u16>,
    /// What the application's containers wait for.
    pub startup: Startup,
    /// The Secret with the certificate and its key, where there is one.
    pub secret: Option<String>,
    /// The names by which other objects could mount the key.
    pub keepers: Keepers,
    /// Volumes of the pod.
    pub volumes: Vec<Value>,
    /// The mounts of the application's containers.
    pub mounts: Vec<Value>,
    /// Variables for the application's containers: name and value.
    pub environment: Vec<(&'static str, String)>,
    /// The hash over everything that needs a restart.
    pub config_hash: String,
}

impl PodChange {
    /// Whether credentials are available before the pod's init containers run: from a sidecar among them, or without one.
    pub fn is_early(&self) -> bool {
        self.style == SidecarStyle::Native || self.delivery == Delivery::Process
    }

    /// Whether the sidecar is a plain container for which the others wait: it must be the first of them.
    pub fn is_first(&self) -> bool {
        self.style == SidecarStyle::Container && self.startup != Startup::None
    }
}

/// The names in a pod by which other objects could mount the key.
pub fn keepers(planned: &PlannedWorkload<'_>, placement: Placement) -> Keepers {
    Names::of(&planned.binding().workload, placement.sharing).keepers()
}

/// The additions for a planned workload, with these sidecar settings. `user` is the user of the application's
/// containers, if the sidecar must run as the same.
pub fn pod_change(
    planned: &PlannedWorkload<'_>,
    placement: Placement,
    settings: &Sidecar,
    user: Option<i64>,
    serving: Serving<'_, '_, '_>,
) -> PodChange {
    let names = Names::of(&planned.binding().workload, placement.sharing);
    let settings = Sidecar { port: placement.port, ..settings.clone() };
    let (sidecar, command) = match (settings.delivery, serving) {
        (Delivery::Process, _) => (None, json!(command::credential_process(planned, &settings))),
        (_, Serving::Itself(further)) => {
            let container = container::sidecar(planned, &settings, &names, user, further);
            let args = json!(container.args);
            (Some(value(&container)), args)
        }
        (_, Serving::First(_)) => (None, json!(command::session_flags(planned, &settings))),
    };
    let is_served_by_another = matches!(serving, Serving::First(_));
    let address = environment::address(planned, &settings, serving, planned.binding().environment.trailing_slash);
    PodChange {
        sidecar,
        is_served_by_another,
        delivery: settings.delivery,
        style: settings.style,
        port: settings.delivery.is_served().then(|| serving.port(&settings)),
        startup: if settings.delivery == Delivery::Process { Startup::None } else { settings.startup },
        secret: planned.has_certificate().then(|| planned.certificate_name()),
        volumes: volumes::volumes(planned, &settings, &names, !is_served_by_another).iter().map(value).collect(),
        mounts: volumes::mounts(&settings, &names).iter().map(value).collect(),
        environment: environment::variables(planned, settings.delivery, address),
        config_hash: config_hash(planned, &command),
        keepers: names.keepers(),
        name: names.sidecar,
    }
}

#[expect(clippy::expect_used, reason = "all its keys are text")]
fn value(part: &impl Serialize) -> Value {
    ordered(serde_json::to_value(part).expect("parts of a pod have only text keys"))
}

/// The hash of settings whose change a running pod would not notice: the ARNs, which it reads at startup, and the key's
/// algorithm, which the helper determines at startup. The certificate is never included.
/// <https://github.com/aws/rolesanywhere-credential-helper/blob/main/aws_signing_helper/file_system_signer.go>
fn config_hash(planned: &PlannedWorkload<'_>, command: &Value) -> String {
    let identity = &planned.identity();
    let inputs = json!({
        "trustAnchor": identity.trust_anchor.as_str(),
        "profile": identity.profile.as_str(),
        "role": identity.role.as_str(),
        "args": command,
        "algorithm": algorithm(planned.binding().certificate.algorithm),
    });
    let mut hash = sha256_hex(inputs.to_string());
    hash.truncate(16);
    hash
}
