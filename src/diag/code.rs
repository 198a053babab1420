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
    /// `cluster-in-use`
    ClusterInUse,
    /// `unknown-workload`
    UnknownWorkload,
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
    /// `session-name-not-accepted`
    SessionNameNotAccepted,
    /// `unpinned-image`
    UnpinnedImage,
    /// `unsupported-helper`
    UnsupportedHelper,
    /// `empty-credentials`
    EmptyCredentials,
    /// `inline-ca-key`
    InlineCaKey,
    /// `invalid-ca`
    InvalidCa,
    /// `unresolved-reference`
    UnresolvedReference,
    /// `no-access`
    NoAccess,
    /// `aws-failed`
    AwsFailed,
    /// `stale-lock`
    StaleLock,
    /// `lock-drift`
    LockDrift,
    /// `invalid-lock`
    InvalidLock,
    /// `invalid-policy`
    InvalidPolicy,
    /// `outside-policy`
    OutsidePolicy,
    /// `arn-mismatch`
    ArnMismatch,
    /// `workload-not-found`
    WorkloadNotFound,
    /// `misplaced-role`
    MisplacedRole,
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
    /// `unreadable-credentials`
    UnreadableCredentials,
    /// `host-network`
    HostNetwork,
    /// `port-clash`
    PortClash,
    /// `proxy-without-exception`
    ProxyWithoutException,
    /// `shared-processes`
    SharedProcesses,
    /// `exposed-key`
    ExposedKey,
    /// `mesh-order`
    MeshOrder,
    /// `refused-volume`
    RefusedVolume,
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
    /// `certificate-missing`
    CertificateMissing,
    /// `certificate-not-ready`
    CertificateNotReady,
    /// `aws-setup`
    AwsSetup,
    /// `trust-policy`
    TrustPolicy,
    /// `session-refused`
    SessionRefused,
    /// `invalid-certificate`
    InvalidCertificate,
    /// `invalid-parameter`
    InvalidParameter,
    /// `outside-repository`
    OutsideRepository,
    /// `not-imported`
    NotImported,
    /// `nothing-imported`
    NothingImported,
    /// `invalid-state`
    InvalidState,
    /// `stale-render`
    StaleRender,
    /// `undeclared-identity`
    UndeclaredIdentity,
    /// `dangling-reference`
    DanglingReference,
    /// `changed-object`
    ChangedObject,
    /// `internal-error`
    InternalError,
    /// `not-checked`
    NotChecked,
}

struct Row {
    code: Code,
    name: &'static str,
    summary: &'static str,
    page: &'static str,
}

/// A row and its page, which must be there: a file is embedded by its literal name, hence the macro.
macro_rules! row {
    ($code:ident, $name:literal, $summary:literal) => {
        Row {
            code: Code::$code,
            name: $name,
            summary: $summary,
            page: include_str!(concat!("../../docs/diagnostics/", $name, ".md")),
        }
    };
}

