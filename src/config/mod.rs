//! The declaration, valid by construction: code that has a [`Config`] need not check it again.

mod binding;
mod ca_source;
mod claim;
mod collision;
mod config_map;
mod declared;
mod delegated;
mod extension;
mod flat;
mod form;
mod inline_policies;
mod installation;
mod issuer;
mod layer;
mod made;
mod mint;
mod names;
mod namespace;
mod naming;
mod opt_in;
mod overlay;
mod placed;
mod reader;
mod schema;
mod scope;
mod session;
mod sidecar;
mod unique;
pub mod v1alpha1;
mod validate;
mod whole;
mod written;

pub use claim::Claims;
pub use config_map::is_config_map;
pub use flat::{Flat, flat};
pub use installation::{DeclaredScope, Installation};
pub use mint::Minted;
pub use namespace::{ALL, NotAllowed, Tenants};
pub use naming::{Affixes, Naming, naming};
pub use opt_in::{OptIn, ROLE};
pub use schema::{SCHEMA_ID, generated_schema, json_schema};
pub use unique::Subjects;
pub use v1alpha1::{
    API_VERSION, ArgoCd, CertificateVolume, Delivery, Helper, KIND, KeyAlgorithm, MintPolicy, Mode, OUR_NAMES,
    PullPolicy, SidecarStyle, Startup,
};
pub use validate::PARAMETER_PREFIX;
pub use whole::{Base, Documents, Whole, base_of, extends};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use extension::Extension;

use serde_json::Value;

use crate::diag::{Code, Diagnostic, Level, Place, Report};
use crate::duration::Duration;
use crate::helper::{self, Capabilities};
use crate::issuer::Issuer;
use crate::krm::Position;
use crate::name::DnsLabel;
use crate::quote::quote;
use crate::reference::Reference;
use crate::secret::private_key;
use crate::yaml::{self, FieldPath, NodeRef, SyntaxError};

/// A declaration, as seen from one cluster.
#[derive(Debug, Clone)]
pub struct Config {
    /// What a function call does, when the declaration says so.
    pub mode: Option<Mode>,
    /// Whether generated ConfigMaps ask kustomize for a hash in their names.
    pub name_suffix_hash: bool,
    /// What Argo CD should know of emitted objects.
    pub argo_cd: ArgoCd,
    /// What a check does with warnings.
    pub checks: BTreeMap<Code, Level>,
    /// The cluster, when the declaration has any.
    pub cluster: Option<String>,
    /// The namespace of its workloads that do not set one, if declared.
    pub namespace: Option<DnsLabel>,
    /// The issuers of this cluster, by scope: those of its workloads or, if it has none, of the declared roles.
    pub issuers: BTreeMap<String, Issuer>,
    /// The workloads of this cluster, by name.
    pub bindings: Vec<Binding>,
    /// The certificates of all of them whose issuer has an admission policy, whichever of the workloads are at hand.
    pub minted: Arc<[Minted]>,
    /// What kustomize puts around the names of the objects at hand.
    pub naming: Naming,
    /// What the workloads of each namespace may have.
    pub tenants: Arc<Tenants>,
    /// Every role, whether or not a workload of this cluster has it, and the issuer of its scope; once for each scope that
    /// its workloads are in.
    pub roles: Arc<[(Role, Issuer)]>,
    /// Whose the resources in AWS are.
    pub installation: Installation,
}

/// One workload and what it becomes.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The workload's name.
    pub workload: String,
    /// Its namespace, if declared.
    pub namespace: Option<DnsLabel>,
    /// The object that is patched.
    pub target: Target,
    /// The containers that get credentials.
    pub containers: Containers,
    /// Its role, which is one for all that have it.
    pub role: Arc<Role>,
    /// How long its sessions last, if not as long as its role's.
    pub session: Option<Duration>,
    /// The scope's name.
    pub scope: String,
    /// The entry of `namespaces` that it is declared under.
    pub tenant: Option<String>,
    /// The issuer of its certificate, one for all in its scope.
    pub issuer: Arc<Issuer>,
    /// Who limits the certificates of that issuer, if the declaration says it.
    pub mint_policy: Option<MintPolicy>,
    /// Its certificate.
    pub certificate: Certificate,
    /// Its sidecar, one for workloads in a row with the same settings.
    pub sidecar: Arc<Sidecar>,
    /// The environment of its containers.
    pub environment: Environment,
    /// Whether a Pod is emitted that prints its identity.
    pub sample: bool,
    /// Whether the declaration lists it; else its pod template is annotated with its role.
    pub is_listed: bool,
    /// Where it is declared: it, or its role when it is not listed.
    pub place: FieldPath,
}

