//! Validates a declaration: resolves names, merges layers, checks every rule, and reports all problems at once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::declared::Declared;
use super::extension::Extension;
use super::inline_policies;
use super::layer::Layer;
use super::namespace::{self, Tenants};
use super::overlay::View;
use super::placed::invalid;
use super::reader::Reader;
use super::schema;
use super::scope::Scope;
use super::unique::Subjects;
use super::v1alpha1 as wire;
use super::{Config, Naming, OptIn, Role};
use crate::arn;
use crate::diag::{Code, Diagnostic, Level, Place, Report, known_names, nearest};
use crate::issuer::DEFAULT_SCOPE;
use crate::name::{DnsLabel, ObjectName};
use crate::quote::quote;
use crate::yaml::FieldPath;

/// The prefix of iam-ra's parameters for an installation without a name.
/// <https://github.com/igorlg/iam-roles-anywhere/blob/HEAD/src/iam_ra_cli/lib/state.py>
pub const PARAMETER_PREFIX: &str = "/iam-ra/default";

/// The declaration as seen from each of these clusters; `None` if it cannot be read from one of its clusters. What they
/// share is checked once.
pub(super) fn validate(
    views: Vec<View>,
    asked: &[Option<&str>],
    opted_in: &[OptIn],
    extension: Option<&Extension<'_>>,
    report: &mut Report,
) -> Option<Vec<Config>> {
    let mut subjects = Subjects::default();
    let mut chosen: Option<Vec<Option<String>>> = None;
    let mut configs: BTreeMap<usize, Config> = BTreeMap::new();
    let is_alone = views.len() == 1;
    namespace::check_roles(&views, report);
    for View { declaration, clusters, overlay } in views {
        let wire = schema::deserialized(declaration, report)?;
        let mut found = Report::default();
        let mut reader = Reader::new(&wire.spec, overlay.as_ref(), &mut found);
        reader.extension = extension;
        let chosen = chosen.get_or_insert_with(|| asked.iter().map(|asked| reader.cluster(*asked)).collect());
        let is_seen =
            |cluster: &Option<String>| is_alone || cluster.as_ref().is_none_or(|cluster| clusters.contains(cluster));
        let wanted: Vec<_> = chosen.iter().enumerate().filter(|(_, cluster)| is_seen(cluster)).collect();
        let read = reader.view(&wire, &clusters, &wanted, opted_in, &mut subjects);
        let at = |at: &FieldPath| overlay.as_ref().map_or_else(|| at.clone(), |overlay| overlay.origin(at));
        report.append(if overlay.is_some() { found.relocated(at) } else { found });
        for (index, mut config) in read? {
            if overlay.is_some() {
                config.relocate(at);
            }
            configs.insert(index, config);
        }
    }
    subjects.check_born(report);
    let configs: Vec<_> = configs.into_values().collect();
    // With errors, workloads may be missing that are declared.
    if !report.has_errors() {
        configs
            .iter()
            .filter(|config| config.bindings.is_empty())
            .for_each(|config| report.push(nothing_to_do(config.cluster.as_deref())));
    }
    Some(configs)
}

/// The warning for a declaration without workloads, or without some for a cluster.
pub(super) fn nothing_to_do(cluster: Option<&str>) -> Diagnostic {
    let whose = cluster.map_or_else(String::new, |name| format!(" for cluster {}", quote(&name)));
    Diagnostic::warning(Code::NothingToDo, format!("the declaration has no workloads{whose}"))
        .at(Place::Config(FieldPath::keys("spec.workloads")))
        .help(
            "add one under `workloads:`, `NAME: {role: ROLE}`, or annotate its pod template with \
             `iamra.dev/role: ROLE`",
        )
}

