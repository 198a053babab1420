//! `iamra check --builds`: everything that is built from a declaration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Args, Source, check, check_rendered, not_built};
use crate::cli::builds::{self, Build, Inputs};
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::findings::Checked;
use crate::cli::io::Io;
use crate::cli::manifests::parse;
use crate::cli::paths::display;
use crate::cli::progress::Progress;
use crate::cli::sources::Shared;
use crate::cli::{Exit, kustomization};
use crate::config::{Binding, Mode, Naming, OptIn, Which};
use crate::diag::{Code, Diagnostic, Known, Level, Place, Report};
use crate::diff::{Snapshot, View};
use crate::disk;
use crate::krm::{Ident, Item, Stream};
use crate::output::Placement;
use crate::parallel;
use crate::pipeline::{self, Request};
use crate::plan::{self, Absence};
use crate::quote::{part, quote};
use crate::verify::Rendered;
use crate::workload::WorkloadKind;
use crate::yaml::FieldPath;

/// A declaration and what its clusters see.
struct Declared {
    checked: Checked,
    snapshot: Snapshot,
}

/// How many builds are run at most before the declarations have been read: their manifests are kept.
const AHEAD: usize = 16;

/// The declarations by their names, each with the folders that are built from it.
type Declarations = BTreeMap<String, (Declared, Vec<PathBuf>)>;

/// A build to look at.
struct Job<'d> {
    declared: &'d Declared,
    folder: PathBuf,
    /// The folder without links.
    whole: PathBuf,
    absence: Absence,
}

/// What kustomize made of a folder.
struct Built {
    /// What it said.
    words: String,
    manifests: Result<Vec<u8>, Error>,
}

impl Built {
    /// As one of so many builds.
    fn of(folder: &Path, builds: usize, args: &Args) -> Self {
        let mut words = String::new();
        let manifests = args.kustomize.run_apart(folder, builds, &mut words);
        Self { words, manifests }
    }
}

/// A build that was looked at.
struct Looked {
    checked: Checked,
    /// What kustomize said.
    words: String,
    /// The cluster that it is for, as the snapshot calls it, and which of its workloads are there; `None` if that is unknown.
    present: Option<(Option<String>, Vec<bool>)>,
    placements: Vec<Placement>,
    /// Kind and name of all workloads in it.
    names: Vec<(String, String)>,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.offline.shared();
    let (changed, paths) = builds::without_changed(&args.paths, args.whole.changed);
    let all = folders(&paths, args)?;
    let builds = all.iter().map(|folder| Build { folder: folder.clone(), name: folder.clone() });
    let inputs = Inputs { declaration: args.declaration.as_deref(), at_hand: &args.offline.at_hand };
    let builds = builds::touched(builds.collect(), &changed, inputs);
    // Reading a large declaration keeps one processor busy.
    let first = builds.get(..AHEAD).unwrap_or(&builds);
    let begin = |build: &Build| (build.folder.clone(), Built::of(&build.folder, builds.len(), args));
    let (by_declaration, ahead) =
        parallel::ahead(first, begin, || declarations(&builds, paths.is_empty(), args, shared));
    let (by_declaration, ahead) = (by_declaration?, Mutex::new(ahead.into_iter().collect::<BTreeMap<_, _>>()));
    let jobs = by_declaration.values().flat_map(|(declared, folders)| {
        // Nothing can be said about the builds of a declaration that is wrong.
        let folders = folders.iter().filter(|_| !declared.snapshot.is_empty());
        folders.map(move |folder| {
            let whole = disk::whole(folder);
            let absence = match declared.checked.file.absence_in(&whole) {
                Absence::IsCounted => Absence::IsKnown,
                other => other,
            };
            Job { declared, folder: folder.clone(), whole, absence }
        })
    });
    let jobs: Vec<_> = jobs.collect();
    let progress = Progress::of(jobs.len(), io);
    let begin = |job: &Job<'_>| {
        let built = ahead.lock().unwrap_or_else(PoisonError::into_inner).remove(&job.folder);
        built.unwrap_or_else(|| Built::of(&job.folder, jobs.len(), args))
    };
    let look = |job: &Job<'_>, built| look(job, built, args, shared);
    let looked = parallel::queue_apart(&jobs, begin, look, |job| progress.step(|| display(&job.folder)));
    drop(progress);
    let looked = looked.into_iter().collect::<Result<Vec<_>, _>>()?;
    let whole = (changed.is_empty()).then(|| whole(&by_declaration, &jobs, &looked));
    finish(by_declaration, looked, whole.unwrap_or_default(), args, io)
}

