//! Calls that are signed instead of bearing a token, as in [Standard Webhooks](https://www.standardwebhooks.com) 1.0: the
//! secret is never sent, and a call that is overheard is of no use five minutes later.
//!
//! Nothing is remembered of calls: one that comes twice asks for the sources that are due, and the second time none is.

use http::HeaderMap;
use subtle::{Choice, ConstantTimeEq};

use crate::signature::{ID, Key, SCHEME, SECRETS_MAX, SIGNATURE, TIMESTAMP};
use crate::time::Timestamp;

/// The sender's clock may be off by this, in seconds, either way.
const TOLERANCE_S: i64 = 5 * 60;
/// Longest id, in bytes.
const ID_BYTES_MAX: usize = 256;
/// Signatures of one call that are looked at: one for each secret while secrets are exchanged.
const SIGNATURES_MAX: usize = 8;

/// Why a signed call is refused, for whoever makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("`webhook-id` is missing, given twice, or over {ID_BYTES_MAX} bytes")]
    Id,
    #[error(
        "`webhook-timestamp` must be seconds since 1970, at most {TOLERANCE_S} seconds from now"
    )]
    Timestamp,
    #[error("no signature in `webhook-signature` fits: sign `id.timestamp.body` with HMAC-SHA-256")]
    Signature,
    #[error(
        "the deployment's `webhook_secret` is none: it must be `whsec_` and 24 to 64 bytes in Base64"
    )]
    Secret,
}

/// Whether `headers` are those of a signed call, right or wrong.
pub(super) fn is_signed(headers: &HeaderMap) -> bool {
    headers.contains_key(SIGNATURE)
}

/// Whether the call was signed at about `now` with one of `secrets`, which are separated by spaces: the new and the old one,
/// while they are exchanged.
///
/// # Errors
/// See [`Refusal`].
pub(super) fn verify(
    secrets: &str,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Refusal> {
    let id = single(headers, ID).ok_or(Refusal::Id)?;
    if id.is_empty() || id.len() > ID_BYTES_MAX {
        return Err(Refusal::Id);
    }
    let timestamp = single(headers, TIMESTAMP).ok_or(Refusal::Timestamp)?;
    let sent_s: i64 = timestamp.parse().map_err(|_| Refusal::Timestamp)?;
    if now.as_secs().abs_diff(sent_s) > TOLERANCE_S.unsigned_abs() {
        return Err(Refusal::Timestamp);
    }
    let given = single(headers, SIGNATURE).ok_or(Refusal::Signature)?;
    let mut fits = Choice::from(0);
    for secret in secrets.split_ascii_whitespace().take(SECRETS_MAX) {
        let key = Key::read(secret).ok_or(Refusal::Secret)?;
        let expected = key.sign(id, timestamp, body);
        for signature in given.split(' ').take(SIGNATURES_MAX) {
            let signature = signature.strip_prefix(SCHEME).unwrap_or_default();
            fits |= signature.as_bytes().ct_eq(expected.as_bytes());
        }
    }
    if bool::from(fits) {
        Ok(())
    } else {
        Err(Refusal::Signature)
    }
}

fn single<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const SENT_S: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    /// The example of the standard's own libraries.
    const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn headers(signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ID, "msg_p5jXN8AQM9LWM0D4loKWxJek".parse().unwrap());
        headers.insert(TIMESTAMP, SENT_S.into());
        headers.insert(SIGNATURE, signature.parse().unwrap());
        headers
    }

    fn check(secrets: &str, signature: &str, now_s: i64) -> Result<(), Refusal> {
        let now = Timestamp::from_secs(now_s);
        verify(secrets, &headers(signature), BODY, now)
    }

    #[test]
    fn one_of_several_signatures_with_one_of_several_secrets() {
        let wrong = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=";
        for (secrets, signature, fits) in [
            (SECRET.to_owned(), SIGNED.to_owned(), true),
            (format!("{OTHER} {SECRET}"), SIGNED.to_owned(), true),
            (SECRET.to_owned(), format!("v1a,xyz {wrong} {SIGNED}"), true),
            (OTHER.to_owned(), SIGNED.to_owned(), false),
            (SECRET.to_owned(), wrong.to_owned(), false),
            (SECRET.to_owned(), SIGNED.replace("v1,", "v2,"), false),
            (SECRET.to_owned(), SIGNED.replace("v1,", ""), false),
            (SECRET.to_owned(), "v1,".to_owned(), false),
            (SECRET.to_owned(), String::new(), false),
        ] {
            let expected = if fits {
                Ok(())
            } else {
                Err(Refusal::Signature)
            };
            assert_eq!(check(&secrets, &signature, SENT_S), expected, "{signature}");
        }
        let now = Timestamp::from_secs(SENT_S);
        let other_body = verify(SECRET, &headers(SIGNED), b"{}", now);
        assert_eq!(other_body, Err(Refusal::Signature));
    }

    #[test]
    fn a_call_counts_for_five_minutes() {
        for (late_s, expected) in [
            (0, Ok(())),
            (300, Ok(())),
            (-300, Ok(())),
            (301, Err(Refusal::Timestamp)),
            (-301, Err(Refusal::Timestamp)),
        ] {
            assert_eq!(check(SECRET, SIGNED, SENT_S + late_s), expected, "{late_s}");
        }
        let mut odd = headers(SIGNED);
        for text in ["", "x", "9223372036854775808", "-1", "1614265330.0"] {
            odd.insert(TIMESTAMP, text.parse().unwrap());
            let refused = verify(SECRET, &odd, BODY, Timestamp::from_secs(SENT_S));
            assert_eq!(refused, Err(Refusal::Timestamp), "{text}");
        }
    }

    #[test]
    fn what_is_no_signed_call_is_refused() {
        let now = Timestamp::from_secs(SENT_S);
        let mut twice = headers(SIGNED);
        twice.append(ID, "another".parse().unwrap());
        assert_eq!(verify(SECRET, &twice, BODY, now), Err(Refusal::Id));
        let mut long = headers(SIGNED);
        long.insert(ID, "x".repeat(ID_BYTES_MAX + 1).parse().unwrap());
        assert_eq!(verify(SECRET, &long, BODY, now), Err(Refusal::Id));
        for secret in [
            "whsec_",
            "whsec_AAAA",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_*",
        ] {
            assert_eq!(
                check(secret, SIGNED, SENT_S),
                Err(Refusal::Secret),
                "{secret}"
            );
        }
        assert_eq!(check(" ", SIGNED, SENT_S), Err(Refusal::Signature));
    }
}
