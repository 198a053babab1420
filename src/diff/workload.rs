//! Changes of workloads: which gained, lost or changed an identity, and which objects and containers get it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::DeclaredWorkload;
use super::change::{Change, ChangeKind};
use super::sidecar;
use crate::config::{Binding, Certificate, Containers, Target};
use crate::policy::is_wider;
use crate::quote::{quote, quote_all};

type Workloads<'s> = BTreeMap<&'s str, DeclaredWorkload<'s>>;

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
        Change {
            before: Some(role.clone()),
            ..Change::new(ChangeKind::RoleLost, name, was.binding.place.clone(), &message)
        }
    });
    changes.extend(lost);
    changes
}

fn gained(is: &Binding) -> Change {
    let Binding { workload, role, place, .. } = is;
    let message = format!("{} gains role {}{}", quote(&workload), quote(&role.name), in_namespace(is));
    let change = Change::new(ChangeKind::RoleGained, workload, place.clone(), &message).escalates(true);
    Change { after: Some(role.name.clone()), ..change }
}

fn in_namespace(binding: &Binding) -> String {
    binding.namespace.as_ref().map_or_else(String::new, |namespace| format!(" in namespace {}", quote(&namespace)))
}

fn namespace(binding: &Binding) -> String {
    binding.namespace.as_ref().map_or_else(|| "none".to_owned(), |name| quote(&name).to_string())
}

fn subject(certificate: &Certificate) -> String {
    quote(&certificate.names()).to_string()
}

/// How a property of a workload differs.
struct Difference {
    kind: ChangeKind,
    /// The field that declares it, relative to the workload; empty for the workload itself.
    field: &'static str,
    /// The message after the workload's name.
    words: String,
    /// As it was, and as it is.
    values: (String, String),
    escalates: bool,
}

type Property = fn(&Binding, &Binding) -> Option<Difference>;

/// What is compared, in the order of reporting.
const PROPERTIES: &[Property] = &[
    role,
    session,
    other_namespace,
    other_target,
    other_containers,
    sample,
    names,
    certificate_life,
    renewal_margin,
    private_key,
    key_place,
    chain,
    image,
    other_sidecar,
    environment,
];

fn changed(was: &Binding, is: &Binding) -> Vec<Change> {
    // No `..`: a new setting of the declaration must be compared. The scope's issuer is compared once, for all of its workloads.
    let Binding {
        workload: _,
        namespace: _,
        target: _,
        containers: _,
        role: _,
        session: _,
        scope: _,
        tenant: _,
        issuer: _,
        mint_policy: _,
        certificate,
        sidecar: _,
        environment: _,
        sample: _,
        is_listed: _,
        place: _,
    } = is;
    let Certificate {
        common_name: _,
        organizations: _,
        organizational_units: _,
        uris: _,
        duration: _,
        renew_before: _,
        algorithm: _,
        size: _,
        volume: _,
        intermediates: _,
    } = certificate;
    let change = |it: Difference| {
        let place = it.field.split('.').filter(|key| !key.is_empty()).fold(is.place.clone(), |at, key| at.key(key));
        let message = format!("{} {}", quote(&is.workload), it.words);
        Change::new(it.kind, &is.workload, place, &message).values(it.values.0, it.values.1).escalates(it.escalates)
    };
    PROPERTIES.iter().filter_map(|property| property(was, is)).map(change).collect()
}

fn role(was: &Binding, is: &Binding) -> Option<Difference> {
    let (old, new) = (&was.role, &is.role);
    // Without policies in the declaration, it is unknown which role has more permissions.
    let has_any = !new.policies.is_empty() || !new.inline_policies.is_empty();
    let is_there = |policy: &Value| old.inline_policies.values().any(|was| !is_wider(was, policy));
    let is_kept = |policy: &Value| new.inline_policies.values().any(|is| !is_wider(policy, is));
    let is_narrower = has_any
        && new.policies.iter().all(|it| old.policies.contains(it))
        && new.inline_policies.values().all(is_there)
        // What denied something still does.
        && old.inline_policies.values().all(|was| !is_wider(was, &Value::Null) || is_kept(was));
    (old.name != new.name).then(|| Difference {
        kind: ChangeKind::RoleMoved,
        field: "role",
        words: format!("moves from role {} to {}", quote(&old.name), quote(&new.name)),
        values: (old.name.clone(), new.name.clone()),
        escalates: !is_narrower,
    })
}

