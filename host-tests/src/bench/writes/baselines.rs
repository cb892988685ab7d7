//! What edgefold is compared with: a site whose values are JSON documents, written as most are at first, and written with
//! care. Both really serialise and really write.

use std::collections::BTreeMap;

use bytes::Bytes;
use edgefold::host::{Clock as _, HttpClient as _, Kv as _, Outgoing, Precondition};
use edgefold::item::Item;
use edgefold::time::Timestamp;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::day::{Page, Strategy};
use super::entities::{ENTITIES, address, category};
use crate::sim::{SimHost, block_on};

/// Items of the slice that a page is made from.
const HOT_ITEMS: usize = 250;
/// Items of a default page.
const PAGE_ITEMS: usize = 30;
/// Lists beside index, hot slice, meta, snapshot and those of the entities: 88 keys in all.
const LISTS: usize = 24;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Every key is written in every cycle: index, hot slice, meta, snapshot, a list for each entity, further lists.
    Naive,
    /// Index, hot slice, meta and snapshot, each written only when it differs from what is stored.
    Conditional,
}

/// A site of JSON documents.
pub(super) struct Documents {
    care: Care,
    /// By date and id, as the index has them.
    items: BTreeMap<(i64, String), Item>,
    dates: BTreeMap<String, i64>,
    counts: BTreeMap<String, [i64; 2]>,
    changed: Timestamp,
}

impl Documents {
    pub(super) fn new(care: Care) -> Self {
        Self {
            care,
            items: BTreeMap::new(),
            dates: BTreeMap::new(),
            counts: BTreeMap::new(),
            changed: Timestamp(0),
        }
    }

    fn ask(&mut self, host: &SimHost, entity: usize) -> anyhow::Result<()> {
        let request = Outgoing {
            method: Method::GET,
            url: address(entity).parse()?,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: std::time::Duration::from_secs(10),
            body_bytes_max: usize::MAX,
        };
        let answer = block_on(host.http.send(request))?;
        let stories: Vec<Value> = serde_json::from_slice(&answer.body)?;
        let text = |story: &Value, name: &str| story[name].as_str().unwrap_or_default().to_owned();
        for story in &stories {
            let id = text(story, "key");
            let number = |name: &str| story[name].as_i64().unwrap_or(0);
            self.counts
                .insert(id.clone(), [number("score"), number("replies")]);
            let at_s = number("at");
            let item = Item {
                id: id.clone(),
                title: text(story, "headline"),
                url: Some(text(story, "link")),
                source: format!("entity-{entity}"),
                category: category(entity).to_owned(),
                tags: vec!["release".into(), "rust".into(), category(entity).into()],
                author: Some(text(story, "by")),
                published: Timestamp::from_secs(at_s),
                updated: None,
                summary: text(story, "text"),
                image: None,
            };
            self.dates.insert(id.clone(), at_s);
            let before = self.items.insert((at_s, id), item.clone());
            if before.as_ref() != Some(&item) {
                self.changed = host.now();
            }
        }
        Ok(())
    }

    fn put(&self, host: &SimHost, key: &str, value: Vec<u8>) -> anyhow::Result<()> {
        if self.care == Care::Conditional {
            let stored = block_on(host.kv.get(key))?;
            if stored.is_some_and(|stored| stored.value == value) {
                return Ok(());
            }
        }
        block_on(host.kv.put(key, value.into(), Precondition::None, None))?;
        Ok(())
    }

    fn newest(&self, items: usize) -> Vec<&Item> {
        self.items.values().rev().take(items).collect()
    }

    fn write(&self, host: &SimHost) -> anyhow::Result<()> {
        self.put(host, "index", serde_json::to_vec(&self.newest(usize::MAX))?)?;
        self.put(host, "hot", serde_json::to_vec(&self.newest(HOT_ITEMS))?)?;
        let updated = match self.care {
            Care::Naive => host.now(),
            Care::Conditional => self.changed,
        };
        let meta = json!({ "items": self.items.len(), "updated": updated.to_string() });
        self.put(host, "meta", serde_json::to_vec(&meta)?)?;
        self.put(host, "snapshot", serde_json::to_vec(&self.counts)?)?;
        if self.care == Care::Conditional {
            return Ok(());
        }
        for entity in 0..ENTITIES {
            let source = format!("entity-{entity}");
            let of = |item: &&&Item| item.source == source;
            let items = self.items.values().rev().take(20 * HOT_ITEMS);
            let list: Vec<&Item> = items
                .collect::<Vec<_>>()
                .iter()
                .filter(of)
                .copied()
                .take(50)
                .collect();
            self.put(
                host,
                &format!("entity/{entity}"),
                serde_json::to_vec(&list)?,
            )?;
        }
        for page in 0..LISTS {
            let items = self.items.values().rev().skip(page * PAGE_ITEMS);
            let list: Vec<&Item> = items.take(PAGE_ITEMS).collect();
            self.put(host, &format!("page/{page}"), serde_json::to_vec(&list)?)?;
        }
        Ok(())
    }
}

impl Strategy for Documents {
    fn history(&mut self, _: bool) {}

    fn cycle(&mut self, host: &SimHost) -> anyhow::Result<()> {
        for entity in 0..ENTITIES {
            self.ask(host, entity)?;
        }
        // The counts of what is listed, as edgefold bounds them.
        while self.counts.len() > edgefold::slice::ENGAGEMENT_ITEMS_MAX {
            let oldest = self
                .counts
                .keys()
                .min_by_key(|id| self.dates.get(*id))
                .cloned();
            let Some(oldest) = oldest else { break };
            self.counts.remove(&oldest);
        }
        self.write(host)
    }

    /// Naive code reads the index, careful code the hot slice and the meta value; both parse all they read and show 30.
    fn page(&self, host: &SimHost) -> anyhow::Result<Page> {
        let keys: &[&str] = match self.care {
            Care::Naive => &["index"],
            Care::Conditional => &["hot", "meta"],
        };
        host.kv.reset_counts();
        let mut parsed = 0;
        for key in keys {
            let stored = block_on(host.kv.get(key))?;
            let value = stored.map(|stored| stored.value).unwrap_or_default();
            serde_json::from_slice::<Value>(&value)?;
            parsed += value.len() as u64;
        }
        let counts = host.kv.counts();
        Ok(Page {
            reads: counts.reads,
            bytes: counts.bytes_read,
            parsed_bytes: parsed,
        })
    }
}
