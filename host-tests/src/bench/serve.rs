//! Requests a second and times of answers: edgefold's component beside a hello-world component in the same host and a fixed
//! body from hyper.

use std::net::SocketAddr;
use std::time::Duration;

use super::load::{self, Load, Measured};
use super::table::{Cell, Table, median};

/// One after another, so that each meets the same disturbances.
const ROUNDS: usize = 5;
/// Long enough for thousands of answers.
const ROUND_TIME: Duration = Duration::from_secs(1);
const CONNECTIONS: [usize; 2] = [1, 32];

/// One server under measurement.
#[derive(Debug, Clone)]
pub struct Arm {
    /// In the table's first column.
    pub name: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    /// What is asked.
    pub path: String,
    /// See [`Load::fields`].
    pub fields: String,
}

/// Puts load on all `arms` in turns. Ratios are to the first arm named `hello-world`, within the same round.
///
/// # Errors
/// Where a server does not answer as it should.
pub async fn run(arms: &[Arm]) -> anyhow::Result<Table> {
    for arm in arms {
        // Fills pools and caches; not counted.
        measure(arm, 1, ROUND_TIME / 4).await?;
    }
    let mut rows = Vec::new();
    for connections in CONNECTIONS {
        let mut rounds: Vec<Vec<Measured>> = Vec::new();
        for _ in 0..ROUNDS {
            let mut round = Vec::new();
            for arm in arms {
                round.push(measure(arm, connections, ROUND_TIME).await?);
            }
            rounds.push(round);
        }
        for index in 0..arms.len() {
            rows.push(row(arms, index, connections, &rounds));
        }
    }
    Ok(Table {
        name: "serve",
        about: format!(
            "answers from one process that also holds the load generator; medians of {ROUNDS} rounds of {} s in turns; \
             ratios to hello-world of the same round",
            ROUND_TIME.as_secs()
        ),
        columns: vec![
            "server",
            "connections",
            "body bytes",
            "requests/s",
            "p50 us",
            "p99 us",
            "cpu us/request",
            "ratio requests/s",
            "ratio cpu",
        ],
        rows,
    })
}

pub(super) async fn measure(
    arm: &Arm,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Measured> {
    let load = Load {
        connections,
        time,
        path: arm.path.clone(),
        fields: arm.fields.clone(),
    };
    load::put_load(arm.address, load).await
}

fn row(arms: &[Arm], index: usize, connections: usize, rounds: &[Vec<Measured>]) -> Vec<Cell> {
    let floor = arms.iter().position(|arm| arm.name == HELLO).unwrap_or(0);
    let figure = |of: &dyn Fn(&Measured, &Measured) -> f64| {
        let pairs = rounds
            .iter()
            .filter_map(|round| Some((round.get(index)?, round.get(floor)?)));
        median(pairs.map(|(one, floor)| of(one, floor)).collect())
    };
    let cpu = |one: &Measured| one.cpu_us.unwrap_or(f64::NAN);
    let or_none = |figure: f64, decimals| {
        if figure.is_nan() {
            Cell::None
        } else {
            Cell::Number(figure, decimals)
        }
    };
    #[expect(clippy::cast_precision_loss, reason = "a page's size")]
    let body_bytes = figure(&|one, _| one.body_bytes as f64);
    vec![
        arms.get(index).map_or("", |arm| arm.name).into(),
        Cell::count(connections as u64),
        Cell::Number(body_bytes, 0),
        Cell::Number(figure(&|one, _| one.per_second), 0),
        Cell::Number(figure(&|one, _| one.p50_us), 0),
        Cell::Number(figure(&|one, _| one.p99_us), 0),
        or_none(figure(&|one, _| cpu(one)), 1),
        Cell::Number(figure(&|one, floor| one.per_second / floor.per_second), 2),
        or_none(figure(&|one, floor| cpu(one) / cpu(floor)), 2),
    ]
}

/// The arm that ratios are to.
pub const HELLO: &str = "hello-world";
