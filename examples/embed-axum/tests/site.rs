//! The program as it is started: its own routes, and edgefold's.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use host_tests::arms::client::{Answer, send};
use host_tests::servers::{Process, Scratch};
use host_tests::upstream::{Reply, Upstream};

/// The first start of a component compiles it.
const PATIENCE: Duration = Duration::from_secs(180);
const FEED: &str = r#"{"version":"https://jsonfeed.org/version/1.1","title":"F","items":[
    {"id":"1","title":"Older","url":"https://example.org/1","date_published":"2026-11-20T10:00:00Z"},
    {"id":"2","title":"Newer","url":"https://example.org/2","date_published":"2026-11-21T10:00:00Z"}]}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edgefold_answers_beside_the_routes_of_the_program() -> anyhow::Result<()> {
    let upstream = Upstream::start().await?;
    upstream.route("/feed", Reply::document("application/feed+json", FEED));
    let folder = Scratch::new("embed-axum")?;
    let config = folder.path().join("edgefold.toml");
    let source = format!(
        "[[source]]\nid = \"s\"\nurl = \"{}\"\n",
        upstream.url("/feed")
    );
    std::fs::write(&config, format!("[site]\ntitle = \"Beside\"\n{source}"))?;

    let mut command = Command::new(env!("CARGO_BIN_EXE_embed-axum"));
    command
        .arg("127.0.0.1:0")
        .arg(&config)
        .arg(upstream.base_url().trim_start_matches("http://"))
        .stdout(Stdio::piped());
    let log = folder.path().join("log");
    let mut program = Process::start(&mut command, Some(&log))?;
    let stdout = program.stdout().context("no standard output")?;
    let base = tokio::task::spawn_blocking(move || ready(stdout)).await?;
    let base = base.with_context(|| std::fs::read_to_string(&log).unwrap_or_default())?;
    let get = async |path: &str| send(&base, "GET", path, &[]).await;

    let hello = get("/hello/Ada").await?;
    assert_eq!(hello.text(), "Hello, Ada!\n");

    // The first cycle runs as soon as the program does.
    let patience = Instant::now() + PATIENCE;
    while get("/titles").await?.text() != "Newer\nOlder\n" {
        anyhow::ensure!(Instant::now() < patience, "no items");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let page = get("/").await?;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Newer"), "{}", page.text());
    assert!(page.text().contains("Beside"), "{}", page.text());
    let etag = page.header("etag").to_owned();
    let again = send(&base, "GET", "/", &[("if-none-match", &etag)]).await?;
    assert_eq!(again.status, 304);
    assert_described(&get("/no-such-page").await?, 404);
    // The schedule has a token of its own: to everybody else the route does not exist.
    assert_described(&send(&base, "POST", "/_edgefold/refresh", &[]).await?, 404);
    Ok(())
}

fn ready(stdout: std::process::ChildStdout) -> anyhow::Result<String> {
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let base = line.trim().strip_prefix("ready ");
    base.map(str::to_owned).context("it did not start")
}

fn assert_described(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
}
