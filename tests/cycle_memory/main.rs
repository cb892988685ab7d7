//! What a cycle that brings very much at once takes in memory: bytes allocated at most, by stage.
//!
//! The store and the upstream are outside of a guest, so what they keep does not count; answers and values on their way do. A
//! guest's memory only grows and has gaps, but its pointers are half as long: see `cargo xtask bench cycle` for what it takes.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(
    clippy::disallowed_macros,
    reason = "figures for whoever reads the tests' output"
)]

mod allocator;
mod documents;
mod world;

use std::sync::{Mutex, MutexGuard, PoisonError};

use edgefold::cycle::RunOutcome;

use world::{World, config};

const MIB: usize = 1 << 20;
/// Half of what a guest has.
const PEAK_BYTES_MAX: usize = 64 * MIB;

/// All threads are counted together, so one test at a time where they share a process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn mib(bytes: usize) -> String {
    format!("{}.{} MiB", bytes / MIB, (bytes % MIB) * 10 / MIB)
}

/// Calls until nothing is left. Returns the most that was allocated, and how many runs it took.
fn whole_cycle(feeds: usize, items_each: usize, views: usize) -> (usize, usize) {
    let _alone = alone();
    let world = World::of(items_each);
    let config = config(feeds, views);
    let (mut peak, mut added, mut runs) = (0, 0, 0);
    println!(
        "{} items in {feeds} feeds, {views} views of everything",
        feeds * items_each
    );
    loop {
        let (report, peaks) = world.run(&config);
        let stages = peaks
            .iter()
            .map(|(stage, bytes)| format!("{stage:?} {}", mib(*bytes)));
        println!(
            "  {} added, {} sources left, {} writes: {}",
            report.added,
            report.left,
            report.kv.writes,
            stages.collect::<Vec<_>>().join(", ")
        );
        assert_eq!(report.outcome, RunOutcome::Published);
        added += report.added;
        runs += 1;
        peak = peaks.into_values().fold(peak, usize::max);
        if report.left == 0 {
            break;
        }
        world.pass(1);
    }
    assert_eq!(added, feeds * items_each);
    (peak, runs)
}

#[test]
fn a_first_cycle_of_20_000_items_is_one_run_in_half_of_a_guest() {
    let (peak, runs) = whole_cycle(50, 400, 1);
    assert!(peak <= PEAK_BYTES_MAX, "{peak} bytes");
    assert_eq!(runs, 1);
}

/// The items are 4 MiB, and each view is a copy of them in the store. What is left is what the index says of them.
#[test]
fn no_view_takes_a_copy_of_the_items() {
    let (one, _) = whole_cycle(10, 400, 1);
    let (many, _) = whole_cycle(10, 400, 9);
    assert!(many <= one + 4 * MIB, "{} and {}", mib(one), mib(many));
}

#[test]
#[ignore = "figures: takes a minute"]
fn a_first_cycle_of_any_size_takes_half_of_a_guest() {
    for (feeds, items_each) in [(50, 1_000), (500, 400), (25, 4_000), (20, 10_000)] {
        let (peak, runs) = whole_cycle(feeds, items_each, 1);
        assert!(peak <= PEAK_BYTES_MAX, "{peak} bytes");
        assert!(runs > 1);
    }
}
