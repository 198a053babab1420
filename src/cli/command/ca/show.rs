//! `iamra ca show`

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use time::OffsetDateTime;

use crate::certificate::{Authority, Certificate};
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::{Exit, manifests, report};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Item, ResourceRef};
use crate::output::Sources;
use crate::quote::{quote, quote_object};
use crate::secret::Secret;
use crate::yaml::FieldPath;

/// Print the certificate of a CA in a Secret, as its trust anchor needs it
///
/// `kubectl get secret iam-ra-ca --namespace cert-manager --output json | iamra ca show > ca.pem`. Checks that IAM Roles Anywhere
/// and cert-manager take the CA. Prints the certificate in PEM, and nothing else of the Secret: the key is compared with the
/// certificate, if it is there, and never printed.
#[derive(clap::Args)]
pub(super) struct Args {
    /// File with the Secret; `-` is stdin
    #[arg(default_value = "-", value_name = "FILE")]
    file: PathBuf,
}

const PIPE: &str = "pipe the Secret into it: `kubectl get secret NAME --namespace NS --output json | iamra ca show`";

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let bytes = manifests::read(&args.file, PIPE)?;
    let name = manifests::name_of(&args.file);
    let mut report = Report::default();
    let found = match manifests::parse(name, &bytes) {
        _ if bytes.trim_ascii_start().starts_with(b"-----BEGIN") => {
            report.push(
                Diagnostic::error(Code::UnreadableInput, format!("{name} is a PEM file, and a Secret was expected"))
                    .at(Place::File(name.to_owned(), None))
                    .help(PIPE),
            );
            None
        }
        Ok(stream) => found(&stream.items, name, &mut report),
        Err(why) => {
            report.push(*why);
            None
        }
    };
    let ca = found.and_then(|(secret, value)| checked(&secret, &value, &mut report));
    report::finish_with(&report, Sources::default(), io, |io| {
        let Some(ca) = ca.filter(|_| !report.has_errors()) else { return Ok(()) };
        io.data(|out| out.write_all(ca.pem().as_bytes()))?;
        io.words(&format_args!(
            "CA {}, until {}, SHA-256 {}: this is what its trust anchor needs\n",
            quote(&ca.subject),
            ca.end(),
            ca.fingerprint()
        ))
    })
}

/// The only Secret with a certificate.
fn found(items: &[Item<'_>], name: &str, report: &mut Report) -> Option<(ResourceRef, Value)> {
    let secrets =
        items.iter().filter(|item| item.ident().is_some_and(|it| it.kind == "Secret" && it.api_version == "v1"));
    let read = |item: &Item<'_>| {
        let value = item.parse().ok()?.to_value();
        text(&value, "tls.crt")?;
        Some((item.ident()?.resource_ref(), value))
    };
    let mut secrets: Vec<_> = secrets.filter_map(read).collect();
    let only = secrets.pop().filter(|_| secrets.is_empty());
    if only.is_none() {
        let how_many = if secrets.is_empty() { "no Secret" } else { "several Secrets" };
        report.push(
            Diagnostic::error(Code::UnreadableInput, format!("{name} has {how_many} with a certificate in `tls.crt`"))
                .at(Place::File(name.to_owned(), None))
                .help("name the CA's Secret: `kubectl get secret NAME --namespace NS --output json`"),
        );
    }
    only
}

/// The value of a key, which is in Base64 unless somebody wrote it by hand.
fn text(secret: &Value, key: &str) -> Option<Secret> {
    let within = |field: &str| secret.get(field)?.get(key)?.as_str();
    if let Some(plain) = within("stringData") {
        return Some(Secret::new(plain));
    }
    let bytes = STANDARD.decode(within("data")?).ok()?;
    String::from_utf8(bytes).ok().map(Secret::new)
}

/// The certificate of a CA that a trust anchor and cert-manager take.
fn checked(secret: &ResourceRef, value: &Value, report: &mut Report) -> Option<Certificate> {
    let pem = text(value, "tls.crt")?;
    let checked = match text(value, "tls.key") {
        Some(key) => Authority::check(pem.reveal(), &key).map(drop),
        None => Authority::check_chain(pem.reveal()),
    };
    let place = Place::Item(secret.clone(), FieldPath::keys("data").key("tls.crt"));
    if let Err(why) = checked {
        let words = format!("{} cannot be a trust anchor: {why}", quote_object(&secret.kind, &secret.name));
        report.push(Diagnostic::error(Code::InvalidCa, words).at(place));
        return None;
    }
    let chain = Certificate::all(pem.reveal()).ok()?;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    for (certificate, life) in chain.iter().filter_map(|it| Some((it, it.trouble(now)?))) {
        report.push(life.of(&quote(&certificate.subject)).at(place.clone()));
    }
    // What it has signed leads to the first one, which can be a trust anchor by itself.
    chain.into_iter().next()
}
