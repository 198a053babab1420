//! The stable names of everything iamra says about its input.

use std::fmt;

use super::severity::Severity;

/// The severities that a code can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Error,
    Warning,
    /// It depends on the context.
    Either,
    /// It depends on the context, and may be nothing wrong at all.
    Any,
}

struct Row {
    code: Code,
    name: &'static str,
    says: Says,
    summary: &'static str,
    page: &'static str,
}

/// The codes: variant, name, severity and summary. Each row needs a page in `docs/diagnostics`, which is compiled in.
macro_rules! codes {
    ($($code:ident $name:literal $says:ident $summary:literal;)+) => {
        /// What a diagnostic is about. The kebab-case name is a promise: scripts and documentation may rely on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = concat!("`", $name, "`: ", $summary)] $code,)+
        }

        const TABLE: &[Row] = &[
            $(Row {
                code: Code::$code,
                name: $name,
                says: Says::$says,
                summary: $summary,
                page: include_str!(concat!("../../docs/diagnostics/", $name, ".md")),
            },)+
        ];
    };
}

codes! {
    EmptyInput "empty-input" Error "stdin was empty, and a ResourceList or manifests were expected";
    UnreadableInput "unreadable-input" Error "stdin is not YAML, or is truncated";
    NotAResourceList "not-a-resource-list" Error "stdin is YAML, but not a KRM ResourceList";
    UnreadableItem "unreadable-item" Error "an object that iamra must process cannot be read";
    NoDeclaration "no-declaration" Error "there is no `iamra.yaml` and no functionConfig";
    ListedDeclaration "listed-declaration" Warning "the declaration is among the objects of the cluster";
    InvalidBase "invalid-base" Error "the declaration that `extends` names cannot be extended";
    NotDelegated "not-delegated" Error "a declaration says what only the one that it extends may say";
    ClaimedTwice "claimed-twice" Error "two declarations have the same workload";
    NotADeclaration "not-a-declaration" Error "the document is not an `iamra.dev/v1alpha1` RolesAnywhere";
    SyntaxError "syntax-error" Error "the declaration is not YAML";
    UnknownField "unknown-field" Error "a field that iamra does not know";
    DuplicateField "duplicate-field" Error "a field is set twice in one mapping";
    MissingField "missing-field" Error "a required field is missing";
    WrongType "wrong-type" Error "a value has the wrong type for its field";
    InvalidValue "invalid-value" Error "a value is not valid for its field";
    ConflictingFields "conflicting-fields" Error "mutually exclusive fields are both set";
    UnknownRole "unknown-role" Error "a workload refers to a role that is not declared";
    RoleNotAllowed "role-not-allowed" Error "a workload may not have its role in its namespace";
    UnknownScope "unknown-scope" Error "a role or a namespace refers to a scope that is not declared";
    UnknownCluster "unknown-cluster" Error "a cluster is not declared";
    AmbiguousCluster "ambiguous-cluster" Error "several clusters are declared and none was chosen";
    ClusterInUse "cluster-in-use" Error "a cluster cannot be removed while something refers to it";
    RoleInUse "role-in-use" Error "a role cannot be removed while workloads have it";
    UnknownWorkload "unknown-workload" Error "a workload is not declared";
    NothingToDo "nothing-to-do" Warning "the declaration has no workloads for this cluster";
    CommonNameClash "common-name-clash" Error "two workloads of one CA would have the same common name";
    NameCollision "name-collision" Error "two objects would have the same name in one namespace";
    LateRenewal "late-renewal" Warning "one failed renewal would let the certificate expire";
    ShortSession "short-session" Warning "the session is so short that the helper renews it constantly";
    SessionNameNotAccepted "session-name-not-accepted" Warning "a session name is set that the profile may not accept";
    UnpinnedImage "unpinned-image" Warning "the sidecar image is not pinned";
    UnsupportedHelper "unsupported-helper" Error "the credential helper does not support a setting";
    EmptyCredentials "empty-credentials" Warning "the application may start before the helper has credentials";
    InlineCaKey "inline-ca-key" Warning "the CA's private key will be in the rendered manifests";
    UnguardedIssuer "unguarded-issuer" Either "nothing limits which certificates an issuer signs";
    InvalidCa "invalid-ca" Error "the CA certificate and key cannot serve as a trust anchor";
    SameCa "same-ca" Either "the next CA cannot be told from the current one";
    EarlySwitch "early-switch" Either "a CA signs that the trust anchor does not trust, or may not";
    EarlyRemoval "early-removal" Either "a CA goes while certificates of it are in use, or may be";
    FullTrustAnchor "full-trust-anchor" Error "a trust anchor has no room for the next CA";
    CommittedKey "committed-key" Error "a private key is where it is not secret";
    CaExpiry "ca-expiry" Either "a CA has expired, or will soon";
    UnresolvedReference "unresolved-reference" Either "a reference has no value";
    NoAccess "no-access" Error "AWS credentials are missing, expired, or not allowed to read a value";
    AwsFailed "aws-failed" Error "AWS cannot be reached, or did not respond in time";
    StaleLock "stale-lock" Error "`iamra.lock` does not cover the declaration";
    LockDrift "lock-drift" Error "AWS has other values than `iamra.lock`";
    InvalidLock "invalid-lock" Error "`iamra.lock` or a values file cannot be read";
    InvalidPolicy "invalid-policy" Error "the operator's policy file cannot be used";
    OutsidePolicy "outside-policy" Error "the operator's policy does not allow a parameter, account or region";
    ArnMismatch "arn-mismatch" Error "ARNs of one identity disagree in partition, account or region";
    WorkloadNotFound "workload-not-found" Any "a declared workload is not among the objects";
    MisplacedRole "misplaced-role" Warning "the annotation that names a role is not on the pod template";
    AmbiguousTarget "ambiguous-target" Error "a declared workload matches several objects";
    ContainerNotFound "container-not-found" Error "the declaration names a container that the pod does not have";
    UnservedContainer "unserved-container" Either "an init container runs before the sidecar and gets no credentials";
    AlreadyTaken "already-taken" Error "a name that iamra needs is already in use";
    CredentialsOverride "credentials-override" Either "the AWS SDK would use other credentials first";
    DeliveryIgnored "delivery-ignored" Warning "the software in a container is known not to read its credentials as they are delivered";
    EnvironmentKept "environment-kept" Warning "a variable was kept whose value differs from what iamra would set";
    UnreadableCredentials "unreadable-credentials" Either "the application's user cannot read the credentials file";
    HostNetwork "host-network" Error "the pod uses the node's network, which would expose its credentials";
    PortClash "port-clash" Error "the sidecar's port is already declared in the pod";
    ProxyWithoutException "proxy-without-exception" Warning "calls to the sidecar would go through a proxy";
    SharedProcesses "shared-processes" Warning "other containers of the pod can read the sidecar's files";
    ExposedKey "exposed-key" Either "something other than the sidecar gets the certificate's key";
    ExposedSecret "exposed-secret" Either "a role lets somebody read a Secret with a key";
    MeshOrder "mesh-order" Warning "the sidecar waits for a network that the mesh proxy provides only later";
    RefusedVolume "refused-volume" Warning "the kind of workload rejects a volume type unless it is enabled";
    WindowsPod "windows-pod" Error "the credential helper's image supports only Linux";
    CannotEdit "cannot-edit" Error "the object is written in a way that cannot be edited safely";
    NamespaceMismatch "namespace-mismatch" Error "a workload and its certificate are in different namespaces";
    SyncOrder "sync-order" Error "a workload is applied before the objects that it needs";
    NotInjected "not-injected" Error "a declared workload is not as iamra would render it";
    NoObjects "no-objects" Error "kustomize built nothing, and Argo CD would delete everything";
    CertificateMissing "certificate-missing" Error "a workload's Certificate is not in the cluster";
    UnmetPrerequisite "unmet-prerequisite" Either "the cluster or this machine lacks what the manifests need";
    CertificateNotReady "certificate-not-ready" Error "cert-manager has not issued a workload's certificate";
    AwsSetup "aws-setup" Either "the trust anchor, profile or role in AWS does not match the declaration";
    TrustPolicy "trust-policy" Either "a role's trust policy does not match the certificate";
    Impersonation "impersonation" Either "a workload can assume the role of another one";
    LongTrustPolicy "long-trust-policy" Either "a role's trust policy would be longer than IAM accepts";
    SessionRefused "session-refused" Error "IAM Roles Anywhere rejects a session";
    InvalidCertificate "invalid-certificate" Error "a certificate or key for requesting a session cannot be used";
    InvalidParameter "invalid-parameter" Error "an Argo CD parameter is unknown, has the wrong type or is not allowed";
    OutsideRepository "outside-repository" Error "the declaration, its base or its lock is outside the repository";
    NotImported "not-imported" Warning "a setting of the other tool has no equivalent in the declaration";
    NothingImported "nothing-imported" Error "no object has an annotation of the other tool";
    InvalidState "invalid-state" Error "the file is not iam-ra's state document, or is incomplete";
    StaleRender "stale-render" Either "a rendered file differs from what would be rendered";
    UndeclaredIdentity "undeclared-identity" Either "an object has an identity that is not declared";
    DanglingReference "dangling-reference" Any "a rendered object refers to one that does not exist";
    ChangedObject "changed-object" Error "a rendered object differs from what the declaration renders";
    InternalError "internal-error" Error "iamra has a bug";
    NotChecked "not-checked" Error "something could not be checked";
}

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

    /// Whether it can have this severity.
    pub(super) fn can_be(self, severity: Severity) -> bool {
        match self.row().says {
            Says::Error => severity == Severity::Error,
            Says::Warning => severity == Severity::Warning,
            Says::Either => severity != Severity::Note,
            Says::Any => true,
        }
    }

    /// The page that explains it, in Markdown.
    pub fn page(self) -> &'static str {
        self.row().page
    }

    #[expect(clippy::indexing_slicing, reason = "each row makes one variant and one entry")]
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
    fn names_are_kebab_case_and_unique() {
        for row in TABLE {
            assert!(row.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", row.name);
            assert!(!row.summary.ends_with('.'), "{}", row.name);
        }
        let names: BTreeSet<_> = TABLE.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), TABLE.len());
    }
}
