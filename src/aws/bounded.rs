//! Limits the size of responses: something that responds in place of AWS may send data without end.

use aws_sdk_ssm::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

/// Far larger than ten parameters of 8 KB, a page of a list, or iam-ra's state document in S3.
/// <https://docs.aws.amazon.com/general/latest/gr/ssm.html>
const LARGEST: usize = 8 << 20;

/// The error text of a call whose response was too large.
pub(super) const TOO_LARGE: &str = "a response of more than 8 MB";

/// An HTTP client that reads complete responses, up to [`LARGEST`] bytes.
#[derive(Debug)]
pub(super) struct Bounded(pub(super) SharedHttpClient);

impl HttpClient for Bounded {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector(self.0.http_connector(settings, components)))
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

#[derive(Debug)]
struct Connector(SharedHttpConnector);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move { whole(answer.await?).await })
    }
}

async fn whole(mut response: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let mut stream = ByteStream::new(response.take_body());
    let mut body = Vec::new();
    while let Some(part) = stream.next().await {
        let part = part.map_err(|error| ConnectorError::io(error.into()))?;
        if body.len() + part.len() > LARGEST {
            return Err(ConnectorError::user(TOO_LARGE.into()));
        }
        body.extend_from_slice(&part);
    }
    *response.body_mut() = SdkBody::from(body);
    Ok(response)
}
