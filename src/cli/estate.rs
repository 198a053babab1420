//! The resources in AWS that a declaration means: what they should be, and what they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::at_hand::Operator;
use super::declaration::File;
use super::delegated::{self, Delegated};
use super::error::Error;
use super::live::{Asking, Asks};
use super::manifests;
use super::progress::Progress;
use super::sources::CLUSTER;
use crate::aws::{Provisioning, Session};
use crate::certificate::{Authority, Certificate};
use crate::config::{self, Config};
use crate::diag::{Code, Diagnostic, Place, Report, known_names};
use crate::issuer::MOST_TRUSTED;
use crate::output;
use crate::provision::{self, Certificates, Comparison, Desired, Failure, Observed, Stopped};
use crate::quote::quote;
use crate::resolve::{Answers, Guarded, Lookup as _};

/// Whose resources.
#[derive(clap::Args)]
pub(super) struct Folder {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
}

/// Which resources, and who is asked.
#[derive(clap::Args)]
pub(super) struct Estate {
    /// Only the resources of this cluster
    #[arg(long, env = CLUSTER, value_name = "NAME")]
    pub(super) cluster: Option<String>,
    #[command(flatten)]
    operator: Operator,
    #[command(flatten)]
    asks: Asks,
}

/// The same for commands with another `--policy`: that of the operator is in its variable.
#[derive(clap::Args)]
pub(super) struct Part {
    /// Only the resources of this cluster
    #[arg(long, env = CLUSTER, value_name = "NAME")]
    pub(super) cluster: Option<String>,
    #[command(flatten)]
    asks: Asks,
}

/// Certificates of CAs that are in no parameter.
#[derive(clap::Args)]
pub(super) struct Authorities {
    /// File with the certificate in PEM of the CA that a scope's trust anchor trusts, and with a second one during a rotation; `-` is
    /// stdin
    #[arg(long = "ca-certificate", value_name = "[SCOPE=]FILE")]
    files: Vec<String>,
}

impl Folder {
    pub(super) fn file(&self) -> Result<File, Error> {
        File::open(&self.dir)
    }
}

impl Part {
    pub(super) fn estate(&self) -> Estate {
        Estate { cluster: self.cluster.clone(), ..Estate::everywhere(&self.asks) }
    }
}

impl Estate {
    /// For a command with arguments of its own.
    pub(super) fn of(cluster: Option<&str>, operator: &Operator, asks: &Asks) -> Self {
        Self { cluster: cluster.map(str::to_owned), operator: operator.clone(), asks: asks.clone() }
    }

    /// The resources of all clusters.
    pub(super) fn everywhere(asks: &Asks) -> Self {
        Self { cluster: None, operator: Operator::of_environment(), asks: asks.clone() }
    }

    pub(super) fn session(&self) -> Result<Session, Error> {
        self.asks.session()
    }

    /// What should be there. Without a session, what only AWS knows is left out. `None` when something is wrong, which is
    /// reported.
    pub(super) fn desired(
        &self,
        file: &File,
        authorities: Option<&Authorities>,
        session: Option<&Session>,
        report: &mut Report,
    ) -> Result<Option<Desired>, Error> {
        let Some(policy) = self.operator.policy(report)? else { return Ok(None) };
        let Some(configs) = configs(file, report) else { return Ok(None) };
        if let Some(cluster) = &self.cluster {
            let known: Vec<_> = configs.iter().filter_map(|config| config.cluster.as_deref()).collect();
            if !known.contains(&cluster.as_str()) {
                let message = format!("cluster {} is not declared", quote(cluster));
                report.push(Diagnostic::error(Code::UnknownCluster, message).help(known_names(cluster, known)));
                return Ok(None);
            }
        }
        let Some(others) = others(file, report)? else { return Ok(None) };
        let others: Vec<_> = others.into_iter().flat_map(|(_, configs)| configs).collect();
        let certificates = match authorities {
            Some(given) => given.read(&configs, self.cluster.as_deref(), report)?,
            None => Certificates::new(),
        };
        if report.has_errors() {
            return Ok(None);
        }
        let queries = provision::queries(&configs);
        let answers = session.map_or_else(Answers::new, |session| {
            Guarded { policy: &policy, lookup: &Asking::new(session, &self.asks) }.answer(&queries)
        });
        let mut found = Report::default();
        let desired = provision::desired(&configs, &others, &answers, &certificates, &mut found);
        // Nobody was asked what is elsewhere.
        report.append(if session.is_some() { found } else { found.without(Code::UnresolvedReference) });
        Ok((!report.has_errors()).then_some(desired))
    }

