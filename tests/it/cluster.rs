//! A real API server and cert-manager's own controllers: they take what we print, and issue what we ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::Value;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{ExtendedKeyUsage, KeyUsage};
use x509_parser::pem::Pem;

use crate::kustomize::overlay;
use crate::peers::peer;
use crate::support::{Case, Output, cases, iamra, run};

/// Folders of CRDs with kinds of workload that are not Kubernetes' own, and of issuers, policies and Secrets that are not
/// cert-manager's.
const KINDS: &[&str] = &[
    "approver-policy",
    "aws-privateca-issuer",
    "external-secrets",
    "argo-rollouts",
    "argo-workflows",
    "elastic",
    "jobset",
    "knative-serving",
    "kubeflow",
    "kuberay",
    "openkruise",
    "prometheus-operator",
];

/// One for all tests of a run. It ends when this process does: its stdin closes.
pub(crate) static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| {
    let cluster = Cluster::start(&[]);
    cluster.install_kinds();
    cluster
});

pub(crate) struct Cluster {
    pub(crate) kubeconfig: String,
    _process: Child,
}

impl Cluster {
    pub(crate) fn start(args: &[&str]) -> Self {
        let program = peer("cluster");
        let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
        let mut command = Command::new(program);
        command.args(args).env("PATH", path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).expect("the cluster says that it is ready, or why it is not");
        Self { kubeconfig: ready["kubeconfig"].as_str().unwrap().to_owned(), _process: process }
    }

    /// The definitions of the kinds that are not Kubernetes' own.
    fn install_kinds(&self) {
        let crds = peer("cluster").ancestors().nth(2).unwrap().join("crds");
        let folders = KINDS.iter().map(|folder| format!("--filename={}", crds.join(folder).display()));
        let args: Vec<_> = ["apply", "--server-side"].into_iter().map(str::to_owned).chain(folders).collect();
        let output = self.kubectl(&args.iter().map(String::as_str).collect::<Vec<_>>(), "");
        assert_eq!(output.exit, 0, "{}", output.stderr);
        self.serves_what_is_defined();
    }

    /// Waits until every definition of a kind is served. `kubectl wait` asks for one after the other, and fails where the
    /// conditions are still null, as the server writes them first.
    pub(crate) fn serves_what_is_defined(&self) {
        let said = r#"jsonpath={range .items[*]}{.status.conditions[?(@.type=="Established")].status}{"\n"}{end}"#;
        until("every definition is established", || {
            let output = self.kubectl(&["get", "crd", "--output", said], "");
            output.exit == 0 && output.stdout.lines().all(|established| established == "True")
        });
    }

    pub(crate) fn kubectl(&self, args: &[&str], stdin: &str) -> Output {
        run(Command::new(peer("kubectl")).args(args).env("KUBECONFIG", &self.kubeconfig), stdin.as_bytes())
    }

    pub(crate) fn namespace(&self, name: &str) {
        self.namespaces(&[name]);
    }

    fn namespaces(&self, names: &[&str]) {
        let manifest = |name: &&str| format!("---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n");
        let manifests: String = names.iter().map(manifest).collect();
        self.accepts(&["apply", "--server-side", "-f", "-"], &manifests, "namespaces");
    }

    /// Strictly, and without a warning.
    pub(crate) fn accepts(&self, args: &[&str], manifests: &str, what: &str) {
        let output = self.kubectl(args, manifests);
        assert!(output.exit == 0 && output.stderr.is_empty(), "{what}: {}", output.stderr);
    }

    /// So does each of many, by what it is called: in one call, and one by one only to find out whose the fault is.
    fn accepts_each(&self, args: &[&str], each: &[(String, String)]) {
        let all: String = each.iter().map(|(_, manifests)| manifests.as_str()).collect();
        let output = self.kubectl(args, &all);
        if output.exit != 0 || !output.stderr.is_empty() {
            for (what, manifests) in each {
                self.accepts(args, manifests, what);
            }
            panic!("together: {}", output.stderr);
        }
    }

    pub(crate) fn get(&self, namespace: &str, what: &str) -> Value {
        let output = self.kubectl(&["get", "--namespace", namespace, what, "--output", "json"], "");
        assert_eq!(output.exit, 0, "{}", output.stderr);
        serde_json::from_str(&output.stdout).unwrap()
    }

