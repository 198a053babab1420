//! Secrets that must be created in a namespace by other means.

use crate::issuer::Issuer;
use crate::name::{DEFAULT_NAMESPACE, DnsLabel};
use crate::quote::quote;

/// One line for each Issuer whose Secret is not rendered.
pub fn to_provide(issuer: &Issuer, namespace: Option<&DnsLabel>) -> String {
    let namespace = namespace.map_or(DEFAULT_NAMESPACE, DnsLabel::as_str);
    let lines = issuer.wants().map(|(object, secret)| {
        let (name, secret, namespace) = (quote(&object.name), quote(&secret), quote(&namespace));
        format!("{} {name} signs with Secret {secret}, which must be in namespace {namespace}\n", object.kind.gvk.kind)
    });
    lines.collect()
}
