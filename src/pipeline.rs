//! The stages in order. The core takes data and returns data: nothing here reads a file, a clock or the environment.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::sync::Arc;

use crate::arn::{Arn, ArnKind};
use crate::config::{self, Config, Mode, Naming, OptIn, Whole};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::diff::{Snapshot, View};
use crate::krm::{Changes, Item};
use crate::plan::{self, Absence, Plan};
use crate::quote::{quote_all, quote_object};
use crate::reference::{Query, Reference};
use crate::render::{self, Manifest};
use crate::resolve::{self, Answers, Guarded, Lookup, OperatorPolicy, Resolved};
use crate::splice::{self, Fate, Taken, order};
use crate::verify::{self, Rendered};
use crate::workload::{self, Workload};
use crate::yaml::{FieldPath, NodeRef};

/// The request, in addition to the declaration.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'r> {
    /// The cluster to render for; the declaration's when `None`.
    pub cluster: Option<&'r str>,
    /// What to do; the declaration's mode when `None`.
    pub mode: Option<Mode>,
    /// Whether kustomize calls a generator: only then does it add hashes to names.
    pub generator: bool,
    /// Whether kustomize calls a transformer, around which there may be a kustomization with a namespace.
    pub transformer: bool,
    /// Where everything without a namespace goes, if that is known; none is written when `None`.
    pub namespace: Option<&'r str>,
    /// Whether the caller deletes what it does not get back.
    pub keeps_items: bool,
    /// The objects at hand, which may be none; `None` if they are not rendered yet.
    pub items: Option<&'r [Item<'r>]>,
    /// What it means when a declared workload is not among them.
    pub absence: Absence,
    /// What kustomize has put around the names of the objects, if the declaration does not say it.
    pub naming: Option<&'r Naming>,
    /// Workloads among the objects that are annotated with a role.
    pub opted_in: &'r [OptIn],
    /// The only workload to look at; all when `None`.
    pub workload: Option<&'r str>,
    /// The declaration as this cluster sees it, if it was loaded before the objects were at hand.
    pub loaded: Option<&'r Loaded>,
}

impl Request<'_> {
    /// What to do, given what the declaration says.
    pub fn mode(&self, declared: Option<Mode>) -> Mode {
        self.mode.or(declared).unwrap_or(Mode::All)
    }
}

/// A declaration that was loaded while the objects were being made. It serves if none of them has opted in.
#[derive(Debug)]
pub struct Loaded {
    config: Option<Config>,
    report: Report,
}

impl Loaded {
    /// The declaration as a cluster sees it, before anything is looked up.
    pub fn of<'d>(declaration: impl Into<Whole<'d>>, cluster: Option<&str>) -> Self {
        let mut report = Report::default();
        let config = config::load(declaration, cluster, &[], &mut report);
        Self { config, report }
    }
}

/// Resolves the declaration to identities. `None` when there is an error, which is reported.
pub fn resolve<'d>(
    declaration: impl Into<Whole<'d>>,
    request: Request<'_>,
    lookup: &dyn Lookup,
    report: &mut Report,
) -> Option<Resolved> {
    let declaration = declaration.into();
    let naming = naming(declaration.root(), request);
    let loaded = request.loaded.filter(|_| request.opted_in.is_empty());
    let mut config: Config = match loaded {
        Some(loaded) => {
            report.append(loaded.report.clone());
            loaded.config.clone()?
        }
        None => config::load(declaration, request.cluster, &opted_in(request, &naming), report)?,
    };
    config.naming = naming;
    config.bindings.retain(|binding| request.workload.is_none_or(|only| binding.workload == only));
    if request.mode(config.mode) == Mode::Generate {
        // Without objects, nothing says that they are here: who renders the base renders theirs.
        config.bindings.retain(|binding| !binding.is_inherited());
    } else if let Some(items) = request.items {
        let bindings: Vec<_> = config.bindings.iter().collect();
        let mut kept =
            plan::keep(&bindings, &config.naming, &config.checks, items, request.absence, report).into_iter();
        config.bindings.retain(|_| kept.next().unwrap_or(true));
    }
    bind(config, request, lookup, report)
}

/// What is around the names of the objects at hand.
fn naming(node: NodeRef<'_>, request: Request<'_>) -> Naming {
    config::naming(node, request.cluster).or_else(|| request.naming.cloned()).unwrap_or_default()
}

fn opted_in(request: Request<'_>, naming: &Naming) -> Vec<OptIn> {
    request.opted_in.iter().map(|it| it.under(naming)).collect()
}

