//! The compiled component on several PoPs around one simulated store; its upstreams answer by real HTTP on this machine.
//!
//! What the store shows and which operation fails is decided by the seed; how two requests that run at once interleave is
//! the runtime's business.

use std::collections::BTreeSet;

use edgefold::config::authoring;
use edgefold_host::outbound::OutboundPolicy;
use edgefold_host::{EdgefoldHost, Limits};
use host_tests::arms::{ADMIN_TOKEN, Host};
use host_tests::sim::SimClock;
use host_tests::sim::world::{PopStore, StoreFaultRates, WorldOptions};
use host_tests::upstream::{Upstream, lively};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use serde_json::Value;

use super::seeds;

const POPS: usize = 3;
/// Rounds with faults, each some simulated minutes after the one before.
const ROUNDS: usize = 5;
/// Pages of one walk.
const PAGES_MAX: usize = 100;
/// A healthy site is up to date after this many cycles.
const HEALING_CYCLES_MAX: usize = 6;

struct World {
    component: Vec<u8>,
    config: String,
    clock: SimClock,
    store: PopStore,
    seed: u64,
}

impl World {
    fn new(base_url: &str, clock: SimClock, seed: u64) -> anyhow::Result<Self> {
        let toml = lively::config(base_url);
        let config = authoring::compile(&toml)
            .map_err(|mistakes| anyhow::anyhow!(authoring::render("lively", &toml, &mistakes)))?;
        let options = WorldOptions {
            key_write_interval_ms: 0,
            writes_per_day: 5_000,
            store_faults: StoreFaultRates {
                crash: 0,
                ..StoreFaultRates::some()
            },
            ..WorldOptions::default()
        };
        Ok(Self {
            component: std::fs::read(Host::Component.artefact()?)?,
            config: config.to_compiled(),
            store: PopStore::new(&options, seed, clock.clone()),
            clock,
            seed,
        })
    }

    /// PoP number `pop` at this moment.
    async fn pop(&self, pop: usize) -> anyhow::Result<EdgefoldHost> {
        let now = self.clock.now().as_secs().to_string();
        let host = EdgefoldHost::builder()
            .component(self.component.clone())
            .kv(self.store.pop(pop))
            .variables([
                ("config", self.config.as_str()),
                ("admin_token", ADMIN_TOKEN),
                ("source_date_epoch", &now),
            ])
            .outbound(OutboundPolicy::public().allow("127.0.0.0/8".parse()?))
            // A test makes many hosts, and each reserves room for all instances that it may have.
            .limits(Limits {
                instances: 4,
                instance_idle: std::time::Duration::from_millis(20),
                ..Limits::default()
            });
        Ok(host.build().await?)
    }

    fn case(&self, what: &str) -> String {
        format!("{what}\nagain: {}", seeds::replay("component", self.seed))
    }

