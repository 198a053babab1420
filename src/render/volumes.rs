//! The volumes that are added to a pod, and their mounts.

use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, EmptyDirVolumeSource, ImageVolumeSource, KeyToPath, SecretVolumeSource, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::layout::{CONFIG, CONFIG_KEY, CREDENTIALS, HELPER, MOUNT, TOKEN, further_mount};
use super::names::Names;
use super::{csi, spelling};
use crate::config::{CertificateVolume, Delivery, Sidecar};
use crate::name;
use crate::plan::PlannedWorkload;

/// The volumes of the pod. What the sidecar writes comes with the identity that has the sidecar.
pub(super) fn volumes(
    planned: &PlannedWorkload<'_>,
    settings: &Sidecar,
    names: &Names,
    has_sidecar: bool,
) -> Vec<Volume> {
    let certificate = certificate(planned, names);
    match settings.delivery {
        Delivery::Container if has_sidecar => vec![certificate, in_memory(&names.token)],
        Delivery::Endpoint | Delivery::Container => vec![certificate],
        Delivery::File => vec![certificate, in_memory(&names.credentials)],
        Delivery::Process => {
            let helper = ImageVolumeSource {
                reference: Some(settings.image.clone()),
                pull_policy: settings.pull_policy.map(|policy| spelling::pull_policy(policy).to_owned()),
            };
            let config = ConfigMapVolumeSource {
                name: name::of_config_map(&planned.binding().workload),
                items: Some(vec![file(CONFIG_KEY)]),
                ..ConfigMapVolumeSource::default()
            };
            vec![
                certificate,
                // <https://kubernetes.io/docs/tasks/configure-pod-container/image-volumes/>
                Volume { name: names.helper.clone(), image: Some(helper), ..Volume::default() },
                Volume { name: names.config.clone(), config_map: Some(config), ..Volume::default() },
            ]
        }
    }
}

/// A volume for what the sidecar writes.
fn in_memory(name: &str) -> Volume {
    let source = EmptyDirVolumeSource {
        medium: Some("Memory".to_owned()),
        size_limit: Some(Quantity("1Mi".to_owned())),
        ..EmptyDirVolumeSource::default()
    };
    Volume { name: name.to_owned(), empty_dir: Some(source), ..Volume::default() }
}

/// The volume with the workload's certificate and key.
pub(super) fn certificate(planned: &PlannedWorkload<'_>, names: &Names) -> Volume {
    let volume = Volume { name: names.certificate.clone(), ..Volume::default() };
    match planned.binding().certificate.volume {
        CertificateVolume::Secret => Volume {
            secret: Some(SecretVolumeSource {
                secret_name: Some(planned.certificate_name()),
                // The helper's user can read it without a change to the pod's fsGroup.
                // 0444, in decimal because YAML parsers disagree on octal numbers.
                // <https://yaml.org/type/int.html> and <https://yaml.org/spec/1.2.2/#103-core-schema>
                default_mode: Some(0o444),
                items: Some(["tls.crt", "tls.key"].map(file).to_vec()),
                ..SecretVolumeSource::default()
            }),
            ..volume
        },
        CertificateVolume::Csi => Volume { csi: Some(csi::source(planned)), ..volume },
    }
}

fn file(name: &str) -> KeyToPath {
    KeyToPath { key: name.to_owned(), path: name.to_owned(), ..KeyToPath::default() }
}

/// The mounts of the sidecar: the certificates, and where it writes.
pub(super) fn sidecar_mounts(settings: &Sidecar, names: &Names, further: &[Names]) -> Vec<VolumeMount> {
    let mut mounts = vec![mount(&names.certificate, MOUNT)];
    mounts.extend(further.iter().map(|other| mount(&other.certificate, &further_mount(&other.certificate))));
    let written = match settings.delivery {
        Delivery::Endpoint | Delivery::Process => None,
        Delivery::Container => Some(mount(&names.token, TOKEN)),
        Delivery::File => Some(mount(&names.credentials, CREDENTIALS)),
    };
    mounts.extend(written.map(|mount| VolumeMount { read_only: None, ..mount }));
    mounts
}

/// The mounts of the application's containers. None with an endpoint: the key stays in the sidecar.
pub(super) fn mounts(settings: &Sidecar, names: &Names) -> Vec<VolumeMount> {
    match settings.delivery {
        Delivery::Endpoint => Vec::new(),
        Delivery::Container => vec![mount(&names.token, TOKEN)],
        Delivery::File => vec![mount(&names.credentials, CREDENTIALS)],
        Delivery::Process => {
            vec![mount(&names.certificate, MOUNT), mount(&names.helper, HELPER), mount(&names.config, CONFIG)]
        }
    }
}

fn mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount { name: name.to_owned(), mount_path: path.to_owned(), read_only: Some(true), ..VolumeMount::default() }
}