    /// How AWS differs from what one role should be, as [`Self::compared`].
    pub(super) fn role_compared(
        &self,
        file: &File,
        role: &str,
        session: &Session,
        report: &mut Report,
    ) -> Result<Option<Comparison>, Error> {
        let Some(desired) = self.desired(file, None, Some(session), report)? else { return Ok(None) };
        Ok(self.differs(&desired.narrowed(self.cluster.as_deref()).of_role(role), session, report))
    }

    /// What is left in AWS of a role, which `file` still has.
    pub(super) fn role_left(
        &self,
        file: &File,
        role: &str,
        session: &Session,
        report: &mut Report,
    ) -> Result<Option<Comparison>, Error> {
        let Some(desired) = self.desired(file, None, Some(session), report)? else { return Ok(None) };
        let desired = desired.of_role_alone(role);
        let Some(seen) = observed(&desired, session, report) else { return Ok(None) };
        Ok(Some(provision::compare(&desired.nothing(), &seen, None).deletions()))
    }

    /// How AWS differs from what should be there. `None` when that cannot be told, which is reported, as is what somebody has
    /// to decide.
    pub(super) fn compared(
        &self,
        file: &File,
        authorities: &Authorities,
        session: &Session,
        report: &mut Report,
    ) -> Result<Option<Comparison>, Error> {
        let Some(desired) = self.desired(file, Some(authorities), Some(session), report)? else { return Ok(None) };
        Ok(self.differs(&desired.narrowed(self.cluster.as_deref()), session, report))
    }

    /// How AWS differs from what is desired of the cluster, or of all.
    fn differs(&self, desired: &Desired, session: &Session, report: &mut Report) -> Option<Comparison> {
        let seen = observed(desired, session, report)?;
        let comparison = provision::compare(desired, &seen, self.cluster.as_deref());
        refused(&comparison, report);
        Some(comparison)
    }
}

/// What is there.
pub(super) fn observed(desired: &Desired, session: &Session, report: &mut Report) -> Option<Observed> {
    let observed = provision::observe(desired, &Provisioning::new(session));
    observed.map_err(|failure| report.push(failed(&failure))).ok()
}

/// The declaration for each of its clusters.
pub(super) fn configs(file: &File, report: &mut Report) -> Option<Vec<Config>> {
    let documents = file.documents(report)?;
    let declaration = documents.whole();
    let mut found = Report::default();
    let configs = config::load_all(declaration, &config::clusters(declaration), &[], &mut found);
    // Resources may be there before the workloads, and nothing is rendered.
    report.append(found.without(Code::NothingToDo).without(Code::InlineCaKey));
    configs
}

/// Declarations by name, each for all of its clusters.
type Named = Vec<(String, Vec<Config>)>;

/// The declarations that share its base: roles trust their workloads, too.
pub(super) fn others(file: &File, report: &mut Report) -> Result<Option<Named>, Error> {
    let mut all = Vec::new();
    for other in &Delegated::others(file)? {
        let Some(configs) = configs(other, &mut Report::default()) else {
            report.push(delegated::unread(other));
            return Ok(None);
        };
        all.push((other.name.clone(), configs));
    }
    Ok(Some(all))
}

impl Authorities {
    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        !self.files.is_empty()
    }

    /// The certificates by scope. What cannot be a trust anchor is reported.
    fn read(&self, configs: &[Config], cluster: Option<&str>, report: &mut Report) -> Result<Certificates, Error> {
        let mut anchors: BTreeMap<&str, BTreeSet<_>> = BTreeMap::new();
        for config in configs.iter().filter(|config| cluster.is_none() || config.cluster.as_deref() == cluster) {
            for scope in &config.installation.scopes {
                anchors.entry(&scope.name).or_default().insert(scope.trust_anchor.source());
            }
        }
        let mut found: BTreeMap<&str, Vec<Certificate>> = BTreeMap::new();
        for given in &self.files {
            let (scope, path) = match given.split_once('=') {
                Some((scope, path)) if !scope.contains(['/', '.']) => (Some(scope), path),
                _ => (None, given.as_str()),
            };
            let known: Vec<_> = anchors.keys().copied().collect();
            let scope = scope.or(if let [only] = known.as_slice() { Some(only) } else { None });
            let Some((scope, anchors)) = scope.and_then(|scope| anchors.get_key_value(scope)) else {
                let message = format!("{} is for no scope of the declaration", quote(given));
                let help = format!("write `SCOPE=FILE` with one of these scopes: {}", known.join(", "));
                report.push(Diagnostic::error(Code::UnknownScope, message).help(help));
                continue;
            };
            if anchors.len() > 1 {
                let message = format!("scope {} has a trust anchor in each of several clusters", quote(scope));
                let help = "choose one with `--cluster NAME`";
                report.push(Diagnostic::error(Code::AmbiguousCluster, message).help(help));
                continue;
            }
            found.entry(scope).or_default().extend(read(path, report)?);
        }
        let mut certificates = Certificates::new();
        for (scope, all) in found {
            if all.len() > MOST_TRUSTED {
                let message = format!(
                    "scope {} would trust {} CAs, and a trust anchor has at most {MOST_TRUSTED}",
                    quote(&scope),
                    all.len()
                );
                report.push(Diagnostic::error(Code::InvalidCa, message).help("leave out the oldest"));
            }
            certificates.insert(scope.to_owned(), all.iter().map(Certificate::pem).collect());
        }
        Ok(certificates)
    }
}

