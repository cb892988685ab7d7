//! The stores of this crate keep the rules.

use std::path::PathBuf;

use bytes::Bytes;
use edgefold_host::kv::{Kv, KvError, MemoryKv, OpenError, Precondition, RedbKv, conformance};

/// A file of this test alone.
fn file(name: &str) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.redb"));
    let _ = std::fs::remove_file(&file);
    file
}

#[tokio::test]
async fn memory_keeps_the_rules() {
    conformance::check(&MemoryKv::new()).await.unwrap();
}

#[tokio::test]
async fn redb_keeps_the_rules() {
    let kv = RedbKv::open(file("rules")).unwrap();
    conformance::check(&kv).await.unwrap();
    // And again, over what the first left.
    conformance::check(&kv).await.unwrap();
}

#[tokio::test]
async fn redb_keeps_values_and_versions_over_a_restart() {
    let file = file("restart");
    let one = Bytes::from_static(b"one");
    let kv = RedbKv::open(&file).unwrap();
    let version = kv
        .put("k", one.clone(), Precondition::Absent, None)
        .await
        .unwrap();
    kv.put("gone", one.clone(), Precondition::None, None)
        .await
        .unwrap();
    kv.delete("gone").await.unwrap();
    drop(kv);

    let kv = RedbKv::open(&file).unwrap();
    let entry = kv.get("k").await.unwrap().unwrap();
    assert_eq!((entry.value, &entry.version), (one.clone(), &version));
    assert_eq!(kv.get("gone").await.unwrap(), None);
    let two = Bytes::from_static(b"two");
    let next = kv
        .put("k", two, Precondition::Version(version.clone()), None)
        .await
        .unwrap();
    assert_ne!(next, version);
    let old = kv.put("k", one, Precondition::Version(version), None).await;
    assert_eq!(old, Err(KvError::Conflict));
}

#[tokio::test]
async fn redb_lists_in_pages() {
    let kv = RedbKv::open(file("pages")).unwrap();
    // As many as two pages hold, and one: see LIST_KEYS_MAX. Written through one transaction each, so keep it small.
    for index in 0..40 {
        let key = format!("p/{index:03}");
        kv.put(&key, Bytes::new(), Precondition::None, None)
            .await
            .unwrap();
    }
    let page = kv.list("p/", Some("p/019")).await.unwrap();
    assert_eq!(page.keys.first().unwrap(), "p/020");
    assert_eq!(page.keys.len(), 20);
    assert_eq!(page.cursor, None);
}

#[test]
fn redb_says_what_is_wrong_with_a_file() {
    let used = file("used");
    let _kv = RedbKv::open(&used).unwrap();
    let Err(error @ OpenError::InUse(_)) = RedbKv::open(&used) else {
        panic!("opened twice");
    };
    assert!(error.to_string().contains("used.redb"), "{error}");

    let text = file("text");
    std::fs::write(&text, "this is no store".repeat(1000)).unwrap();
    assert!(matches!(RedbKv::open(&text), Err(OpenError::Unusable(..))));
    assert!(matches!(
        RedbKv::open("/nowhere/at/all.redb"),
        Err(OpenError::Unusable(..))
    ));
}
