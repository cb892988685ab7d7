//! `fastly compute serve`, as docs/deploy-fastly.md has it. That `fastly compute build` works is a step of `cargo xtask test`.

use std::path::{Path, PathBuf};

use host_tests::arms::Arm;

/// The program, where `cargo xtask test` puts it: npm has a package of it for each platform.
fn cli() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    let packages = target.join("npm/node_modules/@fastly");
    let found = std::fs::read_dir(&packages).ok().and_then(|folders| {
        let programs = folders.flatten().map(|folder| folder.path().join("fastly"));
        programs.into_iter().find(|program| program.is_file())
    });
    if found.is_none() {
        eprintln!(
            "skipped: no program in {}: `cargo xtask test` puts it there",
            packages.display()
        );
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_serves_the_project() -> anyhow::Result<()> {
    let Some(cli) = cli() else { return Ok(()) };
    let arm = Arm::start_by_fastly_cli(&cli).await?;
    let page = arm.get("/").await?;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Nothing is published yet"));
    // The token is that of the manifest's local secret store.
    let path = "/_edgefold/status";
    let wrong = [("authorization", "Bearer wrong")];
    assert_eq!(arm.send("GET", path, &wrong).await?.status, 401);
    let right = [("authorization", "Bearer only-for-local-use")];
    let status = arm.send("GET", path, &right).await?;
    assert_eq!(status.status, 200);
    assert_eq!(status.json()?["config"], "baked-in");
    Ok(())
}
