//! The rotation of a CA, walked: at each step the workloads get credentials with what is in their Secrets, `iamra ca rotation`
//! says which step is next, and what would be done too early is refused by AWS, after iamra has said so.

use std::process::Command;

use iamra::certificate::Certificate;
use serde_json::{Value, json};

use crate::cluster::{APPLY, CLUSTER, bytes_of};
use crate::refusals::{PROFILE, ROLE, TRUST_ANCHOR};
use crate::roles_anywhere_peers::{Anywhere, World};
use crate::support::{Output, iamra, root, run};

const WORKLOADS: [&str; 2] = ["one", "two"];

/// A scope on its way, with two workloads in namespaces of their own.
struct Walk {
    folder: tempfile::TempDir,
    scope: &'static str,
    /// `ca` or `clusterCa`, and its other fields.
    kind: &'static str,
    mint_policy: &'static str,
    /// Where the Secrets of the CAs are.
    homes: Vec<String>,
}

/// A workload's certificate and key, as they were at some time.
struct Leaf {
    folder: tempfile::TempDir,
    workload: &'static str,
}

impl Walk {
    fn new(scope: &'static str, kind: &'static str, mint_policy: &'static str) -> Self {
        let namespaces = WORKLOADS.map(|name| format!("{scope}-{name}"));
        for namespace in namespaces.iter().map(String::as_str).chain(["cert-manager"]) {
            CLUSTER.namespace(namespace);
        }
        let homes = if kind == "ca" { namespaces.to_vec() } else { vec!["cert-manager".to_owned()] };
        Self { folder: tempfile::tempdir().unwrap(), scope, kind, mint_policy, homes }
    }

    fn namespace(&self, workload: &str) -> String {
        format!("{}-{workload}", self.scope)
    }

    fn secret(&self, generation: u32) -> String {
        let number = if generation == 1 { String::new() } else { format!(".{generation}") };
        format!("iam-ra-ca-{}{number}", self.scope)
    }

    fn declare(&self, fields: &Value) {
        let workload = |name: &str| json!({"role": "app", "namespace": self.namespace(name)});
        let spec = json!({
            "scopes": {self.scope: {
                "trustAnchor": TRUST_ANCHOR, "issuer": {"mintPolicy": self.mint_policy, self.kind: fields},
            }},
            "roles": {"app": {"scope": self.scope, "profileArn": PROFILE, "roleArn": ROLE}},
            "workloads": {"one": workload("one"), "two": workload("two")},
        });
        let declaration = json!({
            "apiVersion": "iamra.dev/v1alpha1", "kind": "RolesAnywhere", "metadata": {"name": "acme"}, "spec": spec,
        });
        std::fs::write(self.folder.path().join("iamra.yaml"), declaration.to_string()).unwrap();
    }

    /// Declares it, and applies all that is rendered.
    fn apply(&self, fields: &Value) {
        self.declare(fields);
        let rendered = run(iamra(self.folder.path()).arg("render"), b"");
        assert_eq!(rendered.exit, 0, "{}", rendered.stderr);
        CLUSTER.accepts(APPLY, &rendered.stdout, self.scope);
    }

    /// Puts a CA where its issuer looks for it.
    fn provide(&self, generation: u32, [certificate, key]: [&str; 2]) {
        let read = |name: &str| std::fs::read_to_string(root().join("tests/data").join(name)).unwrap();
        for namespace in &self.homes {
            let secret = json!({
                "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
                "metadata": {"name": self.secret(generation), "namespace": namespace},
                "stringData": {"tls.crt": read(certificate), "tls.key": read(key)},
            });
            CLUSTER.accepts(APPLY, &secret.to_string(), "the CA's Secret");
        }
    }

    fn ca_secret(&self, generation: u32) -> Value {
        CLUSTER.get(&self.homes[0], &format!("secret/{}", self.secret(generation)))
    }

    fn ca(&self, generation: u32) -> String {
        String::from_utf8(bytes_of(&self.ca_secret(generation), "tls.crt")).unwrap()
    }

    /// The certificate of each workload is the one of this revision.
    fn is_issued(&self, revision: u32) {
        for workload in WORKLOADS {
            let certificate = format!("certificate/{workload}-cert");
            let (namespace, until) =
                (self.namespace(workload), format!("--for=jsonpath={{.status.revision}}={revision}"));
            let waited =
                CLUSTER.kubectl(&["wait", "--namespace", &namespace, &until, "--timeout=60s", &certificate], "");
            assert_eq!(waited.exit, 0, "{}", waited.stderr);
            CLUSTER.becomes_ready(&namespace, &certificate);
        }
    }

