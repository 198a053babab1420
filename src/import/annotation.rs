//! Imports from tools that read roles from annotations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::draft::{DraftRole, DraftWorkload, Scope, draft};
use super::elsewhere::{Account, Accounts, Elsewhere, account_of};
use super::pods::{Pods, kind_of, leave_out, owners};
use crate::arn::{Arn, ArnKind};
use crate::diag::{Code, Diagnostic, Report};
use crate::issuer;
use crate::krm::{Object, annotation};
use crate::quote::{quote, quote_object};
use crate::yaml::FieldPath;

/// A tool that gives roles to pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tool {
    /// EKS's IAM roles for service accounts.
    Irsa,
    /// kube2iam, and kiam, which reads the same.
    Kube2iam {
        /// Prefix for roles that are given by name only: `arn:aws:iam::111122223333:role/`.
        base_role_arn: Option<String>,
    },
    /// ira-controller, which injects the credential helper when a pod is admitted.
    IraController,
}

/// The annotation of a ServiceAccount.
/// <https://github.com/aws/amazon-eks-pod-identity-webhook/blob/master/README.md>
const IRSA_ROLE: &str = "eks.amazonaws.com/role-arn";
/// The annotation of a pod that names containers without credentials, with commas between.
const IRSA_SKIP: &str = "eks.amazonaws.com/skip-containers";
/// The annotation of a pod, an ARN or a name.
/// <https://github.com/jtblin/kube2iam/blob/master/README.md>
const KUBE2IAM_ROLE: &str = "iam.amazonaws.com/role";
/// The external ID that kube2iam sends to STS; IAM Roles Anywhere has no equivalent.
const KUBE2IAM_EXTERNAL_ID: &str = "iam.amazonaws.com/external-id";
/// The annotations of a pod that ira-controller requires, all of them.
/// <https://github.com/ontariosystems/ira-controller>
const IRA: [(&str, ArnKind); 3] = [
    ("ira.ontsys.com/trust-anchor", ArnKind::TrustAnchor),
    ("ira.ontsys.com/profile", ArnKind::Profile),
    ("ira.ontsys.com/role", ArnKind::Role),
];
const IRA_ISSUER_KIND: &str = "ira.ontsys.com/issuer-kind";
const IRA_ISSUER_NAME: &str = "ira.ontsys.com/issuer-name";
const IRA_SECRET: &str = "ira.ontsys.com/cert";
const IRA_SLASH: &str = "ira.ontsys.com/metadata-endpoint-trailing-slash";