/// Which object is patched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its kind; any known kind when `None`.
    pub kind: Option<String>,
    /// Which of that kind.
    pub which: Which,
    /// Where its pod templates are, if declared.
    pub pod_templates: Vec<FieldPath>,
}

/// Which objects of a kind are patched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one of this name.
    Name(String),
    /// All that have these labels.
    Labels(BTreeMap<String, String>),
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "named {}", quote(&name)),
            Self::Labels(labels) => {
                let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
                write!(f, "with the labels {}", quote(&labels.join(",")))
            }
        }
    }
}

/// Which containers get credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Containers {
    /// Every one.
    All,
    /// These.
    Only(Vec<String>),
    /// All but these.
    Except(Vec<String>),
}

/// The identity of a workload, before it is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The role's name in the declaration.
    pub name: String,
    /// The scope that its workloads are in.
    pub scope: String,
    /// Where the trust anchor's ARN is.
    pub trust_anchor: Reference,
    /// Where the profile's ARN is.
    pub profile: Reference,
    /// Where the IAM role's ARN is.
    pub role: Reference,
    /// How long a session lasts, and the most that a workload may set.
    pub session: Duration,
    /// Whether the profile lets workloads name their sessions.
    pub accepts_session_name: bool,
    /// ARNs of the IAM policies that the declaration lists for it.
    pub policies: Vec<String>,
    /// The IAM policies that are the role's own, by name.
    pub inline_policies: BTreeMap<String, Value>,
}

/// A workload's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The subject's common name.
    pub common_name: String,
    /// The subject's organizations.
    pub organizations: Vec<String>,
    /// The subject's organizational units.
    pub organizational_units: Vec<String>,
    /// Its URIs, of which AWS reads the first.
    pub uris: Vec<String>,
    /// How long it lives.
    pub duration: Duration,
    /// How long before expiry it is renewed.
    pub renew_before: Duration,
    /// The private key's algorithm.
    pub algorithm: KeyAlgorithm,
    /// The private key's size in bits.
    pub size: u32,
    /// How it gets into the pod.
    pub volume: CertificateVolume,
    /// Whether the chain is sent with it.
    pub intermediates: bool,
}

impl Config {
    /// Changes the fields of the declaration that it remembers.
    fn relocate(&mut self, field: impl Fn(&FieldPath) -> FieldPath) {
        let role = |role: &mut Role| {
            for reference in [&mut role.trust_anchor, &mut role.profile, &mut role.role] {
                reference.place = field(&reference.place);
            }
        };
        for binding in &mut self.bindings {
            binding.place = field(&binding.place);
            role(Arc::make_mut(&mut binding.role));
            Arc::make_mut(&mut binding.issuer).references_mut().for_each(|it| it.place = field(&it.place));
        }
        self.issuers.values_mut().flat_map(Issuer::references_mut).for_each(|it| it.place = field(&it.place));
        let mut roles = self.roles.to_vec();
        for (declared, issuer) in &mut roles {
            role(declared);
            issuer.references_mut().for_each(|it| it.place = field(&it.place));
        }
        self.roles = roles.into();
        self.installation.references_mut().for_each(|it| it.place = field(&it.place));
    }
}

impl Binding {
    /// How long its sessions last.
    pub fn session(&self) -> &Duration {
        self.session.as_ref().unwrap_or(&self.role.session)
    }
}

impl Certificate {
    /// Whether there is a Certificate object, and a Secret that cert-manager writes for it; the CSI driver needs neither.
    pub fn has_secret(&self) -> bool {
        self.volume == CertificateVolume::Secret
    }
}

