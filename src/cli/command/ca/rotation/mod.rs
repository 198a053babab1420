//! `iamra ca rotation`

mod seen;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;
use time::OffsetDateTime;

use crate::arn::{Arn, ArnKind};
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::sources::Shared;
use crate::cli::{Exit, report};
use crate::config::{Config, Mode};
use crate::diag::{Code, Diagnostic, Report, known_names};
use crate::diff::Snapshot;
use crate::doctor::Wanted;
use crate::doctor::rotation::{self, Evidence, Scope};
use crate::issuer::Issuer;
use crate::pipeline;
use crate::quote::quote;
use crate::reference::{Query, Reference};
use crate::resolve::{self, Answers};
use seen::Seen;

/// Say where a scope is in the rotation of its CA, and which step is next
///
/// Reads the declaration, and what is given of the cluster and of AWS: a step counts as done only if that shows it. What has been
/// done too early is an error: a CA that signs and is not trusted yet, one that is no longer trusted and still in use.
///
/// Exit codes: 0 nothing is wrong, 1 a step is out of order, 3 the declaration is ahead of what can be told.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The only scope to look at; all when omitted
    #[arg(long, value_name = "NAME")]
    scope: Option<String>,
    /// Objects of the cluster: Certificates, their requests and issuers, Pods, and the CAs' Secrets, of which only `tls.crt` is
    /// read, as `kubectl get … --output json` prints them; `-` is stdin
    #[arg(long, value_name = "FILE")]
    objects: Vec<PathBuf>,
    /// The trust anchor, as `aws rolesanywhere get-trust-anchor` prints it, in place of asking AWS
    #[arg(long, value_name = "FILE")]
    trust_anchor: Vec<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    shared: Shared,
}

/// How the steps are written.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Human,
    /// With a schema version, for scripts
    Json,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let file = File::open(&args.dir)?;
    let mut report = Report::default();
    let text = rotations(args, &file, &mut report)?;
    report::finish_with(&report, file.sources(), io, |io| match text {
        Some(text) => io.data(|out| out.write_all(text.as_bytes())),
        None => Ok(()),
    })
}

/// All that is said on stdout; `None` when the declaration or what is given cannot be read, which is reported.
fn rotations(args: &Args, file: &File, report: &mut Report) -> Result<Option<String>, Error> {
    // Workloads are not looked at, so no cluster has too few of them.
    let mut found = Report::default();
    let read = file.ask(&Shared { cluster: None, ..args.shared.clone() }, &mut found, |declaration, lookup, report| {
        let request = pipeline::Request { mode: Some(Mode::Transform), ..pipeline::Request::default() };
        let snapshot = pipeline::snapshot(declaration, request, None, report)?;
        let queries = snapshot.values().flat_map(|view| public_queries(&view.config)).collect();
        Some((snapshot, lookup.answer(&queries)))
    });
    report.append(found.without(Code::NothingToDo));
    let Some((snapshot, answers)) = read? else { return Ok(None) };
    if report.has_errors() || !check_cluster(args, &snapshot, report) {
        return Ok(None);
    }
    let mut scopes = scopes(args, &snapshot, &answers);
    scopes.retain(|it| args.scope.as_ref().is_none_or(|only| it.name == only));
    if let Some(name) = args.scope.as_ref().filter(|_| scopes.is_empty()) {
        let known = snapshot.values().flat_map(|view| view.config.issuers.keys()).map(String::as_str);
        let message = format!("scope {} is not declared, or nothing uses it", quote(name));
        report.push(Diagnostic::error(Code::UnknownScope, message).help(known_names(name, known)));
        return Ok(None);
    }
    let Some(seen) = Seen::of(args, &scopes, report)? else { return Ok(None) };
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let mut all = Vec::new();
    for scope in &scopes {
        let anchor = seen.anchor(scope);
        let evidence = Evidence { anchor: anchor.as_ref(), objects: seen.objects.as_deref(), now };
        let looked_up = |issuer: &Issuer| resolve::ca_certificate(issuer, &answers);
        all.push((scope.declared(), rotation::of(&scope.declared(), looked_up, evidence, report)));
    }
    Ok(Some(match args.format {
        Format::Human => words::human(&all),
        Format::Json => words::json(&all),
    }))
}

