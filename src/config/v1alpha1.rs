//! The declaration exactly as it is written: `apiVersion: iamra.dev/v1alpha1`, `kind: RolesAnywhere`.
//!
//! No logic here. The JSON Schema that editors use and the check of every field come from these types, so
//! the first line of each doc comment is what people read when they hover over a field.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::form;

/// Prefix of all of iamra's annotations and labels. A text without it contains nothing of iamra.
pub const OUR_NAMES: &str = "iamra.dev/";

/// `apiVersion` of the declaration.
pub const API_VERSION: &str = "iamra.dev/v1alpha1";
/// `kind` of the declaration.
pub const KIND: &str = "RolesAnywhere";

/// Maps workloads to AWS identities.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["apiVersion", "kind", "spec"]))]
pub struct RolesAnywhere {
    /// Always `iamra.dev/v1alpha1`.
    #[schemars(extend("const" = API_VERSION, "default" = API_VERSION))]
    pub api_version: String,
    /// Always `RolesAnywhere`.
    #[schemars(extend("const" = KIND, "default" = KIND))]
    pub kind: String,
    /// Kubernetes metadata: name and annotations.
    pub metadata: Metadata,
    /// The content of the declaration.
    pub spec: Spec,
}

/// Name and annotations; other fields of Kubernetes metadata are allowed and ignored.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// The declaration's name.
    pub name: String,
    /// The namespace of workloads that do not set one, if kustomize sets it here.
    pub namespace: Option<String>,
    /// Annotations, such as `config.kubernetes.io/function`, which tells kustomize how to run iamra.
    pub annotations: BTreeMap<String, String>,
}

/// The content of the declaration. Its maps are keyed by name, so that overlays can patch single entries.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    /// The declaration that this one adds workloads to, as a path in the same repository such as `../../iamra.yaml`; everything
    /// else comes from there, except for the `defaults` of these workloads.
    pub extends: Option<String>,
    /// What the KRM function does; `generate` for a generator, and `all` for others when omitted. On the command line, the commands take
    /// its place.
    pub mode: Option<Mode>,
    /// SSM prefix of the installation, a template with `cluster`; `/iam-ra/default` when omitted.
    pub parameter_prefix: Option<String>,
    /// Region of trust anchors and profiles, such as `eu-central-1`.
    #[schemars(extend("pattern" = form::REGION))]
    pub region: Option<String>,
    /// Account and region in which values are looked up, for scopes that do not set their own; the environment's when omitted.
    pub aws: Aws,
    /// Which cluster this render is for; also `--cluster` and `IAMRA_CLUSTER`.
    pub cluster: Option<String>,
    /// kustomize's `namePrefix` for the workloads' names; that of the kustomization on disk when omitted.
    pub name_prefix: Option<String>,
    /// kustomize's `nameSuffix` for the workloads' names; that of the kustomization on disk when omitted.
    pub name_suffix: Option<String>,
    /// Lets kustomize append a hash to the names of generated ConfigMaps; `false` when omitted.
    pub name_suffix_hash: Option<bool>,
    /// Argo CD annotations on the objects that iamra emits.
    pub argo_cd: ArgoCd,
    /// What `iamra check` does with a warning that has a code, such as `late-renewal: deny`.
    pub checks: BTreeMap<String, Level>,
    /// Settings for every workload; clusters, namespaces, scopes and workloads may override them.
    pub defaults: Settings,
    /// A scope is one CA and the one trust anchor that trusts it.
    pub scopes: BTreeMap<String, Scope>,
    /// Roles that workloads can have.
    pub roles: BTreeMap<String, Role>,
    /// Clusters that workloads run in, each with what differs there.
    pub clusters: BTreeMap<String, Cluster>,
    /// What the workloads of a namespace may have, by its name; `"*"` stands for all namespaces that are not listed. Once one
    /// is listed, a workload may have only a role that the entry of its namespace lists.
    pub namespaces: BTreeMap<String, Namespace>,
    /// Workloads and the role of each.
    pub workloads: BTreeMap<String, Workload>,
}

/// Argo CD annotations on the objects that iamra emits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ArgoCd {
    /// Makes Argo CD wait for the CA's Secret, then the Issuer, then the Certificate, before it syncs the workloads.
    pub sync_waves: bool,
    /// Keeps an emitted CA Secret when it is no longer declared or the Application is deleted.
    pub keep_ca: bool,
}

