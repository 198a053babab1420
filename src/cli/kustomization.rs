//! Kustomizations on disk: which folders have one, what they are made of, and which are builds of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::config::{Affixes, Naming};
use crate::disk::{self, DECLARATION};
use crate::yaml::{Document, NodeRef};

/// The names that kustomize knows its file by.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/api/konfig/general.go>
pub(super) const FILES: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The fields that name kustomizations of which the build is made.
/// <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>
const INCLUDES: &[&str] = &["resources", "bases", "components", "generators", "transformers", "validators", "crds"];

/// The text of a folder's kustomization; `None` when it has none. One that cannot be read is empty: kustomize says why.
fn text(dir: &Path) -> Option<String> {
    let file = FILES.iter().map(|name| dir.join(name)).find(|file| file.is_file())?;
    Some(disk::read(&file).unwrap_or_default())
}

/// Whether kustomize builds objects of the folder. One that lists nothing but the declaration, as that of the component,
/// only passes it on.
pub(super) fn is_kustomization(dir: &Path) -> bool {
    text(dir).is_some_and(|text| Document::parse(&text).map_or(true, |it| !lists_only_declaration(it.root())))
}

/// Whether the folder can be built by itself: a component cannot.
pub(super) fn is_buildable(dir: &Path) -> bool {
    text(dir).is_some_and(|text| Document::parse(&text).map_or(true, |it| builds(it.root())))
}

fn builds(kustomization: NodeRef<'_>) -> bool {
    let is_component = kustomization.get("kind").and_then(NodeRef::text) == Some("Component");
    !is_component && !lists_only_declaration(kustomization)
}

fn lists_only_declaration(kustomization: NodeRef<'_>) -> bool {
    let is_plain =
        |(key, _): (NodeRef<'_>, NodeRef<'_>)| matches!(key.text(), Some("apiVersion" | "kind" | "resources"));
    let mut resources = kustomization.get("resources").into_iter().flat_map(NodeRef::items);
    kustomization.entries().all(is_plain)
        && resources.next().and_then(NodeRef::text) == Some(DECLARATION)
        && resources.next().is_none()
}

/// A folder with a kustomization.
struct Folder {
    /// Its path, as it was found.
    path: PathBuf,
    /// Without links.
    whole: PathBuf,
    /// The kustomizations that it is made of, without links.
    includes: Vec<PathBuf>,
    is_buildable: bool,
}

impl Folder {
    fn at(path: PathBuf, whole: PathBuf) -> Option<Self> {
        let text = text(&path)?;
        // One that cannot be read is built: kustomize says what is wrong.
        let (includes, is_buildable) = Document::parse(&text)
            .map_or_else(|_| (Vec::new(), true), |it| (included_by(&whole, it.root()), builds(it.root())));
        Some(Self { path, whole, includes, is_buildable })
    }
}

/// The builds in and below a folder: every kustomization that no other one there is made of. Bases are part of the builds
/// that include them.
///
/// # Errors
/// A folder cannot be read.
pub(super) fn roots_below(root: &Path) -> Result<Vec<PathBuf>, disk::Error> {
    let whole = disk::whole(root);
    // Links below it are not followed.
    let whole = |path: &Path| path.strip_prefix(root).map_or_else(|_| disk::whole(path), |below| whole.join(below));
    let folders = disk::folders_below(root)?.into_iter().filter_map(|path| Folder::at(path.clone(), whole(&path)));
    let folders: Vec<_> = folders.collect();
    let included: BTreeSet<_> = folders.iter().flat_map(|it| &it.includes).collect();
    let (parts, mut roots): (Vec<_>, Vec<_>) =
        folders.iter().filter(|it| it.is_buildable).partition(|it| included.contains(&it.whole));
    // Those that include each other are part of no other build; kustomize says what is wrong with them.
    let made_of: BTreeMap<_, _> = folders.iter().map(|it| (&it.whole, &it.includes)).collect();
    let mut reached = BTreeSet::new();
    let mut next: Vec<_> = roots.iter().map(|it| &it.whole).collect();
    while let Some(whole) = next.pop() {
        if reached.insert(whole) {
            next.extend(made_of.get(whole).copied().into_iter().flatten());
        }
    }
    roots.extend(parts.into_iter().filter(|it| !reached.contains(&it.whole)));
    let mut roots: Vec<_> = roots.into_iter().map(|it| it.path.clone()).collect();
    roots.sort();
    Ok(roots)
}

