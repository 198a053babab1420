//! Values as Kubernetes and cert-manager spell them.

use crate::config::{KeyAlgorithm, PullPolicy};

/// The algorithm's name, as cert-manager spells it.
pub(super) fn algorithm(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::Rsa => "RSA",
        KeyAlgorithm::Ecdsa => "ECDSA",
    }
}

/// The policy, as Kubernetes spells it.
pub(super) fn pull_policy(policy: PullPolicy) -> &'static str {
    match policy {
        PullPolicy::Always => "Always",
        PullPolicy::IfNotPresent => "IfNotPresent",
        PullPolicy::Never => "Never",
    }
}