/// What `iamra check` does with a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// Report it as an error.
    Deny,
    /// Report it as a warning, which is the default.
    Warn,
    /// Do not report it.
    Allow,
}

/// What the KRM function does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Emit the Secret, Issuer, Certificate and ConfigMap.
    Generate,
    /// Patch the workloads.
    Transform,
    /// Both.
    All,
    /// Change nothing; fail if a declared workload is not as iamra would render it.
    Validate,
}

/// Settings for all workloads, a cluster, a namespace, a scope or one workload.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// The workload's certificate.
    pub certificate: Certificate,
    /// The credential sidecar.
    pub sidecar: Sidecar,
    /// The environment of the application's containers.
    pub environment: Environment,
}

/// The workload's certificate.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Certificate {
    /// Its lifetime; `24h` when omitted, at least `1h`.
    #[schemars(extend("examples" = ["24h"], "pattern" = form::DURATION))]
    pub duration: Option<String>,
    /// How long before expiry it is renewed; a third of `duration` when omitted, at least `5m`.
    #[schemars(extend("examples" = ["8h"], "pattern" = form::DURATION))]
    pub renew_before: Option<String>,
    /// The subject's common name; a template with `workload`, `namespace`, `cluster`, `role` and `scope`; the workload's name when omitted.
    pub common_name: Option<String>,
    /// The subject's organizations (O): templates like `commonName`. None when omitted.
    pub organizations: Option<Vec<String>>,
    /// The subject's organizational units (OU): templates like `commonName`, such as `"{{ cluster }}"`. None when omitted.
    pub organizational_units: Option<Vec<String>>,
    /// URIs beside the subject, of which AWS reads the first: templates like `commonName`, such as `"spiffe://example.com/ns/{{ namespace }}/sa/{{ workload }}"`. None when omitted.
    pub uris: Option<Vec<String>>,
    /// The private key.
    pub private_key: PrivateKey,
    /// How it gets into the pod; `secret` when omitted.
    pub volume: Option<CertificateVolume>,
    /// Whether AWS is sent the whole chain, as it must be if the trust anchor has not signed the certificate itself, but a CA above the issuer's; `false` when omitted.
    pub intermediates: Option<bool>,
}

/// How a certificate gets into the pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CertificateVolume {
    /// A Certificate is emitted, and the Secret that cert-manager writes for it is mounted.
    Secret,
    /// cert-manager's CSI driver requests one for each pod; the key never leaves the node.
    Csi,
}

/// The private key of a certificate.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PrivateKey {
    /// `RSA` when omitted.
    pub algorithm: Option<KeyAlgorithm>,
    /// Bits: 2048 to 8192 for RSA, and 256, 384 or 521 for ECDSA; 2048 or 256 when omitted.
    pub size: Option<u32>,
}

/// Key algorithms that IAM Roles Anywhere and the credential helper accept.
// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum KeyAlgorithm {
    /// RSA
    #[serde(rename = "RSA")]
    Rsa,
    /// ECDSA over a NIST curve.
    #[serde(rename = "ECDSA")]
    Ecdsa,
}

/// The credential sidecar.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Sidecar {
    /// Which program gets the credentials; `aws` when omitted.
    pub helper: Option<Helper>,
    /// The credential helper's image, pinned by digest or full version; the helper's own when omitted.
    pub image: Option<String>,
    /// When the image is pulled; Kubernetes decides when omitted.
    pub image_pull_policy: Option<PullPolicy>,
    /// How credentials reach the application; `endpoint` when omitted.
    pub delivery: Option<Delivery>,
    /// `native` when omitted.
    pub style: Option<SidecarStyle>,
    /// What the application waits for; `credentials` when omitted.
    pub startup: Option<Startup>,
    /// The loopback port of the credentials endpoint; 9911 when omitted.
    pub port: Option<u16>,
    /// How many hops a response may travel; 1 when omitted, which keeps it in the pod.
    pub hop_limit: Option<u8>,
    /// The name of the session in AWS, a template like `commonName`; the certificate's serial number when omitted. The profile must accept it.
    pub role_session_name: Option<String>,
    /// The proxy to AWS, such as `http://proxy.example.com:3128`.
    pub proxy: Option<String>,
    /// The endpoint that sessions are requested from; the public endpoint of the trust anchor's region when omitted.
    pub endpoint: Endpoint,
    /// Additional flags of the helper, each as `--flag=value`.
    pub extra_args: Option<Vec<String>>,
    /// Additional environment variables of the helper; `null` removes one.
    pub env: BTreeMap<String, Option<String>>,
    /// Sets the user of the image explicitly; `true` when omitted. `false` leaves it to the cluster, as OpenShift requires.
    pub fixed_user: Option<bool>,
    /// CPU and memory.
    pub resources: Resources,
}

