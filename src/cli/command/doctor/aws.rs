//! Checks what AWS has, and whether it issues a session.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::Args;
use crate::aws::{self, Presented, Session, inspections};
use crate::certificate::{Certificate, PrivateKey, Unusable};
use crate::cli::error::Error;
use crate::cli::live::{Asks, tell};
use crate::cli::sources::Shared;
use crate::diag::{Code, Diagnostic, Place, Report, known_names};
use crate::disk;
use crate::doctor::{self, Known};
use crate::quote::quote;
use crate::reference::Origin;
use crate::resolve::{Identity, Resolved, ResolvedBinding};
use crate::secret::Secret;

/// What is presented to AWS for a session.
#[derive(clap::Args)]
pub(super) struct Present {
    /// A workload's certificate in PEM, with its chain, to request a session with
    #[arg(long, value_name = "FILE", requires = "key", hide = !aws::IS_HERE)]
    certificate: Option<PathBuf>,
    /// The certificate's private key in PEM
    #[arg(long, value_name = "FILE", requires = "certificate", hide = !aws::IS_HERE)]
    key: Option<PathBuf>,
    /// The workload, if the certificate's common name is ambiguous
    #[arg(long, value_name = "NAME", requires = "certificate", hide = !aws::IS_HERE)]
    workload: Option<String>,
}

/// The CAs that sign, to compare with those that AWS trusts.
pub(super) struct Authorities {
    /// By workload.
    pub(super) in_cluster: BTreeMap<String, Vec<Certificate>>,
    /// By scope: of the CA that signs, and of the one beside it during a rotation.
    pub(super) declared: BTreeMap<String, [Vec<Certificate>; 2]>,
}

/// The calls that would be made.
pub(super) fn calls(args: &Args, resolved: &Resolved) -> Vec<String> {
    let identities = identities(resolved);
    let session = args.present.certificate.as_ref().map(|file| {
        format!("rolesanywhere:CreateSession in the trust anchor's region\n  signed with the key of {}", file.display())
    });
    inspections(&identities).iter().map(ToString::to_string).chain(session).collect()
}

/// Checks AWS; what is correct is returned as lines.
pub(super) fn look(
    args: &Args,
    shared: &Shared,
    resolved: &Resolved,
    authorities: &Authorities,
    report: &mut Report,
) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    let live = &shared.sources.live;
    if live.asked() {
        lines.extend(inspect(&live.asks.session()?, resolved, authorities, report));
    }
    if let (Some(certificate), Some(key)) = (&args.present.certificate, &args.present.key) {
        lines.extend(present(args, &live.asks, resolved, (certificate, key), report)?);
    }
    Ok(lines)
}

fn identities(resolved: &Resolved) -> Vec<(&Identity, &Origin)> {
    let bindings = resolved.bindings.iter();
    bindings.map(|binding| (&*binding.identity, &*binding.declared.role.trust_anchor.origin)).collect()
}

fn inspect(session: &Session, resolved: &Resolved, authorities: &Authorities, report: &mut Report) -> Vec<String> {
    let seen = session.inspect(&identities(resolved), &tell);
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let mut lines: Vec<String> = Vec::new();
    let mut said = BTreeSet::new();
    let nothing = [Vec::new(), Vec::new()];
    for (binding, seen) in resolved.bindings.iter().zip(&seen) {
        let [declared, other] = authorities.declared.get(&binding.declared.scope).unwrap_or(&nothing);
        let known = Known {
            authorities: authorities.in_cluster.get(&binding.declared.workload).map_or(&[], Vec::as_slice),
            declared,
            other,
            now,
        };
        let found = doctor::identity(binding, seen, known, report);
        lines.extend(found.into_iter().filter(|line| said.insert(line.clone())));
    }
    lines
}

