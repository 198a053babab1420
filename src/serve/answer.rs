//! What is answered: the metadata service in version 2, container credentials, and how the server is.

use std::fmt::Write as _;
use std::time::Duration;

use hyper::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{HeaderMap, Method, Response, StatusCode};
use serde_json::json;
use tokio::sync::watch;

use super::credentials::Credentials;
use super::keeper::{Keeper, Moment};
use super::settings::{Metadata, Settings};
use super::token::Tokens;
use crate::certificate::rfc3339;

/// The longest life of a token, in seconds, as the metadata service has it.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html>
const LONGEST: u64 = 21_600;
const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "x-aws-ec2-metadata-token";
const ROLES: &str = "/latest/meta-data/iam/security-credentials";
/// The path of container credentials, as EKS Pod Identity has it.
const CONTAINER: &str = "/v1/credentials";

/// What everything is answered from.
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) tokens: Tokens,
    /// One for each role.
    pub(super) keepers: Vec<watch::Sender<Keeper>>,
}

/// A request for what is at a path, at a port of a role.
pub(super) struct Asked<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) role: usize,
}

pub(super) type Answer = Response<String>;

/// An answer in plain text.
pub(super) fn text(status: StatusCode, words: impl Into<String>) -> Answer {
    with_type(status, "text/plain", words.into())
}