fn bind(config: Config, request: Request<'_>, lookup: &dyn Lookup, report: &mut Report) -> Option<Resolved> {
    let mode = request.mode(config.mode);
    // Patching workloads needs no CA, and above all not its key.
    let answers = lookup.answer(&resolve::queries(&config, matches!(mode, Mode::Generate | Mode::All)));
    let resolved = resolve::bind(config, &answers, report)?;
    if mode == Mode::Generate {
        plan::check_tenants(&resolved, request.namespace, report);
        plan::check_homes(&resolved, request.namespace, report);
    }
    Some(resolved)
}

/// What a lock of a declaration holds.
pub struct LockPlan {
    /// The declaration as each cluster sees it.
    configs: Vec<Config>,
    /// The queries: everything except keys.
    pub queries: BTreeSet<Query>,
    /// Whether something needs a key, which a lock never holds.
    pub has_keys: bool,
}

/// Everything that a lock must answer, so that every cluster can be rendered from it. `None` when the declaration is
/// invalid, which is reported.
pub fn lock_plan<'d>(declaration: impl Into<Whole<'d>>, report: &mut Report) -> Option<LockPlan> {
    let declaration = declaration.into();
    let mut found = Report::default();
    let configs = config::load_all(declaration, &config::clusters(declaration), &[], &mut found);
    // A cluster without workloads matters only when it is rendered, and those that have the roles may be elsewhere.
    let is_used = configs.iter().flatten().any(|config| !config.bindings.is_empty() || !config.roles.is_empty());
    report.append(if is_used { found.without(Code::NothingToDo) } else { found });
    Some(LockPlan::of(configs?))
}

/// Clusters that see the same declaration share its roles: one of each.
fn distinct(configs: &[Config]) -> impl Iterator<Item = &Config> {
    let groups = configs.chunk_by(|one, other| Arc::ptr_eq(&one.roles, &other.roles));
    groups.filter_map(<[Config]>::first)
}

impl LockPlan {
    /// The same for a declaration that has been loaded for all of its clusters, in the order of the file.
    pub fn of(configs: Vec<Config>) -> Self {
        let all = distinct(&configs).flat_map(resolve::all_queries);
        let (keys, queries): (BTreeSet<_>, _) = all.partition(Query::is_secret);
        Self { queries, has_keys: !keys.is_empty(), configs }
    }

    /// Looks up what the declaration needs: returns the answers, and reports missing and invalid ones. All commands use
    /// this.
    pub fn read(&self, lookup: &dyn Lookup, policy: &OperatorPolicy, report: &mut Report) -> Answers {
        let answers = Guarded { policy, lookup }.answer(&self.queries);
        for config in distinct(&self.configs) {
            resolve::check(config, &answers, policy, report);
        }
        resolve::check_subjects(&self.configs, &answers, report);
        answers
    }

    /// Reports the CAs among the answers that have expired, or will soon. `now` is in seconds since 1970.
    pub fn check_expiry(&self, answers: &Answers, now: i64, report: &mut Report) {
        for config in distinct(&self.configs) {
            resolve::check_expiry(config, answers, now, report);
        }
    }

    /// The profiles whose ARNs are known, and where each is declared.
    pub fn profiles(&self, answers: &Answers) -> BTreeMap<Arn, &Reference> {
        let all = distinct(&self.configs).flat_map(|config| &*config.roles);
        all.filter_map(|(role, _)| Some((resolve::known_arn(ArnKind::Profile, &role.profile, answers)?, &role.profile)))
            .collect()
    }

    /// The roles whose ARNs are known, and where each is declared.
    pub fn roles(&self, answers: &Answers) -> BTreeMap<Arn, &Reference> {
        let all = distinct(&self.configs).flat_map(|config| &*config.roles);
        all.filter_map(|(role, _)| Some((resolve::known_arn(ArnKind::Role, &role.role, answers)?, &role.role)))
            .collect()
    }
}

/// The declaration for each of its clusters, or for the requested one. `None` if the declaration is invalid; a missing
/// answer leaves its cluster without identities. Both are reported.
pub fn snapshot<'d>(
    declaration: impl Into<Whole<'d>>,
    request: Request<'_>,
    lookup: Option<&dyn Lookup>,
    report: &mut Report,
) -> Option<Snapshot> {
    let declaration = declaration.into();
    let clusters = request.cluster.map_or_else(|| config::clusters(declaration), |name| vec![Some(name)]);
    let mut snapshot = Snapshot::new();
    let opted_in = opted_in(request, &naming(declaration.root(), request));
    for (name, mut config) in clusters.iter().zip(config::load_all(declaration, &clusters, &opted_in, report)?) {
        let request = Request { cluster: *name, ..request };
        config.naming = naming(declaration.root(), request);
        let mut found = Report::default();
        let resolved = lookup.and_then(|lookup| bind(config.clone(), request, lookup, &mut found));
        report.append(found);
        snapshot.insert(name.map(str::to_owned), View { config, resolved });
    }
    Some(snapshot)
}