/// The declarations of the builds. Where all builds are meant, those that they extend are among them.
fn declarations(builds: &[Build], are_all: bool, args: &Args, shared: &Shared) -> Result<Declarations, Error> {
    let mut by_declaration = Declarations::new();
    for Build { folder, .. } in builds {
        let path = File::find(args.declaration.as_deref().unwrap_or(folder))?;
        let is_for_another = |file: &File| {
            let is_other = |asked: &String| file.cluster_of(&disk::whole(folder)).is_some_and(|it| it != *asked);
            shared.cluster.as_ref().is_some_and(is_other)
        };
        if let Some((declared, folders)) = by_declaration.get_mut(&display(&path)) {
            if !is_for_another(&declared.checked.file) {
                folders.push(folder.clone());
            }
            continue;
        }
        let file = File::at(&path)?;
        if is_for_another(&file) {
            continue;
        }
        if are_all && file.extends() && !file.is_broken() {
            let base = File::open(&file.root)?;
            if !by_declaration.contains_key(&base.name) {
                let (checked, snapshot) = check(base, &Source::Disk, args, shared)?;
                by_declaration.insert(checked.file.name.clone(), (Declared { checked, snapshot }, Vec::new()));
            }
        }
        let (mut checked, snapshot) = check(file, &Source::Disk, args, shared)?;
        if checked.file.bases.iter().any(|base| by_declaration.contains_key(&base.name)) {
            // What is wrong with the base is said once.
            checked.report = checked.report.of_document(0);
        }
        by_declaration.insert(checked.file.name.clone(), (Declared { checked, snapshot }, vec![folder.clone()]));
    }
    let bases = by_declaration.values().flat_map(|(it, _)| &it.checked.file.bases).map(|base| base.name.clone());
    for base in bases.collect::<BTreeSet<_>>() {
        if let Some((declared, _)) = by_declaration.get_mut(&base) {
            // Its workloads may all be those of the declarations that extend it.
            let report = std::mem::take(&mut declared.checked.report);
            declared.checked.report = report.without(Code::NothingToDo);
        }
    }
    Ok(by_declaration)
}

