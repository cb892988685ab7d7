//! `cargo xtask test`: sets up what is needed, then checks and tests everything.

use std::process::Command;

use crate::guests::{self, GUESTS, Which};
use crate::process::{self, cargo, shown, watch_stderr};
use crate::steps::Steps;
use crate::{docs, neutral, root, setup, vendor};

const TESTS: &str = "unit, integration and host tests";
const FASTLY: &str = "fastly compute build";

/// Carries out all steps; `false` where one failed.
pub(crate) fn run(quick: bool) -> anyhow::Result<bool> {
    let mut counts = Counts::default();
    let mut steps = Steps::new(if quick { 5 } else { 18 });
    if quick {
        run_quick(&mut steps, &mut counts);
    } else {
        run_all(&mut steps, &mut counts);
    }
    let passed = steps.summary();
    println!("{}", counts.line(&steps));
    Ok(passed)
}

// Cheap checks first. One check build (clippy, rustdoc), one debug build (tests, doc tests, `edgefold`), the guests once.
fn run_all(steps: &mut Steps, counts: &mut Counts) {
    let set_up = steps.run("set-up", "cargo xtask test", || {
        setup::targets(&guests::TARGETS)?;
        setup::wasm_opt()?;
        setup::store_servers()?;
        setup::nats_server(&guests::target_dir()?.join("nats"))?;
        setup::viceroy().map(drop)
    });
    // Without it only the tests in a browser are left out, and say so.
    steps.run("browser", "cargo xtask test", || {
        setup::browser(&guests::target_dir()?.join("npm")).map(drop)
    });
    steps.run("Fastly's command line", "cargo xtask test", || {
        setup::fastly_cli(&guests::target_dir()?.join("npm")).map(drop)
    });
    steps.run("schemathesis", "cargo xtask test", || {
        setup::schemathesis(&guests::target_dir()?.join("schemathesis")).map(drop)
    });
    run_cheap(steps);
    run_command(
        steps,
        "clippy",
        cargo(&["clippy", "--all-targets", "--", "-D", "warnings"]),
    );
    for guest in &GUESTS {
        let mut clippy = cargo(&["clippy", "--package", guest.package]);
        clippy.args(["--target", guest.target, "--", "-D", "warnings"]);
        run_command(steps, guest.clippy_step, clippy);
    }
    // A workspace of its own: nothing else would notice that they no longer build.
    let fuzz = ["clippy", "--manifest-path", "fuzz/Cargo.toml", "--locked"];
    let mut clippy = cargo(&fuzz);
    clippy.args(["--", "-D", "warnings"]);
    run_command(steps, "clippy of the fuzz targets", clippy);
    let build = "cargo xtask build";
    let built = set_up && steps.run("guests", build, || guests::build(Which::All, None));
    if built {
        steps.run(FASTLY, "fastly compute build", fastly_compute_build);
    } else {
        steps.skip(FASTLY, "fastly compute build", "guests");
    }
    let (tests, doc_tests) = ("cargo nextest run", "cargo test --doc");
    if built {
        steps.run(TESTS, tests, || run_tests(&[], counts));
        run_command(steps, "doc tests", cargo(&["test", "--doc"]));
    } else {
        let needs = if set_up { "guests" } else { "set-up" };
        steps.skip(TESTS, tests, needs);
        steps.skip("doc tests", doc_tests, needs);
    }
    let mut rustdoc = cargo(&["doc", "--no-deps", "--lib"]);
    rustdoc.env("RUSTDOCFLAGS", "-D warnings");
    run_command(steps, "rustdoc", rustdoc);
    steps.run("pages", "cargo xtask test", docs::check);
}

/// Builds the package as somebody does who deploys it, with the build script of `fastly.toml`. Left out, with a message from
/// the set-up, where there is no npm.
fn fastly_compute_build() -> anyhow::Result<()> {
    let Some(cli) = setup::fastly_cli(&guests::target_dir()?.join("npm"))? else {
        return Ok(());
    };
    let mut build = Command::new(cli);
    build.args(["compute", "build", "--non-interactive"]);
    // Else it looks for a tool on the network.
    build.env("FASTLY_DISABLE_WASM_METADATA", "1");
    process::run(build.current_dir(root()))?;
    let package = root().join("pkg/edgefold.tar.gz");
    anyhow::ensure!(package.is_file(), "no {}", package.display());
    Ok(())
}

fn run_quick(steps: &mut Steps, counts: &mut Counts) {
    run_cheap(steps);
    let packages = ["--package", "edgefold", "--package", "xtask"];
    let mut clippy = cargo(&["clippy", "--all-features", "--all-targets"]);
    clippy.args(packages).args(["--", "-D", "warnings"]);
    run_command(steps, "clippy of the logic", clippy);
    let rerun = "cargo nextest run --package edgefold --all-features";
    steps.run("tests of the logic", rerun, || {
        run_tests(&[&packages[..], &["--all-features"]].concat(), counts)
    });
}

fn run_cheap(steps: &mut Steps) {
    run_command(steps, "format", cargo(&["fmt", "--all", "--check"]));
    // A change of the crate's dependencies changes that lock too, and nothing else says so before the targets are built.
    let lock = ["tree", "--manifest-path", "fuzz/Cargo.toml", "--locked"];
    let mut lock = cargo(&lock);
    lock.args(["--depth", "0"]);
    run_command(steps, "lock of the fuzz targets", lock);
    steps.run_quiet(
        "neutrality of src/",
        "cargo xtask test --quick",
        neutral::check,
    );
    steps.run_quiet("copied WIT", "cargo xtask vendor --check", vendor::check);
}

fn run_command(steps: &mut Steps, name: &'static str, mut command: Command) {
    let rerun = shown(&command);
    steps.run(name, &rerun, || process::run(&mut command));
}

fn run_tests(packages: &[&str], counts: &mut Counts) -> anyhow::Result<()> {
    if setup::has_nextest() {
        let mut command = cargo(&["nextest", "run", "--no-fail-fast"]);
        return watch_stderr(command.args(packages), |line| counts.see(line));
    }
    // Without nextest the summary line counts nothing; the exit status still tells.
    let mut command = cargo(&["test", "--lib", "--bins", "--tests", "--no-fail-fast"]);
    process::run(command.args(packages))
}

/// What nextest counted.
#[derive(Debug, Default)]
struct Counts {
    summary: Option<String>,
}

impl Counts {
    fn see(&mut self, line: &str) {
        if line.trim_start().starts_with("Summary [") {
            self.summary = Some(line.trim().to_owned());
        }
    }

    /// One line for programs, the last one of the output. nextest's own summary ends it, as it was.
    fn line(&self, steps: &Steps) -> String {
        let result = if steps.not_passed() == 0 {
            "ok"
        } else {
            "failed"
        };
        format!(
            "xtask-test: result={result} steps={} not-passed={} seconds={:.0}; {}",
            steps.len(),
            steps.not_passed(),
            steps.seconds(),
            self.summary.as_deref().unwrap_or("no nextest summary")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;
    use crate::steps::Steps;

    #[test]
    fn the_last_line_ends_with_the_summary_of_nextest() {
        let mut counts = Counts::default();
        counts.see("        PASS [   0.004s] edgefold time::tests::a_day");
        counts.see("     Summary [   0.010s] 2 tests run: 2 passed, 0 skipped");
        let line = counts.line(&Steps::new(0));
        assert!(
            line.starts_with("xtask-test: result=ok steps=0 not-passed=0 "),
            "{line}"
        );
        assert!(
            line.ends_with("; Summary [   0.010s] 2 tests run: 2 passed, 0 skipped"),
            "{line}"
        );
    }
}
