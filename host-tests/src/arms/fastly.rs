//! The Fastly artefact in `viceroy`, Fastly's own local server, as a child process.

use std::any::Any;
use std::net::TcpListener as StdListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Longest time from start to the first connection: viceroy compiles the module first.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// Between two attempts to connect.
const POLL: Duration = Duration::from_millis(20);
/// A port can be taken by somebody else between our looking and viceroy's binding.
const ATTEMPTS: usize = 5;

/// Ends with its folder when dropped.
struct Viceroy {
    child: Child,
    folder: PathBuf,
}

impl Drop for Viceroy {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(super) async fn start(
    file: &Path,
    variables: Vec<(String, String)>,
) -> anyhow::Result<(String, Box<dyn Any + Send + Sync>)> {
    let manifest = manifest(&variables);
    for _ in 0..ATTEMPTS {
        let port = StdListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let folder = std::env::temp_dir().join(format!("edgefold-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let path = folder.join("fastly.toml");
        std::fs::write(&path, &manifest)?;
        let child = Command::new(program())
            .arg("serve")
            .arg("-C")
            .arg(&path)
            .args(["--addr", &format!("127.0.0.1:{port}")])
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("can't start viceroy: `cargo install viceroy --version 0.22.0 --locked`")?;
        let mut viceroy = Viceroy { child, folder };
        if ready(&mut viceroy.child, port).await? {
            return Ok((format!("http://127.0.0.1:{port}"), Box::new(viceroy)));
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
/// be longer.
fn manifest(variables: &[(String, String)]) -> String {
    let mut text = String::from("manifest_version = 3\n[local_server.kv_stores]\nedgefold = []\n");
    for (name, value) in variables {
        // A JSON string is a TOML basic string.
        let (key, data) = (serde_json::json!(name), serde_json::json!(value));
        text += &format!("[[local_server.secret_stores.edgefold]]\nkey = {key}\ndata = {data}\n");
    }
    text
}
