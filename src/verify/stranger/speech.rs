//! What names mean, told from the words around them.

use crate::name::words;
use crate::yaml::{FieldPath, Step};

/// What a name in some place means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing that the words around it tell.
    Nothing,
    /// A Secret, by the kind of the object alone.
    SecretByKind,
    /// A Secret, by a field above it.
    Secret,
    /// A Secret, by words of a command before it, which may say its namespace, too.
    Command,
    /// What an object makes whose kind is about Secrets: only the name is no reference.
    Target,
    /// A Secret that is made there, and not read.
    Made,
}

/// Fields whose Secrets are made and not read.
const FILLING: &[&str] = &[
    "externalSecretName",
    "managedKubeSecretReferences",
    "managedSecretReference",
    "secretObjects",
    "secretTemplates",
];
/// Fields of kinds about Secrets that say what is made: the External Secrets Operator's, and Vault's.
const TARGETS: &[&str] = &["destination", "target"];
/// Fields in them, and in those that are filled, that say its name.
const NAMES: &[&str] = &["name", "secretName"];
/// What fields say that hold names of Secrets, in any spelling.
const SECRETS: &[&str] =
    &["secret", "credential", "cert", "tls", "x509", "keystore", "truststore", "reflects", "replicat"];
/// How command lines and paths of the API call Secrets.
const RESOURCE: &[&str] = &["secret", "secrets"];
/// Fields that hold other things' names.
const OTHERS: &[&str] =
    &["app", "claimName", "host", "hostname", "image", "serviceAccountName", "serviceName", "subdomain"];
/// Fields with paths of files, which name no object.
const FILES: &[&str] = &["mountPath", "subPath", "subPathExpr"];
/// What holds a `name` of its own or another thing's.
const HOLDERS: &[&str] = &[
    "configMap",
    "configMapKeyRef",
    "configMapRef",
    "containers",
    "env",
    "ephemeralContainers",
    "initContainers",
    "ports",
    "service",
    "volumeDevices",
    "volumeMounts",
    "volumes",
];

/// Kinds whose own name is the name of the Secret that they mean: carvel's.
const NAMESAKES: &[&str] = &["SecretExport", "SecretImport"];

/// Whether an object of this kind means a Secret by its own name.
pub(super) fn is_namesake(kind: &str) -> bool {
    NAMESAKES.contains(&kind)
}

impl Meaning {
    /// Of what is in an object of this kind.
    pub(super) fn of_kind(kind: &str) -> Self {
        let is_about_secrets = kind != "Secret" && kind.to_ascii_lowercase().contains("secret");
        if is_about_secrets { Self::SecretByKind } else { Self::Nothing }
    }

    /// Of what is under a field.
    pub(super) fn below(self, field: &str) -> Self {
        match self {
            Self::Made => Self::Made,
            _ if FILLING.contains(&field) => Self::Made,
            // What an ExternalSecret or the like makes.
            Self::SecretByKind if TARGETS.contains(&field) => Self::Target,
            Self::Target if field == "name" => Self::Made,
            Self::Target if !speaks_of_secrets(field) => Self::SecretByKind,
            _ if speaks_of_secrets(field) => Self::Secret,
            meaning => meaning,
        }
    }
}

/// Whether a field has paths of files.
pub(super) fn is_of_files(field: &str) -> bool {
    FILES.contains(&field)
}

/// Whether a field under what is made says its name.
pub(super) fn is_name(field: &str) -> bool {
    NAMES.contains(&field)
}

/// A Secret that a text may name.
pub(super) struct Named<'t> {
    pub(super) namespace: Option<&'t str>,
    pub(super) name: &'t str,
    /// Whether it is meant without doubt.
    pub(super) is_sure: bool,
    /// Whether its namespace may be said anywhere else: in other words of a command, in a store.
    pub(super) is_anywhere: bool,
}

