//! What should be in AWS, by the declaration.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::desired::{Desired, Link, Resource, Trusted, Wanted};
use super::key::{Key, Kind, Owner, Site};
use super::state::Source;
use crate::arn::ArnKind;
use crate::certificate::Certificate;
use crate::config::{Binding, Config, DeclaredScope, Role};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::quote::quote;
use crate::reference::{Origin, Query, Reference, Target, Wanted as Value};
use crate::resolve::{self, Answers, NoAnswer};
use crate::trust::{self, Subject};
use crate::yaml::FieldPath;

/// IAM's shortest `MaxSessionDuration`; a profile's is shorter.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
const SHORTEST_OF_ROLE: u64 = 3600;

/// Certificates in PEM of CAs that no parameter has, by scope.
pub type Certificates = BTreeMap<String, String>;

/// What has to be looked up to know what is desired: CAs, and what exists elsewhere.
pub fn queries(configs: &[Config]) -> BTreeSet<Query> {
    let mut found = BTreeSet::new();
    for config in configs {
        for scope in &config.installation.scopes {
            found.extend(scope.issuer.queries().filter(|query| !query.is_secret()));
            found.extend(elsewhere(&scope.trust_anchor, ArnKind::TrustAnchor));
        }
        for (role, _) in &*config.roles {
            found.extend(elsewhere(&role.role, ArnKind::Role));
            found.extend(elsewhere(&role.profile, ArnKind::Profile));
        }
    }
    found
}

/// The query for a reference to what exists already.
fn elsewhere(reference: &Reference, kind: ArnKind) -> Option<Query> {
    if own_name(reference).is_some() { None } else { reference.query(Value::Arn(kind)) }
}

/// How a resource is found that iamra may make: by a parameter, or by its own name. A version or a parameter of another
/// account says that it exists.
enum FoundBy<'r> {
    Parameter(&'r str),
    Name(&'r str),
}

fn own_name(reference: &Reference) -> Option<FoundBy<'_>> {
    match &reference.target {
        Target::Ssm { name, selector: None } if name.starts_with('/') => Some(FoundBy::Parameter(name)),
        Target::RolesAnywhere(name) => Some(FoundBy::Name(name)),
        _ => None,
    }
}

/// Whether iamra may make what this leads to.
pub(super) fn is_made(reference: &Reference) -> bool {
    own_name(reference).is_some()
}

/// What should be there for all clusters of a declaration. `others` are the declarations that extend it, of which only their
/// workloads matter. What cannot be is reported.
pub fn desired(
    configs: &[Config],
    others: &[Config],
    answers: &Answers,
    certificates: &Certificates,
    report: &mut Report,
) -> Desired {
    let mut builder = Builder { desired: Desired::default(), role: None, answers, certificates, report };
    for config in configs {
        builder.homes(config);
    }
    for config in configs {
        let owner = Owner {
            installation: config.installation.prefix.clone(),
            declaration: config.installation.declaration.clone(),
        };
        let cluster = config.cluster.as_deref();
        for scope in &config.installation.scopes {
            builder.scope(scope, &owner, cluster);
        }
        for (role, _) in &*config.roles {
            builder.role = Some(role.name.clone());
            builder.role(role, &owner, cluster);
        }
        builder.role = None;
    }
    builder.leave_rotations();
    let own = configs.iter().flat_map(|config| config.bindings.iter().map(move |it| (config, it)));
    let of_others = others.iter().flat_map(|config| config.bindings.iter().map(move |it| (config, it)));
    for (config, binding) in own.chain(of_others.filter(|(_, binding)| !binding.is_inherited())) {
        builder.trust(binding, config.cluster.as_deref());
    }
    builder.desired
}

struct Builder<'b> {
    desired: Desired,
    /// The role of the declaration that it is at.
    role: Option<String>,
    answers: &'b Answers,
    certificates: &'b Certificates,
    report: &'b mut Report,
}

