//! Namespaces as tenants: what the workloads of each may have.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Binding;
use super::layer::Layer;
use super::overlay::View;
use super::placed::invalid;
use super::reader::Reader;
use super::scope::Scope;
use super::v1alpha1 as wire;
use crate::diag::{Code, Diagnostic, Known, Place, Report};
use crate::issuer::DEFAULT_SCOPE;
use crate::name::DnsLabel;
use crate::quote::{quote, quote_all, typed};
use crate::yaml::FieldPath;

/// The name of the entry for all namespaces that are not listed, and the word for all roles in a list of them.
pub const ALL: &str = "*";

/// What helps a workload whose namespace is not known.
const SET: &str = "set `namespace:` for the workload or its cluster";

/// The entries of `namespaces`, checked. Without one, every workload may have every role.
#[derive(Debug, Default)]
pub struct Tenants(BTreeMap<String, Tenant>);

/// An entry of `namespaces`.
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) name: String,
    pub(super) scope: Option<String>,
    roles: BTreeSet<String>,
    paths: BTreeSet<String>,
    pub(super) layer: Layer,
}

impl Tenant {
    fn may_have(&self, role: &str) -> bool {
        self.roles.contains(ALL) || self.roles.contains(role)
    }

    /// Whether its workloads are set up otherwise than those without an entry.
    fn has_settings(&self) -> bool {
        self.scope.is_some() || self.layer != Layer::default()
    }

    /// A field of its own, in words.
    fn field(&self, name: &str) -> String {
        quote(&FieldPath::keys("spec.namespaces").key(self.name.as_str()).key(name)).to_string()
    }

    /// Its roles in words, if they are few.
    fn some_of_its_roles(&self) -> String {
        let known = Known::of(self.roles.iter().map(String::as_str));
        known.all().filter(|all| !all.is_empty()).map_or_else(|| "another one".to_owned(), quote_all)
    }
}

/// Why a workload may not have its role in a namespace.
#[derive(Debug)]
pub struct NotAllowed {
    why: String,
    help: String,
}

impl NotAllowed {
    /// For a workload whose scope depends on a namespace that is not known.
    pub(super) fn unknown() -> Self {
        Self { why: "but its namespace is not known, and with it its scope".to_owned(), help: SET.to_owned() }
    }

    /// The diagnostic; `words` says which workload it is, and that it has the role.
    pub fn of(self, words: &str, place: Place) -> Diagnostic {
        Diagnostic::error(Code::RoleNotAllowed, format!("{words}, {}", self.why)).at(place).help(self.help)
    }
}

impl Tenants {
    /// The entry for the workloads of a namespace. A namespace that is not known is as one that is not listed.
    pub(super) fn of(&self, namespace: Option<&str>) -> Option<&Tenant> {
        namespace.and_then(|name| self.0.get(name)).or_else(|| self.0.get(ALL))
    }

    /// The names of the entries.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The roles that workloads of a namespace may have; [`ALL`] stands for every role.
    pub fn roles(&self, namespace: &str) -> BTreeSet<String> {
        self.allowed(namespace, |tenant| &tenant.roles)
    }

    /// The folders whose declarations may declare workloads of a namespace; [`ALL`] stands for every folder.
    pub fn paths(&self, namespace: &str) -> BTreeSet<String> {
        self.allowed(namespace, |tenant| &tenant.paths)
    }

    fn allowed(&self, namespace: &str, list: impl Fn(&Tenant) -> &BTreeSet<String>) -> BTreeSet<String> {
        if self.0.is_empty() {
            return [ALL.to_owned()].into();
        }
        self.of(Some(namespace)).map(list).cloned().unwrap_or_default()
    }

    /// Why workloads of a namespace may not have a role, if they may not.
    pub fn refusal(&self, role: &str, namespace: Option<&str>) -> Option<NotAllowed> {
        let tenant = self.of(namespace);
        if self.0.is_empty() || tenant.is_some_and(|tenant| tenant.may_have(role)) {
            return None;
        }
        let listed = tenant.filter(|tenant| tenant.name != ALL);
        let of_all =
            tenant.map_or_else(String::new, |tenant| format!(", and {} does not list it", tenant.field("roles")));
        let (why, help) = match (listed, namespace) {
            (Some(tenant), _) => (
                format!("which {} does not list", tenant.field("roles")),
                format!("add it there, or use {}", tenant.some_of_its_roles()),
            ),
            (None, Some(name)) => {
                let entry = typed(&format_args!("{name}: {{roles: [{role}]}}"));
                (
                    format!("but namespace {} is not listed{of_all}", quote(&name)),
                    format!("add {entry} to `spec.namespaces`"),
                )
            }
            (None, None) => (format!("but its namespace is not known{of_all}"), SET.to_owned()),
        };
        Some(NotAllowed { why, help })
    }

