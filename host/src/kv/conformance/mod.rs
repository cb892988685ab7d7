//! What every store must do: for embedders' tests of their own [`Kv`].

mod expiry;
mod keys;
mod lists;
mod swaps;

use bytes::Bytes;

#[cfg(doc)]
use super::LIST_KEYS_MAX;
use super::{Kv, KvError, Precondition, VALUE_BYTES_MAX, Version};

/// Keys of the check begin with this; what is under it is overwritten and removed.
pub const PREFIX: &str = "conformance/";
/// Writers at once in a race.
const WRITERS: u8 = 16;

/// Checks `kv` against the rules of `wit/kv.wit`, each where [`Kv::capabilities`] promises it. Needs a tokio runtime.
///
/// # Errors
/// The first rule that does not hold, in words.
pub async fn check(kv: &impl Kv) -> Result<(), String> {
    values(kv).await?;
    batches(kv).await?;
    keys::odd(kv).await?;
    if kv.capabilities().swap {
        swaps::preconditions(kv).await?;
        swaps::one_of_many_wins(kv).await?;
        swaps::one_of_many_creates(kv).await?;
        swaps::no_change_is_lost(kv).await?;
    }
    if kv.capabilities().increment {
        counters(kv).await?;
    }
    if kv.capabilities().ttl {
        expiry::values_end(kv).await?;
    }
    if kv.capabilities().list {
        lists::with_prefix(kv).await?;
    }
    Ok(())
}

/// Checks that a list of more keys than one page holds is whole: writes and removes [`LIST_KEYS_MAX`] keys and some.
///
/// # Errors
/// As [`check`].
pub async fn check_pages(kv: &impl Kv) -> Result<(), String> {
    lists::of_many_pages(kv).await
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
    // No byte is like its neighbours, so that nothing is lost in a join.
    let large: Vec<u8> = (0..VALUE_BYTES_MAX)
        .map(|i| ((i * 31) >> 3) as u8)
        .collect();
    let large = Bytes::from(large);
    kv.put(&key("value"), large.clone(), Precondition::None, None)
        .await
        .map_err(failed)?;
    ensure(
        read(kv, "value").await? == Some(large.clone()),
        "a value of 1 MB is kept whole",
    )?;
    let found = kv.get_many(&[key("value")]).await.map_err(failed)?;
    let found = found.into_iter().next().flatten();
    ensure(
        found.is_some_and(|entry| entry.value == large),
        "get_many hands out a value of 1 MB",
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

/// Increments at once: as many numbers.
async fn counters(kv: &impl Kv) -> Result<(), String> {
    let count = key("count");
    kv.delete(&count).await.map_err(failed)?;
    let counted = at_once((0..WRITERS).map(|_| kv.increment(&count))).await;
    let mut numbers: Vec<u64> = counted
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    numbers.sort_unstable();
    ensure(
        numbers == (1..=u64::from(WRITERS)).collect::<Vec<u64>>(),
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
