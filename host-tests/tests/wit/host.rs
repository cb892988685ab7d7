//! Bindings out of `wit/`, and what runs one request.
//!
//! WASI itself is the runtime's, as every runtime of WASI 0.3 has it; `kv` and `wasi:config/store` are this host's.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Cache, CacheConfig, Config, Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p3::Request;
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use self::bindings::AggregatorPre;
use self::bindings::wasi::config::store as config;
use crate::kv::Map;

pub(crate) mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "edgefold:host/aggregator",
        exports: { default: async | store },
        with: {
            "wasi:http": wasmtime_wasi_http::p3::bindings::http,
            "wasi:clocks": wasmtime_wasi::p3::bindings::clocks,
            "wasi:random": wasmtime_wasi::p3::bindings::random,
        },
    });
}

pub(crate) struct WitHost {
    engine: Engine,
    component: AggregatorPre<State>,
    variables: Arc<BTreeMap<String, String>>,
    pub(crate) store: Map,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// The data of one instance.
pub(crate) struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    http: WasiHttpCtx,
    variables: Arc<BTreeMap<String, String>>,
    pub(crate) store: Map,
}

impl WitHost {
    pub(crate) fn new(component: &Path, variables: &[(&str, &str)]) -> wasmtime::Result<Self> {
        let mut settings = Config::new();
        settings.wasm_component_model_async(true);
        // Compiling takes longer than the test.
        let mut cache = CacheConfig::new();
        cache.with_directory(std::path::absolute(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../target/wasmtime-cache"
        ))?);
        settings.cache(Cache::new(cache).ok());
        let engine = Engine::new(&settings)?;
        let mut linker = Linker::<State>::new(&engine);
        // Rust's standard library imports some of 0.2.
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
        config::add_to_linker::<State, wasmtime::component::HasSelf<State>>(
            &mut linker,
            |state| state,
        )?;
        crate::kv::add_to_linker(&mut linker)?;
        let component = Component::from_file(&engine, component)?;
        Ok(Self {
            component: AggregatorPre::new(linker.instantiate_pre(&component)?)?,
            engine,
            variables: Arc::new(
                variables
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            ),
            store: Map::default(),
        })
    }

    /// One request, in an instance of its own.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
    ) -> wasmtime::Result<Answer> {
        let state = State {
            wasi: WasiCtx::builder().inherit_stderr().build(),
            table: ResourceTable::new(),
            http: WasiHttpCtx::new(),
            variables: Arc::clone(&self.variables),
            store: self.store.clone(),
        };
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://localhost{path}"));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Empty::<Bytes>::new())?;
        let mut store = Store::new(&self.engine, state);
        let instance = self.component.instantiate_async(&mut store).await?;
        let (request, _sent) = Request::from_http(wasmtime_wasi_http::default_hooks(), request);
        store
            .run_concurrent(async |accessor| {
                let request = accessor.with(|mut store| store.get().table.push(request))?;
                let handler = instance.wasi_http_handler();
                let response = handler.call_handle(accessor, request).await??;
                let response = accessor.with(|mut store| {
                    let response = store.get().table.delete(response)?;
                    response.into_http(store, async { Ok(()) })
                })?;
                let status = response.status().as_u16();
                let body = response
                    .into_body()
                    .collect()
                    .await
                    .map_err(|error| wasmtime::format_err!("{error}"))?;
                let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
                Ok(Answer { status, text })
            })
            .await?
    }
}

impl config::Host for State {
    fn get(&mut self, key: String) -> Result<Option<String>, config::Error> {
        Ok(self.variables.get(&key).cloned())
    }

    fn get_all(&mut self) -> Result<Vec<(String, String)>, config::Error> {
        let pairs = self.variables.iter();
        Ok(pairs
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect())
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            // No policy: it asks whom it likes. A host that is not a test refuses private addresses.
            hooks: wasmtime_wasi_http::default_hooks(),
        }
    }
}