/// The endpoint that sessions are requested from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Endpoint {
    /// A URL, such as that of a VPC endpoint.
    pub url: Option<String>,
    /// The FIPS endpoint of the region, where there is one; `false` when omitted.
    pub fips: Option<bool>,
    /// The dual-stack endpoint of the region, which also supports IPv6; `false` when omitted.
    pub dual_stack: Option<bool>,
}

/// The image pull policy of Kubernetes.
// <https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum PullPolicy {
    /// At every start.
    Always,
    /// When the node does not have it.
    IfNotPresent,
    /// Not at all: the node must have it.
    Never,
}

/// The program that gets credentials from IAM Roles Anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Helper {
    /// AWS's `aws_signing_helper`.
    Aws,
    /// `iamra serve`.
    Iamra,
}

/// How credentials reach the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Delivery {
    /// The application requests them from the sidecar, as it would from the metadata endpoint of EC2.
    Endpoint,
    /// The application requests them from the sidecar, as it would from a provider of container credentials such as EKS Pod Identity; only with `helper: iamra`.
    Container,
    /// The application reads a file that the sidecar writes; only with `helper: aws`, for software that ignores the endpoint and rereads the file.
    File,
    /// The application starts the helper itself through `credential_process`; there is no sidecar, and the application's containers hold the key.
    Process,
}

/// How the sidecar is added to the pod.
// <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SidecarStyle {
    /// An init container that keeps running (Kubernetes 1.29 and later).
    Native,
    /// A container next to those of the application.
    Container,
}

/// What the application's containers wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Startup {
    /// AWS has issued credentials once.
    Credentials,
    /// The certificate can be read.
    Certificate,
    /// Nothing.
    None,
}

/// CPU and memory of the sidecar, as Kubernetes quantities.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Resources {
    /// What the scheduler reserves; `cpu: 10m` and `memory: 32Mi` when omitted, entry by entry; `null` removes one.
    pub requests: BTreeMap<String, Option<Quantity>>,
    /// The most that it may use; `memory: 64Mi` when omitted, entry by entry; `null` removes one.
    pub limits: BTreeMap<String, Option<Quantity>>,
}

/// An amount of a resource, such as `10m`, `64Mi`, `1` or `0.5`; a number is used as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("type" = ["string", "number"]))]
pub struct Quantity(pub String);

/// The environment of the application's containers.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Environment {
    /// The application's region; the trust anchor's when omitted.
    #[schemars(extend("pattern" = form::REGION))]
    pub region: Option<String>,
    /// Ends the endpoint with a slash, which the AWS CLI v2 needs and the Java SDK v2 rejects; `false` when omitted.
    pub trailing_slash: Option<bool>,
}

/// One CA and the one trust anchor that trusts it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Scope {
    /// Where the trust anchor's ARN is; `ssm:PREFIX/scopes/NAME/trust-anchor-arn` when omitted.
    #[schemars(extend("pattern" = form::TRUST_ANCHOR))]
    pub trust_anchor: Option<String>,
    /// Account and region in which its values are looked up; the environment's account and `region` of the spec when omitted.
    pub aws: Aws,
    /// The issuer of the workloads' certificates; `ca`, with a Secret that exists, when omitted.
    pub issuer: Option<Issuer>,
    /// Overrides for workloads of this scope.
    pub certificate: Certificate,
    /// Overrides for workloads of this scope.
    pub sidecar: Sidecar,
    /// Overrides for workloads of this scope.
    pub environment: Environment,
}

