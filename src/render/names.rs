//! The names of emitted objects and of additions to a pod, and the labels and annotations that mark them as iamra's.

use crate::plan::Sharing;

/// The label that says who manages an object, as Kubernetes recommends it.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>
pub(super) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Its value on emitted objects. It is for information only: kustomize and Helm overwrite it.
pub(super) const MANAGER: &str = "iamra";

/// The annotation on a patched workload that names its identities.
pub const WORKLOAD: &str = "iamra.dev/workload";

/// The annotation that names the workload an object is emitted for. It marks the object as owned.
pub const GENERATED_FOR: &str = "iamra.dev/generated-for";

/// The annotation that names the scope an object is emitted for. It marks the object as owned.
pub const SCOPE: &str = "iamra.dev/scope";

/// The annotation of a cluster-wide object that names the namespace that it is about.
pub const NAMESPACE: &str = "iamra.dev/namespace";

/// The annotation on a generator's configuration that asks for a stamp of this name.
pub const STAMP: &str = "iamra.dev/stamp";

/// The annotation on the pod template whose change restarts the pods.
pub const CONFIG_HASH: &str = "iamra.dev/config-hash";

/// The name of the added container, or its prefix if a pod has several.
const SIDECAR: &str = "iam-ra-sidecar";

/// The names of the added volumes, or their prefixes if a pod has several: the certificate, the file of credentials,
/// the helper's image, the SDK's configuration, the token for container credentials.
const VOLUMES: [&str; 5] = ["iam-ra-cert", "iam-ra-credentials", "iam-ra-helper", "iam-ra-sdk-config", "iam-ra-token"];

/// The names by which other objects could mount the key or the credentials.
#[derive(Debug, Clone, PartialEq)]
pub struct Keepers {
    /// The volume of the certificate with its key, the one of the file of credentials, and the one of the token for
    /// container credentials.
    pub volumes: [String; 3],
    /// The container that mounts them.
    pub sidecar: String,
}

/// The names used in one pod. If several identities share it, each has its own names, except for what is there once
/// because one sidecar serves them all.
pub(super) struct Names {
    pub(super) sidecar: String,
    pub(super) certificate: String,
    pub(super) credentials: String,
    pub(super) helper: String,
    pub(super) config: String,
    pub(super) token: String,
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

    /// In a pod that holds one identity, or several.
    pub(super) fn of(workload: &str, sharing: Sharing) -> Self {
        match sharing {
            Sharing::Alone => Self::single(),
            Sharing::Apart => Self::shared(workload),
            Sharing::Together => {
                let Self { sidecar, token, .. } = Self::single();
                Self { sidecar, token, ..Self::shared(workload) }
            }
        }
    }

    /// What holds the key, credentials or what gives them: volumes, and the container that mounts them.
    pub(super) fn keepers(&self) -> Keepers {
        let volumes = [&self.certificate, &self.credentials, &self.token].map(Clone::clone);
        Keepers { volumes, sidecar: self.sidecar.clone() }
    }

    fn ending_with(end: &str) -> Self {
        let [certificate, credentials, helper, config, token] = VOLUMES.map(|name| format!("{name}{end}"));
        Self { sidecar: format!("{SIDECAR}{end}"), certificate, credentials, helper, config, token }
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

/// The label of sample Pods: the workload that each is one of.
pub const SAMPLE: &str = "iamra.dev/sample";
