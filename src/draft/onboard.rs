//! Adds a workload to the declaration, or changes it.

use serde_json::{Map, Value, json};

use super::edit::{Change, Refused, cannot_edit, check_own, is_now, known, parsed, put};
use super::section::{CLUSTERS, ROLES, Section, WORKLOADS};
use crate::config::{Binding, Config, Whole};
use crate::diag::{Code, Diagnostic, Place};
use crate::issuer::DEFAULT_SCOPE;
use crate::name::DnsLabel;
use crate::quote::{quote, typed};
use crate::yaml::edit::{Refusal, apply};
use crate::yaml::{Document, FieldPath, NodeRef, emit};

/// The request. Values that are `None` are not changed, or use the declaration's defaults.
pub struct Request<'a> {
    /// The workload's name.
    pub workload: &'a str,
    /// The role that it gets; the one of its own name when `None`.
    pub role: Option<&'a str>,
    /// The namespace that it runs in.
    pub namespace: Option<&'a str>,
    /// How long its certificate lives.
    pub hours: Option<u32>,
    /// The cluster that it runs in.
    pub cluster: Option<&'a str>,
}

/// The declaration with the workload, and its cluster, if the declaration has any.
///
/// # Errors
/// Why it cannot be done.
pub fn change(
    asked: &Request<'_>,
    text: &str,
    declaration: Whole<'_>,
    configs: &[Config],
) -> Result<(Change, Option<String>), Refused> {
    let doc = parsed(text)?;
    let checked = Checked::of(asked, &doc, declaration, configs)?;
    Ok((checked.change(&doc)?, checked.cluster))
}

/// The comment above a role that is added here, by which `offboard` recognizes it.
pub(super) const DECLARED: &str = "Declared by `iamra k8s onboard`; goes with the last workload that has it.";

/// The request with all names checked.
struct Checked<'a> {
    asked: &'a Request<'a>,
    role: String,
    /// Whether the role is added here: the first role of a declaration is.
    declares_role: bool,
    /// The cluster to print for; `None` when the declaration has none.
    cluster: Option<String>,
    /// The namespace of a new workload.
    namespace: Option<String>,
    /// How the workload is now.
    binding: Option<Binding>,
    /// Whether it runs in `cluster` now.
    is_here: bool,
    /// Whether other clusters have it for themselves alone: this one gets its own, too.
    is_elsewhere: bool,
}

impl<'a> Checked<'a> {
    fn of(
        asked: &'a Request<'a>,
        doc: &Document<'_>,
        declaration: Whole<'_>,
        configs: &[Config],
    ) -> Result<Self, Refused> {
        let name = asked.workload;
        let root = declaration.root();
        let here: Vec<_> = configs.iter().filter(|config| binding(config, name).is_some()).collect();
        let cluster = cluster(asked.cluster, declaration, &here)?;
        if let Some(cluster) = &cluster {
            check_removal(name, cluster, doc)?;
        }
        let config = configs.iter().find(|config| config.cluster == cluster);
        let in_cluster = config.and_then(|config| binding(config, name));
        let is_here = in_cluster.is_some();
        let current = in_cluster.or_else(|| here.first().and_then(|config| binding(config, name))).cloned();
        check_not_inherited(name, declaration, configs)?;
        let role = match (asked.role, &current) {
            (Some(role), _) => role.to_owned(),
            (None, Some(binding)) => binding.role.name.clone(),
            (None, None) => name.to_owned(),
        };
        let mut declared = ROLES.names_at(root);
        declared.extend(cluster.iter().flat_map(|cluster| ROLES.of(cluster).names_at(root)));
        if declared.is_empty() {
            check_own(declaration, "roles")?;
        }
        if !declared.is_empty() && !declared.contains(&role.as_str()) {
            let message = match asked.role {
                Some(_) => format!("role {} is not declared", quote(&role)),
                None => format!("no role is given, and no role is named {} like the workload", quote(&role)),
            };
            let help = format!("{}or declare {} under `spec.roles`", known(&role, declared), quote(&role));
            return Err(Diagnostic::error(Code::UnknownRole, message)
                .at(Place::Config(declaration.in_root(ROLES.path())))
                .help(help)
                .into());
        }
        let scope = scope_of(&role, cluster.as_deref(), root);
        let of_cluster = config.is_some_and(|config| config.namespace.is_some());
        // As in iam-ra, the namespace defaults to the name of the role's scope.
        let of_scope = (!of_cluster && scope != DEFAULT_SCOPE).then(|| scope.to_owned());
        let namespace = asked.namespace.map(str::to_owned).or(of_scope);
        let has_one = namespace.is_some() || of_cluster || current.as_ref().is_some_and(|it| it.namespace.is_some());
        if let Some(refused) = configs.first().filter(|_| !has_one).and_then(|it| it.tenants.refusal(&role, None)) {
            let words = format!("workload {} would have role {}", quote(&name), quote(&role));
            let help = "choose its namespace with `--k8s-namespace NS`";
            return Err(refused.of(&words, Place::Config(WORKLOADS.path())).help(help).into());
        }
        let is_elsewhere = !here.is_empty() && !is_here && !WORKLOADS.has(doc, name);
        let declares_role = declared.is_empty();
        Ok(Self { asked, declares_role, role, cluster, namespace, binding: current, is_here, is_elsewhere })
    }

