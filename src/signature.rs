//! Symmetric signatures of [Standard Webhooks](https://www.standardwebhooks.com) 1.0, for calls that come in
//! (`src/serve/webhook.rs`) and alerts that go out ([`crate::alert`]).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

pub(crate) const ID: &str = "webhook-id";
pub(crate) const TIMESTAMP: &str = "webhook-timestamp";
pub(crate) const SIGNATURE: &str = "webhook-signature";

/// Secrets that count at once: the new and the old one, while they are exchanged.
pub(crate) const SECRETS_MAX: usize = 4;
/// A secret has from 24 to 64 bytes (Standard Webhooks, "Signature scheme").
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const SECRET_PREFIX: &str = "whsec_";
/// The scheme of symmetric signatures.
pub(crate) const SCHEME: &str = "v1,";

/// A secret as it signs.
pub(crate) struct Key(Hmac<Sha256>);

impl Key {
    /// Reads `whsec_` and 24 to 64 bytes in Base64; `None` where `secret` is no such text.
    pub(crate) fn read(secret: &str) -> Option<Self> {
        let text = secret.strip_prefix(SECRET_PREFIX)?;
        let key = STANDARD.decode(text).ok()?;
        if !SECRET_BYTES.contains(&key.len()) {
            return None;
        }
        Hmac::new_from_slice(&key).ok().map(Self)
    }

    /// The signature of a message, in Base64, without [`SCHEME`].
    pub(crate) fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors that lie beside the project, where they do.
    #[test]
    fn published_vectors_are_signed_alike() {
        let Some(folder) = crate::testing::testdata("security/webhooks") else {
            return;
        };
        let text = std::fs::read_to_string(folder.join("provider_vectors.jsonl")).unwrap();
        let vectors = text.lines().map(serde_json::from_str::<serde_json::Value>);
        let mut signed = 0;
        for vector in vectors.map(Result::unwrap) {
            if vector["scheme"] != "standard-webhooks" {
                continue;
            }
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            let header = |name| text(&vector["headers"][name]);
            let key = Key::read(&text(&vector["secret"])).unwrap();
            let signature = key.sign(
                &header(ID),
                &header(TIMESTAMP),
                text(&vector["body"]).as_bytes(),
            );
            let fits = header(SIGNATURE) == format!("{SCHEME}{signature}");
            assert_eq!(
                fits,
                text(&vector["expect"]).starts_with("accept"),
                "{vector}"
            );
            signed += 1;
        }
        assert!(signed > 0);
    }
}
