//! What a read takes: store reads and guest instructions, which the machine has no part in, and rates beside a hello-world
//! component and hyper, for all kinds of answers, at three sizes of site.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use edgefold_host::Limits;
use edgefold_host::kv::{Kv, Precondition, RedbKv};
use http::{Method, StatusCode};
use serde_json::Value;

use super::counted::{CountedKv, Operations};
use super::load::Measured;
use super::running::{Running, asked_each_time};
use super::serve::{Arm, HELLO, measure};
use super::table::{Cell, Table, median};
use super::{fixed, writes};

/// Items of the whole site. The last takes some minutes of cycles to make.
const SIZES: [usize; 3] = [1_000, 20_000, 500_000];
const ROUNDS: usize = 5;
const ROUND_TIME: Duration = Duration::from_millis(500);
const CONNECTIONS: usize = 32;
/// Requests of another kind that an instance has answered before it is measured.
pub(super) const WARMING: usize = 3;
/// Pages that are walked before the deep one.
const DEEP_PAGES: usize = 20;

/// To what says a field twice, the answer is made each time: so what is measured is a search, and not what was kept of it.
const NEVER_KEPT: &str = "X-Twice: 1\r\nX-Twice: 2\r\n";

/// One kind of answer.
pub(super) struct Read {
    pub(super) name: &'static str,
    pub(super) path: String,
    /// Header fields, one a line.
    pub(super) fields: String,
}

/// What it takes an instance that has answered other requests.
struct Taken {
    /// Asked for the first time.
    first: Cost,
    /// Asked for once more.
    again: Cost,
}

struct Cost {
    operations: Operations,
    instructions: u64,
}

/// Measures all kinds of answers at all sizes.
///
/// # Errors
/// Where a cycle of the history fails, or an answer is not as it should be.
pub async fn run(component: &Path, hello: &Path) -> anyhow::Result<Table> {
    let hello_at = Running::hello(hello, None).await?.listen().await?;
    let mut rows = Vec::new();
    for items in SIZES {
        rows.extend(at_size(items, component, hello, hello_at).await?);
    }
    Ok(Table {
        name: "read",
        about: format!(
            "answers by what they take an instance that is asked for them first, and again; instructions are those of the guest (wasmtime fuel); \
             p50 of asking again over one connection; rates at {CONNECTIONS} connections, of a host that has the component make every answer and of one that keeps them, medians of {ROUNDS} rounds of {} ms in turns, from a store in a file",
            ROUND_TIME.as_millis()
        ),
        columns: vec![
            "answer",
            "items",
            "kv reads",
            "instructions",
            "kv reads again",
            "instructions again",
            "body bytes",
            "p50 us alone",
            "requests/s",
            "p50 us",
            "ratio to hello-world",
            "kept by the host: requests/s",
            "kept: p50 us",
            "kept: ratio to hello-world",
        ],
        rows,
    })
}

async fn at_size(
    items: usize,
    component: &Path,
    hello: &Path,
    hello_at: SocketAddr,
) -> anyhow::Result<Vec<Vec<Cell>>> {
    let (site, compiled) = writes::site(items)?;
    let kv = CountedKv::default();
    let name = format!("edgefold-bench-read-{}-{items}.redb", std::process::id());
    let path = std::env::temp_dir().join(name);
    let file = RedbKv::open(&path);
    // Open all the same until the process ends; then nothing is left of it.
    std::fs::remove_file(&path).ok();
    let file = file?;
    for (key, value) in site.kv.contents() {
        kv.put(&key, value.clone(), Precondition::None, None)
            .await?;
        file.put(&key, value, Precondition::None, None).await?;
    }
    drop(site);
    let start =
        async |limits| Running::start_filled(component, &compiled, file.clone(), limits).await;
    let filled = start(asked_each_time()).await?;
    let keeping_at = start(Limits::default()).await?.listen().await?;
    let reads = reads(&filled).await?;
    let counting = Running::start_counting(component, &compiled, kv).await?;
    for _ in 0..WARMING {
        counting.ask(Method::GET, "/api/views").await?;
    }
    let mut taken = Vec::new();
    for read in &reads {
        taken.push(
            take(&counting, read)
                .await
                .with_context(|| format!("{} at {items} items", read.name))?,
        );
    }
    let page = filled.ask(Method::GET, "/").await?;
    let same_at = Running::hello(hello, Some(&page)).await?.listen().await?;
    let fixed_at = fixed::serve(page.parts.headers, page.body).await?;
    let listening = filled.listen().await?;
    let arm = |name, address, path: &str, fields: &str| Arm {
        name,
        address,
        path: path.to_owned(),
        fields: fields.to_owned(),
    };
    let mut arms = vec![
        arm(HELLO, hello_at, "/", ""),
        arm("hyper, same bytes as the page", fixed_at, "/", ""),
        arm("hello-world, same bytes as the page", same_at, "/", ""),
    ];
    let floors = arms.len();
    for address in [listening, keeping_at] {
        let reads = reads.iter();
        arms.extend(reads.map(|read| arm(read.name, address, &read.path, &read.fields)));
    }
    let alone = alone(&arms).await?;
    let rounds = rounds(&arms).await?;
    let shown = floors + reads.len();
    Ok((0..shown)
        .map(|index| {
            let taken = index.checked_sub(floors).and_then(|read| taken.get(read));
            let kept = taken.map(|_| index + reads.len());
            row(items, &arms, index, kept, taken, &alone, &rounds)
        })
        .collect())
}