/// A workload's credential sidecar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sidecar {
    /// The program that it runs.
    pub helper: Helper,
    /// Its image.
    pub image: String,
    /// The image pull policy, if declared.
    pub pull_policy: Option<PullPolicy>,
    /// How credentials reach the application.
    pub delivery: Delivery,
    /// How it is part of the pod.
    pub style: SidecarStyle,
    /// What the application waits for.
    pub startup: Startup,
    /// The port of the credentials endpoint.
    pub port: u16,
    /// How many hops a response may travel.
    pub hop_limit: u8,
    /// The name of the session in AWS, when the workload gives one.
    pub role_session_name: Option<String>,
    /// The URL of the proxy to AWS.
    pub proxy: Option<String>,
    /// The endpoint that sessions are requested from.
    pub endpoint: Endpoint,
    /// Further flags of the helper.
    pub extra_args: Vec<String>,
    /// Further variables of the helper.
    pub env: BTreeMap<String, String>,
    /// Whether the user of the image is set explicitly.
    pub fixed_user: bool,
    /// What the scheduler reserves.
    pub requests: BTreeMap<String, String>,
    /// The most that it may use.
    pub limits: BTreeMap<String, String>,
}

impl Helper {
    /// What it can do.
    pub fn can(self) -> &'static Capabilities {
        match self {
            Self::Aws => &helper::AWS,
            Self::Iamra => &helper::IAMRA,
        }
    }

    /// Its command that delivers credentials in this way, if it can.
    pub fn command(self, delivery: Delivery) -> Option<&'static str> {
        let can = self.can();
        match delivery {
            Delivery::Endpoint => can.metadata,
            Delivery::Container => can.container,
            Delivery::File => can.file,
            Delivery::Process => can.process,
        }
    }

    /// As the declaration writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Iamra => "iamra",
        }
    }
}

impl Delivery {
    /// As the declaration writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Container => "container",
            Self::File => "file",
            Self::Process => "process",
        }
    }

    /// Whether the application calls the sidecar.
    pub fn is_served(self) -> bool {
        matches!(self, Self::Endpoint | Self::Container)
    }
}

impl Sidecar {
    /// The helper's command that delivers credentials in this way, if it can.
    pub fn command(&self) -> Option<&'static str> {
        self.helper.command(self.delivery)
    }
}

/// The endpoint that sessions are requested from; the region's public endpoint if nothing is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// A URL without a path.
    pub url: Option<String>,
    /// The region's FIPS endpoint.
    pub fips: bool,
    /// The region's endpoint with IPv6.
    pub dual_stack: bool,
}

/// The environment of a workload's containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The application's region, when it is not the trust anchor's.
    pub region: Option<String>,
    /// Whether the endpoint ends with a slash.
    pub trailing_slash: bool,
}

impl Binding {
    /// Whether it is a workload of a declaration that the one at hand extends.
    pub fn is_inherited(&self) -> bool {
        self.is_listed && self.place.document() > 0
    }
}

/// Reads a declaration. `cluster` is the one asked for on the command line, if any; `opted_in` are annotated workloads
/// among the objects at hand.
///
/// Everything wrong with it is reported; there is no `Config` then.
pub fn load<'d>(
    declaration: impl Into<Whole<'d>>,
    cluster: Option<&str>,
    opted_in: &[OptIn],
    report: &mut Report,
) -> Option<Config> {
    load_all(declaration, &[cluster], opted_in, report)?.pop()
}

/// Like [`load`], as seen from each of these clusters; what they share is read and checked once.
pub fn load_all<'d>(
    declaration: impl Into<Whole<'d>>,
    clusters: &[Option<&str>],
    opted_in: &[OptIn],
    report: &mut Report,
) -> Option<Vec<Config>> {
    let mut found = Report::default();
    let configs = read(declaration.into(), clusters, opted_in, &mut found);
    let failed = found.has_errors();
    report.append(found);
    (!failed).then_some(configs)
}

/// The clusters to load the declaration for, in the order of the file; a single `None` if it declares none. The
/// declaration is not checked.
pub fn clusters<'d>(declaration: impl Into<Whole<'d>>) -> Vec<Option<&'d str>> {
    let clusters = declaration.into().root().at(&FieldPath::keys("spec.clusters"));
    let names = clusters.into_iter().flat_map(NodeRef::entries).filter_map(|(name, _)| name.text());
    let names: Vec<_> = names.map(Some).collect();
    if names.is_empty() { vec![None] } else { names }
}

