//! Spin's interfaces over wasmtime: `spin:key-value@3.0.0`, `wasi:keyvalue@0.2.0-draft2`, `spin:sqlite@3.1.0`, `spin:variables@3.0.0`, WASI 0.2 and 0.3 and
//! `wasi:http@0.3`, and nothing else, so that an artefact that imports what Spin lacks does not start here.
//!
//! Instances live as in Spin 4.1: 128 requests each, 16 at once, one second idle.

mod grants;
mod interfaces;
mod keyvalue;
mod redis;
mod sqlite;
mod store;

use std::any::Any;
use std::collections::BTreeMap;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::time::Sleep;
use wasmtime::component::{Component, GuestTaskId, Linker, ResourceTable};
use wasmtime::{Cache, CacheConfig, Config, Engine, Store, StoreContextMut};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyHandler, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState,
    WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;
use wasmtime_wasi_http::{WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use self::grants::Grants;
use self::redis::RedisStore;
pub use self::store::Reads;
use self::store::{KeyValue, MemoryStore};
use super::Stored;
use super::listener::Listener;
use crate::servers::sqlite::Sqlite;

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../spin.toml");
const REQUESTS_PER_INSTANCE: usize = 128;
const REQUESTS_AT_ONCE: usize = 16;
const IDLE: Duration = Duration::from_secs(1);
/// Longest time for one request: a cycle over slow sources included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);

/// What the artefact finds in Spin.
#[derive(Debug)]
pub struct Options {
    /// The text of a `spin.toml`: what it grants.
    pub manifest: String,
    /// As `spin up --variable` sets them.
    pub variables: Vec<(String, String)>,
    /// Key-value is on a Redis server, as with a runtime configuration.
    pub redis: bool,
    /// What the stores hold from the beginning.
    pub stored: Stored,
    /// Where the component's log goes, if not to the standard error of the tests.
    pub log: Option<MemoryOutputPipe>,
    /// The first row that is written to SQLite under a key with this end is written, and the answer is an error.
    pub lost_write: Option<&'static str>,
    /// What is read from key-value where that is in memory.
    pub reads: Reads,
    /// Where the guest's instructions (wasmtime's unit of fuel) are added up, if they are counted: each time a request begins, those
    /// that its instance has carried out since the one before.
    pub instructions: Option<Arc<AtomicU64>>,
}

impl Options {
    /// Under the project's own manifest, with nothing out of the ordinary.
    ///
    /// # Errors
    /// Where the manifest can't be read.
    pub fn new(variables: Vec<(String, String)>) -> anyhow::Result<Self> {
        Ok(Self {
            manifest: std::fs::read_to_string(MANIFEST)?,
            variables,
            redis: false,
            stored: Stored::new(),
            log: None,
            lost_write: None,
            reads: Reads::default(),
            instructions: None,
        })
    }
}

pub(super) async fn start(
    file: &Path,
    options: Options,
) -> anyhow::Result<(String, Box<dyn Any + Send + Sync>)> {
    let file = file.to_owned();
    let counting = options.instructions.is_some();
    let (engine, component) =
        tokio::task::spawn_blocking(move || prepare(&file, counting)).await??;
    let store = if options.redis {
        KeyValue::Redis(RedisStore::start().await?)
    } else {
        KeyValue::Memory(MemoryStore::noting(options.reads))
    };
    let database = Sqlite::new()?;
    for (key, value) in options.stored {
        sqlite::insert(&database, &key, &value).await?;
        let set = store.set(&key, value.into()).await;
        set.map_err(anyhow::Error::msg)?;
    }
    let handler = ProxyHandler::new(App {
        engine,
        component,
        grants: Arc::new(Grants::of(&options.manifest)?),
        variables: Arc::new(options.variables.into_iter().collect()),
        store,
        database,
        lost_write: Arc::new(Mutex::new(options.lost_write)),
        log: options.log,
        instructions: options.instructions,
    });
    let listener = Listener::start(move |request| answer(handler.clone(), request)).await?;
    Ok((listener.base.clone(), Box::new(listener)))
}

fn prepare(file: &Path, counting: bool) -> anyhow::Result<(Engine, ProxyPre<State>)> {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    config.consume_fuel(counting);
    // Compiling takes longer than most tests; the folder goes with `cargo clean`.
    let mut cache = CacheConfig::new();
    cache.with_directory(std::path::absolute(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../target/wasmtime-cache"
    ))?);
    config.cache(Cache::new(cache).ok());
    let engine = Engine::new(&config).map_err(explain)?;
    let component = Component::from_file(&engine, file).map_err(explain)?;
    let linked = link(&engine, &component).map_err(explain);
    let ready =
        linked.with_context(|| format!("{} needs what Spin does not offer", file.display()))?;
    Ok((engine, ready))
}

