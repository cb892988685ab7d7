//! Compressed answers: who takes them, which answers have them, how they are put together (RFC 9110 §8.4, §12.5.3).
//!
//! gzip only: at an effort that a guest can afford brotli would save 6 % of a page, and its encoder would take up to a third of the
//! guest (docs/caching.md).

use std::cell::RefCell;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};

use super::policy::{Caching, Class};
use super::reply::Reply;
use crate::gzip::{Deflated, Effort, Gzip};

/// A smaller answer is sent as it is: it fits into a packet or two either way.
pub(super) const GZIP_BYTES_MIN: usize = 1024;
/// A larger answer is sent as it is: compressing it would take more time than a request has.
pub(super) const GZIP_BYTES_MAX: usize = 256 * 1024;

/// Compressed files that are kept; there are fewer.
const FILES_MAX: usize = 8;

thread_local! {
    /// By entity tag, which is a hash of the content.
    static FILES: RefCell<Vec<(String, Vec<Bytes>)>> = const { RefCell::new(Vec::new()) };
}

/// Whether `reply` is sent compressed to those who take it so: then it varies by `Accept-Encoding`.
pub(super) fn has_gzip(reply: &Reply) -> bool {
    let wanted = match &reply.caching {
        Caching::Never => false,
        Caching::Site(cache) | Caching::Own(_, cache) => cache.gzip,
    };
    let shared = !matches!(reply.class, None | Some(Class::Personal | Class::Never));
    let bytes: usize = reply.chunks.iter().map(Bytes::len).sum();
    wanted
        && shared
        && reply.status == StatusCode::OK
        && reply.etag.is_some()
        && (GZIP_BYTES_MIN..=GZIP_BYTES_MAX).contains(&bytes)
}

/// The entity tag of the compressed form. It is another content, byte for byte, so a strong tag must be another one (RFC 9110
/// §8.8.3.3).
pub(super) fn gzip_tag(etag: &str) -> String {
    format!("{}-gzip\"", etag.strip_suffix('"').unwrap_or(etag))
}

/// Whether gzip is taken, and liked no less than the content as it is.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut identity, mut any) = (None, None, None);
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    for coding in values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
    {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight(parameters);
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => gzip = gzip.max(Some(weight)),
            "identity" => identity = Some(weight),
            "*" => any = Some(weight),
            _ => {}
        }
    }
    let gzip = gzip.or(any).unwrap_or(0);
    gzip > 0 && gzip >= identity.unwrap_or(0)
}

/// `q=` in thousandths; 1000 where there is none, 0 where it is none of RFC 9110 §12.4.2: who says what nobody understands gets
/// the content as it is.
fn weight(parameters: &str) -> u16 {
    let parameters = parameters.trim();
    if parameters.is_empty() {
        return 1000;
    }
    let value = parameters
        .split_once('=')
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .map(|(_, value)| value.trim());
    let (whole, fraction) = match value {
        Some(value) => value.split_once('.').unwrap_or((value, "")),
        None => return 0,
    };
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths = || format!("{fraction:0<3}").parse().unwrap_or(0);
    match whole {
        "0" if digits => thousandths(),
        "1" if digits && thousandths() == 0 => 1000,
        _ => 0,
    }
}

/// `reply` in gzip. What the head holds deflated is passed on as it is; what was compressed before, in the build or a file for an
/// earlier request, is used again.
pub(super) fn gzip(reply: &Reply) -> Vec<Bytes> {
    if let Some(made) = &reply.gzip {
        return vec![made.clone()];
    }
    let file = matches!(reply.class, Some(Class::Immutable | Class::Versioned));
    match reply.etag.as_deref().filter(|_| file) {
        Some(etag) => compressed_file(etag, || assemble(reply, Effort::Kept)),
        None => assemble(reply, Effort::Read),
    }
}

fn compressed_file(etag: &str, make: impl FnOnce() -> Vec<Bytes>) -> Vec<Bytes> {
    FILES.with_borrow_mut(|files| {
        if let Some((_, made)) = files.iter().find(|(known, _)| known == etag) {
            return made.clone();
        }
        let made = make();
        if files.len() == FILES_MAX {
            files.remove(0);
        }
        files.push((etag.to_owned(), made.clone()));
        made
    })
}

/// Runs that the head holds deflated, and what is between them.
fn assemble(reply: &Reply, effort: Effort) -> Vec<Bytes> {
    let mut gzip = Gzip::new();
    let mut between: Vec<u8> = Vec::new();
    for chunk in &reply.chunks {
        let twin = reply.head.as_ref().and_then(|head| head.twin(chunk));
        let Some(twin) = twin else {
            between.extend_from_slice(chunk);
            continue;
        };
        if !between.is_empty() {
            gzip.push(Deflated::of(&std::mem::take(&mut between), effort));
        }
        gzip.push(twin);
    }
    if !between.is_empty() {
        gzip.push(Deflated::of(&between, effort));
    }
    gzip.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_decide() {
        for (values, taken) in [
            (&["gzip"][..], true),
            (&["GZIP"], true),
            (&["x-gzip"], true),
            (&["gzip, deflate, br, zstd"], true),
            (&["br", "gzip;q=0.5"], true),
            (&["*"], true),
            (&["*;q=0.1"], true),
            (&["gzip;q=0.001"], true),
            (&["gzip ; q=1.000"], true),
            (&["gzip;q=0.8, identity;q=0.8"], true),
            (&["gzip;q=0.5, identity"], false),
            (&["gzip;q=0"], false),
            (&["gzip;q=0.000, *"], false),
            (&["*;q=0"], false),
            (&["identity;q=0"], false),
            (&["identity;q=0, *;q=0.3"], true),
            (&[""], false),
            (&["br"], false),
            (&["gzipped"], false),
            // None of these is a weight.
            (&["gzip;q=2"], false),
            (&["gzip;q=1.001"], false),
            (&["gzip;q=0.0001"], false),
            (&["gzip;q=-1"], false),
            (&["gzip;q=NaN"], false),
            (&["gzip;q="], false),
            (&["gzip;level=9"], false),
            (&["gzip;q=.5"], false),
            (&[";;;,,,;q=1"], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::ACCEPT_ENCODING, value.parse().unwrap());
            }
            assert_eq!(takes_gzip(&headers), taken, "{values:?}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
        let mut headers = HeaderMap::new();
        let hostile = http::HeaderValue::from_bytes(b"gzip\xff").unwrap();
        headers.insert(header::ACCEPT_ENCODING, hostile);
        assert!(!takes_gzip(&headers));
    }
}
