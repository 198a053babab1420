//! The credential helper as a container.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapKeySelector, Container, EnvVar, EnvVarSource, ExecAction, Probe, ResourceRequirements,
    SeccompProfile, SecurityContext, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::object::config_map_name;
use super::pod::{SIDECAR, VOLUME};
use crate::arn::Arn;
use crate::config::{Sidecar, SidecarStyle, Startup};
use crate::plan::Member;

/// Where the certificate is mounted.
const MOUNT: &str = "/var/run/secrets/iam-ra";
/// The only program in the helper's image, which has no shell.
const HELPER: &str = "/usr/local/bin/aws_signing_helper";
/// The user of the helper's image.
const USER: i64 = 65_532;

/// The sidecar of a workload with these settings.
pub(super) fn container(member: &Member<'_>, settings: &Sidecar) -> Container {
    let binding = &member.bound.binding;
    let mut env: Vec<_> = ["TRUST_ANCHOR_ARN", "PROFILE_ARN", "ROLE_ARN"]
        .into_iter()
        .map(|key| from_config_map(&config_map_name(&binding.workload), key))
        .collect();
    if settings.startup == Startup::Credentials {
        // `update --once` writes the credentials that it got into this file.
        env.push(EnvVar {
            name: "AWS_SHARED_CREDENTIALS_FILE".to_owned(),
            value: Some("/dev/null".to_owned()),
            ..EnvVar::default()
        });
    }
    Container {
        name: SIDECAR.to_owned(),
        image: Some(settings.image.clone()),
        restart_policy: (settings.style == SidecarStyle::Native).then(|| "Always".to_owned()),
        args: Some(serve(member, settings.port)),
        env: Some(env),
        startup_probe: startup_probe(member, settings.startup),
        resources: Some(ResourceRequirements {
            requests: quantities(&settings.requests),
            limits: quantities(&settings.limits),
            ..ResourceRequirements::default()
        }),
        security_context: Some(SecurityContext { read_only_root_filesystem: Some(true), ..restricted(USER) }),
        volume_mounts: Some(vec![VolumeMount {
            name: VOLUME.to_owned(),
            mount_path: MOUNT.to_owned(),
            read_only: Some(true),
            ..VolumeMount::default()
        }]),
        ..Container::default()
    }
}

/// The arguments of the credentials endpoint. The kubelet fills in the variables.
fn serve(member: &Member<'_>, port: u16) -> Vec<String> {
    let mut args = vec!["serve".to_owned()];
    args.extend(identity_flags(["$(TRUST_ANCHOR_ARN)", "$(PROFILE_ARN)", "$(ROLE_ARN)"]));
    args.push(session_flag(member));
    // Answers that live one hop reach this pod and nobody else.
    args.extend([format!("--port={port}"), "--hop-limit=1".to_owned()]);
    args
}

/// What holds the application back until there is something to ask.
fn startup_probe(member: &Member<'_>, startup: Startup) -> Option<Probe> {
    let identity = &member.bound.identity;
    let command: Vec<String> = match startup {
        Startup::None => return None,
        Startup::Certificate => {
            [HELPER, "read-certificate-data", "--certificate", &certificate_file()].map(str::to_owned).to_vec()
        }
        Startup::Credentials => {
            // A probe's command expands no variables, so the ARNs stand here themselves.
            let arns = [&identity.trust_anchor, &identity.profile, &identity.role].map(Arn::as_str);
            let mut command = [HELPER, "update", "--once"].map(str::to_owned).to_vec();
            command.extend(identity_flags(arns));
            command.push(session_flag(member));
            command
        }
    };
    Some(Probe {
        exec: Some(ExecAction { command: Some(command) }),
        // Three minutes for a first certificate and a first session; AWS takes ten new sessions a second.
        period_seconds: Some(10),
        timeout_seconds: Some(10),
        failure_threshold: Some(18),
        ..Probe::default()
    })
}

fn certificate_file() -> String {
    format!("{MOUNT}/tls.crt")
}

fn identity_flags(arns: [&str; 3]) -> [String; 5] {
    let [trust_anchor, profile, role] = arns;
    [
        format!("--certificate={}", certificate_file()),
        format!("--private-key={MOUNT}/tls.key"),
        format!("--trust-anchor-arn={trust_anchor}"),
        format!("--profile-arn={profile}"),
        format!("--role-arn={role}"),
    ]
}

fn session_flag(member: &Member<'_>) -> String {
    format!("--session-duration={}", member.bound.binding.role.session.seconds())
}

fn from_config_map(config_map: &str, key: &str) -> EnvVar {
    EnvVar {
        name: key.to_owned(),
        value_from: Some(EnvVarSource {
            config_map_key_ref: Some(ConfigMapKeySelector {
                name: config_map.to_owned(),
                key: key.to_owned(),
                optional: None,
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    }
}

fn quantities(amounts: &BTreeMap<String, String>) -> Option<BTreeMap<String, Quantity>> {
    let amounts: BTreeMap<_, _> = amounts.iter().map(|(name, it)| (name.clone(), Quantity(it.clone()))).collect();
    (!amounts.is_empty()).then_some(amounts)
}

/// Everything that Pod Security `restricted` asks for.
pub(super) fn restricted(user: i64) -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
        run_as_group: Some(user),
        run_as_non_root: Some(true),
        run_as_user: Some(user),
        seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
        ..SecurityContext::default()
    }
}