    pub(crate) fn becomes_ready(&self, namespace: &str, what: &str) {
        let args = ["wait", "--namespace", namespace, "--for=condition=Ready", "--timeout=60s", what];
        let output = self.kubectl(&args, "");
        assert_eq!(output.exit, 0, "{what}: {}", self.get(namespace, what)["status"]);
    }
}

pub(crate) const APPLY: &[&str] = &["apply", "--server-side", "--validate=strict", "-f", "-"];
pub(crate) const TRY: &[&str] =
    &["apply", "--server-side", "--force-conflicts", "--validate=strict", "--dry-run=server", "-f", "-"];

const TRY_CREATE: &[&str] = &["create", "--validate=strict", "--dry-run=server", "-f", "-"];

pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_mins(1), "{what} is not so in time");
        sleep(Duration::from_millis(100));
    }
}

pub(crate) fn bytes_of(secret: &Value, key: &str) -> Vec<u8> {
    let engine = base64::engine::general_purpose::STANDARD;
    engine.decode(secret["data"][key].as_str().unwrap_or_else(|| panic!("no {key}"))).unwrap()
}

#[test]
fn the_demo_gets_the_certificate_that_it_asks_for() {
    let dir = tempfile::tempdir().unwrap();
    let demo = run(iamra(dir.path()).arg("demo"), b"");
    assert_eq!(demo.exit, 0, "{}", demo.stderr);
    CLUSTER.namespace("shop");
    CLUSTER.accepts(APPLY, &demo.stdout, "the demo");
    CLUSTER.becomes_ready("shop", "issuer/iam-ra");
    CLUSTER.becomes_ready("shop", "certificate/payment-service-cert");

    let authority = bytes_of(&CLUSTER.get("shop", "secret/iam-ra-ca"), "tls.crt");
    let issued = CLUSTER.get("shop", "secret/payment-service-cert");
    let authority = Pem::iter_from_buffer(&authority).next().unwrap().unwrap();
    let issued_pem = bytes_of(&issued, "tls.crt");
    let leaf = Pem::iter_from_buffer(&issued_pem).next().unwrap().unwrap();
    let (authority, leaf) = (authority.parse_x509().unwrap(), leaf.parse_x509().unwrap());
    check_leaf(&leaf, &authority);
    assert!(String::from_utf8(bytes_of(&issued, "tls.key")).unwrap().contains("PRIVATE KEY"));
}

/// Chain, subject, usages, key and life: what IAM Roles Anywhere looks at.
fn check_leaf(leaf: &X509Certificate<'_>, authority: &X509Certificate<'_>) {
    leaf.verify_signature(Some(authority.public_key())).expect("the CA signed it");
    assert_eq!(leaf.issuer(), authority.subject());
    assert_eq!(leaf.subject().to_string(), "CN=payment-service");
    let usage: &KeyUsage = leaf.key_usage().unwrap().unwrap().value;
    assert!(usage.digital_signature() && !usage.key_cert_sign() && !usage.key_encipherment());
    let extended: &ExtendedKeyUsage<'_> = leaf.extended_key_usage().unwrap().unwrap().value;
    assert!(extended.client_auth && !extended.server_auth && !extended.any);
    let life = (leaf.validity().not_after - leaf.validity().not_before).unwrap();
    assert_eq!(life.whole_seconds(), 24 * 3600);
    let constraints = leaf.basic_constraints().unwrap();
    assert!(constraints.is_none_or(|constraints| !constraints.value.ca));
    assert_eq!(leaf.public_key().parsed().unwrap().key_size(), 2048);
}

#[test]
fn the_overlay_goes_from_kustomize_to_a_ready_certificate() {
    let built = overlay().replace("namespace: shop", "namespace: overlay");
    CLUSTER.namespace("overlay");
    let dir = tempfile::tempdir().unwrap();
    let demo = run(iamra(dir.path()).arg("demo"), b"").stdout.replace("namespace: shop", "namespace: overlay");
    let secret = demo.split("---\n").find(|document| document.contains("kind: Secret")).unwrap();
    CLUSTER.accepts(APPLY, secret, "somebody else's CA Secret");
    CLUSTER.accepts(APPLY, &built, "the overlay");
    CLUSTER.becomes_ready("overlay", "issuer/prod-iam-ra-eu");
    CLUSTER.becomes_ready("overlay", "certificate/prod-payment-service-cert-eu");
    CLUSTER.get("overlay", "secret/payment-service-cert");
}

