//! The compiled component makes again what its store has lost.

use std::sync::Arc;

use bytes::Bytes;
use edgefold_host::EdgefoldHost;
use edgefold_host::kv::{Kv, MemoryKv};
use edgefold_host::outbound::OutboundPolicy;
use host_tests::arms::{ADMIN_TOKEN, Host};
use host_tests::upstream::{Reply, Upstream};
use http::Request;
use http_body_util::{BodyExt, Empty};
use serde_json::{Value, json};

const SOURCES: usize = 20;
/// So many that most are sealed.
const ITEMS_EACH: usize = 50;
/// Calls of a repair that goes on and on.
const CALLS_MAX: usize = 20;

async fn ask(host: &EdgefoldHost, method: &str, path: &str) -> anyhow::Result<Bytes> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "fold.example")
        .header("authorization", format!("Bearer {ADMIN_TOKEN}"))
        .body(Empty::<Bytes>::new())?;
    let body = host.handle(request).await.into_body().collect().await;
    Ok(body.map_err(anyhow::Error::from_boxed)?.to_bytes())
}

async fn repair(host: &EdgefoldHost) -> anyhow::Result<Vec<Value>> {
    let mut reports: Vec<Value> = Vec::new();
    let mut path = "/_edgefold/repair".to_owned();
    for _ in 0..CALLS_MAX {
        let report: Value = serde_json::from_slice(&ask(host, "POST", &path).await?)?;
        let next = report["next"].as_str().map(str::to_owned);
        reports.push(report);
        let Some(next) = next else {
            return Ok(reports);
        };
        path = format!("/_edgefold/repair?from={next}");
    }
    anyhow::bail!("it has no end: {reports:?}")
}

fn sum(reports: &[Value], pointer: &str) -> u64 {
    let number = |report: &Value| report.pointer(pointer).and_then(Value::as_u64);
    reports.iter().filter_map(number).sum()
}

pub(crate) async fn what_the_store_has_lost_is_made_again() -> anyhow::Result<()> {
    let upstream = Upstream::start().await?;
    let mut toml = "[site]\ntitle = \"Lost\"\n".to_owned();
    for source in 0..SOURCES {
        let path = format!("/{source}.json");
        let items: Vec<Value> = (0..ITEMS_EACH)
            .map(|item| {
                let (day, minute) = (1 + item % 20, item / 20);
                json!({
                    "id": item.to_string(),
                    "title": format!("Item {item} of {source}"),
                    "url": format!("https://example.org/{source}/{item}"),
                    "date_published": format!("2026-10-{day:02}T{source:02}:{minute:02}:00Z"),
                })
            })
            .collect();
        let feed =
            json!({"version": "https://jsonfeed.org/version/1.1", "title": "F", "items": items});
        upstream.route(
            &path,
            Reply::document("application/feed+json", feed.to_string()),
        );
        let url = upstream.url(&path);
        toml.push_str(&format!(
            "[[source]]\nid = \"s{source}\"\nurl = \"{url}\"\ncategory = \"one\"\n"
        ));
    }
    let store = Arc::new(MemoryKv::new());
    let host = EdgefoldHost::builder()
        .component(std::fs::read(Host::Component.artefact()?)?)
        .configuration(toml)
        .variables([("admin_token", ADMIN_TOKEN)])
        .kv(Arc::clone(&store))
        .outbound(OutboundPolicy::public().allow("127.0.0.0/8".parse()?))
        .build()
        .await?;
    let report: Value =
        serde_json::from_slice(&ask(&host, "POST", "/_edgefold/refresh?all=1").await?)?;
    assert_eq!(report["outcome"], "published", "{report}");
    let export = ask(&host, "GET", "/api/export.ndjson").await?;
    assert_eq!(
        export.split(|byte| *byte == b'\n').count(),
        SOURCES * ITEMS_EACH + 1
    );

    // Where nothing is lost, nothing is written.
    let whole = repair(&host).await?;
    assert!(sum(&whole, "/looked_at") > 0, "{whole:?}");
    assert_eq!(sum(&whole, "/kv/writes"), 0, "{whole:?}");

    let segments: Vec<String> = store.list("ef/", None).await?.keys;
    let segments: Vec<&String> = segments
        .iter()
        .filter(|key| key.contains("/seg/"))
        .collect();
    assert!(segments.len() > 1, "{segments:?}");
    for lost in segments {
        store.delete(lost).await?;
        let mended = repair(&host).await?;
        assert!(sum(&mended, "/restored") > 0, "{lost}: {mended:?}");
        assert_eq!(sum(&mended, "/gone"), 0, "{lost}: {mended:?}");
        assert_eq!(
            ask(&host, "GET", "/api/export.ndjson").await?,
            export,
            "{lost}"
        );
    }
    Ok(())
}
