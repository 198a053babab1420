//! Values as Kubernetes and cert-manager spell them.

use crate::config::{KeyAlgorithm, PullPolicy};

/// The algorithm's name, as cert-manager spells it.
/// <https://github.com/cert-manager/cert-manager/blob/master/pkg/apis/certmanager/v1/types_certificate.go>
pub(super) fn algorithm(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::Rsa => "RSA",
        KeyAlgorithm::Ecdsa => "ECDSA",
    }
}

/// The policy, as Kubernetes spells it.
/// <https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy>
pub(super) fn pull_policy(policy: PullPolicy) -> &'static str {
    match policy {
        PullPolicy::Always => "Always",
        PullPolicy::IfNotPresent => "IfNotPresent",
        PullPolicy::Never => "Never",
    }
}
