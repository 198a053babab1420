//! What a Certificate of a guarded issuer may say, as rules of the API server's policy.

use k8s_openapi::api::admissionregistration::v1::Validation;

use super::cel;
use crate::config::Certificate;
use crate::issuer::IssuerRef;
use crate::name;
use crate::plan::{Admitted, Guard};

/// How many names a message lists.
const LISTED: usize = 5;

/// What a Certificate of the issuer may say.
pub(super) fn of_certificates(guard: &Guard<'_>) -> Vec<Validation> {
    let names = guard.admitted.iter().map(|admitted| id(guard, admitted)).collect::<Vec<_>>();
    let rest = names.len().saturating_sub(LISTED);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    let listed = names.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let message = format!("{} signs only the declared Certificates: {listed}{more}", words(guard));
    let mut validations = vec![refuse("!variables.certificate || variables.declared".to_owned(), message)];
    let lists = LISTS.iter().filter(|list| list.is_used(guard));
    validations.extend(of_text().into_iter().chain(lists.map(List::rule)).map(|(expression, message)| Validation {
        expression: format!("!variables.declared || {expression}"),
        message_expression: Some(message),
        ..Validation::default()
    }));
    let unused = |of_subject: bool| {
        let unused = LISTS.iter().filter(move |list| list.of_subject == of_subject && !list.is_used(guard));
        unused.map(|list| list.field)
    };
    let other: Vec<_> = OTHER_NAMES.iter().copied().chain(unused(false)).collect();
    let parts: Vec<_> = OTHER_PARTS.iter().copied().chain(unused(true)).collect();
    let usages = cel::list(guard.issuer.usages.iter().copied());
    let field = "object.spec.?usages.orValue([])";
    let and = |expression: &str| format!("!variables.declared || {expression}");
    validations.extend([
        refuse(
            and(&format!("(size({field}) > 0 && {field}.all(usage, usage in {usages}))")),
            format!("the usages may be {}", guard.issuer.usages.join(", ")),
        ),
        refuse(and("!object.spec.?isCA.orValue(false)"), "the certificate must not be a CA's".to_owned()),
        refuse(
            and("object.spec.secretName == object.metadata.name"),
            "the Secret must have the name of the Certificate".to_owned(),
        ),
        refuse(
            and("object.spec.?privateKey.?rotationPolicy.orValue('') == 'Always'"),
            "privateKey.rotationPolicy must be Always: otherwise whoever can write the Secret chooses the key"
                .to_owned(),
        ),
        refuse(
            and(&absent("object.spec", &other)),
            format!("the certificate has no other names: remove {}", other.join(", ")),
        ),
        refuse(
            and(&format!("(!has(object.spec.subject) || {})", absent("object.spec.subject", &parts))),
            format!("the subject has nothing else: remove {}", parts.join(", ")),
        ),
    ]);
    validations
}

/// Fields by which a Certificate has other names, is copied, or says what it may sign.
/// <https://github.com/cert-manager/cert-manager/blob/master/pkg/apis/certmanager/v1/types_certificate.go>
const OTHER_NAMES: &[&str] =
    &["dnsNames", "emailAddresses", "ipAddresses", "literalSubject", "nameConstraints", "otherNames", "secretTemplate"];

/// Parts of a subject that are not declared.
const OTHER_PARTS: &[&str] =
    &["countries", "localities", "postalCodes", "provinces", "serialNumber", "streetAddresses"];

fn absent(at: &str, fields: &[&str]) -> String {
    let each: Vec<_> = fields.iter().map(|field| format!("!has({at}.{field})")).collect();
    format!("({})", each.join(" && "))
}

/// Common name and life of a declared Certificate, with what is allowed.
fn of_text() -> [(String, String); 2] {
    let (name, longest) = ("variables.commonNames[variables.id]", "variables.durations[variables.id]");
    [
        (format!("object.spec.?commonName.orValue('') == {name}"), format!("'the common name must be ' + {name}")),
        (
            format!("(has(object.spec.duration) && duration(object.spec.duration) <= duration({longest}))"),
            format!("'the duration must be set, and at most ' + {longest}"),
        ),
    ]
}

/// Names of which a certificate may have several.
pub(super) struct List {
    pub(super) field: &'static str,
    of_subject: bool,
    words: &'static str,
    pub(super) of: fn(&Certificate) -> &[String],
}

pub(super) const LISTS: &[List] = &[
    List {
        field: "organizations",
        of_subject: true,
        words: "organizations",
        of: |certificate| &certificate.organizations,
    },
    List {
        field: "organizationalUnits",
        of_subject: true,
        words: "organizational units",
        of: |certificate| &certificate.organizational_units,
    },
    List { field: "uris", of_subject: false, words: "URIs", of: |certificate| &certificate.uris },
];

impl List {
    /// Whether any certificate of the issuer has some.
    pub(super) fn is_used(&self, guard: &Guard<'_>) -> bool {
        guard.admitted.iter().any(|it| !(self.of)(it.certificate).is_empty())
    }

    /// The rule, and the message as an expression.
    fn rule(&self) -> (String, String) {
        let Self { field, words, .. } = self;
        let allowed = format!("variables.{field}[variables.id]");
        let at = if self.of_subject { format!("subject.?{field}") } else { (*field).to_owned() };
        let message = format!(
            "size({allowed}) == 0 ? 'the certificate has no {words}' : '{words} must be ' + {allowed}.join(', ')"
        );
        (format!("object.spec.?{at}.orValue([]) == {allowed}"), message)
    }
}

/// How the policy knows a Certificate: by its name, and of a cluster-wide issuer by its namespace, too.
pub(super) fn id(guard: &Guard<'_>, admitted: &Admitted<'_>) -> String {
    let name = name::of_certificate(admitted.workload);
    if guard.namespace.is_some() { name } else { format!("{}/{name}", admitted.namespace) }
}

pub(super) fn refuse(expression: String, message: String) -> Validation {
    Validation { expression, message: Some(message), ..Validation::default() }
}

/// `Issuer iam-ra in namespace shop`
pub(super) fn words(guard: &Guard<'_>) -> String {
    let IssuerRef { kind, name, .. } = &guard.issuer.issuer_ref;
    let home = guard.namespace.as_ref().map_or_else(String::new, |namespace| format!(" in namespace {namespace}"));
    format!("{kind} {name}{home}")
}