/// The certificates of a file, each of which can be a trust anchor.
fn read(path: &str, report: &mut Report) -> Result<Vec<Certificate>, Error> {
    let path = PathBuf::from(path);
    let text = manifests::text(&path, "pipe a certificate into it, such as that of `iamra ca show`")?;
    let name = manifests::name_of(&path).to_owned();
    let mut refuse = |why: &str| {
        let wrong = Diagnostic::error(Code::InvalidCa, format!("{name} cannot be a trust anchor: {why}"));
        report
            .push(wrong.at(Place::File(name.clone(), None)).help("`iamra ca show` prints the certificate of a Secret"));
    };
    let all = match Certificate::all(&text) {
        Ok(all) if !all.is_empty() => all,
        Ok(_) => {
            refuse("it has no certificate");
            return Ok(Vec::new());
        }
        Err(why) => {
            refuse(&why);
            return Ok(Vec::new());
        }
    };
    for certificate in &all {
        if let Err(why) = Authority::check_chain(&certificate.pem()) {
            refuse(&why);
        }
    }
    Ok(all)
}

/// A failed call as a diagnostic.
pub(super) fn failed(failure: &Failure) -> Diagnostic {
    Diagnostic::error(failure.answer.code, &failure.answer.why).help(&failure.answer.help)
}

/// Reports what somebody has to decide.
pub(super) fn refused(comparison: &Comparison, report: &mut Report) {
    for it in comparison.refusals() {
        let message = format!("{}: {}", it.key, it.words.join("; "));
        let wrong = Diagnostic::error(Code::AwsSetup, message).at(Place::Config(it.place.clone()));
        report.push(wrong.help(it.help.clone().unwrap_or_default()));
    }
}

/// Makes the calls, after the user has agreed, and says each.
pub(super) fn carry_out(
    comparison: &Comparison,
    session: &Session,
    report: &mut Report,
    io: &mut super::io::Io,
) -> Result<(), Error> {
    let (mut progress, mut told) = (Progress::of(comparison.to_do(), io), Ok(()));
    let mut tell = |it: &provision::Difference| {
        let words = format!("{}: {}\n", it.key, it.verb.past());
        told = progress.words(&words);
        progress.step(|| it.key.name.clone());
    };
    let ended = provision::apply(comparison, &Provisioning::new(session), &mut tell);
    drop(progress);
    told?;
    if let Err(stopped) = ended {
        report.push(stop(&stopped));
    }
    Ok(())
}

/// Where a run stopped, as a diagnostic.
pub(super) fn stop(Stopped { key, failure, .. }: &Stopped) -> Diagnostic {
    let is_open = failure.fault == provision::Fault::Unclear;
    let open = if is_open { "; whether it was done is not known" } else { "" };
    let help = format!("{}; then run the command again, which goes on from here", failure.answer.help);
    Diagnostic::error(failure.answer.code, format!("{key}: {}{open}", failure.answer.why)).help(help)
}

/// What a plan says when nothing differs.
pub(super) const AS_DECLARED: &str = "AWS is as declared";

/// Shows the differences, or that there is nothing to do, and asks whether to go on. `is_agreed` answers it.
pub(super) fn agreed(
    comparison: &Comparison,
    nothing: &str,
    is_agreed: bool,
    io: &mut super::io::Io,
) -> Result<bool, Error> {
    io.words(&output::resources(comparison))?;
    io.remark(&format_args!("{}\n", output::resources_summary(comparison, nothing)))?;
    if is_agreed || !comparison.has_calls() {
        return Ok(true);
    }
    io.agrees()
}