/// The objects of a stream or a list; JSON objects in a row are a stream too.
pub(crate) fn objects(text: &str) -> Vec<Value> {
    use serde::Deserialize as _;
    let text = text.trim_start_matches('\u{feff}');
    let row = serde_json::Deserializer::from_str(text).into_iter::<Value>().collect::<Result<Vec<_>, _>>();
    let read = |it| serde_json::to_value(untagged(serde_yaml::Value::deserialize(it).unwrap())).unwrap();
    let documents = || serde_yaml::Deserializer::from_str(text).map(read).collect();
    let members = |value: Value| match value["items"].as_array() {
        Some(items) => items.clone(),
        None => vec![value],
    };
    row.unwrap_or_else(|_| documents()).into_iter().flat_map(members).filter(|it| it["metadata"].is_object()).collect()
}

/// A value as `kubectl` reads it: it takes no notice of tags at mappings and lists.
fn untagged(value: serde_yaml::Value) -> serde_yaml::Value {
    use serde_yaml::Value;
    match value {
        Value::Tagged(tagged) => untagged(tagged.value),
        Value::Sequence(items) => Value::Sequence(items.into_iter().map(untagged).collect()),
        Value::Mapping(entries) => {
            Value::Mapping(entries.into_iter().map(|(key, value)| (untagged(key), untagged(value))).collect())
        }
        value => value,
    }
}

/// Objects as `kubectl` reads several at once.
fn stream<'v>(objects: impl IntoIterator<Item = &'v Value>) -> String {
    objects.into_iter().map(|object| format!("---\n{object}\n")).collect()
}

/// The objects that every case gives, list or stream, that a cluster could take.
pub(crate) fn goldens() -> Vec<(String, Vec<Value>)> {
    static GOLDENS: LazyLock<Vec<(String, Vec<Value>)>> = LazyLock::new(read_goldens);
    GOLDENS.clone()
}

fn read_goldens() -> Vec<(String, Vec<Value>)> {
    let good = cases().into_iter().filter(|case| case.exit == 0 && !case.except.contains_key("cluster"));
    // The declaration, and the kind of a case about unknown kinds.
    let nobodys = ["iamra.dev/v1alpha1", "fleet.example.com/v1"];
    let is_ours = |object: &Value| !nobodys.contains(&object["apiVersion"].as_str().unwrap_or_default());
    let of_case = |case: crate::support::Case| (case.name.clone(), objects(&case.run().stdout));
    good.map(of_case).map(|(name, objects)| (name, objects.into_iter().filter(is_ours).collect())).collect()
}

#[test]
fn every_golden_is_taken_strictly_and_without_a_warning() {
    let mut goldens = goldens();
    let mut namespaces = BTreeSet::new();
    for object in goldens.iter_mut().flat_map(|(_, objects)| objects) {
        // Annotations of the orchestrator, which removes them itself.
        if let Some(annotations) = object["metadata"]["annotations"].as_object_mut() {
            annotations.retain(|key, _| !key.contains("config.kubernetes.io"));
        }
        namespaces.extend(object["metadata"]["namespace"].as_str().map(str::to_owned));
    }
    CLUSTER.namespaces(&namespaces.iter().map(String::as_str).collect::<Vec<_>>());
    // Only `create` accepts an object without a name.
    for (args, is_named) in [(TRY, true), (TRY_CREATE, false)] {
        let meant = |object: &&Value| object["metadata"]["name"].is_string() == is_named;
        let of = |(name, objects): &(String, Vec<Value>)| (name.clone(), stream(objects.iter().filter(meant)));
        CLUSTER.accepts_each(args, &goldens.iter().map(of).filter(|(_, it)| !it.is_empty()).collect::<Vec<_>>());
    }
}

/// Whether it is all of a pod's `spec`: some operators add containers or images, or have settings of their own among its fields.
fn is_whole(spec: &Value) -> bool {
    let lists =
        ["containers", "initContainers"].into_iter().flat_map(|list| spec[list].as_array().into_iter().flatten());
    spec["podMetadata"].is_null() && lists.into_iter().all(|it| it["image"].is_string())
}

