//! Paths and users in a pod.

use crate::config::Delivery;

/// Where the certificate is mounted.
pub(super) const MOUNT: &str = "/var/run/secrets/iam-ra";

/// The user of the helper's image.
/// <https://github.com/aws/rolesanywhere-credential-helper/blob/main/docker_image_resources/Dockerfile>
pub(super) const USER: i64 = 65_532;

/// Where the helper writes the file that SDKs read.
pub(super) const CREDENTIALS: &str = "/var/run/secrets/iam-ra-credentials";

/// Where the sidecar writes the token for container credentials.
pub(super) const TOKEN: &str = "/var/run/secrets/iam-ra-token";

/// Where the helper's image is in an application that starts the helper itself.
pub(super) const HELPER: &str = "/opt/iam-ra";

/// Where such an application finds the SDK's configuration.
pub(super) const CONFIG: &str = "/etc/iam-ra";

/// The key of the ConfigMap that has it.
pub(super) const CONFIG_KEY: &str = "config";

pub(super) fn certificate_file() -> String {
    format!("{MOUNT}/tls.crt")
}

/// Where the certificate of a further identity is mounted in the sidecar, by the name of its volume.
pub(super) fn further_mount(volume: &str) -> String {
    format!("/var/run/secrets/{volume}")
}

/// The file with the token for container credentials.
pub(super) fn token_file() -> String {
    format!("{TOKEN}/token")
}

/// The credentials file that the sidecar writes; if it writes none, the output of `update --once` is discarded.
pub(super) fn credentials_file(delivery: Delivery) -> String {
    if delivery == Delivery::File { format!("{CREDENTIALS}/credentials") } else { "/dev/null".to_owned() }
}
