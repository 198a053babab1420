//! What the workloads of a declaration that extends another one may be.

use std::cmp::Reverse;

use super::claim::Claims;
use super::namespace::ALL;
use super::reader::Reader;
use super::v1alpha1 as wire;
use super::whole::Whole;
use super::{Binding, Config};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::name::DnsLabel;
use crate::quote::quote;
use crate::yaml::FieldPath;

impl Reader<'_> {
    /// Reports a workload in a namespace that is not delegated to the folder that declares it.
    pub(super) fn check_delegated(
        &mut self,
        name: &str,
        workload: &wire::Workload,
        namespace: Option<&DnsLabel>,
        at: &FieldPath,
    ) {
        let namespaces = &self.spec.namespaces;
        let Some(extension) = self.extension.filter(|_| !namespaces.is_empty()) else { return };
        let Some(document) = extension.owner(name).filter(|document| extension.origin(at).document() == *document)
        else {
            return;
        };
        let all = FieldPath::keys("spec.namespaces");
        let Some(namespace) = namespace.map(DnsLabel::as_str) else {
            let place = quote(&extension.in_words(&all)).to_string();
            let message = format!("workload {} has no namespace, and {place} delegates namespaces", quote(&name));
            let help = "set its `namespace` to one that is delegated to this folder";
            self.report.push(Diagnostic::error(Code::NotDelegated, message).at(Place::Config(at.clone())).help(help));
            return;
        };
        let key = if namespaces.contains_key(namespace) { namespace } else { ALL };
        let entry = namespaces.get(key);
        if entry.is_some_and(|entry| extension.is_below(document, &entry.paths)) {
            return;
        }
        let place = extension.in_words(&if entry.is_some() { all.key(key) } else { all });
        let message = format!(
            "workload {} is in namespace {}, which {} does not delegate to this folder",
            quote(&name),
            quote(&namespace),
            quote(&place)
        );
        let at = if workload.namespace.is_some() { at.key("namespace") } else { at.clone() };
        self.report.push(
            Diagnostic::error(Code::NotDelegated, message)
                .at(Place::Config(at))
                .help("use a namespace that is, or have the folder added to the `paths` of this one"),
        );
    }
}

/// Reports workloads that target the object of one that a base declares. Those of one name are reported before.
pub(super) fn check_objects(configs: &[Config], declaration: Whole<'_>, report: &mut Report) {
    for config in configs {
        let mut claims = Claims::default();
        let mut listed: Vec<_> = config.bindings.iter().filter(|binding| binding.is_listed).collect();
        // A declaration claims what is its base's, not the other way round.
        listed.sort_by_key(|binding| Reverse(binding.place.document()));
        for binding in listed {
            let in_words = |_, other: &Binding| declaration.in_words(&other.place);
            let clash = claims.add(config.cluster.as_deref(), binding, binding.place.document(), in_words);
            // Common names are compared within each declaration, too.
            let clash = clash.filter(|clash| clash.code != Code::CommonNameClash);
            if let Some(clash) = clash {
                report.push(clash);
            }
        }
    }
}
