//! The benchmarks of `cargo xtask bench`.
//!
//! Figures are compared with a floor measured in the same run, in turns (A B C A B C …), and given as medians: the machine may
//! do other things meanwhile.

pub mod cluster;
pub mod counted;
pub mod cpu;
pub mod cycle;
pub mod feeds;
pub mod fixed;
pub mod kv;
pub mod load;
pub mod memory;
pub mod read;
pub mod running;
pub mod serve;
pub mod size;
pub mod spin;
pub mod start;
pub mod table;
pub mod up;
pub mod writes;

use std::path::{Path, PathBuf};

use edgefold_host::Limits;
use edgefold_host::kv::RedbKv;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use feeds::Feeds;
use running::{Running, asked_each_time};
use serve::{Arm, HELLO};
use table::Table;

/// The benchmarks, in the order they are run.
pub const NAMES: [&str; 9] = [
    "size", "kv", "writes", "start", "cycle", "read", "spin", "serve", CLUSTER,
];
/// Runs only where it is named: it takes as long as it is told to.
pub const CLUSTER: &str = "cluster";

/// Where the guests are.
#[derive(Debug, Clone)]
pub struct Guests {
    /// The folder with `edgefold-component.wasm` and the others.
    pub dist: PathBuf,
    /// The hello-world component.
    pub hello: PathBuf,
}

impl Guests {
    fn component(&self) -> PathBuf {
        self.dist.join("edgefold-component.wasm")
    }
}

/// Runs the benchmark `name`, which is one of [`NAMES`]; [`CLUSTER`] for `minutes`.
///
/// # Errors
/// Where a guest is missing, or does not do what is measured.
pub async fn run(name: &str, guests: &Guests, minutes: usize) -> anyhow::Result<Table> {
    let component = guests.component();
    match name {
        "size" => size::run(&guests.dist),
        "kv" => kv::run(&component).await,
        "writes" => writes::run(),
        "start" => start::run(&component, &guests.hello).await,
        "cycle" => cycle::run(&component).await,
        "read" => read::run(&component, &guests.hello).await,
        "spin" => spin::run(&component, &guests.dist.join("edgefold-spin.wasm")).await,
        CLUSTER => cluster::run(&component, minutes).await,
        "serve" => run_serve(&component, &guests.hello).await,
        other => anyhow::bail!("no benchmark {other:?}: one of {}", NAMES.join(", ")),
    }
}

/// Items of the history that each cycle indexes for searches at least, while some are not indexed.
const INDEXED_MIN: usize = 4_000;

/// Cycles after which all of a history of `items` is indexed, with news or without.
fn cycles_to_index(items: usize) -> usize {
    items / INDEXED_MIN + 1
}

/// All tables, for the file.
#[must_use]
pub fn json(tables: &[Table]) -> Value {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let tables: Vec<Value> = tables.iter().map(Table::json).collect();
    json!({ "cores": cores, "tables": tables })
}

async fn run_serve(component: &Path, hello: &Path) -> anyhow::Result<Table> {
    let feeds = Feeds::serve(20, 50).await?;
    let config = feeds.config()?;
    let upstream = Some(&feeds.upstream);
    let file = std::env::temp_dir().join(format!("edgefold-bench-{}.redb", std::process::id()));
    let kv = RedbKv::open(&file);
    // Open all the same until the process ends; then nothing is left of it.
    std::fs::remove_file(&file).ok();
    let kv = kv?;
    let start = async |limits| {
        Running::start_on_file(kv.clone(), component, Some(&config), upstream, limits).await
    };
    let edgefold = start(Limits::default()).await?;
    edgefold.cycle().await?;
    let edgefold_at = edgefold.listen().await?;
    let asked_at = start(asked_each_time()).await?.listen().await?;
    let mut arms = vec![Arm {
        name: HELLO,
        address: Running::hello(hello, None).await?.listen().await?,
        path: "/".to_owned(),
        fields: String::new(),
    }];
    for (name, asked_name, hello_name, fixed_name, path) in [
        (
            "edgefold GET /",
            "edgefold GET /, not kept by the host",
            "hello-world, same bytes as /",
            "hyper, same bytes as /",
            "/",
        ),
        (
            "edgefold GET /api/items",
            "edgefold GET /api/items, not kept by the host",
            "hello-world, same bytes as /api/items",
            "hyper, same bytes as /api/items",
            "/api/items",
        ),
    ] {
        let answer = edgefold.ask(Method::GET, path).await?;
        anyhow::ensure!(
            answer.parts.status == StatusCode::OK,
            "{path}: {}",
            answer.parts.status
        );
        for (name, address) in [(name, edgefold_at), (asked_name, asked_at)] {
            arms.push(Arm {
                name,
                address,
                path: path.to_owned(),
                fields: String::new(),
            });
        }
        arms.push(Arm {
            name: hello_name,
            address: Running::hello(hello, Some(&answer)).await?.listen().await?,
            path: path.to_owned(),
            fields: String::new(),
        });
        arms.push(Arm {
            name: fixed_name,
            address: fixed::serve(answer.parts.headers, answer.body).await?,
            path: path.to_owned(),
            fields: String::new(),
        });
    }
    serve::run(&arms).await
}
