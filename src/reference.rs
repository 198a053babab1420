//! References: values of the declaration that have to be looked up.

use std::fmt;
use std::sync::Arc;

use crate::arn::ArnKind;
use crate::quote::quote;
use crate::yaml::FieldPath;

/// Where a value is. `ssm:/name`, `ssm:/name:version`, `ssm:/name:label`, `rolesanywhere:NAME`, or the ARN itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A parameter of SSM Parameter Store and, where given, its version or label.
    Ssm {
        /// The parameter's name, or its ARN when it belongs to another account.
        name: String,
        /// A version or a label.
        selector: Option<String>,
    },
    /// A trust anchor or profile by its name.
    RolesAnywhere(String),
    /// The value itself.
    Literal(String),
}

/// The account and region in which a reference is looked up. `None` uses the environment's setting.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The cluster, if it has its own account or region, where the same name may have a different value.
    pub cluster: Option<String>,
    /// The scope, if it has its own account or region.
    pub scope: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// A profile of the AWS configuration files.
    pub profile: Option<String>,
    /// The ARN of a role to assume for lookups.
    pub assume_role: Option<String>,
}

/// What a value is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// An ARN of this kind.
    Arn(ArnKind),
    /// A CA's certificate.
    Certificate,
    /// A CA's private key.
    Key,
    /// The location of a document.
    Location,
}

/// One value that is needed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    /// The reference as the declaration writes it.
    pub reference: String,
    /// What it refers to.
    pub target: Target,
    /// In which account and region.
    pub origin: Arc<Origin>,
    /// What for.
    pub wanted: Wanted,
}

impl Query {
    /// Whether the value is key material.
    pub fn is_secret(&self) -> bool {
        self.wanted == Wanted::Key
    }

    /// The name of the reference in locks and messages, which distinguishes a trust anchor and a profile of the same
    /// name.
    pub fn name(&self) -> String {
        match (&self.target, self.wanted) {
            (Target::RolesAnywhere(name), Wanted::Arn(ArnKind::TrustAnchor)) => {
                format!("rolesanywhere:trust-anchor/{name}")
            }
            (Target::RolesAnywhere(name), Wanted::Arn(ArnKind::Profile)) => format!("rolesanywhere:profile/{name}"),
            _ => self.reference.clone(),
        }
    }
}

/// A reference and the field that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    text: String,
    /// What it refers to.
    pub target: Target,
    /// Where it is looked up.
    pub origin: Arc<Origin>,
    /// The field of the declaration, for messages.
    pub place: FieldPath,
}

impl Reference {
    /// Reads a reference that stands at `place`.
    ///
    /// # Errors
    /// The sentence that says what is wrong with it.
    pub fn parse(text: &str, place: &FieldPath) -> Result<Self, String> {
        let target = if text.starts_with("arn:") {
            Target::Literal(text.to_owned())
        } else if let Some(rest) = text.strip_prefix("ssm:") {
            parameter(rest)?
        } else if let Some(name) = text.strip_prefix("rolesanywhere:") {
            // The service's rule for names of trust anchors and profiles.
            // <https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_CreateTrustAnchor.html>
            // <https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_CreateProfile.html>
            let allowed = |c: char| c.is_ascii_alphanumeric() || " -_".contains(c);
            if name.is_empty() || name.len() > 255 || !name.chars().all(allowed) {
                return Err(format!("{} cannot be the name of a trust anchor or profile", quote(&name)));
            }
            Target::RolesAnywhere(name.to_owned())
        } else if text.starts_with('/') {
            return Err(format!(
                "{} does not say where to look it up: write {}",
                quote(&text),
                quote(&format_args!("ssm:{text}"))
            ));
        } else {
            return Err(format!(
                "{} is not a reference: write `ssm:/name`, `rolesanywhere:NAME` or an ARN (`arn:…`)",
                quote(&text)
            ));
        };
        Ok(Self { text: text.to_owned(), target, origin: Arc::default(), place: place.clone() })
    }

    /// The same reference with this origin.
    #[must_use]
    pub fn looked_up_in(self, origin: &Arc<Origin>) -> Self {
        Self { origin: Arc::clone(origin), ..self }
    }

    /// What is looked up, and where. References for which it is the same have the same value.
    pub fn source(&self) -> (Target, Origin) {
        let origin = match self.target {
            Target::Literal(_) => Origin::default(),
            Target::Ssm { .. } | Target::RolesAnywhere(_) => {
                Origin { cluster: None, scope: None, ..Origin::clone(&self.origin) }
            }
        };
        (self.target.clone(), origin)
    }

    /// The query for this kind of value; `None` when the reference is the value itself.
    pub fn query(&self, wanted: Wanted) -> Option<Query> {
        let looked_up = !matches!(self.target, Target::Literal(_));
        looked_up.then(|| Query {
            reference: self.text.clone(),
            target: self.target.clone(),
            origin: Arc::clone(&self.origin),
            wanted,
        })
    }

    /// The reference as it is written; its key in lock and values files.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Names and selectors as SSM allows them.
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html>
fn parameter(text: &str) -> Result<Target, String> {
    let parameter_arn = text.starts_with("arn:");
    // `arn:aws:ssm:REGION:ACCOUNT:parameter/NAME` has five colons of its own.
    let colon = if parameter_arn { text.match_indices(':').nth(5) } else { text.match_indices(':').next() };
    let (name, selector) = colon
        .and_then(|(at, _)| text.split_at_checked(at))
        .map_or((text, None), |(name, rest)| (name, rest.strip_prefix(':')));
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    if !parameter_arn && (!name.starts_with('/') || name.ends_with('/') || name.contains("//")) {
        return Err(format!(
            "{} is not the full name of a parameter: it begins with `/` and ends without one",
            quote(&name)
        ));
    }
    if !parameter_arn && !name.chars().all(allowed) {
        return Err(format!("{} has characters that parameter names cannot have", quote(&name)));
    }
    if name.len() > 1011 {
        return Err("the parameter's name is longer than 1011 characters".to_owned());
    }
    let selector_allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if selector.is_some_and(|s| s.is_empty() || s.len() > 100 || !s.chars().all(selector_allowed)) {
        return Err(format!("{} does not end in a version or a label", quote(&text)));
    }
    Ok(Target::Ssm { name: name.to_owned(), selector: selector.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Result<Target, String> {
        Reference::parse(text, &FieldPath::root()).map(|reference| reference.target)
    }

    #[test]
    fn the_schemes() {
        let ssm = |name: &str, selector: Option<&str>| Target::Ssm {
            name: name.to_owned(),
            selector: selector.map(str::to_owned),
        };
        assert_eq!(target("ssm:/a/b").unwrap(), ssm("/a/b", None));
        assert_eq!(target("ssm:/a/b:3").unwrap(), ssm("/a/b", Some("3")));
        assert_eq!(target("ssm:/a/b:live").unwrap(), ssm("/a/b", Some("live")));
        let arn = "arn:aws:ssm:eu-central-1:111122223333:parameter/a";
        assert_eq!(target(&format!("ssm:{arn}:2")).unwrap(), ssm(arn, Some("2")));
        assert_eq!(target("rolesanywhere:main anchor").unwrap(), Target::RolesAnywhere("main anchor".to_owned()));
        assert_eq!(target("arn:aws:iam::1:role/x").unwrap(), Target::Literal("arn:aws:iam::1:role/x".to_owned()));
        for bad in ["", "/a", "ssm:", "ssm:a", "ssm:/a/", "ssm:/a:", "ssm:/a b", "rolesanywhere:", "vault:x"] {
            assert!(target(bad).is_err(), "{bad}");
        }
    }
}
