//! The table of workload kinds. A new kind needs one row.

use crate::config::{Sidecar, SidecarStyle, Startup};
use crate::krm::group_of;
use crate::yaml::{FieldPath, NodeRef};

/// A kind of workload: its API group and name, and where its pod template is.
#[derive(Debug, PartialEq, Eq)]
pub struct WorkloadKind {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Where the pod template may be; the object itself when empty.
    templates: &'static [&'static str],
    sidecar: Allows,
}

/// Which sidecars a kind can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allows {
    /// Any.
    Any,
    /// A native one: pods that complete would wait for a plain container forever.
    /// <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>
    Native,
    /// A plain container without a probe: Knative rejects init containers, drops `restartPolicy` and allows probes only
    /// on the serving container, unless its operator enabled features.
    /// <https://github.com/knative/serving/blob/main/pkg/apis/config/features.go>
    Plain,
}

const fn row(
    group: &'static str,
    kind: &'static str,
    template: &'static [&'static str],
    sidecar: Allows,
) -> WorkloadKind {
    WorkloadKind { group, kind, templates: template, sidecar }
}

const TEMPLATE: &[&str] = &["spec.template"];

/// Every kind that iamra can patch without `podTemplatePath`. From <https://github.com/kubernetes/api>,
/// <https://github.com/argoproj/argo-rollouts>,
/// <https://github.com/knative/serving> and <https://github.com/openkruise/kruise-api>.
pub const KINDS: &[WorkloadKind] = &[
    row("apps", "Deployment", TEMPLATE, Allows::Any),
    row("apps", "StatefulSet", TEMPLATE, Allows::Any),
    row("apps", "DaemonSet", TEMPLATE, Allows::Any),
    row("apps", "ReplicaSet", TEMPLATE, Allows::Any),
    row("", "ReplicationController", TEMPLATE, Allows::Any),
    row("batch", "Job", TEMPLATE, Allows::Native),
    row("batch", "CronJob", &["spec.jobTemplate.spec.template"], Allows::Native),
    row("", "Pod", &[], Allows::Any),
    row("", "PodTemplate", &["template"], Allows::Any),
    row("argoproj.io", "Rollout", TEMPLATE, Allows::Any),
    row("serving.knative.dev", "Service", TEMPLATE, Allows::Plain),
    row("serving.knative.dev", "Configuration", TEMPLATE, Allows::Plain),
    row("apps.kruise.io", "CloneSet", TEMPLATE, Allows::Any),
    row("apps.kruise.io", "StatefulSet", TEMPLATE, Allows::Any),
    row("apps.kruise.io", "DaemonSet", TEMPLATE, Allows::Any),
    row("apps.kruise.io", "BroadcastJob", TEMPLATE, Allows::Native),
    row(
        "apps.kruise.io",
        "AdvancedCronJob",
        &["spec.template.jobTemplate.spec.template", "spec.template.broadcastJobTemplate.spec.template"],
        Allows::Native,
    ),
];

impl WorkloadKind {
    /// The row of a kind, if there is one.
    pub fn find(api_version: &str, kind: &str) -> Option<&'static Self> {
        let group = group_of(api_version);
        KINDS.iter().find(|row| row.kind == kind && row.group == group)
    }

    /// Where the pod template of an object of this kind is.
    pub fn template(&self, object: NodeRef<'_>) -> FieldPath {
        let mut paths = self.templates.iter().map(|dotted| FieldPath::keys(dotted));
        let first = paths.clone().next().unwrap_or_else(FieldPath::root);
        paths.find(|path| object.at(path).is_some()).unwrap_or(first)
    }

    /// Whether the pod template of an object of this kind can be there.
    pub fn has_template_at(&self, path: &FieldPath) -> bool {
        let listed = self.templates.iter().any(|dotted| FieldPath::keys(dotted) == *path);
        listed || self.templates.is_empty() && *path == FieldPath::root()
    }

    /// The sidecars that it can have.
    pub fn allows(&self) -> Allows {
        self.sidecar
    }
}

impl Allows {
    /// The declared settings, adapted to what the kind supports.
    pub fn fit(self, declared: &Sidecar) -> Sidecar {
        let declared = declared.clone();
        match self {
            Self::Any => declared,
            Self::Native => Sidecar { style: SidecarStyle::Native, ..declared },
            Self::Plain => Sidecar { style: SidecarStyle::Container, startup: Startup::None, ..declared },
        }
    }
}
