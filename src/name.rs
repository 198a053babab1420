//! Names of Kubernetes objects, each with its rule.

use std::fmt;

use crate::quote::quote;

/// Kubernetes' default namespace.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/>
pub const DEFAULT_NAMESPACE: &str = "default";

/// The most characters of a DNS label, and of the value of a label.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set>
pub const MOST_IN_LABEL: usize = 63;

/// The most characters of a DNS subdomain.
pub const MOST_IN_NAME: usize = 253;

/// `<workload>-cert`: a workload's Certificate and the Secret that cert-manager writes for it.
pub fn of_certificate(workload: &str) -> String {
    format!("{workload}-cert")
}

/// `<workload>-iam-ra-config`: the ConfigMap with a workload's ARNs.
pub fn of_config_map(workload: &str) -> String {
    format!("{workload}-iam-ra-config")
}

/// `<workload>-mint`: who may use the policy on a workload's certificates.
pub fn of_use(workload: &str) -> String {
    format!("{workload}-mint")
}

/// `<namespace>.<workload>`: the policy on a workload's certificates, in a cluster.
pub fn of_policy(namespace: &str, workload: &str) -> String {
    format!("{namespace}.{workload}")
}

/// `<workload>-sample`, which a hash follows in the names of Pods.
pub fn of_sample(workload: &str) -> String {
    format!("{workload}-sample")
}

/// A DNS label (RFC 1123): a namespace, a container, a volume.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DnsLabel(String);

impl DnsLabel {
    /// Accepts at most 63 lower-case letters, digits and `-`, beginning and ending with a letter or digit.
    ///
    /// # Errors
    /// The sentence that says which rule is broken.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MOST_IN_LABEL {
            return Err(format!("{} has {} characters; at most {MOST_IN_LABEL} are allowed", quote(&text), text.len()));
        }
        check_label(text).map(|()| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DnsLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A DNS subdomain (RFC 1123): most names of objects.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName(String);

impl ObjectName {
    /// Accepts at most 253 characters of labels joined by dots.
    ///
    /// # Errors
    /// The sentence that says which rule is broken.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MOST_IN_NAME {
            return Err(format!("the name has {} characters; at most {MOST_IN_NAME} are allowed", text.len()));
        }
        text.split('.').try_for_each(check_label).map(|()| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_label(label: &str) -> Result<(), String> {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = label.as_bytes();
    if bytes.iter().all(|b| inner(*b)) && edge(bytes.first()) && edge(bytes.last()) {
        return Ok(());
    }
    Err(format!(
        "{} is not a Kubernetes name: lower-case letters, digits and `-`, with a letter or digit at both ends",
        quote(&label)
    ))
}

/// What could be names of objects in a text. Pieces of words in camel case, or of Base64, are none.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.')))
        .map(|word| word.trim_matches(['-', '.']))
        .filter(|word| !word.is_empty() && !word.contains(|c: char| c.is_ascii_uppercase()))
}

/// A text as it is read within another one, where characters may be escaped as JSON and YAML do it.
pub fn unescaped(text: &str) -> Option<String> {
    // Most texts have no escapes and need no copy.
    memchr::memchr(b'\\', text.as_bytes())?;
    let mut pieces = text.split('\\');
    let mut plain = pieces.next()?.to_owned();
    let mut is_changed = false;
    for piece in pieces {
        let digits = match piece.as_bytes().first() {
            Some(b'x') => 2,
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => 0,
        };
        let code = piece.get(1..=digits).filter(|_| digits > 0).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if let Some((char, rest)) = code.and_then(char::from_u32).zip(piece.get(digits + 1..)) {
            is_changed = true;
            plain.push(char);
            plain.push_str(rest);
        } else {
            plain.push('\\');
            plain.push_str(piece);
        }
    }
    is_changed.then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_within_texts_are_unescaped() {
        assert_eq!(unescaped(r#"{"name": "api\u002dcert\x2d\U0000002d"}"#).unwrap(), r#"{"name": "api-cert--"}"#);
        assert_eq!(unescaped(r"a\nb \uzzzz \").as_deref(), None);
        assert_eq!(unescaped(r"\u00 \x41 \").as_deref(), Some(r"\u00 A \"));
    }

    #[test]
    fn labels_and_subdomains() {
        for good in ["a", "payment-service", "0", "a1-b2"] {
            assert!(DnsLabel::parse(good).is_ok() && ObjectName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a..b", ".a", "a."] {
            assert!(DnsLabel::parse(bad).is_err() && ObjectName::parse(bad).is_err(), "{bad}");
        }
        assert!(DnsLabel::parse("a.b").is_err() && ObjectName::parse("a.b").is_ok());
        assert!(DnsLabel::parse(&"a".repeat(64)).is_err() && ObjectName::parse(&"a".repeat(254)).is_err());
    }
}