    async fn ask(
        &self,
        host: &EdgefoldHost,
        method: &str,
        target: &str,
    ) -> anyhow::Result<Option<Value>> {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("authorization", format!("Bearer {ADMIN_TOKEN}"))
            .body(Empty::<bytes::Bytes>::new())?;
        let answer = host.handle(request).await;
        let status = answer.status();
        let retries = answer.headers().contains_key(header::RETRY_AFTER);
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| anyhow::anyhow!(error))?.to_bytes();
        if status == StatusCode::SERVICE_UNAVAILABLE && retries {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&body);
        anyhow::ensure!(
            status == 200,
            self.case(&format!("{method} {target}: {status} {text}"))
        );
        Ok(Some(serde_json::from_slice(&body)?))
    }

    async fn cycle(&self, host: &EdgefoldHost) -> anyhow::Result<Option<Value>> {
        self.ask(host, "POST", "/_edgefold/refresh?all=1").await
    }

    /// Addresses of all items, each once; `None` where the store was in the way.
    async fn walk(&self, host: &EdgefoldHost) -> anyhow::Result<Option<BTreeSet<String>>> {
        let (mut found, mut cursor) = (BTreeSet::new(), String::new());
        for _ in 0..PAGES_MAX {
            let target = format!("/api/items?limit=100{cursor}");
            let Some(page) = self.ask(host, "GET", &target).await? else {
                return Ok(None);
            };
            for item in page["items"].as_array().into_iter().flatten() {
                let url = item["url"].as_str().unwrap_or_default().to_owned();
                anyhow::ensure!(!found.contains(&url), self.case(&format!("{url} twice")));
                found.insert(url);
            }
            let Some(next) = page["next"].as_str() else {
                return Ok(Some(found));
            };
            cursor = format!("&cursor={next}");
        }
        anyhow::bail!(self.case("a walk does not end"))
    }

    /// Two PoPs run a cycle at once while readers walk on all of them.
    async fn round(&self, seen: &mut [BTreeSet<String>]) -> anyhow::Result<usize> {
        let (zero, one, two) = (self.pop(0).await?, self.pop(1).await?, self.pop(2).await?);
        let (first, second, a, b) = tokio::join!(
            self.cycle(&zero),
            self.cycle(&one),
            self.walk(&one),
            self.walk(&two)
        );
        let reports = [first?, second?];
        for (pop, walked) in [(1, a?), (2, b?)] {
            let Some(walked) = walked else {
                continue;
            };
            let lost: Vec<_> = seen[pop].difference(&walked).collect();
            anyhow::ensure!(
                lost.is_empty(),
                self.case(&format!("PoP {pop} lost {lost:?}"))
            );
            seen[pop] = walked;
        }
        let published = |report: &&Value| report["outcome"] == "published";
        Ok(reports.iter().flatten().filter(published).count())
    }

    /// Cycles until nothing is left to do; then every PoP has what the sources list, once.
    async fn converge(&mut self) -> anyhow::Result<()> {
        self.store.heal();
        let settle = std::time::Duration::from_secs(120);
        for _ in 0..HEALING_CYCLES_MAX {
            self.clock.advance(settle);
            let report = self.cycle(&self.pop(0).await?).await?;
            if report.is_some_and(|report| report["outcome"] == "unchanged") {
                break;
            }
        }
        let listed = lively::listings(self.seed, self.clock.now());
        self.clock.advance(settle);
        for pop in 0..POPS {
            let items = self.walk(&self.pop(pop).await?).await?.unwrap_or_default();
            for listing in listed.iter().filter(|listing| is_by_number(listing)) {
                for number in &listing.numbers {
                    let part = format!("/{number}/");
                    let count = items
                        .iter()
                        .filter(|url| url.contains(&part) && url.contains(site_of(listing.source)))
                        .count();
                    let what = format!("PoP {pop}: {} {number} {count} times", listing.source);
                    anyhow::ensure!(count == 1, self.case(&what));
                }
            }
        }
        let findings = self.store.findings();
        anyhow::ensure!(findings.is_empty(), self.case(&findings.join("\n")));
        Ok(())
    }
}

/// Sources whose addresses hold the number of the story.
fn is_by_number(listing: &lively::Listing) -> bool {
    !listing.down && !site_of(listing.source).is_empty()
}

fn site_of(source: &str) -> &'static str {
    match source {
        "lumen-labs" => "lumenlabs.example/notes",
        "tensor-herald" => "tensorherald.example/story",
        "orbit-and-field" => "orbitandfield.example/articles",
        "ferrite" => "ferrite-lang.example/blog",
        _ => "",
    }
}

#[tokio::test]
async fn component() -> anyhow::Result<()> {
    for seed in seeds::seeds(2) {
        let upstream = Upstream::start().await?;
        let clock = SimClock::default();
        let now = clock.clone();
        lively::mount(&upstream, seed, move || now.now());
        let mut world = World::new(&upstream.base_url(), clock, seed)?;
        let mut seen = vec![BTreeSet::new(); POPS];
        let mut published = 0;
        for _ in 0..ROUNDS {
            world.clock.advance(std::time::Duration::from_secs(11 * 60));
            published += world.round(&mut seen).await?;
        }
        world.converge().await?;
        println!(
            "component, seed {seed}: {published} published under faults, {} writes",
            world.store.charged()
        );
    }
    Ok(())
}
