//! Generated from `wit/`. The WASI packages come from `wasip3`, so that there is one copy of them.

#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    reason = "generated code"
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "edgefold:host/aggregator",
    with: {
        "wasi:clocks/types@0.3.0": wasip3::clocks::types,
        "wasi:clocks/monotonic-clock@0.3.0": wasip3::clocks::monotonic_clock,
        "wasi:clocks/system-clock@0.3.0": wasip3::clocks::system_clock,
        "wasi:random/random@0.3.0": wasip3::random::random,
        "wasi:http/types@0.3.0": wasip3::http::types,
        "wasi:http/client@0.3.0": wasip3::http::client,
    },
    generate_all,
});

use crate::Component;
export!(Component);
