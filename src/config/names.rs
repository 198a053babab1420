//! The names in a workload's certificate: from templates to values that AWS makes session tags of.

use std::collections::BTreeMap;

use super::Certificate;
use super::layer::{Layers, Names};
use super::placed::Placed;
use super::reader::{CLUSTER, NAMESPACE, Reader};
use crate::diag::{Code, Diagnostic, Place};
use crate::quote::quote;
use crate::trust::{Attributes, CertificateNames, SubjectAlternativeNames, TagFault, tag_fault};
use crate::yaml::FieldPath;

/// The longest common name that becomes a source identity with its prefix `CN=`.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
const LONGEST_COMMON_NAME: usize = 61;
/// The longest organization and organizational unit: `ub-organization-name` in X.520.
/// <https://www.rfc-editor.org/rfc/rfc5280#appendix-A.1>
const LONGEST_UNIT: usize = 64;

/// A list of names, and what one of them is called in messages.
struct Kind {
    words: &'static str,
    /// Why it is refused, other than that AWS drops it.
    check: fn(&str) -> Option<String>,
    /// Whether AWS makes one session tag of all.
    is_joined: bool,
    help: &'static str,
}

const UNIT_HELP: &str = "use letters, digits, inner spaces or `_.:/=+-@`, or a template such as `{{ cluster }}`";
const ORGANIZATION: Kind = Kind { words: "an organization", check: unit_fault, is_joined: true, help: UNIT_HELP };
const UNIT: Kind = Kind { words: "an organizational unit", check: unit_fault, is_joined: true, help: UNIT_HELP };
const URI: Kind = Kind {
    words: "a URI of a certificate",
    check: uri_fault,
    is_joined: false,
    help: "write it like `spiffe://example.com/ns/{{ namespace }}/sa/{{ workload }}`",
};

impl Reader<'_> {
    /// The names in a workload's certificate. `at` is the place for those that no field sets.
    pub(super) fn names(
        &mut self,
        layers: &Layers<'_>,
        variables: &BTreeMap<&str, &str>,
        at: &FieldPath,
    ) -> Option<Names> {
        let common_name = self.common_name(layers.common_name(), variables, at);
        let organizations = self.listed(layers.organizations(), &ORGANIZATION, variables);
        let organizational_units = self.listed(layers.organizational_units(), &UNIT, variables);
        let uris = self.listed(layers.uris(), &URI, variables);
        Some(Names {
            common_name: common_name?,
            organizations: organizations?,
            organizational_units: organizational_units?,
            uris: uris?,
        })
    }

    /// The rules are those of STS: SourceIdentity with its `CN=` prefix, in which AWS carries the common name, and session
    /// tags.
    /// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
    fn common_name(
        &mut self,
        given: Placed<String>,
        variables: &BTreeMap<&str, &str>,
        at: &FieldPath,
    ) -> Option<String> {
        let (template, at) = given.unwrap_or_else(|| {
            let workload = variables.get("workload").copied().unwrap_or_default();
            (workload.to_owned(), at.clone())
        });
        let name = self.filled(&template, variables, &[NAMESPACE, CLUSTER], &at)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=.@-".contains(c);
        let length = name.chars().count();
        let (why, help) = if length > LONGEST_COMMON_NAME {
            let why = format!("it has {length} characters, and AWS accepts at most {LONGEST_COMMON_NAME}");
            (why, "set `certificate.commonName` to a shorter name that no other workload of the scope has")
        } else if let Some(other) = name.chars().find(|c| !allowed(*c)) {
            let why = format!("AWS drops or rejects {}; use letters, digits or `_+=.@-`", quote(&other));
            (why, "set `certificate.commonName`, for example to `{{ workload }}.{{ namespace }}`")
        } else if name.is_empty() {
            let why = "it is empty; use letters, digits or `_+=.@-`".to_owned();
            (why, "set `certificate.commonName`, for example to `{{ workload }}.{{ namespace }}`")
        } else {
            return Some(name);
        };
        self.report.push(
            Diagnostic::error(Code::InvalidValue, format!("{} cannot be a common name: {why}", quote(&name)))
                .at(Place::Config(at))
                .help(help),
        );
        None
    }

    /// The names of a list; `None` if any is refused.
    fn listed(
        &mut self,
        given: Placed<Vec<String>>,
        kind: &Kind,
        variables: &BTreeMap<&str, &str>,
    ) -> Option<Vec<String>> {
        let Some((templates, at)) = given else { return Some(Vec::new()) };
        let mut names: Vec<String> = Vec::new();
        for (index, template) in templates.iter().enumerate() {
            let at = at.index(index);
            let Some(name) = self.filled(template, variables, &[NAMESPACE, CLUSTER], &at) else { continue };
            let why = dropped(&name).or_else(|| (kind.check)(&name));
            match why.or_else(|| names.contains(&name).then(|| "it is in the list already".to_owned())) {
                Some(why) => self.refuse(&name, kind, &why, at),
                None => names.push(name),
            }
        }
        let joined = names.join("/");
        if kind.is_joined
            && let Some(TagFault::Long(_)) = tag_fault(&joined)
        {
            self.refuse(&joined, kind, "AWS joins them, and drops session tags of more than 256 characters", at);
            return None;
        }
        (names.len() == templates.len()).then_some(names)
    }

    fn refuse(&mut self, name: &str, kind: &Kind, why: &str, at: FieldPath) {
        let message = format!("{} cannot be {}: {why}", quote(&name), kind.words);
        self.report.push(Diagnostic::error(Code::InvalidValue, message).at(Place::Config(at)).help(kind.help));
    }
}