/// The objects that the declaration renders by itself.
pub fn generate(resolved: &Resolved, request: Request<'_>) -> Vec<Manifest> {
    generated(&plan::declared(resolved, request.namespace), resolved, request).collect()
}

fn generated(plan: &Plan<'_>, resolved: &Resolved, request: Request<'_>) -> impl Iterator<Item = Manifest> {
    render::objects(plan, resolved.argo_cd, request.generator && resolved.name_suffix_hash)
}

/// The objects that Certificates need, before there is a workload. `None` when there is an error, which is reported.
pub fn prerequisites<'d>(
    declaration: impl Into<Whole<'d>>,
    request: Request<'_>,
    lookup: &dyn Lookup,
    report: &mut Report,
) -> Option<Vec<Manifest>> {
    let mut config = config::load(declaration, request.cluster, &[], report)?;
    let answers = lookup.answer(&resolve::authority_queries(&config));
    resolve::fill_private_cas(&mut config, &answers, report);
    let authorities = resolve::authorities(&config, &answers, report);
    let plan = plan::prerequisites(&config, &authorities, request.namespace);
    (!report.has_errors()).then(|| render::objects(&plan, config.argo_cd, false).collect())
}

/// The certificates in PEM of the CAs that the declaration writes into Secrets, by scope, as far as they are known.
pub fn ca_certificates<'d>(
    declaration: impl Into<Whole<'d>>,
    request: Request<'_>,
    lookup: &dyn Lookup,
    report: &mut Report,
) -> Option<BTreeMap<String, [Option<String>; 2]>> {
    let config = config::load(declaration, request.cluster, &[], report)?;
    let queries = resolve::authority_queries(&config).into_iter().filter(|query| !query.is_secret()).collect();
    Some(resolve::ca_certificates(&config, &lookup.answer(&queries)))
}

/// The workloads of a list of objects, the plan, and their changes.
struct Patched<'r> {
    inventory: Vec<Workload>,
    plan: Plan<'r>,
    changes: Changes,
    /// What others write.
    taken: Taken,
    /// Whether a kustomization is around this, which changes names and namespaces afterwards.
    is_in_kustomize: bool,
}

