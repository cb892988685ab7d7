//! `wasi:keyvalue@0.2.0-draft2` for the guest, as far as edgefold uses it: `open` and `increment`. What else Spin offers
//! there is linked and answers an error, so that a use of it shows.

use wasmtime::component::{Access, Accessor, Resource};

use super::State;
use super::interfaces::Data;
use super::interfaces::wasi::keyvalue::{atomics, store};
use super::store::{Bucket, Swap};

type Answer<T> = wasmtime::Result<Result<T, store::Error>>;
type On<'a> = Access<'a, State, Data>;

fn unused<T>() -> Answer<T> {
    let text = "edgefold does not use this of wasi:keyvalue";
    Ok(Err(store::Error::Other(text.to_owned())))
}

impl store::Host for &mut State {}
impl store::HostBucket for &mut State {}
impl atomics::Host for &mut State {}
impl atomics::HostCas for &mut State {}

impl store::HostWithStore<State> for Data {
    async fn open(mut access: On<'_>, label: String) -> Answer<Resource<Bucket>> {
        let state = access.get();
        if !state.grants.key_value(&label) {
            return Ok(Err(store::Error::AccessDenied));
        }
        let bucket = Bucket(state.store.clone());
        Ok(Ok(state.table.push(bucket)?))
    }
}

impl atomics::HostWithStore<State> for Data {
    async fn increment(
        mut access: On<'_>,
        bucket: Resource<Bucket>,
        key: String,
        delta: i64,
    ) -> Answer<i64> {
        let opened = access.get().table.get(&bucket)?.0.clone();
        let counted = opened.increment(&key, delta).await;
        Ok(counted.map_err(store::Error::Other))
    }

    async fn swap(
        _: On<'_>,
        _: Resource<Swap>,
        _: Vec<u8>,
    ) -> wasmtime::Result<Result<(), atomics::CasError>> {
        let refused = unused::<()>()?;
        Ok(refused.map_err(atomics::CasError::StoreError))
    }
}

impl store::HostBucketWithStore<State> for Data {
    async fn get(_: On<'_>, _: Resource<Bucket>, _: String) -> Answer<Option<Vec<u8>>> {
        unused()
    }

    async fn set(_: On<'_>, _: Resource<Bucket>, _: String, _: Vec<u8>) -> Answer<()> {
        unused()
    }

    async fn delete(_: On<'_>, _: Resource<Bucket>, _: String) -> Answer<()> {
        unused()
    }

    async fn exists(_: On<'_>, _: Resource<Bucket>, _: String) -> Answer<bool> {
        unused()
    }

    async fn list_keys(
        _: On<'_>,
        _: Resource<Bucket>,
        _: Option<String>,
    ) -> Answer<store::KeyResponse> {
        unused()
    }

    async fn drop(
        accessor: &Accessor<State, Self>,
        bucket: Resource<Bucket>,
    ) -> wasmtime::Result<()> {
        accessor.with(|mut access| {
            access.get().table.delete(bucket)?;
            Ok(())
        })
    }
}

impl atomics::HostCasWithStore<State> for Data {
    async fn new(_: On<'_>, _: Resource<Bucket>, _: String) -> Answer<Resource<Swap>> {
        unused()
    }

    async fn current(_: On<'_>, _: Resource<Swap>) -> Answer<Option<Vec<u8>>> {
        unused()
    }

    async fn drop(accessor: &Accessor<State, Self>, swap: Resource<Swap>) -> wasmtime::Result<()> {
        accessor.with(|mut access| {
            access.get().table.delete(swap)?;
            Ok(())
        })
    }
}