/// The sidecar in a namespace that enforces Pod Security `restricted`.
#[test]
fn every_sidecar_is_admitted_where_pods_are_restricted() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: restricted\n  labels:\n    \
                     pod-security.kubernetes.io/enforce: restricted\n";
    CLUSTER.accepts(APPLY, namespace, "the namespace");
    let (mut pods, mut all) = (0, Vec::new());
    for (name, objects) in goldens() {
        let mut admitted = Vec::new();
        for mut spec in objects.iter().flat_map(pod_specs).filter(is_whole) {
            // The service account does not affect the sidecar, and is in another namespace.
            // Nor do the author's host settings.
            let theirs = ["serviceAccount", "hostPID", "hostIPC", "hostNetwork"];
            spec.as_object_mut().unwrap().retain(|field, _| !theirs.iter().any(|their| field.starts_with(their)));
            for volume in spec["volumes"].as_array_mut().into_iter().flatten() {
                if volume["hostPath"].is_object() {
                    *volume = serde_json::json!({"name": volume["name"], "emptyDir": {}});
                }
            }
            for list in ["containers", "initContainers"] {
                for container in spec[list].as_array_mut().into_iter().flatten() {
                    // The sidecar must be admitted unchanged.
                    let is_theirs = container["securityContext"].is_null() && container["name"] != "iam-ra-sidecar";
                    if is_theirs {
                        container["securityContext"] = serde_json::json!({
                            "allowPrivilegeEscalation": false, "runAsNonRoot": true,
                            "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
                        });
                    }
                }
            }
            let metadata = serde_json::json!({"name": format!("pod-{}", admitted.len()), "namespace": "restricted"});
            admitted.push(serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}));
        }
        pods += admitted.len();
        all.push((name, stream(&admitted)));
    }
    CLUSTER.accepts_each(TRY, &all);
    assert!(pods >= 35, "only {pods} pods were tried");
}

/// Whatever has containers, however deep it is.
pub(crate) fn pod_specs(value: &Value) -> Vec<Value> {
    let here = value["containers"].is_array().then(|| value.clone());
    let below = value.as_object().into_iter().flat_map(|fields| fields.values()).flat_map(pod_specs);
    here.into_iter().chain(below).collect()
}

/// What is left of the objects of a case in a cluster.
type Chosen = fn(&mut Value) -> bool;

/// Objects in the cluster take the identity, and lose it again.
#[test]
fn every_kind_goes_there_and_back_in_the_cluster() {
    // Immutable in a cluster: the pods of a Job, most of a Pod, and objects that get another name each time.
    let fixed = ["job", "job-plain", "kind-and-name", "pod", "pod-annotated", "workflow-generate-name"];
    let nobodys = "pod-template-path";
    let mut chosen = Vec::new();
    for case in cases().into_iter().filter(|case| case.exit == 0 && !case.except.contains_key("cluster")) {
        let name = case.name.strip_prefix("kind/").or_else(|| case.name.strip_prefix("sidecar/"));
        let is_meant = |name: &&str| case.args.iter().any(|arg| arg == "--workloads-only") && !fixed.contains(name);
        let Some(name) = name.filter(|name| is_meant(name) && *name != nobodys) else { continue };
        chosen.push((format!("there-and-back-{name}"), case));
    }
    assert!(chosen.len() >= 17, "only {} kinds were tried", chosen.len());
    there_and_back(&chosen, |_| true);
}

/// So does whatever else the cases have: every style of sidecar, every setting.
#[test]
fn every_style_goes_there_and_back_in_the_cluster() {
    let is_meant = |case: &Case| {
        let group = case.name.split('/').next().unwrap();
        let is_meant = case.exit == 0 && case.stdin.is_some() && ["function", "inject"].contains(&group);
        is_meant && !case.except.contains_key("cluster")
    };
    let chosen: Vec<_> = cases().into_iter().filter(is_meant).collect();
    let chosen: Vec<_> = chosen.into_iter().enumerate().map(|(n, case)| (format!("style-{n}"), case)).collect();
    // The pods of a Job are immutable, and so is a Pod: they are replaced, or get another name.
    let after = there_and_back(&chosen, |it| {
        it["metadata"] = serde_json::json!({"name": it["metadata"]["name"]});
        !pod_specs(it).is_empty() && !["Job", "Pod"].contains(&it["kind"].as_str().unwrap_or_default())
    });
    let mut styles = BTreeMap::<bool, usize>::new();
    for pod in after.iter().flat_map(pod_specs) {
        for sidecar in crate::credentials::sidecars(&pod) {
            *styles.entry(sidecar["restartPolicy"] == "Always").or_default() += 1;
        }
    }
    assert!(styles.len() == 2 && styles.values().sum::<usize>() >= 18, "{styles:?}");
}