/// The kustomizations that one is made of.
fn included_by(dir: &Path, kustomization: NodeRef<'_>) -> Vec<PathBuf> {
    let fields = INCLUDES.iter().filter_map(|field| kustomization.get(field));
    let named = fields.flat_map(NodeRef::items).filter_map(NodeRef::text).map(|path| joined(dir, path));
    named.filter(|path| path != dir && path.is_dir()).filter_map(|path| path.canonicalize().ok()).collect()
}

/// So many ways of naming objects are looked for in a build, which may include one kustomization on many ways.
const MOST: usize = 32;

/// What the kustomizations of a build, whose path has no links, put around the names of its objects.
pub(super) fn naming(dir: &Path) -> Naming {
    let mut found = BTreeSet::new();
    collect_affixes(dir, &Affixes::default(), &mut Vec::new(), &mut found);
    Naming(found)
}

/// `above` are the kustomizations that this one is part of.
fn collect_affixes(dir: &Path, outer: &Affixes, above: &mut Vec<PathBuf>, found: &mut BTreeSet<Affixes>) {
    let Some(text) = text(dir).filter(|_| found.len() < MOST && !above.iter().any(|it| it == dir)) else { return };
    let Ok(document) = Document::parse(&text) else { return };
    let said = |name: &str| document.root().get(name).and_then(NodeRef::text).unwrap_or_default().to_owned();
    let own = outer.around(&Affixes { prefix: said("namePrefix"), suffix: said("nameSuffix") });
    above.push(dir.to_owned());
    let mut has_objects = false;
    for field in ["resources", "bases", "components"] {
        for path in document.root().get(field).into_iter().flat_map(NodeRef::items).filter_map(NodeRef::text) {
            let at = joined(dir, path);
            match at.is_dir().then(|| at.canonicalize()) {
                Some(Ok(folder)) => collect_affixes(&folder, &own, above, found),
                _ => has_objects |= Path::new(path).file_name().is_none_or(|name| name != DECLARATION),
            }
        }
    }
    above.pop();
    let generates = ["helmCharts", "generators"].iter().any(|field| document.root().get(field).is_some());
    if has_objects || generates {
        found.insert(own);
    }
}

/// Files and folders that the build of a folder may read: the folders of its kustomizations, and whatever any field of theirs
/// may name. More than it does read, and nothing less.
pub(super) fn reads(dir: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut next: Vec<_> = dir.canonicalize().into_iter().collect();
    while let Some(path) = next.pop() {
        if !found.insert(path.clone()) {
            continue;
        }
        // What a link leads to is read, too.
        next.extend(path.canonicalize().ok().filter(|whole| *whole != path));
        let Some(text) = text(&path) else { continue };
        let Ok(document) = Document::parse(&text) else { continue };
        let mut texts = Vec::new();
        collect(document.root(), &mut texts);
        // Generators write `KEY=FILE`.
        let files = texts.iter().filter_map(|text| text.split_once('=').map(|(_, file)| file));
        next.extend(texts.iter().copied().chain(files).filter(|it| is_path(it)).map(|it| joined(&path, it)));
    }
    found
}

/// Whether the build of a folder is made of a file, which is there.
pub(super) fn is_made_of(dir: &Path, file: &Path) -> bool {
    let (whole, read) = (disk::whole(file), reads(dir));
    let is_kustomization = whole.file_name().is_some_and(|name| FILES.iter().any(|it| name == *it));
    read.contains(&whole) || is_kustomization && whole.parent().is_some_and(|folder| read.contains(folder))
}

