//! The certificate and its key, read anew for each signature: cert-manager renews both while we run.

use crate::certificate::{Certificate, PrivateKey};
use crate::disk;
use crate::quote::quote;
use crate::secret::Secret;

use super::settings::Files;

/// A certificate with its chain, and the key that belongs to it.
pub(super) struct Pair {
    pub(super) chain: Vec<Certificate>,
    pub(super) key: PrivateKey,
}

/// Reads both; they belong together, or it is an error, which says why.
pub(super) fn read(files: &Files) -> Result<Pair, String> {
    let mut paths = vec![files.certificate.as_path(), files.key.as_path()];
    paths.extend(files.intermediates.as_deref());
    let mut texts = disk::read_together(&paths).map_err(|error| error.to_string())?.into_iter();
    let (certificate, key) = (texts.next().unwrap_or_default(), Secret::new(texts.next().unwrap_or_default()));
    let wrong = |path: &std::path::Path, why: &str| format!("{} cannot be used: {why}", quote(&path.display()));
    let mut chain = Certificate::all(&certificate).map_err(|why| wrong(&files.certificate, &why))?;
    if let Some((path, text)) = files.intermediates.as_deref().zip(texts.next()) {
        let behind = Certificate::all(&text).map_err(|why| wrong(path, &why))?;
        chain.truncate(1);
        let leaf = chain.first().map(|leaf| leaf.der.clone());
        chain.extend(behind.into_iter().filter(|it| Some(&it.der) != leaf.as_ref()));
    }
    let leaf = chain.first().ok_or_else(|| wrong(&files.certificate, "it has no certificate"))?;
    match PrivateKey::of(leaf, &key) {
        Ok(Some(key)) if key.can_sign() => Ok(Pair { chain, key }),
        Ok(Some(_)) => Err(wrong(&files.key, "RSA keys of more than 4096 bits cannot sign here")),
        Ok(None) => Err(wrong(&files.key, "it is not the key of the certificate")),
        Err(_) => Err(wrong(&files.key, "it is not an RSA or EC private key without a password, in PEM")),
    }
}
