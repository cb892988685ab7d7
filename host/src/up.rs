//! A whole deployment: component, store, configuration, server and schedule. What `edgefold up` runs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use edgefold::tenant::{ANY_HOST, Entry, Form, FormError, Roster, Tenant};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tracing::Instrument;

use crate::embed::{BuildError, EdgefoldHost};
use crate::kv::OpenError;
use crate::limits::Limits;
use crate::outbound::OutboundPolicy;
use crate::schedule::Schedule;
use crate::server::RunningServer;
pub use crate::store::StoreChoice;

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The component's bytes.
    pub component: Vec<u8>,
    /// Port 0: any free one.
    pub listen: SocketAddr,
    /// See [`StoreChoice`].
    pub store: StoreChoice,
    /// A compiled configuration, or those of tenants (see [`Form`]); `None`: what is baked into the component.
    pub config: Option<String>,
    /// Variables and secrets beside `config` and `tenants`. With a `refresh_token` of yours the schedule uses that one.
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
    Config(#[from] FormError),
    /// See [`BuildError`].
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The system has no randomness for a token.
    #[error(transparent)]
    Random(io::Error),
}

/// A deployment that answers.
#[derive(Debug)]
pub struct Deployed {
    /// Its server.
    pub server: RunningServer,
    schedules: Vec<JoinHandle<()>>,
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
        let form = self.config.as_deref().map(Form::new).transpose()?;
        form.map(Form::check).transpose()?;
        let roster = self.roster(form);
        let mut builder = EdgefoldHost::builder();
        builder = self.store.open(builder).await?;
        let schedules = if self.schedule {
            schedules(Roster::new(&roster), &self.variables)?
        } else {
            Vec::new()
        };
        let host = builder
            .component(self.component)
            .variables(self.variables)
            .variables(self.config.map(|config| ("config".to_owned(), config)))
            .variables((!roster.is_empty()).then(|| ("tenants", roster.clone())))
            .variables(schedules.iter().map(|scheduled| scheduled.token.clone()))
            .outbound(self.outbound)
            .limits(self.limits)
            .build()
            .await?;
        tracing::info!(
            store = %self.store,
            capabilities = ?host.capabilities(),
            tenants = Roster::new(&roster).entries().count(),
            schedule = self.schedule,
            "running"
        );
        let server = RunningServer::start(host.clone(), listener)
            .map_err(|error| UpError::Listen(self.listen, error))?;
        let turns = Arc::new(Semaphore::new(CYCLES_AT_ONCE));
        let start = |scheduled: Scheduled| {
            let (host, turns) = (host.clone(), Arc::clone(&turns));
            let span = tracing::info_span!("schedule", tenant = scheduled.tenant);
            tokio::spawn(
                async move { scheduled.schedule.run_with_others(&host, &turns).await }
                    .instrument(span),
            )
        };
        let schedules = schedules.into_iter().map(start).collect();
        Ok(Deployed { server, schedules })
    }

    /// The tenants: those of the configuration, else those that a variable names. What is baked into the component is not
    /// known here.
    fn roster(&self, form: Option<Form<'_>>) -> String {
        if let Some(form) = form {
            return form.roster().as_str().to_owned();
        }
        let mut named = self.variables.iter().rev();
        let named = named.find(|(name, _)| name == "tenants");
        named.map(|(_, roster)| roster.clone()).unwrap_or_default()
    }
}

/// Cycles of different tenants that run at once.
const CYCLES_AT_ONCE: usize = 2;
/// Named for a tenant that has no host of its own but all that nobody names (RFC 2606 §2: nobody has this one).
const UNNAMED_HOST: &str = "edgefold.invalid";

/// The schedule of one tenant, and the variable that lets it in.
struct Scheduled {
    tenant: String,
    token: (String, String),
    schedule: Schedule,
}

/// One for each tenant. Where `variables` have its token already, somebody else calls too, and both use that one.
fn schedules(
    roster: Roster<'_>,
    variables: &[(String, String)],
) -> Result<Vec<Scheduled>, UpError> {
    let scheduled = |tenant: Tenant, host: Option<&str>| -> Result<Option<Scheduled>, UpError> {
        let Some(variable) = roster.variable(&tenant, "refresh_token") else {
            return Ok(None);
        };
        let mut schedule = Schedule::random()
            .map_err(UpError::Random)?
            .for_tenant(tenant.to_string());
        let mut set = variables.iter().rev();
        if let Some((_, token)) = set.find(|(name, token)| *name == variable && !token.is_empty()) {
            schedule = schedule.with_token(token);
        }
        if let Some(host) = host {
            schedule = schedule.for_host(host);
        }
        Ok(Some(Scheduled {
            tenant: tenant.to_string(),
            token: (variable, schedule.token().to_owned()),
            schedule,
        }))
    };
    if roster.is_empty() {
        return Ok(scheduled(Tenant::MAIN, None)?.into_iter().collect());
    }
    let host = |entry: Entry<'_>| {
        let mut named = entry.hosts().filter(|host| *host != ANY_HOST);
        named.next().unwrap_or(UNNAMED_HOST).to_owned()
    };
    let all = roster.entries().filter_map(|entry| {
        let tenant = Tenant::new(entry.tenant).ok()?;
        scheduled(tenant, Some(&host(entry))).transpose()
    });
    all.collect()
}

impl Deployed {
    /// Starts no more cycles, lets requests under way end, and stops.
    pub async fn shutdown(self) {
        for schedule in self.schedules {
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
