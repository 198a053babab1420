//! Calls to services without their SDK, made with the SDKs' common parts: credentials, signatures, retries, time limits
//! and proxies.

use std::error::Error;
use std::fmt;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_sdk_ssm::error::{ErrorMetadata, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{AuthSchemeOptionResolverParams, SharedAuthScheme};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use aws_types::service_config::ServiceConfigKey;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use super::busy::Busy;
use super::failure;

/// Everything but what RFC 3986 calls unreserved.
/// <https://www.rfc-editor.org/rfc/rfc3986#section-2.3>
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The defaults for every call, including those of the SDKs.
pub(super) fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// One call.
pub(super) struct Call {
    /// The service, as people call it.
    pub(super) service: &'static str,
    /// The operation.
    pub(super) operation: &'static str,
    /// Its endpoint, without a trailing slash.
    pub(super) endpoint: String,
    pub(super) method: &'static str,
    /// The path, and the query behind it.
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    /// Whether the answer is a file of somebody's, whose type may be any.
    pub(super) gives_file: bool,
    pub(super) signed: Signed,
}

/// Who signs a call.
pub(super) enum Signed {
    /// By the caller. It is sent once.
    Already,
    /// With the account's credentials, for a service of this name in a region. It is retried if that may help.
    By {
        /// As signatures call the service.
        name: &'static str,
        /// Where it is signed for.
        region: String,
        /// Signing options that are specific to the service.
        options: SigningOptions,
    },
}

/// The error response of a service.
#[derive(Debug)]
pub(super) struct Refused(ErrorMetadata);

impl Refused {
    /// The error's name and words, from a header, from JSON or from XML.
    pub(super) fn read(response: &HttpResponse) -> Self {
        let body = text(response);
        let json: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
        let header = response.headers().get("x-amzn-errortype").map(|kind| kind.split(':').next().unwrap_or(kind));
        let code = header.or_else(|| json.get("__type")?.as_str()).or_else(|| element(&body, "Code"));
        let message = json.get("message").and_then(Value::as_str).or_else(|| element(&body, "Message"));
        let mut metadata = ErrorMetadata::builder();
        if let Some(code) = code {
            metadata = metadata.code(code);
        }
        if let Some(message) = message {
            metadata = metadata.message(message);
        }
        Self(metadata.build())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Refused {}

impl ProvideErrorMetadata for Refused {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

/// Makes a call, and gives what is answered.
pub(super) async fn send(config: &SdkConfig, call: Call) -> Result<String, SdkError<Refused>> {
    let mut operation = Operation::builder()
        .service_name(call.service)
        .operation_name(call.operation)
        .behavior_version(behavior())
        .http_client(config.http_client().ok_or_else(|| lacks("HTTP client"))?)
        .sleep_impl(config.sleep_impl().ok_or_else(|| lacks("timer"))?)
        .timeout_config(config.timeout_config().cloned().ok_or_else(|| lacks("time limit"))?)
        .endpoint_url(&call.endpoint);
    operation = match call.signed {
        Signed::Already => operation.no_auth().no_retry(),
        Signed::By { name, region, options } => operation
            .runtime_plugin(signing(config, name, region, options))
            .standard_retry(config.retry_config().ok_or_else(|| lacks("limit of tries"))?)
            .retry_classifier(AwsErrorCodeClassifier::<Refused>::new())
            .retry_classifier(TransientErrorClassifier::<Refused>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .retry_classifier(Busy::of(config)),
    };
    let mut request = HttpRequest::new(SdkBody::from(call.body));
    request.set_method(call.method).map_err(SdkError::construction_failure)?;
    request.set_uri(call.path).map_err(SdkError::construction_failure)?;
    for (name, value) in call.headers {
        request.headers_mut().try_insert(name, value).map_err(SdkError::construction_failure)?;
    }
    let serialized = move |()| request.try_clone().ok_or_else(|| "the request cannot be sent again".into());
    let answered = move |response: &HttpResponse| {
        let refused = || OrchestratorError::operation(Refused::read(response));
        let is_answer = response.status().is_success() && (call.gives_file || failure::foreign(response).is_none());
        if is_answer { Ok(text(response)) } else { Err(refused()) }
    };
    operation.serializer(serialized).deserializer(answered).build().invoke(()).await
}

/// A setting is missing that every session sets.
fn lacks(what: &str) -> SdkError<Refused> {
    SdkError::construction_failure(format!("the settings have no {what}"))
}

/// Signature Version 4 with the account's credentials.
fn signing(config: &SdkConfig, name: &'static str, region: String, options: SigningOptions) -> StaticRuntimePlugin {
    let mut layer = Layer::new("signature");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig {
        region: Some(SigningRegion::from(Region::new(region))),
        name: Some(SigningName::from(name)),
        signing_options: options,
        ..SigV4OperationSigningConfig::default()
    });
    let mut components = RuntimeComponentsBuilder::new("signature");
    components.set_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])));
    components.push_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()));
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials));
    }
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