/// Requests a session with the given certificate.
fn present(
    args: &Args,
    asks: &Asks,
    resolved: &Resolved,
    (certificate, key): (&Path, &Path),
    report: &mut Report,
) -> Result<Option<String>, Error> {
    let (chain, found) = match pair(certificate, key)? {
        Ok(pair) => pair,
        Err(wrong) => {
            report.push(wrong);
            return Ok(None);
        }
    };
    let Some(leaf) = chain.first() else { return Ok(None) };
    let Some(whose) = whose(args, resolved, leaf, report) else { return Ok(None) };
    let binding = &whose.declared;
    let presented = Presented {
        chain: &chain,
        key: &found,
        region: &whose.identity.trust_anchor.region,
        seconds: binding.role.session.seconds(),
        session_name: binding.sidecar.role_session_name.as_deref(),
        now: OffsetDateTime::now_utc(),
    };
    let place = Place::Config(binding.place.clone());
    match asks.session()?.create_session(&whose.identity, &presented, &tell) {
        Ok(Ok(granted)) => {
            return Ok(Some(format!(
                "AWS issues a session for {} of workload {}: {}, until {}",
                quote(&leaf.subject),
                quote(&binding.workload),
                granted.arn,
                granted.expiration
            )));
        }
        Ok(Err(refusal)) => report.push(doctor::refused(&refusal).at(place)),
        Err(none) => report.push(Diagnostic::error(none.code, none.why).at(place).help(none.help)),
    }
    Ok(None)
}

/// A certificate with its chain and the private key that belongs to it, or what is wrong with one of them.
type Pair = Result<(Vec<Certificate>, PrivateKey), Diagnostic>;

fn pair(certificate: &Path, key: &Path) -> Result<Pair, Error> {
    let (pem, key_pem) = (disk::read_given(certificate)?, Secret::new(disk::read_given(key)?));
    let wrong = |file: &Path, why: &str| {
        let help = "use `tls.crt` and `tls.key` of the same Secret, as cert-manager wrote them";
        Diagnostic::error(Code::InvalidCertificate, format!("{} cannot be used: {why}", file.display())).help(help)
    };
    let chain = match Certificate::all(&pem) {
        Ok(chain) => chain,
        Err(why) => return Ok(Err(wrong(certificate, &why))),
    };
    let Some(leaf) = chain.first() else { return Ok(Err(wrong(certificate, "it has no certificate"))) };
    let why = match PrivateKey::of(leaf, &key_pem) {
        Ok(Some(found)) if found.can_sign() => return Ok(Ok((chain, found))),
        Ok(Some(_)) => {
            "iamra signs with RSA keys of 2048 to 4096 bits, and this key is longer (the credential helper supports \
             longer keys)"
        }
        Ok(None) => "the private key does not belong to the certificate",
        Err(Unusable::Encrypted) => "the private key is encrypted",
        Err(Unusable::Unreadable) => "the private key is not RSA or EC in PEM",
    };
    Ok(Err(wrong(key, why)))
}

/// The workload of a certificate: the one that was named, or the only one with its common name.
fn whose<'r>(
    args: &Args,
    resolved: &'r Resolved,
    leaf: &Certificate,
    report: &mut Report,
) -> Option<&'r ResolvedBinding> {
    let named = args.present.workload.as_deref();
    let fits = |binding: &&ResolvedBinding| match named {
        Some(name) => binding.declared.workload == name,
        None => Some(&binding.declared.certificate.common_name) == leaf.common_name.as_ref(),
    };
    let found: Vec<_> = resolved.bindings.iter().map(AsRef::as_ref).filter(fits).collect();
    if let [one] = found.as_slice() {
        return Some(one);
    }
    let workloads = resolved.bindings.iter().map(|binding| binding.declared.workload.as_str());
    let (message, help) = match named {
        Some(name) => (format!("there is no workload {}", quote(&name)), known_names(name, workloads)),
        None => (
            format!("{} workloads match the common name of this certificate, {}", found.len(), quote(&leaf.subject)),
            "choose the workload with `--workload NAME`".to_owned(),
        ),
    };
    report.push(Diagnostic::error(Code::InvalidCertificate, message).help(help));
    None
}
