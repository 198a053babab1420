//! What cert-manager really puts into a certificate is what the trust simulation takes for granted.

use iamra::certificate::Certificate;
use iamra::config;
use iamra::diag::Report;
use iamra::yaml::Document;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;

use crate::cluster::{APPLY, CLUSTER, bytes_of};
use crate::support::{iamra, run};

/// Values of all lengths and of both types of string in DER, in no order.
const DECLARATION: &str = r#"
apiVersion: iamra.dev/v1alpha1
kind: RolesAnywhere
metadata: {name: names, namespace: names}
spec:
  scopes:
    default: {trustAnchor: "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d"}
  roles:
    r:
      roleArn: arn:aws:iam::111122223333:role/r
      profileArn: arn:aws:rolesanywhere:eu-central-1:111122223333:profile/0d1e2f30-4152-4637-8495-a6b7c8d9e0f1
  workloads:
    plain: {role: r}
    units:
      role: r
      certificate:
        organizations: [Zebra, Acme Inc., "M\u00fcller"]
        organizationalUnits: [shop, prod, eu, a_b, a.b, "z@b", "x:y=z/1+2-3", "\u00fc"]
    identity:
      role: r
      certificate:
        commonName: "a+b=c@d-e_f.g"
        organizationalUnits: [team]
        uris: ["spiffe://prod.example/ns/{{ namespace }}/sa/{{ workload }}", "urn:acme:second", "https://a-b.example/x_y"]
"#;

#[test]
fn a_certificate_has_the_names_that_are_predicted() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("iamra.yaml"), DECLARATION).unwrap();
    let rendered = run(iamra(dir.path()).arg("render"), b"");
    assert_eq!(rendered.exit, 0, "{}", rendered.stderr);
    let demo = run(iamra(dir.path()).arg("demo"), b"").stdout.replace("namespace: shop", "namespace: names");
    let secret = demo.split("---\n").find(|document| document.contains("kind: Secret")).unwrap();
    CLUSTER.namespace("names");
    CLUSTER.accepts(APPLY, secret, "the CA's Secret");
    CLUSTER.accepts(APPLY, &rendered.stdout, "what is rendered");

    let document = Document::parse(DECLARATION).unwrap();
    let mut report = Report::default();
    let config = config::load(document.root(), None, &[], &mut report).unwrap();
    assert_eq!(config.bindings.len(), 3);
    for binding in &config.bindings {
        let name = &binding.workload;
        CLUSTER.becomes_ready("names", &format!("certificate/{name}-cert"));
        let pem = bytes_of(&CLUSTER.get("names", &format!("secret/{name}-cert")), "tls.crt");
        let names = binding.certificate.names();
        let issued = Certificate::first(&String::from_utf8(pem.clone()).unwrap()).unwrap();
        assert_eq!(issued.attributes, names.subject, "{name}");
        let block = Pem::iter_from_buffer(&pem).next().unwrap().unwrap();
        let parsed = block.parse_x509().unwrap();
        let others = parsed.subject_alternative_name().unwrap().map(|it| it.value.general_names.clone());
        let uri = |other: &GeneralName<'_>| match other {
            GeneralName::URI(uri) => (*uri).to_owned(),
            other => panic!("{name}: {other:?}"),
        };
        let uris: Vec<_> = others.unwrap_or_default().iter().map(uri).collect();
        assert_eq!(uris, names.san.uri, "{name}");
    }
}
