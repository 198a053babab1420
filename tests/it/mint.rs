//! What policies on certificates refuse (`tests/minting.yaml`), with a real API server, cert-manager and approver-policy.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::{Value, json};

use crate::cluster::{APPLY, Cluster, until};
use crate::peers::peer;
use crate::support::{Output, iamra, root, run};

/// Who asks.
const TENANT: &str = "system:serviceaccount:shop:tenant";

/// Who decides, where, and about what.
struct Side {
    /// The field of the table.
    field: &'static str,
    namespace: &'static str,
    /// The declared Certificate.
    declared: &'static str,
    issuer: &'static str,
}

const SIDES: [Side; 2] = [
    Side { field: "approver", namespace: "shop", declared: "payments", issuer: "iam-ra-approved" },
    Side { field: "admission", namespace: "vault", declared: "ledger", issuer: "iam-ra-admitted" },
];

#[test]
fn policies_refuse_what_is_not_declared() {
    let cluster = cluster();
    let table = fs::read_to_string(root().join("tests/minting.yaml")).unwrap();
    let rows: Vec<Value> = serde_yaml::from_str(&table).unwrap();
    let mut wrong = Vec::new();
    for side in &SIDES {
        let mut asked = Vec::new();
        for (index, row) in rows.iter().enumerate().filter(|(_, row)| row[side.field].is_string()) {
            let object = side.object(index, row);
            let output = create(&cluster, &object, row["as"].as_str().unwrap_or(TENANT));
            let expected = row[side.field].as_str().unwrap();
            if side.field == "admission" && expected != "allowed" {
                if output.exit == 0 || !output.stderr.contains(expected) {
                    wrong.push(format!(
                        "{}: {} is not refused as {expected}: {}",
                        row["what"], side.field, output.stderr
                    ));
                }
                continue;
            }
            assert_eq!(output.exit, 0, "{}: {}", row["what"], output.stderr);
            asked.push((row, expected, object));
        }
        for (row, expected, object) in asked {
            if let Err(found) = decided(&cluster, &object, expected) {
                wrong.push(format!("{}: {} should have decided {expected}: {found}", row["what"], side.field));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows.len() >= 25, "only {} rows", rows.len());
}

/// A cluster where approver-policy decides, with what the declaration renders.
fn cluster() -> Cluster {
    let data = root().join("tests/data/minting");
    let cluster = Cluster::start(&["-approver-policy"]);
    for namespace in ["shop", "vault", "other", "elsewhere"] {
        cluster.namespace(namespace);
    }
    let crds = peer("cluster").ancestors().nth(2).unwrap().join("crds/aws-privateca-issuer");
    let installed = cluster.kubectl(&["apply", "--server-side", "-f", crds.to_str().unwrap()], "");
    assert_eq!(installed.exit, 0, "{}", installed.stderr);
    cluster.serves_what_is_defined();
    cluster.accepts(APPLY, &fs::read_to_string(data.join("tenant.yaml")).unwrap(), "the tenant");
    let rendered = run(iamra(&data).arg("render"), b"");
    assert_eq!(rendered.exit, 0, "{}", rendered.stderr);
    cluster.accepts(APPLY, &rendered.stdout, "what is declared");
    for side in &SIDES {
        cluster.becomes_ready(side.namespace, &format!("certificate/{}-cert", side.declared));
    }
    until("the API server refuses", || {
        let other = json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
            "metadata": {"name": "other", "namespace": "vault"},
            "spec": {"secretName": "other", "commonName": "other",
                "issuerRef": {"kind": "ClusterIssuer", "name": "iam-ra-admitted"}}});
        let args = ["create", "--dry-run=server", "--as", TENANT, "-f", "-"];
        cluster.kubectl(&args, &other.to_string()).exit != 0
    });
    cluster
}

/// As it is written, also where there is one already.
fn create(cluster: &Cluster, object: &Value, account: &str) -> Output {
    let output = cluster.kubectl(&["create", "--as", account, "-f", "-"], &object.to_string());
    if !output.stderr.contains("already exists") {
        return output;
    }
    // cert-manager may write into it meanwhile.
    let replace = || cluster.kubectl(&["replace", "--as", account, "-f", "-"], &object.to_string());
    std::iter::repeat_with(replace).find(|it| !it.stderr.contains("Operation cannot be fulfilled")).unwrap()
}

