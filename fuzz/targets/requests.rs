//! Any request of a published site: method, path and query, one header, a body. No panic, and no 5xx.

#![no_main]

use bytes::Bytes;
use edgefold_fuzz::{answer, host::TOKEN, with_site};
use http::{Method, Request};
use libfuzzer_sys::fuzz_target;

/// Headers that the logic reads.
const HEADERS: [&str; 8] = [
    "if-none-match",
    "if-modified-since",
    "range",
    "accept",
    "accept-encoding",
    "host",
    "webhook-signature",
    "x-request-id",
];

fuzz_target!(|data: (u8, &str, u8, &[u8], &[u8])| {
    let (method, target, header, value, body) = data;
    let methods = [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS];
    let request = Request::builder()
        .method(methods[usize::from(method) % methods.len()].clone())
        .uri(format!("/{}", target.trim_start_matches('/')))
        .header("host", "fuzz.example")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header(HEADERS[usize::from(header) % HEADERS.len()], value)
        .body(Bytes::copy_from_slice(body));
    let Ok(request) = request else {
        return;
    };
    with_site(|host, config| {
        let (status, bytes) = answer(&host, &config.to_compiled(), request);
        let text = String::from_utf8_lossy(&bytes);
        assert!(!status.is_server_error(), "{status}: {text}");
    });
});
