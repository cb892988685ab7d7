//! Each pattern against quiet stores, other writers, lost answers and refusals.

use bytes::Bytes;

use super::*;
use crate::host::{Entry, Kv, KvError, Precondition, Version};
use crate::testing::{Fault, TestKv, block_on};

const KEY: &str = "k";

fn with(key: &str, value: &'static str) -> TestKv {
    let store = TestKv::default();
    store.set(key, value);
    store
}

/// The next writes go wrong in these ways.
fn failing(store: TestKv, faults: impl IntoIterator<Item = Fault>) -> TestKv {
    store
        .faults
        .borrow_mut()
        .extend(faults.into_iter().map(Some));
    store
}

/// The write is lost, and so is its answer.
fn lost() -> Fault {
    Fault::Refused(KvError::Ambiguous("no answer".into()))
}

/// The answer is lost, the write is not.
fn lost_answer() -> Fault {
    Fault::Late(KvError::Ambiguous("no answer".into()))
}

fn value(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn refused() -> Fault {
    Fault::Refused(KvError::QuotaExceeded)
}

#[test]
fn an_unchanged_value_is_read_and_not_written() {
    let store = with(KEY, "a");
    let put = block_on(put_if_changed(&store, KEY, &value("a"))).unwrap();
    assert!(matches!(put, Put::Unchanged(_)));
    assert_eq!((store.reads.get(), store.writes.get()), (1, 0));
    let put = block_on(put_if_changed(&store, KEY, &value("b"))).unwrap();
    assert!(matches!(put, Put::Written(_)));
    assert_eq!((store.reads.get(), store.writes.get()), (2, 1));
    assert_eq!(store.value(KEY), Some(value("b")));
}

#[test]
fn a_conditional_put_never_overwrites_what_it_has_not_read() {
    let store = failing(with(KEY, "a"), [Fault::Overtaken(value("other"))]);
    let put = block_on(put_if_changed(&store, KEY, &value("b")));
    assert_eq!(put, Err(KvError::Conflict));
    assert_eq!(store.value(KEY), Some(value("other")));
    // Another writer with the same value is no conflict.
    let store = failing(with(KEY, "a"), [Fault::Overtaken(value("b"))]);
    let put = block_on(put_if_changed(&store, KEY, &value("b"))).unwrap();
    assert!(matches!(put, Put::Unchanged(_)));
    assert_eq!(store.applied.get(), 0);
}

#[test]
fn a_lost_answer_is_settled_by_reading() {
    let swap_b = |store: &TestKv, when| block_on(swap(store, KEY, &value("b"), when));
    let version = || Precondition::Version(Version("1".into()));
    let store = failing(with(KEY, "a"), [lost_answer()]);
    assert_eq!(
        swap_b(&store, version()),
        Ok(Swapped::Applied(Version("2".into())))
    );
    assert_eq!(store.writes.get(), 1);
    // Lost for good or still on its way: nobody can tell.
    let store = failing(with(KEY, "a"), [lost()]);
    assert!(matches!(
        swap_b(&store, version()),
        Err(KvError::Ambiguous(_))
    ));
    // Safe to try again: the precondition compares.
    assert!(matches!(swap_b(&store, version()), Ok(Swapped::Applied(_))));
    assert_eq!(store.applied.get(), 1);
    // The same for a key that was not there.
    let store = failing(TestKv::default(), [lost(), lost_answer()]);
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
        (vec![], 1),
        (vec![lost_answer()], 1),
        (vec![lost()], 2),
        (vec![Fault::Overtaken(value("other"))], 1),
    ] {
        let store = failing(TestKv::default(), faults.clone());
        block_on(write_through(&store, KEY, &value("a"))).unwrap();
        assert_eq!(store.value(KEY), Some(value("a")), "{faults:?}");
        assert_eq!(store.writes.get(), writes, "{faults:?}");
    }
    let store = failing(TestKv::default(), [refused()]);
    assert_eq!(
        block_on(write_through(&store, KEY, &value("a"))),
        Err(KvError::QuotaExceeded)
    );
    let store = failing(TestKv::default(), [lost(), lost()]);
    assert!(matches!(
        block_on(write_through(&store, KEY, &value("a"))),
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
    let store = TestKv::default();
    for length in [1, 2, 3, 4, 5] {
        let done = block_on(modify(&store, KEY, None, longer)).unwrap();
        assert_eq!(done.outcome, length);
        assert!(done.written.is_some());
    }
    let kept = block_on(modify(&store, KEY, None, longer)).unwrap();
    assert_eq!((kept.outcome, kept.written), (5, None));
    assert_eq!(store.writes.get(), 5);
}

#[test]
fn a_conflict_begins_again_with_what_is_there() {
    let store = failing(with(KEY, "x"), [Fault::Overtaken(value("xxx"))]);
    let done = block_on(modify(&store, KEY, None, longer)).unwrap();
    assert_eq!(done.outcome, 4);
    assert_eq!(store.applied.get(), 1);
    // What the caller had read saves a read, and costs an attempt where it is old.
    let store = with(KEY, "xx");
    let old = Some(None);
    let done = block_on(modify(&store, KEY, old, longer)).unwrap();
    assert_eq!((done.outcome, store.reads.get()), (3, 1));
}

#[test]
fn attempts_are_bounded_and_refusals_end_them() {
    let store = failing(with(KEY, "x"), vec![Fault::Overtaken(value("x")); 10]);
    let error = block_on(modify(&store, KEY, None, longer)).unwrap_err();
    assert_eq!(error, KvError::Conflict);
    assert_eq!(store.writes.get() as usize, MODIFY_ATTEMPTS_MAX);
    let store = failing(with(KEY, "x"), vec![lost(); 10]);
    let error = block_on(modify(&store, KEY, None, longer)).unwrap_err();
    assert!(matches!(error, KvError::Ambiguous(_)));
    assert_eq!(store.writes.get() as usize, MODIFY_ATTEMPTS_MAX);
    let store = failing(with(KEY, "x"), [refused()]);
    let error = block_on(modify(&store, KEY, None, longer)).unwrap_err();
    assert_eq!((error, store.writes.get()), (KvError::QuotaExceeded, 1));
}

#[test]
fn a_lost_answer_changes_once() {
    let store = failing(with(KEY, "x"), [lost_answer()]);
    let done = block_on(modify(&store, KEY, None, longer)).unwrap();
    assert_eq!((done.outcome, store.applied.get()), (2, 1));
    let store = failing(with(KEY, "x"), [lost()]);
    let done = block_on(modify(&store, KEY, None, longer)).unwrap();
    assert_eq!((done.outcome, store.applied.get()), (2, 1));
}

#[test]
fn what_waits_is_stored_within_the_allowance() {
    let store = with("b", "2");
    let mut behind = WriteBehind::default();
    for (key, text) in [("c", "old"), ("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")] {
        behind.put(key, value(text)).unwrap();
    }
    let flushed = block_on(behind.flush(&store, 2));
    assert_eq!(
        (flushed.writes, flushed.left, flushed.stopped),
        (2, 1, None)
    );
    assert_eq!(store.value("c"), Some(value("3")));
    assert_eq!(block_on(behind.flush(&store, 0)).left, 1);
    assert_eq!(block_on(behind.flush(&store, 9)).writes, 1);
    assert!(behind.is_empty());
    assert_eq!(store.applied.get(), 3);
}

#[test]
fn what_could_not_be_stored_waits_on_and_what_is_old_does_not() {
    let store = failing(
        TestKv::default(),
        [Fault::Overtaken(value("newer")), refused()],
    );
    let mut behind = WriteBehind::default();
    behind.put("a", value("1")).unwrap();
    behind.put("b", value("2")).unwrap();
    let flushed = block_on(behind.flush(&store, 9));
    assert_eq!(flushed.stopped, Some(KvError::QuotaExceeded));
    assert_eq!((flushed.writes, flushed.left), (2, 1));
    assert_eq!(store.value("a"), Some(value("newer")));
    assert_eq!(block_on(behind.flush(&store, 9)).left, 0);
    assert_eq!(store.value("b"), Some(value("2")));
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
    let source = include_str!("tests.rs");
    let begins = source.find("async fn store_copies").unwrap();
    let length = source[begins..].find("\n}\n").unwrap();
    let example = &source[begins..begins + length + 2];
    let page = include_str!("../../docs/store.md");
    assert!(
        page.contains(example),
        "docs/store.md must show:\n{example}"
    );
    let store = with("b", "2");
    let copies = ["a", "b", "c", "d"].map(|key| (key.to_owned(), value("2")));
    let flushed = block_on(store_copies(&store, copies.to_vec(), 2));
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