/// What a text names: a Secret where that is the meaning, `NAMESPACE/NAME` anywhere, and whatever stands in a command that
/// speaks of a Secret. A text that is a name and nothing else may be one, too.
pub(super) fn named(text: &str, meaning: Meaning) -> Vec<Named<'_>> {
    if meaning == Meaning::Made {
        return Vec::new();
    }
    // The value of a flag is read on its own.
    let value = text.split_once('=').filter(|_| text.starts_with('-')).map_or(text, |(_, value)| value).trim();
    let is_alone = words(value).next().is_some_and(|word| word.len() == value.len());
    let tokens: Vec<_> = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/'))).collect();
    let commands: Vec<_> = tokens.iter().filter(|word| word.to_ascii_lowercase().contains("secret")).collect();
    let (paths, single): (Vec<_>, Vec<_>) = tokens.iter().copied().partition(|it| it.contains('/'));
    let paths: Vec<_> = paths.into_iter().filter_map(segments).collect();
    let pairs =
        paths.iter().flat_map(|path| path.windows(2).enumerate().filter_map(|(at, pair)| named_in(path, at, pair)));
    let is_secret = meaning != Meaning::Nothing;
    let first = paths.iter().filter(|path| is_secret || path.len() == 1).filter_map(|path| path.first().copied());
    let single = single.into_iter().chain(first).flat_map(words).filter_map(|name| {
        let is_command = commands.iter().any(|word| !word.contains(name));
        let is_sure = is_secret || is_command;
        let is_anywhere = is_command || matches!(meaning, Meaning::SecretByKind | Meaning::Target | Meaning::Command);
        (is_sure || is_alone).then_some(Named { namespace: None, name, is_sure, is_anywhere })
    });
    pairs.chain(single).collect()
}

/// What stands between the slashes of a path, unless it is one of files.
fn segments(path: &str) -> Option<Vec<&str>> {
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let of_api = |segment: &&str| matches!(*segment, "api" | "apis" | "namespaces");
    let is_of_files = path.starts_with('/')
        && !path.starts_with("//")
        && !segments.iter().any(of_api)
        && !segments.first().is_some_and(|first| RESOURCE.contains(first));
    (!is_of_files).then_some(segments)
}

/// The Secret that a segment of a path and the one before it name: `secrets/NAME` or `NAMESPACE/NAME`.
fn named_in<'t>(path: &[&'t str], at: usize, pair: &[&'t str]) -> Option<Named<'t>> {
    let [before, name] = *pair else { return None };
    if !RESOURCE.contains(&before) {
        return Some(Named { namespace: Some(before), name, is_sure: true, is_anywhere: false });
    }
    // `/api/v1/namespaces/NAMESPACE/secrets/NAME`
    let above = path.get(..at)?;
    let said = above.iter().position(|segment| *segment == "namespaces").and_then(|at| above.get(at + 1).copied());
    Some(Named { namespace: said, name, is_sure: true, is_anywhere: said.is_none() })
}

/// Whether an entry of a list says that the next one is a Secret.
pub(super) fn announces_secret(entry: &str) -> bool {
    entry.starts_with('-') && !entry.contains('=') && speaks_of_secrets(entry)
}

/// Whether an entry of a list says that those behind it are Secrets, as `get secret` does.
pub(super) fn announces_secrets(entry: &str) -> bool {
    RESOURCE.contains(&entry)
}

/// Whether what is in such a place names another thing.
pub(super) fn is_harmless(at: &FieldPath) -> bool {
    let key = |step: &Step| if let Step::Key(key) = step { Some(key.clone()) } else { None };
    let mut keys = at.steps().iter().rev().filter_map(key);
    let last = keys.next().unwrap_or_default();
    OTHERS.contains(&last.as_str())
        || keys.next().is_some_and(|holder| {
            last == "name" && HOLDERS.contains(&holder.as_str()) || matches!(&*holder, "selector" | "matchLabels")
        })
}

pub(super) fn speaks_of_issuers(field: &str) -> bool {
    field.to_ascii_lowercase().contains("issuer")
}

pub(super) fn speaks_of_secrets(field: &str) -> bool {
    let field = field.to_ascii_lowercase();
    SECRETS.iter().any(|word| field.contains(word))
}
