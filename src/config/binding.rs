//! Converts declared workloads into [`Binding`]s.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::declared::Declared;
use super::layer::{Layer, Layers};
use super::opt_in::Listed;
use super::placed::{Placed, invalid};
use super::reader::{CLUSTER, NAMESPACE, Reader};
use super::v1alpha1 as wire;
use super::written::Written;
use super::{Binding, Containers, NotAllowed, OptIn, Role, Sidecar, Target, Which};
use crate::diag::{Code, Diagnostic, Place};
use crate::issuer::DEFAULT_SCOPE;
use crate::name::{DnsLabel, ObjectName};
use crate::quote::{quote, typed};
use crate::yaml::FieldPath;

/// Listed workloads, by cluster.
pub(super) type Bindings = BTreeMap<Option<String>, Vec<Binding>>;

impl Reader<'_> {
    /// The listed workloads of these clusters; `None` stands for a declaration without clusters.
    pub(super) fn bindings(&mut self, declared: &Declared<'_>, clusters: &[Option<&str>]) -> Bindings {
        let mut bound = Bindings::default();
        let spec = self.spec;
        for (name, workload) in &spec.workloads {
            let at = self.at.key("workloads").key(name.as_str());
            let is_unknown = |cluster: Option<&str>| cluster.is_some_and(|it| !spec.clusters.contains_key(it));
            let of_workload = self.clusters_of(name, workload, &at);
            for cluster in of_workload.into_iter().filter(|it| clusters.contains(it) || is_unknown(*it)) {
                let written = Written::listed(name, workload, at.clone());
                let Some(binding) = self.binding(&written, cluster, declared) else { continue };
                bound.entry(cluster.map(str::to_owned)).or_default().push(binding);
            }
        }
        bound
    }

    /// The annotated workloads of a cluster, beside the listed ones.
    pub(super) fn unlisted(
        &mut self,
        listed: &[Binding],
        opted_in: &[OptIn],
        cluster: Option<&str>,
        declared: &Declared<'_>,
    ) -> Vec<Binding> {
        let listed = Listed::of(listed);
        opted_in.iter().filter_map(|it| self.opted_in(it, &listed, cluster, declared)).collect()
    }

    /// The clusters a workload runs in; a single `None` when no cluster is declared.
    fn clusters_of<'w>(&mut self, name: &str, workload: &'w wire::Workload, at: &FieldPath) -> Vec<Option<&'w str>>
    where
        Self: 'w,
    {
        let declared = &self.spec.clusters;
        for (index, cluster) in workload.clusters.iter().enumerate().filter(|(_, c)| !declared.contains_key(*c)) {
            let help = self.known_clusters().help(cluster);
            self.report.push(
                Diagnostic::error(
                    Code::UnknownCluster,
                    format!("workload {} runs in cluster {}, which is not declared", quote(&name), quote(&cluster)),
                )
                .at(Place::Config(at.key("clusters").index(index)))
                .help(help),
            );
        }
        if !workload.clusters.is_empty() {
            return workload.clusters.iter().map(|cluster| Some(cluster.as_str())).collect();
        }
        if declared.len() > 1 {
            let help = match self.known_clusters().all() {
                Some(known) => {
                    format!("add {}, or only some of them", typed(&format_args!("clusters: [{}]", known.join(", "))))
                }
                None => "add `clusters:` with the names of some of these clusters".to_owned(),
            };
            self.report.push(
                Diagnostic::error(
                    Code::AmbiguousCluster,
                    format!("workload {} does not say which cluster it runs in", quote(&name)),
                )
                .at(Place::Config(at.clone()))
                .help(help),
            );
            return Vec::new();
        }
        vec![declared.keys().next().map(String::as_str)]
    }

    pub(super) fn binding(
        &mut self,
        written: &Written<'_>,
        cluster: Option<&str>,
        declared: &Declared<'_>,
    ) -> Option<Binding> {
        let &Written { name, workload, ref at, .. } = written;
        if let Err(why) = ObjectName::parse(name) {
            invalid(self.report, at, why);
            return None;
        }
        let given = self.namespace(workload.namespace.as_deref(), at);
        let namespace = given.or_else(|| declared.namespace(cluster));
        self.check_delegated(name, workload, namespace.as_ref(), at);
        let (scope, role) = self.role_of(written, namespace.as_ref(), declared)?;
        let layer = Layer::read(&workload.certificate, &workload.sidecar, &workload.environment, at, self.report);
        let scope_entry = declared.scopes.get(scope)?;
        let nothing = Layer::default();
        let cluster_layer = cluster.and_then(|name| declared.clusters.get(name)).map_or(&nothing, |(_, layer)| layer);
        let tenant = declared.tenants.of(namespace.as_ref().map(DnsLabel::as_str));
        let tenant_layer = tenant.map_or(&nothing, |tenant| &tenant.layer);
        let layers = [&declared.defaults, cluster_layer, tenant_layer, &scope_entry.layer, &layer];
        let layers = Layers(&layers);
        let mut variables = BTreeMap::from([("workload", name), ("role", role.name.as_str()), ("scope", scope)]);
        variables.extend(cluster.map(|cluster| ("cluster", cluster)));
        variables.extend(namespace.iter().map(|namespace| ("namespace", namespace.as_str())));
        let names = self.names(&layers, &variables, at)?;
        let session_name = self.session_name(layers.of_sidecar().role_session_name(), &variables, role);
        let sidecar = layers.of_sidecar().merged(session_name, self.report);
        let target = self.target(name, &workload.target, &at.key("target"));
        let binding = Binding {
            workload: name.to_owned(),
            namespace,
            target,
            containers: self.containers(workload, at),
            session: self.own_session(workload, role, at),
            role: Arc::clone(role),
            scope: scope.to_owned(),
            tenant: tenant.map(|tenant| tenant.name.clone()),
            issuer: Arc::clone(&scope_entry.issuer),
            mint_policy: scope_entry.mint_policy,
            certificate: layers.certificate(names, at, self.report),
            sidecar: self.shared(sidecar),
            environment: layers.environment(),
            sample: workload.sample,
            is_listed: true,
            place: at.clone(),
        };
        binding.check_names(self.report);
        self.check_renewals(&binding);
        Some(binding)
    }

    /// These settings, which the workload before has too, as a rule.
    fn shared(&mut self, sidecar: Sidecar) -> Arc<Sidecar> {
        let shared = self.last_sidecar.take().filter(|before| **before == sidecar).unwrap_or_else(|| Arc::new(sidecar));
        Arc::clone(self.last_sidecar.insert(shared))
    }

    fn target(&mut self, workload: &str, target: &wire::Target, at: &FieldPath) -> Target {
        let which = self.which(workload, target, at);
        let one = target.pod_template_path.clone().map(|path| vec![path]);
        let fields = [("podTemplatePath", one), ("podTemplatePaths", target.pod_template_paths.clone())];
        let written = self.one_of(fields, "", at).ok().flatten().unwrap_or_default();
        let field = if target.pod_template_paths.is_some() { "podTemplatePaths" } else { "podTemplatePath" };
        let at = at.key(field);
        let mut pod_templates = Vec::new();
        for path in &written {
            match FieldPath::parse(path) {
                Some(path) => pod_templates.push(path),
                None => invalid(
                    self.report,
                    &at,
                    format!(
                        "{} is not a path such as `spec.template` or `spec.pools[name=blue].template`",
                        quote(path)
                    ),
                ),
            }
        }
        if !written.is_empty() && target.kind.is_none() {
            let message = format!("{} applies to one kind of object, and `kind` is missing", quote(&field));
            self.report.push(
                Diagnostic::error(Code::MissingField, message).at(Place::Config(at)).help("set `kind:` next to it"),
            );
        }
        Target { kind: target.kind.clone(), which, pod_templates }
    }

    fn which(&mut self, workload: &str, target: &wire::Target, at: &FieldPath) -> Which {
        let labels = target.selector.as_ref().map(|selector| &selector.match_labels);
        let fields = [("name", target.name.clone().map(Which::Name)), ("selector", labels.cloned().map(Which::Labels))];
        let which = self.one_of(fields, "", at).ok().flatten();
        if labels.is_some_and(BTreeMap::is_empty) {
            let at = at.key("selector").key("matchLabels");
            invalid(self.report, &at, "an empty selector would match every workload: set at least one label");
        }
        which.unwrap_or_else(|| Which::Name(workload.to_owned()))
    }

    /// The role of a workload, and the scope that it is in. What its namespace refuses is reported, if that is known.
    fn role_of<'d>(
        &mut self,
        written: &Written<'_>,
        namespace: Option<&DnsLabel>,
        declared: &'d Declared<'_>,
    ) -> Option<(&'d str, &'d Arc<Role>)> {
        let wanted = written.role();
        let Some(of_spec) = self.spec.roles.get(wanted) else {
            self.say_unknown_role(written, wanted);
            return None;
        };
        let (tenants, namespace) = (&declared.tenants, namespace.map(DnsLabel::as_str));
        let of_tenant = tenants.of(namespace).and_then(|tenant| tenant.scope.as_deref());
        let scope = of_spec.scope.as_deref().or(of_tenant).unwrap_or(DEFAULT_SCOPE);
        let in_scopes = declared.roles.get(wanted)?;
        let found = in_scopes.get_key_value(scope);
        // Where it turns out to be is checked with the objects.
        let refusal = namespace.and_then(|_| tenants.refusal(wanted, namespace));
        let refusal = refusal.or_else(|| tenants.other_scope(wanted, scope, namespace));
        let refusal = refusal.or_else(|| (namespace.is_none() && found.is_none()).then(NotAllowed::unknown));
        match refusal {
            Some(refusal) => {
                let refused = refusal.of(&written.words(), written.role_at.clone());
                self.report.push(match self.extension {
                    Some(extension) => extension.refused(refused, namespace),
                    None => refused,
                });
            }
            None => return found.map(|(scope, role)| (scope.as_str(), role)),
        }
        None
    }

    fn say_unknown_role(&mut self, written: &Written<'_>, wanted: &str) {
        let name = written.name;
        let message = match &written.workload.role {
            Some(_) => format!("workload {} names role {}, which is not declared", quote(&name), quote(&wanted)),
            None => format!("workload {} has no `role`, and no role of the same name is declared", quote(&name)),
        };
        let help = self.known_roles().help(wanted);
        self.report.push(Diagnostic::error(Code::UnknownRole, message).at(written.role_at.clone()).help(help));
    }

    /// CreateSession accepts 2 to 64 of these characters, and only if the profile accepts session names.
    /// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html>
    fn session_name(&mut self, given: Placed<String>, variables: &BTreeMap<&str, &str>, role: &Role) -> Option<String> {
        let (template, at) = given?;
        let name = self.filled(&template, variables, &[NAMESPACE, CLUSTER], &at)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if !(2..=64).contains(&name.len()) || !name.chars().all(allowed) {
            let message = format!(
                "{} cannot be a session name: use 2 to 64 letters, digits or `_+=,.@-`; it has {} characters",
                quote(&name),
                name.chars().count()
            );
            invalid(self.report, &at, message);
            return None;
        }
        if !role.accepts_session_name {
            let message = format!(
                "AWS rejects a session name unless the profile accepts it, and role {} does not declare that its \
                 profile does",
                quote(&role.name)
            );
            self.report.push(
                Diagnostic::warning(Code::SessionNameNotAccepted, message)
                    .at(Place::Config(at))
                    .help("set `acceptRoleSessionName` on the profile in AWS and on the role in the declaration"),
            );
        }
        Some(name)
    }

    fn containers(&mut self, workload: &wire::Workload, at: &FieldPath) -> Containers {
        let fields = [
            ("containers", workload.containers.clone().map(Containers::Only)),
            ("except", workload.except.clone().map(Containers::Except)),
        ];
        self.one_of(fields, "", at).ok().flatten().unwrap_or(Containers::All)
    }
}
