//! What a cluster needs before anything of iamra's is applied there. The objects come from kubectl.

use std::collections::BTreeSet;

use serde_json::Value;

use super::index::{name, namespace, text};
use crate::config::{Config, Delivery, MintPolicy, SidecarStyle};
use crate::diag::{Code, Diagnostic, Report};
use crate::quote::{quote, typed};

/// What is asked of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Where pods get a sidecar.
    pub namespaces: BTreeSet<String>,
    /// Whether one of these is native.
    pub native: bool,
    /// Whether approver-policy limits certificates.
    pub approver_policy: bool,
    /// Whether admission policies do.
    pub admission_policy: bool,
}

impl Needs {
    /// Those of a declaration that is not there yet: what omitted settings mean.
    pub fn usual() -> Self {
        Self { native: true, ..Self::default() }
    }

    /// Those of a declaration, for these of its clusters.
    pub fn of<'c>(configs: impl IntoIterator<Item = &'c Config>) -> Self {
        let mut needs = Self::default();
        for binding in configs.into_iter().flat_map(|config| &config.bindings) {
            needs.namespaces.extend(binding.namespace.as_ref().map(ToString::to_string));
            needs.native |=
                binding.sidecar.delivery != Delivery::Process && binding.sidecar.style == SidecarStyle::Native;
            needs.approver_policy |= binding.mint_policy == Some(MintPolicy::ApproverPolicy);
            needs.admission_policy |= binding.mint_policy == Some(MintPolicy::AdmissionPolicy);
        }
        needs
    }
}

/// What kubectl printed, or why it printed nothing.
pub type Looked = Result<Value, String>;

/// What was looked at in a cluster.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Its version.
    pub version: Looked,
    /// The CRDs of cert-manager and approver-policy.
    pub definitions: Looked,
    /// The Deployments of cert-manager.
    pub deployments: Looked,
    /// Its namespaces.
    pub namespaces: Looked,
}

/// The CRDs that are looked at: that of certificates, and that of approver-policy's policies.
/// <https://cert-manager.io/docs/policy/approval/approver-policy/>
pub const DEFINITIONS: [&str; 2] =
    ["certificates.cert-manager.io", "certificaterequestpolicies.policy.cert-manager.io"];

/// The labels of cert-manager's controller, in its own manifests and in its chart.
/// <https://github.com/cert-manager/cert-manager/blob/master/deploy/charts/cert-manager/templates/deployment.yaml>
pub const CONTROLLER: &str = "app.kubernetes.io/name=cert-manager,app.kubernetes.io/component=controller";

/// The controller that approves requests, in the flag that lists controllers.
/// <https://cert-manager.io/docs/cli/controller/>
const APPROVER: &str = "-certificaterequests-approver";

/// What the version of a program or an object is kept in.
const VERSION: &str = "app.kubernetes.io/version";

/// The label for the Pod Security level of a namespace.
/// <https://kubernetes.io/docs/concepts/security/pod-security-admission/>
const LEVEL: &str = "pod-security.kubernetes.io/enforce";

/// A line for each that is there; a diagnostic for each that is not, or that cannot be looked at.
pub fn prerequisites(needs: &Needs, cluster: &Cluster, report: &mut Report) -> Vec<String> {
    let mut checker = Checker { needs, report, lines: Vec::new() };
    if let Some(version) = checker.looked("the version of Kubernetes", &cluster.version) {
        checker.kubernetes(version);
    }
    if let Some(definitions) = checker.looked("the CRDs of cert-manager", &cluster.definitions) {
        let is_there = checker.cert_manager(definitions);
        if is_there && let Some(deployments) = checker.looked("cert-manager's controller", &cluster.deployments) {
            checker.approver(definitions, deployments);
        }
    }
    if let Some(namespaces) = checker.looked("namespaces", &cluster.namespaces) {
        checker.namespaces(namespaces);
    }
    checker.lines
}

struct Checker<'c> {
    needs: &'c Needs,
    report: &'c mut Report,
    lines: Vec<String>,
}

/// The objects of a list.
fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.get("items").and_then(Value::as_array).into_iter().flatten()
}