/// Why AWS drops a value instead of making it a session tag.
fn dropped(value: &str) -> Option<String> {
    Some(match tag_fault(value)? {
        TagFault::Long(length) => format!("it has {length} characters, and AWS drops session tags of more than 256"),
        TagFault::Character(c) => format!("AWS drops session tags with {}", quote(&c)),
        TagFault::Perhaps(c) => format!("AWS may drop session tags with {}", quote(&c)),
    })
}

fn unit_fault(name: &str) -> Option<String> {
    let length = name.chars().count();
    match () {
        () if name.is_empty() => Some("it is empty".to_owned()),
        () if name.trim() != name => Some("it begins or ends with a space".to_owned()),
        () if length > LONGEST_UNIT => {
            Some(format!("it has {length} characters, and X.509 allows at most {LONGEST_UNIT}"))
        }
        () => None,
    }
}

/// A URI that goes through cert-manager's parser unchanged, and that other programs read from the certificate: Go rejects
/// a certificate if the host of a URI is not a name.
/// <https://github.com/golang/go/blob/master/src/crypto/x509/parser.go>
fn uri_fault(uri: &str) -> Option<String> {
    let wanted = || Some("it does not begin with a scheme such as `spiffe://`".to_owned());
    let Some((scheme, rest)) = uri.split_once(':') else { return wanted() };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c));
    if !is_scheme || rest.is_empty() {
        return wanted();
    }
    if let Some(other) = uri.chars().find(|c| *c == ' ' || !c.is_ascii()) {
        return Some(format!("a URI cannot contain {}", quote(&other)));
    }
    let rest = rest.strip_prefix("//")?;
    let host = rest.split('/').next().unwrap_or_default();
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if host.split('.').all(is_label) { None } else { Some(format!("{} is not the name of a host", quote(&host))) }
}

impl Certificate {
    /// The tag that AWS makes of several values of a type.
    pub(super) fn joined(values: &[String]) -> String {
        sorted(values).join("/")
    }

    /// The names that the certificate will have, but for the issuer's.
    pub fn names(&self) -> CertificateNames {
        let of_kind = |kind: &str, values: &[String]| {
            sorted(values).into_iter().map(|value| (kind.to_owned(), value)).collect::<Attributes>()
        };
        // The order of Go's `pkix.Name`, which cert-manager and its CSI driver make the request with.
        // <https://github.com/golang/go/blob/master/src/crypto/x509/pkix/pkix.go>
        let mut subject = of_kind("O", &self.organizations);
        subject.extend(of_kind("OU", &self.organizational_units));
        subject.push(("CN".to_owned(), self.common_name.clone()));
        let san = SubjectAlternativeNames { uri: self.uris.clone(), ..SubjectAlternativeNames::default() };
        CertificateNames { subject, issuer: None, san }
    }
}

/// Values of a type as they are in a certificate.
fn sorted(values: &[String]) -> Vec<String> {
    let mut values = values.to_vec();
    values.sort_by(|one, other| encoded(one).cmp(&encoded(other)));
    values
}

/// What the order of values in DER depends on: Go puts all values of a type into one set, which DER sorts by their encoding:
/// length, type, and text. The type is UTF8String (12) unless all characters are those of PrintableString (19).
/// <https://github.com/golang/go/blob/master/src/encoding/asn1/marshal.go>
fn encoded(value: &str) -> (usize, u8, &[u8]) {
    let is_printable = value.chars().all(|c| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c));
    (value.len(), if is_printable { 19 } else { 12 }, value.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected orders are those of Go 1.25, `asn1.Marshal(pkix.Name{OrganizationalUnit: …}.ToRDNSequence())`.
    #[test]
    fn values_of_a_type_are_in_the_order_of_their_encoding() {
        let sorted = |values: &[&str]| sorted(&values.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()).join(" ");
        assert_eq!(sorted(&["shop", "prod", "eu"]), "eu prod shop");
        // Shorter ones first; of one length, UTF8String first: `_`, `@` and letters beyond ASCII make it one.
        assert_eq!(sorted(&["b", "aa", "A"]), "A b aa");
        assert_eq!(sorted(&["a.b", "a_b", "z@b", "ab:"]), "a_b z@b a.b ab:");
        // A letter of two bytes counts as two.
        assert_eq!(sorted(&["zz", "\u{fc}", "a"]), "a \u{fc} zz");
    }

    #[test]
    fn a_uri_that_other_programs_would_change_or_refuse_is_refused() {
        for good in ["spiffe://example.com/ns/shop/sa/api", "spiffe://example.com", "urn:example:a", "https://a-b.c_d/"]
        {
            assert_eq!(uri_fault(good), None, "{good}");
        }
        for bad in
            ["", "a", ":", "spiffe:", "Spiffe://a", "1a://b", "spiffe://", "spiffe:///a", "a://b.", "a://.b", "a://b:1"]
        {
            assert!(uri_fault(bad).is_some(), "{bad}");
        }
    }
}