impl<'r> Patched<'r> {
    fn of(resolved: &'r Resolved, items: &[Item<'_>], request: Request<'_>, report: &mut Report) -> Self {
        let bindings: Vec<_> = resolved.bindings.iter().map(|binding| &binding.declared).collect();
        splice::check_committed(items, report);
        let inventory = workload::inventory(items, &bindings, &resolved.naming, report);
        let plan = plan::plan(resolved, items, &inventory, request.namespace, report);
        splice::check_policies(&plan, items, report);
        splice::check_authorities(&plan, items, report);
        let taken = Taken::of(&plan, items);
        let changes = splice::inject(&plan, items, &inventory, &taken, report);
        Self { inventory, plan, changes, taken, is_in_kustomize: request.transformer }
    }

    /// The changes of workloads, and the objects for those that a generator cannot know.
    fn transformed(mut self, resolved: &Resolved, items: &[Item<'_>], report: &mut Report) -> Changes {
        std::mem::take(&mut self.taken).report(report);
        self.plan.check_certificates(items, &self.inventory, report);
        order::check(&self.plan, iter::empty(), items, &self.inventory, report);
        self.plan.keep_unlisted();
        self.with_objects(resolved, items, report)
    }

    /// The changes of workloads, and the objects that they need.
    fn with_objects(mut self, resolved: &Resolved, items: &[Item<'_>], report: &mut Report) -> Changes {
        if self.is_in_kustomize {
            leave_out(&mut self.plan, report);
        }
        self.taken.report(report);
        let objects = || render::objects(&self.plan, resolved.argo_cd, false);
        order::check(&self.plan, objects(), items, &self.inventory, report);
        splice::add(objects(), items, &mut self.changes, report);
        self.changes
    }
}

/// The changes of a list of objects; none when there is an error.
pub fn run(resolved: &Resolved, items: &[Item<'_>], request: Request<'_>, report: &mut Report) -> Changes {
    let mode = request.mode(resolved.mode);
    let mut changes = match mode {
        Mode::Generate => {
            let mut plan = plan::declared(resolved, request.namespace);
            if request.generator {
                leave_out(&mut plan, report);
            }
            splice::check_committed(items, report);
            Taken::of(&plan, items).report(report);
            let mut changes = Changes::default();
            splice::add(generated(&plan, resolved, request), items, &mut changes, report);
            changes
        }
        Mode::Transform => Patched::of(resolved, items, request, report).transformed(resolved, items, report),
        Mode::All => Patched::of(resolved, items, request, report).with_objects(resolved, items, report),
        Mode::Validate => {
            let patched = Patched::of(resolved, items, request, report);
            patched.taken.report(report);
            splice::check_fillers(items, report);
            order::check(&patched.plan, iter::empty(), items, &patched.inventory, report);
            refuse_changes(&patched.changes, &patched.inventory, report);
            Changes::default()
        }
    };
    let fate = if mode == Mode::Validate || request.keeps_items { Fate::Stays } else { Fate::LeftOut };
    changes.removed.extend(splice::declarations(items, fate, report));
    if report.has_errors() { Changes::default() } else { changes }
}

/// Reports where a rendered stream differs from the declaration. Changes nothing.
pub fn verify(resolved: &Resolved, rendered: &Rendered<'_, '_>, absence: Absence, report: &mut Report) {
    let adopted = verify::adopt(resolved, rendered);
    let here = without_absent(&adopted, rendered, absence, report);
    // `check_strangers` reports other writers with everything else that strangers do.
    let Patched { inventory, plan, changes, .. } = Patched::of(&here, rendered.items, Request::default(), report);
    splice::declarations(rendered.items, Fate::Stays, report);
    order::check(&plan, iter::empty(), rendered.items, &inventory, report);
    let wanted: Vec<_> = render::objects(&plan, adopted.argo_cd, false).collect();
    verify::check(&plan, &changes, &wanted, rendered, &inventory, report);
    verify::check_strangers(&adopted, &plan, rendered, &inventory, report);
    verify::check_readers(&adopted, &plan, rendered, true, report);
}

/// Reports what would be wrong with a stream before injection. Changes nothing.
pub fn rehearse(resolved: &Resolved, rendered: &Rendered<'_, '_>, absence: Absence, report: &mut Report) {
    let here = without_absent(resolved, rendered, absence, report);
    let patched = Patched::of(&here, rendered.items, Request::default(), report);
    splice::declarations(rendered.items, Fate::Stays, report);
    let mut strangers = Report::default();
    verify::check_strangers(resolved, &patched.plan, rendered, &patched.inventory, &mut strangers);
    verify::check_readers(resolved, &patched.plan, rendered, false, &mut strangers);
    let objects = render::objects(&patched.plan, resolved.argo_cd, false);
    order::check(&patched.plan, objects, rendered.items, &patched.inventory, report);
    // Other writers of a workload's objects are already reported, with help.
    let strangers = if patched.taken.is_empty() { strangers } else { strangers.without(Code::ChangedObject) };
    patched.transformed(resolved, rendered.items, report);
    report.append(strangers);
}

/// Which of the workloads of the declaration are in a stream, rendered or not.
pub fn present(view: &View, naming: &Naming, rendered: &Rendered<'_, '_>) -> Vec<bool> {
    let resolved = view.resolved.as_ref().filter(|_| rendered.has_ours());
    let adopted = resolved.map(|resolved| verify::adopt(resolved, rendered));
    let bindings: Vec<_> = match &adopted {
        Some(adopted) => adopted.bindings.iter().map(|binding| &binding.declared).collect(),
        None => view.config.bindings.iter().collect(),
    };
    plan::present(&bindings, naming, rendered.items, None, &mut Report::default())
}

/// Without the workloads that need not be in the stream. What strangers may do is judged by all of them.
fn without_absent(resolved: &Resolved, rendered: &Rendered<'_, '_>, absence: Absence, report: &mut Report) -> Resolved {
    let bindings: Vec<_> = resolved.bindings.iter().map(|binding| &binding.declared).collect();
    let mut kept =
        plan::keep(&bindings, &resolved.naming, &resolved.checks, rendered.items, absence, report).into_iter();
    let mut here = resolved.clone();
    here.bindings.retain(|_| kept.next().unwrap_or(true));
    here
}

/// Leaves issuers and policies out of a build of kustomize, and says so once for all.
fn leave_out(plan: &mut Plan<'_>, report: &mut Report) {
    let scopes = plan.without_what_stands_once();
    if scopes.is_empty() {
        return;
    }
    let message = format!(
        "what stands once in a cluster is not part of a kustomize build, which would move it: issuers and policies of {}",
        quote_all(&scopes)
    );
    report.push(
        Diagnostic::note(Code::DanglingReference, message)
            .at(Place::Config(FieldPath::keys("spec.scopes")))
            .help("apply it once for each cluster: `iamra render --cluster CLUSTER` prints it"),
    );
}

fn refuse_changes(changes: &Changes, inventory: &[Workload], report: &mut Report) {
    for workload in inventory.iter().filter(|workload| changes.replaced.contains_key(&workload.index)) {
        let target = workload.resource_ref();
        let message = format!("{} does not have its declared identity", quote_object(&target.kind, &target.name));
        report.push(
            Diagnostic::error(Code::NotInjected, message)
                .at(Place::Item(target, FieldPath::root()))
                .help("run iamra as a transformer before this validator"),
        );
    }
}