    /// What the workloads have now.
    fn leaves(&self) -> [Leaf; 2] {
        WORKLOADS.map(|workload| {
            let folder = tempfile::tempdir().unwrap();
            let secret = CLUSTER.get(&self.namespace(workload), &format!("secret/{workload}-cert"));
            for key in ["tls.crt", "tls.key"] {
                std::fs::write(folder.path().join(key), bytes_of(&secret, key)).unwrap();
            }
            Leaf { folder, workload }
        })
    }

    /// The double's answer to a request as the sidecar makes it.
    fn request(&self, leaf: &Leaf, aws: &Anywhere) -> Output {
        let mut command: Command = iamra(self.folder.path());
        command.args(["doctor", "--workload", leaf.workload, "--certificate"]).arg(leaf.folder.path().join("tls.crt"));
        command.arg("--key").arg(leaf.folder.path().join("tls.key"));
        run(command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &aws.http), b"")
    }

    fn get_credentials(&self, leaves: &[Leaf], aws: &Anywhere) {
        for leaf in leaves {
            let output = self.request(leaf, aws);
            assert!(output.stdout.contains("ok: AWS issues a session for "), "{}: {}", leaf.workload, output.stderr);
        }
    }

    fn are_refused(&self, leaves: &[Leaf], aws: &Anywhere) {
        for leaf in leaves {
            let output = self.request(leaf, aws);
            assert!(output.exit == 1 && output.stderr.contains("session-refused"), "{}: {output:?}", leaf.workload);
        }
    }

    /// All that kubectl shows, and the public half of the CAs that it does not.
    fn objects(&self, generations: &[u32]) -> Value {
        let kinds = "certificates.cert-manager.io,certificaterequests.cert-manager.io";
        let listed = CLUSTER.kubectl(&["get", kinds, "--all-namespaces", "--output", "json"], "");
        let mut objects: Value = serde_json::from_str(&listed.stdout).unwrap();
        for generation in generations {
            objects["items"].as_array_mut().unwrap().push(self.ca_secret(*generation));
        }
        objects
    }

    /// `iamra ca rotation` on this trust anchor and these objects.
    fn plan(&self, cas: &[&str], objects: &Value) -> (Output, Value) {
        let pem = cas.concat();
        let anchor = json!({"trustAnchor": {
            "trustAnchorArn": TRUST_ANCHOR, "enabled": true,
            "source": {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": pem}},
        }});
        let file = self.folder.path().join("anchor.json");
        std::fs::write(&file, anchor.to_string()).unwrap();
        let args = ["ca", "rotation", "--objects", "-", "--trust-anchor", "anchor.json", "--format", "json"];
        let output = run(iamra(self.folder.path()).args(args), objects.to_string().as_bytes());
        let read = serde_json::from_str::<Value>(&output.stdout).unwrap_or_default();
        (output, read["scopes"][0].clone())
    }

    /// The same, with the trust anchor that AWS has.
    fn plan_live(&self, aws: &Anywhere, objects: &Value) -> Output {
        let mut command = iamra(self.folder.path());
        command.args(["ca", "rotation", "--objects", "-", "--live", "--format", "json"]);
        command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &aws.http);
        command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "example");
        run(&mut command, objects.to_string().as_bytes())
    }

    /// The next step, with nothing that is wrong.
    fn is_before(&self, step: &str, cas: &[&str], objects: &Value) {
        let (output, scope) = self.plan(cas, objects);
        assert_eq!((output.exit, &scope["nextStep"]), (0, &json!(step)), "{} {scope:#}", output.stderr);
    }

    fn is_wrong(&self, code: &str, cas: &[&str], objects: &Value) {
        let (output, _) = self.plan(cas, objects);
        assert!(output.exit == 1 && output.stderr.contains(&format!("error[{code}]")), "{code}: {output:?}");
    }
}

/// AWS with a trust anchor that has these certificates.
fn aws(cas: &[&str]) -> Anywhere {
    let (ca, common_name) = (cas.concat(), "one");
    let mut world = World { trust_anchor: TRUST_ANCHOR, profile: PROFILE, role: ROLE, ca: &ca, common_name }.json();
    let condition = &mut world["roles"][0]["assumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"];
    condition["aws:PrincipalTag/x509Subject/CN"] = json!(WORKLOADS);
    Anywhere::start(&world)
}