/// The builds: those that are named, or all in and below the folder of the declaration.
fn folders(paths: &[PathBuf], args: &Args) -> Result<Vec<PathBuf>, Error> {
    let below = |folder: &Path| {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let found = kustomization::roots_below(folder)?;
        if found.is_empty() { Err(Error::NoBuild(folder.to_owned())) } else { Ok(found) }
    };
    let mut found = Vec::new();
    if paths.is_empty() {
        let declared = File::open(Path::new(".")).map(|file| file.folder);
        return below(&if args.declaration.is_some() { PathBuf::new() } else { declared? });
    }
    for path in paths {
        if disk::is_pattern(path) {
            found.extend(builds::matches(path)?.into_iter().map(|(folder, _)| folder));
        } else if kustomization::is_buildable(path) {
            found.push(path.clone());
        } else {
            found.extend(below(path.parent().filter(|_| path.is_file()).unwrap_or(path))?);
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn look(job: &Job<'_>, built: Built, args: &Args, shared: &Shared) -> Result<Looked, Error> {
    let declared = &job.declared.checked;
    let shared = &declared.file.shared_for(&job.whole, shared);
    let file = declared.file.clone();
    let checked = Checked {
        build: Some(display(&job.folder)),
        levels: declared.levels.clone(),
        is_unanswered: declared.is_unanswered,
        ..Checked::of(file)
    };
    let Built { words, manifests } = built;
    let mut looked = Looked { checked, words, present: None, placements: Vec::new(), names: Vec::new() };
    let built = match manifests {
        Ok(built) => built,
        Err(error) => {
            looked.checked.report.push(not_built(&error));
            return Ok(looked);
        }
    };
    match parse("kustomize build", &built) {
        Ok(stream) => looked.take(&stream, job, args, shared)?,
        // A build may be of nothing.
        Err(_) if built.trim_ascii().is_empty() => {
            looked.present = job.view(shared).map(|it| (it.0.clone(), Vec::new()));
        }
        Err(instead) => looked.checked.report.push(*instead),
    }
    looked.checked.report = looked.checked.report.beyond(&declared.report);
    looked.checked.report.judge(&args.levels.over(&looked.checked.levels));
    if !looked.checked.report.diagnostics().is_empty() {
        looked.checked.input = String::from_utf8(built).ok().map(|text| ("kustomize build".to_owned(), text));
    }
    Ok(looked)
}

impl<'d> Job<'d> {
    /// Whether its declaration is this one, or extends it.
    fn is_from(&self, name: &str) -> bool {
        let file = &self.declared.checked.file;
        file.name == name || file.bases.iter().any(|base| base.name == name)
    }

    /// What the cluster of the build sees; `None` if nobody says which cluster that is.
    fn view(&self, shared: &Shared) -> Option<(&'d Option<String>, &'d View)> {
        let snapshot = &self.declared.snapshot;
        if snapshot.len() == 1 {
            return snapshot.iter().next();
        }
        let said = self.declared.checked.file.said_cluster();
        snapshot.get_key_value(&shared.cluster.clone().or(said))
    }

    /// What is around the names of the build's objects.
    fn naming(&self, view: Option<&View>) -> Naming {
        let declared = view.map(|view| &view.config.naming).filter(|naming| **naming != Naming::default());
        declared.cloned().unwrap_or_else(|| kustomization::naming(&self.whole))
    }
}

impl Looked {
    /// Notes what is in a build, and checks it.
    fn take(&mut self, stream: &Stream<'_>, job: &Job<'_>, args: &Args, shared: &Shared) -> Result<(), Error> {
        let mut report = Report::default();
        let rendered = Rendered::of(&stream.items, &args.sidecar.images);
        let opted_in = rendered.opted_in(&mut report);
        let view = job.view(shared);
        let naming = job.naming(view.map(|(_, view)| view));
        self.names = names(&stream.items, &naming);
        if let Some((cluster, view)) = view {
            let present = pipeline::present(view, &naming, &rendered);
            let listed: Vec<_> =
                view.config.bindings.iter().zip(&present).filter(|(_, is)| **is).map(|it| it.0).collect();
            let opted_in: Vec<_> = opted_in.iter().map(|it| it.under(&naming)).collect();
            self.place(&listed, &opted_in, cluster.as_ref());
            self.present = Some((cluster.clone(), present));
        }
        let is_of_cluster = opted_in.is_empty() && naming.is_plain();
        if let Some(resolved) = view.and_then(|(_, view)| view.resolved.as_ref()).filter(|_| is_of_cluster) {
            check_rendered(resolved, &rendered, job.absence, &mut report);
        } else {
            let request = shared.request(Some(Mode::Transform));
            let request = Request { opted_in: &opted_in, naming: Some(&naming), ..request };
            let mut found = Report::default();
            let resolved = self.checked.file.resolve(shared, request, &mut found)?;
            let is_unanswered = self.checked.is_unanswered;
            report.append(if is_unanswered { found.without(Code::UnresolvedReference) } else { found });
            if let Some(resolved) = resolved {
                check_rendered(&resolved, &rendered, job.absence, &mut report);
            }
        }
        self.checked.report.append(report);
        Ok(())
    }

    fn place(&mut self, listed: &[&Binding], opted_in: &[OptIn], cluster: Option<&String>) {
        let build = self.checked.build.clone().unwrap_or_default();
        let of = |workload: &str, role: &str, annotated: Option<String>| Placement {
            workload: workload.to_owned(),
            cluster: cluster.cloned(),
            role: role.to_owned(),
            build: build.clone(),
            annotated,
        };
        let is_listed = |it: &OptIn| {
            listed.iter().any(|binding| matches!(&binding.target.which, Which::Name(name) if it.names.contains(name)))
        };
        self.placements.extend(listed.iter().map(|binding| of(&binding.workload, &binding.role.name, None)));
        for it in opted_in.iter().filter(|it| !is_listed(it)) {
            let namespace = it.object.namespace.as_ref().map_or_else(String::new, |namespace| format!("{namespace}/"));
            let object = format!("{} {namespace}{}", it.object.kind, it.object.name);
            self.placements.extend(it.names.first().map(|name| of(name, &it.role, Some(object))));
        }
    }
}

/// Kinds and names of the workloads among the objects, as declarations know them.
fn names(items: &[Item<'_>], naming: &Naming) -> Vec<(String, String)> {
    let idents = items.iter().filter_map(Item::ident);
    let idents = idents.filter(|it| WorkloadKind::find(&it.api_version, &it.kind).is_some());
    let named = |it: &Ident<'_>| (it.kind.to_string(), naming.original(&it.name).unwrap_or(&it.name).to_owned());
    idents.map(named).collect()
}

/// The workloads of all builds.
struct Everywhere<'n> {
    names: Known<'n>,
    /// By name.
    kinds: BTreeMap<&'n str, BTreeSet<&'n str>>,
}

/// By declaration, which of its own workloads are in no build. Where a build could not be looked at, it may be there.
fn whole(declarations: &Declarations, jobs: &[Job<'_>], looked: &[Looked]) -> BTreeMap<String, Report> {
    let names = || looked.iter().flat_map(|it| &it.names).map(|(kind, name)| (kind.as_str(), name.as_str()));
    let everywhere =
        Everywhere { names: Known::of(names().map(|(_, name)| name)), kinds: plan::kinds_by_name(names()) };
    let mut reports = BTreeMap::new();
    for (name, (declared, _)) in declarations {
        // Those of declarations that extend it may have its workloads, too.
        let builds: Vec<_> = jobs.iter().zip(looked).filter(|(job, _)| job.is_from(name)).collect();
        let all_known = builds.iter().all(|(_, looked)| looked.present.is_some());
        // A build with the declaration in its folder has reported what is missing there.
        let own = builds.iter().filter(|(job, _)| job.declared.checked.file.name == *name);
        let is_above = own.clone().all(|(job, _)| job.absence == Absence::IsKnown);
        let mut report = Report::default();
        for (cluster, view) in declared.snapshot.iter().filter(|_| all_known && is_above) {
            let of_cluster = builds.iter().filter_map(|(job, looked)| {
                let (of, present) = looked.present.as_ref().filter(|(of, _)| of == cluster)?;
                Some((&job.declared.snapshot.get(of)?.config.bindings, present))
            });
            let of_cluster: Vec<_> = of_cluster.collect();
            let there = of_cluster.iter().flat_map(|(bindings, present)| bindings.iter().zip(*present));
            let there = there.filter(|(_, is)| **is).map(|(binding, _)| binding.workload.as_str()).collect();
            let there = (!of_cluster.is_empty()).then_some(there);
            check_view(cluster.as_deref(), view, there, &everywhere, &mut report);
        }
        reports.insert(name.clone(), report);
    }
    reports
}

/// `there` are the workloads in the builds for the cluster; `None` if there is no such build.
fn check_view(
    cluster: Option<&str>,
    view: &View,
    there: Option<BTreeSet<&str>>,
    everywhere: &Everywhere<'_>,
    report: &mut Report,
) {
    let own: Vec<_> = view.config.bindings.iter().filter(|binding| !binding.is_inherited()).collect();
    let make = match view.config.checks.get(&Code::WorkloadNotFound) {
        Some(Level::Allow) => return,
        Some(Level::Warn) => Diagnostic::warning,
        Some(Level::Deny) | None => Diagnostic::error as fn(Code, String) -> Diagnostic,
    };
    if let Some(cluster) = cluster.filter(|_| there.is_none() && !own.is_empty()) {
        let message = format!("no build is for cluster {}, which has workloads", quote(&cluster));
        let help = "name folders for it, as in `overlays/NAME`, or check other clusters with `--cluster`";
        let place = Place::Config(FieldPath::keys("spec.clusters").key(cluster));
        report.push(make(Code::WorkloadNotFound, message).at(place).help(help));
        return;
    }
    let there = there.unwrap_or_default();
    for binding in own.into_iter().filter(|binding| !there.contains(binding.workload.as_str())) {
        let of_cluster = cluster.map_or_else(String::new, |cluster| format!(" of cluster {}", quote(&cluster)));
        let wanted = part(binding.target.kind.as_deref().unwrap_or("workload"));
        let message = format!("no {wanted} {} is in any build{of_cluster}", binding.target.which);
        let nearest = match &binding.target.which {
            Which::Name(name) => {
                everywhere.names.nearest(name).map(|nearest| format!("did you mean {}?", quote(&nearest)))
            }
            Which::Labels(_) => None,
        };
        let help = plan::of_other_kind(binding, &everywhere.kinds)
            .or(nearest)
            .unwrap_or_else(|| "check `target` and `namespace`, and that a kustomization builds its object".to_owned());
        report.push(make(Code::WorkloadNotFound, message).at(Place::Config(binding.place.clone())).help(help));
    }
}

/// Says it all: of each declaration, then of its builds.
fn finish(
    by_declaration: Declarations,
    looked: Vec<Looked>,
    mut whole: BTreeMap<String, Report>,
    args: &Args,
    io: &mut Io,
) -> Result<Exit, Error> {
    let mut all = Vec::new();
    for (name, (Declared { mut checked, .. }, _)) in by_declaration {
        checked.report.append(whole.remove(&name).unwrap_or_default());
        checked.report.judge(&args.levels.over(&checked.levels));
        all.push(checked);
    }
    let mut placements = Vec::new();
    for it in looked {
        if !it.words.is_empty() {
            io.words(&format_args!("{}:\n{}", it.checked.build.as_deref().unwrap_or_default(), it.words))?;
        }
        placements.extend(it.placements);
        all.push(it.checked);
    }
    placements.sort();
    args.format.write_placed(&all, Some(&placements), io)
}
