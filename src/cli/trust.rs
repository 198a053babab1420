//! Trust policies, and the workloads and roles that they are about.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::declaration::File;
use super::delegated::{self, Delegated};
use super::error::Error;
use super::paths::display;
use super::sources::Shared;
use crate::config::{Mode, Whole};
use crate::diag::{Code, Diagnostic, Place, Report, known_names};
use crate::diff::Snapshot;
use crate::matrix::{Declared, Matrix, Policy, Role, Source};
use crate::pipeline::{self, Request};
use crate::quote::quote;
use crate::resolve::{Lockfile, Lookup, TrustPolicies};
use crate::trust::{Mapping, Profiles};
use crate::yaml::{self, Document};
use crate::{disk, doctor};

/// Trust policies in files.
#[derive(clap::Args, Clone)]
pub(super) struct Given {
    /// Trust policy of a role in AWS: the role's name or ARN, and a file with the policy or with the output of `aws iam get-role`;
    /// may be repeated
    #[arg(long = "trust-policy", value_name = "ROLE=FILE", value_parser = role_and_file)]
    files: Vec<(String, PathBuf)>,
}

fn role_and_file(text: &str) -> Result<(String, PathBuf), String> {
    // An ARN and most names have no `=`; a file may have one.
    let (role, file) =
        text.split_once('=').filter(|(role, file)| !role.is_empty() && !file.is_empty()).ok_or(WANTED)?;
    Ok((role.to_owned(), file.into()))
}

const WANTED: &str = "expected `ROLE=FILE`: a role's name or ARN, and the file with its trust policy";

/// A declaration with all of its clusters.
pub(super) struct Everywhere {
    pub(super) snapshot: Snapshot,
    pub(super) declared: Declared,
}

impl Everywhere {
    /// Reads it, for all clusters and with all declarations that share its base: a policy must allow the workloads of each.
    /// `None` when something is wrong, which is reported.
    pub(super) fn read(file: &File, shared: &Shared, report: &mut Report) -> Result<Option<Self>, Error> {
        // A base may leave all workloads to those that extend it.
        let mut found = Report::default();
        let read = file.ask(shared, &mut found, Self::of)?;
        let others = Delegated::others(file)?;
        report.append(if others.is_empty() { found } else { found.without(Code::NothingToDo) });
        let Some(mut all) = read else { return Ok(None) };
        for other in others {
            let Some(read) = other.ask(shared, &mut Report::default(), Self::of)? else {
                report.push(delegated::unread(&other));
                return Ok(None);
            };
            all.declared.absorb(read.declared);
        }
        Ok(Some(all))
    }

    fn of(declaration: Whole<'_>, lookup: &dyn Lookup, report: &mut Report) -> Option<Self> {
        let request = Request { mode: Some(Mode::Transform), ..Request::default() };
        let mut found = Report::default();
        let snapshot = pipeline::snapshot(declaration, request, Some(lookup), &mut found);
        let failed = found.has_errors();
        report.append(found);
        let snapshot = snapshot.filter(|_| !failed)?;
        let declared = Declared::of(&snapshot, lookup);
        Some(Self { snapshot, declared })
    }

    /// Leaves out the workloads of other clusters. The policies, which are those of all clusters, stay.
    pub(super) fn keep(&mut self, cluster: Option<&String>) {
        if cluster.is_some() {
            self.declared.workloads.retain(|workload| workload.cluster.as_ref() == cluster);
            self.snapshot.retain(|name, _| name.as_ref() == cluster);
        }
    }

    /// The policies of all roles: those of the files, then those of the lock, then those that the declaration means.
    pub(super) fn policies(
        &self,
        given: &Given,
        lock: Option<&TrustPolicies>,
        report: &mut Report,
    ) -> Result<BTreeMap<String, Policy>, Error> {
        let of = |source: Source| move |(role, document)| (role, Policy { document, source: source.clone() });
        let mut policies: BTreeMap<_, _> =
            self.declared.policies(report).into_iter().map(of(Source::Declaration)).collect();
        let recorded = lock.into_iter().flatten().map(|(role, document)| (role.clone(), document.clone()));
        policies.extend(recorded.map(of(Source::Lock)));
        for (role, path) in &given.files {
            let (name, text) = (display(path), disk::read_given(path)?);
            let roles = known(&self.declared, role, None, report);
            match document(&text) {
                Ok(document) => policies.extend(roles.into_iter().map(|role| {
                    let source = Source::File(name.clone());
                    (role.arn.to_string(), Policy { document: document.clone(), source })
                })),
                Err(why) => report.push(
                    Diagnostic::error(Code::TrustPolicy, format!("{name} is not a trust policy: {why}"))
                        .at(Place::File(name, None))
                        .help(
                            "use the output of `aws iam get-role --role-name NAME`, or its `AssumeRolePolicyDocument`",
                        ),
                ),
            }
        }
        Ok(policies)
    }

