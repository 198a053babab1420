//! What must be done by other means before an issuer signs: Secrets in a namespace, a CA in its trust anchor.

use crate::issuer::Issuer;
use crate::name::DnsLabel;
use crate::quote::{quote, typed};

/// One line for each issuer whose Secret is not rendered, or whose CA the trust anchor cannot have yet.
pub fn to_provide(issuer: &Issuer, namespace: Option<&DnsLabel>) -> String {
    let namespace = issuer.secret_namespace(namespace.map(DnsLabel::as_str));
    let made = issuer.each().flat_map(|it| &it.objects).filter(|object| object.makes_ca()).map(|object| {
        let namespace = object.home.as_deref().unwrap_or_default();
        let call = format!("kubectl get secret {} --namespace {namespace} --output json | iamra ca show", object.name);
        format!(
            "cert-manager makes the CA {}; its trust anchor needs what {} prints\n",
            quote(&object.name),
            typed(&call)
        )
    });
    let place = namespace.map_or_else(|| "its namespace".to_owned(), |it| format!("namespace {}", quote(&it)));
    let lines = issuer.wants().map(|(object, secret)| {
        let (name, secret) = (quote(&object.name), quote(&secret));
        format!("{} {name} signs with Secret {secret}, which must be in {place}\n", object.kind.gvk.kind)
    });
    lines.chain(made).collect()
}
