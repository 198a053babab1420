//! Tokens: those of the metadata service say when they end and carry a signature, so that none has to be remembered; and the
//! one for container credentials. Comparisons take the same time whatever is compared.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac::{HMAC_SHA256, Key, sign, verify};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::settings::Error;
use crate::secret::Secret;

/// Random bytes of the operating system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes)
}

/// A number from 0 to 1, to spread what many would do at once. Without randomness, the middle.
pub(super) fn chance() -> f64 {
    random::<1>().map_or(0.5, |[byte]| f64::from(byte) / 255.0)
}

/// Makes and checks tokens.
pub(super) struct Tokens {
    key: Key,
    /// The signature of the authorization token.
    authorization: Option<Vec<u8>>,
}

impl Tokens {
    pub(super) fn new() -> Result<Self, Error> {
        Ok(Self { key: Key::new(HMAC_SHA256, &random::<32>()?), authorization: None })
    }

    /// Makes the token for container credentials.
    pub(super) fn authorization(&mut self) -> Result<Secret, Error> {
        let token = URL_SAFE_NO_PAD.encode(random::<32>()?);
        self.authorization = Some(sign(&self.key, token.as_bytes()).as_ref().to_vec());
        Ok(Secret::new(token))
    }

    /// Whether this is the token for container credentials.
    pub(super) fn is_authorization(&self, given: &[u8]) -> bool {
        self.authorization.as_ref().is_some_and(|signature| verify(&self.key, given, signature).is_ok())
    }

    /// Whether there are container credentials at all.
    pub(super) fn has_authorization(&self) -> bool {
        self.authorization.is_some()
    }

    /// A token of the metadata service that ends then, counted from the server's start.
    pub(super) fn metadata(&self, end: Duration) -> String {
        let end = end.as_secs().to_be_bytes();
        let mut token = end.to_vec();
        token.extend_from_slice(sign(&self.key, &end).as_ref());
        URL_SAFE_NO_PAD.encode(token)
    }

    /// Whether this is one that has not ended.
    pub(super) fn is_metadata(&self, given: &[u8], now: Duration) -> bool {
        let Ok(token) = URL_SAFE_NO_PAD.decode(given) else { return false };
        let Some((end, signature)) = token.split_first_chunk::<8>() else { return false };
        verify(&self.key, end, signature).is_ok() && u64::from_be_bytes(*end) > now.as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_end_and_cannot_be_made_up() {
        let (mut tokens, others) = (Tokens::new().unwrap(), Tokens::new().unwrap());
        let at = Duration::from_secs;
        let token = tokens.metadata(at(100));
        assert!(tokens.is_metadata(token.as_bytes(), at(99)));
        assert!(!tokens.is_metadata(token.as_bytes(), at(100)));
        assert!(!others.is_metadata(token.as_bytes(), at(0)));
        for wrong in ["", "AAAA", &"A".repeat(54), &token.replace(|c: char| c.is_ascii_digit(), "x")] {
            assert!(*wrong == token || !tokens.is_metadata(wrong.as_bytes(), at(0)), "{wrong}");
        }
        assert!(!tokens.is_authorization(b""));
        let authorization = tokens.authorization().unwrap();
        assert!(tokens.is_authorization(authorization.reveal().as_bytes()));
        assert!(
            !tokens.is_authorization(token.as_bytes()) && !tokens.is_metadata(authorization.reveal().as_bytes(), at(0))
        );
    }
}
