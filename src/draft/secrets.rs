//! Secrets that must be created in a namespace by other means.

use crate::issuer::Issuer;
use crate::name::DnsLabel;
use crate::quote::quote;

/// One line for each Issuer whose Secret is not rendered.
pub fn to_provide(issuer: &Issuer, namespace: Option<&DnsLabel>) -> String {
    let namespace = issuer.secret_namespace(namespace.map(DnsLabel::as_str));
    let place = namespace.map_or_else(|| "its namespace".to_owned(), |it| format!("namespace {}", quote(&it)));
    let lines = issuer.wants().map(|(object, secret)| {
        let (name, secret) = (quote(&object.name), quote(&secret));
        format!("{} {name} signs with Secret {secret}, which must be in {place}\n", object.kind.gvk.kind)
    });
    lines.collect()
}