/// All scalars below a node.
fn collect<'d>(node: NodeRef<'d>, texts: &mut Vec<&'d str>) {
    texts.extend(node.text());
    node.items().for_each(|item| collect(item, texts));
    node.entries().for_each(|(_, value)| collect(value, texts));
}

fn is_path(text: &str) -> bool {
    !text.is_empty() && !text.contains('\n') && !text.contains("://")
}

/// A path relative to a folder, without `.` and `..`.
fn joined(dir: &Path, path: &str) -> PathBuf {
    let mut at = PathBuf::new();
    for part in dir.join(path).components() {
        match part {
            Component::ParentDir => drop(at.pop()),
            Component::CurDir => {}
            part => at.push(part),
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of kustomizations, by their folders.
    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (folder, text) in files {
            disk::write(&dir.path().join(folder).join("kustomization.yaml"), text).unwrap();
        }
        dir
    }

    fn roots(dir: &Path) -> Vec<String> {
        roots_below(dir).unwrap().iter().map(|it| it.strip_prefix(dir).unwrap().display().to_string()).collect()
    }

    #[test]
    fn bases_and_components_are_no_builds_of_their_own() {
        let dir = tree(&[
            ("apps/a/base", "resources: [deployment.yaml]\n"),
            ("apps/a/overlays/prod", "resources: [../../base]\ncomponents: [../../../../iamra]\nnamespace: web\n"),
            ("apps/a/overlays/prod/web", "resources: [x.yaml]\n"),
            ("apps/b", "resources: [deployment.yaml]\n"),
            ("iamra", "kind: Component\nresources: [declaration]\n"),
            ("unused", "kind: Component\n"),
            ("iamra/declaration", "resources: [iamra.yaml]\n"),
            (".hidden", "resources: [x.yaml]\n"),
            ("broken", "resources: [\n"),
            ("one", "resources: [../other]\n"),
            ("other", "resources: [../one]\n"),
        ]);
        // A namespace of the same name includes nothing.
        let builds = ["apps/a/overlays/prod", "apps/a/overlays/prod/web", "apps/b", "broken", "one", "other"];
        assert_eq!(roots(dir.path()), builds);
    }

    #[test]
    fn what_is_around_names_is_read() {
        let naming = |files: &[(&str, &str)]| {
            let dir = tree(files);
            let found = naming(&dir.path().join("prod")).0;
            found.iter().map(|it| format!("{}|{}", it.prefix, it.suffix)).collect::<Vec<_>>()
        };
        let base = ("base", "resources: [web.yaml]\nnamePrefix: eu-\n");
        let prod = ("prod", "resources: [../base]\nnamePrefix: prod-\nnameSuffix: -v2\n");
        assert_eq!(naming(&[base, prod]), ["prod-eu-|-v2"]);
        assert_eq!(naming(&[("prod", "resources: [web.yaml]\n")]), ["|"]);
        // Its own objects have one name, and those of its base another.
        let both = ("prod", "resources: [../base, api.yaml]\nnamePrefix: prod-\n");
        assert_eq!(naming(&[base, both]), ["prod-|", "prod-eu-|"]);
        // They include each other: kustomize says that.
        let circle = ("base", "resources: [../prod, web.yaml]\n");
        assert_eq!(naming(&[circle, prod]), ["prod-|-v2"]);
    }

    #[test]
    fn what_a_build_reads_is_followed() {
        let dir = tree(&[
            ("base", "resources: [deployment.yaml]\nconfigMapGenerator: [{name: x, files: [k=../shared/x.txt]}]\n"),
            ("prod", "resources: [../base]\npatches: [{path: ../patches/a.yaml}]\n"),
        ]);
        let root = dir.path().canonicalize().unwrap();
        let read = reads(&dir.path().join("prod"));
        for path in ["prod", "base", "base/deployment.yaml", "shared/x.txt", "patches/a.yaml"] {
            assert!(read.contains(&root.join(path)), "{path} {read:?}");
        }
        assert!(!read.contains(&root.join("patches")));
    }
}