/// What must be looked up: trust anchors, and the certificates of CAs, but no key.
fn public_queries(config: &Config) -> Vec<Query> {
    let anchors = config
        .roles
        .iter()
        .filter_map(|(role, _)| role.trust_anchor.query(crate::reference::Wanted::Arn(ArnKind::TrustAnchor)));
    anchors.chain(resolve::authority_queries(config).into_iter().filter(|query| !query.is_secret())).collect()
}

/// Objects are those of one cluster, which must be a declared one.
fn check_cluster(args: &Args, snapshot: &Snapshot, report: &mut Report) -> bool {
    let known = || snapshot.keys().flatten().map(String::as_str);
    match &args.shared.cluster {
        Some(name) if !snapshot.contains_key(&Some(name.clone())) => report.push(
            Diagnostic::error(Code::UnknownCluster, format!("cluster {} is not declared", quote(name)))
                .help(known_names(name, known())),
        ),
        None if snapshot.len() > 1 && !args.objects.is_empty() => report.push(
            Diagnostic::error(Code::AmbiguousCluster, "the objects are those of one cluster, and several are declared")
                .help("say which one with `--cluster NAME`"),
        ),
        _ => return true,
    }
    false
}

/// A scope in a cluster, with what is known about it.
struct Found<'f> {
    cluster: Option<&'f str>,
    name: &'f str,
    issuer: &'f Issuer,
    /// The trust anchor, and where it is declared.
    anchor: Option<(Arn, &'f Reference)>,
    config: &'f Config,
    shared_with: Vec<&'f str>,
}

impl Found<'_> {
    fn declared(&self) -> Scope<'_> {
        let of_it = self.config.bindings.iter().filter(|binding| binding.scope == self.name);
        let (certified, mounted): (Vec<_>, Vec<_>) = of_it.partition(|binding| binding.certificate.has_secret());
        Scope {
            cluster: self.cluster,
            name: self.name,
            issuer: self.issuer,
            trust_anchor: self.anchor.as_ref().map(|(arn, _)| arn),
            certified: certified.into_iter().map(wanted).collect(),
            mounted: mounted.into_iter().map(|it| (it.workload.clone(), it.certificate.common_name.clone())).collect(),
            shared_with: self.shared_with.clone(),
        }
    }
}

fn wanted(binding: &crate::config::Binding) -> Wanted {
    Wanted {
        workload: binding.workload.clone(),
        namespace: binding.namespace.as_ref().map(ToString::to_string),
        name: crate::name::of_certificate(&binding.workload),
        place: binding.place.clone(),
    }
}

/// The scopes of the chosen cluster, or of all.
fn scopes<'s>(args: &Args, snapshot: &'s Snapshot, answers: &Answers) -> Vec<Found<'s>> {
    let mut all = Vec::new();
    let mut clusters: BTreeMap<Arn, Vec<&str>> = BTreeMap::new();
    for (cluster, view) in snapshot {
        for (name, issuer) in &view.config.issuers {
            let references = view.config.roles.iter().filter(|(role, _)| role.scope == *name);
            let anchor = references.map(|(role, _)| &role.trust_anchor).next();
            let anchor = anchor.and_then(|it| Some((resolve::known_arn(ArnKind::TrustAnchor, it, answers)?, it)));
            if let Some(((arn, _), cluster)) = anchor.as_ref().zip(cluster.as_deref()) {
                clusters.entry(arn.clone()).or_default().push(cluster);
            }
            let (cluster, config) = (cluster.as_deref(), &view.config);
            all.push(Found { cluster, name, issuer, anchor, config, shared_with: Vec::new() });
        }
    }
    for found in &mut all {
        let shared = found.anchor.as_ref().and_then(|(arn, _)| clusters.get(arn)).into_iter().flatten().copied();
        let mut shared: Vec<_> = shared.filter(|it| Some(*it) != found.cluster).collect();
        shared.dedup();
        found.shared_with = shared;
    }
    all.retain(|it| args.shared.cluster.is_none() || args.shared.cluster.as_deref() == it.cluster);
    all
}
