//! Every kind of issuer and source of a CA that can be had here: cert-manager's own controllers issue, a second reader of X.509
//! verifies, and the double of IAM Roles Anywhere takes the certificate.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use x509_parser::pem::Pem;

use crate::cluster::{APPLY, CLUSTER, bytes_of};
use crate::refusals::{PROFILE, ROLE, TRUST_ANCHOR};
use crate::roles_anywhere_peers::{Anywhere, World};
use crate::support::{iamra, root, run};

/// The namespace in which cert-manager looks for the Secrets of a ClusterIssuer.
const CERT_MANAGER: &str = "cert-manager";

/// A declaration with a scope, whose workload is in two namespaces under two names.
struct Declared {
    folder: tempfile::TempDir,
    scope: &'static str,
}

impl Declared {
    fn new(scope: &'static str, issuer: &Value) -> Self {
        // Who may ask is shown elsewhere.
        let mut issuer = issuer.clone();
        issuer["mintPolicy"] = json!("none");
        let role = json!({"scope": scope, "profileArn": PROFILE, "roleArn": ROLE});
        let workload = |name: &str| json!({"role": "app", "namespace": format!("{scope}-{name}")});
        let spec = json!({
            "clusters": {"production": {}},
            "scopes": {scope: {"trustAnchor": TRUST_ANCHOR, "issuer": issuer}},
            "roles": {"app": role},
            "workloads": {"one": workload("one"), "two": workload("two")},
        });
        let declaration = json!({
            "apiVersion": "iamra.dev/v1alpha1", "kind": "RolesAnywhere", "metadata": {"name": "acme"}, "spec": spec,
        });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("iamra.yaml"), declaration.to_string()).unwrap();
        Self { folder, scope }
    }

    fn namespaces(&self) -> [String; 2] {
        ["one", "two"].map(|name| format!("{}-{name}", self.scope))
    }

    fn secret(&self) -> String {
        format!("secret/iam-ra-ca-{}", self.scope)
    }

    fn render(&self) -> String {
        let rendered = run(iamra(self.folder.path()).arg("render"), b"");
        assert_eq!(rendered.exit, 0, "{}", rendered.stderr);
        rendered.stdout
    }

    /// The namespaces are there, a CA is in those of `cas`, and all that is rendered is applied.
    fn apply(&self, cas: &[&str]) {
        for namespace in self.namespaces().iter().map(String::as_str).chain([CERT_MANAGER]) {
            CLUSTER.namespace(namespace);
        }
        for namespace in cas {
            let read = |name: &str| std::fs::read_to_string(root().join("tests/data/ca").join(name)).unwrap();
            let secret = json!({
                "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
                "metadata": {"name": format!("iam-ra-ca-{}", self.scope), "namespace": namespace},
                "stringData": {"tls.crt": read("cert.pem"), "tls.key": read("key.pem")},
            });
            CLUSTER.accepts(APPLY, &secret.to_string(), "the CA's Secret");
        }
        CLUSTER.accepts(APPLY, &self.render(), self.scope);
    }

    /// The certificates of both workloads are issued by the CA in this namespace, and AWS takes them.
    fn is_trusted(&self, ca: &str) {
        for (workload, namespace) in ["one", "two"].iter().zip(self.namespaces()) {
            CLUSTER.becomes_ready(&namespace, &format!("certificate/{workload}-cert"));
            let files = Files::of(&namespace, workload);
            verify(&files.read("tls.crt"), ca, workload);
            let world =
                World { trust_anchor: TRUST_ANCHOR, profile: PROFILE, role: ROLE, ca, common_name: workload }.json();
            let anywhere = Anywhere::start(&world);
            let mut command = iamra(self.folder.path());
            command.args(["doctor", "--workload", workload, "--certificate"]).arg(files.path("tls.crt"));
            command.arg("--key").arg(files.path("tls.key"));
            let output = run(command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &anywhere.http), b"");
            assert!(output.stdout.contains("ok: AWS issues a session for "), "{workload}: {}", output.stderr);
        }
    }

    fn ca(&self, namespace: &str) -> String {
        String::from_utf8(bytes_of(&CLUSTER.get(namespace, &self.secret()), "tls.crt")).unwrap()
    }

    /// No namespace of a workload has the CA.
    fn keeps_the_key(&self) {
        for namespace in self.namespaces() {
            let secrets = CLUSTER.get(&namespace, "secrets");
            let names: Vec<_> = secrets["items"].as_array().unwrap().iter().map(|it| &it["metadata"]["name"]).collect();
            assert!(names.len() == 1 && names[0].as_str().unwrap().ends_with("-cert"), "{names:?}");
        }
    }
}