fn text(response: &HttpResponse) -> String {
    String::from_utf8_lossy(response.body().bytes().unwrap_or_default()).into_owned()
}

/// The text of the first element with this name. The responses that are read here have no attributes and nothing nested
/// there.
pub(super) fn element<'t>(xml: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(content, _)| content)
}

/// The texts of all elements with this name.
pub(super) fn elements(xml: &str, name: &str) -> Vec<String> {
    let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
    let texts = xml.split(&begin).skip(1).filter_map(|rest| rest.split_once(&end).map(|(text, _)| text));
    texts.map(unescaped).collect()
}

/// <https://www.w3.org/TR/xml/#sec-predefined-ent>
fn unescaped(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#34;", "\""), ("&#39;", "'")];
    let text = entities.into_iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain));
    text.replace("&amp;", "&")
}

/// The endpoint that is configured for a service, for all of AWS, or neither.
pub(super) fn configured_endpoint(config: &SdkConfig, service: &str) -> Option<String> {
    let key =
        ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
    let own = config.service_config().and_then(|settings| settings.load_config(key));
    own.or_else(|| config.endpoint_url().map(str::to_owned)).map(|url| url.trim_end_matches('/').to_owned())
}

/// Percent-encoded, as signatures want it.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The text that was percent-encoded.
pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        for text in ["app", "a+b=c,d.e@f-g", "{\"Version\": \"2012-10-17\"}", "ü%", "a~b_c"] {
            assert_eq!(decoded(&encoded(text)), text);
        }
        assert_eq!(encoded("a/b c~-_.ü"), "a%2Fb%20c~-_.%C3%BC");
    }

    #[test]
    fn elements_are_read_with_their_entities() {
        let xml =
            "<Tags><member><Key>a</Key><Value>b&amp;lt; &lt;c&gt;</Value></member><member><Key>d</Key></member></Tags>";
        assert_eq!(elements(xml, "Key"), ["a", "d"]);
        assert_eq!(elements(xml, "Value"), ["b&lt; <c>"]);
        assert_eq!(elements("<Key>cut", "Key"), [] as [&str; 0]);
    }

    #[test]
    fn refusals_are_read_from_headers_json_and_xml() {
        let xml = "<?xml version=\"1.0\"?>\n<Error><Code>No</Code><Message>Not now.</Message></Error>";
        let cases = [
            (None, xml, Some("No"), Some("Not now.")),
            (None, r#"{"__type": "No", "message": "Not now."}"#, Some("No"), Some("Not now.")),
            (Some("No:http://internal/"), r#"{"message": "Not now."}"#, Some("No"), Some("Not now.")),
            (None, "neither", None, None),
            (None, "<Code>", None, None),
        ];
        for (header, body, code, message) in cases {
            let mut response = HttpResponse::new(400.try_into().expect("a status"), SdkBody::from(body));
            if let Some(header) = header {
                response.headers_mut().insert("x-amzn-errortype", header);
            }
            let refused = Refused::read(&response);
            assert_eq!((refused.code(), refused.message()), (code, message), "{header:?} {body}");
        }
    }
}