fn explain(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}

fn link(engine: &Engine, component: &Component) -> wasmtime::Result<ProxyPre<State>> {
    let mut linker = Linker::<State>::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    interfaces::add_to_linker(&mut linker)?;
    let pre = linker.instantiate_pre(component)?;
    Ok(ProxyPre::P3(ServicePre::new(pre)?))
}

async fn answer(handler: ProxyHandler<App>, request: Request<Incoming>) -> Response<WasiBody> {
    let (mut parts, body) = request.into_parts();
    // Spin hands over absolute addresses.
    let authority = parts
        .headers
        .get("host")
        .and_then(|host| host.to_str().ok());
    let uri = http::Uri::builder()
        .scheme("http")
        .authority(authority.unwrap_or("localhost"))
        .path_and_query(parts.uri.path_and_query().map_or("/", |path| path.as_str()))
        .build();
    if let Ok(uri) = uri {
        parts.uri = uri;
    }
    let body = body.map_err(|_| wasmtime_wasi_http::Error::HttpProtocolError);
    let request = Request::from_parts(parts, body.boxed_unsync());
    handler.handle((), request).await.unwrap_or_else(|error| {
        let text = Full::new(Bytes::from(format!("{error:?}"))).map_err(|never| match never {});
        let mut response = Response::new(text.boxed_unsync());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

struct App {
    engine: Engine,
    component: ProxyPre<State>,
    grants: Arc<Grants>,
    variables: Arc<BTreeMap<String, String>>,
    store: KeyValue,
    database: Sqlite,
    lost_write: LostWrite,
    log: Option<MemoryOutputPipe>,
    instructions: Option<Arc<AtomicU64>>,
}

/// The data of one instance.
struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    http: WasiHttpCtx,
    grants: Arc<Grants>,
    variables: Arc<BTreeMap<String, String>>,
    store: KeyValue,
    database: Sqlite,
    lost_write: LostWrite,
}

/// See [`Options::lost_write`]; `None` once it is lost.
type LostWrite = Arc<Mutex<Option<&'static str>>>;

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
            hooks: wasmtime_wasi_http::default_hooks(),
        }
    }
}

impl HandlerState for App {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Expiration, Worker>> {
        let mut wasi = WasiCtx::builder();
        match &self.log {
            Some(pipe) => wasi.stderr(pipe.clone()),
            None => wasi.inherit_stderr(),
        };
        let state = State {
            wasi: wasi.build(),
            table: ResourceTable::new(),
            http: WasiHttpCtx::new(),
            grants: Arc::clone(&self.grants),
            variables: Arc::clone(&self.variables),
            store: self.store.clone(),
            database: self.database.clone(),
            lost_write: Arc::clone(&self.lost_write),
        };
        let mut store = Store::new(&self.engine, state);
        if self.instructions.is_some() {
            store.set_fuel(u64::MAX)?;
        }
        let proxy = self.component.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy,
            view: State::http,
            expiration: Expiration(Box::pin(tokio::time::sleep(IDLE))),
            state: Worker {
                instructions: self.instructions.clone(),
            },
        })
    }
}

struct Worker {
    instructions: Option<Arc<AtomicU64>>,
}

impl WorkerState for Worker {
    type StoreData = State;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= REQUESTS_PER_INSTANCE {
            ShouldAccept::Never
        } else if concurrent >= REQUESTS_AT_ONCE {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, State>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        if let Some(counter) = &self.instructions {
            let taken = u64::MAX - store.get_fuel().unwrap_or(u64::MAX);
            counter.fetch_add(taken, Ordering::Relaxed);
            let _ = store.set_fuel(u64::MAX);
        }
        Box::pin(tokio::time::sleep(REQUEST_TIMEOUT))
    }

    /// A fault of the guest is in the answer already; the end of a test's runtime is none.
    fn drop(&self, _: Store<State>, _: wasmtime::Result<()>) {}
}

struct Expiration(Pin<Box<Sleep>>);

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
        let after = match status {
            WorkerStatus::Idle => IDLE,
            WorkerStatus::Requests | WorkerStatus::PostReturn => REQUEST_TIMEOUT,
        };
        let until = tokio::time::Instant::from_std(since + after);
        if self.0.deadline() != until {
            self.0.as_mut().reset(until);
        }
        self.0.as_mut().poll(cx)
    }
}
