//! Which seeds a test runs, and what it prints when one fails.

use std::time::Instant;

use host_tests::sim::world::{Outcome, Tally, World, WorldOptions};

/// Seeds from here on, where `EDGEFOLD_SIM_SEED` does not say otherwise.
const FIRST_SEED: u64 = 1;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The seeds to run: `usual` of them, or as many as `EDGEFOLD_SIM_SEEDS` says; one where only `EDGEFOLD_SIM_SEED` is set.
pub(crate) fn seeds(usual: u64) -> std::ops::Range<u64> {
    let first = number("EDGEFOLD_SIM_SEED");
    let count = number("EDGEFOLD_SIM_SEEDS").unwrap_or(if first.is_some() { 1 } else { usual });
    let first = first.unwrap_or(FIRST_SEED);
    first..first + count
}

/// The command that runs `seed` of `test` again.
pub(crate) fn replay(test: &str, seed: u64) -> String {
    format!("EDGEFOLD_SIM_SEED={seed} cargo nextest run -p host-tests --test sim {test}")
}

/// Runs one world on a thread of its own. What an instance keeps of values it has read (opened heads, files, answers) is the
/// thread's: a world that found another's there would not be the one that its seed stands for.
pub(crate) fn alone(options: WorldOptions, seed: u64) -> Outcome {
    let world = std::thread::spawn(move || World::new(options, seed).run());
    world.join().unwrap()
}

/// Runs the worlds of all seeds.
///
/// # Panics
/// At the first seed with a finding: prints them all, and the command that shows them again.
pub(crate) fn run(test: &str, usual: u64, options: impl Fn(u64) -> WorldOptions) -> Vec<Tally> {
    let began = Instant::now();
    let mut tallies = Vec::new();
    for seed in seeds(usual) {
        let Outcome { findings, tally } = alone(options(seed), seed);
        for finding in &findings {
            println!("{finding}");
        }
        let replay = replay(test, seed);
        assert!(
            findings.is_empty(),
            "seed {seed}: {} findings, the first: {}\n{tally:?}\nagain: {replay}\nwith every cycle and log line: EDGEFOLD_SIM_LOUD=1 {replay} --no-capture",
            findings.len(),
            findings[0]
        );
        tallies.push(tally);
    }
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    println!(
        "{test}: {} seeds in {:.1} s: {} published, {} conflicts, {} deferred, {} failed, {} crashed; {} reads, {} walks, {} told to retry; {} writes; {} audits",
        tallies.len(),
        began.elapsed().as_secs_f64(),
        sum(|tally| tally.published),
        sum(|tally| tally.conflicts),
        sum(|tally| tally.deferred),
        sum(|tally| tally.failed),
        sum(|tally| tally.crashed),
        sum(|tally| tally.reads),
        sum(|tally| tally.walks),
        sum(|tally| tally.retries),
        sum(|tally| tally.charged),
        sum(|tally| tally.audits),
    );
    tallies
}