/// The declaration for the tool's annotations on these objects. `None` when there are none, which is reported.
pub fn from_annotations(tool: &Tool, objects: &[Object<'_>], report: &mut Report) -> Option<Value> {
    let pods: Vec<_> = objects.iter().filter(|object| owners(object).is_empty()).flat_map(Pods::of).collect();
    let mut reader = Reader { tool, accounts: accounts(tool, objects, report), used: BTreeSet::new(), report };
    let workloads = pods.iter().filter_map(|pods| reader.workload(pods)).collect();
    let workloads = of_one_account(workloads);
    reader.mention_created(objects);
    reader.mention_elsewhere(objects, &pods);
    reader.mention_unused();
    if workloads.is_empty() {
        let message = format!("none of the {} objects has a role to import", objects.len());
        report.push(Diagnostic::error(Code::NothingImported, message).help(
            "pass source manifests or the output of `kubectl get -o yaml`: ServiceAccounts, Deployments and other \
             workloads",
        ));
        return None;
    }
    Some(draft(&of_whole_objects(&workloads, &pods)))
}

/// Merges the workloads of an object with several pods into one, if they are all alike. Those of one object follow each
/// other.
fn of_whole_objects(workloads: &[DraftWorkload], pods: &[Pods<'_>]) -> Vec<DraftWorkload> {
    let counts: BTreeMap<_, _> = pods.iter().map(|pods| (&pods.ident, pods.of)).collect();
    let of_objects = workloads.chunk_by(|one, other| one.ident == other.ident);
    let merged = of_objects.flat_map(|its| match its {
        [first, others @ ..]
            if counts.get(&first.ident) == Some(&its.len()) && others.iter().all(|it| it.is_like(first)) =>
        {
            vec![DraftWorkload { pod_template: None, ..first.clone() }]
        }
        _ => its.to_vec(),
    });
    merged.collect()
}

/// The last part of a role's ARN or path.
fn role_name(text: &str) -> String {
    text.rsplit('/').next().unwrap_or(text).to_owned()
}

fn of_account(arn: &Arn) -> Scope {
    Scope { account: Some(arn.account.clone()), ..Scope::default() }
}

/// Reads what a tool's annotations say.
struct Reader<'r, 't> {
    tool: &'t Tool,
    accounts: Accounts,
    /// The ServiceAccounts that somebody runs as.
    used: BTreeSet<Account>,
    report: &'r mut Report,
}

impl Reader<'_, '_> {
    fn workload(&mut self, pods: &Pods<'_>) -> Option<DraftWorkload> {
        match self.tool {
            Tool::Irsa => self.irsa(pods),
            Tool::Kube2iam { base_role_arn } => kube2iam(pods, base_role_arn.as_deref(), self.report),
            Tool::IraController => ira_controller(pods, self.report),
        }
    }

    fn irsa(&mut self, pods: &Pods<'_>) -> Option<DraftWorkload> {
        let (_, name) = pods.place.account(pods.object);
        let account = account_of(&pods.ident, name);
        let (_, arn) = self.accounts.get(&account)?;
        self.used.insert(account);
        let scope = of_account(arn);
        let role = DraftRole { name: role_name(arn.as_str()), arn: Some(arn.clone()), profile: None, scope };
        let known = pods.place.container_names(pods.object);
        let mut except = Vec::new();
        for name in pods.annotation(IRSA_SKIP).into_iter().flat_map(|names| names.split(',')).map(str::trim) {
            if known.contains(&name) {
                except.extend(Some(name.to_owned()).filter(|name| !except.contains(name)));
            } else if !name.is_empty() {
                let message = format!("{} names no container of this pod template: {}", quote(IRSA_SKIP), quote(name));
                let help = "nothing is left to do if it is added later, such as by a webhook: it gets no credentials \
                            then; otherwise add it to `except` by its right name";
                pods.leave_out(IRSA_SKIP, message, help, self.report);
            }
        }
        if known.iter().all(|name| except.iter().any(|it| it == name)) && !known.is_empty() {
            let message = format!("{} names all containers, so none of them has the role", quote(IRSA_SKIP));
            pods.leave_out(IRSA_SKIP, message, "declare the workload if one of them needs the role", self.report);
            return None;
        }
        Some(pods.workload(role, except, false))
    }

    /// What a controller created is said by the object that it was created from: the ReplicaSets of a Deployment say
    /// what the Deployment says. Reports those whose owner is not among the objects, or is of a kind that iamra does
    /// not know.
    fn mention_created(&mut self, objects: &[Object<'_>]) {
        let known: BTreeSet<_> = objects.iter().filter_map(Object::ident).filter(|it| kind_of(it).is_some()).collect();
        let known: BTreeSet<_> = known.iter().map(|ident| (&*ident.kind, &*ident.name)).collect();
        for object in objects {
            let owners = owners(object);
            let Some((kind, name)) = owners.first().filter(|_| !owners.iter().any(|owner| known.contains(owner)))
            else {
                continue;
            };
            for pods in Pods::of(object) {
                if self.workload(&pods).is_some() {
                    let message = format!("its pods have a role, and it is created from {}", quote_object(kind, name));
                    let help = "import the object that it is created from, or declare that object by hand";
                    leave_out(&pods.ident, FieldPath::keys("metadata.ownerReferences"), message, help, self.report);
                }
            }
        }
    }

    /// Reports roles that are named where no workload is imported from.
    fn mention_elsewhere(&mut self, objects: &[Object<'_>], pods: &[Pods<'_>]) {
        let annotation = match self.tool {
            Tool::Irsa => IRSA_ROLE,
            Tool::Kube2iam { .. } => KUBE2IAM_ROLE,
            Tool::IraController => IRA[2].0,
        };
        let mut imported: BTreeMap<_, BTreeSet<FieldPath>> = BTreeMap::new();
        for pods in pods.iter().filter(|_| *self.tool != Tool::Irsa) {
            imported.entry(&pods.ident).or_default().insert(pods.place.annotations());
        }
        for object in objects.iter().filter(|object| owners(object).is_empty()) {
            let Some(ident) = object.ident() else { continue };
            let mut imported = imported.get(&ident).cloned().unwrap_or_default();
            if *self.tool == Tool::Irsa && ident.kind == "ServiceAccount" {
                imported.insert(FieldPath::keys("metadata.annotations"));
            }
            let accounts = Some(&self.accounts).filter(|_| kind_of(&ident).is_none());
            let named = Elsewhere { annotation, imported, accounts }.mention(object, &ident, self.report);
            self.used.extend(named);
        }
    }

    /// Reports ServiceAccounts with a role that nobody runs as.
    fn mention_unused(&mut self) {
        for (_, (ident, arn)) in self.accounts.iter().filter(|(account, _)| !self.used.contains(*account)) {
            let at = FieldPath::keys("metadata.annotations").key(IRSA_ROLE);
            let message =
                format!("no workload among the objects runs as this ServiceAccount, which has {}", quote(&arn));
            let help = "pass the workload too, or add it to the declaration by hand";
            leave_out(ident, at, message, help, self.report);
        }
    }
}

/// Those with a role, if the tool reads them.
fn accounts(tool: &Tool, objects: &[Object<'_>], report: &mut Report) -> Accounts {
    let mut accounts = Accounts::new();
    for object in objects.iter().filter(|_| *tool == Tool::Irsa) {
        let Some(ident) = object.ident().filter(|ident| ident.kind == "ServiceAccount") else { continue };
        let Some(text) = annotation::get(object.root(), IRSA_ROLE) else { continue };
        match Arn::parse(ArnKind::Role, text) {
            Ok(arn) => drop(accounts.insert(account_of(&ident, &ident.name), (ident, arn))),
            Err(why) => {
                let at = FieldPath::keys("metadata.annotations").key(IRSA_ROLE);
                leave_out(&ident, at, why, "correct the annotation, then import again", report);
            }
        }
    }
    accounts
}

fn kube2iam(pods: &Pods<'_>, base: Option<&str>, report: &mut Report) -> Option<DraftWorkload> {
    let text = pods.annotation(KUBE2IAM_ROLE)?;
    let whole = if text.starts_with("arn:") { Some(text.to_owned()) } else { base.map(|base| format!("{base}{text}")) };
    let arn = if let Some(whole) = whole {
        Some(pods.arn(KUBE2IAM_ROLE, ArnKind::Role, &whole, report)?)
    } else {
        let message = format!(
            "role {} is given by name only, so its ARN will be looked up where the declaration says",
            quote(&text)
        );
        let help = "add `--base-role-arn arn:aws:iam::ACCOUNT:role/` with the value that kube2iam uses";
        pods.leave_out(KUBE2IAM_ROLE, message, help, report);
        None
    };
    if pods.annotation(KUBE2IAM_EXTERNAL_ID).is_some() {
        let message = "IAM Roles Anywhere does not send an external ID".to_owned();
        pods.leave_out(KUBE2IAM_EXTERNAL_ID, message, "remove `sts:ExternalId` from the role's trust policy", report);
    }
    let scope = arn.as_ref().map(of_account).unwrap_or_default();
    let role = DraftRole { name: role_name(text), arn, profile: None, scope };
    Some(pods.workload(role, Vec::new(), false))
}

/// If all roles with ARNs are in one account, roles given by name are in it too.
fn of_one_account(mut workloads: Vec<DraftWorkload>) -> Vec<DraftWorkload> {
    let known: BTreeSet<_> = workloads.iter().filter_map(|workload| workload.role.scope.account.clone()).collect();
    if let [only] = Vec::from_iter(known).as_slice() {
        for workload in &mut workloads {
            workload.role.scope.account = Some(only.clone());
        }
    }
    workloads
}

fn ira_controller(pods: &Pods<'_>, report: &mut Report) -> Option<DraftWorkload> {
    let given = IRA.map(|(name, kind)| (name, kind, pods.annotation(name)));
    let there: Vec<_> = given.iter().filter(|(_, _, text)| text.is_some()).map(|(name, ..)| *name).collect();
    let lacks: Vec<_> =
        given.iter().filter(|(_, _, text)| text.is_none()).map(|(name, ..)| quote(&name).to_string()).collect();
    let some = there.first()?;
    if !lacks.is_empty() {
        let message = format!("ira-controller ignores these pods: they lack {}", lacks.join(" and "));
        pods.leave_out(some, message, "add what is missing, then import again", report);
        return None;
    }
    let [anchor, profile, role] =
        given.map(|(name, kind, text)| pods.arn(name, kind, text.unwrap_or_default(), report));
    let (anchor, profile, role) = (anchor?, profile?, role?);
    let issuer = pods.annotation(IRA_ISSUER_NAME).map(|name| {
        let kind = pods.annotation(IRA_ISSUER_KIND).unwrap_or(issuer::KIND);
        (kind.to_owned(), name.to_owned())
    });
    if let Some(secret) = pods.annotation(IRA_SECRET) {
        let message = format!("Secret {} is no longer used: the workload gets its own certificate", quote(&secret));
        pods.leave_out(
            IRA_SECRET,
            message,
            "after the change, delete the Secret and the Certificate that creates it",
            report,
        );
    }
    let scope = Scope { account: Some(anchor.account.clone()), trust_anchor: Some(anchor), issuer };
    let role = DraftRole { name: role_name(role.as_str()), arn: Some(role), profile: Some(profile), scope };
    let trailing_slash = pods.annotation(IRA_SLASH).is_some();
    Some(pods.workload(role, Vec::new(), trailing_slash))
}
