//! Generated from `wit/`: `wasi:keyvalue` at the version that Spin offers, which `spin-sdk` has no bindings for.

#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    reason = "generated code"
)]

wit_bindgen::generate!({
    path: "wit",
    world: "edgefold:spin/counters",
    generate_all,
});
