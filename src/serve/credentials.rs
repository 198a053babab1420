//! What AWS gave, and the two forms in which it is served.

use serde_json::{Map, Value, json};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use crate::aws::Issued;
use crate::certificate::rfc3339;

/// The credentials of a session.
#[derive(Debug)]
pub(super) struct Credentials {
    issued: Issued,
    /// When they were given.
    pub(super) given: OffsetDateTime,
    /// When they end.
    pub(super) end: OffsetDateTime,
}

impl Credentials {
    /// `None` when their end cannot be read, or has come.
    pub(super) fn new(issued: Issued, given: OffsetDateTime) -> Option<Self> {
        let end = read(&issued.granted.expiration)?;
        (end > given).then_some(Self { issued, given, end })
    }

    /// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html>
    pub(super) fn metadata(&self) -> String {
        let fields =
            [("Code", "Success".to_owned()), ("LastUpdated", rfc3339(self.given)), ("Type", "AWS-HMAC".to_owned())];
        let mut all: Map<String, Value> = fields.map(|(key, text)| (key.to_owned(), text.into())).into_iter().collect();
        all.extend(self.keys("Token"));
        Value::Object(all).to_string()
    }

    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
    pub(super) fn container(&self, role: &str) -> String {
        let mut all = self.keys("Token");
        all.insert("RoleArn".to_owned(), role.into());
        Value::Object(all).to_string()
    }

    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>
    pub(super) fn process(&self) -> String {
        let mut all = Map::from_iter([("Version".to_owned(), json!(1))]);
        all.extend(self.keys("SessionToken"));
        Value::Object(all).to_string()
    }

    fn keys(&self, token: &str) -> Map<String, Value> {
        let issued = &self.issued;
        let fields = [
            ("AccessKeyId", issued.access_key_id.reveal().to_owned()),
            ("SecretAccessKey", issued.secret_access_key.reveal().to_owned()),
            (token, issued.session_token.reveal().to_owned()),
            ("Expiration", rfc3339(self.end)),
        ];
        fields.map(|(key, text)| (key.to_owned(), text.into())).into_iter().collect()
    }
}

/// The UTC time of AWS's answers: `2026-11-27T06:00:00Z`. Fractions of a second are left out.
fn read(text: &str) -> Option<OffsetDateTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-');
    let (year, month, day) = (date.next()?.parse().ok()?, date.next()?.parse::<u8>().ok()?, date.next()?.parse().ok()?);
    let mut time = time.split('.').next()?.splitn(3, ':');
    let mut part = || time.next()?.parse().ok();
    let time = Time::from_hms(part()?, part()?, part()?).ok()?;
    let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_rfc3339() {
        for text in ["2026-11-27T06:00:00Z", "2000-02-29T23:59:59Z"] {
            assert_eq!(read(text).map(rfc3339).as_deref(), Some(text));
        }
        for text in ["", "2026-11-27", "2026-13-27T06:00:00Z", "2026-11-27T06:00:00", "2026-11-27T25:00:00Z", "-T::Z"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
