//! The objects that matter: patched ones, ours, and those that ours refer to.

use super::is_marked;
use super::object::{Object, Reference};
use crate::krm::Item;

/// Those of the stream; nothing else is parsed.
pub(super) struct Stream {
    marked: Vec<Object>,
}

impl Stream {
    pub(super) fn of(items: &[Item<'_>]) -> Self {
        let marked = items.iter().enumerate().filter(|(_, item)| is_marked(item.text()));
        let read = |(index, item): (usize, &Item<'_>)| Some(Object::of(index, item.parse().ok()?.root().to_value()));
        Self { marked: marked.filter_map(read).collect() }
    }

    /// Objects of users that have an identity.
    pub(super) fn patched(&self) -> impl Iterator<Item = &Object> {
        self.marked.iter().filter(|object| !object.is_ours() && !object.marks().is_empty())
    }

    /// Objects that we made.
    pub(super) fn ours(&self) -> impl Iterator<Item = &Object> {
        self.marked.iter().filter(|object| object.is_ours())
    }

    /// Whether what an object refers to is there, in its namespace, and made for a workload that it has.
    pub(super) fn resolves(&self, from: &Object, reference: &Reference) -> bool {
        self.ours().filter(|object| object.is_beside(from)).any(|object| {
            let is_meant = match reference {
                Reference::CertificateSecret(name) => {
                    object.kind() == "Certificate"
                        && object.value["spec"]["secretName"] == name.as_str()
                        && self.is_issued(object)
                }
                Reference::ConfigMap(name) => object.kind() == "ConfigMap" && object.name() == name,
            };
            is_meant && object.marks().iter().any(|mark| from.marks().contains(mark))
        })
    }

    /// Whether the issuer of a Certificate is there; one that we do not make is somebody else's business.
    fn is_issued(&self, certificate: &Object) -> bool {
        let reference = &certificate.value["spec"]["issuerRef"];
        let mut issuers = self.ours().filter(|object| reference["kind"] == object.kind());
        let mut beside = issuers.by_ref().filter(|object| object.is_beside(certificate)).peekable();
        beside.peek().is_none() || beside.any(|object| reference["name"] == object.name())
    }
}
