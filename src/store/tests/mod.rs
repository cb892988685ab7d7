//! Each pattern against quiet stores, other writers, lost answers and refusals.

mod kv;

use bytes::Bytes;
use kv::{Fault, Store, drive};

use super::*;
use crate::host::{Entry, Kv, KvError, Precondition, Version};

const KEY: &str = "k";

fn value(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn refused() -> Fault {
    Fault::Refused(KvError::QuotaExceeded)
}

#[test]
fn an_unchanged_value_is_read_and_not_written() {
    let store = Store::with(KEY, "a");
    let put = drive(put_if_changed(&store, KEY, &value("a"))).unwrap();
    assert!(matches!(put, Put::Unchanged(_)));
    assert_eq!((store.reads.get(), store.writes.get()), (1, 0));
    let put = drive(put_if_changed(&store, KEY, &value("b"))).unwrap();
    assert!(matches!(put, Put::Written(_)));
    assert_eq!((store.reads.get(), store.writes.get()), (2, 1));
    assert_eq!(store.text(KEY).as_deref(), Some("b"));
}

#[test]
fn a_conditional_put_never_overwrites_what_it_has_not_read() {
    let store = Store::with(KEY, "a").failing([Fault::Between("other")]);
    let put = drive(put_if_changed(&store, KEY, &value("b")));
    assert_eq!(put, Err(KvError::Conflict));
    assert_eq!(store.text(KEY).as_deref(), Some("other"));
    // Another writer with the same value is no conflict.
    let store = Store::with(KEY, "a").failing([Fault::Between("b")]);
    let put = drive(put_if_changed(&store, KEY, &value("b"))).unwrap();
    assert!(matches!(put, Put::Unchanged(_)));
    assert_eq!(store.applied.get(), 0);
}

#[test]
fn a_lost_answer_is_settled_by_reading() {
    let swap_b = |store: &Store, when| drive(swap(store, KEY, &value("b"), when));
    let version = || Precondition::Version(Version("1".into()));
    let store = Store::with(KEY, "a").failing([Fault::LostApplied]);
    assert_eq!(
        swap_b(&store, version()),
        Ok(Swapped::Applied(Version("2".into())))
    );
    assert_eq!(store.writes.get(), 1);
    // Lost for good or still on its way: nobody can tell.
    let store = Store::with(KEY, "a").failing([Fault::Lost]);
    assert!(matches!(
        swap_b(&store, version()),
        Err(KvError::Ambiguous(_))
    ));
    // Safe to try again: the precondition compares.
    assert!(matches!(swap_b(&store, version()), Ok(Swapped::Applied(_))));
    assert_eq!(store.applied.get(), 1);
    // The same for a key that was not there.
    let store = Store::default().failing([Fault::Lost, Fault::LostApplied]);
    assert!(matches!(
        swap_b(&store, Precondition::Absent),
        Err(KvError::Ambiguous(_))
    ));
    assert!(matches!(
        swap_b(&store, Precondition::Absent),
        Ok(Swapped::Applied(_))
    ));
    assert_eq!(swap_b(&store, Precondition::Absent), Ok(Swapped::Conflict));
}

#[test]
fn a_write_through_is_stored_or_says_why_not() {
    for (faults, writes) in [
        (vec![Fault::None], 1),
        (vec![Fault::LostApplied], 1),
        (vec![Fault::Lost], 2),
        (vec![Fault::Between("other")], 1),
    ] {
        let store = Store::default().failing(faults.clone());
        drive(write_through(&store, KEY, &value("a"))).unwrap();
        assert_eq!(store.text(KEY).as_deref(), Some("a"), "{faults:?}");
        assert_eq!(store.writes.get(), writes, "{faults:?}");
    }
    let store = Store::default().failing([refused()]);
    assert_eq!(
        drive(write_through(&store, KEY, &value("a"))),
        Err(KvError::QuotaExceeded)
    );
    let store = Store::default().failing([Fault::Lost, Fault::Lost]);
    assert!(matches!(
        drive(write_through(&store, KEY, &value("a"))),
        Err(KvError::Ambiguous(_))
    ));
}

/// Adds an `x`, up to five.
fn longer(stored: Option<&Entry>) -> Change<usize> {
    let mut text = stored.map_or_else(Vec::new, |entry| entry.value.to_vec());
    if text.len() >= 5 {
        return Change::Keep(text.len());
    }
    text.push(b'x');
    let length = text.len();
    Change::Put(text.into(), length)
}

#[test]
fn a_change_is_made_to_the_newest_value() {
    let store = Store::default();
    for length in [1, 2, 3, 4, 5] {
        let done = drive(modify(&store, KEY, None, longer)).unwrap();
        assert_eq!(done.outcome, length);
        assert!(done.written.is_some());
    }
    let kept = drive(modify(&store, KEY, None, longer)).unwrap();
    assert_eq!((kept.outcome, kept.written), (5, None));
    assert_eq!(store.writes.get(), 5);
}

#[test]
fn a_conflict_begins_again_with_what_is_there() {
    let store = Store::with(KEY, "x").failing([Fault::Between("xxx")]);
    let done = drive(modify(&store, KEY, None, longer)).unwrap();
    assert_eq!(done.outcome, 4);
    assert_eq!(store.applied.get(), 1);
    // What the caller had read saves a read, and costs an attempt where it is old.
    let store = Store::with(KEY, "xx");
    let old = Some(None);
    let done = drive(modify(&store, KEY, old, longer)).unwrap();
    assert_eq!((done.outcome, store.reads.get()), (3, 1));
}

#[test]
fn attempts_are_bounded_and_refusals_end_them() {
    let store = Store::with(KEY, "x").failing(vec![Fault::Between("x"); 10]);
    let error = drive(modify(&store, KEY, None, longer)).unwrap_err();
    assert_eq!(error, KvError::Conflict);
    assert_eq!(store.writes.get() as usize, MODIFY_ATTEMPTS_MAX);
    let store = Store::with(KEY, "x").failing(vec![Fault::Lost; 10]);
    let error = drive(modify(&store, KEY, None, longer)).unwrap_err();
    assert!(matches!(error, KvError::Ambiguous(_)));
    assert_eq!(store.writes.get() as usize, MODIFY_ATTEMPTS_MAX);
    let store = Store::with(KEY, "x").failing([refused()]);
    let error = drive(modify(&store, KEY, None, longer)).unwrap_err();
    assert_eq!((error, store.writes.get()), (KvError::QuotaExceeded, 1));
}

#[test]
fn a_lost_answer_changes_once() {
    let store = Store::with(KEY, "x").failing([Fault::LostApplied]);
    let done = drive(modify(&store, KEY, None, longer)).unwrap();
    assert_eq!((done.outcome, store.applied.get()), (2, 1));
    let store = Store::with(KEY, "x").failing([Fault::Lost]);
    let done = drive(modify(&store, KEY, None, longer)).unwrap();
    assert_eq!((done.outcome, store.applied.get()), (2, 1));
}

#[test]
fn what_waits_is_stored_within_the_allowance() {
    let store = Store::with("b", "2");
    let mut behind = WriteBehind::default();
    for (key, text) in [("c", "old"), ("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")] {
        behind.put(key, value(text)).unwrap();
    }
    let flushed = drive(behind.flush(&store, 2));
    assert_eq!(
        (flushed.writes, flushed.left, flushed.stopped),
        (2, 1, None)
    );
    assert_eq!(store.text("c").as_deref(), Some("3"));
    assert_eq!(drive(behind.flush(&store, 0)).left, 1);
    assert_eq!(drive(behind.flush(&store, 9)).writes, 1);
    assert!(behind.is_empty());
    assert_eq!(store.applied.get(), 3);
}

#[test]
fn what_could_not_be_stored_waits_on_and_what_is_old_does_not() {
    let store = Store::default().failing([Fault::Between("newer"), refused()]);
    let mut behind = WriteBehind::default();
    behind.put("a", value("1")).unwrap();
    behind.put("b", value("2")).unwrap();
    let flushed = drive(behind.flush(&store, 9));
    assert_eq!(flushed.stopped, Some(KvError::QuotaExceeded));
    assert_eq!((flushed.writes, flushed.left), (2, 1));
    assert_eq!(store.text("a").as_deref(), Some("newer"));
    assert_eq!(drive(behind.flush(&store, 9)).left, 0);
    assert_eq!(store.text("b").as_deref(), Some("2"));
}

// The example of docs/store.md.
async fn store_copies<K: Kv>(kv: &K, copies: Vec<(String, Bytes)>, writes_left: u32) -> Flushed {
    let mut behind = WriteBehind::default();
    for (key, value) in copies {
        // Where too many wait already, this one is made again in a later run.
        let _ = behind.put(&key, value);
    }
    // Count `writes_left` against your budget before: no more are made.
    behind.flush(kv, writes_left).await
}

#[test]
fn the_documented_example_stores_what_it_may() {
    let source = include_str!("mod.rs");
    let begins = source.find("async fn store_copies").unwrap();
    let length = source[begins..].find("\n}\n").unwrap();
    let example = &source[begins..begins + length + 2];
    let page = include_str!("../../../docs/store.md");
    assert!(
        page.contains(example),
        "docs/store.md must show:\n{example}"
    );
    let store = Store::with("b", "2");
    let copies = ["a", "b", "c", "d"].map(|key| (key.to_owned(), value("2")));
    let flushed = drive(store_copies(&store, copies.to_vec(), 2));
    // `b` was stored already; `d` waits and is lost with the run.
    assert_eq!((flushed.writes, flushed.left), (2, 1));
    assert_eq!(store.applied.get(), 2);
}

#[test]
fn so_many_may_wait() {
    let mut behind = WriteBehind::default();
    for index in 0..BEHIND_VALUES_MAX {
        behind.put(&index.to_string(), value("a")).unwrap();
    }
    assert_eq!(behind.put("more", value("b")), Err(value("b")));
    assert_eq!(behind.put("7", value("b")), Ok(()));
    assert_eq!(behind.len(), BEHIND_VALUES_MAX);
}
