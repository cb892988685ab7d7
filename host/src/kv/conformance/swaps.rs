//! Of writers at once one wins, and nothing is lost.

use bytes::Bytes;

use super::{Kv, KvError, Precondition, Version, WRITERS, at_once, ensure, failed, key, put, read};

pub(super) async fn preconditions(kv: &impl Kv) -> Result<(), String> {
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

/// Writers from the same version: one succeeds.
pub(super) async fn one_of_many_wins(kv: &impl Kv) -> Result<(), String> {
    let version = put(kv, "race", b"start").await?;
    let race = key("race");
    let results = at_once((0..WRITERS).map(|writer| {
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
        &format!(
            "of many writers from one version exactly one wins, the others conflict: {results:?}"
        ),
    )
}

/// Writers that all find nothing: one succeeds.
pub(super) async fn one_of_many_creates(kv: &impl Kv) -> Result<(), String> {
    let race = key("creation");
    // The second time over what a deletion leaves behind.
    for _ in 0..2 {
        kv.delete(&race).await.map_err(failed)?;
        let results = at_once((0..WRITERS).map(|writer| {
            let value = Bytes::from(vec![writer]);
            kv.put(&race, value, Precondition::Absent, None)
        }))
        .await;
        let won: Vec<usize> = (0..results.len()).filter(|i| results[*i].is_ok()).collect();
        let lost = results
            .iter()
            .filter(|result| **result == Err(KvError::Conflict))
            .count();
        ensure(
            won.len() == 1 && lost == results.len() - 1,
            &format!(
                "of many writers that want the key absent exactly one wins, the others conflict: {results:?}"
            ),
        )?;
        let winner = read(kv, "creation").await?;
        ensure(
            winner.is_some_and(|value| won == [usize::from(value[0])]),
            "the value is the one of the writer that won",
        )?;
    }
    kv.delete(&race).await.map_err(failed)
}

/// Writers that each add one to a number, again until it succeeds: the sum is right.
pub(super) async fn no_change_is_lost(kv: &impl Kv) -> Result<(), String> {
    let sum = key("sum");
    put(kv, "sum", b"0").await?;
    let added = at_once((0..WRITERS).map(|_| add_one(kv, &sum))).await;
    added.into_iter().collect::<Result<Vec<()>, String>>()?;
    let wanted = WRITERS.to_string();
    ensure(
        read(kv, "sum").await?.as_deref() == Some(wanted.as_bytes()),
        "no change made by swap is lost",
    )?;
    kv.delete(&sum).await.map_err(failed)
}

async fn add_one(kv: &impl Kv, key: &str) -> Result<(), String> {
    // Each time around somebody has succeeded; a read that is a moment behind costs a round more.
    for _ in 0..u16::from(WRITERS) * 100 {
        let entry = kv.get(key).await.map_err(failed)?;
        let entry = entry.ok_or("a value that was put is there")?;
        let number = std::str::from_utf8(&entry.value).ok();
        let number: u64 = number
            .and_then(|text| text.parse().ok())
            .ok_or("a value is never torn")?;
        let next = Bytes::from((number + 1).to_string());
        let when = Precondition::Version(entry.version);
        match kv.put(key, next, when, None).await {
            Ok(_) => return Ok(()),
            Err(KvError::Conflict) => tokio::task::yield_now().await,
            Err(error) => return Err(failed(error)),
        }
    }
    Err("a writer that reads and swaps succeeds in the end".to_owned())
}
