//! How credentials reach the application: the volumes that its pod gets, and what each of its containers sees of them.

use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, EmptyDirVolumeSource, ImageVolumeSource, KeyToPath, SecretVolumeSource, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::object::config_map_name;
use super::pod::{ENVIRONMENT, Names};
use super::{csi, sidecar};
use crate::config::{CertificateVolume, Delivery, Sidecar};
use crate::plan::Member;

/// Where the helper writes the file that SDKs read.
const CREDENTIALS: &str = "/var/run/secrets/iam-ra-credentials";
/// Where the helper's image is in an application that starts the helper itself.
const HELPER: &str = "/opt/iam-ra";
/// Where such an application finds the SDK's configuration.
const CONFIG: &str = "/etc/iam-ra";
/// The key of the ConfigMap that has it.
pub(super) const CONFIG_KEY: &str = "config";

/// The volumes of the pod.
pub(super) fn volumes(member: &Member<'_>, settings: &Sidecar, names: &Names) -> Vec<Volume> {
    let certificate = certificate(member, names);
    match settings.delivery {
        Delivery::Endpoint => vec![certificate],
        Delivery::File => {
            let in_memory = EmptyDirVolumeSource {
                medium: Some("Memory".to_owned()),
                size_limit: Some(Quantity("1Mi".to_owned())),
                ..EmptyDirVolumeSource::default()
            };
            let file = Volume { name: names.credentials.clone(), empty_dir: Some(in_memory), ..Volume::default() };
            vec![certificate, file]
        }
        Delivery::Process => {
            let helper = ImageVolumeSource {
                reference: Some(settings.image.clone()),
                pull_policy: settings.pull_policy.map(|policy| sidecar::pull_policy(policy).to_owned()),
            };
            let config = ConfigMapVolumeSource {
                name: config_map_name(&member.bound.binding.workload),
                items: Some(vec![file(CONFIG_KEY)]),
                ..ConfigMapVolumeSource::default()
            };
            vec![
                certificate,
                Volume { name: names.helper.clone(), image: Some(helper), ..Volume::default() },
                Volume { name: names.config.clone(), config_map: Some(config), ..Volume::default() },
            ]
        }
    }
}

/// The volume with the workload's certificate and key.
pub(super) fn certificate(member: &Member<'_>, names: &Names) -> Volume {
    let volume = Volume { name: names.certificate.clone(), ..Volume::default() };
    match member.bound.binding.certificate.volume {
        CertificateVolume::Secret => Volume {
            secret: Some(SecretVolumeSource {
                secret_name: Some(member.certificate_name()),
                // Read by the helper's user without touching the pod's fsGroup.
                // 0444, in decimal because YAML readers disagree on octal numbers.
                default_mode: Some(0o444),
                items: Some(["tls.crt", "tls.key"].map(file).to_vec()),
                ..SecretVolumeSource::default()
            }),
            ..volume
        },
        CertificateVolume::Csi => Volume { csi: Some(csi::source(member)), ..volume },
    }
}

fn file(name: &str) -> KeyToPath {
    KeyToPath { key: name.to_owned(), path: name.to_owned(), ..KeyToPath::default() }
}

/// What the sidecar sees: the certificate, and the file that it writes.
pub(super) fn sidecar_mounts(settings: &Sidecar, names: &Names) -> Vec<VolumeMount> {
    let mut mounts = vec![mount(&names.certificate, sidecar::MOUNT)];
    if settings.delivery == Delivery::File {
        mounts.push(VolumeMount { read_only: None, ..mount(&names.credentials, CREDENTIALS) });
    }
    mounts
}

/// What the application's containers see. With an endpoint, nothing: the key stays in the sidecar.
pub(super) fn mounts(settings: &Sidecar, names: &Names) -> Vec<VolumeMount> {
    match settings.delivery {
        Delivery::Endpoint => Vec::new(),
        Delivery::File => vec![mount(&names.credentials, CREDENTIALS)],
        Delivery::Process => {
            vec![mount(&names.certificate, sidecar::MOUNT), mount(&names.helper, HELPER), mount(&names.config, CONFIG)]
        }
    }
}

fn mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount { name: name.to_owned(), mount_path: path.to_owned(), read_only: Some(true), ..VolumeMount::default() }
}

/// The file of credentials that the sidecar writes; where it writes none, what `update --once` writes goes nowhere.
pub(super) fn credentials_file(delivery: Delivery) -> String {
    if delivery == Delivery::File { format!("{CREDENTIALS}/credentials") } else { "/dev/null".to_owned() }
}

/// What an SDK needs to find its credentials, and the region that no helper can tell it.
pub(super) fn environment(
    member: &Member<'_>,
    settings: &Sidecar,
    trailing_slash: bool,
) -> Vec<(&'static str, String)> {
    let region = region(member);
    let regions = [("AWS_REGION", region.clone()), ("AWS_DEFAULT_REGION", region.clone())];
    match settings.delivery {
        Delivery::Endpoint => {
            let slash = if trailing_slash { "/" } else { "" };
            let values = [
                format!("http://127.0.0.1:{}{slash}", settings.port),
                region.clone(),
                region,
                // The helper refuses the first version of the protocol; SDKs should not try it.
                "true".to_owned(),
                // A renewal happens inside the request: boto's default of one second and one attempt is too little.
                "5".to_owned(),
                "3".to_owned(),
            ];
            ENVIRONMENT.iter().copied().zip(values).collect()
        }
        Delivery::File => {
            let file = ("AWS_SHARED_CREDENTIALS_FILE", credentials_file(settings.delivery));
            [file].into_iter().chain(regions).collect()
        }
        Delivery::Process => {
            let file = ("AWS_CONFIG_FILE", format!("{CONFIG}/{CONFIG_KEY}"));
            // Older SDKs, for which this is, read no configuration without being told to.
            let load = ("AWS_SDK_LOAD_CONFIG", "1".to_owned());
            [file, load].into_iter().chain(regions).collect()
        }
    }
}

fn region(member: &Member<'_>) -> String {
    let declared = member.bound.binding.environment.region.as_deref();
    declared.unwrap_or(&member.bound.identity.trust_anchor.region).to_owned()
}

/// The SDK's configuration of an application that starts the helper itself.
pub(super) fn sdk_config(member: &Member<'_>) -> String {
    let command = sidecar::credential_process(member, &member.bound.binding.sidecar).join(" ");
    let region = region(member);
    format!("[default]\nregion = {region}\ncredential_process = {HELPER}{command}\n")
}
