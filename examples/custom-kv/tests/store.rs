//! The store keeps the rules, and a site lives on it.

use bytes::Bytes;
use custom_kv::SqliteKv;
use edgefold_host::EdgefoldHost;
use edgefold_host::kv::conformance;
use edgefold_host::outbound::{Allowed, OutboundPolicy};
use edgefold_host::schedule::Schedule;
use edgefold_host::up::find_component;
use host_tests::servers::Scratch;
use host_tests::upstream::{Reply, Upstream};
use http::Request;
use http_body_util::{BodyExt, Empty};

const FEED: &str = r#"{"version":"https://jsonfeed.org/version/1.1","title":"F","items":[
    {"id":"1","title":"Kept in a table","url":"https://example.org/1","date_published":"2026-11-20T10:00:00Z"}]}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_keeps_the_rules() -> anyhow::Result<()> {
    let folder = Scratch::new("custom-kv")?;
    let store = SqliteKv::open(folder.path().join("items.db"))?;
    conformance::check(&store)
        .await
        .map_err(anyhow::Error::msg)?;
    let pages = conformance::check_pages(&store).await;
    pages.map_err(anyhow::Error::msg)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_cycle_published_is_served_after_a_restart() -> anyhow::Result<()> {
    let upstream = Upstream::start().await?;
    upstream.route("/feed", Reply::document("application/feed+json", FEED));
    let url = upstream.url("/feed");
    let toml = format!("[site]\ntitle = \"T\"\n[[source]]\nid = \"s\"\nurl = \"{url}\"\n");
    let folder = Scratch::new("custom-kv")?;
    let schedule = Schedule::random()?;
    let start = async || -> anyhow::Result<EdgefoldHost> {
        let allowed: Allowed = upstream.base_url().trim_start_matches("http://").parse()?;
        let host = EdgefoldHost::builder()
            .component(find_component()?)
            .configuration(&toml)
            .kv(SqliteKv::open(folder.path().join("items.db"))?)
            .outbound(OutboundPolicy::public().allow(allowed))
            .schedule(&schedule);
        Ok(host.build().await?)
    };
    let first = start().await?;
    schedule.refresh(&first).await;
    drop(first);
    let items = ask(&start().await?, "/api/items").await?;
    assert!(items.contains("Kept in a table"), "{items}");
    Ok(())
}

async fn ask(host: &EdgefoldHost, path: &str) -> anyhow::Result<String> {
    let request = Request::get(path).body(Empty::<Bytes>::new())?;
    let body = host.handle(request).await.into_body().collect().await;
    let body = body.map_err(anyhow::Error::from_boxed)?.to_bytes();
    Ok(String::from_utf8_lossy(&body).into_owned())
}
