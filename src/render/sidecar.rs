//! The credential helper as a container.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapKeySelector, Container, EnvVar, EnvVarSource, ExecAction, Probe, ResourceRequirements,
    SeccompProfile, SecurityContext,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::delivery;
use super::object::config_map_name;
use super::pod::Names;
use crate::arn::Arn;
use crate::config::{Delivery, PullPolicy, Sidecar, SidecarStyle, Startup};
use crate::helper::PROGRAM;
use crate::plan::Member;

/// Where the certificate is mounted.
pub(super) const MOUNT: &str = "/var/run/secrets/iam-ra";
/// The user of the helper's image.
pub(super) const USER: i64 = 65_532;

/// The sidecar of a workload with these settings. It runs as `user` where that matters to the application.
pub(super) fn container(member: &Member<'_>, settings: &Sidecar, names: &Names, user: Option<i64>) -> Container {
    let binding = &member.bound.binding;
    let mut env: Vec<_> = ["TRUST_ANCHOR_ARN", "PROFILE_ARN", "ROLE_ARN"]
        .into_iter()
        .map(|key| from_config_map(&config_map_name(&binding.workload), key))
        .collect();
    env.extend(variables(settings));
    Container {
        name: names.sidecar.clone(),
        image: Some(settings.image.clone()),
        image_pull_policy: settings.pull_policy.map(|policy| pull_policy(policy).to_owned()),
        restart_policy: (settings.style == SidecarStyle::Native).then(|| "Always".to_owned()),
        args: Some(arguments(member, settings)),
        env: Some(env),
        startup_probe: startup_probe(member, settings),
        resources: Some(ResourceRequirements {
            requests: quantities(&settings.requests),
            limits: quantities(&settings.limits),
            ..ResourceRequirements::default()
        }),
        security_context: Some(SecurityContext {
            read_only_root_filesystem: Some(true),
            ..restricted(user.or(settings.fixed_user.then_some(USER)))
        }),
        volume_mounts: Some(delivery::sidecar_mounts(settings, names)),
        ..Container::default()
    }
}

/// What the sidecar does. The kubelet fills in the variables.
fn arguments(member: &Member<'_>, settings: &Sidecar) -> Vec<String> {
    let serves = settings.delivery == Delivery::Endpoint;
    let mut args = vec![if serves { "serve" } else { "update" }.to_owned()];
    args.extend(identity_flags(["$(TRUST_ANCHOR_ARN)", "$(PROFILE_ARN)", "$(ROLE_ARN)"]));
    args.extend(session_flags(member, settings));
    if serves {
        // Answers that live one hop reach this pod and nobody else.
        args.extend([format!("--port={}", settings.port), format!("--hop-limit={}", settings.hop_limit)]);
    }
    args
}

/// The command with which an application asks for credentials itself. Nobody fills in variables there.
pub(super) fn credential_process(member: &Member<'_>, settings: &Sidecar) -> Vec<String> {
    let mut command = [PROGRAM, "credential-process"].map(str::to_owned).to_vec();
    command.extend(identity_flags(arns(member)));
    command.extend(session_flags(member, settings));
    command
}

/// What holds the application back until there is something to ask.
fn startup_probe(member: &Member<'_>, settings: &Sidecar) -> Option<Probe> {
    let command: Vec<String> = match settings.startup {
        Startup::None => return None,
        Startup::Certificate => {
            [PROGRAM, "read-certificate-data", "--certificate", &certificate_file()].map(str::to_owned).to_vec()
        }
        Startup::Credentials => {
            // A probe's command expands no variables, so the ARNs stand here themselves.
            let mut command = [PROGRAM, "update", "--once"].map(str::to_owned).to_vec();
            command.extend(identity_flags(arns(member)));
            command.extend(session_flags(member, settings));
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

fn arns<'m>(member: &'m Member<'_>) -> [&'m str; 3] {
    let identity = &member.bound.identity;
    [&identity.trust_anchor, &identity.profile, &identity.role].map(Arn::as_str)
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

/// How a session is asked for, at the start of a pod and later.
fn session_flags(member: &Member<'_>, settings: &Sidecar) -> Vec<String> {
    let mut flags = vec![format!("--session-duration={}", member.bound.binding.role.session.seconds())];
    flags.extend(settings.role_session_name.iter().map(|name| format!("--role-session-name={name}")));
    flags.extend(settings.endpoint.url.iter().map(|url| format!("--endpoint={url}")));
    flags.extend(settings.proxy.iter().map(|_| "--with-proxy".to_owned()));
    flags.extend(settings.extra_args.iter().cloned());
    flags
}

/// Variables of the helper itself, beside the ARNs. Where it finds FIPS and IPv6 is the rule of AWS's own SDK.
fn variables(settings: &Sidecar) -> Vec<EnvVar> {
    let on = |name: &str, is_on: bool| is_on.then(|| (name.to_owned(), "true".to_owned()));
    let writes = settings.startup == Startup::Credentials || settings.delivery == Delivery::File;
    let file = || ("AWS_SHARED_CREDENTIALS_FILE".to_owned(), delivery::credentials_file(settings.delivery));
    let set = [
        writes.then(file),
        on("AWS_USE_FIPS_ENDPOINT", settings.endpoint.fips),
        on("AWS_USE_DUALSTACK_ENDPOINT", settings.endpoint.dual_stack),
        settings.proxy.clone().map(|proxy| ("HTTPS_PROXY".to_owned(), proxy)),
    ];
    let theirs = settings.env.iter().map(|(name, value)| (name.clone(), value.clone()));
    let all = set.into_iter().flatten().chain(theirs);
    all.map(|(name, value)| EnvVar { name, value: Some(value), value_from: None }).collect()
}

/// The policy, as Kubernetes spells it.
pub(super) fn pull_policy(policy: PullPolicy) -> &'static str {
    match policy {
        PullPolicy::Always => "Always",
        PullPolicy::IfNotPresent => "IfNotPresent",
        PullPolicy::Never => "Never",
    }
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

/// Everything that Pod Security `restricted` asks for. Without a user, it is the image's or the one that the cluster gives.
pub(super) fn restricted(user: Option<i64>) -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
        run_as_group: user,
        run_as_non_root: Some(true),
        run_as_user: user,
        seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
        ..SecurityContext::default()
    }
}
