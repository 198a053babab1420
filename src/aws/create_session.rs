//! CreateSession of IAM Roles Anywhere, signed with a certificate's key as the credential helper does: the ARNs in the
//! query, every header signed. No SDK has this call.

use aws_config::SdkConfig;
use aws_sdk_rolesanywhere::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_sdk_ssm::error::{ProvideErrorMetadata as _, SdkError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::Progress;
use super::busy::retry_after;
use super::calls::Account;
use super::failure::{self, Asked};
use super::given::{Declined, Granted, Issued, Presented};
use super::http::{self, Call, Signed};
use super::login::Connection;
use super::session::Session;

use crate::digest::{hex, sha256_hex};
use crate::resolve::{Identity, NoAnswer};
use crate::resource::Refusal;
use crate::secret::Secret;

const SERVICE: &str = "IAM Roles Anywhere";

impl Session {
    /// Asks for a session once.
    ///
    /// # Errors
    /// There was no response.
    pub fn create_session(
        &self,
        identity: &Identity,
        presented: &Presented<'_>,
        progress: &Progress<'_>,
    ) -> Result<Result<Granted, Refusal>, NoAnswer> {
        let account = Account { profile: None, assume_role: None, region: Some(presented.region.to_owned()) };
        let asked = async { ask(&self.config(&account).await, identity, presented).await };
        let answered = self.one(progress, asked)?;
        Ok(answered.map(|issued| issued.granted).map_err(|declined| declined.refusal))
    }
}

/// Asks once.
pub(super) async fn ask(
    config: &Connection,
    identity: &Identity,
    presented: &Presented<'_>,
) -> Result<Result<Issued, Declined>, NoAnswer> {
    let endpoint = endpoint(config, presented.region).await.ok_or_else(failure::no_region)?;
    let call = request(endpoint, identity, presented).ok_or_else(failure::no_region)?;
    let asked = Asked { service: SERVICE, permission: "CreateSession", region: presented.region, login: &config.login };
    match http::send(config, call).await {
        Ok(answer) => issued(&answer).map(Ok).ok_or_else(|| failure::unreadable(&asked)),
        // What is not of AWS is no refusal of AWS.
        Err(SdkError::ServiceError(refused)) if failure::foreign(refused.raw()).is_none() => {
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            let (response, why) = (refused.raw(), refused.err());
            Ok(Err(Declined {
                refusal: Refusal {
                    status: response.status().as_u16(),
                    kind: text(why.code()),
                    message: text(why.message()),
                },
                retry_after: retry_after(response),
            }))
        }
        Err(error) => Err(failure::of(&error, &asked)),
    }
}

/// The session of an answer that has all of it.
fn issued(answer: &str) -> Option<Issued> {
    let json: Value = serde_json::from_str(answer).ok()?;
    let text = |of_set: &str| {
        let text = json.pointer(&format!("/credentialSet/0/{of_set}"))?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    Some(Issued {
        granted: Granted { arn: text("assumedRoleUser/arn")?, expiration: text("credentials/expiration")? },
        access_key_id: Secret::new(text("credentials/accessKeyId")?),
        secret_access_key: Secret::new(text("credentials/secretAccessKey")?),
        session_token: Secret::new(text("credentials/sessionToken")?),
    })
}

async fn endpoint(config: &SdkConfig, region: &str) -> Option<String> {
    if let Some(url) = http::configured_endpoint(config, "RolesAnywhere") {
        return Some(url);
    }
    let params = Params::builder().region(region).use_fips(config.use_fips().unwrap_or(false));
    let params = params.use_dual_stack(config.use_dual_stack().unwrap_or(false)).build().ok()?;
    DefaultResolver::new().resolve_endpoint(&params).await.ok().map(|endpoint| endpoint.url().to_owned())
}

/// The signed request; `None` when there is nothing to sign with.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html>
/// <https://github.com/aws/rolesanywhere-credential-helper/blob/main/aws_signing_helper/signer.go>
fn request(endpoint: String, identity: &Identity, presented: &Presented<'_>) -> Option<Call> {
    let (leaf, behind) = presented.chain.split_first()?;
    let mut body = Map::from_iter([("durationSeconds".to_owned(), json!(presented.seconds))]);
    body.extend(presented.session_name.map(|name| ("roleSessionName".to_owned(), json!(name))));
    let body = Value::Object(body).to_string();
    let host = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, host)| host);
    let (date, time) = (presented.now.date(), presented.now.time());
    let day = format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day());
    let at = format!("{day}T{:02}{:02}{:02}Z", time.hour(), time.minute(), time.second());
    // Sorted by name, as they are signed.
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("host".to_owned(), host.to_owned()),
        ("x-amz-date".to_owned(), at.clone()),
        ("x-amz-x509".to_owned(), STANDARD.encode(&leaf.der)),
    ];
    if !behind.is_empty() {
        let chain: Vec<_> = behind.iter().map(|certificate| STANDARD.encode(&certificate.der)).collect();
        headers.push(("x-amz-x509-chain".to_owned(), chain.join(",")));
    }
    let query: Vec<_> =
        [("profileArn", &identity.profile), ("roleArn", &identity.role), ("trustAnchorArn", &identity.trust_anchor)]
            .map(|(name, arn)| format!("{name}={}", http::encoded(arn.as_str())))
            .to_vec();
    let query = query.join("&");
    let names = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let canonical = format!("POST\n/sessions\n{query}\n{lines}\n{names}\n{}", sha256_hex(&body));
    let scope = format!("{day}/{}/rolesanywhere/aws4_request", presented.region);
    let algorithm = presented.key.algorithm();
    let signature = presented.key.sign(format!("{algorithm}\n{at}\n{scope}\n{}", sha256_hex(&canonical)).as_bytes())?;
    let signature = hex(&signature);
    let authorization =
        format!("{algorithm} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", leaf.serial);
    headers.push(("authorization".to_owned(), authorization));
    let path = format!("/sessions?{query}");
    let (method, operation, signed) = ("POST", "CreateSession", Signed::Already);
    Some(Call { service: SERVICE, operation, endpoint, method, path, headers, body, gives_file: false, signed })
}