/// Applies the inputs of cases, each in a namespace of its own, what they give, and what `strip` makes of that, one over the
/// other; gives what was in the middle. (That the last is the first is a law.)
fn there_and_back(cases: &[(String, Case)], is_chosen: Chosen) -> Vec<Value> {
    let (mut states, mut middle) = ([Vec::new(), Vec::new(), Vec::new()], Vec::new());
    let mut namespaces = Vec::new();
    for (namespace, case) in cases {
        let (before, after) = (String::from_utf8(case.stdin.clone().unwrap()).unwrap(), case.run().stdout);
        let stripped = run(iamra(&case.input()).args(["strip", "-"]), after.as_bytes()).stdout;
        let chosen = [before, after, stripped].map(|text| {
            let mut objects = objects(&text);
            objects.retain_mut(|it| {
                let is_chosen = is_chosen(it);
                it["metadata"]["namespace"] = namespace.as_str().into();
                is_chosen
            });
            objects
        });
        // A validator returns no objects to kustomize.
        if chosen[0].is_empty() || chosen[1].is_empty() {
            continue;
        }
        namespaces.push(namespace.as_str());
        for (state, objects) in states.iter_mut().zip(&chosen) {
            state.push((case.name.clone(), stream(objects)));
        }
        middle.extend(chosen.into_iter().nth(1).unwrap_or_default());
    }
    CLUSTER.namespaces(&namespaces);
    for state in &states {
        CLUSTER.accepts_each(APPLY, state);
    }
    middle
}

/// Kubernetes' own types know every field that we write: nothing is lost on the way through them.
#[test]
fn every_golden_reads_back_through_typed_objects() {
    use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
    use k8s_openapi::api::batch::v1::{CronJob, Job};
    use k8s_openapi::api::core::v1::{ConfigMap, Pod, PodTemplate, ReplicationController, Secret};
    use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
    fn through<T: serde::de::DeserializeOwned + serde::Serialize>(value: &Value) -> Value {
        serde_json::to_value(serde_json::from_value::<T>(value.clone()).unwrap()).unwrap()
    }
    let mut seen = 0;
    for (name, objects) in goldens() {
        for object in objects {
            let typed = match (object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap()) {
                ("apps/v1", "Deployment") => through::<Deployment>(&object),
                ("apps/v1", "StatefulSet") => through::<StatefulSet>(&object),
                ("apps/v1", "DaemonSet") => through::<DaemonSet>(&object),
                ("apps/v1", "ReplicaSet") => through::<ReplicaSet>(&object),
                ("batch/v1", "Job") => through::<Job>(&object),
                ("batch/v1", "CronJob") => through::<CronJob>(&object),
                ("v1", "Pod") => through::<Pod>(&object),
                ("v1", "PodTemplate") => through::<PodTemplate>(&object),
                ("v1", "ReplicationController") => through::<ReplicationController>(&object),
                ("v1", "ConfigMap") => through::<ConfigMap>(&object),
                ("v1", "Secret") => through::<Secret>(&object),
                ("rbac.authorization.k8s.io/v1", "Role") => through::<Role>(&object),
                ("rbac.authorization.k8s.io/v1", "RoleBinding") => through::<RoleBinding>(&object),
                _ => continue,
            };
            let lost = missing(&object, &typed);
            assert!(lost.is_empty(), "{name}: {lost:?}");
            seen += 1;
        }
    }
    assert!(seen >= 45, "only {seen} objects were read");
}

/// Paths of what `all` has and `some` has not.
fn missing(all: &Value, some: &Value) -> Vec<String> {
    let below =
        |key: &str, paths: Vec<String>| paths.into_iter().map(|path| format!("{key}.{path}")).collect::<Vec<_>>();
    match (all, some) {
        (Value::Object(all), some) => all
            .iter()
            .filter(|(_, value)| !value.is_null())
            .flat_map(|(key, value)| below(key, missing(value, &some[key])))
            .collect(),
        (Value::Array(all), some) => {
            all.iter().enumerate().flat_map(|(n, value)| below(&n.to_string(), missing(value, &some[n]))).collect()
        }
        (a, b) if a == b => Vec::new(),
        _ => vec![String::new()],
    }
}