/// One row a code, in the order of the enum.
const TABLE: &[Row] = &[
    row!(EmptyInput, "empty-input", "stdin held nothing where a ResourceList or manifests were expected"),
    row!(UnreadableInput, "unreadable-input", "stdin is not YAML, or was cut off"),
    row!(NotAResourceList, "not-a-resource-list", "stdin is YAML, but not a KRM ResourceList"),
    row!(UnreadableItem, "unreadable-item", "an object that has to be looked at cannot be read"),
    row!(NoDeclaration, "no-declaration", "no `iamra.yaml` and no functionConfig says what to do"),
    row!(NotADeclaration, "not-a-declaration", "the document is not an `iamra.dev/v1alpha1` RolesAnywhere"),
    row!(SyntaxError, "syntax-error", "the declaration is not YAML"),
    row!(UnknownField, "unknown-field", "a field that iamra does not know"),
    row!(DuplicateField, "duplicate-field", "a field is written twice in one mapping"),
    row!(MissingField, "missing-field", "a field that must be there is not"),
    row!(WrongType, "wrong-type", "a value of another type than the field holds"),
    row!(InvalidValue, "invalid-value", "a value that breaks the rule of its field"),
    row!(ConflictingFields, "conflicting-fields", "fields that exclude each other are both there"),
    row!(UnknownRole, "unknown-role", "a workload names a role that is not declared"),
    row!(UnknownScope, "unknown-scope", "a role names a scope that is not declared"),
    row!(UnknownCluster, "unknown-cluster", "a cluster is named that is not declared"),
    row!(AmbiguousCluster, "ambiguous-cluster", "several clusters are declared and none was chosen"),
    row!(ClusterInUse, "cluster-in-use", "a cluster cannot be taken out while something names it"),
    row!(UnknownWorkload, "unknown-workload", "a workload is named that is not declared"),
    row!(NothingToDo, "nothing-to-do", "the declaration names no workload for this cluster"),
    row!(CommonNameClash, "common-name-clash", "two workloads of one CA would have the same common name"),
    row!(NameCollision, "name-collision", "two objects would have the same name in one namespace"),
    row!(LateRenewal, "late-renewal", "one failed renewal would let the certificate expire"),
    row!(ShortSession, "short-session", "the session is so short that the helper asks AWS all the time"),
    row!(
        SessionNameNotAccepted,
        "session-name-not-accepted",
        "a session is named that the profile may not let be named"
    ),
    row!(UnpinnedImage, "unpinned-image", "the sidecar image is not pinned"),
    row!(UnsupportedHelper, "unsupported-helper", "the credential helper cannot do what is asked of it"),
    row!(EmptyCredentials, "empty-credentials", "the application may start against a helper without credentials"),
    row!(InlineCaKey, "inline-ca-key", "the CA's private key will be in the rendered manifests"),
    row!(InvalidCa, "invalid-ca", "the CA certificate and key cannot serve as a trust anchor"),
    row!(UnresolvedReference, "unresolved-reference", "a reference has no value"),
    row!(NoAccess, "no-access", "AWS credentials are missing, expired, or not allowed to read a value"),
    row!(AwsFailed, "aws-failed", "AWS cannot be reached, or gave no answer in time"),
    row!(StaleLock, "stale-lock", "`iamra.lock` does not cover the declaration"),
    row!(LockDrift, "lock-drift", "AWS has other values than `iamra.lock`"),
    row!(InvalidLock, "invalid-lock", "`iamra.lock` or a values file cannot be read"),
    row!(InvalidPolicy, "invalid-policy", "the operator's policy file cannot be used"),
    row!(OutsidePolicy, "outside-policy", "the operator's policy does not allow a parameter, account or region"),
    row!(ArnMismatch, "arn-mismatch", "ARNs of one identity disagree in partition, account or region"),
    row!(WorkloadNotFound, "workload-not-found", "a declared workload is not among the objects"),
    row!(MisplacedRole, "misplaced-role", "the annotation that names a role is not on the pod template"),
    row!(AmbiguousTarget, "ambiguous-target", "a declared workload matches several objects"),
    row!(ContainerNotFound, "container-not-found", "a container is named that the pod does not have"),
    row!(AlreadyTaken, "already-taken", "a name that iamra needs belongs to something of yours"),
    row!(CredentialsOverride, "credentials-override", "the AWS SDK would take other credentials first"),
    row!(EnvironmentKept, "environment-kept", "a variable of yours was kept where iamra sets another value"),
    row!(
        UnreadableCredentials,
        "unreadable-credentials",
        "the file of credentials is for another user than the application's"
    ),
    row!(HostNetwork, "host-network", "the pod shares the node's network, and so would its credentials"),
    row!(PortClash, "port-clash", "the sidecar's port is already declared in the pod"),
    row!(ProxyWithoutException, "proxy-without-exception", "a proxy would swallow calls to the sidecar"),
    row!(SharedProcesses, "shared-processes", "containers of the pod can reach the files of the sidecar"),
    row!(ExposedKey, "exposed-key", "a container of the application mounts the certificate's key"),
    row!(MeshOrder, "mesh-order", "the sidecar waits for a network that a mesh's proxy brings later"),
    row!(RefusedVolume, "refused-volume", "the kind of workload takes no such volume unless it is switched on"),
    row!(WindowsPod, "windows-pod", "the credential helper's image is for Linux only"),
    row!(CannotEdit, "cannot-edit", "the object is written in a way that cannot be edited safely"),
    row!(NamespaceMismatch, "namespace-mismatch", "a workload and its certificate are in different namespaces"),
    row!(NotInjected, "not-injected", "a declared workload is not as iamra would make it"),
    row!(NoObjects, "no-objects", "kustomize built nothing, and Argo CD would delete everything"),
    row!(CertificateMissing, "certificate-missing", "a workload's Certificate is not in the cluster"),
    row!(CertificateNotReady, "certificate-not-ready", "cert-manager has not issued a workload's certificate"),
    row!(AwsSetup, "aws-setup", "trust anchor, profile or role are not as the declaration needs them"),
    row!(TrustPolicy, "trust-policy", "a role's trust policy does not fit what the certificate will carry"),
    row!(SessionRefused, "session-refused", "IAM Roles Anywhere refuses a session"),
    row!(
        InvalidCertificate,
        "invalid-certificate",
        "a certificate or key that was given to ask AWS with cannot be used"
    ),
    row!(InvalidParameter, "invalid-parameter", "an Argo CD parameter is unknown, of a wrong type or not allowed"),
    row!(OutsideRepository, "outside-repository", "the declaration or its lock leads out of the repository"),
    row!(NotImported, "not-imported", "something of another tool has no counterpart in the declaration"),
    row!(NothingImported, "nothing-imported", "no object has an annotation of the other tool"),
    row!(InvalidState, "invalid-state", "the file is not iam-ra's state document, or is not whole"),
    row!(StaleRender, "stale-render", "a rendered file is not what would be rendered"),
    row!(UndeclaredIdentity, "undeclared-identity", "an object has an identity that nobody declares"),
    row!(DanglingReference, "dangling-reference", "a rendered object refers to one that is not there"),
    row!(ChangedObject, "changed-object", "a rendered object is not what it should be"),
    row!(InternalError, "internal-error", "iamra has a bug"),
    row!(NotChecked, "not-checked", "something that was to be checked could not be looked at"),
];

impl Code {
    /// Every code, in a stable order.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.code)
    }

    /// The kebab-case name.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// One line that says what is wrong.
    pub fn summary(self) -> &'static str {
        self.row().summary
    }

    /// The page that explains it, in Markdown.
    pub fn page(self) -> &'static str {
        self.row().page
    }

    #[expect(clippy::indexing_slicing, reason = "a test holds the table to the order of the enum")]
    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The code of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::all().find(|code| code.name() == name)
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
