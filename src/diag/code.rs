//! The stable names of everything iamra says about its input.

use std::fmt;

/// What a diagnostic is about. The kebab-case name is a promise: scripts and documentation may rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// `empty-input`
    EmptyInput,
    /// `unreadable-input`
    UnreadableInput,
    /// `not-a-resource-list`
    NotAResourceList,
    /// `unreadable-item`
    UnreadableItem,
    /// `no-declaration`
    NoDeclaration,
    /// `not-a-declaration`
    NotADeclaration,
    /// `syntax-error`
    SyntaxError,
    /// `unknown-field`
    UnknownField,
    /// `duplicate-field`
    DuplicateField,
    /// `missing-field`
    MissingField,
    /// `wrong-type`
    WrongType,
    /// `invalid-value`
    InvalidValue,
    /// `conflicting-fields`
    ConflictingFields,
    /// `unknown-role`
    UnknownRole,
    /// `unknown-scope`
    UnknownScope,
    /// `unknown-cluster`
    UnknownCluster,
    /// `ambiguous-cluster`
    AmbiguousCluster,
    /// `nothing-to-do`
    NothingToDo,
    /// `common-name-clash`
    CommonNameClash,
    /// `name-collision`
    NameCollision,
    /// `late-renewal`
    LateRenewal,
    /// `short-session`
    ShortSession,
    /// `unpinned-image`
    UnpinnedImage,
    /// `inline-ca-key`
    InlineCaKey,
    /// `invalid-ca`
    InvalidCa,
    /// `unresolved-reference`
    UnresolvedReference,
    /// `stale-lock`
    StaleLock,
    /// `invalid-lock`
    InvalidLock,
    /// `arn-mismatch`
    ArnMismatch,
    /// `workload-not-found`
    WorkloadNotFound,
    /// `ambiguous-target`
    AmbiguousTarget,
    /// `container-not-found`
    ContainerNotFound,
    /// `already-taken`
    AlreadyTaken,
    /// `credentials-override`
    CredentialsOverride,
    /// `environment-kept`
    EnvironmentKept,
    /// `host-network`
    HostNetwork,
    /// `port-clash`
    PortClash,
    /// `proxy-without-exception`
    ProxyWithoutException,
    /// `shared-processes`
    SharedProcesses,
    /// `windows-pod`
    WindowsPod,
    /// `cannot-edit`
    CannotEdit,
    /// `namespace-mismatch`
    NamespaceMismatch,
    /// `not-injected`
    NotInjected,
    /// `no-objects`
    NoObjects,
    /// `invalid-parameter`
    InvalidParameter,
    /// `outside-repository`
    OutsideRepository,
}

struct Row {
    code: Code,
    name: &'static str,
    summary: &'static str,
}

const fn row(code: Code, name: &'static str, summary: &'static str) -> Row {
    Row { code, name, summary }
}

