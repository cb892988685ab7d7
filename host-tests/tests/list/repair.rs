//! What a store has lost is made again: by the component, segment after segment, and on every host.

use std::sync::Arc;

use bytes::Bytes;
use edgefold::config::authoring;
use edgefold_host::EdgefoldHost;
use edgefold_host::kv::{Kv, MemoryKv, Precondition};
use edgefold_host::outbound::OutboundPolicy;
use host_tests::arms::{ADMIN_TOKEN, Arm, Host, Stored};
use host_tests::upstream::{Reply, Upstream};
use http::Request;
use http_body_util::{BodyExt, Empty};
use serde_json::{Value, json};

use crate::site::NOW_S;

const SOURCES: usize = 20;
/// So many that most are sealed.
const ITEMS_EACH: usize = 50;
/// Between the last cycle and the repair on another host, in seconds: nothing is on its way for so long.
const LATER_S: i64 = 2 * 3600;
/// Calls of a repair that goes on and on.
const CALLS_MAX: usize = 20;

/// The component over a store that can be looked into, with a site of [`SOURCES`] sources in it.
pub(crate) struct Origin {
    host: EdgefoldHost,
    store: Arc<MemoryKv>,
    toml: String,
    export: Bytes,
    /// The cycles' sources; nobody asks them again.
    _upstream: Upstream,
}

impl Origin {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let upstream = Upstream::start().await?;
        let toml = toml(&upstream);
        let store = Arc::new(MemoryKv::new());
        let host = EdgefoldHost::builder()
            .component(std::fs::read(Host::Component.artefact()?)?)
            .configuration(toml.clone())
            .variables([
                ("admin_token", ADMIN_TOKEN.to_owned()),
                ("source_date_epoch", NOW_S.to_string()),
            ])
            .kv(Arc::clone(&store))
            .outbound(OutboundPolicy::public().allow("127.0.0.0/8".parse()?))
            .build()
            .await?;
        let mut origin = Self {
            host,
            store,
            toml,
            export: Bytes::new(),
            _upstream: upstream,
        };
        let report = origin.ask("POST", "/_edgefold/refresh?all=1").await?;
        let report: Value = serde_json::from_slice(&report)?;
        assert_eq!(report["outcome"], "published", "{report}");
        origin.export = origin.ask("GET", "/api/export.ndjson").await?;
        let lines = origin.export.split(|byte| *byte == b'\n').count();
        assert_eq!(lines, SOURCES * ITEMS_EACH + 1);
        Ok(origin)
    }

    /// What another host is told that shows the same site, later.
    pub(crate) fn variables(&self) -> anyhow::Result<Vec<(String, String)>> {
        let config = authoring::compile(&self.toml).map_err(|mistakes| {
            anyhow::anyhow!(authoring::render("site.toml", &self.toml, &mistakes))
        })?;
        let variables = [
            ("config", config.to_compiled()),
            ("admin_token", ADMIN_TOKEN.to_owned()),
            ("source_date_epoch", (NOW_S + LATER_S).to_string()),
        ];
        Ok(variables
            .map(|(name, value)| (name.to_owned(), value))
            .into())
    }

    async fn ask(&self, method: &str, path: &str) -> anyhow::Result<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "fold.example")
            .header("authorization", format!("Bearer {ADMIN_TOKEN}"))
            .body(Empty::<Bytes>::new())?;
        let body = self.host.handle(request).await.into_body().collect().await;
        Ok(body.map_err(anyhow::Error::from_boxed)?.to_bytes())
    }

    async fn segments(&self) -> anyhow::Result<Vec<String>> {
        let mut keys = self.store.list("ef/", None).await?.keys;
        keys.retain(|key| key.contains("/seg/"));
        assert!(keys.len() > 1, "{keys:?}");
        Ok(keys)
    }

    /// All that is stored, without a segment that the export needs.
    async fn with_a_loss(&self) -> anyhow::Result<Stored> {
        for lost in self.segments().await? {
            let kept = self.store.get(&lost).await?.unwrap();
            self.store.delete(&lost).await?;
            if self.ask("GET", "/api/export.ndjson").await? != self.export {
                return self.stored().await;
            }
            let value = kept.value;
            self.store
                .put(&lost, value, Precondition::None, None)
                .await?;
        }
        anyhow::bail!("the export needs none")
    }

    pub(crate) async fn stored(&self) -> anyhow::Result<Stored> {
        let mut stored = Stored::new();
        for key in self.store.list("ef/", None).await?.keys {
            let value = self.store.get(&key).await?.unwrap().value;
            stored.push((key, value));
        }
        Ok(stored)
    }
}

