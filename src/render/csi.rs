//! A certificate from cert-manager's CSI driver: requested when a pod starts, kept in its node's memory, renewed in
//! place.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::CSIVolumeSource;

use super::layout::USER;
use super::spelling::algorithm;
use crate::plan::PlannedWorkload;

/// The driver's name, which is also the prefix of its attributes.
pub const DRIVER: &str = "csi.cert-manager.io";

/// The attributes' names: <https://github.com/cert-manager/csi-driver/blob/main/pkg/apis/v1alpha1/types.go>
pub(super) fn source(planned: &PlannedWorkload<'_>) -> CSIVolumeSource {
    let binding = &planned.binding();
    let settings = &binding.certificate;
    let issuer = binding.issuer.issuer_ref.clone();
    let mut attributes = vec![
        ("issuer-name", issuer.name),
        ("issuer-kind", issuer.kind),
        ("issuer-group", issuer.group),
        ("common-name", settings.common_name.clone()),
        ("duration", settings.duration.to_string()),
        ("renew-before", settings.renew_before.to_string()),
        ("key-usages", binding.issuer.usages.join(",")),
        ("key-algorithm", algorithm(settings.algorithm).to_owned()),
        ("key-size", settings.size.to_string()),
    ];
    // Lists are separated by commas, which no name has: session tags cannot.
    let lists = [
        ("organizations", &settings.organizations),
        ("organizationalunits", &settings.organizational_units),
        ("uri-sans", &settings.uris),
    ];
    attributes.extend(lists.iter().filter(|(_, all)| !all.is_empty()).map(|(name, all)| (*name, all.join(","))));
    if binding.sidecar.fixed_user {
        // Only root and this group can read the driver's files. Without a fixed user, it is the pod's fsGroup.
        // <https://github.com/cert-manager/csi-lib/blob/main/storage/filesystem.go>
        attributes.push(("fs-group", USER.to_string()));
    }
    let attributes = attributes.into_iter().map(|(name, value)| (format!("{DRIVER}/{name}"), value));
    CSIVolumeSource {
        driver: DRIVER.to_owned(),
        read_only: Some(true),
        volume_attributes: Some(attributes.collect::<BTreeMap<_, _>>()),
        ..CSIVolumeSource::default()
    }
}
