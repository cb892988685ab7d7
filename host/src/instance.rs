//! What one instance of the component has, and how long it lives.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;
use wasmtime::component::{GuestTaskId, ResourceTable};
use wasmtime::{Engine, Store, StoreContextMut, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_config::WasiConfigVariables;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::kv::DynKv;
use crate::limits::Limits;
use crate::memory::Memory;
use crate::outbound::{Hooks, Outbound};
use crate::stderr::GuestLog;

/// An instance that has answered may work on for this long.
const AFTER_RESPONSE: Duration = Duration::from_secs(30);
/// The answer's own time-out comes first; this is the second line for a guest that never pauses.
const TIMEOUT_GRACE: Duration = Duration::from_millis(100);

/// The data of one instance.
pub(crate) struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    http: WasiHttpCtx,
    hooks: Hooks,
    limits: Memory,
    pub(crate) variables: Arc<WasiConfigVariables>,
    pub(crate) kv: Arc<dyn DynKv>,
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
            hooks: &mut self.hooks,
        }
    }
}

/// What the guest sees as its configuration.
pub(crate) struct Variables {
    given: Vec<(String, String)>,
    notes: Vec<String>,
    usual: Arc<WasiConfigVariables>,
}

/// What is said of the store on the status page, a line each: see `edgefold::cycle::STORE_NOTES`.
const STORE_NOTES: &str = edgefold::cycle::STORE_NOTES;

impl Variables {
    pub(crate) fn new(given: Vec<(String, String)>, notes: Vec<String>) -> Self {
        let usual = Arc::new(with_notes(&given, &notes));
        Self {
            given,
            notes,
            usual,
        }
    }

    /// An instance that begins while the store can't be reached says so. One from before is gone soon: [`Limits`].
    fn for_instance(&self, stale_for: Option<Duration>) -> Arc<WasiConfigVariables> {
        let Some(stale_for) = stale_for else {
            return Arc::clone(&self.usual);
        };
        let mut notes = self.notes.clone();
        notes.push(format!(
            "the store does not answer, for {} seconds or more: pages come from this process's memory and may be old; nothing is published",
            stale_for.as_secs()
        ));
        Arc::new(with_notes(&self.given, &notes))
    }
}

fn with_notes(given: &[(String, String)], notes: &[String]) -> WasiConfigVariables {
    let said = (!notes.is_empty()).then(|| (STORE_NOTES.to_owned(), notes.join("\n")));
    given.iter().cloned().chain(said).collect()
}

/// Makes instances.
pub(crate) struct Deployment {
    pub(crate) engine: Engine,
    pub(crate) component: ProxyPre<State>,
    pub(crate) limits: Limits,
    /// Most bytes of linear memory that any instance had.
    pub(crate) memory_peak: Arc<AtomicUsize>,
    /// Instructions of all instances, where they are counted.
    pub(crate) instructions: Option<Arc<AtomicU64>>,
    pub(crate) variables: Variables,
    pub(crate) kv: Arc<dyn DynKv>,
    pub(crate) outbound: Arc<Outbound>,
}

impl Deployment {
    fn store(&self) -> Store<State> {
        let wasi = WasiCtx::builder().stderr(GuestLog).stdout(GuestLog).build();
        let limits = Memory::new(self.limits.memory_bytes, Arc::clone(&self.memory_peak));
        let state = State {
            wasi,
            table: ResourceTable::new(),
            http: WasiHttpCtx::new(),
            hooks: Hooks::new(Arc::clone(&self.outbound)),
            limits,
            variables: self.variables.for_instance(self.kv.stale_for()),
            kv: Arc::clone(&self.kv),
        };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limits);
        // A guest that computes is paused, so that its worker sees when its time is over. Tokio's own yield lets the
        // runtime look for timers and sockets before it goes on with the guest; a plain one would not, and the guest
        // would keep the thread.
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| {
            let pause = Box::pin(tokio::task::yield_now());
            Ok(UpdateDeadline::YieldCustom(1, pause))
        });
        store
    }
}

impl HandlerState for Deployment {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Expiration, Worker>> {
        let mut store = self.store();
        if self.instructions.is_some() {
            store.set_fuel(u64::MAX)?;
        }
        let proxy = self.component.instantiate_async(&mut store).await?;
        let deadline = Arc::new(Mutex::new(Instant::now()));
        Ok(Instance {
            store,
            proxy,
            view: State::http,
            expiration: Expiration {
                idle: self.limits.instance_idle,
                deadline: Arc::clone(&deadline),
                sleep: Box::pin(tokio::time::sleep(Duration::ZERO)),
            },
            state: Worker {
                requests: self.limits.requests_per_instance,
                at_once: self.limits.requests_at_once,
                deadline,
                instructions: self.instructions.clone(),
            },
        })
    }
}

/// What the caller says about one request.
pub(crate) struct Call {
    /// Time for the answer.
    pub(crate) timeout: Duration,
}

/// Decides which requests an instance takes.
pub(crate) struct Worker {
    requests: usize,
    at_once: usize,
    deadline: Arc<Mutex<Instant>>,
    instructions: Option<Arc<AtomicU64>>,
}

impl WorkerState for Worker {
    type StoreData = State;
    type RequestData = Call;

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.requests {
            ShouldAccept::Never
        } else if concurrent >= self.at_once {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, State>,
        call: Call,
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        if let Some(counter) = &self.instructions {
            // What was taken since the last request began; a store that counts has fuel to set.
            let taken = u64::MAX - store.get_fuel().unwrap_or(u64::MAX);
            counter.fetch_add(taken, Ordering::Relaxed);
            let _ = store.set_fuel(u64::MAX);
        }
        let mut deadline = self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        *deadline = (*deadline).max(Instant::now() + call.timeout);
        Box::pin(tokio::time::sleep(call.timeout))
    }

    fn drop(&self, store: Store<State>, result: wasmtime::Result<()>) {
        if let Err(error) = result {
            if self.cut_off() {
                tracing::debug!("an instance ended with the runtime");
            } else {
                tracing::error!(error = format!("{error:#}"), "an instance failed");
            }
        }
        drop(store);
    }
}

impl Worker {
    /// Whether the runtime has stopped and dropped the task that ran the instance, which wasmtime reports as a panic. The
    /// task's [`Expiration`] is gone then; where an instance ends by itself or traps, it is still there.
    fn cut_off(&self) -> bool {
        Arc::strong_count(&self.deadline) == 1 && !std::thread::panicking()
    }
}

/// Decides when an instance is dropped.
pub(crate) struct Expiration {
    idle: Duration,
    /// The latest time at which one of the requests taken must be answered.
    deadline: Arc<Mutex<Instant>>,
    sleep: Pin<Box<Sleep>>,
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
        let until = match status {
            WorkerStatus::Idle => since + self.idle,
            WorkerStatus::PostReturn => since + AFTER_RESPONSE,
            WorkerStatus::Requests => {
                *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) + TIMEOUT_GRACE
            }
        };
        let until = tokio::time::Instant::from_std(until);
        if self.sleep.deadline() != until {
            self.sleep.as_mut().reset(until);
        }
        self.sleep.as_mut().poll(cx)
    }
}
