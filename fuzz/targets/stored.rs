//! Damages one stored value of a published site, reads everything and runs a cycle: no panic, and nothing of the damage is
//! served where a hash covers it.

#![no_main]

use std::sync::OnceLock;

use bytes::Bytes;
use edgefold_fuzz::{answer, config, cycle, host::TOKEN, offer, published};
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

/// Keys and values of a published site: a world has cells, which statics can't hold.
static STORED: OnceLock<Vec<(String, Bytes, u64)>> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    let config = config();
    let stored = STORED.get_or_init(|| {
        let world = published(&config);
        let values = world.values.borrow();
        let entry = |(key, (value, version)): (&String, &(Bytes, u64))| {
            (key.clone(), value.clone(), *version)
        };
        values.iter().map(entry).collect()
    });
    let Some((which, edits)) = data.split_first() else {
        return;
    };
    let world = edgefold_fuzz::World::default();
    world.now.set(1_790_100_000);
    let mut values = world.values.borrow_mut();
    for (key, value, version) in stored {
        values.insert(key.clone(), (value.clone(), *version));
    }
    let at = usize::from(*which) % stored.len();
    let (key, value, version) = &stored[at];
    let mut damaged = value.to_vec();
    // Either the fuzzer's own bytes, or three bytes for each edit: where, and what.
    match edits.split_first() {
        Some((0, all)) => damaged = all.to_vec(),
        Some((1, cut)) => damaged.truncate(cut.len()),
        _ => {
            for edit in edits.chunks_exact(3) {
                let place = usize::from(u16::from_le_bytes([edit[0], edit[1]]));
                let places = damaged.len();
                if let Some(byte) = damaged.get_mut(place % places) {
                    *byte ^= edit[2];
                }
            }
        }
    }
    values.insert(key.clone(), (damaged.into(), *version));
    drop(values);
    let compiled = config.to_compiled();
    for path in PATHS {
        let request = Request::builder()
            .uri(path)
            .header("host", "fuzz.example")
            .header("authorization", format!("Bearer {TOKEN}"))
            .body(Bytes::new())
            .expect("a good request");
        let _ = answer(&world, &compiled, request);
    }
    offer(&world, 705);
    // An error is an answer too: a head that can't be used is never overwritten.
    let _ = cycle(&world, &config);
});