    /// Reports what is wrong with policies that are not the declaration's own: for the workloads that must be allowed,
    /// and for those that must not.
    pub(super) fn judge(&self, policies: &BTreeMap<String, Policy>, profiles: &Profiles, report: &mut Report) {
        let default = Mapping::default();
        let bindings = self.snapshot.values().filter_map(|view| view.resolved.as_ref()).flat_map(|it| &it.bindings);
        for binding in bindings {
            let policy = policies.get(binding.identity.role.as_str());
            if let Some(policy) = policy.filter(|policy| policy.source != Source::Declaration) {
                let profile = profiles.get(binding.identity.profile.as_str());
                let mapping = profile.map_or(&default, |profile| &profile.mapping);
                doctor::trust_policy(binding, &policy.document, (None, mapping), report, &mut Vec::new());
            }
        }
        Matrix::of(&self.declared, policies, profiles).report(report);
    }
}

/// Reports what is wrong with the policies in files and in the lock, if there are any.
pub(super) fn check(
    (declaration, lookup): (Whole<'_>, &dyn Lookup),
    cluster: Option<&String>,
    (given, lock): (&Given, &Lockfile),
    report: &mut Report,
) -> Result<(), Error> {
    let recorded = lock.trust_policies();
    if given.files.is_empty() && recorded.is_none() {
        return Ok(());
    }
    // What is wrong with the declaration has been reported.
    let Some(mut all) = Everywhere::of(declaration, lookup, &mut Report::default()) else { return Ok(()) };
    let policies = all.policies(given, recorded, report)?;
    for role in all.declared.roles.values().filter(|_| recorded.is_some()) {
        if policies.get(role.arn.as_str()).is_none_or(|policy| policy.source == Source::Declaration) {
            let message = format!("{} has no trust policy of {}", lock.name(), role.arn);
            let stale = Diagnostic::error(Code::StaleLock, message).at(Place::Config(role.place.clone()));
            report.push(stale.help("run `iamra lock`, which reads the trust policies that the lock has, too"));
        }
    }
    let profiles = lock.profiles();
    for workload in all.declared.workloads.iter().filter(|_| profiles.is_some()) {
        if profiles.is_some_and(|it| !it.contains_key(workload.profile.as_str())) {
            let message = format!("{} does not have the profile {}", lock.name(), workload.profile);
            let stale = Diagnostic::error(Code::StaleLock, message).at(Place::Config(workload.place.clone()));
            report.push(stale.help("run `iamra lock`, which reads the profiles that the lock has, too"));
        }
    }
    all.keep(cluster);
    all.judge(&policies, profiles.unwrap_or(&Profiles::new()), report);
    Ok(())
}

/// The roles that a name or an ARN means. That there is none is reported.
pub(super) fn known<'d>(
    declared: &'d Declared,
    name: &str,
    cluster: Option<&str>,
    report: &mut Report,
) -> Vec<&'d Role> {
    let found = declared.roles_called(name, cluster);
    if found.is_empty() {
        let names = declared.roles.values().flat_map(|role| &role.called).map(|(_, name)| name.as_str());
        let of_cluster = cluster.map_or_else(String::new, |it| format!(" in cluster {}", quote(it)));
        let message = format!("no role {}{of_cluster} is declared", quote(name));
        report.push(Diagnostic::error(Code::UnknownRole, message).help(known_names(name, names)));
    }
    found
}

/// The policies and the profiles in the lock, if it has any.
pub(super) fn recorded(file: &File, shared: &Shared) -> Result<(Option<TrustPolicies>, Profiles), Error> {
    // What is wrong with the lock has been reported when references were looked up in it.
    let mut report = Report::default();
    let Some(documents) = file.documents(&mut report) else { return Ok((None, Profiles::new())) };
    let lock = &shared.sources.at_hand.lock;
    let path = lock.on_disk(documents.whole().root(), &file.folder, &mut report);
    let Some(path) = path else { return Ok((None, Profiles::new())) };
    let text = disk::read_if_there(&path)?;
    let lock = Lockfile::read(&display(&path), text.as_deref(), &mut report);
    Ok((lock.trust_policies().cloned(), lock.profiles().cloned().unwrap_or_default()))
}

/// The policy in a text: itself, or in what AWS's programs print around it.
fn document(text: &str) -> Result<Value, String> {
    let document = Document::parse(text).map_err(|error| error.message.clone())?;
    if let Some(at) = yaml::repeated_key(document.root()) {
        return Err(format!("it has {} twice, and only one of them counts in AWS", quote(&at)));
    }
    let value = document.root().to_value();
    let found = ["/Role/AssumeRolePolicyDocument", "/AssumeRolePolicyDocument", ""].map(|at| value.pointer(at));
    let found = found.into_iter().flatten().find(|it| it.get("Statement").is_some());
    found.cloned().ok_or_else(|| "it has no `Statement`".to_owned())
}
