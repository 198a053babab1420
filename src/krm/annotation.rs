//! Annotations that orchestrators use to keep track of objects.
//!
//! Everything under `internal.config.kubernetes.io/` belongs to the orchestrator and must not be changed: without its
//! records of former names, kustomize silently stops fixing references and adding hashes to names. It removes them
//! itself at the end of a build.

use super::ident::{name, namespace};
use crate::yaml::NodeRef;

/// How kustomize and kpt run a function: on a functionConfig.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/kyaml/fn/runtime/runtimeutil/functiontypes.go>
pub const FUNCTION: &str = "config.kubernetes.io/function";
/// Present and not `false`: the object is not meant for the cluster, and kustomize drops it at the end.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/api/resource/factory.go>
pub const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";
/// The file that an object is from, for kpt.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/kyaml/kio/kioutil/kioutil.go>
pub const PATH: &str = "internal.config.kubernetes.io/path";
/// Which document of the file an object is, from 0.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/kyaml/kio/kioutil/kioutil.go>
pub const INDEX: &str = "internal.config.kubernetes.io/index";
/// The former spelling of [`PATH`], still written beside it.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/kyaml/kio/kioutil/kioutil.go>
pub const LEGACY_PATH: &str = "config.kubernetes.io/path";
/// The former spelling of [`INDEX`], still written beside it.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/kyaml/kio/kioutil/kioutil.go>
pub const LEGACY_INDEX: &str = "config.kubernetes.io/index";
/// Names that kustomize has given an object so far, the first one first, with commas between.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/utils/annotations.go>
pub const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";
/// The namespaces that go with [`PREVIOUS_NAMES`].
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/utils/annotations.go>
pub const PREVIOUS_NAMESPACES: &str = "internal.config.kubernetes.io/previousNamespaces";
/// The kinds that go with [`PREVIOUS_NAMES`].
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/utils/annotations.go>
pub const PREVIOUS_KINDS: &str = "internal.config.kubernetes.io/previousKinds";
/// Asks kustomize for a hash at the end of the name; only a generator may use it; from other functions, it ends up in
/// the cluster.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/plugins/utils/utils.go>
pub const NEEDS_HASH: &str = "kustomize.config.k8s.io/needs-hash";
/// What kustomize does with an object that exists already (`create`, `merge`, `replace`); only for generators.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/plugins/utils/utils.go>
pub const BEHAVIOR: &str = "kustomize.config.k8s.io/behavior";
/// What kustomize writes on every object that a generator of the running build made.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/utils/annotations.go>
pub const GENERATOR_BEHAVIOR: &str = "internal.config.kubernetes.io/generatorBehavior";
/// How the sequences of an object are indented: kpt writes it on every object that it hands to a function.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/kyaml/kio/kioutil/kioutil.go>
pub const SEQUENCE_INDENT: &str = "internal.config.kubernetes.io/seqindent";
/// What kustomize calls an object that it hands to a function.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/plugins/utils/utils.go>
pub const KUSTOMIZE_ID: &str = "kustomize.config.k8s.io/id";
/// The start of the names of all annotations that only orchestrators may change.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/functions-spec.md>
pub const INTERNAL_PREFIX: &str = "internal.config.kubernetes.io/";

/// The text of an annotation of an object.
pub fn get<'d>(object: NodeRef<'d>, name: &str) -> Option<&'d str> {
    object.get("metadata")?.get("annotations")?.get(name)?.text()
}

/// Whether an object is not meant for the cluster.
pub fn is_local_config(object: NodeRef<'_>) -> bool {
    get(object, LOCAL_CONFIG).is_some_and(|value| value != "false")
}

/// The file that an object is from and its position there, if the orchestrator recorded it.
pub fn file(object: NodeRef<'_>) -> Option<(&str, Option<u32>)> {
    let path = get(object, PATH).or_else(|| get(object, LEGACY_PATH))?;
    let index = get(object, INDEX).or_else(|| get(object, LEGACY_INDEX));
    Some((path, index.and_then(|index| index.parse().ok())))
}

/// One name of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'d> {
    /// `kind`; empty if only the list around the object has it.
    pub kind: &'d str,
    /// `metadata.namespace`; kustomize records `default` for a former name without one.
    pub namespace: Option<&'d str>,
    /// `metadata.name`
    pub name: &'d str,
}

/// The names under which an object may be referred to: the current one, then the former ones, oldest first.
///
/// A transformer of kustomize sees prefixes and suffixes on names while references still have the original names.
pub fn names(object: NodeRef<'_>) -> Vec<Name<'_>> {
    let kind = object.get("kind").and_then(NodeRef::text);
    let name = name(object);
    let namespace = namespace(object);
    let kind = kind.unwrap_or_default();
    let mut names: Vec<Name<'_>> = name.map(|name| Name { kind, namespace, name }).into_iter().collect();
    let parts = |annotation| get(object, annotation).unwrap_or_default().split(',').filter(|part| !part.is_empty());
    let mut namespaces = parts(PREVIOUS_NAMESPACES);
    let mut kinds = parts(PREVIOUS_KINDS);
    for name in parts(PREVIOUS_NAMES) {
        let namespace = namespaces.next();
        let former = Name { kind: kinds.next().unwrap_or(kind), namespace, name };
        if !names.contains(&former) {
            names.push(former);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Document;

    #[test]
    fn former_names_follow_the_present_one() {
        let text = "kind: ConfigMap\nmetadata:\n  name: p-gen-abc\n  namespace: prod\n  annotations:\n    \
                    internal.config.kubernetes.io/previousKinds: ConfigMap,ConfigMap\n    \
                    internal.config.kubernetes.io/previousNames: gen,p-gen\n    \
                    internal.config.kubernetes.io/previousNamespaces: default,prod\n";
        let document = Document::parse(text).unwrap();
        let kind = "ConfigMap";
        let expected = [
            Name { kind, namespace: Some("prod"), name: "p-gen-abc" },
            Name { kind, namespace: Some("default"), name: "gen" },
            Name { kind, namespace: Some("prod"), name: "p-gen" },
        ];
        assert_eq!(names(document.root()), expected);
    }

    #[test]
    fn local_config_is_anything_but_false() {
        for (value, expected) in [("\"true\"", true), ("\"\"", true), ("x", true), ("\"false\"", false)] {
            let text = format!("metadata:\n  annotations:\n    config.kubernetes.io/local-config: {value}\n");
            assert_eq!(is_local_config(Document::parse(&text).unwrap().root()), expected, "{value}");
        }
        assert!(!is_local_config(Document::parse("a: b\n").unwrap().root()));
    }

    #[test]
    fn the_file_of_an_object_is_known_in_both_spellings() {
        let text = "metadata:\n  annotations:\n    config.kubernetes.io/path: a.yaml\n    \
                    internal.config.kubernetes.io/index: '2'\n";
        assert_eq!(file(Document::parse(text).unwrap().root()), Some(("a.yaml", Some(2))));
    }
}