/// Like [`load_all`], for showing a declaration: returns the valid parts even if others are invalid.
pub fn load_lenient<'d>(
    declaration: impl Into<Whole<'d>>,
    clusters: &[Option<&str>],
    report: &mut Report,
) -> Vec<Config> {
    read(declaration.into(), clusters, &[], report)
}

/// The diagnostic for a declaration that is not YAML.
pub fn syntax_error(error: &SyntaxError) -> Diagnostic {
    Diagnostic::error(Code::SyntaxError, format!("the declaration is not YAML: {}", error.message))
        .at(Place::ConfigText(error.offset))
}

fn read(declaration: Whole<'_>, clusters: &[Option<&str>], opted_in: &[OptIn], found: &mut Report) -> Vec<Config> {
    let node = declaration.own();
    // Reviewers and kustomize would see different lines than iamra does.
    if let Some((at, name)) = yaml::line_break(node.document()) {
        let message =
            format!("the declaration has a raw {name} outside quotes, which some YAML parsers treat as a line break");
        found.push(
            Diagnostic::error(Code::SyntaxError, message)
                .at(Place::ConfigText(at))
                .help("remove it, or write it as an escape in double quotes"),
        );
        return Vec::new();
    }
    check_committed(declaration, found);
    let Some((value, extension)) = declared(declaration, found) else { return Vec::new() };
    let mut report = Report::default();
    let views = overlay::views(value, &mut report);
    let configs = validate::validate(views, clusters, opted_in, extension.as_ref(), &mut report);
    let mut configs = configs.unwrap_or_default();
    if let Some(extension) = &extension {
        report = report.without(Code::NothingToDo).relocated(|at| extension.origin(at));
        if extension.is_idle() && !report.has_errors() && !found.has_errors() {
            report.push(validate::nothing_to_do(None));
        }
        for config in &mut configs {
            config.relocate(|at| extension.origin(at));
        }
        delegated::check_objects(&configs, declaration, &mut report);
    }
    found.append(report);
    configs
}

/// Reports private keys, in whatever field or comment.
fn check_committed(declaration: Whole<'_>, report: &mut Report) {
    for (name, text) in declaration.texts() {
        let Some(at) = private_key(text) else { continue };
        let place = match name {
            None => Place::ConfigText(at),
            Some(name) => Place::File(name.to_owned(), Some(Position::of(text, at).line)),
        };
        report.push(Diagnostic::error(Code::CommittedKey, "the declaration has a private key").at(place).help(
            "replace the key, which is not secret any more; a declaration only refers to Secrets and parameters",
        ));
    }
}

/// The declaration's fields, checked one by one.
fn declared<'d>(declaration: Whole<'d>, found: &mut Report) -> Option<(serde_json::Value, Option<Extension<'d>>)> {
    let node = declaration.own();
    if is_config_map(node) {
        return config_map::read(node, found).map(|value| (value, None));
    }
    is_declaration(node, found).then(|| extension::read(declaration, found)).flatten()
}

/// Whether the document is a declaration, by `apiVersion` and `kind`; anything else is reported.
fn is_declaration(node: NodeRef<'_>, report: &mut Report) -> bool {
    let Err(found) = kind_of(node) else { return true };
    let text = |key| node.get(key).and_then(NodeRef::text).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let place = if kind == KIND || kind.is_empty() && api_version != API_VERSION { "apiVersion" } else { "kind" };
    report.push(
        Diagnostic::error(Code::NotADeclaration, format!("this is not a declaration: {found}"))
            .at(Place::Config(FieldPath::root().key(place)))
            .help(format!("write `apiVersion: {API_VERSION}` and `kind: {KIND}`")),
    );
    false
}

/// What a document is, unless it is a declaration.
fn kind_of(node: NodeRef<'_>) -> Result<(), String> {
    let text = |key| node.get(key).and_then(NodeRef::text).unwrap_or_default();
    match (text("apiVersion"), text("kind")) {
        (API_VERSION, KIND) => Ok(()),
        ("", "") => Err("it has neither `apiVersion` nor `kind`".to_owned()),
        (api_version, kind) => Err(format!("it is {} {}", quote(&api_version), quote(&kind))),
    }
}
