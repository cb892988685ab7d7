//! The checkers are checked: a store that lies is found out within a few seeds.

use host_tests::sim::world::{Lie, StoreFaultRates, World, WorldOptions};

/// Seeds within which a lie must be found.
const SEEDS_MAX: u64 = 6;

fn found_by(lie: Lie) -> Option<(u64, &'static str)> {
    (0..SEEDS_MAX).find_map(|seed| {
        let options = WorldOptions {
            lie: Some(lie),
            safety_s: 2 * 60 * 60,
            heal_s: 3 * 60 * 60,
            // So that nothing but the lie can be the reason.
            store_faults: StoreFaultRates::default(),
            ..WorldOptions::default()
        };
        let findings = World::new(options, seed).run().findings;
        let first = findings.first()?;
        println!("{lie:?}, seed {seed}: {first}");
        Some((seed, first.checker))
    })
}

#[test]
fn a_head_before_its_segments_is_found() {
    let found = found_by(Lie::SegmentsLate);
    assert!(matches!(found, Some((_, "values"))), "{found:?}");
}

#[test]
fn a_lost_segment_is_found() {
    let found = found_by(Lie::SegmentsLost);
    assert!(matches!(found, Some((_, "values"))), "{found:?}");
}

#[test]
fn writes_that_ignore_each_other_are_found() {
    assert!(found_by(Lie::NoPreconditions).is_some());
}

#[test]
fn reads_that_go_back_in_time_are_found() {
    let found = found_by(Lie::BackInTime);
    assert!(
        matches!(found, Some((_, "generations" | "pages"))),
        "{found:?}"
    );
}

#[test]
fn writes_that_are_not_counted_are_found() {
    let found = found_by(Lie::ChargesTwice);
    assert!(matches!(found, Some((_, "budget"))), "{found:?}");
}

#[test]
fn the_same_store_without_a_lie_is_not() {
    let options = WorldOptions {
        safety_s: 2 * 60 * 60,
        store_faults: StoreFaultRates::default(),
        ..WorldOptions::default()
    };
    assert_eq!(World::new(options, 0).run().findings, []);
}