fn label<'o>(object: &'o Value, label: &str) -> Option<&'o str> {
    text(object, &["metadata", "labels", label])
}

impl Checker<'_> {
    fn ok(&mut self, line: String) {
        self.lines.push(line);
    }

    fn lacks(&mut self, message: String, help: impl Into<String>) {
        self.report.push(Diagnostic::error(Code::UnmetPrerequisite, message).help(help));
    }

    fn doubts(&mut self, message: String, help: impl Into<String>) {
        self.report.push(Diagnostic::error(Code::NotChecked, message).help(help));
    }

    fn looked<'l>(&mut self, what: &str, looked: &'l Looked) -> Option<&'l Value> {
        match looked {
            Ok(value) => Some(value),
            Err(why) => {
                let help = "let somebody run this who may read it, with kubectl connected to the cluster";
                self.doubts(format!("{what} cannot be looked at: {why}"), help);
                None
            }
        }
    }

    /// <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>
    fn kubernetes(&mut self, version: &Value) {
        let number = |field: &str| {
            let text = text(version, &[field])?;
            // Some providers write `29+`.
            text.trim_end_matches('+').parse::<u32>().ok()
        };
        let Some((major, minor)) = number("major").zip(number("minor")) else {
            let help = "compare `kubectl version` with docs/doctor.md";
            return self.doubts("the version of Kubernetes cannot be told from what kubectl prints".to_owned(), help);
        };
        let found = format!("Kubernetes is {major}.{minor}");
        let mut needed = Vec::new();
        if self.needs.native {
            let help = "upgrade the cluster, or set `sidecar: {style: container}` under `defaults:` of the declaration";
            needed.push((29, "native sidecars need 1.29", help));
        }
        if self.needs.admission_policy {
            let help = "upgrade the cluster, or use `mintPolicy: approverPolicy`";
            needed.push((30, "admission policies need 1.30", help));
        }
        let unmet: Vec<_> = needed.iter().filter(|(least, _, _)| (major, minor) < (1, *least)).collect();
        for (_, words, help) in &unmet {
            self.lacks(format!("{found}, and {words}"), *help);
        }
        if unmet.is_empty() {
            let sidecars = match minor {
                _ if !self.needs.native => "no native sidecar is declared",
                _ if (major, minor) < (1, 33) => "native sidecars are there, as a beta feature that is on by default",
                _ => "native sidecars are there and stable",
            };
            self.ok(format!("{found}: {sidecars}"));
        }
    }

    /// Whether cert-manager's CRDs are there.
    fn cert_manager(&mut self, definitions: &Value) -> bool {
        let [certificates, _] = DEFINITIONS;
        let Some(definition) = items(definitions).find(|it| name(it) == certificates) else {
            let help = "install it: https://cert-manager.io/docs/installation/";
            self.lacks("the cluster has no cert-manager, which issues the certificates".to_owned(), help);
            return false;
        };
        let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
        let is_served = |it: &Value| it["name"] == "v1" && it["served"] == true;
        if !versions.is_some_and(|versions| versions.iter().any(is_served)) {
            let help = "upgrade cert-manager: it has served `cert-manager.io/v1` since 1.0";
            self.lacks("cert-manager does not serve `cert-manager.io/v1`, which iamra emits".to_owned(), help);
            return false;
        }
        match label(definition, VERSION) {
            Some(version) => self.ok(format!("cert-manager {} is installed, as its CRDs say", quote(&version))),
            None => self.ok("cert-manager is installed; its CRDs do not say which version".to_owned()),
        }
        true
    }

    /// Who approves certificate requests: cert-manager itself, or approver-policy.
    /// <https://cert-manager.io/docs/policy/approval/>
    fn approver(&mut self, definitions: &Value, deployments: &Value) {
        let found: Vec<_> = items(deployments).collect();
        let [controller] = found.as_slice() else {
            let message = format!("{} Deployments have the labels of cert-manager's controller", found.len());
            let help = format!(
                "one is expected: {}",
                typed(&format_args!("kubectl get deployments --all-namespaces --selector {CONTROLLER}"))
            );
            return self.doubts(message, help);
        };
        let called = format!("{}/{}", namespace(controller), name(controller));
        let ready = controller.pointer("/status/availableReplicas").and_then(Value::as_u64).unwrap_or_default();
        if ready == 0 {
            let help = typed(&format_args!("kubectl --namespace {} get pods", namespace(controller)));
            self.lacks(format!("cert-manager's controller {} has no pod that is ready", quote(&called)), help);
        } else {
            self.ok(format!("cert-manager's controller {} is running", quote(&called)));
        }
        let containers = controller.pointer("/spec/template/spec/containers").and_then(Value::as_array);
        let args = containers.into_iter().flatten().filter_map(|it| it["args"].as_array()).flatten();
        let args: Vec<_> = args.filter_map(Value::as_str).collect();
        let listed = args.iter().filter_map(|arg| arg.strip_prefix("--controllers=")).next_back();
        let is_off = listed.is_some_and(|list| list.split(',').any(|name| name.trim() == APPROVER));
        // A file may say it, or a list may leave it out.
        let is_plain = listed.is_none_or(|list| is_off || list.split(',').any(|name| name.trim() == "*"));
        if !is_off && (!is_plain || args.iter().any(|arg| arg.starts_with("--config"))) {
            let help = "see whether `controllers` there has `-certificaterequests-approver`";
            let message = "whether cert-manager approves requests itself is in its configuration".to_owned();
            return self.doubts(message, help);
        }
        let has_policies = items(definitions).any(|it| DEFINITIONS.last() == Some(&name(it)));
        self.approved_by(is_off, has_policies);
    }

    fn approved_by(&mut self, is_off: bool, has_policies: bool) {
        match (is_off, has_policies, self.needs.approver_policy) {
            (_, false, true) => {
                let help = "install it: https://cert-manager.io/docs/policy/approval/approver-policy/";
                let message = "the declaration has `mintPolicy: approverPolicy`, and approver-policy is not installed";
                self.lacks(message.to_owned(), help);
            }
            (false, true, true) => {
                let help = "install cert-manager with `disableAutoApproval: true`, or set the flag \
                            `--controllers=*,-certificaterequests-approver`";
                let message = "cert-manager's own approver is on, and approves what approver-policy would not";
                self.lacks(message.to_owned(), help);
            }
            (true, false, false) => {
                let help = "turn it on (`disableAutoApproval: false`), or install approver-policy; if another program \
                            approves requests, nothing is to be done";
                self.doubts(
                    "cert-manager's own approver is off, and approver-policy is not installed".to_owned(),
                    help,
                );
            }
            (true, true, false) => {
                let help = "set `mintPolicy: approverPolicy` for the issuer, or write a CertificateRequestPolicy";
                let message =
                    "approver-policy decides which certificates are issued, and the declaration has no policy";
                self.lacks(message.to_owned(), help);
            }
            (true, true, true) => self.ok("approver-policy approves requests, and cert-manager does not".to_owned()),
            (false, _, false) => self.ok("cert-manager approves requests itself".to_owned()),
        }
    }

    fn namespaces(&mut self, namespaces: &Value) {
        for wanted in &self.needs.namespaces.clone() {
            let Some(found) = items(namespaces).find(|it| name(it) == wanted) else {
                let help = typed(&format_args!("kubectl create namespace {wanted}"));
                self.lacks(format!("there is no namespace {}", quote(&wanted)), help);
                continue;
            };
            let wanted = quote(wanted);
            match label(found, LEVEL) {
                None => self.ok(format!("namespace {wanted} enforces no Pod Security level")),
                // What is added to a pod is within the strictest one, and so is within the others.
                Some(level @ ("privileged" | "baseline" | "restricted")) => {
                    self.ok(format!(
                        "namespace {wanted} enforces the Pod Security level {level}, which the sidecar keeps"
                    ));
                }
                Some(level) => {
                    let help = format!("expected `privileged`, `baseline` or `restricted` in the label {LEVEL}");
                    self.doubts(format!("namespace {wanted} has the Pod Security level {}", quote(&level)), help);
                }
            }
        }
    }
}
