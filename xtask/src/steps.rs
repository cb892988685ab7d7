//! Runs named steps one after another, shows progress, and sums up.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Passed,
    Failed,
    /// Not run: a step it needs failed.
    Skipped,
}

#[derive(Debug)]
struct Record {
    name: &'static str,
    end: End,
    time: Duration,
    /// What to type to run just this one again.
    rerun: String,
}

/// The steps of one command. A failing one does not stop those that don't need it.
#[derive(Debug)]
pub(crate) struct Steps {
    count: usize,
    records: Vec<Record>,
    start: Instant,
}

impl Steps {
    /// `count` steps are to come.
    pub(crate) fn new(count: usize) -> Self {
        Self {
            count,
            records: Vec::new(),
            start: Instant::now(),
        }
    }

    /// Runs a step that prints what it does (a compiler, a test runner).
    pub(crate) fn run(
        &mut self,
        name: &'static str,
        rerun: &str,
        work: impl FnOnce() -> anyhow::Result<()>,
    ) -> bool {
        eprintln!(
            "\n[{}/{}] {name}: {rerun}",
            self.records.len() + 1,
            self.count
        );
        self.finish(name, rerun, work)
    }

    /// Runs a step that prints nothing by itself.
    pub(crate) fn run_quiet(
        &mut self,
        name: &'static str,
        rerun: &str,
        work: impl FnOnce() -> anyhow::Result<()>,
    ) -> bool {
        eprintln!("\n[{}/{}] {name}", self.records.len() + 1, self.count);
        let spinner = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {elapsed}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            let spinner = ProgressBar::new_spinner().with_style(style);
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        self.finish(name, rerun, || {
            let done = work();
            if let Some(spinner) = spinner {
                spinner.finish_and_clear();
            }
            done
        })
    }

    /// Leaves a step out because one that it needs failed.
    pub(crate) fn skip(&mut self, name: &'static str, rerun: &str, needs: &str) {
        eprintln!(
            "\n[{}/{}] {name}: left out, because \"{needs}\" failed",
            self.records.len() + 1,
            self.count
        );
        self.records.push(Record {
            name,
            end: End::Skipped,
            time: Duration::ZERO,
            rerun: rerun.to_owned(),
        });
    }

    fn finish(
        &mut self,
        name: &'static str,
        rerun: &str,
        work: impl FnOnce() -> anyhow::Result<()>,
    ) -> bool {
        let start = Instant::now();
        let done = work();
        let time = start.elapsed();
        if let Err(error) = &done {
            eprintln!("error: {error:#}\n  to run only this step: {rerun}");
        }
        let end = if done.is_ok() {
            End::Passed
        } else {
            End::Failed
        };
        self.records.push(Record {
            name,
            end,
            time,
            rerun: rerun.to_owned(),
        });
        done.is_ok()
    }

    /// Prints the table and returns whether every step passed.
    pub(crate) fn summary(&self) -> bool {
        eprintln!("\n{:<34} {:>8}  result", "step", "seconds");
        for record in &self.records {
            let result = match record.end {
                End::Passed => "ok".to_owned(),
                End::Failed => format!("FAILED; rerun: {}", record.rerun),
                End::Skipped => "left out".to_owned(),
            };
            let seconds = record.time.as_secs_f64();
            eprintln!("{:<34} {seconds:>8.1}  {result}", record.name);
        }
        eprintln!("{:<34} {:>8.1}", "total", self.seconds());
        self.records.iter().all(|record| record.end == End::Passed)
    }

    /// Time since the first step began.
    pub(crate) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// How many did not pass.
    pub(crate) fn not_passed(&self) -> usize {
        self.records
            .iter()
            .filter(|record| record.end != End::Passed)
            .count()
    }

    /// How many there were.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }
}
