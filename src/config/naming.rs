//! What kustomize puts around the names of objects.

use std::collections::BTreeSet;

use crate::yaml::{FieldPath, NodeRef};

/// kustomize's `namePrefix` and `nameSuffix`.
/// <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/nameprefix/>
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Affixes {
    /// Before a name.
    pub prefix: String,
    /// After it.
    pub suffix: String,
}

impl Affixes {
    /// Those of a kustomization which is part of one with these.
    #[must_use]
    pub fn around(&self, inner: &Self) -> Self {
        Self { prefix: format!("{}{}", self.prefix, inner.prefix), suffix: format!("{}{}", inner.suffix, self.suffix) }
    }

    /// The name that becomes this one; `None` if none does, or it stays as it is.
    fn original<'n>(&self, name: &'n str) -> Option<&'n str> {
        let original = name.strip_prefix(self.prefix.as_str())?.strip_suffix(self.suffix.as_str())?;
        (!original.is_empty() && original != name).then_some(original)
    }
}

/// What may be around the names of a build's objects. Which of several it is for an object is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Naming(pub BTreeSet<Affixes>);

impl Naming {
    /// The name that becomes this one, if that is known.
    pub fn original<'n>(&self, name: &'n str) -> Option<&'n str> {
        let mut all = self.0.iter();
        all.next().filter(|_| all.next().is_none())?.original(name)
    }

    /// Whether names stay as they are.
    pub fn is_plain(&self) -> bool {
        self.0.iter().all(|affixes| *affixes == Affixes::default())
    }

    /// The names that may become this one.
    pub fn originals<'n>(&self, name: &'n str) -> impl Iterator<Item = &'n str> {
        self.0.iter().filter_map(move |affixes| affixes.original(name))
    }
}

/// What the declaration at `node` says of it for a cluster; `None` if it says nothing. The declaration is not checked.
pub fn naming(node: NodeRef<'_>, cluster: Option<&str>) -> Option<Naming> {
    let spec = node.at(&FieldPath::keys("spec"))?;
    let clusters = super::clusters(node);
    let only = clusters.first().copied().flatten().filter(|_| clusters.len() == 1);
    let cluster = cluster.or_else(|| spec.get("cluster")?.text()).or(only);
    let of_cluster = cluster.and_then(|cluster| spec.get("clusters")?.get(cluster));
    let text = |name: &str| [of_cluster, Some(spec)].into_iter().flatten().find_map(|it| it.get(name)?.text());
    let (prefix, suffix) = (text("namePrefix"), text("nameSuffix"));
    let said = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let affixes =
        (prefix.is_some() || suffix.is_some()).then(|| Affixes { prefix: said(prefix), suffix: said(suffix) });
    affixes.map(|affixes| Naming([affixes].into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_under_what_is_around_it() {
        let affixes = |prefix: &str, suffix: &str| Affixes { prefix: prefix.to_owned(), suffix: suffix.to_owned() };
        let of_build = affixes("prod-", "-v2").around(&affixes("eu-", ""));
        assert_eq!(of_build, affixes("prod-eu-", "-v2"));
        let naming = Naming([of_build.clone()].into());
        for (name, original) in [
            ("prod-eu-web-v2", Some("web")),
            ("prod-web-v2", None),
            ("prod-eu-web", None),
            ("prod-eu--v2", None),
            ("prod-eu-v2", None),
        ] {
            assert_eq!(naming.original(name), original, "{name}");
        }
        assert_eq!(Naming::default().original("web"), None);
        let several = Naming([of_build, affixes("prod-", "")].into());
        assert_eq!(several.original("prod-eu-web-v2"), None);
        assert_eq!(several.originals("prod-eu-web-v2").collect::<Vec<_>>(), ["eu-web-v2", "web"]);
    }
}