/// One row a code, in the order of the enum.
const TABLE: &[Row] = &[
    row(Code::EmptyInput, "empty-input", "stdin held nothing where a ResourceList or manifests were expected"),
    row(Code::UnreadableInput, "unreadable-input", "stdin is not YAML, or was cut off"),
    row(Code::NotAResourceList, "not-a-resource-list", "stdin is YAML, but not a KRM ResourceList"),
    row(Code::UnreadableItem, "unreadable-item", "an object that has to be looked at cannot be read"),
    row(Code::NoDeclaration, "no-declaration", "no `iamra.yaml` and no functionConfig says what to do"),
    row(Code::NotADeclaration, "not-a-declaration", "the document is not an `iamra.dev/v1alpha1` RolesAnywhere"),
    row(Code::SyntaxError, "syntax-error", "the declaration is not YAML"),
    row(Code::UnknownField, "unknown-field", "a field that iamra does not know"),
    row(Code::DuplicateField, "duplicate-field", "a field is written twice in one mapping"),
    row(Code::MissingField, "missing-field", "a field that must be there is not"),
    row(Code::WrongType, "wrong-type", "a value of another type than the field holds"),
    row(Code::InvalidValue, "invalid-value", "a value that breaks the rule of its field"),
    row(Code::ConflictingFields, "conflicting-fields", "fields that exclude each other are both there"),
    row(Code::UnknownRole, "unknown-role", "a workload names a role that is not declared"),
    row(Code::UnknownScope, "unknown-scope", "a role names a scope that is not declared"),
    row(Code::UnknownCluster, "unknown-cluster", "a cluster is named that is not declared"),
    row(Code::AmbiguousCluster, "ambiguous-cluster", "several clusters are declared and none was chosen"),
    row(Code::NothingToDo, "nothing-to-do", "the declaration names no workload for this cluster"),
    row(Code::CommonNameClash, "common-name-clash", "two workloads of one CA would have the same common name"),
    row(Code::NameCollision, "name-collision", "two objects would have the same name in one namespace"),
    row(Code::LateRenewal, "late-renewal", "one failed renewal would let the certificate expire"),
    row(Code::ShortSession, "short-session", "the session is so short that the helper asks AWS all the time"),
    row(Code::UnpinnedImage, "unpinned-image", "the sidecar image is not pinned"),
    row(Code::InlineCaKey, "inline-ca-key", "the CA's private key will be in the rendered manifests"),
    row(Code::InvalidCa, "invalid-ca", "the CA certificate and key cannot serve as a trust anchor"),
    row(Code::UnresolvedReference, "unresolved-reference", "a reference has no value"),
    row(Code::StaleLock, "stale-lock", "`iamra.lock` does not cover the declaration"),
    row(Code::InvalidLock, "invalid-lock", "`iamra.lock` or a values file cannot be read"),
    row(Code::ArnMismatch, "arn-mismatch", "ARNs of one identity disagree in partition, account or region"),
    row(Code::WorkloadNotFound, "workload-not-found", "a declared workload is not among the objects"),
    row(Code::AmbiguousTarget, "ambiguous-target", "a declared workload matches several objects"),
    row(Code::ContainerNotFound, "container-not-found", "a container is named that the pod does not have"),
    row(Code::AlreadyTaken, "already-taken", "a name that iamra needs belongs to something of yours"),
    row(Code::CredentialsOverride, "credentials-override", "the AWS SDK would take other credentials first"),
    row(Code::EnvironmentKept, "environment-kept", "a variable of yours was kept where iamra sets another value"),
    row(Code::HostNetwork, "host-network", "the pod shares the node's network, and so would its credentials"),
    row(Code::PortClash, "port-clash", "the sidecar's port is already declared in the pod"),
    row(Code::ProxyWithoutException, "proxy-without-exception", "a proxy would swallow calls to the sidecar"),
    row(Code::SharedProcesses, "shared-processes", "containers of the pod can reach the files of the sidecar"),
    row(Code::WindowsPod, "windows-pod", "the credential helper's image is for Linux only"),
    row(Code::CannotEdit, "cannot-edit", "the object is written in a way that cannot be edited safely"),
    row(Code::NamespaceMismatch, "namespace-mismatch", "a workload and its certificate are in different namespaces"),
    row(Code::NotInjected, "not-injected", "a declared workload is not as iamra would make it"),
    row(Code::NoObjects, "no-objects", "kustomize built nothing, and Argo CD would delete everything"),
    row(Code::InvalidParameter, "invalid-parameter", "an Argo CD parameter is unknown, of a wrong type or not allowed"),
    row(Code::OutsideRepository, "outside-repository", "a link leads from the declaration out of the repository"),
];

impl Code {
    /// Every code, in a stable order.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.code)
    }

    /// The kebab-case name.
    pub fn name(self) -> &'static str {
        TABLE[self as usize].name
    }

    /// One line that says what is wrong.
    pub fn summary(self) -> &'static str {
        TABLE[self as usize].summary
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_follows_the_enum_and_names_are_unique() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.code as usize, index, "{} is out of order", row.name);
            assert!(row.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", row.name);
            assert!(!row.summary.ends_with('.'), "{}", row.name);
        }
        let names: BTreeSet<_> = TABLE.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), TABLE.len());
    }
}
