//! Software with credential code of its own, which does not read what the AWS SDKs read.

use super::pod::Container;
use crate::config::{Delivery, Helper};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::ResourceRef;
use crate::quote::{quote, typed};
use crate::render::PodChange;
use crate::yaml::NodeRef;

/// Software, and how it can get credentials.
struct Software {
    name: &'static str,
    /// The last parts of the names of its images.
    images: &'static [&'static str],
    /// The deliveries that it reads, the recommended one first.
    reads: &'static [Delivery],
    /// A setting of its own that makes it use an AWS SDK.
    setting: Option<&'static str>,
}

/// What minio-go reads.
/// <https://github.com/minio/minio-go/blob/master/pkg/credentials/iam_aws.go>
const MINIO: &[Delivery] = &[Delivery::File, Delivery::Container];

/// Seen in the source of each; `docs/diagnostics/delivery-ignored.md` says more. A release that reads the endpoint ends a
/// row: tags do not always tell the release.
const SOFTWARE: &[Software] = &[
    // <https://github.com/fluent/fluent-bit/issues/10873>
    // <https://github.com/fluent/fluent-bit/blob/master/src/aws/flb_aws_credentials_profile.c>
    // <https://github.com/fluent/fluent-bit/blob/master/src/aws/flb_aws_credentials_http.c>
    Software {
        name: "Fluent Bit",
        images: &["fluent-bit", "aws-for-fluent-bit"],
        reads: &[Delivery::File, Delivery::Container, Delivery::Process],
        setting: None,
    },
    // <https://github.com/thanos-io/objstore/blob/main/providers/s3/s3.go>
    Software { name: "Thanos", images: &["thanos"], reads: MINIO, setting: Some("aws_sdk_auth") },
    // <https://grafana.com/docs/mimir/latest/configure/configuration-parameters/>
    Software { name: "Mimir", images: &["mimir"], reads: MINIO, setting: Some("native_aws_auth_enabled") },
    // <https://github.com/grafana/tempo/pull/6951>
    Software { name: "Tempo", images: &["tempo"], reads: MINIO, setting: None },
    // <https://github.com/pgbackrest/pgbackrest/issues/2430>
    Software { name: "pgBackRest", images: &["pgbackrest", "crunchy-pgbackrest"], reads: &[], setting: None },
    // <https://github.com/nginxinc/nginx-s3-gateway/blob/master/common/etc/nginx/include/awscredentials.js>
    Software {
        name: "the NGINX S3 gateway",
        images: &["nginx-s3-gateway", "nginx-oss-s3-gateway"],
        reads: &[],
        setting: None,
    },
];

/// Reports when a container's software is known to ignore how its credentials are delivered.
pub(super) fn check(
    container: &Container<'_>,
    change: &PodChange,
    helper: Helper,
    target: &ResourceRef,
    report: &mut Report,
) {
    let image = container.node.get("image").and_then(NodeRef::text).unwrap_or_default();
    let name = last_part(image);
    let row = SOFTWARE.iter().find(|row| row.images.contains(&name) && !row.reads.contains(&change.delivery));
    let Some(row) = row.filter(|row| !row.is_set(container)) else { return };
    let what = match change.delivery {
        Delivery::Endpoint => "does not read the address of the endpoint that has its credentials",
        Delivery::Container => "does not read the address of the container credentials that are its own",
        Delivery::File => "does not read the file that has its credentials",
        Delivery::Process => "does not start the process that gives it credentials",
    };
    let message = format!("container {} runs {}, which {what}", quote(&container.name), row.name);
    report.push(
        Diagnostic::warning(Code::DeliveryIgnored, message)
            .at(Place::Item(target.clone(), container.path.key("image")))
            .help(row.help(helper)),
    );
}

impl Software {
    /// Whether the container itself has the setting, as a flag, as a variable or in a configuration among its arguments.
    fn is_set(&self, container: &Container<'_>) -> bool {
        let Some(setting) = self.setting else { return false };
        let text = container.node.to_value().to_string().replace('-', "_").to_ascii_lowercase();
        text.contains(setting)
    }

    /// What to do, as far as the helper can.
    fn help(&self, helper: Helper) -> String {
        let setting = self.setting.map(|name| {
            format!("set {} in its configuration, if it is not there", typed(&format_args!("{name}: true")))
        });
        let delivery = self.reads.iter().find(|delivery| helper.command(**delivery).is_some());
        let delivery =
            delivery.map(|delivery| format!("use {}", typed(&format_args!("sidecar.delivery: {}", delivery.name()))));
        match (setting, delivery) {
            (Some(setting), Some(delivery)) => format!("{setting}, or {delivery}"),
            (Some(setting), None) => setting,
            (None, Some(delivery)) => delivery,
            (None, None) => {
                "no delivery reaches it: list the container under `except`, and give it a key of its own".to_owned()
            }
        }
    }
}

/// The last part of an image's name, without registry, tag and digest.
/// <https://kubernetes.io/docs/concepts/containers/images/#image-names>
fn last_part(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or_default();
    let last = name.rsplit('/').next().unwrap_or_default();
    last.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_the_last_part_of_its_name() {
        for image in [
            "fluent-bit",
            "fluent/fluent-bit:4.0.9",
            "cr.fluentbit.io/fluent/fluent-bit",
            "mirror.example.com:5000/fluent-bit@sha256:0000",
            "mirror.example.com:5000/a/fluent-bit:4@sha256:0000",
        ] {
            assert_eq!(last_part(image), "fluent-bit", "{image}");
        }
        assert_eq!(last_part("fluent-bit/reader"), "reader");
    }
}
