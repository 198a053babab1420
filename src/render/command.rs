//! The credential helper's command lines.

use super::layout::{MOUNT, certificate_file, further_mount, token_file};
use super::names::Names;
use super::serving::Further;
use crate::arn::Arn;
use crate::config::{Delivery, Sidecar, SidecarStyle};
use crate::helper::Proof;
use crate::plan::{PlannedWorkload, Sharing};

/// How long a plain container's hook waits for credentials, in seconds: as long as the probes of a native sidecar.
const WAIT: u32 = 60;

/// The arguments of the sidecar. The kubelet expands the variables.
/// <https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/>
/// <https://github.com/aws/rolesanywhere-credential-helper/blob/main/cmd/serve.go>
pub(super) fn arguments(planned: &PlannedWorkload<'_>, settings: &Sidecar, further: &[Further<'_, '_>]) -> Vec<String> {
    let mut args: Vec<_> = settings.command().map(str::to_owned).into_iter().collect();
    args.extend(identity_flags(["$(TRUST_ANCHOR_ARN)", "$(PROFILE_ARN)", "$(ROLE_ARN)"]));
    args.extend(session_flags(planned, settings));
    if settings.delivery.is_served() {
        // Responses with a hop limit of 1 reach only this pod.
        args.extend([format!("--port={}", settings.port), format!("--hop-limit={}", settings.hop_limit)]);
    }
    if !further.is_empty() {
        // Two roles of different accounts may have the same name.
        args.push(format!("--name={}", planned.binding().workload));
    }
    let numbered = further.iter().zip(1..);
    args.extend(numbered.map(|(it, index)| format!("--role={}", further_role(it, settings, index))));
    if settings.delivery == Delivery::Container {
        // Whoever has the token gets credentials, and nobody else.
        args.extend([format!("--token-file={}", token_file()), "--no-metadata".to_owned()]);
    }
    args
}

/// The name of an identity's variable: that of the first one has no number.
pub(super) fn numbered(key: &str, index: usize) -> String {
    if index == 0 { key.to_owned() } else { format!("{key}_{}", index + 1) }
}

/// A further role with its own certificate, as `iamra serve --role` takes it.
fn further_role(further: &Further<'_, '_>, settings: &Sidecar, index: usize) -> String {
    let binding = further.planned.binding();
    let folder = further_mount(&Names::of(&binding.workload, Sharing::Together).certificate);
    let variable = |key| format!("$({})", numbered(key, index));
    let mut parts = vec![
        variable("ROLE_ARN"),
        format!("profile={}", variable("PROFILE_ARN")),
        format!("trust-anchor={}", variable("TRUST_ANCHOR_ARN")),
        format!("certificate={folder}/tls.crt"),
        format!("private-key={folder}/tls.key"),
        format!("session-duration={}", binding.session().seconds()),
        format!("name={}", binding.workload),
    ];
    if binding.certificate.intermediates {
        parts.push(format!("intermediates={folder}/tls.crt"));
    }
    parts.extend(binding.sidecar.role_session_name.iter().map(|name| format!("role-session-name={name}")));
    if settings.delivery == Delivery::Endpoint {
        parts.push(format!("port={}", further.port));
    }
    parts.join(",")
}

/// The command with which an application requests credentials itself. Variables are not expanded there.
pub(super) fn credential_process(planned: &PlannedWorkload<'_>, settings: &Sidecar) -> Vec<String> {
    let mut command = vec![settings.helper.can().program.to_owned()];
    command.extend(settings.command().map(str::to_owned));
    command.extend(identity_flags(arns(planned)));
    command.extend(session_flags(planned, settings));
    command
}

/// Checks that there are first credentials. A probe's or a hook's command does not expand variables from a ConfigMap, so
/// it contains the ARNs. <https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/prober/prober.go>
pub(super) fn proof(planned: &PlannedWorkload<'_>, settings: &Sidecar) -> Vec<String> {
    let can = settings.helper.can();
    let (Proof::Session(words) | Proof::Running(words)) = can.proof;
    let mut command: Vec<_> = std::iter::once(&can.program).chain(words).map(|word| (*word).to_owned()).collect();
    match can.proof {
        Proof::Session(_) => {
            command.extend(identity_flags(arns(planned)));
            command.extend(session_flags(planned, settings));
        }
        Proof::Running(_) => {
            command.push(format!("--port={}", settings.port));
            // A probe is repeated, a hook is not.
            command.extend((settings.style == SidecarStyle::Container).then(|| format!("--wait={WAIT}")));
        }
    }
    command
}

/// Checks that there is a readable certificate.
pub(super) fn read_certificate(settings: &Sidecar) -> Option<Vec<String>> {
    let can = settings.helper.can();
    Some([can.program, can.certificate?, "--certificate", &certificate_file()].map(str::to_owned).to_vec())
}

fn arns<'m>(planned: &'m PlannedWorkload<'_>) -> [&'m str; 3] {
    let identity = &planned.identity();
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

/// The flags for requesting a session, at the start of a pod and later.
pub(super) fn session_flags(planned: &PlannedWorkload<'_>, settings: &Sidecar) -> Vec<String> {
    let mut flags = vec![format!("--session-duration={}", planned.binding().session().seconds())];
    // The chain in the Secret begins with the workload's own certificate, which AWS accepts in it.
    // <https://github.com/aws/rolesanywhere-credential-helper/blob/main/aws_signing_helper/file_system_signer.go>
    let is_given = settings.extra_args.iter().any(|arg| arg.starts_with("--intermediates="));
    if planned.binding().certificate.intermediates && !is_given {
        flags.push(format!("--intermediates={}", certificate_file()));
    }
    flags.extend(settings.role_session_name.iter().map(|name| format!("--role-session-name={name}")));
    flags.extend(settings.endpoint.url.iter().map(|url| format!("--endpoint={url}")));
    flags.extend(settings.proxy.iter().map(|_| "--with-proxy".to_owned()));
    flags.extend(settings.extra_args.iter().cloned());
    flags
}