    fn change(&self, doc: &Document<'_>) -> Result<Change, Refused> {
        let mut said = Vec::new();
        let changed = match self.binding.as_ref().filter(|_| !self.is_elsewhere) {
            None => self.add(doc.text(), &mut said),
            Some(binding) => self.alter(binding, doc, &mut said),
        };
        let text = changed.map_err(|refusal| {
            let fields = emit::flow(&Value::Object(self.fields()));
            let what = if self.binding.is_some() { "write" } else { "add" };
            let role = if self.declares_role {
                format!("{} under `spec.roles`, and ", typed(&format_args!("{}: {{}}", self.role)))
            } else {
                String::new()
            };
            let workload = typed(&format_args!("{}: {fields}", self.asked.workload));
            let by_hand = format!("{what} {role}{workload} under {}", quote(&self.section().path()));
            cannot_edit(&refusal, &by_hand)
        })?;
        Ok(Change { text, said })
    }

    /// Where a new entry is written.
    fn section(&self) -> Section<'_> {
        let of_cluster = self.cluster.as_deref().filter(|_| self.is_elsewhere);
        of_cluster.map_or(WORKLOADS, |cluster| WORKLOADS.of(cluster))
    }

    /// The fields of a new entry. The role and the cluster are always explicit, for reviewers.
    fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::from_iter([("role".to_owned(), json!(self.role))]);
        let cluster = self.cluster.as_ref().filter(|_| !self.is_elsewhere);
        let cluster = cluster.map(|cluster| ("clusters".to_owned(), json!([cluster])));
        let namespace = self.namespace.as_ref().map(|namespace| ("namespace".to_owned(), json!(namespace)));
        fields.extend(cluster.into_iter().chain(namespace));
        fields.extend(self.duration().map(|duration| ("certificate".to_owned(), json!({"duration": duration}))));
        fields
    }

    fn duration(&self) -> Option<String> {
        self.asked.hours.map(|hours| format!("{hours}h"))
    }

    fn add(&self, text: &str, said: &mut Vec<String>) -> Result<String, Refusal> {
        let mut text = text.to_owned();
        if self.declares_role {
            text = ROLES.add_introduced(&text, &self.role, DECLARED)?;
            said.push(format!("role {} added, the first role", quote(&self.role)));
        }
        let cluster =
            self.cluster.as_ref().map_or_else(String::new, |cluster| format!(", cluster {}", quote(&cluster)));
        let namespace =
            self.namespace.as_ref().map_or_else(String::new, |namespace| format!(", namespace {}", quote(&namespace)));
        let life = self.duration().map_or_else(String::new, |duration| format!(", certificate of {duration}"));
        said.push(format!(
            "workload {} added: role {}{cluster}{namespace}{life}",
            quote(&self.asked.workload),
            quote(&self.role)
        ));
        self.section().add(&text, self.asked.workload, self.fields())
    }

    /// Where a field is changed: in the cluster if the cluster sets it, or has the workload for itself.
    fn field(&self, doc: &Document<'_>, field: &str) -> FieldPath {
        let name = self.asked.workload;
        let shared = WORKLOADS.entry(name).key(field);
        let own = self.cluster.as_ref().map(|cluster| WORKLOADS.of(cluster).entry(name).key(field));
        own.filter(|own| doc.at(own).is_some() || !WORKLOADS.has(doc, name)).unwrap_or(shared)
    }

    fn alter(&self, binding: &Binding, doc: &Document<'_>, said: &mut Vec<String>) -> Result<String, Refusal> {
        let at = |field: &str| self.field(doc, field);
        let mut edits = Vec::new();
        let mut set = |at: &FieldPath, field: &str, before: Option<&str>, after: &str| {
            said.push(format!("workload {} changed: {}", quote(&self.asked.workload), is_now(field, before, after)));
            edits.push(put(doc, at, after.into()));
        };
        if binding.role.name != self.role {
            set(&at("role"), "role", Some(&binding.role.name), &self.role);
        }
        let namespace = binding.namespace.as_ref().map(DnsLabel::as_str);
        if let Some(wanted) = self.asked.namespace.filter(|wanted| Some(*wanted) != namespace) {
            set(&at("namespace"), "namespace", namespace, wanted);
        }
        let duration = &binding.certificate.duration;
        if let Some(hours) = self.asked.hours.filter(|hours| u64::from(*hours) * 3600 != duration.seconds()) {
            set(&at("certificate").key("duration"), "duration", Some(duration.as_str()), &format!("{hours}h"));
        }
        if let Some(cluster) = self.cluster.as_ref().filter(|_| !self.is_here) {
            said.push(format!(
                "workload {} changed: it also runs in cluster {}",
                quote(&self.asked.workload),
                quote(&cluster)
            ));
            edits.push(put(doc, &at("clusters"), json!([cluster])));
        }
        apply(doc, edits)
    }
}

