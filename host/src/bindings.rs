//! Generated from `wit/`: the part of the contract that is not WASI.

#![allow(missing_docs, reason = "generated code; wit/kv.wit documents it")]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "edgefold:host/imports",
});

pub(crate) use self::edgefold::host::kv;
