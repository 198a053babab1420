//! The Secrets that issuers sign with, and who among the items makes them: in plain text, encrypted, or by a controller.

mod form;

use std::collections::BTreeMap;

use memchr::memmem::Finder;
use serde_json::Value;

use super::upsert;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::issuer::{self, Issuer, IssuerObject, Part};
use crate::krm::{Item, ResourceRef};
use crate::plan::Plan;
use crate::quote::{quote, quote_object};
use crate::writers;
use crate::yaml::FieldPath;

/// A Secret with a CA that workloads of the plan need.
struct Wanted<'p> {
    scope: &'p str,
    /// What signs with it.
    signer: &'p IssuerObject,
    /// What iamra emits that makes it; `None` when others do.
    maker: Option<&'p IssuerObject>,
}

/// The name of a Secret and its namespace, if that is known.
type Site<'p> = (&'p str, Option<&'p str>);

/// Reports, of the items that make such a Secret, those that cannot, those in another namespace, and those that make what iamra
/// makes, too.
pub(super) fn check(plan: &Plan<'_>, items: &[Item<'_>], report: &mut Report) {
    let wanted = wanted(plan);
    let names: Vec<_> = wanted.keys().map(|(name, _)| *name).collect();
    let finders: Vec<_> = names.iter().map(Finder::new).collect();
    let may_make = |item: &&Item<'_>| {
        item.ident().is_some_and(|ident| writers::is_writer(&ident.api_version, &ident.kind))
            && finders.iter().any(|name| item.may_say(name))
    };
    let objects = items.iter().filter(may_make).filter_map(|item| item.parse().ok());
    let objects = objects.filter(|object| !upsert::is_ours(object.root()));
    let objects: Vec<_> = objects.filter_map(|it| Some((it.ident()?.resource_ref(), it.to_value()))).collect();
    for ((name, namespace), wanted) in &wanted {
        let makers = objects.iter().filter_map(|(target, object)| {
            let written = writers::of(object).into_iter().find(|it| it.kind == "Secret" && it.name == *name)?;
            let is_there =
                |theirs: Option<&str>| theirs.zip(namespace.as_deref()).is_none_or(|(one, other)| one == other);
            Some((target, object, written.namespaces.iter().copied().any(is_there)))
        });
        let makers: Vec<_> = makers.collect();
        for (target, object, _) in makers.iter().filter(|(.., is_there)| *is_there) {
            wanted.check(name, target, object, report);
        }
        if !makers.iter().any(|(.., is_there)| *is_there) && wanted.maker.is_none() {
            let elsewhere = makers.first().zip(namespace.as_deref());
            if let Some(((target, ..), namespace)) = elsewhere {
                report.push(wanted.elsewhere(target, namespace));
            }
        }
    }
}

fn wanted<'p>(plan: &'p Plan<'_>) -> BTreeMap<Site<'p>, Wanted<'p>> {
    let mut all = BTreeMap::new();
    for planned in &plan.workloads {
        let binding = planned.binding();
        let signers = |it: &'p Issuer| it.objects.iter().map(move |object| (it, object));
        for (issuer, signer) in binding.issuer.each().flat_map(signers) {
            let Some(secret) = signer.reads().filter(|_| signer.kind.gvk.group == issuer::GROUP) else { continue };
            let maker = issuer.objects.iter().find(|it| it.part == Part::Secret && it.name == secret);
            let namespace = issuer.secret_namespace(planned.namespace.as_deref());
            all.entry((secret, namespace)).or_insert(Wanted { scope: &binding.scope, signer, maker });
        }
    }
    all
}

impl Wanted<'_> {
    fn check(&self, secret: &str, target: &ResourceRef, object: &Value, report: &mut Report) {
        let words = quote_object(&target.kind, &target.name);
        let Some(maker) = self.maker else {
            if let Some((at, why)) = form::fault(object) {
                let message = format!("{words} cannot have the CA of scope {}: {why}", quote(&self.scope));
                report.push(
                    Diagnostic::error(Code::InvalidCa, message)
                        .at(Place::Item(target.clone(), FieldPath::keys(at)))
                        .help("the Secret must have the CA's certificate in `tls.crt`, and its key in `tls.key`"),
                );
            }
            if let Some((at, why)) = form::doubt(object) {
                report.push(
                    Diagnostic::warning(Code::DanglingReference, format!("{words} {why}"))
                        .at(Place::Item(target.clone(), FieldPath::keys(at)))
                        .help("seal it again for the name and namespace that it has in the cluster"),
                );
            }
            return;
        };
        // Of two objects with one name, the other is reported where ours is emitted.
        if target.kind == maker.kind.gvk.kind && target.name == maker.name {
            return;
        }
        let message = format!(
            "{}, which {} makes for the CA of scope {}, is written by {words} too",
            quote_object("Secret", secret),
            quote_object(maker.kind.gvk.kind, &maker.name),
            quote(&self.scope)
        );
        report.push(
            Diagnostic::error(Code::AlreadyTaken, message)
                .at(Place::Item(target.clone(), FieldPath::root()))
                .help("let it have another name, or declare `secret: {existing: {name: …}}` if it is the CA"),
        );
    }

    fn elsewhere(&self, target: &ResourceRef, namespace: &str) -> Diagnostic {
        let message = format!(
            "{} is in another namespace than {}, where {} looks for the CA of scope {}",
            quote_object(&target.kind, &target.name),
            quote(&namespace),
            quote_object(self.signer.kind.gvk.kind, &self.signer.name),
            quote(&self.scope)
        );
        Diagnostic::warning(Code::DanglingReference, message)
            .at(Place::Item(target.clone(), FieldPath::keys("metadata.namespace")))
            .help("put it there, unless another Secret of this name is there already")
    }
}
