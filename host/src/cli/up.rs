//! `edgefold up`

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use edgefold_host::outbound::Allowed;
use edgefold_host::up::{Options, StoreChoice, UpError, find_component};
use tracing_subscriber::EnvFilter;

use super::{cannot, deployment, read_text};

/// An environment variable of this prefix is a variable of the deployment: `EDGEFOLD_VAR_ADMIN_TOKEN` is `admin_token`.
const VARIABLE_PREFIX: &str = "EDGEFOLD_VAR_";
const DEFAULT_CONFIG: &str = "edgefold.toml";
const DEFAULT_LOG: &str = "info";

/// Options of `up`.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// The configuration [default: edgefold.toml where there is one, else the one baked into the component]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Where to keep the items: redb:PATH (one file), memory: (gone at the end), or for several processes
    /// nats://HOST/BUCKET?replicas=3 or redis://HOST; over TLS tls://… or rediss://…, with ca=FILE for a private authority;
    /// creds=FILE names the credentials of a NATS user. The environment's EDGEFOLD_STORE does the same, unseen by others
    #[arg(
        long,
        env = "EDGEFOLD_STORE",
        hide_env_values = true,
        default_value = "redb:edgefold.redb"
    )]
    store: StoreChoice,
    /// The component [default: beside this program, or dist/edgefold-component.wasm]
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Also ask this private address (10.1.2.3, 127.0.0.1:8080), range (10.0.0.0/8) or name; may be repeated
    #[arg(long, value_name = "WHERE")]
    allow_outbound: Vec<Allowed>,
    /// A variable or secret, like admin_token=…; the environment's EDGEFOLD_VAR_ADMIN_TOKEN does the same, unseen by others
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    var: Vec<(String, String)>,
    /// A variable whose value is a file's content, without a newline at its end
    #[arg(long, value_name = "NAME=FILE", value_parser = assignment)]
    var_file: Vec<(String, String)>,
    /// Run no cycles; something else calls POST /_edgefold/refresh
    #[arg(long)]
    no_schedule: bool,
}

impl Up {
    pub(crate) fn run(self) -> ExitCode {
        let filter =
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .init();
        let options = match self.options() {
            Ok(options) => options,
            Err(exit) => return exit,
        };
        match tokio::runtime::Runtime::new() {
            Ok(runtime) => runtime.block_on(serve(options)),
            Err(error) => cannot(error),
        }
    }

    fn options(self) -> Result<Options, ExitCode> {
        let component = match &self.component {
            Some(file) => std::fs::read(file)
                .map_err(|error| cannot(format!("can't read {}: {error}", file.display())))?,
            None => find_component().map_err(cannot)?,
        };
        let variables = self.variables().map_err(cannot)?;
        Ok(Options {
            config: compile(self.config.as_deref())?,
            listen: self.listen,
            store: self.store,
            variables,
            outbound: self.allow_outbound.into_iter().collect(),
            schedule: !self.no_schedule,
            ..Options::new(component)
        })
    }

    /// Those of the environment, of files and of the command line; the later win.
    fn variables(&self) -> Result<Vec<(String, String)>, String> {
        let mut variables: Vec<(String, String)> = std::env::vars()
            .filter_map(|(name, value)| {
                let name = name.strip_prefix(VARIABLE_PREFIX)?.to_ascii_lowercase();
                Some((name, value))
            })
            .collect();
        for (name, file) in &self.var_file {
            let text = read_text(Path::new(file))?;
            let value = text.strip_suffix('\n').unwrap_or(&text);
            let value = value.strip_suffix('\r').unwrap_or(value);
            variables.push((name.clone(), value.to_owned()));
        }
        variables.extend(self.var.iter().cloned());
        Ok(variables)
    }
}

fn compile(file: Option<&Path>) -> Result<Option<String>, ExitCode> {
    let Some(file) = file.or_else(|| {
        let default = Path::new(DEFAULT_CONFIG);
        default.exists().then_some(default)
    }) else {
        tracing::info!("no {DEFAULT_CONFIG} here: the component's own configuration is used");
        return Ok(None);
    };
    Ok(Some(deployment(file)?.to_compiled()))
}

async fn serve(options: Options) -> ExitCode {
    let deployed = match options.start().await {
        Ok(deployed) => deployed,
        Err(error @ UpError::Listen(..)) => {
            return cannot(format!("{error}; choose another address with --listen"));
        }
        Err(error) => return cannot(error),
    };
    let mut out = std::io::stdout();
    // A closed standard output is no reason not to serve.
    let _ = writeln!(out, "ready {}", deployed.server.url()).and_then(|()| out.flush());
    interrupted().await;
    tracing::info!("stopping; once more to stop at once");
    tokio::select! {
        () = deployed.shutdown() => ExitCode::SUCCESS,
        () = interrupted() => ExitCode::from(130),
    }
}

/// Ctrl-C, or what a service manager sends.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}
