//! The real logic on the simulated store.

use bytes::Bytes;
use edgefold::config::{Config, authoring};
use edgefold::cycle::{self, Round, Scope};
use edgefold::serve;
use http::{Request, StatusCode};

use super::day::{Page, Strategy};
use super::entities::configuration;
use crate::sim::{SimHost, block_on};

/// Write budget of the day: the default.
const WRITES_PER_DAY: u32 = 1_000;

pub(super) struct Edgefold {
    config: Config,
}

impl Edgefold {
    /// `requests_per_run`: how many upstreams one run may ask; a cycle takes as many runs as it needs.
    pub(super) fn new(requests_per_run: usize) -> anyhow::Result<Self> {
        let text = configuration(requests_per_run, WRITES_PER_DAY);
        let config = authoring::compile(&text)
            .map_err(|mistakes| anyhow::anyhow!(authoring::render("bench", &text, &mistakes)))?;
        Ok(Self { config })
    }

    pub(super) fn compiled(&self) -> String {
        self.config.to_compiled()
    }
}

impl Strategy for Edgefold {
    fn history(&mut self, on: bool) {
        // History comes at once here, over months elsewhere.
        self.config.budget.writes_per_day = if on { 10_000_000 } else { WRITES_PER_DAY };
    }

    fn cycle(&mut self, host: &SimHost) -> anyhow::Result<()> {
        let mut round = Round::parse("new")?;
        loop {
            let run = cycle::run_round(host, &self.config, Scope::Due, Some(round));
            let report = block_on(run)?;
            let failed = report.sources.iter().find(|run| run.outcome == "failed");
            anyhow::ensure!(failed.is_none(), "{failed:?}");
            match report.round {
                Some(next) => round = Round::parse(&next)?,
                None => return Ok(()),
            }
        }
    }

    fn page(&self, host: &SimHost) -> anyhow::Result<Page> {
        host.kv.reset_counts();
        let request = Request::builder().uri("/").body(Bytes::new())?;
        let answer = block_on(serve::handle(host, &self.config.to_compiled(), request));
        anyhow::ensure!(answer.status() == StatusCode::OK, "{}", answer.status());
        let counts = host.kv.counts();
        Ok(Page {
            reads: counts.reads,
            bytes: counts.bytes_read,
            // No read parses what is stored: ARCHITECTURE.md, "Invariants".
            parsed_bytes: 0,
        })
    }
}
