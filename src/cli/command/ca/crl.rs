//! `iamra ca crl`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::ca::{Revocations, Serial};
use crate::certificate::{Authority, Certificate, PrivateKey};
use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::{Io, output_file};
use crate::cli::manifests;
use crate::cli::paths::display;
use crate::cli::report::{finish, finish_with};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::disk;
use crate::output::Sources;
use crate::quote::quote;
use crate::secret::Secret;

/// Sign a list of revoked certificates, for `aws rolesanywhere import-crl`
///
/// The list replaces the one that was imported before, so it must have all certificates that are to be refused until they
/// end. It is printed in PEM.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Certificates to revoke: files in PEM, or with Secrets as `kubectl get secrets --output json` prints them (`-` is
    /// stdin). Of a file or Secret with a chain, the first one
    #[arg(value_name = "FILE", required_unless_present = "serial")]
    files: Vec<PathBuf>,
    /// Serial number of a certificate to revoke: in decimal, or in hexadecimal with `0x` or colons
    #[arg(long, value_name = "NUMBER")]
    serial: Vec<String>,
    /// The CA's certificate in PEM
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,
    /// The CA's private key in PEM
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Number of the list, greater than that of the CA's last one; the time in seconds when omitted
    #[arg(long)]
    number: Option<u64>,
    /// Days until the next list is due
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3650))]
    days: u16,
    /// File to write; stdout when omitted, or `-`
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite an existing file
    #[arg(long, requires = "output")]
    force: bool,
}

/// A CA that can sign.
struct Signer {
    certificate: Certificate,
    key: PrivateKey,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let output = output_file(args.output.as_ref());
    if let Some(path) = output.filter(|path| !args.force && disk::is_taken(path)) {
        return Err(Error::Overwrite(path.clone()));
    }
    let mut report = Report::default();
    let signer = signer(args, &mut report)?;
    let serials = serials(args, signer.as_ref(), &mut report)?;
    let Some(signer) = signer.filter(|_| !report.has_errors()) else {
        return finish(&report, Sources::default(), io);
    };
    let now = OffsetDateTime::now_utc();
    let number = args.number.unwrap_or_else(|| now.unix_timestamp().unsigned_abs());
    let next = now + Duration::days(args.days.into());
    let list =
        match (Revocations { serials: serials.clone(), number, now, next }).signed(&signer.certificate, &signer.key) {
            Ok(list) => list,
            Err(why) => {
                report.push(unusable(&args.certificate, &why.to_string()));
                return finish(&report, Sources::default(), io);
            }
        };
    finish_with(&report, Sources::default(), io, |io| {
        match output {
            Some(path) => disk::write(path, &list)?,
            None => io.data(|out| out.write_all(list.as_bytes()))?,
        }
        let serials: Vec<_> = serials.iter().map(ToString::to_string).collect();
        let subject = &signer.certificate.subject;
        io.words(&format_args!(
            "list {number} of {subject} revokes {}; the next one is due on {}\n",
            serials.join(", "),
            next.date()
        ))
    })
}

fn unusable(file: &Path, why: &str) -> Diagnostic {
    Diagnostic::error(Code::InvalidCa, why)
        .at(Place::File(display(file), None))
        .help("use the certificate and the key of the CA that signs the workloads' certificates")
}

/// The CA, unless something is wrong with it.
fn signer(args: &Args, report: &mut Report) -> Result<Option<Signer>, Error> {
    let (pem, key) = (disk::read_given(&args.certificate)?, Secret::new(disk::read_given(&args.key)?));
    let signer = Authority::check(&pem, &key).and_then(|authority| {
        let certificate = Certificate::first(&authority.certificate).ok_or("there is no certificate")?;
        let key =
            PrivateKey::of(&certificate, &authority.key).ok().flatten().ok_or("the private key cannot be read")?;
        Ok(Signer { certificate, key })
    });
    Ok(signer.map_err(|why| report.push(unusable(&args.certificate, &why))).ok())
}

/// The serial numbers that are given, and those of the certificates in the files.
fn serials(args: &Args, signer: Option<&Signer>, report: &mut Report) -> Result<BTreeSet<Serial>, Error> {
    let mut serials = BTreeSet::new();
    for text in &args.serial {
        match Serial::parse(text) {
            Some(serial) => drop(serials.insert(serial)),
            None => report.push(
                Diagnostic::error(Code::InvalidCertificate, format!("{} is not a serial number", quote(text)))
                    .help("write it in decimal, or in hexadecimal with `0x` or with colons between bytes"),
            ),
        }
    }
    for file in &args.files {
        for (name, pem) in certificates(file, report)? {
            let mut wrong = |why: &str, help: &str| {
                let place = Place::File(display(file), None);
                let message = format!("{name} cannot be revoked: {why}");
                report.push(Diagnostic::error(Code::InvalidCertificate, message).at(place).help(help));
            };
            let certificate = match Certificate::all(&pem).map(|chain| chain.into_iter().next()) {
                Ok(Some(certificate)) => certificate,
                Ok(None) => continue,
                Err(why) => {
                    wrong(&why, "use `tls.crt` as cert-manager wrote it");
                    continue;
                }
            };
            if signer.is_some_and(|signer| !certificate.names_issuer(&signer.certificate)) {
                let why = format!("{} was issued by another CA", quote(&certificate.subject));
                wrong(&why, "a CA can revoke only what it has signed: use the CA that signed it");
                continue;
            }
            match Serial::parse(&certificate.serial) {
                Some(serial) => drop(serials.insert(serial)),
                None => wrong("its serial number is not one", "have the CA issue certificates with positive numbers"),
            }
        }
    }
    Ok(serials)
}

/// The certificates of a file, in PEM, with what they are called.
fn certificates(file: &Path, report: &mut Report) -> Result<Vec<(String, String)>, Error> {
    let text = if file == Path::new("-") {
        manifests::text(file, "pipe Secrets into it: `kubectl get secrets --output json | iamra ca crl … -`")?
    } else {
        disk::read_given(file)?
    };
    if !text.trim_start().starts_with('{') {
        return Ok(vec![("the certificate".to_owned(), text)]);
    }
    let object: Value = serde_json::from_str(&text).unwrap_or_default();
    let items = object.get("items").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![object]);
    let secrets = items.iter().filter(|item| item["kind"] == "Secret").filter_map(|secret| {
        let encoded = secret.pointer("/data/tls.crt")?.as_str()?;
        let pem = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let name = secret.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        Some((format!("the certificate of Secret {}", quote(&name)), pem))
    });
    let found: Vec<_> = secrets.collect();
    if found.is_empty() {
        let message = "there is no Secret with a certificate in it";
        report.push(
            Diagnostic::error(Code::InvalidCertificate, message)
                .at(Place::File(display(file), None))
                .help("use what `kubectl get secrets --output json` prints"),
        );
    }
    Ok(found)
}
