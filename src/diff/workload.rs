//! Workloads: who gained, lost or changed an identity, and what it is given to.

use std::collections::BTreeMap;

use super::Workload;
use super::change::{Change, Kind};
use super::sidecar;
use crate::config::{Binding, Certificate, Containers, Target};
use crate::quote::{quote, quote_all};

type Workloads<'s> = BTreeMap<&'s str, Workload<'s>>;

/// Changes of the workloads of one cluster.
pub(super) fn compare(old: &Workloads<'_>, new: &Workloads<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (name, is) in new {
        match old.get(name) {
            Some(was) => changes.extend(changed(was.binding, is.binding)),
            None => changes.push(gained(is.binding)),
        }
    }
    let lost = old.iter().filter(|(name, _)| !new.contains_key(*name)).map(|(name, was)| {
        let role = &was.binding.role.name;
        let message = format!("{} loses role {}", quote(&name), quote(&role));
        Change { before: Some(role.clone()), ..Change::new(Kind::RoleLost, name, was.binding.place.clone(), &message) }
    });
    changes.extend(lost);
    changes
}

fn gained(is: &Binding) -> Change {
    let Binding { workload, role, place, .. } = is;
    let message = format!("{} gains role {}{}", quote(&workload), quote(&role.name), in_namespace(is));
    let change = Change::new(Kind::RoleGained, workload, place.clone(), &message).escalates(true);
    Change { after: Some(role.name.clone()), ..change }
}

fn in_namespace(binding: &Binding) -> String {
    binding.namespace.as_ref().map_or_else(String::new, |namespace| format!(" in namespace {}", quote(&namespace)))
}

fn namespace(binding: &Binding) -> String {
    binding.namespace.as_ref().map_or_else(|| "none".to_owned(), |name| quote(&name).to_string())
}

fn subject(certificate: &Certificate) -> String {
    quote(&format_args!("CN={}", certificate.common_name)).to_string()
}

fn changed(was: &Binding, is: &Binding) -> Vec<Change> {
    let name = &is.workload;
    let mut changes = Vec::new();
    let mut say = |kind, field: &str, words: String, values: (String, String), escalation| {
        let place = if field.is_empty() {
            is.place.clone()
        } else {
            field.split('.').fold(is.place.clone(), |at, key| at.key(key))
        };
        let message = format!("{} {words}", quote(&name));
        changes.push(Change::new(kind, name, place, &message).values(values.0, values.1).escalates(escalation));
    };
    if was.role.name != is.role.name {
        // Without policies in the declaration nobody can tell which role is the wider one.
        let narrower = !is.role.policies.is_empty() && is.role.policies.iter().all(|it| was.role.policies.contains(it));
        let words = format!("moves from role {} to {}", quote(&was.role.name), quote(&is.role.name));
        say(Kind::RoleMoved, "role", words, (was.role.name.clone(), is.role.name.clone()), !narrower);
    }
    if was.namespace != is.namespace {
        let (old, new) = (namespace(was), namespace(is));
        say(Kind::Namespace, "namespace", format!("is in another namespace: {new} instead of {old}"), (old, new), true);
    }
    if was.target != is.target {
        let (old, new) = (target(&was.target), target(&is.target));
        say(Kind::Target, "target", format!("is another object: {new} instead of {old}"), (old, new), true);
    }
    if was.containers != is.containers {
        let (old, new) = (containers(&was.containers), containers(&is.containers));
        let wider = !is_within(&is.containers, &was.containers);
        say(Kind::Containers, "", format!("gives credentials to {new} instead of {old}"), (old, new), wider);
    }
    let (old, new) = (&was.certificate, &is.certificate);
    if old.common_name != new.common_name {
        let words = format!("is another subject to AWS: {} instead of {}", subject(new), subject(old));
        let values = (old.common_name.clone(), new.common_name.clone());
        say(Kind::CommonName, "certificate.commonName", words, values, true);
    }
    let mut span = |kind,
                    field: &str,
                    what: &str,
                    old: &crate::duration::Duration,
                    new: &crate::duration::Duration,
                    more: &str,
                    less: &str| {
        if old.seconds() != new.seconds() {
            let longer = new.seconds() > old.seconds();
            let words =
                format!("has a certificate that {what} {}: {new} instead of {old}", if longer { more } else { less });
            let escalates = longer && kind == Kind::CertificateLife;
            say(kind, field, words, (old.to_string(), new.to_string()), escalates);
        }
    };
    span(Kind::CertificateLife, "certificate.duration", "lives", &old.duration, &new.duration, "longer", "shorter");
    let margins = ("earlier before its end", "closer to its end");
    span(
        Kind::RenewalMargin,
        "certificate.renewBefore",
        "is renewed",
        &old.renew_before,
        &new.renew_before,
        margins.0,
        margins.1,
    );
    let key = |it: &Binding| format!("{:?} {}", it.certificate.algorithm, it.certificate.size).to_uppercase();
    if key(was) != key(is) {
        let (old, new) = (key(was), key(is));
        say(
            Kind::PrivateKey,
            "certificate.privateKey",
            format!("has a key of {new} instead of {old}"),
            (old, new),
            false,
        );
    }
    let (old, new) = (&was.sidecar, &is.sidecar);
    if old.image != new.image {
        let words = format!("has another sidecar image: {} instead of {}", new.image, old.image);
        say(Kind::SidecarImage, "sidecar.image", words, (old.image.clone(), new.image.clone()), true);
    }
    let settings = sidecar::compare(old, new);
    if !settings.is_empty() {
        let (old, new) = sidecar::words(&settings);
        let escalates = settings.iter().any(|setting| setting.escalates);
        say(Kind::Sidecar, "sidecar", format!("has another sidecar: {new} instead of {old}"), (old, new), escalates);
    }
    if was.environment != is.environment {
        let words = |it: &Binding| {
            let region = it.environment.region.as_deref().unwrap_or("the trust anchor's");
            let slash = if it.environment.trailing_slash { ", endpoint with a slash" } else { "" };
            format!("region {region}{slash}")
        };
        let (old, new) = (words(was), words(is));
        say(
            Kind::Environment,
            "environment",
            format!("has other variables: {new} instead of {old}"),
            (old, new),
            false,
        );
    }
    changes
}

fn target(target: &Target) -> String {
    let kind = target.kind.as_deref().unwrap_or("any kind");
    let path = target.pod_template.as_ref().map_or_else(String::new, |path| format!(" at {}", quote(&path)));
    format!("{kind} {}{path}", target.which)
}

fn containers(containers: &Containers) -> String {
    let names = |names: &[String]| quote_all(names);
    match containers {
        Containers::All => "all containers".to_owned(),
        Containers::Only(only) => names(only),
        Containers::Except(except) => format!("all but {}", names(except)),
    }
}

/// Whether every container of `inner` surely is one of `outer`.
fn is_within(inner: &Containers, outer: &Containers) -> bool {
    let all = |some: &[String], of: &[String]| some.iter().all(|name| of.contains(name));
    match (inner, outer) {
        (_, Containers::All) => true,
        (Containers::Only(inner), Containers::Only(outer)) => all(inner, outer),
        (Containers::Only(inner), Containers::Except(outer)) => !inner.iter().any(|name| outer.contains(name)),
        (Containers::Except(inner), Containers::Except(outer)) => all(outer, inner),
        (Containers::All | Containers::Except(_), _) => false,
    }
}
