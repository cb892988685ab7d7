//! Sets the host up.

use std::path::PathBuf;
use std::sync::Arc;

use edgefold::config::authoring;
use tokio::sync::Semaphore;
use wasmtime_wasi_http::handler::ProxyHandler;

use super::EdgefoldHost;
use crate::answers::Answers;
use crate::engine;
use crate::instance::{Deployment, Variables};
use crate::kv::{DynKv, Kv, MemoryKv};
use crate::limits::Limits;
use crate::outbound::{Outbound, OutboundPolicy, Resolve, SystemResolver};
use crate::schedule::Schedule;

/// Tells the component that this host keeps answers: see `wit/world.wit`.
const KEEPS_ANSWERS: &str = "keeps_answers";

/// Sets up an [`EdgefoldHost`].
pub struct Builder {
    component: Vec<u8>,
    configuration: Option<String>,
    kv: Option<Arc<dyn DynKv>>,
    variables: Vec<(String, String)>,
    outbound: OutboundPolicy,
    resolver: Arc<dyn Resolve>,
    limits: Limits,
    cache_dir: Option<PathBuf>,
    counting: bool,
}

/// Why a component can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// [`Builder::component`] was not called.
    #[error("no component was given")]
    NoComponent,
    /// The bytes are no WebAssembly component, or one that imports or exports something else.
    #[error("the component can't be used: {0}")]
    Component(String),
    /// [`Builder::configuration`] was given a text with mistakes. They are listed, with line and column.
    #[error("the configuration has mistakes:\n{0}")]
    Configuration(String),
    /// The engine does not start: limits that the system does not grant.
    #[error("the engine does not start: {0}")]
    Engine(String),
}

impl Builder {
    /// What [`EdgefoldHost::builder`] begins with.
    pub(super) fn new() -> Self {
        Self {
            component: Vec::new(),
            configuration: None,
            kv: None,
            variables: Vec::new(),
            outbound: OutboundPolicy::public(),
            resolver: Arc::new(SystemResolver),
            limits: Limits::default(),
            cache_dir: engine::default_cache_dir(),
            counting: false,
        }
    }

    /// The component's bytes, binary or text.
    #[must_use]
    pub fn component(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.component = bytes.into();
        self
    }

    /// The text of an `edgefold.toml` of one site, instead of what is baked into the component. It is the variable `config`
    /// that is set, compiled: for a file that declares tenants set it to what `edgefold check --compile FILE` prints.
    #[must_use]
    pub fn configuration(mut self, toml: impl Into<String>) -> Self {
        self.configuration = Some(toml.into());
        self
    }

    /// Lets `schedule` in: sets the variable `refresh_token` to its token. See [`Schedule::random`].
    #[must_use]
    pub fn schedule(self, schedule: &Schedule) -> Self {
        self.variables([("refresh_token", schedule.token())])
    }

    /// The store.
    #[must_use]
    pub fn kv(mut self, kv: impl Kv) -> Self {
        self.kv = Some(Arc::new(kv));
        self
    }

    /// Adds variables: see `edgefold::host::Variables` for the names.
    #[must_use]
    pub fn variables<N, V>(mut self, variables: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let variables = variables.into_iter();
        self.variables
            .extend(variables.map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Whom the component may ask.
    #[must_use]
    pub fn outbound(mut self, policy: OutboundPolicy) -> Self {
        self.outbound = policy;
        self
    }

    /// What names stand for.
    #[must_use]
    pub fn resolver(mut self, resolver: impl Resolve) -> Self {
        self.resolver = Arc::new(resolver);
        self
    }

    /// What it may take.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Where compiled code is kept, as an absolute path; `None`: nowhere. It must belong to this user alone: its files are
    /// run.
    #[must_use]
    pub fn cache_dir(mut self, dir: Option<PathBuf>) -> Self {
        self.cache_dir = dir;
        self
    }

    /// Counts the instructions that guests carry out, for [`EdgefoldHost::instructions`]. Guests get slower by it: for
    /// measurements, not for a deployment.
    #[must_use]
    pub fn count_instructions(mut self) -> Self {
        self.counting = true;
        self
    }

    /// Compiles and links the component, on a thread where blocking is allowed.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub async fn build(self) -> Result<EdgefoldHost, BuildError> {
        if self.component.is_empty() {
            return Err(BuildError::NoComponent);
        }
        let started = tokio::task::spawn_blocking(move || self.start()).await;
        started.map_err(|panic| BuildError::Engine(panic.to_string()))?
    }

    fn start(mut self) -> Result<EdgefoldHost, BuildError> {
        if let Some(toml) = self.configuration.take() {
            let config = authoring::compile(&toml).map_err(|mistakes| {
                BuildError::Configuration(authoring::render("configuration", &toml, &mistakes))
            })?;
            self.variables
                .push(("config".to_owned(), config.to_compiled()));
        }
        if self.limits.kept_answers_bytes > 0 {
            let keeps = (KEEPS_ANSWERS.to_owned(), "1".to_owned());
            self.variables.push(keeps);
        }
        let engine = engine::engine(&self.limits, self.cache_dir.as_deref(), self.counting)
            .map_err(|error| BuildError::Engine(format!("{error:#}")))?;
        let component = engine::prepare(&engine, &self.component)
            .map_err(|error| BuildError::Component(format!("{error:#}")))?;
        let outbound = Outbound::new(self.outbound, self.resolver)
            .map_err(|error| BuildError::Engine(error.to_string()))?;
        let kv = self.kv.unwrap_or_else(|| Arc::new(MemoryKv::new()));
        let notes = edgefold::cycle::store_notes(kv.capabilities());
        for note in notes.into_iter().chain(kv.notes()) {
            tracing::warn!("{note}");
        }
        let permits = usize::try_from(self.limits.instances).unwrap_or(usize::MAX);
        Ok(EdgefoldHost {
            answers: Arc::new(Answers::new(self.limits.kept_answers_bytes)),
            permits: Arc::new(Semaphore::new(permits.clamp(1, Semaphore::MAX_PERMITS))),
            handler: ProxyHandler::new(Deployment {
                engine,
                component,
                limits: self.limits,
                memory_peak: Arc::default(),
                instructions: self.counting.then(Arc::default),
                variables: Variables::new(self.variables, kv.notes()),
                kv,
                outbound: Arc::new(outbound),
            }),
        })
    }
}
