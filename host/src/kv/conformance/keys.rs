//! Keys are any UTF-8, and each has its own value.

use bytes::Bytes;

use super::super::KEY_BYTES_MAX;
use super::{Kv, PREFIX, Precondition, ensure, failed, key};

/// What stores, their protocols and their file systems give a meaning to, and what differs in little.
const ODD: [&str; 24] = [
    "odd/a",
    "odd/A",
    "odd/a/",
    "odd//a",
    "odd/a.b",
    "odd/a..b",
    "odd/.",
    "odd/..",
    "odd/a b",
    "odd/ ",
    "odd/*",
    "odd/>",
    "odd/a=b",
    "odd/=41",
    "odd/%2F",
    "odd/a%b",
    "odd/a:b",
    "odd/{a}",
    "odd/\u{e4}",
    "odd/a\u{308}",
    "odd/\u{1f980}",
    "odd/a\0b",
    "odd/a\r\nb",
    "odd/a\\b",
];

pub(super) async fn odd(kv: &impl Kv) -> Result<(), String> {
    let mut keys: Vec<String> = ODD.iter().map(|name| key(name)).collect();
    keys.push(format!(
        "{PREFIX}odd/{}",
        "x".repeat(KEY_BYTES_MAX - PREFIX.len() - 4)
    ));
    for key in &keys {
        let value = Bytes::copy_from_slice(key.as_bytes());
        kv.put(key, value, Precondition::None, None)
            .await
            .map_err(|error| format!("the key {key:?} is refused: {error}"))?;
    }
    let found = kv.get_many(&keys).await.map_err(failed)?;
    for (key, entry) in keys.iter().zip(found) {
        ensure(
            entry.is_some_and(|entry| entry.value == key.as_bytes()),
            &format!("the key {key:?} has its own value"),
        )?;
    }
    if kv.capabilities().list {
        let page = kv.list(&key("odd/"), None).await.map_err(failed)?;
        let mut listed = page.keys;
        listed.sort();
        let mut wanted = keys.clone();
        wanted.sort();
        ensure(
            page.cursor.is_some() || listed == wanted,
            "odd keys are listed as they were put",
        )?;
    }
    for key in &keys {
        kv.delete(key).await.map_err(failed)?;
        let left = kv.get(key).await.map_err(failed)?;
        ensure(left.is_none(), &format!("the key {key:?} can be deleted"))?;
    }
    Ok(())
}
