//! Certificates and keys in PEM, and serial numbers: what is said of them has no key in it.

use iamra::ca::Serial;
use iamra::certificate::{Authority, Certificate, PrivateKey, succession};
use iamra::secret::{Secret, private_key};

use crate::fixture::{CERTIFICATE, KEY};
use crate::oracle::no_key;

pub fn run(text: &str) {
    Serial::parse(text);
    let key = Secret::new(text);
    match Certificate::all(text) {
        Ok(all) => {
            for certificate in &all {
                let again = Certificate::first(&certificate.pem()).expect("what is printed can be read");
                assert_eq!(again.der, certificate.der);
                certificate.fingerprint();
                certificate.end();
                certificate.end_rfc3339();
                certificate.trouble(1_800_000_000);
                if let Ok(Some(key)) = PrivateKey::of(certificate, &key) {
                    key.sign(b"text");
                }
            }
            if let [one, other, ..] = all.as_slice() {
                succession::check(one, other);
                one.names_issuer(other);
            }
        }
        Err(why) => no_key(&why),
    }
    for (certificate, key) in [(text, KEY), (CERTIFICATE, text), (text, text)] {
        match Authority::check(certificate, &Secret::new(key)) {
            // cert-manager reads both.
            Ok(authority) => assert!(private_key(&authority.certificate).is_none(), "{text:?}"),
            Err(why) => no_key(&why),
        }
    }
}
