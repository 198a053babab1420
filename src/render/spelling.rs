//! Values as Kubernetes and cert-manager spell them.

use crate::config::{KeyAlgorithm, PullPolicy};

/// Without `digital signature` a CA issuer writes no KeyUsage at all, and AWS refuses the certificate.
pub(super) const USAGES: [&str; 2] = ["digital signature", "client auth"];

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