/// Account and region in which the values of a scope are looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Aws {
    /// Region of its parameters, trust anchor and profiles.
    #[schemars(extend("pattern" = form::REGION))]
    pub region: Option<String>,
    /// A profile in the AWS configuration files of the user who runs iamra.
    pub profile: Option<String>,
    /// ARN of a role to assume for the lookups, usually in another account.
    #[schemars(extend("pattern" = form::ROLE_ARN))]
    pub assume_role: Option<String>,
}

/// The issuer of the certificates; exactly one kind.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Issuer {
    /// A cert-manager CA issuer that iamra emits in every namespace that needs it.
    pub ca: Option<CaIssuer>,
    /// A cert-manager CA issuer for all namespaces: a ClusterIssuer that iamra emits, and the CA in one namespace alone.
    pub cluster_ca: Option<ClusterCaIssuer>,
    /// An issuer of aws-privateca-issuer that iamra emits: AWS Private CA signs, and has the key.
    pub aws_private_ca: Option<AwsPrivateCaIssuer>,
    /// An existing issuer.
    pub existing: Option<ExistingIssuer>,
    /// Limits its certificates to those that the declaration asks for; when omitted, whoever may create a Certificate in a
    /// namespace with the issuer can ask for any name.
    pub mint_policy: Option<MintPolicy>,
}

/// Who limits the certificates of an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MintPolicy {
    /// approver-policy, with a CertificateRequestPolicy for each workload; cert-manager's own approver must be off.
    ApproverPolicy,
    /// The API server, with a ValidatingAdmissionPolicy for each namespace of a namespaced issuer, or one for a cluster-wide
    /// issuer.
    AdmissionPolicy,
    /// Nobody, or something that the declaration does not describe.
    None,
}

/// A cert-manager CA issuer.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CaIssuer {
    /// Which CA of the scope it is; `1` when omitted. The names of its objects end in the number after the first one.
    pub generation: Option<u16>,
    /// Where the CA's certificate and key come from; exactly one source; the existing Secret `iam-ra-ca` when omitted.
    pub secret: CaSecret,
    /// The CA that follows, as long as certificates move to it.
    pub next: Option<NextCa>,
}

/// A cert-manager CA issuer for all namespaces.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClusterCaIssuer {
    /// The namespace of the CA's Secret, where cert-manager looks for it (`--cluster-resource-namespace`); `cert-manager` when omitted.
    #[schemars(extend("pattern" = form::LABEL))]
    pub namespace: Option<String>,
    /// Which CA of the scope it is; `1` when omitted. The names of its objects end in the number after the first one.
    pub generation: Option<u16>,
    /// Where the CA's certificate and key come from; exactly one source; the existing Secret `iam-ra-ca` when omitted.
    pub secret: CaSecret,
    /// The CA that follows, as long as certificates move to it.
    pub next: Option<NextCa>,
}

/// The CA that follows another one in its scope: its `generation` is the next number. `iamra ca rotation` says what to do when.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NextCa {
    /// Where its certificate and key come from; exactly one source; the existing Secret `iam-ra-ca.GENERATION` when omitted.
    pub secret: CaSecret,
    /// Whether it signs, in place of the current one, which must stay until no certificate of it is in use.
    pub signs: bool,
}

/// Where the CA's certificate and key come from.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CaSecret {
    /// A Secret that is already in the namespace; nothing is emitted.
    pub existing: Option<ExistingSecret>,
    /// An ExternalSecret that iamra emits: External Secrets Operator makes the Secret from a store.
    pub external_secret: Option<ExternalSecretCa>,
    /// A CA that cert-manager makes: its key never leaves the cluster. Only for `clusterCa`.
    pub in_cluster: Option<InClusterCa>,
    /// Read from Parameter Store and written into the manifests, private key included.
    pub ssm: Option<SsmSecret>,
}

/// A Secret that is already in the namespace.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ExistingSecret {
    /// Its name; `iam-ra-ca` when omitted (`iam-ra-ca-SCOPE` beyond the default scope).
    #[schemars(extend("pattern" = form::NAME))]
    pub name: Option<String>,
}

/// A CA that cert-manager makes, with a key of its own in each cluster; `iamra ca show` prints its certificate for the trust anchor.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct InClusterCa {}

