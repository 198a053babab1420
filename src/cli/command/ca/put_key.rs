//! `iamra ca put-key`

use std::path::{Path, PathBuf};

use crate::aws::{Provisioning, Session};
use crate::certificate::Authority;
use crate::cli::at_hand::Operator;
use crate::cli::authority::{self, named};
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::estate::{Estate, agreed, failed, observed};
use crate::cli::io::Io;
use crate::cli::live::Asks;
use crate::cli::report::finish;
use crate::cli::{Exit, manifests};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::issuer::DEFAULT_SCOPE;
use crate::provision::{Comparison, Kept, Part, Present, Putting};
use crate::quote::quote;
use crate::secret::Secret;

/// Put a CA that exists, key and certificate, into the parameters that the declaration names
///
/// `iamra ca put-key ca-private-key.pem --certificate ca-certificate.pem`. The key is encrypted there. It must be that of the
/// certificate, which must be one that a trust anchor takes. Asks first, and overwrites nothing: where another CA is, nothing is
/// changed.
#[derive(clap::Args)]
pub(super) struct Args {
    /// File with the private key in PEM, and with the certificate if that is nowhere else; `-` is stdin
    #[arg(value_name = "FILE")]
    key: PathBuf,
    /// File with the certificate in PEM
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Scope whose CA it is
    #[arg(long, default_value = DEFAULT_SCOPE, value_name = "NAME")]
    scope: String,
    /// Cluster whose CA it is
    #[arg(long, env = crate::cli::sources::CLUSTER, value_name = "NAME")]
    cluster: Option<String>,
    /// The declaration, or a folder at or below it
    #[arg(long, default_value = ".", value_name = "PATH")]
    declaration: PathBuf,
    /// KMS key that encrypts the key: ID, ARN or alias; the account's own for parameters when omitted
    #[arg(long, value_name = "KEY")]
    kms_key: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    operator: Operator,
    #[command(flatten)]
    asks: Asks,
}

const PIPE: &str = "pipe the key in PEM into it, and the certificate";

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let estate = Estate::of(args.cluster.as_deref(), &args.operator, &args.asks);
    let (file, mut report) = (File::open(&args.declaration)?, Report::default());
    if let Some(given) = given(args, &mut report)?
        && let Some((part, kept)) = kept(args, &estate, &file, &mut report)?
    {
        let is_agreed = put(args, (&part, &kept), &given, &estate.session()?, &mut report, io)?;
        if !is_agreed {
            io.words(&"nothing was changed\n")?;
            return Ok(Exit::Differs);
        }
    }
    finish(&report, file.sources(), io)
}

/// The parameters of the scope's CA.
fn kept(args: &Args, estate: &Estate, file: &File, report: &mut Report) -> Result<Option<(Part, Kept)>, Error> {
    let Some(part) = authority::part(estate, file, &args.scope, report)? else { return Ok(None) };
    let part = part.without_anchor();
    let kept = part.kept.clone();
    if kept.is_none() {
        let message = format!("the CA of scope {} is not in parameters that iamra may write", quote(&args.scope));
        let help = "declare it as `ca: {secret: {ssm: {certificate: ssm:/NAME, key: ssm:/NAME}}}`, without versions";
        report.push(Diagnostic::error(Code::ConflictingFields, message).help(help));
    }
    Ok(kept.map(|kept| (part, kept)))
}

/// The CA of the arguments. What is none is reported.
fn given(args: &Args, report: &mut Report) -> Result<Option<Authority>, Error> {
    let key = text(&args.key)?;
    let certificate = match &args.certificate {
        Some(path) => text(path)?.reveal().to_owned(),
        None => certificates(key.reveal()),
    };
    let checked = Authority::check(&certificate, &only_key(key.reveal()));
    if let Err(why) = &checked {
        let name = manifests::name_of(&args.key).to_owned();
        let wrong = Diagnostic::error(Code::InvalidCa, format!("{name} is no CA for a trust anchor: {why}"));
        let help = "give the private key and the certificate of one CA: `--certificate FILE`";
        report.push(wrong.at(Place::File(name, None)).help(help));
    }
    Ok(checked.ok())
}

fn text(path: &Path) -> Result<Secret, Error> {
    Ok(Secret::new(manifests::text(path, PIPE)?))
}

/// The blocks of certificates in a text.
fn certificates(text: &str) -> String {
    blocks(text).filter(|(label, _)| *label == "CERTIFICATE").map(|(_, block)| block).collect()
}

/// The private key in a text, without what stands around it.
fn only_key(text: &str) -> Secret {
    Secret::new(blocks(text).filter(|(label, _)| label.ends_with("PRIVATE KEY")).map(|(_, it)| it).collect::<String>())
}

/// The blocks of PEM, with their labels.
/// <https://www.rfc-editor.org/rfc/rfc7468#section-3>
fn blocks(text: &str) -> impl Iterator<Item = (&str, String)> {
    text.split("-----BEGIN ").skip(1).filter_map(|rest| {
        let (label, rest) = rest.split_once("-----")?;
        let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
        Some((label, format!("-----BEGIN {label}-----{body}-----END {label}-----\n")))
    })
}

/// The CA of the arguments as that of a key.
fn certified(given: &Authority, key: &Secret) -> Result<Authority, String> {
    let other = |_| "another private key is there; nothing is overwritten".to_owned();
    Authority::check(&given.certificate, key).map_err(other)
}

/// Whether what is there is the same CA, as far as it is there.
fn check(present: &Present, given: &Authority) -> Result<(), String> {
    match present {
        Present::Nothing => Ok(()),
        Present::Key(key) => certified(given, key).map(drop),
        Present::Both(there) => certified(given, &there.key).map(drop),
        Present::Certificate(there) => Authority::check(there, &given.key)
            .map(drop)
            .map_err(|_| "the certificate of another CA is there; nothing is overwritten".to_owned()),
    }
}

/// Puts it where it is not. Whether the user agreed, if there was anything to ask.
fn put(
    args: &Args,
    (part, kept): (&Part, &Kept),
    given: &Authority,
    session: &Session,
    report: &mut Report,
    io: &mut Io,
) -> Result<bool, Error> {
    let Some(observed) = observed(&part.desired, session, report) else { return Ok(true) };
    let aws = Provisioning::new(session);
    let present = match kept.present(&observed, &aws) {
        Ok(present) => present,
        Err(failure) => {
            report.push(failed(&failure));
            return Ok(true);
        }
    };
    if let Err(why) = check(&present, given) {
        let help = "docs/ca-rotation.md says how a CA is replaced; if nothing uses the one that is there, delete its parameters";
        report.push(Diagnostic::error(Code::InvalidCa, format!("the {}: {why}", kept.key)).help(help));
        return Ok(true);
    }
    if let Present::Both(there) = &present {
        io.remark(&format_args!("{} is there already\n", named(there)))?;
        return Ok(true);
    }
    let certify = |key: &Secret| certified(given, key);
    let putting = Putting { authority: given, kms_key: args.kms_key.as_deref(), certify: &certify };
    let mut shown = Comparison::default();
    shown.accounts.clone_from(&observed.accounts);
    let shown = shown.after(kept.differences(&present, &putting), &part.desired);
    if !agreed(&shown, "", args.yes, io)? {
        return Ok(false);
    }
    if authority::put((kept, &present), &putting, &aws, report, io)?.is_some() {
        io.remark(&format_args!("{} is there; `iamra aws apply` has its trust anchor trust it\n", named(given)))?;
    }
    Ok(true)
}
