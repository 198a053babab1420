//! The double refuses what AWS refuses (`tests/refusals.yaml`), so that what it grants means something.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::anywhere::{Anywhere, World};
use crate::support::root;

const TRUST_ANCHOR: &str =
    "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";
const PROFILE: &str = "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/0d1e2f30-4152-4637-8495-a6b7c8d9e0f1";
const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const COMMON_NAME: &str = "app";

/// A CA, and the certificate that it gives to a workload.
pub(crate) struct Pair {
    pub(crate) ca: String,
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// A good pair, but for what `spoilt` says.
pub(crate) fn pair(spoilt: &Value) -> Pair {
    let authority = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap().pem(), Issuer::new(params, key))
    };
    let (trusted, signer) = authority("the CA");
    let signer = if spoilt["otherAuthority"] == true { authority("the CA").1 } else { signer };
    let now = OffsetDateTime::now_utc();
    let mut leaf = CertificateParams::default();
    leaf.distinguished_name.remove(DnType::CommonName);
    match spoilt["commonName"].as_str().unwrap_or(COMMON_NAME) {
        "" => {}
        name => leaf.distinguished_name.push(DnType::CommonName, name),
    }
    let start = if spoilt["future"] == true { now + Duration::days(1) } else { now - Duration::days(2) };
    leaf.not_before = start;
    leaf.not_after = if spoilt["expired"] == true { now - Duration::days(1) } else { start + Duration::days(4) };
    leaf.is_ca = if spoilt["isCa"] == true { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::ExplicitNoCa };
    leaf.key_usages = match spoilt["usages"].as_array() {
        None => vec![KeyUsagePurpose::DigitalSignature],
        Some(none) if none.is_empty() => Vec::new(),
        Some(_) => vec![KeyUsagePurpose::KeyEncipherment],
    };
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    let certificate = leaf.signed_by(&key, &signer).unwrap().pem();
    let key = if spoilt["otherKey"] == true { KeyPair::generate().unwrap() } else { key };
    Pair { ca: trusted, certificate, key: key.serialize_pem() }
}

/// The world of a row.
pub(crate) fn world(row: &Value, ca: &str) -> Value {
    let good = World { trust_anchor: TRUST_ANCHOR, profile: PROFILE, role: ROLE, ca, common_name: COMMON_NAME };
    let mut world = good.json();
    for (pointer, value) in row["world"].as_object().into_iter().flatten() {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        world.pointer_mut(parent).unwrap_or_else(|| panic!("no {pointer}"))[key] = value.clone();
    }
    world
}

pub(crate) fn rows() -> Vec<Value> {
    serde_yaml::from_str(&std::fs::read_to_string(root().join("tests/refusals.yaml")).unwrap()).unwrap()
}

/// Writes the pair as the sidecar's volume has it.
pub(crate) fn write(pair: &Pair, folder: &Path) {
    std::fs::write(folder.join("tls.crt"), &pair.certificate).unwrap();
    std::fs::write(folder.join("tls.key"), &pair.key).unwrap();
}

fn arguments(folder: &Path, row: &Value) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    let (certificate, key) = (file("tls.crt"), file("tls.key"));
    let flags = [
        ("certificate", certificate.as_str()),
        ("private-key", &key),
        ("trust-anchor-arn", TRUST_ANCHOR),
        ("profile-arn", PROFILE),
        ("role-arn", ROLE),
    ];
    let flags = flags.iter().map(|(name, value)| format!("--{name}={value}"));
    let more = row["flags"].as_array().into_iter().flatten().map(|flag| flag.as_str().unwrap().to_owned());
    ["serve".to_owned()].into_iter().chain(flags).chain(more).collect()
}

#[test]
fn the_double_refuses_what_aws_refuses() {
    let good = [json!({"name": "nothing is wrong"})];
    for row in good.iter().chain(&rows()) {
        let folder = tempfile::tempdir().unwrap();
        let pair = pair(&row["certificate"]);
        write(&pair, folder.path());
        let anywhere = Anywhere::start(&world(row, &pair.ca));
        let session = anywhere.python_session(&arguments(folder.path(), row));
        let seen = anywhere.seen();
        let last = seen.last().unwrap_or_else(|| panic!("{}: {}", row["name"], session.stderr));
        let Some([status, name, words]) = row["refused"].as_array().map(Vec::as_slice) else {
            assert_eq!((last["status"].as_u64(), session.exit), (Some(201), 0), "{last} {}", session.stderr);
            continue;
        };
        assert_eq!(last["status"], *status, "{}: {last}", row["name"]);
        let refused = last["refused"].as_str().unwrap();
        let (name, words) = (name.as_str().unwrap(), words.as_str().unwrap());
        assert!(refused.starts_with(&format!("{name}: ")) && refused.contains(words), "{}: {refused}", row["name"]);
        // In a shape that an independent client can read.
        assert!(session.exit != 0 && session.stderr.contains(words), "{}: {}", row["name"], session.stderr);
    }
}