/// A CA in a store of External Secrets Operator.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["store", "certificate", "key"]))]
pub struct ExternalSecretCa {
    /// The store.
    pub store: SecretStore,
    /// What the store calls the CA's certificate in PEM.
    pub certificate: String,
    /// What the store calls the CA's private key in PEM.
    pub key: String,
    /// How often the operator reads the store; `1h` when omitted.
    #[schemars(extend("examples" = ["1h"], "pattern" = form::DURATION))]
    pub refresh_interval: Option<String>,
}

/// A store of External Secrets Operator.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["name"]))]
pub struct SecretStore {
    /// Its kind; `SecretStore` when omitted, which must be in the namespace of the Secret.
    pub kind: SecretStoreKind,
    /// Its name.
    #[schemars(extend("pattern" = form::NAME))]
    pub name: String,
}

/// Kinds of stores of External Secrets Operator.
// <https://external-secrets.io/latest/api/clustersecretstore/>
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum SecretStoreKind {
    /// For its own namespace.
    #[default]
    SecretStore,
    /// For all namespaces.
    ClusterSecretStore,
}

/// An issuer of aws-privateca-issuer.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["arn"]))]
pub struct AwsPrivateCaIssuer {
    /// The ARN of the private CA, or where it is: `ssm:/name`.
    #[schemars(extend("pattern" = form::PRIVATE_CA))]
    pub arn: String,
    /// Emits one AWSPCAClusterIssuer for all namespaces, in place of an AWSPCAIssuer in every namespace that needs it.
    pub cluster: bool,
    /// ARN of a role that the controller assumes to ask the CA; its own when omitted.
    #[schemars(extend("pattern" = form::ROLE_ARN))]
    pub role: Option<String>,
    /// A Secret with an access key, which the controller uses in place of its own credentials; it must exist.
    pub secret_ref: Option<AccessKeySecret>,
    /// The template of the certificates, such as `EndEntityClientAuthCertificate/V1`; the controller chooses when omitted.
    pub template: Option<String>,
}

/// A Secret with the keys `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["name"]))]
pub struct AccessKeySecret {
    /// Its name.
    #[schemars(extend("pattern" = form::NAME))]
    pub name: String,
    /// Its namespace, which an issuer for all namespaces needs; the issuer's own when omitted.
    #[schemars(extend("pattern" = form::LABEL))]
    pub namespace: Option<String>,
}

/// A CA in Parameter Store.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["certificate", "key"]))]
pub struct SsmSecret {
    /// The parameter with the CA's certificate in PEM, as `ssm:/name`.
    pub certificate: String,
    /// The SecureString parameter with the CA's private key in PEM, as `ssm:/name`.
    pub key: String,
}

/// An existing issuer.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["name"]))]
pub struct ExistingIssuer {
    /// Its API group; `cert-manager.io` when omitted.
    pub group: Option<String>,
    /// Its kind; `Issuer` when omitted.
    pub kind: Option<String>,
    /// Its name.
    #[schemars(extend("pattern" = form::NAME))]
    pub name: String,
}

/// A role that workloads can have.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Role {
    /// The scope whose CA signs its certificates; when omitted, that of the workload's namespace, or `default`.
    pub scope: Option<String>,
    /// Where the IAM role's ARN is; `ssm:PREFIX/roles/NAME/role-arn` when omitted.
    #[schemars(extend("pattern" = form::ROLE))]
    pub role_arn: Option<String>,
    /// Where the profile's ARN is; `ssm:PREFIX/roles/NAME/profile-arn` when omitted.
    #[schemars(extend("pattern" = form::PROFILE))]
    pub profile_arn: Option<String>,
    /// ARNs of IAM policies; used by provisioning only.
    #[schemars(inner(regex(pattern = "^arn:")))]
    pub policies: Vec<String>,
    /// The role's own IAM policies by name, each a policy document with `Version` and `Statement`; used by provisioning only. A
    /// cluster that has one of the same name replaces it as a whole.
    pub inline_policies: BTreeMap<String, Map<String, Value>>,
    /// How long a session lasts, and the most that a workload may set: `15m` to `12h`; `1h` when omitted.
    #[schemars(extend("examples" = ["1h"], "pattern" = form::DURATION))]
    pub session_duration: Option<String>,
    /// Whether the profile accepts session names, which `sidecar.roleSessionName` sets; `false` when omitted, as in AWS.
    pub accept_role_session_name: bool,
}

