//! Private keys in ConfigMaps, which everybody reads who may read the namespace, and which are committed as they are.

use memchr::memmem::Finder;

use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::Item;
use crate::quote::quote_object;
use crate::yaml::{FieldPath, NodeRef};

/// How a private key in PEM begins, whatever its kind.
const MARK: &str = "PRIVATE KEY-----";

/// Reports the ConfigMaps with private keys among the items.
pub(super) fn check(items: &[Item<'_>], report: &mut Report) {
    let mark = Finder::new(MARK);
    let is_config_map =
        |item: &&Item<'_>| item.ident().is_some_and(|it| it.kind == "ConfigMap" && it.api_version == "v1");
    for item in items.iter().filter(is_config_map).filter(|item| item.may_say(&mark)) {
        let (Ok(object), Some(ident)) = (item.parse(), item.ident()) else { continue };
        let data = object.root().get("data").into_iter().flat_map(NodeRef::entries);
        for (key, _) in data.filter(|(_, value)| value.text().is_some_and(|text| text.contains(MARK))) {
            let target = ident.resource_ref();
            let message = format!("{} has a private key", quote_object(&target.kind, &target.name));
            let at = FieldPath::keys("data").key(key.text().unwrap_or_default());
            report.push(
                Diagnostic::error(Code::CommittedKey, message)
                    .at(Place::Item(target, at))
                    .help("replace the key, which is not secret any more, and put the new one into a Secret"),
            );
        }
    }
}
