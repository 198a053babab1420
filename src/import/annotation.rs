//! Imports from tools that read roles from annotations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::draft::{DraftRole, DraftWorkload, Scope, draft};
use super::pods::{Pods, leave_out};
use crate::arn::{Arn, ArnKind};
use crate::diag::{Code, Diagnostic, Report};
use crate::issuer;
use crate::krm::{Ident, Object, annotation};
use crate::quote::quote;
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
    let pods: Vec<_> = objects.iter().flat_map(Pods::of).collect();
    let workloads = match tool {
        Tool::Irsa => irsa(objects, &pods, report),
        Tool::Kube2iam { base_role_arn } => {
            let found = pods.iter().filter_map(|pods| kube2iam(pods, base_role_arn.as_deref(), report));
            of_one_account(found.collect())
        }
        Tool::IraController => pods.iter().filter_map(|pods| ira_controller(pods, report)).collect(),
    };
    if workloads.is_empty() {
        let message = format!("none of the {} objects has a role to import", objects.len());
        report.push(Diagnostic::error(Code::NothingImported, message).help(
            "pass source manifests or the output of `kubectl get -o yaml`: ServiceAccounts, Deployments and other \
             workloads",
        ));
        return None;
    }
    Some(draft(&of_whole_objects(workloads, &pods)))
}

/// Merges the workloads of an object with several pods into one, if they are all alike.
fn of_whole_objects(mut workloads: Vec<DraftWorkload>, pods: &[Pods<'_>]) -> Vec<DraftWorkload> {
    for several in pods.iter().filter(|pods| pods.of > 1) {
        let is_its = |it: &DraftWorkload| it.ident == several.ident && it.pod_template.is_some();
        let mut its = workloads.iter().filter(|it| is_its(it));
        let Some(first) = its.next() else { continue };
        if its.clone().count() + 1 < several.of || !its.all(|it| it.is_like(first)) {
            continue;
        }
        if let Some(position) = workloads.iter().position(is_its) {
            let mut index = 0;
            workloads.retain(|it| {
                index += 1;
                index - 1 == position || !is_its(it)
            });
            if let Some(whole) = workloads.get_mut(position) {
                whole.pod_template = None;
            }
        }
    }
    workloads
}

/// The last part of a role's ARN or path.
fn role_name(text: &str) -> String {
    text.rsplit('/').next().unwrap_or(text).to_owned()
}

fn of_account(arn: &Arn) -> Scope {
    Scope { account: Some(arn.account.clone()), ..Scope::default() }
}

fn irsa(objects: &[Object<'_>], pods: &[Pods<'_>], report: &mut Report) -> Vec<DraftWorkload> {
    let mut roles = BTreeMap::new();
    for object in objects {
        let Some(ident) = object.ident().filter(|ident| ident.kind == "ServiceAccount") else { continue };
        let Some(text) = annotation::get(object.root(), IRSA_ROLE) else { continue };
        match Arn::parse(ArnKind::Role, text) {
            Ok(arn) => drop(roles.insert(account_of(&ident, &ident.name), (ident, arn))),
            Err(why) => {
                let at = FieldPath::keys("metadata.annotations").key(IRSA_ROLE);
                leave_out(&ident, at, why, "correct the annotation, then import again", report);
            }
        }
    }
    let mut used = BTreeSet::new();
    let mut workloads = Vec::new();
    for pods in pods {
        let (_, name) = pods.place.account(pods.object);
        let account = account_of(&pods.ident, name);
        let Some((_, arn)) = roles.get(&account) else { continue };
        used.insert(account);
        let role =
            DraftRole { name: role_name(arn.as_str()), arn: Some(arn.clone()), profile: None, scope: of_account(arn) };
        let skipped = pods.annotation(IRSA_SKIP).into_iter().flat_map(|names| names.split(','));
        let except = skipped.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        workloads.push(pods.workload(role, except, false));
    }
    for (ident, arn) in roles.iter().filter(|(account, _)| !used.contains(*account)).map(|(_, found)| found) {
        let at = FieldPath::keys("metadata.annotations").key(IRSA_ROLE);
        let message = format!("no workload among the objects runs as this ServiceAccount, which has {}", quote(&arn));
        leave_out(ident, at, message, "pass the workload too, or add it to the declaration by hand", report);
    }
    workloads
}

/// Namespace and name; the default namespace is `default`.
fn account_of(ident: &Ident<'_>, name: &str) -> (String, String) {
    (ident.namespace.as_deref().unwrap_or("default").to_owned(), name.to_owned())
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