/// A cluster that workloads run in, and what differs there: fields of `spec` are merged over those of `spec` itself, map by
/// map and entry by entry, and `null` removes an entry.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Cluster {
    /// The namespace of its workloads that do not set one.
    #[schemars(extend("pattern" = form::LABEL))]
    pub namespace: Option<String>,
    /// Overrides for workloads of this cluster.
    pub certificate: Certificate,
    /// Overrides for workloads of this cluster.
    pub sidecar: Sidecar,
    /// Overrides for workloads of this cluster.
    pub environment: Environment,
    /// The prefix in place of that of `spec`.
    pub parameter_prefix: Option<String>,
    /// The region in place of that of `spec`.
    #[schemars(extend("pattern" = form::REGION))]
    pub region: Option<String>,
    /// Merged over that of `spec`.
    pub aws: Aws,
    /// The prefix of names in place of that of `spec`.
    pub name_prefix: Option<String>,
    /// The suffix of names in place of that of `spec`.
    pub name_suffix: Option<String>,
    /// Merged over those of `spec`.
    pub defaults: Settings,
    /// Merged over those of `spec`; `null` removes one.
    pub scopes: BTreeMap<String, Option<Scope>>,
    /// Merged over those of `spec`; `null` removes one.
    pub roles: BTreeMap<String, Option<Role>>,
    /// Merged over those of `spec`; `null` removes one, and one that `spec` does not have runs in this cluster alone.
    pub workloads: BTreeMap<String, Option<Workload>>,
}

/// A tenant: what the workloads of a namespace may have, and who may declare them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Namespace {
    /// The scope that its workloads are in; that of their roles when omitted.
    pub scope: Option<String>,
    /// Overrides for workloads of this namespace.
    pub defaults: Settings,
    /// The roles that its workloads may have, and `"*"` for all; none when omitted.
    pub roles: Vec<String>,
    /// The folders of the repository whose own declarations may declare its workloads, such as `apps/payments`; none when omitted.
    pub paths: Vec<String>,
}

/// A workload and its role.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Workload {
    /// Its role; the role with the workload's name when omitted.
    pub role: Option<String>,
    /// The clusters that it runs in; the only cluster when omitted.
    pub clusters: Vec<String>,
    /// Its namespace; the cluster's when omitted.
    #[schemars(extend("pattern" = form::LABEL))]
    pub namespace: Option<String>,
    /// The object that is patched; any known kind with the workload's name when omitted.
    pub target: Target,
    /// Containers that get credentials; all when omitted.
    pub containers: Option<Vec<String>>,
    /// Containers that get no credentials.
    pub except: Option<Vec<String>>,
    /// How long its sessions last, from `15m` on and no longer than those of its role; the role's `sessionDuration` when omitted.
    #[schemars(extend("examples" = ["30m"], "pattern" = form::DURATION))]
    pub session_duration: Option<String>,
    /// Emits a Pod `NAME-sample-HASH` that prints the workload's identity in AWS and exits.
    pub sample: bool,
    /// Overrides for this workload.
    pub certificate: Certificate,
    /// Overrides for this workload.
    pub sidecar: Sidecar,
    /// Overrides for this workload.
    pub environment: Environment,
}

/// The object that is patched.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Target {
    /// Its kind, such as `Deployment`.
    pub kind: Option<String>,
    /// Its name; the workload's when omitted.
    pub name: Option<String>,
    /// All objects that have these labels, instead of one with a name.
    pub selector: Option<Selector>,
    /// The path of its pod template, such as `spec.podTemplate`, `spec.pools[name=blue].template`, or `.` if the object has
    /// the fields of a Pod; required for kinds that iamra does not know, and to select one of several pod templates.
    pub pod_template_path: Option<String>,
    /// The paths of its pod templates, if several get this identity.
    pub pod_template_paths: Option<Vec<String>>,
}

/// Labels of the objects that are patched: the objects' own labels, not those of their pods.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["matchLabels"]))]
pub struct Selector {
    /// Labels and the values that they must have.
    pub match_labels: BTreeMap<String, String>,
}
