//! How an application's SDK finds its credentials, and the region, which the helper does not provide.

use super::command::credential_process;
use super::layout::{CONFIG, CONFIG_KEY, HELPER, credentials_file, token_file};
use super::serving::Serving;
use crate::config::{Delivery, Sidecar};
use crate::plan::PlannedWorkload;

/// The variables that an application with an endpoint gets, in this order.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html>
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html>
pub const ENVIRONMENT: &[&str] = &[
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_V1_DISABLED",
    "AWS_METADATA_SERVICE_TIMEOUT",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
];

/// The path of container credentials at the port of their role; with a name behind it, those of another one.
const CONTAINER: &str = "/v1/credentials";

/// Where an application asks for its credentials, if it asks the sidecar.
pub(super) fn address(
    planned: &PlannedWorkload<'_>,
    settings: &Sidecar,
    serving: Serving<'_, '_, '_>,
    trailing_slash: bool,
) -> String {
    let path = match (settings.delivery, serving) {
        (Delivery::Container, Serving::First(_)) => format!("{CONTAINER}/{}", planned.binding().workload),
        (Delivery::Container, Serving::Itself(_)) => CONTAINER.to_owned(),
        // <https://github.com/aws/aws-cli/issues/9281>
        _ => if trailing_slash { "/" } else { "" }.to_owned(),
    };
    format!("http://127.0.0.1:{}{path}", serving.port(settings))
}

/// The variables that an SDK needs to find its credentials, and the region, which the helper does not provide.
pub(super) fn variables(
    planned: &PlannedWorkload<'_>,
    delivery: Delivery,
    address: String,
) -> Vec<(&'static str, String)> {
    let region = region(planned);
    let regions = [("AWS_REGION", region.clone()), ("AWS_DEFAULT_REGION", region.clone())];
    match delivery {
        Delivery::Endpoint => {
            let values = [
                address,
                region.clone(),
                region,
                // The helper rejects IMDSv1, so SDKs should not try it.
                // <https://github.com/aws/rolesanywhere-credential-helper/blob/main/aws_signing_helper/serve.go>
                "true".to_owned(),
                // The helper renews during the request: boto's default of one second and one attempt is too little.
                // <https://boto3.amazonaws.com/v1/documentation/api/latest/guide/configuration.html>
                "5".to_owned(),
                "3".to_owned(),
            ];
            ENVIRONMENT.iter().copied().zip(values).collect()
        }
        Delivery::Container => {
            // <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
            let uri = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", address);
            let token = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token_file());
            [uri, token].into_iter().chain(regions).collect()
        }
        Delivery::File => {
            // <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>
            let path = credentials_file(delivery);
            let file = ("AWS_SHARED_CREDENTIALS_FILE", path.clone());
            // The Java SDK v1 uses a different variable.
            // <https://docs.aws.amazon.com/sdk-for-java/v1/developer-guide/credentials.html>
            let java = ("AWS_CREDENTIAL_PROFILES_FILE", path);
            // The JavaScript SDK v2 reads the file only if it may load a configuration file, and that file exists.
            // <https://docs.aws.amazon.com/sdk-for-javascript/v2/developer-guide/setting-region.html>
            let javascript = [("AWS_SDK_LOAD_CONFIG", "1".to_owned()), ("AWS_CONFIG_FILE", "/dev/null".to_owned())];
            [file, java].into_iter().chain(javascript).chain(regions).collect()
        }
        Delivery::Process => {
            let file = ("AWS_CONFIG_FILE", format!("{CONFIG}/{CONFIG_KEY}"));
            // The older SDKs that this mode is for load no configuration file unless told to.
            // <https://github.com/aws/aws-sdk-go/blob/main/aws/session/doc.go>
            let load = ("AWS_SDK_LOAD_CONFIG", "1".to_owned());
            [file, load].into_iter().chain(regions).collect()
        }
    }
}

fn region(planned: &PlannedWorkload<'_>) -> String {
    let declared = planned.binding().environment.region.as_deref();
    declared.unwrap_or(&planned.identity().trust_anchor.region).to_owned()
}

/// The SDK's configuration of an application that starts the helper itself.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>
pub(super) fn sdk_config(planned: &PlannedWorkload<'_>) -> String {
    let command = credential_process(planned, &planned.binding().sidecar).join(" ");
    let region = region(planned);
    format!("[default]\nregion = {region}\ncredential_process = {HELPER}{command}\n")
}
