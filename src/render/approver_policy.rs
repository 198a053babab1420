//! approver-policy's policy on a workload's certificates, and who may use it.

use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject as Account};
use serde::Serialize;
use serde_json::Value;

use super::certificate::CERTIFICATE;
use super::custom_resource::custom_resource;
use super::names::{GENERATED_FOR, NAMESPACE, SCOPE};
use super::object::{metadata, value};
use super::spelling::algorithm;
use crate::issuer::{CONTROLLER, CSI_DRIVER, Contents, IssuerObject, home_of_cert_manager};
use crate::krm::Gvk;
use crate::name;
use crate::plan::{Approval, Prerequisite};

/// approver-policy's policy, which is cluster-wide.
/// <https://cert-manager.io/docs/policy/approval/approver-policy/api-reference/>
pub const POLICY: Gvk = Gvk { group: "policy.cert-manager.io", version: "v1alpha1", kind: "CertificateRequestPolicy" };

/// The resource, as RBAC names it.
const RESOURCE: &str = "certificaterequestpolicies";
const RBAC: &str = "rbac.authorization.k8s.io";

/// What iamra sets. What `allowed` does not have must not be in a request.
#[derive(Serialize)]
struct Spec<'p> {
    allowed: Allowed<'p>,
    constraints: Constraints<'p>,
    selector: Selector<'p>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Allowed<'p> {
    common_name: One<'p>,
    #[serde(rename = "isCA")]
    is_ca: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Names>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uris: Option<Several>,
    usages: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Names {
    #[serde(skip_serializing_if = "Option::is_none")]
    organizations: Option<Several>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organizational_units: Option<Several>,
}

#[derive(Serialize)]
struct One<'p> {
    required: bool,
    value: &'p str,
}

#[derive(Serialize)]
struct Several {
    required: bool,
    values: Vec<String>,
}

impl Several {
    fn of(values: &[String]) -> Option<Self> {
        (!values.is_empty()).then(|| Self { required: true, values: values.to_vec() })
    }
}

