//! What is answered: sessions for certificates, and whose a session is.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

pub(super) use super::signature::Sent;
use crate::certificate::{Certificate, rfc3339};
use crate::digest::hex;
use crate::quote::quote;
use crate::resolve::Identity;
use crate::secret::Secret;
use crate::serve::settings::Account;
use crate::serve::token::random;

/// How long sessions may last, in seconds.
const SECONDS: std::ops::RangeInclusive<i64> = 900..=43_200;

/// The ID of the role, in the form that AWS gives it.
const ROLE_ID: &str = "AROASTANDINSTANDINAA";

/// An answer, and what the log says about it.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) kind: &'static str,
    /// The name of the error, if it is one.
    pub(super) error: Option<&'static str>,
    pub(super) body: String,
    pub(super) log: Option<String>,
}

impl Answer {
    pub(super) fn refused(status: StatusCode, error: &'static str, why: &str) -> Self {
        let body = json!({"message": why}).to_string();
        let log = Some(format!("refused: {error}: {why}"));
        Self { status, kind: "application/json", error: Some(error), body, log }
    }
}

/// Why a request is refused.
struct Refused(StatusCode, &'static str, String);

fn denied(why: impl Into<String>) -> Refused {
    Refused(StatusCode::FORBIDDEN, "AccessDeniedException", why.into())
}

fn badly_signed(why: impl Into<String>) -> Refused {
    Refused(StatusCode::FORBIDDEN, "InvalidSignatureException", why.into())
}

fn wrong(why: &str) -> Refused {
    Refused(StatusCode::BAD_REQUEST, "ValidationException", why.to_owned())
}

/// A session that was created.
struct Session {
    secret: Secret,
    token: Secret,
    /// Its name, which is the serial number of the certificate.
    name: String,
    end: OffsetDateTime,
}

/// The account, and its sessions by the IDs of their access keys.
pub(super) struct Bank {
    account: Account,
    sessions: BTreeMap<String, Session>,
}

impl Bank {
    pub(super) fn new(account: Account) -> Self {
        Self { account, sessions: BTreeMap::new() }
    }

    pub(super) fn answer(&mut self, sent: &Sent, now: OffsetDateTime) -> Answer {
        let answer = match (sent.method.as_str(), sent.path.as_str()) {
            ("POST", "/sessions") => self.create_session(sent, now),
            ("POST", "/") => self.caller_identity(sent, now),
            _ => Err(Refused(StatusCode::NOT_FOUND, "UnknownOperationException", "there is nothing here".to_owned())),
        };
        answer.unwrap_or_else(|Refused(status, error, why)| Answer::refused(status, error, &why))
    }

    /// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html>
    fn create_session(&mut self, sent: &Sent, now: OffsetDateTime) -> Result<Answer, Refused> {
        let body: Value = serde_json::from_slice(&sent.body).map_err(|_| wrong("the body is not JSON"))?;
        let seconds = body.get("durationSeconds").map_or(Some(3600), Value::as_i64);
        let seconds = seconds.filter(|it| SECONDS.contains(it)).ok_or_else(|| wrong("durationSeconds"))?;
        self.check_names(sent, &body)?;
        let leaf = sent.header("x-amz-x509").and_then(|text| STANDARD.decode(text).ok());
        let leaf = leaf.and_then(|der| Certificate::of_der(&der)).ok_or_else(|| wrong("X-Amz-X509"))?;
        self.check_signature(sent, &leaf, now)?;
        if !leaf.can_authenticate(now) {
            return Err(denied("Untrusted certificate. Insufficient certificate"));
        }
        if !leaf.is_signed_by(&self.account.authority) {
            return Err(denied("Untrusted signing certificate"));
        }
        let role = self.account.identity.role.as_str();
        if leaf.common_name.as_ref() != Some(&self.account.common_name) {
            return Err(denied(format!("Unable to assume role for {role}")));
        }
        let subject = leaf.subject.clone();
        let (id, session) = session(&leaf, now + Duration::seconds(seconds))?;
        let (arn, end) = (self.session_arn(&session.name), rfc3339(session.end));
        let text = json!({"credentialSet": [{
            "assumedRoleUser": {"arn": arn, "assumedRoleId": format!("{ROLE_ID}:{}", session.name)},
            "credentials": {
                "accessKeyId": id, "secretAccessKey": session.secret.reveal(),
                "sessionToken": session.token.reveal(), "expiration": end,
            },
            "packedPolicySize": 0, "roleArn": role, "sourceIdentity": format!("CN={}", self.account.common_name),
        }]});
        self.sessions.insert(id, session);
        let log = format!(
            "CreateSession: {} is signed by the CA of the trust anchor, and the request by its key: {role} until {}",
            quote(&subject),
            end
        );
        let (status, kind, body) = (StatusCode::CREATED, "application/json", text.to_string());
        Ok(Answer { status, kind, error: None, body, log: Some(log) })
    }
}

impl Bank {
    /// The trust anchor, the profile and the role, in the query or in the body.
    fn check_names(&self, sent: &Sent, body: &Value) -> Result<(), Refused> {
        let Identity { trust_anchor, profile, role } = &self.account.identity;
        let of_query = |name: &str| {
            let mut parts = sent.query.split('&').filter_map(|part| part.split_once('='));
            parts.find(|(key, _)| *key == name).and_then(|(_, value)| decoded(value))
        };
        let of_body = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        for (name, arn) in [("trustAnchorArn", trust_anchor), ("profileArn", profile), ("roleArn", role)] {
            match of_query(name).or_else(|| of_body(name)) {
                Some(given) if given == arn.as_str() => {}
                Some(_) => {
                    let why = format!("{name}: there is only {}", arn.as_str());
                    return Err(Refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", why));
                }
                None => return Err(wrong(&format!("{name} is missing"))),
            }
        }
        Ok(())
    }

    fn check_signature(&self, sent: &Sent, leaf: &Certificate, now: OffsetDateTime) -> Result<(), Refused> {
        let needed = ["host", "x-amz-date", "x-amz-x509", "x-amz-x509-chain"];
        let signed = sent.signed(&needed, now).map_err(badly_signed)?;
        let region = &self.account.identity.trust_anchor.region;
        let day = signed.scope.get(..8).unwrap_or_default();
        if signed.who != leaf.serial || signed.scope != format!("{day}/{region}/rolesanywhere/aws4_request") {
            return Err(badly_signed(
                "Credential is not the certificate's serial number with the scope of the service",
            ));
        }
        let is_known = ["AWS4-X509-RSA-SHA256", "AWS4-X509-ECDSA-SHA256"].contains(&signed.algorithm.as_str());
        if !is_known || !leaf.has_signed(signed.text.as_bytes(), &signed.signature) {
            return Err(badly_signed("the certificate's key has not signed this request"));
        }
        Ok(())
    }

    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
    fn caller_identity(&self, sent: &Sent, now: OffsetDateTime) -> Result<Answer, Refused> {
        let body = String::from_utf8_lossy(&sent.body);
        if !body.split('&').any(|part| part == "Action=GetCallerIdentity") {
            return Err(Refused(StatusCode::BAD_REQUEST, "InvalidAction", "only GetCallerIdentity is here".to_owned()));
        }
        let signed = sent.signed(&["host", "x-amz-date", "x-amz-security-token"], now).map_err(badly_signed)?;
        let foreign = || Refused(StatusCode::FORBIDDEN, "InvalidClientTokenId", "no session has this key".to_owned());
        let session = self.sessions.get(&signed.who).ok_or_else(foreign)?;
        if sent.header("x-amz-security-token") != Some(session.token.reveal()) {
            return Err(foreign());
        }
        if !signed.is_of(&session.secret, "sts") {
            return Err(badly_signed("the session's key has not signed this request"));
        }
        if now > session.end {
            return Err(Refused(StatusCode::FORBIDDEN, "ExpiredToken", "the session has ended".to_owned()));
        }
        let (arn, account) = (self.session_arn(&session.name), &self.account.identity.role.account);
        // Nothing in it needs an entity: an ARN of a role has no such characters.
        let body = format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>{arn}</Arn><UserId>{ROLE_ID}:{}</UserId><Account>{account}</Account></GetCallerIdentityResult>\
             <ResponseMetadata><RequestId>stand-in</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
            session.name
        );
        let log = Some(format!("GetCallerIdentity: the session's key has signed the request: {arn}"));
        Ok(Answer { status: StatusCode::OK, kind: "text/xml", error: None, body, log })
    }

    /// The ARN of a session of the role, as STS has it.
    fn session_arn(&self, name: &str) -> String {
        let role = &self.account.identity.role;
        let last = role.id();
        format!("arn:{}:sts::{}:assumed-role/{last}/{name}", role.partition, role.account)
    }
}

/// A new session for a certificate, and the ID of its access key.
fn session(leaf: &Certificate, end: OffsetDateTime) -> Result<(String, Session), Refused> {
    let none = |_| Refused(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerException", "no randomness".to_owned());
    let id = hex(&random::<8>().map_err(none)?).to_uppercase();
    let [secret, token] = [hex(&random::<20>().map_err(none)?), hex(&random::<64>().map_err(none)?)].map(Secret::new);
    // AWS names sessions by the serial number in hexadecimal.
    Ok((format!("ASIA{id}"), Session { secret, token, name: leaf.serial_in_hexadecimal(), end }))
}

/// A part of a query, without its percent signs.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        bytes.push(u8::from_str_radix(behind.get(..2)?, 16).ok()?);
        rest = behind.get(2..)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;

    use super::*;
    use crate::arn::{Arn, ArnKind};
    use crate::certificate::PrivateKey;
    use crate::digest::sha256_hex;

    const NOW: i64 = 1_800_000_000;

    fn read(name: &str) -> String {
        std::fs::read_to_string(format!("{}/tests/data/{name}.pem", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    fn first(name: &str) -> Certificate {
        Certificate::first(&read(name)).unwrap()
    }

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(NOW).unwrap()
    }

    fn account() -> Account {
        let arn = |kind: ArnKind| Arn::parse(kind, kind.example()).unwrap();
        let identity = Identity {
            trust_anchor: arn(ArnKind::TrustAnchor),
            profile: arn(ArnKind::Profile),
            role: arn(ArnKind::Role),
        };
        Account { identity, authority: first("ca/cert"), common_name: "app".to_owned() }
    }

    fn encoded(text: &str) -> String {
        text.replace(':', "%3A").replace('/', "%2F")
    }

    /// What is signed of a request, and what is sent of it in its place.
    struct Made {
        leaf: &'static str,
        key: &'static str,
        at: &'static str,
        scope: &'static str,
        names: &'static str,
        role: &'static str,
        body: &'static str,
        sent_body: &'static str,
    }

    const GOOD: Made = Made {
        leaf: "keys/p256-leaf",
        key: "keys/p256-key",
        at: "20270115T080000Z",
        scope: "20270115/eu-central-1/rolesanywhere/aws4_request",
        names: "host;x-amz-date;x-amz-x509",
        role: "arn:aws:iam::111122223333:role/payments",
        body: "{\"durationSeconds\":3600}",
        sent_body: "{\"durationSeconds\":3600}",
    };

    impl Made {
        fn sent(&self) -> Sent {
            let leaf = first(self.leaf);
            let key = PrivateKey::of(&first(&self.key.replace("-key", "-leaf")), &Secret::new(read(self.key)));
            let key = key.unwrap().unwrap();
            let Identity { trust_anchor, profile, .. } = account().identity;
            let query =
                [("profileArn", profile.as_str()), ("roleArn", self.role), ("trustAnchorArn", trust_anchor.as_str())]
                    .map(|(name, arn)| format!("{name}={}", encoded(arn)));
            let query = query.join("&");
            let x509 = STANDARD.encode(&leaf.der);
            let values = [("host", "127.0.0.1:1"), ("x-amz-date", self.at), ("x-amz-x509", x509.as_str())];
            let mut headers = HeaderMap::new();
            for (name, value) in values {
                headers.insert(name, value.parse().unwrap());
            }
            let lines: String = values
                .iter()
                .filter(|(name, _)| self.names.contains(name))
                .map(|(n, v)| format!("{n}:{v}\n"))
                .collect();
            let canonical = format!("POST\n/sessions\n{query}\n{lines}\n{}\n{}", self.names, sha256_hex(self.body));
            let (algorithm, at, scope) = (key.algorithm(), self.at, self.scope);
            let text = format!("{algorithm}\n{at}\n{scope}\n{}", sha256_hex(canonical));
            let signature = hex(&key.sign(text.as_bytes()).unwrap());
            let names = self.names;
            let credential = format!("Credential={}/{scope}", leaf.serial);
            let value = format!("{algorithm} {credential}, SignedHeaders={names}, Signature={signature}");
            headers.insert("authorization", value.parse().unwrap());
            Sent {
                method: "POST".to_owned(),
                path: "/sessions".to_owned(),
                query,
                headers,
                body: self.sent_body.as_bytes().to_vec(),
            }
        }

        fn outcome(&self) -> String {
            let answer = Bank::new(account()).answer(&self.sent(), now());
            answer.error.map_or_else(|| answer.status.as_u16().to_string(), str::to_owned)
        }
    }

    #[test]
    fn a_session_is_for_whoever_has_signed_with_a_certificate_of_the_ca() {
        for (kind, leaf, key) in
            [("p256", "keys/p256-leaf", "keys/p256-key"), ("rsa2048", "keys/rsa2048-leaf", "keys/rsa2048-key")]
        {
            assert_eq!(Made { leaf, key, ..GOOD }.outcome(), "201", "{kind}");
        }
        let (signature, denied) = ("InvalidSignatureException", "AccessDeniedException");
        for (what, made, expected) in [
            ("another key", Made { key: "keys/rsa2048-key", ..GOOD }, signature),
            ("another body", Made { sent_body: "{\"durationSeconds\":3601}", ..GOOD }, signature),
            ("an old signature", Made { at: "20270115T075459Z", ..GOOD }, signature),
            ("another region", Made { scope: "20270115/eu-west-1/rolesanywhere/aws4_request", ..GOOD }, signature),
            ("another service", Made { scope: "20270115/eu-central-1/sts/aws4_request", ..GOOD }, signature),
            ("the certificate unsigned", Made { names: "host;x-amz-date", ..GOOD }, signature),
            ("a CA", Made { leaf: "keys/p256-ca", ..GOOD }, denied),
            (
                "another role",
                Made { role: "arn:aws:iam::111122223333:role/admin", ..GOOD },
                "ResourceNotFoundException",
            ),
            (
                "too long",
                Made { body: "{\"durationSeconds\":43201}", sent_body: "{\"durationSeconds\":43201}", ..GOOD },
                "ValidationException",
            ),
            ("no JSON", Made { body: "", sent_body: "", ..GOOD }, "ValidationException"),
        ] {
            assert_eq!(made.outcome(), expected, "{what}");
        }
    }

    #[test]
    fn the_trust_anchor_and_the_role_decide() {
        let other = |change: fn(&mut Account)| {
            let mut account = account();
            change(&mut account);
            let answer = Bank::new(account).answer(&GOOD.sent(), now());
            answer.body
        };
        let body = other(|account| account.authority = first("keys/p256-ca"));
        assert!(body.contains("Untrusted signing certificate"), "{body}");
        let body = other(|account| "other".clone_into(&mut account.common_name));
        assert!(body.contains("Unable to assume role"), "{body}");
    }
}
