//! The component in a host that knows nothing of edgefold but `wit/`: what an embedder in any language has to write.
//!
//! - [`host`]: bindings, the state of an instance, and a request from end to end.
//! - [`kv`]: `edgefold:host/kv` over a map.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    missing_docs,
    reason = "tests fail by panicking, and play the host"
)]

mod host;
mod kv;

use edgefold::config::authoring;
use host_tests::arms::Host;
use host_tests::upstream::{Reply, Upstream};

use host::WitHost;

const FEED: &str = r#"{"version":"https://jsonfeed.org/version/1.1","title":"F","items":[
    {"id":"1","title":"Across the contract","url":"https://example.org/1","date_published":"2026-11-20T10:00:00Z"}]}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_made_of_the_wit_package_alone_runs_a_site() -> wasmtime::Result<()> {
    let upstream = Upstream::start().await?;
    upstream.route("/feed", Reply::document("application/feed+json", FEED));
    let url = upstream.url("/feed");
    let toml = format!("[site]\ntitle = \"T\"\n[[source]]\nid = \"s\"\nurl = \"{url}\"\n");
    let config = authoring::compile(&toml).unwrap().to_compiled();
    let component = Host::Component.artefact().unwrap();
    let host = WitHost::new(
        &component,
        &[("config", &config), ("admin_token", "secret")],
    )?;

    let empty = host.ask("GET", "/api/items", None).await?;
    assert_eq!(empty.status, 200, "{}", empty.text);
    assert_eq!(
        host.store.keys(),
        Vec::<String>::new(),
        "a read writes nothing"
    );

    let report = host
        .ask("POST", "/_edgefold/refresh", Some("secret"))
        .await?;
    assert_eq!(report.status, 200, "{}", report.text);
    assert!(
        report.text.contains(r#""outcome":"published""#),
        "{}",
        report.text
    );
    assert_eq!(upstream.requests("/feed"), 1);
    assert!(!host.store.keys().is_empty());

    // Each request has an instance of its own: what it shows comes out of the store.
    let items = host.ask("GET", "/api/items", None).await?;
    assert_eq!(items.status, 200, "{}", items.text);
    assert!(items.text.contains("Across the contract"), "{}", items.text);
    let page = host.ask("GET", "/", None).await?;
    assert!(page.text.contains("Across the contract"), "{}", page.text);
    Ok(())
}
