//! The flags of the credential server, which are those of AWS's helper.

use std::env;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use time::OffsetDateTime;

use super::error::Error;
use super::misuse::whole_number;
use crate::arn::{Arn, ArnKind, is_region};
use crate::quote::{lines, quote};
use crate::resolve::Identity;
use crate::serve::{Files, HOP_LIMIT, Role, Settings, World};

/// Where sessions come from.
#[derive(clap::Args, Clone)]
pub(super) struct Sessions {
    /// File with the certificate, in PEM; what follows the first one is sent as its chain
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// File with the certificate's private key, in PEM
    #[arg(long, value_name = "FILE")]
    private_key: Option<PathBuf>,
    /// File with the intermediate CAs, in PEM, in place of what follows the certificate
    #[arg(long, value_name = "FILE")]
    intermediates: Option<PathBuf>,
    /// ARN of the trust anchor
    #[arg(long, value_name = "ARN", value_parser = |text: &str| Arn::parse(ArnKind::TrustAnchor, text))]
    trust_anchor_arn: Option<Arn>,
    /// ARN of the profile
    #[arg(long, value_name = "ARN", value_parser = |text: &str| Arn::parse(ArnKind::Profile, text))]
    profile_arn: Option<Arn>,
    /// ARN of the role
    #[arg(long, value_name = "ARN", value_parser = |text: &str| Arn::parse(ArnKind::Role, text))]
    role_arn: Option<Arn>,
    /// Region of IAM Roles Anywhere [default: that of the trust anchor]
    #[arg(long, value_parser = region)]
    region: Option<String>,
    /// How long sessions last, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = |text: &str| whole_number(text, 900..=43_200))]
    session_duration: u32,
    /// Name of the sessions; the profile must accept it
    #[arg(long, value_name = "NAME")]
    role_session_name: Option<String>,
    /// URL of IAM Roles Anywhere in place of the region's public endpoint
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Time limit for a call to AWS, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = |text: &str| whole_number(text, 1..=300))]
    timeout: u32,
    /// Accepted as AWS's helper has it: the proxy of HTTPS_PROXY is used anyway
    #[arg(long)]
    with_proxy: bool,
    /// Log every request; never credentials or keys
    #[arg(long)]
    debug: bool,
    #[arg(long, hide = true)]
    no_verify_ssl: bool,
}

fn region(text: &str) -> Result<String, String> {
    if is_region(text) { Ok(text.to_owned()) } else { Err("expected a region, such as `eu-central-1`".to_owned()) }
}

impl Sessions {
    /// The settings for the one role of these flags.
    pub(super) fn settings(&self, port: Option<u16>) -> Result<Settings, Error> {
        if self.no_verify_ssl {
            let help = "set SSL_CERT_FILE to the CA of the endpoint or of the proxy in between";
            return Err(Error::Combination("`--no-verify-ssl` is not offered: anybody could answer as AWS", help));
        }
        let (Some(certificate), Some(key)) = (self.certificate.clone(), self.private_key.clone()) else {
            return Err(Error::Combination(
                "certificate and key are needed",
                "pass `--certificate` and `--private-key`",
            ));
        };
        let (Some(trust_anchor), Some(profile), Some(role)) =
            (&self.trust_anchor_arn, &self.profile_arn, &self.role_arn)
        else {
            let help = "pass `--trust-anchor-arn`, `--profile-arn` and `--role-arn`";
            return Err(Error::Combination("trust anchor, profile and role are needed", help));
        };
        let identity = Identity { trust_anchor: trust_anchor.clone(), profile: profile.clone(), role: role.clone() };
        let variable = |name: &str| env::var(name).ok();
        let is_set = |name: &str| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let url = || variable("AWS_ENDPOINT_URL_ROLESANYWHERE").or_else(|| variable("AWS_ENDPOINT_URL"));
        let files = Files { certificate, key, intermediates: self.intermediates.clone() };
        let settings = Settings {
            region: self.region.clone(),
            roles: Vec::new(),
            hop_limit: HOP_LIMIT,
            token_file: None,
            metadata: None,
            endpoint: self.endpoint.clone().or_else(url),
            is_fips: is_set("AWS_USE_FIPS_ENDPOINT"),
            is_dual_stack: is_set("AWS_USE_DUALSTACK_ENDPOINT"),
            time: Duration::from_secs(self.timeout.into()),
            is_verbose: self.debug,
        };
        let (seconds, session_name) = (self.session_duration.into(), self.role_session_name.clone());
        with_role(settings, Role { name: name(role), identity, files, seconds, session_name, port })
    }
}

/// The name of a role: what follows the last slash.
pub(super) fn name(role: &Arn) -> String {
    role.id().to_owned()
}

