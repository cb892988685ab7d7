//! Damages one stored value of a published site, reads everything and runs a cycle: no panic.

#![no_main]

use bytes::Bytes;
use edgefold::slice::fit_hash;
use edgefold_fuzz::{answer, cycle, host::TOKEN, offer, with_site};
use http::Request;
use libfuzzer_sys::fuzz_target;

/// What is read of a damaged site.
const PATHS: [&str; 9] = [
    "/",
    "/api/items?limit=100&page=3",
    "/api/items?q=post+words",
    "/api/export.ndjson",
    "/feed.xml",
    "/api/sources",
    "/status",
    "/_edgefold/status",
    "/api/items?source=a&cursor=8000018bd209cea0c9aff39bc40745e4",
];

fuzz_target!(|data: &[u8]| {
    let Some((which, edits)) = data.split_first() else {
        return;
    };
    with_site(|host, config| {
        let mut values = host.kv.values.borrow_mut();
        let at = usize::from(*which) % values.len();
        if let Some((value, _)) = values.values_mut().nth(at) {
            *value = damaged(value, edits).into();
        }
        drop(values);
        let compiled = config.to_compiled();
        for path in PATHS {
            let request = Request::builder()
                .uri(path)
                .header("host", "fuzz.example")
                .header("authorization", format!("Bearer {TOKEN}"))
                .body(Bytes::new())
                .expect("a good request");
            let _ = answer(&host, &compiled, request);
        }
        offer(&host, 705);
        // An error is an answer too: a head that can't be used is never overwritten.
        let _ = cycle(&host, config);
    });
});

/// The fuzzer's own bytes, the beginning of `value`, or `value` with edits; for 2 with the hash that fits, so that what stands behind
/// it is reached too.
fn damaged(value: &[u8], edits: &[u8]) -> Vec<u8> {
    match edits.split_first() {
        Some((0, all)) => all.to_vec(),
        Some((1, cut)) => value[..value.len().min(cut.len())].to_vec(),
        Some((2, edits)) => {
            let mut bytes = edited(value, edits);
            fit_hash(&mut bytes);
            bytes
        }
        _ => edited(value, edits),
    }
}

/// Three bytes for each edit: where, and what.
fn edited(value: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = value.to_vec();
    for edit in edits.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % value.len().max(1);
        if let Some(byte) = bytes.get_mut(place) {
            *byte ^= edit[2];
        }
    }
    bytes
}
