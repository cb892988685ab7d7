//! The engine: pooled instances, interruption, and compiled code kept on disk.

use std::path::{Path, PathBuf};

use wasmtime::component::{Component, Linker};
use wasmtime::{
    Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
};
use wasmtime_wasi_config::WasiConfig;
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::instance::State;
use crate::kv;
use crate::limits::{EPOCH, Limits, MEMORY_BYTES};

// Of one component instance: a component that `wasm32-wasip2` makes has one memory, and a few helper modules.
const CORE_INSTANCES: u32 = 8;
const TABLES: u32 = 4;
const MEMORIES: u32 = 2;

/// An engine within `limits`. Compiled code is kept in `cache_dir`, where there is one. `counting`: guests count their
/// instructions, which makes them slower.
pub(crate) fn engine(
    limits: &Limits,
    cache_dir: Option<&Path>,
    counting: bool,
) -> wasmtime::Result<Engine> {
    let instances = limits.instances.max(1);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES))
        .total_tables(instances.saturating_mul(TABLES))
        .total_memories(instances.saturating_mul(MEMORIES))
        .total_stacks(
            instances.saturating_mul(u32::try_from(limits.requests_at_once).unwrap_or(1).max(1)),
        )
        .max_memory_size(limits.memory_bytes.min(MEMORY_BYTES));
    let mut config = Config::new();
    config
        .wasm_component_model_async(true)
        .epoch_interruption(true)
        .consume_fuel(counting)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    if let Some(dir) = cache_dir {
        config.cache(cache(dir));
    }
    let engine = Engine::new(&config)?;
    start_epochs(&engine)?;
    Ok(engine)
}

/// Compiles `bytes`, or takes its code from the cache, and links what it imports.
pub(crate) fn prepare(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<ProxyPre<State>> {
    let component = Component::new(engine, bytes)?;
    let mut linker = Linker::<State>::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_config::add_to_linker(&mut linker, |state: &mut State| {
        WasiConfig::from(&*state.variables)
    })?;
    kv::add_to_linker(&mut linker)?;
    let pre = linker.instantiate_pre(&component)?;
    Ok(ProxyPre::P3(ServicePre::new(pre)?))
}

/// Where compiled code is kept when nothing else is said: `edgefold` in the user's cache folder.
#[must_use]
pub fn default_cache_dir() -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|caches| caches.join("edgefold"))
}

/// Working without a cache is slow and nothing worse, so a fault is only reported.
fn cache(dir: &Path) -> Option<Cache> {
    let mut config = CacheConfig::new();
    config.with_directory(dir);
    Cache::new(config)
        .inspect_err(|error| {
            tracing::warn!(dir = %dir.display(), %error, "compiled code is not kept");
        })
        .ok()
}

/// Advances the epoch until the engine is gone.
fn start_epochs(engine: &Engine) -> wasmtime::Result<()> {
    let weak = engine.weak();
    std::thread::Builder::new()
        .name("edgefold-epoch".to_owned())
        .spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(EPOCH);
            }
        })?;
    Ok(())
}