/// A workload's Secret as files.
struct Files(tempfile::TempDir);

impl Files {
    fn of(namespace: &str, workload: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secret = CLUSTER.get(namespace, &format!("secret/{workload}-cert"));
        for key in ["tls.crt", "tls.key"] {
            std::fs::write(folder.path().join(key), bytes_of(&secret, key)).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }
}

/// The first certificate of the chain is signed by the CA, and says what AWS looks at.
fn verify(chain: &str, ca: &str, common_name: &str) {
    let first = |pem: &str| Pem::iter_from_buffer(pem.as_bytes()).next().unwrap().unwrap();
    let (leaf, ca) = (first(chain), first(ca));
    let (leaf, ca) = (leaf.parse_x509().unwrap(), ca.parse_x509().unwrap());
    leaf.verify_signature(Some(ca.public_key())).expect("the CA signed it");
    assert_eq!(leaf.issuer(), ca.subject());
    assert_eq!(leaf.subject().to_string(), format!("CN={common_name}"));
    assert!(leaf.key_usage().unwrap().unwrap().value.digital_signature());
    assert!(leaf.basic_constraints().unwrap().is_none_or(|constraints| !constraints.value.ca));
}

#[test]
fn a_ca_that_the_cluster_makes_signs_for_all_namespaces() {
    let declared = Declared::new("made", &json!({"clusterCa": {"secret": {"inCluster": {}}}}));
    assert!(!declared.render().contains("kind: Secret\n"), "no key is in the stream");
    declared.apply(&[]);
    CLUSTER.becomes_ready(CERT_MANAGER, "certificate/iam-ra-ca-made");
    let ca = declared.ca(CERT_MANAGER);
    declared.is_trusted(&ca);
    declared.keeps_the_key();
    let shown = shown(&CLUSTER.get(CERT_MANAGER, &declared.secret()));
    assert_eq!(shown, ca, "what the trust anchor gets");

    let first = Pem::iter_from_buffer(ca.as_bytes()).next().unwrap().unwrap();
    let first = first.parse_x509().unwrap();
    assert_eq!(first.subject().to_string(), "O=made, OU=production, CN=iam-ra-ca");
    let usage = first.key_usage().unwrap().unwrap().value;
    assert!(first.is_ca() && usage.key_cert_sign() && usage.crl_sign());

    // A renewal, as cert-manager itself begins it.
    let status = json!({"status": {"conditions": [{
        "type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1,
    }]}});
    let certificate = "certificate/iam-ra-ca-made";
    let args = ["patch", "--namespace", CERT_MANAGER, "--subresource=status", "--type=merge", certificate, "--patch"];
    let patched = CLUSTER.kubectl(&[&args[..], &[&status.to_string()]].concat(), "");
    assert_eq!(patched.exit, 0, "{}", patched.stderr);
    let issued =
        ["wait", "--namespace", CERT_MANAGER, "--for=jsonpath={.status.revision}=2", "--timeout=60s", certificate];
    let waited = CLUSTER.kubectl(&issued, "");
    assert_eq!(waited.exit, 0, "{}", waited.stderr);
    let renewed = declared.ca(CERT_MANAGER);
    assert_ne!(renewed, ca);
    let second = Pem::iter_from_buffer(renewed.as_bytes()).next().unwrap().unwrap();
    assert_eq!(second.parse_x509().unwrap().public_key(), first.public_key(), "the key is the same");
    // What is issued from now on, by a trust anchor that still has the old certificate.
    for (workload, namespace) in ["one", "two"].iter().zip(declared.namespaces()) {
        let secret = format!("secret/{workload}-cert");
        let deleted = CLUSTER.kubectl(&["delete", "--namespace", &namespace, &secret], "");
        assert_eq!(deleted.exit, 0, "{}", deleted.stderr);
        let wait = ["wait", "--namespace", &namespace, "--for=create", "--timeout=60s", &secret];
        let waited = CLUSTER.kubectl(&wait, "");
        assert_eq!(waited.exit, 0, "{}", waited.stderr);
    }
    declared.is_trusted(&ca);
}

/// What is printed of a Secret for its trust anchor, without its key.
fn shown(secret: &Value) -> String {
    let output = run(iamra(root()).args(["ca", "show"]), secret.to_string().as_bytes());
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let key = String::from_utf8(bytes_of(secret, "tls.key")).unwrap();
    for line in key.lines().chain(secret["data"]["tls.key"].as_str()) {
        assert!(!output.stdout.contains(line) && !output.stderr.contains(line), "the key is printed");
    }
    output.stdout
}

#[test]
fn a_ca_in_cert_manager_s_namespace_signs_for_all_namespaces() {
    let declared = Declared::new("given", &json!({"clusterCa": {}}));
    declared.apply(&[CERT_MANAGER]);
    declared.is_trusted(&declared.ca(CERT_MANAGER));
    declared.keeps_the_key();
}

#[test]
fn a_ca_in_each_namespace_signs_there() {
    let declared = Declared::new("beside", &json!({"ca": {}}));
    let namespaces = declared.namespaces();
    declared.apply(&namespaces.each_ref().map(String::as_str));
    declared.is_trusted(&declared.ca(&namespaces[0]));
}

/// A ClusterIssuer reads no other namespace: what `clusterCa.namespace` says must be cert-manager's own.
#[test]
fn a_ca_in_another_namespace_is_not_found() {
    let declared = Declared::new("astray", &json!({"clusterCa": {"namespace": "astray-one"}}));
    declared.apply(&["astray-one"]);
    let wait = ["wait", "--for=jsonpath={.status.conditions[0].reason}=ErrGetKeyPair", "--timeout=60s"];
    let waited = CLUSTER.kubectl(&[&wait[..], &["clusterissuer/iam-ra-astray"]].concat(), "");
    assert_eq!(waited.exit, 0, "{}", waited.stderr);
    let objects = CLUSTER.kubectl(
        &["get", "certificates,certificaterequests,issuers,clusterissuers", "--all-namespaces", "--output", "json"],
        "",
    );
    let output = doctor(declared.folder.path(), &objects.stdout);
    assert!(output.contains("`iam-ra-ca-astray`") && output.contains("cert-manager runs"), "{output}");
}

fn doctor(folder: &Path, objects: &str) -> String {
    let mut command: Command = iamra(folder);
    run(command.args(["doctor", "--objects", "-"]), objects.as_bytes()).stderr
}

/// The definitions of AWS's issuer and of External Secrets Operator take what is rendered, strictly. Neither answers here.
#[test]
fn what_others_read_is_as_their_definitions_say() {
    let pca = "arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/01234567-89ab-cdef-0123-456789abcdef";
    let role = "arn:aws:iam::111122223333:role/issue";
    let store = json!({"kind": "ClusterSecretStore", "name": "aws"});
    let external = json!({"store": store, "certificate": "/ca/crt", "key": "/ca/key", "refreshInterval": "30m"});
    let kinds = [
        ("pca", json!({"awsPrivateCa": {"arn": pca}})),
        ("pca-all", json!({"awsPrivateCa": {"arn": pca, "cluster": true, "role": role}})),
        (
            "pca-key",
            json!({"awsPrivateCa": {"arn": pca, "cluster": true, "secretRef": {"name": "a", "namespace": "b"}}}),
        ),
        ("pca-form", json!({"awsPrivateCa": {"arn": pca, "template": "EndEntityClientAuthCertificate/V1"}})),
        ("eso", json!({"ca": {"secret": {"externalSecret": external}}})),
        ("eso-all", json!({"clusterCa": {"secret": {"externalSecret": external}}})),
    ];
    for (scope, issuer) in kinds {
        Declared::new(scope, &issuer).apply(&[]);
    }
    let issuer = CLUSTER.get("pca-one", "awspcaissuers.awspca.cert-manager.io/iam-ra-pca");
    assert_eq!(issuer["spec"], json!({"arn": pca, "region": "eu-central-1"}));
    let secret = CLUSTER.get(CERT_MANAGER, "externalsecrets.external-secrets.io/iam-ra-ca-eso-all");
    assert_eq!(secret["spec"]["data"][0]["remoteRef"].as_object().unwrap().len(), 4, "the server has nothing to add");
}
