//! The credential helper's command lines.

use super::layout::{MOUNT, certificate_file};
use crate::arn::Arn;
use crate::config::{Delivery, Sidecar};
use crate::helper::PROGRAM;
use crate::plan::PlannedWorkload;

/// The arguments of the sidecar. The kubelet expands the variables.
/// <https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/>
/// <https://github.com/aws/rolesanywhere-credential-helper/blob/main/cmd/serve.go>
pub(super) fn arguments(planned: &PlannedWorkload<'_>, settings: &Sidecar) -> Vec<String> {
    let serves = settings.delivery == Delivery::Endpoint;
    let mut args = vec![if serves { "serve" } else { "update" }.to_owned()];
    args.extend(identity_flags(["$(TRUST_ANCHOR_ARN)", "$(PROFILE_ARN)", "$(ROLE_ARN)"]));
    args.extend(session_flags(planned, settings));
    if serves {
        // Responses with a hop limit of 1 reach only this pod.
        args.extend([format!("--port={}", settings.port), format!("--hop-limit={}", settings.hop_limit)]);
    }
    args
}

/// The command with which an application requests credentials itself. Variables are not expanded there.
pub(super) fn credential_process(planned: &PlannedWorkload<'_>, settings: &Sidecar) -> Vec<String> {
    let mut command = [PROGRAM, "credential-process"].map(str::to_owned).to_vec();
    command.extend(identity_flags(arns(planned)));
    command.extend(session_flags(planned, settings));
    command
}

/// Checks that a first session can be created. A probe's or a hook's command does not expand variables from a ConfigMap, so
/// it contains the ARNs. <https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/prober/prober.go>
pub(super) fn update_once(planned: &PlannedWorkload<'_>, settings: &Sidecar) -> Vec<String> {
    let mut command = [PROGRAM, "update", "--once"].map(str::to_owned).to_vec();
    command.extend(identity_flags(arns(planned)));
    command.extend(session_flags(planned, settings));
    command
}

/// Checks that there is a readable certificate.
pub(super) fn read_certificate() -> Vec<String> {
    [PROGRAM, "read-certificate-data", "--certificate", &certificate_file()].map(str::to_owned).to_vec()
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
fn session_flags(planned: &PlannedWorkload<'_>, settings: &Sidecar) -> Vec<String> {
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
