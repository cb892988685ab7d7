//! Values with an end.

use std::time::Duration;

use bytes::Bytes;

use super::{Kv, KvError, Precondition, ensure, failed, key, read};

const TTL: Duration = Duration::from_millis(200);

pub(super) async fn values_end(kv: &impl Kv) -> Result<(), String> {
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
    let short = kv
        .put(&key, value.clone(), Precondition::None, Some(TTL))
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
    let over = kv
        .put(&key, value.clone(), Precondition::Version(short), None)
        .await;
    ensure(
        over == Err(KvError::Conflict),
        "the version of an expired value conflicts",
    )?;
    if kv.capabilities().list {
        let page = kv.list(&key, None).await.map_err(failed)?;
        ensure(page.keys.is_empty(), "an expired key is not listed")?;
    }
    kv.put(&key, value, Precondition::Absent, None)
        .await
        .map_err(|error| format!("an expired key counts as absent: {error}"))?;
    ensure(
        read(kv, "ttl").await?.is_some(),
        "a value that replaces an expired one has no end",
    )?;
    kv.delete(&key).await.map_err(failed)
}
