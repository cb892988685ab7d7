//! A whole deployment: component, store, configuration, server and schedule. What `edgefold up` runs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::{fmt, fs, io};

use edgefold::config::{CompiledError, Config};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::crypto;

use crate::embed::{BuildError, EdgefoldHost};
use crate::kv::{MemoryKv, OpenError, RedbKv};
use crate::limits::Limits;
use crate::outbound::OutboundPolicy;
use crate::schedule::Schedule;
use crate::server::RunningServer;

/// Where a deployment keeps its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreChoice {
    /// Gone with the process.
    Memory,
    /// One file: see [`RedbKv`].
    Redb(PathBuf),
}

/// Written `memory:` or `redb:PATH`.
impl FromStr for StoreChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("redb", path)) if !path.is_empty() => Ok(Self::Redb(path.into())),
            _ => Err(format!("{text:?} is no store: write redb:PATH or memory:")),
        }
    }
}

impl fmt::Display for StoreChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => write!(f, "memory:"),
            Self::Redb(path) => write!(f, "redb:{}", path.display()),
        }
    }
}

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The component's bytes.
    pub component: Vec<u8>,
    /// Port 0: any free one.
    pub listen: SocketAddr,
    /// See [`StoreChoice`].
    pub store: StoreChoice,
    /// A compiled configuration; `None`: the one baked into the component.
    pub config: Option<String>,
    /// Variables and secrets beside `config` and `refresh_token`.
    pub variables: Vec<(String, String)>,
    /// Whom the component may ask.
    pub outbound: OutboundPolicy,
    /// Run cycles by themselves.
    pub schedule: bool,
    /// What it may take.
    pub limits: Limits,
}

/// Why a deployment does not start.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// The address is taken, or not this machine's.
    #[error("can't listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// See [`OpenError`].
    #[error(transparent)]
    Store(#[from] OpenError),
    /// [`Options::config`] is no compiled configuration.
    #[error(transparent)]
    Config(#[from] CompiledError),
    /// See [`BuildError`].
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The system has no randomness for the token.
    #[error("the system gives no random numbers")]
    Random,
}

/// A deployment that answers.
#[derive(Debug)]
pub struct Deployed {
    /// Its server.
    pub server: RunningServer,
    schedule: Option<JoinHandle<()>>,
}

impl Options {
    /// `component` with an empty store in memory, its own configuration, any free port of this machine, and no schedule.
    #[must_use]
    pub fn new(component: impl Into<Vec<u8>>) -> Self {
        Self {
            component: component.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            store: StoreChoice::Memory,
            config: None,
            variables: Vec::new(),
            outbound: OutboundPolicy::public(),
            schedule: false,
            limits: Limits::default(),
        }
    }

    /// Starts it. Returns when connections are accepted, and the first cycle, where scheduled, is under way.
    ///
    /// # Errors
    /// See [`UpError`].
    pub async fn start(self) -> Result<Deployed, UpError> {
        // First what fails fast and often.
        let listener = TcpListener::bind(self.listen)
            .await
            .map_err(|error| UpError::Listen(self.listen, error))?;
        let config = self
            .config
            .as_deref()
            .map(Config::from_compiled)
            .transpose()?;
        let mut builder = EdgefoldHost::builder();
        builder = match &self.store {
            StoreChoice::Memory => builder.kv(MemoryKv::new()),
            StoreChoice::Redb(path) => builder.kv(RedbKv::open(path)?),
        };
        let refresh_token = format!("{:016x}{:016x}", random()?, random()?);
        let host = builder
            .component(self.component)
            .variables(self.variables)
            .variables(self.config.map(|config| ("config".to_owned(), config)))
            .variables(
                self.schedule
                    .then(|| ("refresh_token", refresh_token.clone())),
            )
            .outbound(self.outbound)
            .limits(self.limits)
            .build()
            .await?;
        tracing::info!(
            store = %self.store,
            capabilities = ?host.capabilities(),
            sources = config.as_ref().map(|config| config.sources.len()),
            schedule = self.schedule,
            "running"
        );
        let server = RunningServer::start(host.clone(), listener)
            .map_err(|error| UpError::Listen(self.listen, error))?;
        let seed = random()?;
        let schedule = self.schedule.then(|| {
            tokio::spawn(async move { Schedule::new(refresh_token, seed).run(&host).await })
        });
        Ok(Deployed { server, schedule })
    }
}

impl Deployed {
    /// Starts no more cycles, lets requests under way end, and stops.
    pub async fn shutdown(self) {
        if let Some(schedule) = self.schedule {
            schedule.abort();
        }
        self.server.shutdown().await;
    }
}

/// The places where the component is looked for when none is named: beside the program, in `dist/` of the folder where it
/// was started, and in `dist/` of the workspace it was built in.
#[must_use]
pub fn component_places() -> Vec<PathBuf> {
    const FILE: &str = "edgefold-component.wasm";
    let beside = std::env::current_exe().ok();
    let beside = beside.as_deref().and_then(Path::parent);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let mut places: Vec<PathBuf> = beside.map(|folder| folder.join(FILE)).into_iter().collect();
    places.push(Path::new("dist").join(FILE));
    places.extend(workspace.map(|root| root.join("dist").join(FILE)));
    places
}

/// The component of the first of [`component_places`] that has one; with the feature `bundled`, the one built in.
///
/// # Errors
/// Where there is none, or it can't be read.
pub fn find_component() -> io::Result<Vec<u8>> {
    let places = component_places();
    for place in &places {
        match fs::read(place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            read => return read,
        }
    }
    #[cfg(feature = "bundled")]
    return Ok(include_bytes!("../../dist/edgefold-component.wasm").to_vec());
    #[cfg(not(feature = "bundled"))]
    Err(io::Error::new(
        io::ErrorKind::NotFound,
        format!(
            "no component: build one with `cargo xtask build component`, or name one with --component. Looked for {}",
            places
                .iter()
                .map(|place| place.display().to_string())
                .collect::<Vec<_>>()
                .join(", ")
        ),
    ))
}

fn random() -> Result<u64, UpError> {
    let mut bytes = [0; 8];
    crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| UpError::Random)?;
    Ok(u64::from_le_bytes(bytes))
}
