//! Who has signed a request: Signature Version 4, with the key of a certificate or of a session.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
//! <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html>

use std::fmt::Write as _;

use hyper::HeaderMap;
use ring::hmac::{HMAC_SHA256, Key, sign, verify};
use time::{Date, Month, OffsetDateTime, Time};

use crate::digest::sha256_hex;
use crate::secret::Secret;

/// How far the time of a signature may be from ours, in minutes.
const SKEW: i64 = 5;

/// A request as it came.
pub(super) struct Sent {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// What a request says of its signature.
pub(super) struct Signed {
    pub(super) algorithm: String,
    /// Whose key: a serial number, or the ID of an access key.
    pub(super) who: String,
    /// Day, region, service and a word.
    pub(super) scope: String,
    pub(super) signature: Vec<u8>,
    /// What is signed.
    pub(super) text: String,
}

impl Sent {
    /// The value of a header that is there once.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        value.to_str().ok()
    }

    /// Reads the signature; what is wrong with it is said. These headers must be signed if they are there.
    pub(super) fn signed(&self, needed: &[&str], now: OffsetDateTime) -> Result<Signed, String> {
        let authorization = self.header("authorization").ok_or("the request is not signed")?;
        let (algorithm, rest) = authorization.split_once(' ').ok_or("the request is not signed")?;
        let field = |name: &str| {
            let fields = rest.split(',').filter_map(|field| field.trim().split_once('='));
            fields.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let missing = "Authorization lacks Credential, SignedHeaders or Signature";
        let credential = field("Credential").ok_or(missing)?;
        let (who, scope) = credential.split_once('/').ok_or(missing)?;
        let names: Vec<_> = field("SignedHeaders").ok_or(missing)?.split(';').collect();
        let signature = field("Signature").and_then(bytes).ok_or(missing)?;
        let at = self.header("x-amz-date").ok_or("there is no x-amz-date")?;
        let time = moment(at).ok_or("x-amz-date is not a time")?;
        if (now - time).whole_minutes().abs() >= SKEW {
            return Err(format!("the signature's time {at} is not within {SKEW} minutes of now"));
        }
        if scope.split('/').next() != at.get(..8) {
            return Err("the day of the scope is not that of x-amz-date".to_owned());
        }
        let is_signed = |name: &&&str| names.contains(*name);
        let must = needed.iter().filter(|name| self.headers.contains_key(**name));
        if let Some(name) = must.clone().find(|name| !is_signed(name)) {
            return Err(format!("the header {name} is not signed"));
        }
        if !names.is_sorted() {
            return Err("SignedHeaders are not sorted".to_owned());
        }
        let canonical = self.canonical(&names).ok_or("a header is signed that is not there")?;
        Ok(Signed {
            algorithm: algorithm.to_owned(),
            who: who.to_owned(),
            scope: scope.to_owned(),
            signature,
            text: format!("{algorithm}\n{at}\n{scope}\n{}", sha256_hex(canonical)),
        })
    }

    /// The request as its signer has seen it.
    fn canonical(&self, names: &[&str]) -> Option<String> {
        let mut query: Vec<_> = self.query.split('&').filter(|part| !part.is_empty()).collect();
        query.sort_unstable();
        let mut headers = String::new();
        for name in names {
            let values: Option<Vec<_>> =
                self.headers.get_all(*name).iter().map(|value| value.to_str().ok().map(single_spaced)).collect();
            let values = values.filter(|values| !values.is_empty())?.join(",");
            let _ = writeln!(headers, "{name}:{values}");
        }
        let (method, path, body) = (&self.method, &self.path, sha256_hex(&self.body));
        Some(format!("{method}\n{path}\n{}\n{headers}\n{}\n{body}", query.join("&"), names.join(";")))
    }
}

impl Signed {
    /// Whether the key of a session has made the signature, for that service.
    pub(super) fn is_of(&self, secret: &Secret, service: &str) -> bool {
        let mut parts = self.scope.split('/');
        let (Some(day), Some(region), Some(found), Some("aws4_request"), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let start = format!("AWS4{}", secret.reveal()).into_bytes();
        let key = [day, region, found, "aws4_request"]
            .into_iter()
            .fold(start, |key, part| sign(&Key::new(HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec());
        let key = Key::new(HMAC_SHA256, &key);
        found == service
            && self.algorithm == "AWS4-HMAC-SHA256"
            && verify(&key, self.text.as_bytes(), &self.signature).is_ok()
    }
}

fn single_spaced(value: &str) -> String {
    value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The bytes of a text in hexadecimal.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pairs = (0..text.len() / 2).map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok());
    if is_hex { pairs.collect() } else { None }
}

/// A time such as `20260131T235959Z`.
fn moment(text: &str) -> Option<OffsetDateTime> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u16>().ok();
    let byte = |from: usize| u8::try_from(number(from, from + 2)?).ok();
    let is_form = text.len() == 16 && text.get(8..9) == Some("T") && text.ends_with('Z');
    let date = Date::from_calendar_date(number(0, 4)?.into(), Month::try_from(byte(4)?).ok()?, byte(6)?).ok()?;
    let time = Time::from_hms(byte(9)?, byte(11)?, byte(13)?).ok()?;
    is_form.then(|| OffsetDateTime::new_utc(date, time))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The request of AWS's documentation, with what it gives for the signature.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-examples.html> (`get-vanilla` of the test suite)
    fn vanilla(authorization: &str) -> Sent {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z"), ("authorization", authorization)]
        {
            headers.insert(name, value.parse().unwrap());
        }
        let name = |text: &str| text.to_owned();
        Sent { method: name("GET"), path: name("/"), query: String::new(), headers, body: Vec::new() }
    }

    const GOOD: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                        SignedHeaders=host;x-amz-date, \
                        Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

    #[test]
    fn the_signature_of_the_documentation_is_verified_and_no_other() {
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let now = moment("20150830T123900Z").unwrap();
        let is_good = |authorization: &str| {
            vanilla(authorization).signed(&["host"], now).is_ok_and(|it| it.is_of(&secret, "service"))
        };
        assert!(is_good(GOOD));
        for (from, to) in [
            ("us-east-1", "us-east-2"),
            ("/service/", "/sts/"),
            ("20150830/", "20150831/"),
            ("host;x-amz-date", "x-amz-date;host"),
            ("host;x-amz-date", "x-amz-date"),
            ("host;x-amz-date", "host;x-amz-date;x-amz-security-token"),
            ("fbf31", "fbf30"),
            ("fbf31", ""),
            ("AWS4-HMAC-SHA256", "AWS4-X509-RSA-SHA256"),
            ("Signature=", ""),
        ] {
            assert!(!is_good(&GOOD.replace(from, to)), "{from} {to}");
        }
        assert!(vanilla(GOOD).signed(&["host"], moment("20150830T124100Z").unwrap()).is_err());
        assert!(!vanilla(GOOD).signed(&["host"], now).unwrap().is_of(&Secret::new("other"), "service"));
    }

    #[test]
    fn times_are_read() {
        assert_eq!(moment("19700101T000010Z").unwrap().unix_timestamp(), 10);
        for bad in ["", "20150830T123600", "20151330T123600Z", "20150830 123600Z", "2015083éT12360Z"] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }
}
