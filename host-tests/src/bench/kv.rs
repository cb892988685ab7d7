//! What the store is asked for, counted at the host's side of the component.

use std::path::Path;

use anyhow::ensure;
use edgefold_host::Limits;
use http::{Method, StatusCode};
use serde_json::Value;

use super::counted::Operations;
use super::feeds::Feeds;
use super::running::Running;
use super::table::{Cell, Table};

/// Enough for several sealed segments.
const FEEDS: usize = 20;
const ITEMS: usize = 50;

/// Counts the operations of cycles and reads.
///
/// # Errors
/// Where an unchanged cycle writes, a first page takes more than one read, or any page more than three.
pub async fn run(component: &Path) -> anyhow::Result<Table> {
    let feeds = Feeds::serve(FEEDS, ITEMS).await?;
    let config = feeds.config()?;
    let running = Running::start(
        component,
        Some(&config),
        Some(&feeds.upstream),
        Limits::default(),
    )
    .await?;
    let mut rows = Vec::new();
    for name in ["cycle: first", "cycle: unchanged", "cycle: one new item"] {
        if name.ends_with("new item") {
            feeds.publish_one();
        }
        running.kv.take();
        running.cycle().await?;
        let operations = running.kv.take();
        let writes = operations.writes + operations.deletes;
        ensure!(
            !name.ends_with("unchanged") || writes == 0,
            "an unchanged cycle wrote: {operations:?}"
        );
        rows.push(row(name, operations));
    }
    for (name, path, reads_max) in reads(&running).await? {
        running.kv.take();
        let answer = running.ask(Method::GET, &path).await?;
        ensure!(
            answer.parts.status == StatusCode::OK,
            "{path}: {}",
            answer.parts.status
        );
        let operations = running.kv.take();
        ensure!(operations.reads <= reads_max, "{path} took {operations:?}");
        ensure!(
            operations.writes + operations.deletes == 0,
            "{path} wrote: {operations:?}"
        );
        rows.push(row(name, operations));
    }
    Ok(Table {
        name: "kv",
        about: format!("store operations with {FEEDS} feeds of {ITEMS} items"),
        columns: vec![
            "what",
            "reads",
            "bytes read",
            "writes",
            "bytes written",
            "deletes",
            "lists",
        ],
        rows,
    })
}

/// Name, address and most reads.
async fn reads(running: &Running) -> anyhow::Result<Vec<(&'static str, String, u64)>> {
    let page = |path: String| async move {
        let answer = running.ask(Method::GET, &path).await?;
        serde_json::from_slice::<Value>(&answer.body).map_err(anyhow::Error::from)
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let first = page("/api/items?limit=100".to_owned()).await?;
    let second = format!("/api/items?limit=100&cursor={}", text(&first["next"]));
    let third = page(second.clone()).await?;
    let deep = format!("/api/items?limit=100&cursor={}", text(&third["next"]));
    let deep_page = page(deep.clone()).await?;
    Ok(vec![
        ("GET /", "/".to_owned(), 1),
        ("GET /api/items", "/api/items".to_owned(), 1),
        (
            "GET /api/items?category=news",
            "/api/items?category=news".to_owned(),
            2,
        ),
        ("GET /api/items, 2nd page of 100", second, 3),
        ("GET /api/items, 3rd page of 100", deep, 3),
        (
            "GET /api/items/{id}, new",
            format!("/api/items/{}", text(&first["items"][0]["id"])),
            3,
        ),
        (
            "GET /api/items/{id}, sealed",
            format!("/api/items/{}", text(&deep_page["items"][99]["id"])),
            3,
        ),
        ("GET /api/sources", "/api/sources".to_owned(), 1),
    ])
}

fn row(name: &str, operations: Operations) -> Vec<Cell> {
    vec![
        name.into(),
        Cell::count(operations.reads),
        Cell::count(operations.bytes_read),
        Cell::count(operations.writes),
        Cell::count(operations.bytes_written),
        Cell::count(operations.deletes),
        Cell::count(operations.lists),
    ]
}
