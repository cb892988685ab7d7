//! What every store must do: for embedders' tests of their own [`Kv`].

use std::time::Duration;

use bytes::Bytes;

use super::{Kv, KvError, LIST_KEYS_MAX, Precondition, VALUE_BYTES_MAX, Version};

/// Keys of the check begin with this; what is under it is overwritten and removed.
pub const PREFIX: &str = "conformance/";
const TTL: Duration = Duration::from_millis(200);

/// Checks `kv` against the rules of `wit/kv.wit`, each where [`Kv::capabilities`] promises it. Needs a tokio runtime.
///
/// # Errors
/// The first rule that does not hold, in words.
pub async fn check(kv: &impl Kv) -> Result<(), String> {
    values(kv).await?;
    batches(kv).await?;
    if kv.capabilities().swap {
        preconditions(kv).await?;
        one_of_many_wins(kv).await?;
    }
    if kv.capabilities().increment {
        counters(kv).await?;
    }
    if kv.capabilities().ttl {
        expiry(kv).await?;
    }
    if kv.capabilities().list {
        lists(kv).await?;
    }
    Ok(())
}

fn ensure(holds: bool, rule: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(rule.to_owned()) }
}

fn failed(error: KvError) -> String {
    format!("an operation failed: {error}")
}

fn key(name: &str) -> String {
    format!("{PREFIX}{name}")
}

async fn put(kv: &impl Kv, name: &str, value: &'static [u8]) -> Result<Version, String> {
    let value = Bytes::from_static(value);
    kv.put(&key(name), value, Precondition::None, None)
        .await
        .map_err(failed)
}

async fn read(kv: &impl Kv, name: &str) -> Result<Option<Bytes>, String> {
    let entry = kv.get(&key(name)).await.map_err(failed)?;
    Ok(entry.map(|entry| entry.value))
}

async fn values(kv: &impl Kv) -> Result<(), String> {
    kv.delete(&key("value")).await.map_err(failed)?;
    ensure(
        read(kv, "value").await?.is_none(),
        "an absent key has no value",
    )?;
    kv.delete(&key("value")).await.map_err(failed)?; // absent: no error
    let first = put(kv, "value", b"\0one\xff").await?;
    let entry = kv.get(&key("value")).await.map_err(failed)?;
    let entry = entry.ok_or("a value that was put is there")?;
    ensure(
        entry.value.as_ref() == b"\0one\xff",
        "any bytes come back as they were put",
    )?;
    ensure(
        entry.version == first,
        "get gives the version that put gave",
    )?;
    let second = put(kv, "value", b"two").await?;
    ensure(second != first, "another value has another version")?;
    put(kv, "value", b"").await?;
    ensure(
        read(kv, "value")
            .await?
            .is_some_and(|value| value.is_empty()),
        "an empty value is a value",
    )?;
    let large = Bytes::from(vec![7; VALUE_BYTES_MAX]);
    kv.put(&key("value"), large.clone(), Precondition::None, None)
        .await
        .map_err(failed)?;
    ensure(
        read(kv, "value").await? == Some(large),
        "a value of 1 MB is kept whole",
    )?;
    kv.delete(&key("value")).await.map_err(failed)?;
    ensure(
        read(kv, "value").await?.is_none(),
        "a deleted key has no value",
    )
}

async fn batches(kv: &impl Kv) -> Result<(), String> {
    put(kv, "a", b"A").await?;
    put(kv, "b", b"B").await?;
    kv.delete(&key("c")).await.map_err(failed)?;
    let keys = ["b", "c", "a", "b"].map(key);
    let found = kv.get_many(&keys).await.map_err(failed)?;
    let found: Vec<Option<&[u8]>> = found
        .iter()
        .map(|entry| entry.as_ref().map(|entry| entry.value.as_ref()))
        .collect();
    let wanted: [Option<&[u8]>; 4] = [Some(b"B"), None, Some(b"A"), Some(b"B")];
    ensure(
        found == wanted,
        "get_many answers in the order asked, with a gap for an absent key",
    )?;
    ensure(
        kv.get_many(&[]).await.map_err(failed)?.is_empty(),
        "get_many of no keys is empty",
    )
}

async fn preconditions(kv: &impl Kv) -> Result<(), String> {
    let key = key("swap");
    let one = Bytes::from_static(b"one");
    kv.delete(&key).await.map_err(failed)?;
    let of_absent = Precondition::Version(Version("1".to_owned()));
    ensure(
        kv.put(&key, one.clone(), of_absent, None).await == Err(KvError::Conflict),
        "a version of an absent key conflicts",
    )?;
    let first = kv
        .put(&key, one.clone(), Precondition::Absent, None)
        .await
        .map_err(failed)?;
    ensure(
        kv.put(&key, one.clone(), Precondition::Absent, None).await == Err(KvError::Conflict),
        "`Absent` conflicts where the key exists",
    )?;
    let at_first = Precondition::Version(first.clone());
    let two = Bytes::from_static(b"two");
    kv.put(&key, two.clone(), at_first.clone(), None)
        .await
        .map_err(failed)?;
    ensure(
        kv.put(&key, one.clone(), at_first.clone(), None).await == Err(KvError::Conflict),
        "an old version conflicts",
    )?;
    ensure(
        read(kv, "swap").await? == Some(two),
        "a conflict writes nothing",
    )?;
    kv.delete(&key).await.map_err(failed)?;
    kv.put(&key, one.clone(), Precondition::Absent, None)
        .await
        .map_err(failed)?;
    ensure(
        kv.put(&key, one, at_first, None).await == Err(KvError::Conflict)
            || !kv.capabilities().swap,
        "a deleted and new key does not have its old version",
    )
}

