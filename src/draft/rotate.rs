//! Writes the steps of a CA's rotation into the declaration.

use serde_json::{Value, json};

use super::edit::{Change, Refused, cannot_edit, check_own, parsed, put};
use super::section::{self, CLUSTERS};
use crate::config::Whole;
use crate::quote::{quote, typed};
use crate::yaml::edit::{Edit, Refusal, apply};
use crate::yaml::{Document, FieldPath, NodeRef};

/// The CA issuer of a scope.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The scope.
    pub scope: &'a str,
    /// The field of its kind: `ca` or `clusterCa`.
    pub field: &'a str,
    /// The cluster whose scope it is, if there are several.
    pub cluster: Option<&'a str>,
}

/// Where the next CA comes from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// cert-manager makes it.
    InCluster,
    /// Somebody puts its Secret into the cluster.
    Existing,
    /// The names of its parameters.
    Parameters {
        /// That of the certificate.
        certificate: &'a str,
        /// That of the key.
        key: &'a str,
    },
}

impl Source<'_> {
    fn value(self) -> Value {
        match self {
            Self::InCluster => json!({"inCluster": {}}),
            Self::Existing => json!({"existing": {}}),
            Self::Parameters { certificate, key } => {
                json!({"ssm": {"certificate": format!("ssm:{certificate}"), "key": format!("ssm:{key}")}})
            }
        }
    }
}

impl At<'_> {
    /// The issuer as all clusters have it, or what the cluster lays over it.
    fn path(self) -> FieldPath {
        let above = self.cluster.map_or_else(|| FieldPath::keys("spec"), |cluster| CLUSTERS.entry(cluster));
        above.key("scopes").key(self.scope).key("issuer").key(self.field)
    }

    fn edited(
        self,
        text: &str,
        declaration: Whole<'_>,
        (by_hand, said): (String, String),
        edit: impl FnOnce(&Document<'_>, &FieldPath) -> Result<String, Refusal>,
    ) -> Result<Change, Refused> {
        check_own(declaration, "scopes")?;
        let (doc, at) = (parsed(text)?, self.path());
        let text =
            edit(&doc, &at).map_err(|refusal| cannot_edit(&refusal, &format!("in {}, {by_hand}", quote(&at))))?;
        Ok(Change { text, said: vec![format!("scope {}: {said}", quote(&self.scope))] })
    }
}

/// The declaration with a next CA.
///
/// # Errors
/// Why it cannot be done.
pub fn declare(at: At<'_>, source: Source<'_>, text: &str, declaration: Whole<'_>) -> Result<Change, Refused> {
    let by_hand = format!("add {}", typed(&format_args!("next: {{secret: {}}}", source.value())));
    at.edited(text, declaration, (by_hand, "the next CA is declared".to_owned()), |doc, at| {
        apply(doc, vec![put(doc, &at.key("next"), json!({"secret": source.value()}))])
    })
}

/// The declaration in which the next CA signs.
///
/// # Errors
/// Why it cannot be done.
pub fn switch(at: At<'_>, text: &str, declaration: Whole<'_>) -> Result<Change, Refused> {
    let by_hand = format!("write {}", typed(&"next.signs: true"));
    at.edited(text, declaration, (by_hand, "the next CA signs".to_owned()), |doc, at| {
        let next = next(doc, at)?;
        replaced(doc.text(), &next, "signs", Value::Bool(true))
    })
}

/// The declaration with the next CA alone, which has this number.
///
/// # Errors
/// Why it cannot be done.
pub fn remove(at: At<'_>, generation: u32, text: &str, declaration: Whole<'_>) -> Result<Change, Refused> {
    let by_hand = format!(
        "write {}, put the `secret` of `next` in place of the current one, and remove `next`",
        typed(&format_args!("generation: {generation}"))
    );
    at.edited(text, declaration, (by_hand, "the previous CA is removed".to_owned()), |doc, at| {
        let secret = doc.at(&next(doc, at)?.key("secret")).map_or(Value::Null, |it| it.to_value());
        let is_same = doc.at(&at.key("secret")).is_some_and(|it| it.to_value() == secret);
        let mut text = replaced(doc.text(), at, "generation", generation.into())?;
        if !is_same {
            text = replaced(&text, at, "secret", secret)?;
        }
        apply(&section::read(&text)?, vec![Edit::Remove { at: at.key("next") }])
    })
}

/// The next CA, which must be written here, and not elsewhere.
fn next(doc: &Document<'_>, at: &FieldPath) -> Result<FieldPath, Refusal> {
    let next = at.key("next");
    if doc.at(&next).is_some() {
        return Ok(next);
    }
    let spec = doc.at(&FieldPath::keys("spec")).map_or(0..0, NodeRef::span);
    Err(Refusal { why: "`next` is not there, but in what all clusters have".to_owned(), span: spec })
}

/// The text with another value of a field.
fn replaced(text: &str, at: &FieldPath, field: &str, value: Value) -> Result<String, Refusal> {
    let (doc, place) = (section::read(text)?, at.key(field));
    if doc.at(&place).is_none() {
        return apply(&doc, vec![put(&doc, &place, value)]);
    }
    let without = apply(&doc, vec![Edit::Remove { at: place.clone() }])?;
    let doc = section::read(&without)?;
    apply(&doc, vec![put(&doc, &place, value)])
}