/// Sessions that are not simply as long as the role says, which is told of the role.
fn session(was: &Binding, is: &Binding) -> Option<Difference> {
    let (old, new) = (was.session(), is.session());
    let is_own = was.session.is_some() || is.session.is_some();
    let is_longer = new.seconds() > old.seconds();
    let how = if is_longer { "longer" } else { "shorter" };
    (is_own && old.seconds() != new.seconds()).then(|| Difference {
        kind: ChangeKind::Session,
        field: "sessionDuration",
        words: format!("has {how} sessions: {new} instead of {old}"),
        values: (old.to_string(), new.to_string()),
        escalates: is_longer,
    })
}

fn other_namespace(was: &Binding, is: &Binding) -> Option<Difference> {
    let (old, new) = (namespace(was), namespace(is));
    (was.namespace != is.namespace).then(|| Difference {
        kind: ChangeKind::Namespace,
        field: "namespace",
        words: format!("is in a different namespace: {new} instead of {old}"),
        values: (old, new),
        escalates: true,
    })
}

fn other_target(was: &Binding, is: &Binding) -> Option<Difference> {
    let (old, new) = (target(&was.target), target(&is.target));
    (was.target != is.target).then(|| Difference {
        kind: ChangeKind::Target,
        field: "target",
        words: format!("targets a different object: {new} instead of {old}"),
        values: (old, new),
        escalates: true,
    })
}

fn other_containers(was: &Binding, is: &Binding) -> Option<Difference> {
    let (old, new) = (containers(&was.containers), containers(&is.containers));
    (was.containers != is.containers).then(|| Difference {
        kind: ChangeKind::Containers,
        field: "",
        words: format!("gives credentials to {new} instead of {old}"),
        values: (old, new),
        escalates: !is_within(&is.containers, &was.containers),
    })
}

/// Who may run commands in the Pod that prints the identity has the identity.
fn sample(was: &Binding, is: &Binding) -> Option<Difference> {
    let words = |it: &Binding| if it.sample { "a Pod that prints it" } else { "no such Pod" };
    (was.sample != is.sample).then(|| Difference {
        kind: ChangeKind::Containers,
        field: "sample",
        words: format!("has its identity also in {} instead of {}", words(is), words(was)),
        values: (words(was).to_owned(), words(is).to_owned()),
        escalates: is.sample,
    })
}

fn names(was: &Binding, is: &Binding) -> Option<Difference> {
    let (old, new) = (&was.certificate, &is.certificate);
    let (all_old, all_new) = (old.names(), new.names());
    let is_only_common_name = all_old.pins().len() == 1 && all_new.pins().len() == 1;
    let values = if is_only_common_name {
        (old.common_name.clone(), new.common_name.clone())
    } else {
        (all_old.to_string(), all_new.to_string())
    };
    (all_old != all_new).then(|| Difference {
        kind: ChangeKind::CommonName,
        field: if old.common_name == new.common_name { "certificate" } else { "certificate.commonName" },
        words: format!("has a different certificate subject: {} instead of {}", subject(new), subject(old)),
        values,
        escalates: true,
    })
}

fn certificate_life(was: &Binding, is: &Binding) -> Option<Difference> {
    let (old, new) = (&was.certificate.duration, &is.certificate.duration);
    let is_longer = new.seconds() > old.seconds();
    let how = if is_longer { "longer" } else { "shorter" };
    (old.seconds() != new.seconds()).then(|| Difference {
        kind: ChangeKind::CertificateLife,
        field: "certificate.duration",
        words: format!("has a {how} certificate lifetime: {new} instead of {old}"),
        values: (old.to_string(), new.to_string()),
        escalates: is_longer,
    })
}

