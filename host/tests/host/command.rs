//! The `edgefold` command as a person meets it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

use crate::guests::edgefold;

const GOOD: &str = r#"
[site]
title = "Test"
[[source]]
id = "one"
url = "https://example.org/feed.xml"
"#;

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgefold"));
    command.args(args).current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

/// Runs with `input` as standard input.
fn run(args: &[&str], input: &str) -> Output {
    let mut child = command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads no input may be gone by now.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn help_names_every_command() {
    let help = out(&run(&["--help"], ""));
    for name in ["up", "check", "import", "health"] {
        assert!(help.contains(&format!("\n  {name} ")), "{help}");
    }
    for option in [
        "--listen",
        "--store",
        "--component",
        "--allow-outbound",
        "--var",
        "--no-schedule",
    ] {
        assert!(
            out(&run(&["up", "--help"], "")).contains(option),
            "{option}"
        );
    }
    assert_eq!(run(&["fly"], "").status.code(), Some(2));
}

#[test]
fn check_accepts_and_compiles() {
    let output = run(&["check", "-"], GOOD);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("1 sources"), "{}", out(&output));

    let compiled = out(&run(&["check", "-", "--compile"], GOOD));
    let config = edgefold::config::Config::from_compiled(compiled.trim()).unwrap();
    assert_eq!(config.sources[0].id, "one");

    let schema = out(&run(&["check", "--schema"], ""));
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert!(schema["properties"]["source"].is_object(), "{schema}");
}

#[test]
fn check_prints_every_mistake() {
    let text = "[site]\ntitel = \"x\"\n[[source]]\nid = \"A b\"\nurl = \"nowhere\"\n";
    let output = run(&["check", "-"], text);
    assert_eq!(output.status.code(), Some(1));
    let said = err(&output);
    assert!(said.contains("titel") && said.contains("title"), "{said}");
    assert!(said.contains("nowhere"), "{said}");

    let output = run(&["check", "no-such-file.toml"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("no-such-file.toml"));
}

#[test]
fn import_writes_sources_that_check_accepts() {
    let opml = r#"<opml version="2.0"><body><outline text="News"><outline type="rss" text="A &amp; B"
        xmlUrl="https://example.org/a.xml"/></outline></body></opml>"#;
    let output = run(&["import", "-"], opml);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let toml = format!("[site]\ntitle = \"T\"\n{}", out(&output));
    let checked = run(&["check", "-"], &toml);
    assert_eq!(checked.status.code(), Some(0), "{toml}\n{}", err(&checked));

    assert_eq!(run(&["import", "-"], "no opml").status.code(), Some(1));
    assert_eq!(run(&["import", "none.opml"], "").status.code(), Some(2));
}

#[test]
fn up_says_what_is_wrong() {
    let missing = run(&["up", "--component", "none.wasm"], "");
    assert_eq!(missing.status.code(), Some(2));
    assert!(err(&missing).contains("none.wasm"));

    let nonsense = run(&["up", "--store", "paper:", "--component", "none.wasm"], "");
    assert_eq!(nonsense.status.code(), Some(2));
    assert!(err(&nonsense).contains("redb:PATH"), "{}", err(&nonsense));

    // Any file will do: the port is looked at first.
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let up = [
        "up",
        "--store",
        "memory:",
        "--component",
        file,
        "--listen",
        &address,
    ];
    let busy = run(&up, "");
    assert_eq!(busy.status.code(), Some(2));
    assert!(err(&busy).contains(&address), "{}", err(&busy));

    let mut with_config = up.to_vec();
    let bad = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("bad.toml");
    std::fs::write(&bad, "[site]\ntitel = 1\n").unwrap();
    with_config.extend(["--config", bad.to_str().unwrap()]);
    let mistaken = run(&with_config, "");
    assert_eq!(mistaken.status.code(), Some(1));
    assert!(err(&mistaken).contains("titel"), "{}", err(&mistaken));
}

/// Starts `edgefold up` with an empty store; says where it answers.
fn started(more: &[&str]) -> (Child, String) {
    let up = ["up", "--store", "memory:", "--listen", "127.0.0.1:0"];
    let mut child = command(&[&up, more].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut ready).unwrap();
    let address = ready.trim().strip_prefix("ready http://");
    let address = address.unwrap().to_owned();
    (child, address)
}

/// Asks it to stop, and waits until it has: its log is the standard error.
fn stopped(child: Child) -> Output {
    let pid = child.id().to_string();
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    child.wait_with_output().unwrap()
}

/// The status line that a request without a body is answered with.
fn status(address: &str, request: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = format!("{request}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status).unwrap();
    status
}

#[cfg(unix)]
#[test]
fn a_schedule_and_a_token_of_ones_own_go_together() {
    if edgefold().is_none() {
        return;
    }
    let (child, address) = started(&["--var", "refresh_token=mine"]);
    let refresh = |token: &str| {
        let request = format!(
            "POST /_edgefold/refresh HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nAuthorization: Bearer {token}"
        );
        status(&address, &request)
    };
    assert!(refresh("mine").contains(" 200 "), "{}", refresh("mine"));
    assert!(refresh("yours").contains(" 404 "), "{}", refresh("yours"));
    let log = err(&stopped(child));
    assert!(
        !log.contains("no cycle"),
        "the schedule is let in too: {log}"
    );
}

#[cfg(unix)]
#[test]
fn up_says_ready_answers_and_stops_when_asked() {
    if edgefold().is_none() {
        return;
    }
    let (child, address) = started(&["--no-schedule"]);
    let status = status(&address, "GET /health HTTP/1.1\r\nHost: a");
    assert!(status.starts_with("HTTP/1.1 "), "{status}");
    let health = run(&["health", &address], "");
    assert_eq!(health.status.code(), Some(0), "{}", err(&health));

    // The instance that has answered is idle when the runtime stops under it: nothing has failed.
    let output = stopped(child);
    let log = err(&output);
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(log.contains("stopping") && !log.contains("ERROR"), "{log}");
    let health = run(&["health", &address], "");
    assert_eq!(health.status.code(), Some(1));
    assert!(err(&health).contains(&address), "{}", err(&health));
}
