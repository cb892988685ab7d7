//! What the day's writes come to, whoever counts them.

use super::*;

fn morning() -> Timestamp {
    Timestamp::from_secs(20_000 * DAY_SECS)
}

fn spent(heads: u32, others: u32, granted: u32) -> Purse {
    Purse {
        budget: 100,
        now: morning(),
        day: 20_000,
        heads,
        others,
        granted,
        kept: 0,
    }
}

#[test]
fn a_short_budget_is_spread_over_the_rest_of_the_day() {
    let pace = |heads| spent(heads, 0, 20).pace_ms();
    assert_eq!(pace(0), None);
    assert_eq!(pace(40), None);
    assert_eq!(
        pace(60),
        Some(DAY_MS / 20),
        "80 are for heads, 20 of them left"
    );
    let evening = |heads| Purse {
        now: morning().plus_millis(DAY_MS / 4 * 3),
        ..spent(heads, 0, 20)
    };
    assert_eq!(evening(60).pace_ms(), None, "enough for the rest");
    assert_eq!(evening(80).pace_ms(), None, "nothing to spread");
}

#[test]
fn what_waits_first_when_the_budget_runs_short() {
    let may = |heads, what| spent(heads, 0, 40).may(what, 5);
    for (heads, sweep, state) in [
        (0, true, true),
        (20, true, true),
        (30, false, true),
        (50, false, false),
    ] {
        assert_eq!(may(heads, Priority::Sweep), sweep, "{heads}");
        assert_eq!(may(heads, Priority::State), state, "{heads}");
    }
    assert!(!spent(0, 36, 40).may(Priority::State, 5), "over the grant");
}

#[test]
fn heads_and_grants_never_exceed_the_budget() {
    for budget in 0..60 {
        let (mut head, mut state) = (None, Ledger::default());
        for step in 0..200 {
            let mut purse = Purse::of(budget, morning(), head, state);
            assert!(purse.writes() <= budget, "{budget}: {purse:?}");
            if step % 3 == 0 && purse.others_left() > 0 {
                purse.spend(1);
                state = purse.in_state();
            } else if purse.heads_left() > 0 {
                let next = purse.in_head(step % 7);
                let before = head.unwrap_or(Ledger {
                    granted: 0,
                    ..Ledger::default()
                });
                assert!(next.granted >= before.granted, "{budget}");
                assert!(next.heads + next.granted <= budget, "{budget}: {next:?}");
                head = Some(next);
            }
        }
    }
}

/// Whatever else is written, by claims too: what tells that the budget is short has its writes, and all keep to the budget.
#[test]
fn what_is_kept_back_is_there_in_the_end() {
    const KEPT: u32 = 2;
    for budget in KEPT..60 {
        let (mut head, mut state) = (None, Ledger::default());
        for step in 0..200 {
            let mut purse = Purse::of(budget, morning(), head, state).keeping(KEPT);
            assert!(purse.may(Priority::Budget, 2), "{budget}: {purse:?}");
            assert!(purse.writes() + KEPT <= budget, "{budget}: {purse:?}");
            if step % 3 == 0 {
                if purse.may(Priority::Alert, 1) {
                    purse.spend(1);
                    state = purse.in_state();
                }
                continue;
            }
            purse.spend(step % 2 * 3);
            if purse.heads_left() > 0 {
                let next = purse.in_head(step % 7);
                assert!(next.writes + KEPT <= budget, "{budget}: {next:?}");
                assert!(next.heads + next.granted <= budget, "{budget}: {next:?}");
                head = Some(next);
            }
        }
    }
}

#[test]
fn around_midnight_it_is_not_agreed_which_day_it_is() {
    let at = |seconds: i64| between_days(morning().plus_millis(seconds * 1000));
    assert!(at(-30) && at(-1) && at(0) && at(9));
    assert!(!at(-31) && !at(10));
}

#[test]
fn a_clock_that_is_ahead_begins_no_day_twice() {
    let tomorrow = Ledger {
        day: 20_001,
        writes: 7,
        heads: 7,
        granted: 50,
    };
    assert_eq!(
        Purse::of(100, morning(), Some(tomorrow), Ledger::default()).heads,
        7
    );
    let wrong = Ledger {
        day: 30_000,
        ..tomorrow
    };
    let purse = Purse::of(100, morning(), Some(wrong), Ledger::default());
    assert_eq!(purse.writes(), 0);
}
