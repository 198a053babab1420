//! When Argo CD or Helm applies an object: in which phase, and in which wave of it.

use crate::krm::annotation;
use crate::yaml::NodeRef;

/// The annotation that says the wave.
/// <https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/>
pub const SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";
/// The annotation that makes a hook of an object, and says the phase.
/// <https://argo-cd.readthedocs.io/en/stable/user-guide/resource_hooks/>
pub const HOOK: &str = "argocd.argoproj.io/hook";
/// Helm's own. Argo CD follows it where nothing else is said.
/// <https://argo-cd.readthedocs.io/en/stable/user-guide/helm/#helm-hooks>
pub const HELM_HOOK: &str = "helm.sh/hook";

/// A phase of a sync, or of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Before everything else.
    Before,
    /// With everything else.
    Sync,
    /// After it, or never.
    After,
    /// When everything else is deleted.
    Deleted,
}

/// The phases of hooks, by the names of the hooks.
const PHASES: &[(&str, Phase)] = &[
    ("PreSync", Phase::Before),
    ("pre-install", Phase::Before),
    ("pre-upgrade", Phase::Before),
    ("PostDelete", Phase::Deleted),
    ("post-delete", Phase::Deleted),
    ("Sync", Phase::Sync),
];

/// When an object is applied; what is earlier is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// In which phase.
    pub phase: Phase,
    /// In which wave of it.
    pub wave: i32,
}

impl Order {
    /// With everything else, in its wave.
    pub const USUAL: Self = Self { phase: Phase::Sync, wave: 0 };

    /// Of an object.
    pub fn of(object: NodeRef<'_>) -> Self {
        Self::of_annotations(|name| annotation::get(object, name))
    }

    /// Of an object with these annotations.
    pub fn of_annotations<'a>(annotation: impl Fn(&str) -> Option<&'a str>) -> Self {
        let wave = annotation(SYNC_WAVE).and_then(|wave| wave.trim().parse().ok()).unwrap_or(0);
        let phase = annotation(HOOK).or_else(|| annotation(HELM_HOOK)).map_or(Phase::Sync, |hooks| {
            let hooks: Vec<_> = hooks.split(',').map(str::trim).collect();
            // One hook of several suffices to make it too early or too late.
            PHASES.iter().find(|(word, _)| hooks.contains(word)).map_or(Phase::After, |(_, phase)| *phase)
        });
        Self { phase, wave }
    }
}
