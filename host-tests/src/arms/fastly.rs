//! The Fastly artefact in `viceroy`, Fastly's own local server, as a child process; or in that through Fastly's command line.

use std::any::Any;
use std::net::TcpListener as StdListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::Stored;
use crate::servers::Scratch;

/// Longest time from start to the first connection: viceroy compiles the module first.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// Longest time from asking it to end to its end.
const END_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two attempts to connect.
const POLL: Duration = Duration::from_millis(20);
/// A port can be taken by somebody else between our looking and viceroy's binding.
const ATTEMPTS: usize = 5;

/// Ends with its folder when dropped.
struct Running {
    child: Child,
    folder: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        // The command line ends the server that it has started, where it is asked and not killed.
        if let (Ok(None), Some(id)) = (self.child.try_wait(), self.child.id()) {
            let _ = std::process::Command::new("kill")
                .arg(id.to_string())
                .status();
            let patience = Instant::now() + END_TIMEOUT;
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < patience {
                std::thread::sleep(POLL);
            }
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

type Started = (String, Box<dyn Any + Send + Sync>);

pub(super) async fn start(
    file: &Path,
    variables: Vec<(String, String)>,
    stored: Stored,
) -> anyhow::Result<Started> {
    // It reads them before it listens, and writes them to no file.
    let values = Scratch::new("fastly")?;
    let manifest = manifest(&variables, &stored, values.path())?;
    listening(&manifest, |folder, address| {
        let mut viceroy = Command::new(program());
        viceroy.arg("serve").arg("-C");
        viceroy.arg(folder.join("fastly.toml")).arg(file);
        viceroy.args(["--addr", address]);
        viceroy
    })
    .await
}

/// Starts `file` as `fastly compute serve` does, by the program `cli`, in a project that has nothing but `manifest` and `file`.
pub(super) async fn start_by_cli(
    cli: &Path,
    manifest: &str,
    file: &Path,
) -> anyhow::Result<Started> {
    listening(manifest, |folder, address| {
        let mut serve = Command::new(cli);
        serve.args(["compute", "serve", "--non-interactive", "--skip-build"]);
        serve.arg("--viceroy-path").arg(program());
        serve.arg("--file").arg(file);
        serve.args(["--addr", address]).current_dir(folder);
        // Else it looks for a tool on the network.
        serve.env("FASTLY_DISABLE_WASM_METADATA", "1");
        serve
    })
    .await
}

/// Starts what `command` makes of a folder with `manifest` and an address, and waits until it listens there.
async fn listening(
    manifest: &str,
    command: impl Fn(&Path, &str) -> Command,
) -> anyhow::Result<Started> {
    for _ in 0..ATTEMPTS {
        let port = StdListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let folder = std::env::temp_dir().join(format!("edgefold-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("fastly.toml"), manifest)?;
        let child = command(&folder, &format!("127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("can't start viceroy: `cargo install viceroy --version 0.22.0 --locked`")?;
        let mut running = Running { child, folder };
        if ready(&mut running.child, port).await? {
            return Ok((format!("http://127.0.0.1:{port}"), Box::new(running)));
        }
    }
    bail!("viceroy does not start on any of {ATTEMPTS} ports")
}

/// Waits for the port to open. `false`: the child ended.
async fn ready(child: &mut Child, port: u16) -> anyhow::Result<bool> {
    let connected = tokio::time::timeout(START_TIMEOUT, async {
        loop {
            if child.try_wait()?.is_some() {
                return anyhow::Ok(false);
            }
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Ok(true);
            }
            tokio::time::sleep(POLL).await;
        }
    });
    connected.await.context("viceroy does not listen in time")?
}

fn program() -> PathBuf {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&on_path)
        .chain(home.map(|home| home.join("bin")))
        .map(|folder| folder.join("viceroy"))
        .find(|file| file.is_file())
        .unwrap_or_else(|| "viceroy".into())
}

/// Variables go to the secret store: a config store takes no value over 8,000 characters, and a compiled configuration may
/// be longer. What is `stored` goes to files in `folder`.
fn manifest(
    variables: &[(String, String)],
    stored: &[(String, Bytes)],
    folder: &Path,
) -> anyhow::Result<String> {
    let mut text = String::from("manifest_version = 3\n");
    if stored.is_empty() {
        text += "[local_server.kv_stores]\nedgefold = []\n";
    }
    for (number, (key, value)) in stored.iter().enumerate() {
        let file = folder.join(number.to_string());
        std::fs::write(&file, value)?;
        // A JSON string is a TOML basic string.
        let (key, file) = (serde_json::json!(key), serde_json::json!(file));
        text += &format!("[[local_server.kv_stores.edgefold]]\nkey = {key}\nfile = {file}\n");
    }
    for (name, value) in variables {
        let (key, data) = (serde_json::json!(name), serde_json::json!(value));
        text += &format!("[[local_server.secret_stores.edgefold]]\nkey = {key}\ndata = {data}\n");
    }
    Ok(text)
}