fn with_type(status: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

/// An error as the SDKs read it: ECS has the keys in small letters, the metadata service in capitals.
fn error(status: StatusCode, code: &str, words: &str) -> Answer {
    let body = json!({"code": code, "message": words, "Code": code, "Message": words});
    with_type(status, "application/json", body.to_string())
}

impl State {
    /// The role whose credentials are asked for, if somebody may have to wait for them.
    pub(super) fn wanted(&self, asked: &Asked<'_>) -> Option<usize> {
        let path = path(asked.path);
        let below = |folder: &str| path.strip_prefix(folder)?.strip_prefix('/');
        if path == CONTAINER {
            return Some(asked.role);
        }
        match below(CONTAINER) {
            Some(name) => self.settings.roles.iter().position(|role| role.name == name),
            None => Some(asked.role).filter(|_| below(ROLES).is_some()),
        }
    }

    /// What is there.
    pub(super) fn answer(&self, asked: &Asked<'_>, now: Moment) -> Answer {
        let path = path(asked.path);
        let is_put = path == "/latest/api/token";
        if asked.method != (if is_put { Method::PUT } else { Method::GET }) {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "this method is not served here\n");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static(if is_put { "PUT" } else { "GET" }));
            return answer;
        }
        match path {
            _ if path.starts_with("/latest/") && self.settings.metadata.is_none() => nothing(),
            "/latest/api/token" => self.token(asked.headers, now),
            "/healthz" => text(StatusCode::OK, "ok\n"),
            "/readyz" => self.ready(now),
            "/metrics" => with_type(StatusCode::OK, "text/plain; version=0.0.4", self.metrics(now)),
            _ if path == CONTAINER || path.starts_with("/v1/credentials/") => self.container(asked, now),
            _ if path.starts_with("/latest/") => self.metadata(path, asked, now),
            _ => text(StatusCode::NOT_FOUND, "there is nothing here\n"),
        }
    }

    fn token(&self, headers: &HeaderMap, now: Moment) -> Answer {
        let seconds = headers.get(TTL).and_then(|it| it.to_str().ok()?.parse().ok());
        let Some(seconds @ 1..=LONGEST) = seconds else {
            return text(StatusCode::BAD_REQUEST, format!("{TTL} must be from 1 to {LONGEST}\n"));
        };
        let mut answer = text(StatusCode::OK, self.tokens.metadata(now.since + Duration::from_secs(seconds)));
        answer.headers_mut().insert(TTL, HeaderValue::from(seconds));
        answer
    }

    fn metadata(&self, path: &str, asked: &Asked<'_>, now: Moment) -> Answer {
        let token = asked.headers.get(TOKEN).map(HeaderValue::as_bytes);
        if !token.is_some_and(|token| self.tokens.is_metadata(token, now.since)) {
            return text(StatusCode::UNAUTHORIZED, "a token of version 2 of the metadata service is needed\n");
        }
        let Some(role) = self.settings.roles.get(asked.role) else { return nothing() };
        let Some(Metadata { region, zone }) = &self.settings.metadata else { return nothing() };
        let told = |value: &Option<String>| value.clone().map_or_else(nothing, |it| text(StatusCode::OK, it));
        match path {
            ROLES => text(StatusCode::OK, role.name.as_str()),
            "/latest/meta-data/placement/region" => told(region),
            "/latest/meta-data/placement/availability-zone" => told(zone),
            _ if path.strip_prefix(ROLES).and_then(|it| it.strip_prefix('/')) == Some(role.name.as_str()) => {
                self.credentials(asked.role, now, Credentials::metadata)
            }
            _ => nothing(),
        }
    }

    fn container(&self, asked: &Asked<'_>, now: Moment) -> Answer {
        if !self.tokens.has_authorization() {
            return error(StatusCode::NOT_FOUND, "NotFound", "container credentials need `--token-file`");
        }
        let given = asked.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        if !given.is_some_and(|given| self.tokens.is_authorization(given)) {
            return error(StatusCode::UNAUTHORIZED, "Unauthorized", "the authorization token is missing or wrong");
        }
        let role = self.wanted(asked).and_then(|role| Some((role, self.settings.roles.get(role)?)));
        match role {
            Some((index, role)) => self.credentials(index, now, |it| it.container(role.identity.role.as_str())),
            None => error(StatusCode::NOT_FOUND, "NotFound", "there is no such role"),
        }
    }

    fn credentials(&self, role: usize, now: Moment, form: impl Fn(&Credentials) -> String) -> Answer {
        let Some(keeper) = self.keepers.get(role).map(watch::Sender::borrow) else { return nothing() };
        if let Some(credentials) = keeper.credentials(now) {
            return with_type(StatusCode::OK, "application/json", form(credentials));
        }
        let (code, words) = keeper.trouble().map_or(PENDING, |it| (it.code.as_str(), it.words.as_str()));
        let mut answer = error(StatusCode::SERVICE_UNAVAILABLE, code, words);
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(keeper.wait(now).as_secs() + 1));
        answer
    }

    fn ready(&self, now: Moment) -> Answer {
        let mut reasons = Vec::new();
        for (role, keeper) in self.settings.roles.iter().zip(&self.keepers) {
            let keeper = keeper.borrow();
            if keeper.credentials(now).is_none() {
                let (code, words) = keeper.trouble().map_or(PENDING, |it| (it.code.as_str(), it.words.as_str()));
                reasons.push(format!("no credentials for {}: {code}: {words}\n", role.identity.role));
            }
        }
        if reasons.is_empty() {
            return text(StatusCode::OK, format!("credentials for {} role(s)\n", self.settings.roles.len()));
        }
        text(StatusCode::SERVICE_UNAVAILABLE, reasons.concat())
    }

    /// <https://prometheus.io/docs/instrumenting/exposition_formats/>
    fn metrics(&self, now: Moment) -> String {
        let mut gauges = [
            ("credentials_expiry_seconds", "gauge", "When the credentials end, in seconds since 1970.", String::new()),
            ("credentials_age_seconds", "gauge", "How long ago the credentials were given.", String::new()),
            ("certificate_expiry_seconds", "gauge", "When the certificate that was presented ends.", String::new()),
            ("create_session_calls_total", "counter", "Calls of CreateSession.", String::new()),
            ("failures_total", "counter", "Failures to get credentials, by code.", String::new()),
        ];
        let [expiry, age, certificate, calls, failures] = &mut gauges;
        for (role, keeper) in self.settings.roles.iter().zip(&self.keepers) {
            let (keeper, label) = (keeper.borrow(), format!("role=\"{}\"", role.identity.role));
            // Writing to a text cannot fail.
            if let Some(it) = keeper.credentials(now) {
                let _ = writeln!(expiry.3, "iamra_{}{{{label}}} {}", expiry.0, it.end.unix_timestamp());
                let seconds = (now.wall - it.given).whole_seconds().max(0);
                let _ = writeln!(age.3, "iamra_{}{{{label}}} {seconds}", age.0);
            }
            if let Some(end) = keeper.certificate_end {
                let _ = writeln!(certificate.3, "iamra_{}{{{label}}} {}", certificate.0, end.unix_timestamp());
            }
            let _ = writeln!(calls.3, "iamra_{}{{{label}}} {}", calls.0, keeper.calls);
            for (code, count) in &keeper.refusals {
                let code: String = code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
                let _ = writeln!(failures.3, "iamra_{}{{{label},code=\"{code}\"}} {count}", failures.0);
            }
        }
        let all = gauges.iter().filter(|(.., lines)| !lines.is_empty());
        all.map(|(name, kind, help, lines)| format!("# HELP iamra_{name} {help}\n# TYPE iamra_{name} {kind}\n{lines}"))
            .collect()
    }

    /// For the log: until when a role has credentials.
    pub(super) fn until(&self, role: usize, now: Moment) -> Option<String> {
        let keeper = self.keepers.get(role)?.borrow();
        keeper.credentials(now).map(|it| rfc3339(it.end))
    }
}

/// Before the first answer of AWS.
const PENDING: (&str, &str) = ("ServiceUnavailable", "AWS has not answered yet");

fn nothing() -> Answer {
    text(StatusCode::NOT_FOUND, "there is nothing here\n")
}

/// Clients differ in slashes: some put the endpoint's and their own, some end with one.
/// <https://github.com/aws/aws-cli/issues/9281>
fn path(path: &str) -> &str {
    let start = path.len() - path.trim_start_matches('/').len();
    path.get(start.saturating_sub(1)..).unwrap_or(path).trim_end_matches('/')
}