/// Polls all in turn until all are done: writers at once, without threads.
async fn at_once<T>(writers: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut writers: Vec<_> = writers.map(Box::pin).collect();
    let mut results: Vec<Option<T>> = writers.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (writer, result) in writers.iter_mut().zip(&mut results) {
            if result.is_none()
                && let std::task::Poll::Ready(done) = writer.as_mut().poll(cx)
            {
                *result = Some(done);
            }
        }
        if results.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    results.into_iter().flatten().collect()
}

/// Sixteen increments at once: sixteen numbers.
async fn counters(kv: &impl Kv) -> Result<(), String> {
    let count = key("count");
    kv.delete(&count).await.map_err(failed)?;
    let counted = at_once((0..16).map(|_| kv.increment(&count))).await;
    let mut numbers: Vec<u64> = counted
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    numbers.sort_unstable();
    ensure(
        numbers == (1..=16).collect::<Vec<u64>>(),
        "a counter begins with 1 and gives no number twice",
    )?;
    let other = key("count/other");
    ensure(
        kv.increment(&other).await.map_err(failed)? == 1,
        "counters of different keys have nothing to do with each other",
    )?;
    kv.delete(&other).await.map_err(failed)?;
    kv.delete(&count).await.map_err(failed)?;
    ensure(
        kv.increment(&count).await.map_err(failed)? == 1,
        "a deleted counter begins again",
    )?;
    kv.delete(&count).await.map_err(failed)
}

/// Sixteen writers from the same version: one succeeds.
async fn one_of_many_wins(kv: &impl Kv) -> Result<(), String> {
    let version = put(kv, "race", b"start").await?;
    let race = key("race");
    let results = at_once((0..16u8).map(|writer| {
        let when = Precondition::Version(version.clone());
        kv.put(&race, Bytes::from(vec![writer]), when, None)
    }))
    .await;
    let won = results.iter().filter(|result| result.is_ok()).count();
    let lost = results
        .iter()
        .filter(|result| **result == Err(KvError::Conflict))
        .count();
    ensure(
        won == 1 && lost == results.len() - 1,
        "of many writers from one version exactly one wins",
    )
}

async fn expiry(kv: &impl Kv) -> Result<(), String> {
    let key = key("ttl");
    let value = Bytes::from_static(b"short");
    let hour = Some(Duration::from_secs(3600));
    kv.put(&key, value.clone(), Precondition::None, hour)
        .await
        .map_err(failed)?;
    ensure(
        read(kv, "ttl").await?.is_some(),
        "a value lives until its time is over",
    )?;
    kv.put(&key, value.clone(), Precondition::None, Some(TTL))
        .await
        .map_err(failed)?;
    let patience = tokio::time::Instant::now() + TTL * 50;
    while read(kv, "ttl").await?.is_some() {
        ensure(
            tokio::time::Instant::now() < patience,
            "a value is gone after its time to live",
        )?;
        tokio::time::sleep(TTL / 4).await;
    }
    kv.put(&key, value, Precondition::Absent, None)
        .await
        .map_err(|error| format!("an expired key counts as absent: {error}"))?;
    kv.delete(&key).await.map_err(failed)
}

async fn lists(kv: &impl Kv) -> Result<(), String> {
    let many = LIST_KEYS_MAX / 100 + 5;
    for index in 0..many {
        let value = Bytes::from_static(b"x");
        kv.put(
            &key(&format!("list/{index:05}")),
            value,
            Precondition::None,
            None,
        )
        .await
        .map_err(failed)?;
    }
    put(kv, "list.", b"sorts before the prefix").await?;
    put(kv, "list0", b"sorts after the prefix").await?;
    let mut keys = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = kv
            .list(&key("list/"), cursor.as_deref())
            .await
            .map_err(failed)?;
        keys.extend(page.keys);
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
        ensure(keys.len() <= many, "list comes to an end")?;
    }
    keys.sort();
    let wanted: Vec<String> = (0..many).map(|i| key(&format!("list/{i:05}"))).collect();
    ensure(
        keys == wanted,
        "list delivers each key with the prefix exactly once",
    )?;
    for key in keys {
        kv.delete(&key).await.map_err(failed)?;
    }
    let page = kv.list(&key("list/"), None).await.map_err(failed)?;
    ensure(page.keys.is_empty(), "a deleted key is not listed")
}