fn with(secret: &Value, next: Option<bool>) -> Value {
    let mut fields = json!({"secret": secret});
    if let Some(signs) = next {
        fields["next"] = json!({"secret": secret, "signs": signs});
    }
    fields
}

/// From the first CA to the second, whatever makes them. `second` is called when the next one is declared.
fn walk(walk: &Walk, source: &Value, second: impl Fn()) {
    walk.apply(&with(source, None));
    walk.is_issued(1);
    let old = walk.ca(1);
    let (first, leaves) = (aws(&[&old]), walk.leaves());
    walk.get_credentials(&leaves, &first);
    let (idle, scope) = walk.plan(&[&old], &walk.objects(&[1]));
    assert!(idle.exit == 0 && scope["next"].is_null(), "{idle:?}");

    // The next CA is there, and signs nothing.
    walk.apply(&with(source, Some(false)));
    second();
    let new = walk.ca(2);
    assert_ne!(old, new);
    walk.get_credentials(&walk.leaves(), &first);
    let before = walk.objects(&[1, 2]);
    walk.is_before("trust", &[&old], &before);
    // To let it sign now would be too early, and so would be to have it alone.
    walk.declare(&with(source, Some(true)));
    walk.is_wrong("early-switch", &[&old], &before);
    walk.is_wrong("early-removal", &[&new], &before);
    walk.declare(&with(source, Some(false)));
    walk.is_wrong("early-removal", &[&new], &before);

    // The trust anchor trusts both.
    let both = aws(&[&old, &new]);
    walk.get_credentials(&walk.leaves(), &both);
    walk.is_before("switch", &[&old, &new], &before);

    // The next CA signs. Until each certificate is renewed, the one that is there is good.
    walk.apply(&with(source, Some(true)));
    walk.get_credentials(&walk.leaves(), &both);
    walk.is_before("renew", &[&old, &new], &before);
    walk.is_issued(2);
    let renewed = walk.leaves();
    for leaf in &renewed {
        let pem = std::fs::read_to_string(leaf.folder.path().join("tls.crt")).unwrap();
        assert!(Certificate::first(&pem).unwrap().names_issuer(&Certificate::first(&new).unwrap()), "{pem}");
    }
    walk.get_credentials(&renewed, &both);
    let after = walk.objects(&[1, 2]);
    walk.is_before("distrust", &[&old, &new], &after);
    assert_eq!(walk.plan_live(&both, &after), walk.plan(&[&old, &new], &after).0);
    assert!(walk.plan_live(&first, &after).stderr.contains("error[early-switch]"));
    // What iamra has said to be too early: AWS does refuse it.
    let last = aws(&[&new]);
    walk.are_refused(&renewed, &first);
    walk.are_refused(&leaves, &last);
    walk.is_wrong("early-switch", &[&old], &after);

    // The trust anchor trusts the next CA alone, and then the declaration has it alone.
    walk.get_credentials(&walk.leaves(), &last);
    walk.is_before("remove", &[&new], &after);
    let mut fields = with(source, None);
    fields["generation"] = json!(2);
    walk.declare(&fields);
    walk.is_wrong("early-removal", &[&new], &before);
    walk.apply(&fields);
    let (done, scope) = walk.plan(&[&new], &walk.objects(&[2]));
    assert!(done.exit == 0 && scope["next"].is_null() && scope["current"]["generation"] == 2, "{done:?}");
    walk.is_issued(2);
    walk.get_credentials(&walk.leaves(), &last);
}

#[test]
fn a_ca_that_the_cluster_makes_is_replaced_without_a_gap() {
    let scope = Walk::new("turned", "clusterCa", "admissionPolicy");
    walk(&scope, &json!({"inCluster": {}}), || {
        CLUSTER.becomes_ready("cert-manager", "certificate/iam-ra-ca-turned.2");
        CLUSTER.becomes_ready("cert-manager", "clusterissuer/iam-ra-turned.2");
    });
}

#[test]
fn a_ca_in_the_namespaces_is_replaced_without_a_gap() {
    let scope = Walk::new("swapped", "ca", "none");
    scope.provide(1, ["ca/cert.pem", "ca/key.pem"]);
    walk(&scope, &json!({"existing": {}}), || scope.provide(2, ["keys/p256-ca.pem", "keys/p256-key.pem"]));
}