    /// Why workloads of a namespace may not have a role that is in this scope, if they may not.
    pub(super) fn other_scope(&self, role: &str, scope: &str, namespace: Option<&str>) -> Option<NotAllowed> {
        let tenant = self.of(namespace)?;
        let wanted = tenant.scope.as_deref().filter(|wanted| *wanted != scope)?;
        let of_role = quote(&FieldPath::keys("spec.roles").key(role).key("scope")).to_string();
        let of_tenant = tenant.field("scope");
        Some(NotAllowed {
            why: format!("but {of_role} is {} and {of_tenant} is {}", quote(&scope), quote(&wanted)),
            help: format!("make them agree, or remove {of_role}: then the role is in the scope of the namespace"),
        })
    }

    /// Why a workload may not be in the namespace where it turns out to be, if it may not.
    pub fn refuses(&self, binding: &Binding, namespace: Option<&str>) -> Option<NotAllowed> {
        let role = &binding.role.name;
        let refusal = self.refusal(role, namespace);
        if let Some(refusal) = refusal.or_else(|| self.other_scope(role, &binding.scope, namespace)) {
            return Some(refusal);
        }
        let (is, was) = (self.of(namespace), binding.tenant.as_deref().and_then(|name| self.0.get(name)));
        let is_another = is.map(|it| &it.name) != was.map(|it| &it.name);
        let tenant = [is, was].into_iter().flatten().find(|tenant| is_another && tenant.has_settings())?;
        let entry = quote(&FieldPath::keys("spec.namespaces").key(tenant.name.as_str())).to_string();
        Some(NotAllowed {
            why: format!("but was not declared there, and {entry} has settings of its own"),
            help: format!("set {} for the workload", typed(&format_args!("namespace: {}", namespace?))),
        })
    }

    /// The scopes that each role without a scope is used in.
    pub(super) fn scopes(&self) -> Scopes<'_> {
        let mut scopes = Scopes::default();
        for tenant in self.0.values() {
            let scope = tenant.scope.as_deref().unwrap_or(DEFAULT_SCOPE);
            for role in &tenant.roles {
                scopes.0.entry(role).or_default().insert(scope);
            }
        }
        scopes
    }
}

/// The scopes that each role without a scope is used in.
#[derive(Default)]
pub(super) struct Scopes<'t>(BTreeMap<&'t str, BTreeSet<&'t str>>);

impl<'t> Scopes<'t> {
    pub(super) fn of(&self, role: &str) -> BTreeSet<&'t str> {
        let found: BTreeSet<_> = [role, ALL].iter().filter_map(|it| self.0.get(it)).flatten().copied().collect();
        if found.is_empty() { [DEFAULT_SCOPE].into() } else { found }
    }
}

/// Reports roles that a namespace lists and no cluster has.
pub(super) fn check_roles(views: &[View], report: &mut Report) {
    let namespaces = views.first().and_then(|view| view.declaration.pointer("/spec/namespaces")?.as_object());
    let Some(namespaces) = namespaces.filter(|namespaces| !namespaces.is_empty()) else { return };
    let roles = views.iter().filter_map(|view| view.declaration.pointer("/spec/roles")?.as_object());
    let roles: BTreeSet<_> = roles.flat_map(Map::keys).map(String::as_str).collect();
    let known = Known::of(roles.iter().copied());
    for (name, namespace) in namespaces {
        let listed = namespace.get("roles").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let at = FieldPath::keys("spec.namespaces").key(name.as_str()).key("roles");
        for (index, role) in listed.enumerate().filter(|(_, role)| *role != ALL && !roles.contains(role)) {
            let message = format!("namespace {} lists role {}, which is not declared", quote(name), quote(role));
            let place = Place::Config(at.index(index));
            report.push(Diagnostic::error(Code::UnknownRole, message).at(place).help(known.help(role)));
        }
    }
}

impl Reader<'_> {
    /// The entries of `namespaces`.
    pub(super) fn tenants(&mut self, scopes: &BTreeMap<String, Scope>) -> Tenants {
        let spec = self.spec;
        let read = |(name, namespace): (&String, &wire::Namespace)| {
            let at = self.at.key("namespaces").key(name.as_str());
            if name != ALL
                && let Err(why) = DnsLabel::parse(name)
            {
                invalid(self.report, &at, why);
            }
            if let Some(scope) = &namespace.scope {
                self.check_scope(scope, scopes, &format_args!("namespace {}", quote(&name)), &at);
            }
            for (index, path) in namespace.paths.iter().enumerate() {
                self.check_folder(path, &at.key("paths").index(index));
            }
            let layer = self.settings(&namespace.defaults, &at.key("defaults"));
            let (scope, roles) = (namespace.scope.clone(), namespace.roles.iter().cloned().collect());
            let paths = namespace.paths.iter().map(|path| path.trim_end_matches('/').to_owned()).collect();
            (name.clone(), Tenant { name: name.clone(), scope, roles, paths, layer })
        };
        Tenants(spec.namespaces.iter().map(read).collect())
    }

    /// A folder of the repository that the declaration is in.
    fn check_folder(&mut self, path: &str, at: &FieldPath) {
        let is_name = |name: &str| !name.is_empty() && name != "." && name != "..";
        if path.trim_end_matches('/').split('/').all(is_name) && !path.contains(['\\', '*', '\0']) {
            return;
        }
        let message =
            format!("{} is not the path of a folder in the repository, such as `apps/payments`", quote(&path));
        invalid(self.report, at, message);
    }
}