fn scope_of<'d>(role: &str, cluster: Option<&str>, root: NodeRef<'d>) -> &'d str {
    let scope = |section: Section<'_>| root.at(&section.entry(role).key("scope"))?.text();
    cluster.and_then(|cluster| scope(ROLES.of(cluster))).or_else(|| scope(ROLES)).unwrap_or(DEFAULT_SCOPE)
}

/// What a cluster removes, it has removed on purpose.
fn check_removal(name: &str, cluster: &str, doc: &Document<'_>) -> Result<(), Refused> {
    let at = WORKLOADS.of(cluster).entry(name);
    if doc.at(&at).is_none() || WORKLOADS.of(cluster).has(doc, name) {
        return Ok(());
    }
    let message = format!("cluster {} removes workload {}", quote(&cluster), quote(&name));
    Err(Diagnostic::error(Code::ConflictingFields, message)
        .at(Place::Config(at))
        .help("remove this line, and run the command again")
        .into())
}

/// The binding of a workload in a cluster.
pub fn binding<'c>(config: &'c Config, workload: &str) -> Option<&'c Binding> {
    config.bindings.iter().find(|binding| binding.workload == workload)
}

/// Refuses to edit a workload that a base declares.
///
/// # Errors
/// It does.
pub fn check_not_inherited(name: &str, declaration: Whole<'_>, configs: &[Config]) -> Result<(), Refused> {
    let found = configs.iter().find_map(|config| binding(config, name));
    let Some(binding) = found.filter(|binding| binding.is_inherited()) else { return Ok(()) };
    let base = declaration.in_words(&binding.place);
    let file = base.rsplit_once(':').map_or(base.as_str(), |(file, _)| file);
    let message = format!("workload {} is declared in {}", quote(&binding.workload), quote(&base));
    Err(Diagnostic::error(Code::NotDelegated, message)
        .at(Place::Config(binding.place.clone()))
        .help(format!("run the command with {}", typed(&format_args!("--declaration {file}"))))
        .into())
}

/// The cluster: the requested one, the one in `spec.cluster`, the only one, or the only one of the workload.
fn cluster(asked: Option<&str>, declaration: Whole<'_>, here: &[&Config]) -> Result<Option<String>, Refused> {
    let declared = CLUSTERS.names_at(declaration.root());
    let named = declaration.root().at(&FieldPath::keys("spec.cluster")).and_then(NodeRef::text);
    match (asked, named, declared.as_slice(), here) {
        (Some(asked), ..) if !declared.contains(&asked) => {
            let help = format!(
                "{}run {} to declare it",
                known(asked, declared),
                typed(&format_args!("iamra k8s setup {asked}"))
            );
            Err(Diagnostic::error(Code::UnknownCluster, format!("cluster {} is not declared", quote(&asked)))
                .help(help)
                .into())
        }
        (Some(name), ..) | (None, Some(name), ..) | (None, None, &[name], _) => Ok(Some(name.to_owned())),
        (None, None, [], _) => Ok(None),
        (None, None, _, [config]) => Ok(config.cluster.clone()),
        (None, None, several, _) => {
            let message = format!("several clusters are declared: {}", several.join(", "));
            let help = "choose one with `--cluster NAME`";
            let place = Place::Config(declaration.in_root(CLUSTERS.path()));
            Err(Diagnostic::error(Code::AmbiguousCluster, message).at(place).help(help).into())
        }
    }
}
