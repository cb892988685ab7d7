//! Bad input and captured feeds through the compiled component, in whole cycles over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests fail by panicking and say when they are skipped"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use host_tests::arms::{ADMIN_TOKEN, Arm, Host};
use host_tests::upstream::{Upstream, captures, hostile};
use serde_json::Value;

/// Runs before the cycle must have reached every source.
const RUNS_MAX: usize = 20;

async fn run_all(arm: &Arm) -> anyhow::Result<Vec<Value>> {
    let mut runs = Vec::new();
    for _ in 0..RUNS_MAX {
        let report = arm.refresh().await?;
        let left = report["left"].as_u64().unwrap_or_default();
        runs.extend(report["sources"].as_array().cloned().unwrap_or_default());
        if left == 0 {
            return Ok(runs);
        }
    }
    anyhow::bail!("sources are left after {RUNS_MAX} runs")
}

async fn items(arm: &Arm) -> anyhow::Result<Vec<Value>> {
    let mut all = Vec::new();
    let mut path = "/api/items?limit=100".to_owned();
    loop {
        let page = arm.get(&path).await?.json()?;
        all.extend(page["items"].as_array().cloned().unwrap_or_default());
        match page["next"].as_str() {
            Some(next) => path = format!("/api/items?limit=100&cursor={next}"),
            None => return Ok(all),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_fails_alone_and_clearly() -> anyhow::Result<()> {
    let upstream = Upstream::start().await?;
    hostile::mount(&upstream);
    let toml = hostile::config(&upstream.base_url());
    let arm = Arm::start(Host::Component, &toml, &[("admin_token", ADMIN_TOKEN)]).await?;
    run_all(&arm).await?;
    let sources = arm.get("/api/sources").await?.json()?;
    let sources = sources["sources"].as_array().unwrap();
    let found = hostile::mismatches(sources, &items(&arm).await?);
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

fn testdata() -> Option<PathBuf> {
    let given = std::env::var_os("EDGEFOLD_TESTDATA").map(PathBuf::from);
    let beside = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/testdata"
    ));
    let found = given
        .into_iter()
        .chain([beside])
        .find(|path| path.join("README.md").is_file());
    if found.is_none() {
        println!("skipped: no test data (set EDGEFOLD_TESTDATA)");
    }
    found
}

/// White space and markup are ours to remove from a title.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What was compared.
#[derive(Debug, Default)]
struct Tally {
    checked: usize,
    /// Stated relatively, or shown under another source's form of the same address.
    absent: usize,
    misses: Vec<String>,
}

/// Counts are compared by source; titles, links and dates over the whole site, because an item that two sources carry is
/// shown once.
fn compare(captures: &[captures::Capture], runs: &[Value], items: Vec<Value>) -> Tally {
    let mut by_link: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for item in items {
        let link = item["url"].as_str().unwrap_or_default().to_owned();
        by_link.entry(link).or_default().push(item);
    }
    let mut tally = Tally::default();
    for capture in captures {
        let expect = &capture.row["expect"];
        let run = runs.iter().find(|run| run["id"] == capture.id.as_str());
        let entries = run.map_or(Value::Null, |run| run["entries"].clone());
        tally.checked += 1;
        if !expect["count"].is_null() && entries != expect["count"] {
            let (file, count) = (&capture.row["file"], &expect["count"]);
            let miss = format!("{file}: {entries} entries, not {count}");
            tally.misses.push(miss);
        }
        let expected = expect["items"].as_array().map_or(&[][..], Vec::as_slice);
        for item in expected {
            // Two items with one id are one item.
            let twins = |other: &&Value| other["id"].is_string() && other["id"] == item["id"];
            if expected.iter().filter(twins).count() == 1 || !item["id"].is_string() {
                compare_item(item, &by_link, &mut tally);
            }
        }
    }
    tally
}

fn compare_item(item: &Value, by_link: &BTreeMap<String, Vec<Value>>, tally: &mut Tally) {
    let (Some(link), Some(title)) = (item["link"].as_str(), item["title"].as_str()) else {
        return;
    };
    let Some(found) = by_link.get(link) else {
        tally.absent += 1;
        return;
    };
    tally.checked += 1;
    let titled = found
        .iter()
        .any(|found| plain(found["title"].as_str().unwrap_or_default()) == plain(title));
    let dated = item["date"]
        .as_str()
        .is_none_or(|date| found.iter().any(|found| found["published"] == date));
    if !titled || !dated {
        let miss = format!("{link}: expected {item}, found {found:?}");
        tally.misses.push(miss);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn captured_feeds_are_published_as_expected() -> anyhow::Result<()> {
    let Some(data) = testdata() else {
        return Ok(());
    };
    let upstream = Upstream::start().await?;
    let captures = captures::mount(&upstream, &data.join("feeds"))?;
    let toml = captures::config(&upstream.base_url(), &captures);
    let arm = Arm::start(Host::Component, &toml, &[("admin_token", ADMIN_TOKEN)]).await?;
    let runs = run_all(&arm).await?;
    let tally = compare(&captures, &runs, items(&arm).await?);
    println!(
        "{} checked, {} links in another form",
        tally.checked, tally.absent
    );
    assert!(tally.misses.is_empty(), "{}", tally.misses.join("\n"));
    assert!(tally.checked > 500, "{tally:?}");
    Ok(())
}

/// `/a/b` becomes `$['a']['b']`.
fn json_path(pointer: &str) -> String {
    let keys = pointer.split('/').skip(1);
    keys.fold("$".to_owned(), |path, key| format!("{path}['{key}']"))
}

/// The `edgefold.toml` for captured answers of JSON APIs, mapped by the pointers of the manifest.
fn apis_config(base_url: &str, captures: &[captures::Capture]) -> String {
    let mut toml = "[site]\ntitle = \"Captured APIs\"\n\n".to_owned();
    for capture in captures {
        let (id, path) = (&capture.id, &capture.path);
        toml +=
            &format!("[[source]]\nid = \"{id}\"\ntitle = \"{id}\"\nurl = \"{base_url}{path}\"\n");
        toml += "kind = \"json\"\ncategory = \"apis\"\n\n[source.map]\n";
        let items = json_path(capture.row["items"].as_str().unwrap_or_default());
        toml += &format!("items = \"{items}\"\n");
        let names = [
            ("title", "title"),
            ("url", "link"),
            ("id", "id"),
            ("published", "date"),
            ("author", "author"),
            ("summary", "summary"),
        ];
        for (ours, theirs) in names {
            if let Some(pointer) = capture.row["fields"][theirs].as_str() {
                toml += &format!("{ours} = \"{}\"\n", json_path(pointer));
            }
        }
        toml.push('\n');
    }
    toml
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn captured_apis_are_published_as_expected() -> anyhow::Result<()> {
    let Some(data) = testdata() else {
        return Ok(());
    };
    let upstream = Upstream::start().await?;
    let captures = captures::mount(&upstream, &data.join("json-apis"))?;
    let toml = apis_config(&upstream.base_url(), &captures);
    let arm = Arm::start(Host::Component, &toml, &[("admin_token", ADMIN_TOKEN)]).await?;
    let runs = run_all(&arm).await?;
    let mut found = items(&arm).await?;
    // The manifest has titles as the API states them, with markup.
    for item in &mut found {
        if item["source"]
            .as_str()
            .is_some_and(|id| id.contains("mastodon"))
        {
            item["title"] = format!("<p>{}</p>", item["title"].as_str().unwrap_or_default()).into();
        }
    }
    let tally = compare(&captures, &runs, found);
    println!(
        "{} checked, {} links in another form",
        tally.checked, tally.absent
    );
    assert!(tally.misses.is_empty(), "{}", tally.misses.join("\n"));
    assert!(tally.checked > 250, "{tally:?}");
    Ok(())
}
