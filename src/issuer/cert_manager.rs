//! Who makes requests for cert-manager, as its Helm charts install it.

use super::value::Issuer;

/// The namespace of cert-manager and its drivers.
/// <https://cert-manager.io/docs/installation/helm/>
pub const CERT_MANAGER: &str = "cert-manager";

/// The service account of its controller, which makes the request of each Certificate.
/// <https://github.com/cert-manager/cert-manager/blob/master/deploy/charts/cert-manager/templates/serviceaccount.yaml>
pub const CONTROLLER: &str = "cert-manager";

/// The service account of its CSI driver, which makes the request of each volume.
/// <https://github.com/cert-manager/csi-driver/blob/main/deploy/charts/csi-driver/templates/serviceaccount.yaml>
pub const CSI_DRIVER: &str = "cert-manager-csi-driver";

/// Its namespace: where the Secrets of ClusterIssuers are, as far as the declaration says it.
pub fn home_of_cert_manager(issuer: &Issuer) -> &str {
    issuer.secret_home.as_deref().unwrap_or(CERT_MANAGER)
}
