//! The users that read the credentials file. Only the helper's own user can read it, so the application must run as the
//! same user.
//! <https://github.com/aws/rolesanywhere-credential-helper/blob/main/aws_signing_helper/update.go>

use std::collections::BTreeSet;

use super::pod::{Container, Pod};
use crate::config::{Binding, Delivery, Sidecar, SidecarStyle};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Object, ResourceRef};
use crate::workload::Workload;
use crate::yaml::NodeRef;

/// The users of the containers that read a credentials file.
pub(super) enum FileReaders {
    /// No container reads a file, or the cluster assigns one user to all containers of a pod.
    Any,
    /// All of them run as this user, which can then be the sidecar's too.
    One(i64),
    /// The superuser, who reads everything.
    Root,
    /// The manifests do not say.
    Unknown,
    /// They differ.
    Several,
}

impl FileReaders {
    /// The users of the containers that a binding selects.
    pub(super) fn of(workload: &Workload, object: &Object<'_>, binding: &Binding, settings: &Sidecar) -> Self {
        if settings.delivery != Delivery::File {
            return Self::Any;
        }
        let (document, prefix) = (&object.document, &object.prefix);
        let pod = Pod { document, prefix, place: &workload.place, is_one_of_several: false };
        // Errors in container names are reported where the containers are patched.
        let target = workload.resource_ref();
        let is_early = settings.style == SidecarStyle::Native;
        let containers = pod.select(&binding.containers, is_early, &binding.place, &target, &mut Report::default());
        let users: BTreeSet<_> = containers.iter().map(|container| user(pod, container)).collect();
        match users.into_iter().collect::<Vec<_>>().as_slice() {
            [Some(0)] => Self::Root,
            [Some(user)] => Self::One(*user),
            [None] | [] if settings.fixed_user => Self::Unknown,
            [None] | [] => Self::Any,
            _ => Self::Several,
        }
    }

    /// The user that the sidecar must run as.
    pub(super) fn one(&self) -> Option<i64> {
        if let Self::One(user) = self { Some(*user) } else { None }
    }

    /// Reports when only the sidecar could read the file.
    pub(super) fn check(&self, target: &ResourceRef, pod: Pod<'_>, report: &mut Report) {
        let (diagnostic, help) = match self {
            Self::Any | Self::One(_) | Self::Root => return,
            Self::Unknown => {
                let message = "the user of the containers is not known, and only the sidecar's user can read the \
                               credentials file";
                let help = "set `runAsUser` in the pod's `securityContext`; the sidecar then runs as the same user";
                (Diagnostic::warning(Code::UnreadableCredentials, message), help)
            }
            Self::Several => {
                let message = "the containers run as different users, and only one user can read the credentials file";
                let help = "run them as one user, or list those that do under `containers`";
                (Diagnostic::error(Code::UnreadableCredentials, message), help)
            }
        };
        report.push(diagnostic.at(Place::Item(target.clone(), pod.place.spec.clone())).help(help));
    }
}

fn user(pod: Pod<'_>, container: &Container<'_>) -> Option<i64> {
    let own = container.node.get("securityContext").and_then(|it| it.get("runAsUser")).and_then(NodeRef::text);
    let whole = || pod.node(&pod.spec("securityContext.runAsUser")).and_then(NodeRef::text);
    own.or_else(whole)?.parse().ok()
}