impl Builder<'_> {
    /// Roles have no region, so one region of an account stands for it.
    fn homes(&mut self, config: &Config) {
        for reference in config.roles.iter().map(|(role, _)| &role.role) {
            let site = site(reference);
            let account = (site.profile.clone(), site.assume_role.clone());
            let home = self.desired.homes.entry(account).or_insert_with(|| Arc::clone(&site));
            *home = Arc::clone(home).min(site);
        }
    }

    fn scope(&mut self, scope: &DeclaredScope, owner: &Owner, cluster: Option<&str>) {
        let source = self.source(scope);
        let reference = &scope.trust_anchor;
        let wanted = Wanted::TrustAnchor(source);
        let link = self.made((reference, ArnKind::TrustAnchor), Kind::TrustAnchor, &scope.name, wanted, owner, cluster);
        if let (Some(Link::Of(key)), Some(none)) = (&link, self.unread(scope)) {
            self.desired.unread.insert(key.clone(), none);
        }
        if let Some(Link::Of(key)) = link
            && scope.issuer.other.is_some()
            && !self.certificates.contains_key(&scope.name)
        {
            self.desired.rotating.insert(key);
        }
        for kept in scope.issuer.clone().references_mut() {
            if let Some(key) = parameter(kept) {
                self.add(key, Wanted::Kept, owner, cluster, &kept.place);
            }
        }
    }

    /// During a rotation, its steps decide what the trust anchor has, also for clusters that have not begun with it.
    fn leave_rotations(&mut self) {
        for key in &self.desired.rotating {
            if let Some(anchor) = self.desired.resources.get_mut(key) {
                anchor.wanted = Wanted::TrustAnchor(None);
            }
        }
    }

    /// Why the CA of a scope could not be looked up.
    fn unread(&self, scope: &DeclaredScope) -> Option<NoAnswer> {
        let mut queries = scope.issuer.queries().filter(|query| !query.is_secret());
        queries.find_map(|query| self.answers.get(&query)?.as_ref().err().cloned())
    }

    /// What the trust anchor of a scope trusts, if that is known.
    fn source(&self, scope: &DeclaredScope) -> Option<Source> {
        if let Some(pem) = self.certificates.get(&scope.name) {
            return Some(Source::Certificates(pem.clone()));
        }
        if let Some(reference) = scope.issuer.reference(Value::Arn(ArnKind::PrivateCa)) {
            let arn = resolve::known_arn(ArnKind::PrivateCa, reference, self.answers)?;
            return Some(Source::PrivateCa(arn.to_string()));
        }
        let query = scope.issuer.reference(Value::Certificate)?.query(Value::Certificate)?;
        let pem = self.answers.get(&query)?.as_ref().ok()?.value.reveal().to_owned();
        // What it has signed leads to the first one, which can be a trust anchor by itself.
        let first = Certificate::first(&pem)?;
        Some(Source::Certificates(first.pem()))
    }

    fn role(&mut self, role: &Role, owner: &Owner, cluster: Option<&str>) {
        let wanted = Wanted::Role {
            trusted: BTreeSet::new(),
            policies: role.policies.iter().cloned().collect(),
            inline: role.inline_policies.clone(),
            longest: role.session.seconds().max(SHORTEST_OF_ROLE),
        };
        let link = self.made((&role.role, ArnKind::Role), Kind::Role, &role.name, wanted, owner, cluster);
        let Some(link) = link else { return };
        let wanted = Wanted::Profile {
            role: link,
            session: role.session.seconds(),
            accepts_session_name: role.accepts_session_name,
        };
        self.made((&role.profile, ArnKind::Profile), Kind::Profile, &role.name, wanted, owner, cluster);
    }

    /// What a reference leads to: a resource to make, with its parameter, or one that exists.
    fn made(
        &mut self,
        (reference, arn): (&Reference, ArnKind),
        kind: Kind,
        called: &str,
        wanted: Wanted,
        owner: &Owner,
        cluster: Option<&str>,
    ) -> Option<Link> {
        let at = site(reference);
        let home = match kind {
            Kind::Role => self.desired.homes.get(&(at.profile.clone(), at.assume_role.clone())).cloned(),
            _ => None,
        };
        let key = |name: String| Key { kind, site: home.unwrap_or_else(|| Arc::clone(&at)), name };
        let link = match own_name(reference) {
            Some(FoundBy::Parameter(name)) => {
                let key = key(owner.name(called));
                self.check_name(&key, &reference.place);
                self.add(key.clone(), wanted, owner, cluster, &reference.place);
                let parameter = Key { kind: Kind::Parameter, site: Arc::clone(&at), name: name.to_owned() };
                self.add(parameter, Wanted::Parameter(Link::Of(key.clone())), owner, cluster, &reference.place);
                Link::Of(key)
            }
            Some(FoundBy::Name(name)) => {
                let key = key(name.to_owned());
                self.add(key.clone(), wanted, owner, cluster, &reference.place);
                Link::Of(key)
            }
            None => {
                let Some(known) = resolve::known_arn(arn, reference, self.answers) else {
                    self.unknown(reference, arn);
                    return None;
                };
                Link::Known(known)
            }
        };
        let (target, origin) = reference.source();
        self.desired.links.insert((kind, target, origin), link.clone());
        Some(link)
    }

    fn unknown(&mut self, reference: &Reference, kind: ArnKind) {
        let answer = reference.query(Value::Arn(kind)).and_then(|query| self.answers.get(&query).cloned());
        let place = Place::Config(reference.place.clone());
        self.report.push(match answer {
            Some(Err(none)) => Diagnostic::error(none.code, none.why).at(place).help(none.help),
            None => Diagnostic::error(Code::UnresolvedReference, format!("{} was not looked up", quote(reference)))
                .at(place)
                .help("look it up"),
            Some(Ok(_)) => {
                Diagnostic::error(Code::InvalidValue, format!("{} is not a {}", quote(reference), kind.words()))
                    .at(place)
                    .help(format!("it should look like {}", kind.example()))
            }
        });
    }

    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
    /// <https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_CreateProfile.html>
    fn check_name(&mut self, key: &Key, place: &FieldPath) {
        let most = if key.kind == Kind::Role { 64 } else { 255 };
        let of_iam = |c: char| key.kind == Kind::Role && "+=,.@".contains(c);
        let wrong = key.name.chars().find(|c| !c.is_ascii_alphanumeric() && !"-_".contains(*c) && !of_iam(*c));
        let why = match wrong {
            Some(c) => format!("it has {}", quote(&c)),
            None if key.name.len() > most => format!("it has {} characters, and AWS takes {most}", key.name.len()),
            None => return,
        };
        let message = format!("a {} cannot be called {}: {why}", key.kind.words(), quote(&key.name));
        self.report.push(Diagnostic::error(Code::InvalidValue, message).at(Place::Config(place.clone())).help(
            "the name is made of `parameterPrefix` and the name in the declaration; use letters, digits, `-` and `_`",
        ));
    }

    /// Adds a resource. Clusters that share one must agree on it.
    fn add(&mut self, key: Key, wanted: Wanted, owner: &Owner, cluster: Option<&str>, place: &FieldPath) {
        self.desired.owners.entry(Arc::clone(&key.site)).or_default().insert(owner.clone());
        if let Some(role) = &self.role {
            self.desired.roles.entry(role.clone()).or_default().insert(key.clone());
        }
        let new = Resource { wanted, owner: owner.clone(), clusters: BTreeSet::new(), place: place.clone() };
        let words = key.to_string();
        let there = self.desired.resources.entry(key).or_insert_with(|| new.clone());
        if !there.agrees(&new) {
            let of = |clusters: &mut dyn Iterator<Item = &str>| clusters.collect::<Vec<_>>().join(", ");
            let message = format!(
                "clusters {} and {} have different settings for the {words}, and share it",
                of(&mut there.clusters.iter().map(String::as_str)),
                cluster.unwrap_or_default()
            );
            let help = "give each its own: `parameterPrefix: \"/iam-ra/{{ cluster }}\"`";
            let wrong = Diagnostic::error(Code::ConflictingFields, message).at(Place::Config(place.clone()));
            self.report.push(wrong.help(help));
        }
        // What a command line says of one is what all have.
        if let (Wanted::TrustAnchor(known @ None), Wanted::TrustAnchor(Some(source))) = (&mut there.wanted, new.wanted)
        {
            *known = Some(source);
        }
        there.clusters.extend(cluster.map(str::to_owned));
    }

    /// Lets a role trust a workload. A name that no policy can require is reported.
    fn trust(&mut self, binding: &Binding, cluster: Option<&str>) {
        let of = |kind, reference: &Reference| {
            let (target, origin) = reference.source();
            self.desired.links.get(&(kind, target, origin)).cloned()
        };
        let Some(Link::Of(role)) = of(Kind::Role, &binding.role.role) else { return };
        let Some(trust_anchor) = of(Kind::TrustAnchor, &binding.role.trust_anchor) else { return };
        let names = binding.certificate.names();
        let subject = Subject { trust_anchor: "", account: "", names: &names };
        if let Err(name) = trust::pinned(&[subject]) {
            let role = format!("the {role}");
            self.report.push(trust::unpinnable(&role, &name).at(Place::Config(binding.place.clone())));
            return;
        }
        let of_cluster = cluster.map_or_else(String::new, |it| format!(" in cluster {}", quote(it)));
        let workload = format!("{}{of_cluster}", quote(&binding.workload));
        if let Some(Resource { wanted: Wanted::Role { trusted, .. }, .. }) = self.desired.resources.get_mut(&role) {
            trusted.insert(Trusted { trust_anchor, names, workload });
        }
    }
}

/// The parameter of a reference, if iamra may write it.
pub(super) fn parameter(reference: &Reference) -> Option<Key> {
    let Some(FoundBy::Parameter(name)) = own_name(reference) else { return None };
    Some(Key { kind: Kind::Parameter, site: site(reference), name: name.to_owned() })
}

/// Where a reference is looked up, whoever asks.
pub(super) fn site(reference: &Reference) -> Site {
    Arc::new(Origin { cluster: None, scope: None, ..Origin::clone(&reference.origin) })
}
