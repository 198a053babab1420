//! The API server's policy on the certificates of an issuer.

use k8s_openapi::api::admissionregistration::v1::{
    MatchResources, NamedRuleWithOperations, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec, Validation, Variable,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::cel;
use super::certificate_rules::{LISTS, id, of_certificates, refuse, words};
use super::names::{NAMESPACE, SCOPE};
use super::object::{metadata, value};
use crate::issuer::{CONTROLLER, GROUP, IssuerObject, IssuerRef, KIND, home_of_cert_manager, resources};
use crate::krm::Gvk;
use crate::plan::{Admitted, Guard};

/// The group of Kubernetes' own requests, which cert-manager can sign, too.
/// <https://cert-manager.io/docs/usage/kube-csr/>
const KUBERNETES: &str = "certificates.k8s.io";

/// The policy and its binding.
pub(super) fn policy(guard: &Guard<'_>) -> [Value; 2] {
    let issuer = &guard.issuer.issuer_ref;
    let namespace = guard.namespace.as_ref().map(|namespace| format!(".{namespace}"));
    // Another controller's issuer may have the name of one of cert-manager's.
    let group = issuer.is_external().then(|| format!(".{}", issuer.group));
    let name = format!("{}{}{}", issuer.name, namespace.unwrap_or_default(), group.unwrap_or_default());
    let mut metadata = metadata(&name, None, (SCOPE, guard.scope));
    if let Some(namespace) = &guard.namespace {
        metadata.annotations.get_or_insert_default().insert(NAMESPACE.to_owned(), namespace.clone());
    }
    [policy_itself(guard, metadata.clone()), binding(metadata, name)]
}

fn binding(metadata: ObjectMeta, policy_name: String) -> Value {
    let spec = ValidatingAdmissionPolicyBindingSpec {
        policy_name,
        validation_actions: vec!["Deny".to_owned()],
        ..ValidatingAdmissionPolicyBindingSpec::default()
    };
    value(&ValidatingAdmissionPolicyBinding { metadata, spec })
}

fn policy_itself(guard: &Guard<'_>, metadata: ObjectMeta) -> Value {
    let validations = of_certificates(guard).into_iter().chain([of_requests(guard)]);
    let validations = validations.chain(of_kubernetes(guard)).chain(of_issuers(guard));
    let spec = ValidatingAdmissionPolicySpec {
        failure_policy: Some("Fail".to_owned()),
        match_constraints: Some(MatchResources { resource_rules: Some(rules(guard)), ..MatchResources::default() }),
        variables: Some(variables(guard)),
        validations: Some(validations.collect()),
        ..ValidatingAdmissionPolicySpec::default()
    };
    value(&ValidatingAdmissionPolicy { metadata, spec: Some(spec), status: None })
}

fn rules(guard: &Guard<'_>) -> Vec<NamedRuleWithOperations> {
    let rule = |group: &str, version: &str, resources: &[String], operations: &[&str]| {
        let texts = |texts: &[&str]| Some(texts.iter().map(|it| (*it).to_owned()).collect());
        NamedRuleWithOperations {
            api_groups: texts(&[group]),
            api_versions: texts(&[version]),
            operations: texts(operations),
            resources: Some(resources.to_vec()),
            ..NamedRuleWithOperations::default()
        }
    };
    let writing = ["CREATE", "UPDATE"];
    let mut asked = vec!["certificates".to_owned(), "certificaterequests".to_owned()];
    let mut rules = Vec::new();
    let is_external = guard.issuer.issuer_ref.is_external();
    if let Some(Gvk { group, version, .. }) = signer(guard).map(|signer| &signer.kind.gvk) {
        if is_external {
            rules.push(rule(group, version, &resources(group), &writing));
        } else {
            asked.extend(resources(group));
        }
    }
    rules.insert(0, rule(GROUP, "v1", &asked, &writing));
    if !is_external {
        rules.push(rule(KUBERNETES, "v1", &["certificatesigningrequests".to_owned()], &["CREATE"]));
    }
    rules
}

/// The issuer itself, if iamra emits it.
fn signer<'g>(guard: &'g Guard<'_>) -> Option<&'g IssuerObject> {
    let name = &guard.issuer.issuer_ref.name;
    guard.issuer.objects.iter().find(|object| object.name == *name && object.signs_with().is_some())
}

fn variables(guard: &Guard<'_>) -> Vec<Variable> {
    let issuer = &guard.issuer.issuer_ref;
    let IssuerRef { group, kind, name } = issuer;
    // cert-manager takes an empty field for one that is not there.
    let is = |field: &str, value: &str, default: &str| {
        let at = format!("object.spec.issuerRef.?{field}.orValue('')");
        let empty = if value == default { format!("{at} == '' || ") } else { String::new() };
        format!("({empty}{at} == {})", cel::text(value))
    };
    let mut asks = vec![
        "request.resource.resource in ['certificates', 'certificaterequests']".to_owned(),
        format!("object.spec.issuerRef.name == {}", cel::text(name)),
    ];
    if !issuer.is_external() {
        asks.push(is("kind", kind, KIND));
    }
    asks.push(is("group", group, GROUP));
    let mut home = "request.namespace + '/' + ";
    if let Some(namespace) = &guard.namespace {
        asks.insert(1, format!("request.namespace == {}", cel::text(namespace)));
        home = "";
    }
    // cert-manager says in a request which Certificate it is for.
    let of_request = "object.metadata.?annotations[?'cert-manager.io/certificate-name'].orValue('')";
    let of_each = |value: &dyn Fn(&Admitted<'_>) -> String| {
        cel::map(guard.admitted.iter().map(|admitted| (id(guard, admitted), value(admitted))))
    };
    let texts = |texts: &[String]| cel::list(texts.iter().map(String::as_str));
    let lists = LISTS.iter().filter(|list| list.is_used(guard));
    let lists = lists.map(|list| (list.field, of_each(&|it| texts((list.of)(it.certificate)))));
    let named = [
        ("asks", asks.join(" && ")),
        ("certificate", "variables.asks && request.resource.resource == 'certificates'".to_owned()),
        ("id", format!("{home}object.metadata.name")),
        ("commonNames", of_each(&|it| cel::text(&it.certificate.common_name))),
        ("durations", of_each(&|it| cel::text(&it.certificate.duration.to_string()))),
        ("declared", "variables.certificate && variables.id in variables.commonNames".to_owned()),
        ("requested", format!("{home}{of_request}")),
    ];
    named.into_iter().chain(lists).map(|(name, expression)| Variable { name: name.to_owned(), expression }).collect()
}

/// A request has its names in a form that a policy cannot read. cert-manager makes those of Certificates, which it can.
fn of_requests(guard: &Guard<'_>) -> Validation {
    let controller = format!("system:serviceaccount:{}:{}", home_of_cert_manager(guard.issuer), CONTROLLER);
    let is_its = format!("request.userInfo.username == {}", cel::text(&controller));
    let is_same = "request.operation == 'UPDATE' && object.spec == oldObject.spec";
    // A Certificate that was there before the policy is renewed without being written.
    let is_declared = "variables.requested in variables.commonNames";
    refuse(
        format!("!variables.asks || variables.certificate || ({is_its} && {is_declared}) || ({is_same})"),
        format!("only cert-manager requests certificates of {}, for declared Certificates", words(guard)),
    )
}

/// Kubernetes' own requests name the issuer in their signer.
fn of_kubernetes(guard: &Guard<'_>) -> Option<Validation> {
    let IssuerRef { kind, name, .. } = &guard.issuer.issuer_ref;
    let prefix = format!("{}s.{GROUP}/", kind.to_ascii_lowercase());
    let signer = match &guard.namespace {
        Some(namespace) => format!("{prefix}{namespace}.{name}"),
        None => format!("{prefix}{name}"),
    };
    let is_other = format!("object.spec.signerName != {}", cel::text(&signer));
    (!guard.issuer.issuer_ref.is_external()).then(|| {
        refuse(
            format!("request.resource.resource != 'certificatesigningrequests' || {is_other}"),
            format!("{} signs only the declared Certificates, and no CertificateSigningRequest", words(guard)),
        )
    })
}

/// Another issuer with the same key would be under no policy.
fn of_issuers(guard: &Guard<'_>) -> Option<Validation> {
    let signer = signer(guard)?;
    let (fields, key) = signer.signs_with()?;
    let is_external = guard.issuer.issuer_ref.is_external();
    let resources = resources(signer.kind.gvk.group);
    let mut reads = vec![
        format!("request.resource.resource in {}", cel::list(resources.iter().map(String::as_str))),
        format!("object.spec.?{}.orValue('') == {}", fields.join(".?"), cel::text(key)),
    ];
    reads.extend(place(guard));
    let is_it = format!(
        "request.resource.resource == {} && object.metadata.name == {}",
        cel::text(&signer.kind.resource()),
        cel::text(&signer.name)
    );
    let what = if is_external { "" } else { "the Secret " };
    Some(refuse(
        format!("!({}) || ({is_it})", reads.join(" && ")),
        format!("only {} signs with {what}{key}", words(guard)),
    ))
}

/// Where an issuer is that signs with the same key.
fn place(guard: &Guard<'_>) -> Option<String> {
    let is_in = |namespace: &str| format!("request.namespace == {}", cel::text(namespace));
    if guard.issuer.issuer_ref.is_external() {
        // Every issuer of AWS Private CA can name any CA. Those of other namespaces have policies of their own.
        return guard.namespace.as_deref().map(is_in);
    }
    // A ClusterIssuer signs with a Secret in cert-manager's namespace, an Issuer with one in its own.
    let of_cert_manager = home_of_cert_manager(guard.issuer);
    let home = guard.namespace.as_deref().unwrap_or(of_cert_manager);
    let is_wide = "request.resource.resource == 'clusterissuers'";
    Some(if home == of_cert_manager { format!("({} || {is_wide})", is_in(home)) } else { is_in(home) })
}