impl Side {
    /// What the tenant makes by a row.
    fn object(&self, index: usize, row: &Value) -> Value {
        if row["object"].is_object() {
            return self.own(row["object"].clone());
        }
        let declared = format!("{}-cert", self.declared);
        let own = if self.field == "approver" { format!("forged-{index}") } else { declared.clone() };
        let name = row["name"].as_str().unwrap_or(&own);
        let mut spec = json!({
            "commonName": self.declared, "secretName": name, "duration": "24h", "renewBefore": "8h",
            "usages": ["digital signature", "client auth"],
            "subject": {"organizationalUnits": ["prod"]},
            "uris": [format!("spiffe://prod.example/{}", self.declared)],
            "privateKey": {"algorithm": "RSA", "size": 2048, "rotationPolicy": "Always"},
            "issuerRef": {"kind": "ClusterIssuer", "group": "cert-manager.io", "name": self.issuer},
        });
        for (field, value) in row["spec"].as_object().unwrap() {
            match value {
                Value::Null => drop(spec.as_object_mut().unwrap().shift_remove(field)),
                value => spec[field] = value.clone(),
            }
        }
        let namespace = row["namespace"].as_str().unwrap_or(self.namespace);
        json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
            "metadata": {"name": name, "namespace": namespace}, "spec": spec})
    }

    /// An object of the table, with this issuer and the declared name.
    fn own(&self, mut object: Value) -> Value {
        let request = || {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, self.declared);
            let key = KeyPair::generate().unwrap();
            STANDARD.encode(params.serialize_request(&key).unwrap().pem().unwrap())
        };
        match object["kind"].as_str().unwrap() {
            "CertificateRequest" => {
                object["metadata"]["namespace"] = self.namespace.into();
                object["spec"]["issuerRef"]["name"] = self.issuer.into();
                object["spec"]["request"] = request().into();
            }
            "CertificateSigningRequest" => {
                object["spec"]["signerName"] = format!("clusterissuers.cert-manager.io/{}", self.issuer).into();
                object["spec"]["request"] = request().into();
            }
            _ => {}
        }
        object
    }
}

/// Waits until it is decided as expected; `Err` with what is decided in its place.
fn decided(cluster: &Cluster, object: &Value, expected: &str) -> Result<(), String> {
    let (kind, name) = (object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap());
    let namespace = object["metadata"]["namespace"].as_str().unwrap();
    let is_certificate = kind == "Certificate";
    if expected == "allowed" {
        cluster.becomes_ready(namespace, &format!("certificate/{name}"));
        return Ok(());
    }
    let request = if is_certificate { format!("{name}-1") } else { name.to_owned() };
    let mut found = Err("nothing is decided".to_owned());
    until(&request, || {
        let conditions = cluster.kubectl(&["get", "certificaterequest", &request, "-n", namespace, "-o", "json"], "");
        let Ok(conditions) = serde_json::from_str::<Value>(&conditions.stdout) else { return false };
        let conditions = conditions["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let said = conditions.iter().find(|it| it["type"] == "Denied" || it["type"] == "Approved");
        let passed_over = || {
            let args = ["get", "events.events.k8s.io", "-n", namespace, "-o", "json"];
            let events: Value = serde_json::from_str(&cluster.kubectl(&args, "").stdout).unwrap_or_default();
            let mut events = events["items"].as_array().cloned().unwrap_or_default().into_iter();
            events.any(|it| it["regarding"]["name"] == *request && it["reason"] == "Unprocessed")
        };
        found = match said {
            Some(said) if said["type"] == "Denied" && said["message"].as_str().unwrap().contains(expected) => Ok(()),
            Some(said) => Err(format!("{}: {}", said["type"], said["message"])),
            None if expected == "pending" && passed_over() => Ok(()),
            None => return false,
        };
        true
    });
    found
}