fn toml(upstream: &Upstream) -> String {
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
    toml
}

/// Calls `ask` with the path of a repair until nothing is left, and gives the reports.
async fn repair<A: Future<Output = anyhow::Result<Value>>>(
    ask: impl Fn(String) -> A,
) -> anyhow::Result<Vec<Value>> {
    let mut reports: Vec<Value> = Vec::new();
    let mut path = "/_edgefold/repair".to_owned();
    for _ in 0..CALLS_MAX {
        let report = ask(path).await?;
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

pub(crate) async fn the_component_makes_any_segment_again() -> anyhow::Result<()> {
    let origin = &Origin::start().await?;
    let ask = |path: String| async move {
        anyhow::Ok(serde_json::from_slice(&origin.ask("POST", &path).await?)?)
    };
    // Where nothing is lost, nothing is written.
    let whole = repair(ask).await?;
    assert!(sum(&whole, "/looked_at") > 0, "{whole:?}");
    assert_eq!(sum(&whole, "/kv/writes"), 0, "{whole:?}");

    for lost in origin.segments().await? {
        origin.store.delete(&lost).await?;
        let mended = repair(ask).await?;
        assert!(sum(&mended, "/restored") > 0, "{lost}: {mended:?}");
        assert_eq!(sum(&mended, "/gone"), 0, "{lost}: {mended:?}");
        let export = origin.ask("GET", "/api/export.ndjson").await?;
        assert_eq!(export, origin.export, "{lost}");
    }
    Ok(())
}

pub(crate) async fn a_damaged_head_is_restored(host: Host) -> anyhow::Result<()> {
    let origin = Origin::start().await?;
    let mut stored = origin.stored().await?;
    let (_, head) = stored
        .iter_mut()
        .find(|(key, _)| key.ends_with("/head"))
        .unwrap();
    let mut damaged = head.to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    *head = damaged.into();
    let arm = Arm::start_with(host, origin.variables()?, stored).await?;

    for path in ["/", "/api/items", "/api/export.ndjson"] {
        assert_eq!(arm.get(path).await?.status, 503, "{path}");
    }
    let headers = [("authorization", &*format!("Bearer {ADMIN_TOKEN}"))];
    let report = arm
        .send("POST", "/_edgefold/refresh", &headers)
        .await?
        .json()?;
    assert_eq!(report["outcome"], "published", "{report}");
    let notes = report["notes"].to_string();
    assert!(notes.contains("damaged and restored"), "{notes}");
    let export = arm.get("/api/export.ndjson").await?;
    assert_eq!(export.body, origin.export);
    Ok(())
}

pub(crate) async fn what_a_store_has_lost_is_made_again(host: Host) -> anyhow::Result<()> {
    let origin = Origin::start().await?;
    let stored = origin.with_a_loss().await?;
    let arm = &Arm::start_with(host, origin.variables()?, stored).await?;
    let bearer = &format!("Bearer {ADMIN_TOKEN}");

    let rest = arm.get("/api/export.ndjson").await?;
    assert!(rest.text().contains("\"lost\""), "{}", rest.text());
    let mended = repair(|path| async move {
        let headers = [("authorization", bearer.as_str())];
        arm.send("POST", &path, &headers).await?.json()
    })
    .await?;
    assert!(sum(&mended, "/restored") > 0, "{mended:?}");
    assert_eq!(sum(&mended, "/gone"), 0, "{mended:?}");
    let export = arm.get("/api/export.ndjson").await?;
    assert_eq!(export.body, origin.export);
    Ok(())
}
