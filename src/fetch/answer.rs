//! What an answer that is no redirect means: a document, nothing new, or a failure in plain words.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, HeaderName, LAST_MODIFIED, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use std::time::SystemTime;
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use super::decode::{self, DecodeError};
use super::{Document, FetchError, Outcome, Validators, text};
use crate::host::Incoming;
use crate::time::Timestamp;

/// Longest validator kept, in bytes; a longer one is as good as none.
const VALIDATOR_BYTES_MAX: usize = 512;
/// Longest `Content-Type` kept, in bytes.
const CONTENT_TYPE_BYTES_MAX: usize = 256;
/// Longest wait that `Retry-After` may ask for, in milliseconds: a day.
const RETRY_AFTER_MS_MAX: i64 = 24 * 60 * 60 * 1000;

/// What `answer` from `url` brings, compared with what we have (`known`).
pub(super) fn outcome(
    answer: Incoming,
    known: &Validators,
    url: Url,
    body_bytes_max: usize,
    now: Timestamp,
) -> Result<Outcome, FetchError> {
    match answer.status.as_u16() {
        200 | 203 => {}
        304 => return not_modified(&answer.headers, known),
        204 | 205 => return Err(empty(answer.status)),
        _ => return Err(status_error(answer.status, &answer.headers, now)),
    }
    // A host that keeps to its port never gets here with more.
    if answer.body.len() > body_bytes_max {
        return Err(FetchError::new("too-large", too_large(body_bytes_max)));
    }
    let body = decode::decode(answer.body, &answer.headers, body_bytes_max)
        .map_err(|error| decode_error(&error, body_bytes_max))?;
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(empty(answer.status));
    }
    let validators = Validators {
        etag: kept(&answer.headers, ETAG, VALIDATOR_BYTES_MAX),
        last_modified: kept(&answer.headers, LAST_MODIFIED, VALIDATOR_BYTES_MAX),
        body_hash: body_hash(&body),
    };
    if known.body_hash == validators.body_hash {
        return Ok(Outcome::Unchanged { validators });
    }
    Ok(Outcome::Fresh(Document {
        body,
        content_type: kept(&answer.headers, CONTENT_TYPE, CONTENT_TYPE_BYTES_MAX),
        url,
        validators,
    }))
}

/// What is said of an answer over the limit.
pub(super) fn too_large(body_bytes_max: usize) -> String {
    format!("the answer is over {}", text::size(body_bytes_max))
}

/// Never 0, which stands for "no document yet".
fn body_hash(body: &Bytes) -> u64 {
    xxh3_64(body).max(1)
}

/// RFC 9110 §15.4.5: a 304 may bring newer validators; those it leaves out stay.
fn not_modified(headers: &HeaderMap, known: &Validators) -> Result<Outcome, FetchError> {
    if known.etag.is_none() && known.last_modified.is_none() {
        return Err(FetchError::new(
            "status",
            "says \"not modified\" (304) though it was asked for the whole document".into(),
        ));
    }
    let newer = |name, old: &Option<String>| {
        kept(headers, name, VALIDATOR_BYTES_MAX).or_else(|| old.clone())
    };
    Ok(Outcome::Unchanged {
        validators: Validators {
            etag: newer(ETAG, &known.etag),
            last_modified: newer(LAST_MODIFIED, &known.last_modified),
            body_hash: known.body_hash,
        },
    })
}

fn kept(headers: &HeaderMap, name: HeaderName, bytes_max: usize) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty() && value.len() <= bytes_max).then(|| value.to_owned())
}

fn empty(status: StatusCode) -> FetchError {
    FetchError::new(
        "empty",
        format!("the answer is empty ({})", status.as_u16()),
    )
}

fn decode_error(error: &DecodeError, body_bytes_max: usize) -> FetchError {
    match error {
        DecodeError::TooLarge => FetchError::new(
            "too-large",
            format!(
                "the answer unpacks to more than {}",
                text::size(body_bytes_max)
            ),
        ),
        DecodeError::Unknown(coding) => FetchError::new(
            "encoding",
            format!(
                "the answer is encoded as `{}`, which was not asked for",
                text::foreign(coding, &[])
            ),
        ),
        DecodeError::TooMany => FetchError::new(
            "encoding",
            format!(
                "the answer is encoded more than {} times over",
                decode::CODINGS_MAX
            ),
        ),
        DecodeError::Broken(coding) => FetchError::new(
            "encoding",
            format!("the answer says it is {coding} but can't be unpacked"),
        ),
    }
}

fn status_error(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> FetchError {
    let code = status.as_u16();
    let message = match code {
        400 => "does not understand the request (400)".to_owned(),
        401 | 403 => format!("refused ({code}): does it need a header with a token?"),
        404 => "not found (404)".to_owned(),
        406 => "has no form of this that edgefold reads (406)".to_owned(),
        408 => "gave up waiting for the request (408)".to_owned(),
        410 => "gone for good (410): take it out of the configuration".to_owned(),
        429 => "was asked too often (429)".to_owned(),
        451 => "withheld for legal reasons (451)".to_owned(),
        502 | 504 => format!("the server behind it does not answer ({code})"),
        503 => "is unavailable for now (503)".to_owned(),
        500..=599 => format!("the server fails ({code})"),
        _ => match status.canonical_reason() {
            Some(reason) => format!("answered {code} {reason}"),
            None => format!("answered with the unknown status {code}"),
        },
    };
    let mut error = FetchError::new("status", message);
    if matches!(code, 429 | 503) {
        error.not_before = headers
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| retry_after(value.trim(), now));
    }
    error
}

/// `Retry-After` is seconds or an HTTP-date in any of its three forms (RFC 9110 §10.2.3, §5.6.7).
fn retry_after(value: &str, now: Timestamp) -> Option<Timestamp> {
    let at = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit mean "very long".
        let seconds = value.parse::<i64>().unwrap_or(i64::MAX);
        now.plus_millis(seconds.saturating_mul(1000))
    } else {
        let date = httpdate::parse_http_date(value).ok()?;
        let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Timestamp::from_secs(i64::try_from(since.as_secs()).ok()?)
    };
    (at > now).then(|| at.min(now.plus_millis(RETRY_AFTER_MS_MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_takes_seconds_and_all_three_date_forms() {
        let now = Timestamp::parse("1994-11-06T08:00:00Z").unwrap();
        let at = Timestamp::parse("1994-11-06T08:49:37Z");
        assert_eq!(retry_after("2977", now), at);
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), at);
        assert_eq!(retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now), at);
        assert_eq!(retry_after("Sun Nov  6 08:49:37 1994", now), at);
    }

    #[test]
    fn retry_after_is_never_in_the_past_and_at_most_a_day() {
        let now = Timestamp::parse("2026-11-21T09:00:00Z").unwrap();
        let day = Some(now.plus_millis(RETRY_AFTER_MS_MAX));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), None);
        assert_eq!(retry_after("0", now), None);
        assert_eq!(retry_after("99999999999999999999999", now), day);
        assert_eq!(retry_after("-5", now), None);
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("", now), None);
    }

    #[test]
    fn every_status_has_words() {
        for code in (100..=999).filter(|code| *code != 200) {
            let status = StatusCode::from_u16(code).unwrap();
            let error = status_error(status, &HeaderMap::new(), Timestamp(0));
            assert!(error.message.contains(&code.to_string()), "{error:?}");
            assert_eq!(error.not_before, None);
        }
    }
}
