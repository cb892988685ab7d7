//! What Spin offers beside WASI: `spin:key-value@3.0.0` and `spin:variables@3.0.0` are here, `wasi:keyvalue@0.2.0-draft2` on the
//! same stores in `keyvalue.rs`, `spin:sqlite@3.1.0` in `sqlite.rs`.

#![allow(missing_docs, reason = "generated code; wit/spin documents it")]

use wasmtime::component::{Accessor, FutureReader, HasData, Linker, Resource, StreamReader};

use self::spin::key_value::key_value;
use self::spin::sqlite::sqlite;
use self::spin::variables::variables;
use self::wasi::keyvalue::{atomics, store as buckets};
use super::State;

wasmtime::component::bindgen!({
    path: "wit/spin",
    world: "edgefold:spin-harness/spin",
    imports: { default: async | store | trappable },
    with: {
        "spin:key-value/key-value.store": crate::arms::spin::store::KeyValue,
        "spin:sqlite/sqlite.connection": crate::servers::sqlite::Connection,
        "wasi:keyvalue/store.bucket": crate::arms::spin::store::Bucket,
        "wasi:keyvalue/atomics.cas": crate::arms::spin::store::Swap,
    },
});

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    key_value::add_to_linker::<State, Data>(linker, |state| state)?;
    buckets::add_to_linker::<State, Data>(linker, |state| state)?;
    atomics::add_to_linker::<State, Data>(linker, |state| state)?;
    sqlite::add_to_linker::<State, Data>(linker, |state| state)?;
    variables::add_to_linker::<State, Data>(linker, |state| state)
}

pub(super) struct Data;

impl HasData for Data {
    type Data<'a> = &'a mut State;
}

type Opened = Resource<super::store::KeyValue>;
type Keys = (
    StreamReader<String>,
    FutureReader<Result<(), key_value::Error>>,
);

fn store(
    accessor: &Accessor<State, Data>,
    opened: &Opened,
) -> wasmtime::Result<super::store::KeyValue> {
    accessor.with(|mut access| Ok(access.get().table.get(opened)?.clone()))
}

impl key_value::Host for &mut State {}
impl key_value::HostStore for &mut State {}

impl key_value::HostStoreWithStore<State> for Data {
    async fn open(
        accessor: &Accessor<State, Self>,
        label: String,
    ) -> wasmtime::Result<Result<Opened, key_value::Error>> {
        accessor.with(|mut access| {
            let state = access.get();
            if !state.grants.key_value(&label) {
                return Ok(Err(key_value::Error::AccessDenied));
            }
            let store = state.store.clone();
            Ok(Ok(state.table.push(store)?))
        })
    }

    async fn get(
        accessor: &Accessor<State, Self>,
        opened: Opened,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, key_value::Error>> {
        let store = store(accessor, &opened)?;
        Ok(store.get(&key).await.map_err(key_value::Error::Other))
    }

    async fn set(
        accessor: &Accessor<State, Self>,
        opened: Opened,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), key_value::Error>> {
        let store = store(accessor, &opened)?;
        Ok(store
            .set(&key, value)
            .await
            .map_err(key_value::Error::Other))
    }

    async fn delete(
        accessor: &Accessor<State, Self>,
        opened: Opened,
        key: String,
    ) -> wasmtime::Result<Result<(), key_value::Error>> {
        let store = store(accessor, &opened)?;
        Ok(store.delete(&key).await.map_err(key_value::Error::Other))
    }

    async fn exists(
        accessor: &Accessor<State, Self>,
        opened: Opened,
        key: String,
    ) -> wasmtime::Result<Result<bool, key_value::Error>> {
        let store = store(accessor, &opened)?;
        Ok(store.exists(&key).await.map_err(key_value::Error::Other))
    }

    async fn get_keys(accessor: &Accessor<State, Self>, opened: Opened) -> wasmtime::Result<Keys> {
        let store = store(accessor, &opened)?;
        let (keys, end) = match store.keys().await {
            Ok(keys) => (keys, Ok(())),
            Err(text) => (Vec::new(), Err(key_value::Error::Other(text))),
        };
        accessor.with(|mut access| {
            let keys = StreamReader::new(&mut access, keys)?;
            let result = FutureReader::new(&mut access, async { wasmtime::error::Ok(end) })?;
            Ok((keys, result))
        })
    }

    async fn drop(accessor: &Accessor<State, Self>, opened: Opened) -> wasmtime::Result<()> {
        accessor.with(|mut access| {
            access.get().table.delete(opened)?;
            Ok(())
        })
    }
}

impl variables::Host for &mut State {}

impl variables::HostWithStore<State> for Data {
    async fn get(
        accessor: &Accessor<State, Self>,
        name: String,
    ) -> wasmtime::Result<Result<String, variables::Error>> {
        let known = name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !known {
            return Ok(Err(variables::Error::InvalidName(name)));
        }
        let value = accessor.with(|mut access| access.get().variables.get(&name).cloned());
        Ok(value.ok_or(variables::Error::Undefined(name)))
    }
}
