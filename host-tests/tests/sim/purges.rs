//! A fault at every store operation of a purge, with readers of the purged answers at the same time: once it is acknowledged
//! nobody gets an answer from before it, one that failed can be repeated, and no write is uncounted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use edgefold::serve;
use futures_util::future::join3;
use host_tests::sim::{Answer, Fault, Faults, SimHost, SimHttp, block_on, until_crash};
use http::{Method, Request, StatusCode};
use serde_json::Value;

use super::crash::FAULTS;
use super::site::Site;

const TOKEN: &str = "an admin token of enough letters";
const SITE: &str = r#"
[site]
title = "Purges"

[[source]]
id = "a"
title = "a"
url = "https://a.example/feed"
kind = "feed"

[[proxy]]
id = "prices"
url = "https://shop.example/prices"
ttl = "60s"
stale_while_revalidate = "60s"
tags = ["shop"]

[[proxy]]
id = "status"
url = "https://shop.example/status"
ttl = "60s"
stale_while_revalidate = "60s"
tags = ["ops"]
"#;
/// What each purge names, and which answers are among that.
const PURGES: [(&str, &str, &[&str]); 5] = [
    ("?key=prices", "", &["prices"]),
    ("?tag=ops", "", &["status"]),
    ("?all=1", "", &["prices", "status"]),
    ("", r#"{"keys":["status"]}"#, &["status"]),
    (
        "",
        r#"{"keys":["status"],"tags":["shop"]}"#,
        &["prices", "status"],
    ),
];
/// By how many polls the purge begins later than the readers or, below 0, earlier: each takes less.
const LAGS: std::ops::Range<isize> = -12..12;

/// A site with two stored answers, the prices' stale and the status' fresh, and three machines that serve it.
struct Shop {
    config: String,
    machines: [SimHost; 3],
    /// What the upstream answers with.
    edition: Arc<AtomicU64>,
}

impl Shop {
    fn new(swap: bool) -> Self {
        let site = Site::with(SITE);
        let edition = Arc::new(AtomicU64::new(1));
        let machine = |seed| {
            let http = SimHttp::new(site.host.clock.clone());
            for id in ["prices", "status"] {
                let edition = Arc::clone(&edition);
                http.route(&format!("https://shop.example/{id}"), move |_| {
                    let body = format!("{{\"edition\":{}}}", edition.load(Ordering::SeqCst));
                    Answer::ok(body).header("content-type", "application/json")
                });
            }
            let host = site.host.neighbour(http, seed);
            host.set_variable("admin_token", TOKEN);
            host
        };
        let machines = [machine(2), machine(3), machine(4)];
        let shop = Self {
            config: site.config,
            machines,
            edition,
        };
        shop.machines[0]
            .kv
            .set_options(|options| options.swap = swap);
        for id in ["prices", "status"] {
            assert_eq!(shop.read_now(0, id), 1);
        }
        shop.machines[0].clock.advance(Duration::from_secs(70));
        assert_eq!(shop.read_now(0, "status"), 1);
        shop
    }

    async fn send(
        &self,
        machine: usize,
        method: Method,
        target: &str,
        body: &str,
    ) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("authorization", format!("Bearer {TOKEN}"))
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        let answer = serve::handle(&self.machines[machine], &self.config, request).await;
        let status = answer.status();
        let body = answer.into_body().into_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// The edition that a reader gets.
    async fn read(&self, machine: usize, id: &str) -> u64 {
        let (status, body) = self
            .send(machine, Method::GET, &format!("/api/proxy/{id}"), "")
            .await;
        assert_eq!(status, 200, "{body}");
        body["edition"].as_u64().unwrap()
    }

    fn read_now(&self, machine: usize, id: &str) -> u64 {
        block_on(self.read(machine, id))
    }

    /// Begins after `lag` polls, and there is a new edition from then on.
    async fn purge(&self, (query, body, _): (&str, &str, &[&str]), lag: usize) -> StatusCode {
        after(lag).await;
        self.edition.store(2, Ordering::SeqCst);
        let target = format!("/_edgefold/purge{query}");
        self.send(0, Method::POST, &target, body).await.0
    }

    /// Writes of the store so far, and those that are counted.
    fn writes(&self) -> (u64, u64) {
        let made = self.machines[0]
            .kv
            .counts_by_key()
            .values()
            .map(|key| key.writes)
            .sum();
        let (status, body) = block_on(self.send(0, Method::GET, "/_edgefold/status", ""));
        assert_eq!(status, 200, "{body}");
        (made, body["cache"]["writes_today"].as_u64().unwrap())
    }
}

/// Pending `polls` times.
async fn after(polls: usize) {
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// One purge, struck at one operation, beside two machines that refresh the prices.
fn strike(swap: bool, purge: (&str, &str, &[&str]), fault: Option<(u64, Fault)>, lag: isize) {
    let case = format!("swap {swap}, {purge:?}, {lag} polls later, {fault:?}");
    let shop = Shop::new(swap);
    let kv = &shop.machines[0].kv;
    kv.set_faults(fault.map_or_else(Faults::none, |(at, fault)| Faults::at(at, fault)));
    let purging = until_crash(shop.purge(purge, lag.max(0).unsigned_abs()), kv);
    let reader = async |machine| {
        after(lag.min(0).unsigned_abs()).await;
        shop.read(machine, "prices").await
    };
    let (mut ended, _, _) = block_on(join3(purging, reader(1), reader(2)));
    kv.restart();
    if ended != Some(StatusCode::OK) {
        let failed = ended.is_none_or(|status| status == StatusCode::SERVICE_UNAVAILABLE);
        assert!(failed, "{case}: {ended:?}");
        ended = Some(block_on(shop.purge(purge, 0)));
    }
    assert_eq!(ended, Some(StatusCode::OK), "{case}");
    for id in purge.2 {
        for machine in [0, 1, 2] {
            let edition = shop.read_now(machine, id);
            assert_eq!(edition, 2, "{case}: {id} of machine {machine}");
        }
    }
    if swap {
        let (made, counted) = shop.writes();
        assert!(
            counted >= made,
            "{case}: {counted} of {made} writes counted"
        );
    }
}

fn at_every_operation(swap: bool) {
    let clean = Shop::new(swap);
    clean.machines[0].kv.set_faults(Faults::none());
    assert_eq!(block_on(clean.purge(PURGES[0], 0)), StatusCode::OK);
    let operations = clean.machines[0].kv.operations();
    for purge in PURGES {
        for lag in LAGS {
            strike(swap, purge, None, lag);
            for fault in FAULTS {
                (0..operations).for_each(|at| strike(swap, purge, Some((at, fault)), lag));
            }
        }
    }
    println!("{operations} operations");
}

#[test]
fn a_purge_struck_anywhere_holds_once_it_is_acknowledged() {
    at_every_operation(true);
}

#[test]
fn and_where_writes_are_not_compared() {
    at_every_operation(false);
}