/// The answers, with addresses that exist.
pub(super) async fn reads(site: &Running) -> anyhow::Result<Vec<Read>> {
    let read = |name, path: &str| Read {
        name,
        path: path.to_owned(),
        fields: String::new(),
    };
    let search = |name, path: &str| Read {
        fields: NEVER_KEPT.to_owned(),
        ..read(name, path)
    };
    let mut next = Value::Null;
    let mut id = String::new();
    for _ in 0..DEEP_PAGES {
        let path = match next.as_str() {
            None => "/api/items".to_owned(),
            Some(cursor) => format!("/api/items?cursor={cursor}"),
        };
        let answer = site.ask(Method::GET, &path).await?;
        let page: Value = serde_json::from_slice(&answer.body)?;
        next = page["next"].clone();
        id = page["items"][0]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
    }
    let cursor = next.as_str().context("the site has too few pages")?;
    let page = site.ask(Method::GET, "/").await?;
    let etag = page
        .parts
        .headers
        .get("etag")
        .context("a page without ETag")?;
    Ok(vec![
        read("page, first", "/"),
        Read {
            fields: "Accept-Encoding: gzip\r\n".to_owned(),
            ..read("page, first, gzip", "/")
        },
        Read {
            fields: format!("If-None-Match: {}\r\n", etag.to_str()?),
            ..read("page, first, 304", "/")
        },
        read("page, deep", &format!("/?cursor={cursor}")),
        read("page of a category", "/?category=news"),
        read("page of an item, sealed", &format!("/item/{id}")),
        read("items, first", "/api/items"),
        read("items, deep", &format!("/api/items?cursor={cursor}")),
        read("item, sealed", &format!("/api/items/{id}")),
        search("search, a rare word", "/api/items?q=777"),
        search("search, a word of all items", "/api/items?q=widgets"),
        search("search, page, a phrase", "/?q=%22world+of+widgets%22+777"),
        read("a search asked for again", "/api/items?q=widgets"),
        read("feed, RSS", "/feed.xml"),
        read("feed, JSON", "/feed.json"),
    ])
}

/// Asks three times on the one instance: what one took is known when the next begins.
async fn take(site: &Running, read: &Read) -> anyhow::Result<Taken> {
    let ask = || async {
        let answer = site.ask_with(Method::GET, &read.path, &read.fields).await?;
        let status = answer.parts.status;
        let expected = if read.fields.starts_with("If-None-Match") {
            StatusCode::NOT_MODIFIED
        } else {
            StatusCode::OK
        };
        ensure!(status == expected, "answered {status}");
        Ok(())
    };
    let mut costs = Vec::new();
    for _ in 0..3 {
        site.kv.take();
        ask().await?;
        costs.push((site.kv.take(), site.instructions()));
    }
    let cost = |index: usize| Cost {
        operations: costs[index].0,
        instructions: costs[index + 1].1 - costs[index].1,
    };
    Ok(Taken {
        first: cost(0),
        again: cost(1),
    })
}

/// Each over one connection; after that pools and caches are full.
async fn alone(arms: &[Arm]) -> anyhow::Result<Vec<Measured>> {
    let mut alone = Vec::new();
    for arm in arms {
        alone.push(measure(arm, 1, ROUND_TIME).await?);
    }
    Ok(alone)
}

async fn rounds(arms: &[Arm]) -> anyhow::Result<Vec<Vec<Measured>>> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let mut round = Vec::new();
        for arm in arms {
            round.push(measure(arm, CONNECTIONS, ROUND_TIME).await?);
        }
        rounds.push(round);
    }
    Ok(rounds)
}

fn row(
    items: usize,
    arms: &[Arm],
    index: usize,
    kept: Option<usize>,
    taken: Option<&Taken>,
    alone: &[Measured],
    rounds: &[Vec<Measured>],
) -> Vec<Cell> {
    let figure_of = |index: usize, of: &dyn Fn(&Measured, &Measured) -> f64| {
        let pairs = rounds
            .iter()
            .filter_map(|round| Some((round.get(index)?, round.first()?)));
        median(pairs.map(|(one, floor)| of(one, floor)).collect())
    };
    let figure = |of: &dyn Fn(&Measured, &Measured) -> f64| figure_of(index, of);
    let kept = |of: &dyn Fn(&Measured, &Measured) -> f64, decimals| match kept {
        Some(index) => Cell::Number(figure_of(index, of), decimals),
        None => Cell::None,
    };
    let count = |of: fn(&Taken) -> u64| taken.map_or(Cell::None, |taken| Cell::count(of(taken)));
    #[expect(clippy::cast_precision_loss, reason = "a page's size")]
    let body_bytes = figure(&|one, _| one.body_bytes as f64);
    vec![
        arms.get(index).map_or("", |arm| arm.name).into(),
        Cell::count(items as u64),
        count(|taken| taken.first.operations.reads),
        count(|taken| taken.first.instructions),
        count(|taken| taken.again.operations.reads),
        count(|taken| taken.again.instructions),
        Cell::Number(body_bytes, 0),
        Cell::Number(alone.get(index).map_or(f64::NAN, |one| one.p50_us), 0),
        Cell::Number(figure(&|one, _| one.per_second), 0),
        Cell::Number(figure(&|one, _| one.p50_us), 0),
        Cell::Number(figure(&|one, floor| one.per_second / floor.per_second), 2),
        kept(&|one, _| one.per_second, 0),
        kept(&|one, _| one.p50_us, 0),
        kept(&|one, floor| one.per_second / floor.per_second, 2),
    ]
}
