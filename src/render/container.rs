//! The credential helper as a container.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapKeySelector, Container, EnvVar, EnvVarSource, ExecAction, Lifecycle, LifecycleHandler,
    Probe, ResourceRequirements, SeccompProfile, SecurityContext,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::layout::{USER, credentials_file};
use super::names::Names;
use super::serving::Further;
use super::spelling::pull_policy;
use super::{command, volumes};
use crate::config::{Delivery, Sidecar, SidecarStyle, Startup};
use crate::helper::Proof;
use crate::name;
use crate::plan::{PlannedWorkload, Sharing};

/// The sidecar of a workload with these settings, which serves further ones too. It runs as `user` if the application
/// requires that.
pub(super) fn sidecar(
    planned: &PlannedWorkload<'_>,
    settings: &Sidecar,
    names: &Names,
    user: Option<i64>,
    further: &[Further<'_, '_>],
) -> Container {
    let is_native = settings.style == SidecarStyle::Native;
    let identities = std::iter::once(planned).chain(further.iter().map(|it| it.planned));
    let mut env: Vec<_> = identities.enumerate().flat_map(|(index, planned)| arns(planned, index)).collect();
    env.extend(variables(settings));
    let others: Vec<_> = further.iter().map(|it| Names::of(it.workload(), Sharing::Together)).collect();
    Container {
        name: names.sidecar.clone(),
        image: Some(settings.image.clone()),
        image_pull_policy: settings.pull_policy.map(|policy| pull_policy(policy).to_owned()),
        // <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>
        restart_policy: is_native.then(|| "Always".to_owned()),
        args: Some(command::arguments(planned, settings, further)),
        env: Some(env),
        startup_probe: gate(planned, settings).filter(|_| is_native).map(probe),
        lifecycle: gate(planned, settings).filter(|_| !is_native).map(hook),
        resources: Some(ResourceRequirements {
            requests: quantities(&settings.requests),
            limits: quantities(&settings.limits),
            ..ResourceRequirements::default()
        }),
        security_context: Some(SecurityContext {
            read_only_root_filesystem: Some(true),
            ..restricted(user.or(settings.fixed_user.then_some(USER)))
        }),
        volume_mounts: Some(volumes::sidecar_mounts(settings, names, &others)),
        ..Container::default()
    }
}

/// The command that makes the application wait for the sidecar until it succeeds. docs/design/006-startup.md says how.
fn gate(planned: &PlannedWorkload<'_>, settings: &Sidecar) -> Option<ExecAction> {
    let command = match settings.startup {
        Startup::None => return None,
        Startup::Certificate => command::read_certificate(settings)?,
        Startup::Credentials => command::proof(planned, settings),
    };
    Some(ExecAction { command: Some(command) })
}

/// The kubelet starts what comes after a native sidecar when its startup probe has succeeded.
fn probe(exec: ExecAction) -> Probe {
    Probe {
        exec: Some(exec),
        period_seconds: Some(2),
        timeout_seconds: Some(10),
        failure_threshold: Some(30),
        ..Probe::default()
    }
}

/// The kubelet starts the containers after a plain one when its hook has ended.
/// <https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kuberuntime/kuberuntime_container.go>
fn hook(exec: ExecAction) -> Lifecycle {
    Lifecycle {
        post_start: Some(LifecycleHandler { exec: Some(exec), ..LifecycleHandler::default() }),
        ..Lifecycle::default()
    }
}

/// Variables of the helper itself, in addition to the ARNs. Those for FIPS and IPv6 are the AWS SDK's.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html>
fn variables(settings: &Sidecar) -> Vec<EnvVar> {
    let on = |name: &str, is_on: bool| is_on.then(|| (name.to_owned(), "true".to_owned()));
    let asks = matches!(settings.helper.can().proof, Proof::Session(_));
    let writes = asks && settings.startup == Startup::Credentials || settings.delivery == Delivery::File;
    let file = || ("AWS_SHARED_CREDENTIALS_FILE".to_owned(), credentials_file(settings.delivery));
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

/// The variables with the ARNs of an identity, from its ConfigMap.
fn arns(planned: &PlannedWorkload<'_>, index: usize) -> [EnvVar; 3] {
    let config_map = name::of_config_map(&planned.binding().workload);
    ["TRUST_ANCHOR_ARN", "PROFILE_ARN", "ROLE_ARN"]
        .map(|key| from_config_map(&command::numbered(key, index), &config_map, key))
}

fn from_config_map(name: &str, config_map: &str, key: &str) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
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

/// Everything that Pod Security `restricted` requires. Without a user, the image's or the cluster's is used.
/// <https://kubernetes.io/docs/concepts/security/pod-security-standards/>
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