/// The settings with one more role.
pub(super) fn with_role(mut settings: Settings, role: Role) -> Result<Settings, Error> {
    let identity = &role.identity;
    if identity.profile.region != identity.trust_anchor.region {
        let help = "both are of one region: correct one of the ARNs";
        return Err(Error::Combination("trust anchor and profile are of different regions", help));
    }
    if settings.roles.iter().any(|other| other.name == role.name) {
        return Err(Error::Combination("two roles have the same name", "give one another: `--role ARN,name=NAME`"));
    }
    if role.port.is_some() && settings.roles.iter().any(|other| other.port == role.port) {
        return Err(Error::Combination("two roles have the same port", "give one another: `--role ARN,port=PORT`"));
    }
    settings.roles.push(role);
    Ok(settings)
}

/// A further role: its ARN, and what it has of its own. Everything else is that of the first one, except for the name of
/// its sessions if it has another certificate.
#[derive(Clone)]
pub(super) struct Further {
    role: Arn,
    profile: Option<Arn>,
    trust_anchor: Option<Arn>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    intermediates: Option<PathBuf>,
    seconds: Option<u32>,
    session_name: Option<String>,
    name: Option<String>,
    port: Option<u16>,
}

impl Further {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',');
        let role = Arn::parse(ArnKind::Role, parts.next().unwrap_or_default())?;
        let mut further = Self {
            role,
            profile: None,
            trust_anchor: None,
            certificate: None,
            key: None,
            intermediates: None,
            seconds: None,
            session_name: None,
            name: None,
            port: None,
        };
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            further.set(name, value)?;
        }
        if further.certificate.is_some() != further.key.is_some() {
            return Err("`certificate` and `private-key` belong together: write both or neither".to_owned());
        }
        if further.intermediates.is_some() && further.certificate.is_none() {
            return Err("`intermediates` without `certificate`: they are those of that certificate".to_owned());
        }
        Ok(further)
    }

    /// One of its own settings; the names are those of the flags of the first role.
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let file =
            || if value.is_empty() { Err(format!("{} names no file", quote(name))) } else { Ok(Some(value.into())) };
        match name {
            "profile" => self.profile = Some(Arn::parse(ArnKind::Profile, value)?),
            "trust-anchor" => self.trust_anchor = Some(Arn::parse(ArnKind::TrustAnchor, value)?),
            "certificate" => self.certificate = file()?,
            "private-key" => self.key = file()?,
            "intermediates" => self.intermediates = file()?,
            "session-duration" => self.seconds = Some(whole_number(value, 900..=43_200)?),
            "role-session-name" => self.session_name = Some(value.to_owned()),
            "name" => self.name = Some(path_part(value)?),
            "port" => self.port = u16::try_from(whole_number(value, 1..=65_535)?).ok(),
            _ => {
                return Err(format!(
                    "{} is none of the settings of a further role: `profile`, `trust-anchor`, `certificate`, \
                     `private-key`, `intermediates`, `session-duration`, `role-session-name`, `name` and `port`",
                    quote(name)
                ));
            }
        }
        Ok(())
    }

    /// It, with what the first role has unless it has its own.
    pub(super) fn role(&self, first: &Role) -> Role {
        let Identity { trust_anchor, profile, .. } = &first.identity;
        let identity = Identity {
            trust_anchor: self.trust_anchor.as_ref().unwrap_or(trust_anchor).clone(),
            profile: self.profile.as_ref().unwrap_or(profile).clone(),
            role: self.role.clone(),
        };
        let own = self.certificate.clone().zip(self.key.clone());
        // The name of a session says whose it is, and so does the certificate.
        let session_name = first.session_name.clone().filter(|_| own.is_none());
        let files = own.map(|(certificate, key)| Files { certificate, key, intermediates: self.intermediates.clone() });
        Role {
            name: self.name.clone().unwrap_or_else(|| name(&self.role)),
            identity,
            files: files.unwrap_or_else(|| first.files.clone()),
            seconds: self.seconds.map_or(first.seconds, u64::from),
            session_name: self.session_name.clone().or(session_name),
            port: self.port,
        }
    }
}

/// What can be a part of a path.
pub(super) fn path_part(text: &str) -> Result<String, String> {
    if is_name(text) {
        return Ok(text.to_owned());
    }
    Err(format!("{} is not a name: use letters, digits and `_+=.@-`", quote(text)))
}

/// Whether this can be a part of a path.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=.@-".contains(&byte))
}

/// The clock, and stderr.
pub(super) fn world() -> World {
    World {
        now: OffsetDateTime::now_utc,
        log: |words| {
            // Without a log, credentials are served all the same.
            let _ = io::stderr().write_all(lines(&format!("{words}\n")).as_bytes());
        },
    }
}