impl Reader<'_> {
    /// The declaration as these of its clusters see it, with the positions of those that are wanted.
    fn view(
        &mut self,
        wire: &wire::RolesAnywhere,
        clusters: &[String],
        wanted: &[(usize, &Option<String>)],
        opted_in: &[OptIn],
        subjects: &mut Subjects,
    ) -> Option<Vec<(usize, Config)>> {
        let spec = self.spec;
        self.read_prefix()?;
        self.check_naming();
        let checks = self.checks();
        let defaults = self.settings(&spec.defaults, &self.at.key("defaults"));
        let scopes = self.scopes();
        let settings = self.clusters();
        let tenants = Arc::new(self.tenants(&scopes));
        let roles = self.roles(&scopes, &tenants);
        let declared = Declared { metadata: &wire.metadata, defaults, scopes, clusters: settings, tenants, roles };
        let (roles, role_scopes) = (declared.all_roles(), declared.role_scopes());
        let installation = declared.installation(&self.prefix, spec);
        let seen: Vec<_> = clusters.iter().map(|cluster| Some(cluster.as_str())).collect();
        let seen = if spec.clusters.is_empty() { vec![None] } else { seen };
        let bound = self.bindings(&declared, &seen);
        for (cluster, bindings) in &bound {
            self.check_secrets(bindings);
            for binding in bindings {
                self.check_unique(binding, cluster.as_deref(), subjects);
            }
        }
        for (scope, it) in &declared.scopes {
            if role_scopes.contains(scope.as_str()) {
                self.check_guarded(scope, &it.issuer, it.mint_policy);
            }
        }
        let configs = wanted.iter().map(|(index, cluster)| {
            let mut bindings = bound.get(*cluster).cloned().unwrap_or_default();
            let unlisted = self.unlisted(&bindings, opted_in, cluster.as_deref(), &declared);
            for binding in &unlisted {
                self.check_unique(binding, cluster.as_deref(), subjects);
            }
            bindings.extend(unlisted);
            let config = Config {
                mode: spec.mode,
                name_suffix_hash: spec.name_suffix_hash.unwrap_or(false),
                argo_cd: spec.argo_cd,
                checks: checks.clone(),
                namespace: declared.namespace(cluster.as_deref()),
                issuers: declared.issuers(&bindings, &role_scopes),
                cluster: (*cluster).clone(),
                minted: self.minted(&bindings),
                naming: Naming::default(),
                bindings,
                tenants: Arc::clone(&declared.tenants),
                roles: Arc::clone(&roles),
                installation: installation.clone(),
            };
            (*index, config)
        });
        Some(configs.collect())
    }

    /// The region, and the prefix of parameters.
    fn read_prefix(&mut self) -> Option<()> {
        let spec = self.spec;
        if let Some(region) = &spec.region
            && !arn::is_region(region)
        {
            let at = self.at.key("region");
            invalid(self.report, &at, format!("{} is not a region such as `eu-central-1`", quote(&region)));
        }
        let at = self.at.key("parameterPrefix");
        let reference = format!("ssm:{}", spec.parameter_prefix.as_deref().unwrap_or(PARAMETER_PREFIX));
        let reference = self.reference(Some(&reference), "", &at, &Arc::default())?;
        reference.as_str().trim_start_matches("ssm:").clone_into(&mut self.prefix);
        Some(())
    }

    fn check_naming(&mut self) {
        let spec = self.spec;
        let [prefix, suffix] = [&spec.name_prefix, &spec.name_suffix].map(|it| it.clone().unwrap_or_default());
        for (field, name) in [("namePrefix", format!("{prefix}a")), ("nameSuffix", format!("a{suffix}"))] {
            if ObjectName::parse(&name).is_err() {
                let message = format!("no object can have a name with the {} that is set", quote(&field));
                invalid(self.report, &self.at.key(field), message);
            }
        }
    }

    pub(super) fn settings(&mut self, settings: &wire::Settings, at: &FieldPath) -> Layer {
        Layer::read(&settings.certificate, &settings.sidecar, &settings.environment, at, self.report)
    }

    /// The cluster that is rendered: the one asked for, the one the file names, the only one.
    fn cluster(&mut self, asked: Option<&str>) -> Option<String> {
        let declared = &self.spec.clusters;
        let (name, place) = match (asked, self.spec.cluster.as_deref()) {
            (Some(name), _) => (name, Place::Nowhere),
            (None, Some(name)) => (name, Place::Config(self.at.key("cluster"))),
            (None, None) if declared.len() > 1 => {
                let known = declared.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                self.report.push(
                    Diagnostic::error(Code::AmbiguousCluster, format!("several clusters are declared: {known}"))
                        .at(Place::Config(self.at.key("clusters")))
                        .help("choose one with `--cluster NAME`, IAMRA_CLUSTER or `spec.cluster`"),
                );
                return None;
            }
            (None, None) => return declared.keys().next().cloned(),
        };
        if !declared.contains_key(name) {
            self.report.push(
                Diagnostic::error(Code::UnknownCluster, format!("cluster {} is not declared", quote(&name)))
                    .at(place)
                    .help(known_names(name, declared.keys().map(String::as_str))),
            );
        }
        Some(name.to_owned())
    }

    fn checks(&mut self) -> BTreeMap<Code, Level> {
        let mut checks = BTreeMap::new();
        for (name, level) in &self.spec.checks {
            let Some(code) = Code::find(name) else {
                self.report.push(
                    Diagnostic::error(Code::UnknownField, format!("unknown code {}", quote(&name)))
                        .at(Place::Config(self.at.key("checks").key(name.as_str())))
                        .help(nearest(name, Code::all().map(Code::name)).map_or_else(
                            || "`iamra explain` lists them".to_owned(),
                            |nearest| format!("did you mean {}?", quote(&nearest)),
                        )),
                );
                continue;
            };
            let level = match level {
                wire::Level::Deny => Level::Deny,
                wire::Level::Warn => Level::Warn,
                wire::Level::Allow => Level::Allow,
            };
            checks.insert(code, level);
        }
        checks
    }

    fn clusters(&mut self) -> BTreeMap<String, (Option<DnsLabel>, Layer)> {
        let spec = self.spec;
        let read = |(name, cluster): (&String, &wire::Cluster)| {
            let at = self.at.key("clusters").key(name.as_str());
            let namespace = self.namespace(cluster.namespace.as_deref(), &at);
            let layer = Layer::read(&cluster.certificate, &cluster.sidecar, &cluster.environment, &at, self.report);
            (name.clone(), (namespace, layer))
        };
        spec.clusters.iter().map(read).collect()
    }

    /// Each role in every scope that its workloads are in.
    fn roles(
        &mut self,
        scopes: &BTreeMap<String, Scope>,
        tenants: &Tenants,
    ) -> BTreeMap<String, BTreeMap<String, Arc<Role>>> {
        let spec = self.spec;
        let of_tenants = tenants.scopes();
        let read = |(name, declared): (&String, &wire::Role)| {
            let at = self.at.key("roles").key(name.as_str());
            self.check_role(name, declared, scopes, &at);
            let used = declared.scope.as_deref().map_or_else(|| of_tenants.of(name), |own| [own].into());
            let in_scope =
                |scope: &str| Some((scope.to_owned(), Arc::new(self.role(name, declared, (scope, scopes), &at)?)));
            (name.clone(), used.into_iter().filter_map(in_scope).collect())
        };
        spec.roles.iter().map(read).filter(|(_, role): &(_, BTreeMap<_, _>)| !role.is_empty()).collect()
    }

    fn check_role(&mut self, name: &str, role: &wire::Role, scopes: &BTreeMap<String, Scope>, at: &FieldPath) {
        if role.role_arn.as_deref().is_some_and(|text| text.starts_with("rolesanywhere:")) {
            let why = "a role is not a resource of IAM Roles Anywhere: write `ssm:/name` or the role's ARN";
            invalid(self.report, &at.key("roleArn"), why);
        }
        for (index, policy) in role.policies.iter().enumerate().filter(|(_, policy)| !policy.starts_with("arn:")) {
            invalid(self.report, &at.key("policies").index(index), format!("{} is not an ARN", quote(&policy)));
        }
        inline_policies::check(role, &at.key("inlinePolicies"), self.report);
        if let Some(scope) = &role.scope {
            self.check_scope(scope, scopes, &format_args!("role {}", quote(&name)), at);
        }
    }

    /// Checks that the scope is declared that something at `at` names.
    pub(super) fn check_scope(
        &mut self,
        scope: &str,
        valid: &BTreeMap<String, Scope>,
        whose: &dyn fmt::Display,
        at: &FieldPath,
    ) {
        if scope != DEFAULT_SCOPE && !self.spec.scopes.contains_key(scope) {
            let message = format!("{whose} names scope {}, which is not declared", quote(&scope));
            let help = self.known_scopes(valid).help(scope);
            let place = Place::Config(at.key("scope"));
            self.report.push(Diagnostic::error(Code::UnknownScope, message).at(place).help(help));
        }
    }

    /// A role as workloads of a scope have it.
    fn role(
        &mut self,
        name: &str,
        role: &wire::Role,
        (scope_name, scopes): (&str, &BTreeMap<String, Scope>),
        at: &FieldPath,
    ) -> Option<Role> {
        let scope = scopes.get(scope_name);
        let default = |what: &str| format!("ssm:{}/roles/{name}/{what}", self.prefix);
        let (default_role, default_profile) = (default("role-arn"), default("profile-arn"));
        let origin = scope.map(|scope| Arc::clone(&scope.origin)).unwrap_or_default();
        let arn = self.reference(role.role_arn.as_deref(), &default_role, &at.key("roleArn"), &origin);
        let profile = self.reference(role.profile_arn.as_deref(), &default_profile, &at.key("profileArn"), &origin);
        let session = self.session(role.session_duration.as_deref().unwrap_or("1h"), &at.key("sessionDuration"));
        Some(Role {
            name: name.to_owned(),
            scope: scope_name.to_owned(),
            trust_anchor: scope?.trust_anchor.clone(),
            profile: profile?,
            role: arn?,
            session: session?,
            accepts_session_name: role.accept_role_session_name,
            policies: role.policies.clone(),
            inline_policies: inline_policies::read(role),
        })
    }
}
