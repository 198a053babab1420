//! Private keys in objects that are not secret: whoever may read the namespace reads them, and they are committed as they are.

use base64::engine::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem::Finder;

use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Ident, Item};
use crate::quote::quote_object;
use crate::secret::{BASE64_PEM, PRIVATE_KEY, private_key};
use crate::yaml::{FieldPath, NodeKind, NodeRef};

/// Where a Secret has what is secret.
const SECRET: [&str; 2] = ["data", "stringData"];

/// Reports the objects with private keys among the items: in ConfigMaps, variables, annotations, values of a chart, anywhere
/// but in a Secret's own data.
pub(super) fn check(items: &[Item<'_>], report: &mut Report) {
    let marks = [PRIVATE_KEY, BASE64_PEM].map(Finder::new);
    let in_base64 = Finder::new("binaryData");
    for item in items {
        let Some(ident) = item.ident() else { continue };
        // Elsewhere nobody hides a key by escapes; most objects need not be read.
        let is_config_map = is_core(ident, "ConfigMap") && item.may_say(&in_base64);
        let says = |mark: &Finder<'_>| mark.find(item.text().as_bytes()).is_some();
        if !(is_config_map || marks.iter().any(says) || is_core(ident, "ConfigMap") && item.is_encoded()) {
            continue;
        }
        let Ok(object) = item.parse() else { continue };
        let is_secret = is_core(ident, "Secret");
        let mut found = Vec::new();
        for (key, value) in object.root().entries() {
            let field = key.text().unwrap_or_default();
            if !(is_secret && SECRET.contains(&field)) {
                walk(value, FieldPath::root().key(field), is_config_map && field == "binaryData", &mut found);
            }
        }
        for at in found {
            let target = ident.resource_ref();
            let message = format!("{} has a private key", quote_object(&target.kind, &target.name));
            report.push(
                Diagnostic::error(Code::CommittedKey, message)
                    .at(Place::Item(target, at))
                    .help("replace the key, which is not secret any more, and put the new one into a Secret"),
            );
        }
    }
}

fn is_core(ident: &Ident<'_>, kind: &str) -> bool {
    ident.kind == kind && ident.api_version == "v1"
}

/// Where texts with keys are.
fn walk(node: NodeRef<'_>, at: FieldPath, is_base64: bool, found: &mut Vec<FieldPath>) {
    let has_key = |text: &str| {
        let decoded = || STANDARD.decode(text.split_whitespace().collect::<String>()).ok();
        private_key(text).is_some()
            || is_base64 && decoded().is_some_and(|bytes| private_key(&String::from_utf8_lossy(&bytes)).is_some())
    };
    // What an alias stands for is found where it is.
    if matches!(node.kind(), NodeKind::Alias(_)) {
        return;
    }
    if node.text().is_some_and(has_key) {
        found.push(at);
        return;
    }
    for (index, entry) in node.items().enumerate() {
        walk(entry, at.index(index), is_base64, found);
    }
    for (key, entry) in node.entries() {
        walk(entry, at.key(key.text().unwrap_or_default()), is_base64, found);
    }
}