impl Names {
    fn of(organizations: &[String], organizational_units: &[String]) -> Option<Self> {
        let of =
            Self { organizations: Several::of(organizations), organizational_units: Several::of(organizational_units) };
        (of.organizations.is_some() || of.organizational_units.is_some()).then_some(of)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Constraints<'p> {
    max_duration: String,
    private_key: Key<'p>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Key<'p> {
    algorithm: &'p str,
    max_size: u32,
    min_size: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Selector<'p> {
    issuer_ref: IssuerName<'p>,
    namespace: Namespaces<'p>,
}

#[derive(Serialize)]
struct IssuerName<'p> {
    group: &'p str,
    kind: &'p str,
    name: &'p str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Namespaces<'p> {
    match_names: [&'p str; 1],
}

/// The policy, the Role that lets somebody use it in the workload's namespace, and to whom it is bound. approver-policy
/// approves a request if any policy that its maker may use admits it, so each is as narrow as its workload.
pub(super) fn policy(approval: &Approval<'_>) -> [Value; 3] {
    let (binding, home) = (approval.binding(), approval.namespace.as_str());
    let requester = if binding.certificate.has_secret() { CONTROLLER } else { CSI_DRIVER };
    let subject = approval.issuer.numbered(&binding.workload);
    let place = Place { home, subject: &subject, owner: (GENERATED_FOR, &binding.workload) };
    place.objects(&spec(approval, home), requester, home_of_cert_manager(approval.issuer))
}

/// The same for the Certificate of a CA that cert-manager makes.
pub(super) fn of_authority(prerequisite: &Prerequisite<'_>) -> Option<[Value; 3]> {
    let IssuerObject { kind, name, contents: Contents::Spec(certificate), .. } = prerequisite.object else {
        return None;
    };
    let home = prerequisite.namespace.as_deref().filter(|_| kind.gvk == CERTIFICATE)?;
    let place = Place { home, subject: name, owner: (SCOPE, prerequisite.scope) };
    Some(place.objects(&authority(certificate, home)?, CONTROLLER, home))
}

/// Where a policy applies, and what for.
struct Place<'p> {
    home: &'p str,
    subject: &'p str,
    /// The mark of its objects.
    owner: (&'static str, &'p str),
}

impl Place<'_> {
    /// `requester` is the service account that makes the request: of a Certificate cert-manager's controller, whoever has
    /// created the Certificate.
    fn objects(&self, spec: &Spec<'_>, requester: &str, installed_in: &str) -> [Value; 3] {
        let home = self.home.to_owned();
        let name = name::of_policy(self.home, self.subject);
        let mut of_policy = metadata(&name, None, self.owner);
        of_policy.annotations.get_or_insert_default().insert(NAMESPACE.to_owned(), home.clone());
        let of_use = metadata(&name::of_use(self.subject), Some(&home), self.owner);
        let rule = PolicyRule {
            api_groups: Some(vec![POLICY.group.to_owned()]),
            resources: Some(vec![RESOURCE.to_owned()]),
            resource_names: Some(vec![name]),
            verbs: vec!["use".to_owned()],
            ..PolicyRule::default()
        };
        let role_ref =
            RoleRef { api_group: Some(RBAC.to_owned()), kind: "Role".to_owned(), name: name::of_use(self.subject) };
        let account = Account {
            kind: "ServiceAccount".to_owned(),
            name: requester.to_owned(),
            namespace: Some(installed_in.to_owned()),
            ..Account::default()
        };
        let binding = RoleBinding { metadata: of_use.clone(), role_ref, subjects: Some(vec![account]) };
        [
            custom_resource(&POLICY, of_policy, spec),
            value(&Role { metadata: of_use, rules: Some(vec![rule]) }),
            value(&binding),
        ]
    }
}

/// What admits the Certificate of a CA, and no other one.
fn authority<'p>(certificate: &'p Value, home: &'p str) -> Option<Spec<'p>> {
    let text = |at: &str| certificate.pointer(at).and_then(Value::as_str);
    let texts = |at: &str| -> Vec<String> {
        let entries = certificate.pointer(at).and_then(Value::as_array).into_iter().flatten();
        entries.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let size = u32::try_from(certificate.pointer("/privateKey/size")?.as_u64()?).ok()?;
    Some(Spec {
        allowed: Allowed {
            common_name: One { required: true, value: text("/commonName")? },
            is_ca: true,
            subject: Names::of(&texts("/subject/organizations"), &texts("/subject/organizationalUnits")),
            uris: None,
            usages: texts("/usages"),
        },
        constraints: Constraints {
            max_duration: text("/duration")?.to_owned(),
            private_key: Key { algorithm: text("/privateKey/algorithm")?, max_size: size, min_size: size },
        },
        selector: Selector {
            issuer_ref: IssuerName {
                group: text("/issuerRef/group")?,
                kind: text("/issuerRef/kind")?,
                name: text("/issuerRef/name")?,
            },
            namespace: Namespaces { match_names: [home] },
        },
    })
}

fn spec<'p>(approval: &Approval<'p>, home: &'p str) -> Spec<'p> {
    let binding = approval.binding();
    let certificate = &binding.certificate;
    let issuer = &approval.issuer.issuer_ref;
    Spec {
        allowed: Allowed {
            common_name: One { required: true, value: &certificate.common_name },
            is_ca: false,
            subject: Names::of(&certificate.organizations, &certificate.organizational_units),
            uris: Several::of(&certificate.uris),
            usages: approval.issuer.usages.iter().map(|usage| (*usage).to_owned()).collect(),
        },
        constraints: Constraints {
            max_duration: certificate.duration.to_string(),
            private_key: Key {
                algorithm: algorithm(certificate.algorithm),
                max_size: certificate.size,
                min_size: certificate.size,
            },
        },
        selector: Selector {
            issuer_ref: IssuerName { group: &issuer.group, kind: &issuer.kind, name: &issuer.name },
            namespace: Namespaces { match_names: [home] },
        },
    }
}
