//! What it takes to start: compiling a component, instantiating it, and the whole of `edgefold up`.

use std::path::Path;
use std::time::{Duration, Instant};

use edgefold_host::{EdgefoldHost, Limits};

use super::load::{self, Load};
use super::running::Running;
use super::serve::HELLO;
use super::table::{Cell, Table, median};
use super::up;

const ROUNDS: usize = 5;
const ROUND_TIME: Duration = Duration::from_millis(500);

/// Measures `component` and `hello`, and `edgefold up` with `component`.
///
/// # Errors
/// Where one does not start or answer.
pub async fn run(component: &Path, hello: &Path) -> anyhow::Result<Table> {
    let mut rows = Vec::new();
    for (name, file) in [(HELLO, hello), ("component", component)] {
        let bytes = std::fs::read(file)?;
        let compile = build_ms(&bytes, None).await?;
        let cache = std::env::temp_dir().join(format!("edgefold-bench-{}", std::process::id()));
        build_ms(&bytes, Some(&cache)).await?;
        let cached = build_ms(&bytes, Some(&cache)).await?;
        std::fs::remove_dir_all(&cache)?;
        let (reused, fresh) = request_us(file).await?;
        let mut row = vec![
            name.into(),
            Cell::Number(compile, 0),
            Cell::Number(cached, 1),
            Cell::Number(reused, 0),
            Cell::Number(fresh, 0),
            Cell::Number(fresh - reused, 0),
        ];
        if name == HELLO {
            row.extend([Cell::None, Cell::None, Cell::None]);
        } else {
            let up = up::run(file).await?;
            let figures = [up.first_ms, up.again_ms, up.again_ms_max];
            row.extend(figures.map(|ms| Cell::Number(ms, 0)));
        }
        rows.push(row);
    }
    Ok(Table {
        name: "start",
        about: format!(
            "compiling and loading, once; a request that needs no store, with reused instances and with one for each request, medians of \
             {ROUNDS} rounds in turns: the difference is instantiating, first use and dropping. up: from starting the process `edgefold up` to \
             the last byte of GET /, with an empty cache; then with compiled code and 1,000 items on disk, median and slowest of {}",
            up::STARTS
        ),
        columns: vec![
            "component",
            "compile ms",
            "load compiled ms",
            "p50 us reused",
            "p50 us fresh",
            "fresh - reused us",
            "up: first ms",
            "again ms",
            "slowest ms",
        ],
        rows,
    })
}

async fn build_ms(bytes: &[u8], cache: Option<&Path>) -> anyhow::Result<f64> {
    let start = Instant::now();
    EdgefoldHost::builder()
        .component(bytes)
        .cache_dir(cache.map(Path::to_owned))
        .build()
        .await?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

async fn request_us(file: &Path) -> anyhow::Result<(f64, f64)> {
    let limits = Limits::default();
    let once = Limits {
        requests_per_instance: 1,
        requests_at_once: 1,
        ..limits.clone()
    };
    let reused = Running::start(file, None, None, limits)
        .await?
        .listen()
        .await?;
    let fresh = Running::start(file, None, None, once)
        .await?
        .listen()
        .await?;
    let (mut reused_us, mut fresh_us) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (address, times) in [(reused, &mut reused_us), (fresh, &mut fresh_us)] {
            let load = Load {
                connections: 1,
                time: ROUND_TIME,
                path: "/favicon.svg".to_owned(),
                fields: String::new(),
            };
            times.push(load::put_load(address, load).await?.p50_us);
        }
    }
    Ok((median(reused_us), median(fresh_us)))
}
