//! Lists: whole, in pages, and no more than asked for.

use bytes::Bytes;

use super::super::LIST_KEYS_MAX;
use super::{Kv, Precondition, at_once, ensure, failed, key, put};

pub(super) async fn with_prefix(kv: &impl Kv) -> Result<(), String> {
    let many = 15;
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
    let mut keys = all(kv, "list/", many).await?;
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

/// More keys than fit on a page of this crate's stores.
pub(super) async fn of_many_pages(kv: &impl Kv) -> Result<(), String> {
    const AT_ONCE: usize = 50;
    let many = LIST_KEYS_MAX + AT_ONCE;
    let name = |index: usize| format!("pages/{index:05}");
    for first in (0..many).step_by(AT_ONCE) {
        let keys: Vec<String> = (first..first + AT_ONCE).map(|i| key(&name(i))).collect();
        let puts = keys.iter().map(|key| {
            let value = Bytes::from_static(b"x");
            kv.put(key, value, Precondition::None, None)
        });
        for put in at_once(puts).await {
            put.map_err(failed)?;
        }
    }
    let mut keys = all(kv, "pages/", many).await?;
    keys.sort();
    let wanted: Vec<String> = (0..many).map(|index| key(&name(index))).collect();
    ensure(keys == wanted, "a list of many pages is whole")?;
    for some in wanted.chunks(AT_ONCE) {
        for deleted in at_once(some.iter().map(|key| kv.delete(key))).await {
            deleted.map_err(failed)?;
        }
    }
    let keys = all(kv, "pages/", many).await?;
    ensure(keys.is_empty(), "deleted keys are not listed")
}

/// All pages.
async fn all(kv: &impl Kv, prefix: &str, most: usize) -> Result<Vec<String>, String> {
    let mut keys = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = kv
            .list(&key(prefix), cursor.as_deref())
            .await
            .map_err(failed)?;
        keys.extend(page.keys);
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(keys);
        }
        ensure(keys.len() <= most, "list comes to an end")?;
    }
}
