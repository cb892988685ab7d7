//! Two sites behind one compiled component and one store: what one does leaves the other's values as they are.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use edgefold_host::EdgefoldHost;
use edgefold_host::kv::{Kv, MemoryKv};
use edgefold_host::outbound::OutboundPolicy;
use host_tests::arms::{ADMIN_TOKEN, Host};
use host_tests::tenants::{self, OTHER_TOKEN};
use host_tests::upstream::Upstream;
use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use serde_json::Value;

/// Pages of keys that a store lists at most here.
const PAGES_MAX: usize = 100;

/// One name begins the other: the prefixes of their keys and variables must still differ.
const ALIKE: [&str; 2] = ["a", "a-b"];

async fn stored(store: &MemoryKv) -> anyhow::Result<BTreeMap<String, Bytes>> {
    let (mut all, mut cursor) = (BTreeMap::new(), None);
    for _ in 0..PAGES_MAX {
        let page = store.list("", cursor.as_deref()).await?;
        for key in page.keys {
            if let Some(entry) = store.get(&key).await? {
                all.insert(key, entry.value);
            }
        }
        let Some(next) = page.cursor else { break };
        cursor = Some(next);
    }
    Ok(all)
}

async fn ask(
    host: &EdgefoldHost,
    method: &str,
    name: &str,
    path: &str,
    token: &str,
) -> anyhow::Result<(u16, Value)> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, name)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Empty::<Bytes>::new())?;
    let response = host.handle(request).await;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await;
    let body = body.map_err(|error| anyhow::anyhow!(error))?.to_bytes();
    Ok((status, serde_json::from_slice(&body)?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cycle_of_one_leaves_the_values_of_the_other() -> anyhow::Result<()> {
    let upstream = Upstream::start().await?;
    let store = Arc::new(MemoryKv::new());
    let host = EdgefoldHost::builder()
        .component(std::fs::read(Host::Component.artefact()?)?)
        .variables(tenants::deployment(&upstream, &ALIKE)?)
        .kv(Arc::clone(&store))
        .outbound(OutboundPolicy::public().allow("127.0.0.0/8".parse()?))
        .build()
        .await?;
    let refresh = "/_edgefold/refresh?all=1";
    let (_, first) = ask(&host, "POST", "a.example", refresh, ADMIN_TOKEN).await?;
    assert_eq!(first["outcome"], "published", "{first}");
    let of_a = stored(&store).await?;
    assert!(
        !of_a.is_empty() && of_a.keys().all(|key| key.starts_with("ef/2/a/")),
        "{of_a:?}"
    );
    // The other site: two cycles with news, one without, and reads.
    for number in 0..2 {
        upstream.route("/a-b.xml", tenants::document("a-b", number));
        let (_, report) = ask(&host, "POST", "a-b.example", refresh, OTHER_TOKEN).await?;
        assert_eq!(report["outcome"], "published", "{report}");
    }
    let (_, report) = ask(&host, "POST", "a-b.example", refresh, OTHER_TOKEN).await?;
    assert_eq!(report["outcome"], "unchanged", "{report}");
    let (_, page) = ask(&host, "GET", "a-b.example", "/api/items", "").await?;
    assert_eq!(page["items"][0]["title"], "An item of a-b 1", "{page}");
    let both = stored(&store).await?;
    let (own, other): (BTreeMap<_, _>, BTreeMap<_, _>) = both
        .into_iter()
        .partition(|(key, _)| key.starts_with("ef/2/a/"));
    assert_eq!(own, of_a, "every byte of `a` is as it was");
    assert!(!other.is_empty() && other.keys().all(|key| key.starts_with("ef/2/a-b/")));
    // Budgets are counted apart.
    let (_, a) = ask(&host, "GET", "a.example", "/_edgefold/status", ADMIN_TOKEN).await?;
    let (_, b) = ask(
        &host,
        "GET",
        "a-b.example",
        "/_edgefold/status",
        OTHER_TOKEN,
    )
    .await?;
    for (status, tenant, budget) in [(&a, "a", 100), (&b, "a-b", 200)] {
        assert_eq!(status["tenant"], tenant, "{status}");
        let count = |status: &serde_json::Value, name: &str| status[name].as_u64().unwrap();
        let cycles = count(status, "writes_today") + count(status, "writes_left");
        let cache = &status["cache"];
        let purges = count(cache, "writes_today") + count(cache, "writes_left");
        assert_eq!(cycles + purges, budget, "{status}");
    }
    assert!(
        b["writes_today"].as_u64() > a["writes_today"].as_u64(),
        "{a} {b}"
    );
    Ok(())
}