fn renewal_margin(was: &Binding, is: &Binding) -> Option<Difference> {
    let (old, new) = (&was.certificate.renew_before, &is.certificate.renew_before);
    let when = if new.seconds() > old.seconds() { "earlier before it expires" } else { "closer to its expiry" };
    (old.seconds() != new.seconds()).then(|| Difference {
        kind: ChangeKind::RenewalMargin,
        field: "certificate.renewBefore",
        words: format!("has a certificate that is renewed {when}: {new} instead of {old}"),
        values: (old.to_string(), new.to_string()),
        escalates: false,
    })
}

fn private_key(was: &Binding, is: &Binding) -> Option<Difference> {
    let key = |it: &Binding| format!("{:?} {}", it.certificate.algorithm, it.certificate.size).to_uppercase();
    let (old, new) = (key(was), key(is));
    (old != new).then(|| Difference {
        kind: ChangeKind::PrivateKey,
        field: "certificate.privateKey",
        words: format!("has a key of {new} instead of {old}"),
        values: (old, new),
        escalates: false,
    })
}

/// Whoever may read Secrets reads a key in one; that of the CSI driver is in the pod alone.
fn key_place(was: &Binding, is: &Binding) -> Option<Difference> {
    let words = |it: &Binding| if it.certificate.has_secret() { "in a Secret" } else { "in the pod alone" };
    (was.certificate.volume != is.certificate.volume).then(|| Difference {
        kind: ChangeKind::KeyPlace,
        field: "certificate.volume",
        words: format!("has its key {} instead of {}", words(is), words(was)),
        values: (words(was).to_owned(), words(is).to_owned()),
        escalates: is.certificate.has_secret(),
    })
}

fn chain(was: &Binding, is: &Binding) -> Option<Difference> {
    let words = |it: &Binding| if it.certificate.intermediates { "with its chain" } else { "without its chain" };
    (was.certificate.intermediates != is.certificate.intermediates).then(|| Difference {
        kind: ChangeKind::Sidecar,
        field: "certificate.intermediates",
        words: format!("presents its certificate {} instead of {}", words(is), words(was)),
        values: (words(was).to_owned(), words(is).to_owned()),
        escalates: false,
    })
}

fn image(was: &Binding, is: &Binding) -> Option<Difference> {
    let (old, new) = (&was.sidecar.image, &is.sidecar.image);
    (old != new).then(|| Difference {
        kind: ChangeKind::SidecarImage,
        field: "sidecar.image",
        words: format!("has a different sidecar image: {new} instead of {old}"),
        values: (old.clone(), new.clone()),
        escalates: true,
    })
}

fn other_sidecar(was: &Binding, is: &Binding) -> Option<Difference> {
    let settings = sidecar::compare(&was.sidecar, &is.sidecar);
    let (old, new) = sidecar::words(&settings);
    (!settings.is_empty()).then(|| Difference {
        kind: ChangeKind::Sidecar,
        field: "sidecar",
        words: format!("has different sidecar settings: {new} instead of {old}"),
        values: (old, new),
        escalates: settings.iter().any(|setting| setting.escalates),
    })
}

fn environment(was: &Binding, is: &Binding) -> Option<Difference> {
    let words = |it: &Binding| {
        let region = it.environment.region.as_deref().unwrap_or("the trust anchor's");
        let slash = if it.environment.trailing_slash { ", endpoint with a slash" } else { "" };
        format!("region {region}{slash}")
    };
    let (old, new) = (words(was), words(is));
    (was.environment != is.environment).then(|| Difference {
        kind: ChangeKind::Environment,
        field: "environment",
        words: format!("has different variables: {new} instead of {old}"),
        values: (old, new),
        escalates: false,
    })
}

fn target(target: &Target) -> String {
    let kind = target.kind.as_deref().unwrap_or("any kind");
    let paths: Vec<_> = target.pod_templates.iter().map(|path| quote(&path.notation()).to_string()).collect();
    let place = if paths.is_empty() { String::new() } else { format!(" at {}", paths.join(" and ")) };
    format!("{kind} {}{place}", target.which)
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
