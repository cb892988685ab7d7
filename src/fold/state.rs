//! What only the refresh needs. Losing it costs a re-fetch and a few reads, never an item.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::memory::{KNOWN_BYTES, Known, Memory};
use crate::fetch::Validators;
use crate::slice::{Corrupt, Kind, Ledger, Position, Value, Writer};
use crate::time::Timestamp;

const CONTROL: u16 = 1;
const KNOWN_SOURCES: u16 = 2;
const KNOWN: u16 = 3;

/// What is remembered of one source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourceState {
    /// Of the document whose items are published.
    #[serde(default)]
    pub validators: Validators,
    /// When it was asked last.
    #[serde(default)]
    pub checked: Option<Timestamp>,
    /// When it is to be asked next.
    #[serde(default)]
    pub due: Option<Timestamp>,
    /// Failures in a row.
    #[serde(default)]
    pub failures: u32,
    /// Stable word of the last failure.
    #[serde(default)]
    pub error_kind: Option<String>,
    /// Since when it fails.
    #[serde(default)]
    pub failing_since: Option<Timestamp>,
    /// Hash of its configuration: when that changes, it is asked afresh.
    #[serde(default)]
    pub digest: u64,
    /// Entries dated up to this (milliseconds since 1970) are taken for known: their memory was given up.
    #[serde(default)]
    pub forgotten_upto: Option<i64>,
}

/// The stored state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// When it was stored last.
    pub saved_at: Timestamp,
    /// Store writes of that day.
    pub ledger: Ledger,
    /// By source id.
    pub sources: BTreeMap<String, SourceState>,
    /// The run that stored it left due sources to the next one.
    pub goes_on: bool,
    /// Keys that no head names any more, with the time since when: deleted when no reader can have such a head.
    pub garbage: BTreeMap<String, Timestamp>,
    /// Everything sealed up to here is in `memory`, or given up.
    pub(crate) sealed_upto: Option<Position>,
    pub(crate) memory: Memory,
}

#[derive(Serialize, Deserialize)]
struct Control {
    saved_at: i64,
    ledger: Ledger,
    sealed_upto: Option<String>,
    #[serde(default)]
    goes_on: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    garbage: BTreeMap<String, Timestamp>,
    sources: BTreeMap<String, SourceState>,
}

impl State {
    /// Reads a stored state.
    ///
    /// # Errors
    /// Where `value` is none of this format, or its hash does not fit.
    pub fn open(value: Bytes) -> Result<Self, Corrupt> {
        let value = Value::open(value, Kind::State)?;
        value.verify()?;
        let control: Control = serde_json::from_slice(value.piece(CONTROL, 0))
            .map_err(|_| Corrupt("unreadable state"))?;
        let mut memory = Memory::default();
        let (cells, _) = value.piece(KNOWN, 0).as_chunks::<KNOWN_BYTES>();
        for cell in cells {
            let (hash, known) = decode_known(cell, &value);
            memory.insert(hash, known);
        }
        Ok(Self {
            saved_at: Timestamp(control.saved_at),
            ledger: control.ledger,
            sources: control.sources,
            goes_on: control.goes_on,
            garbage: relative(control.garbage),
            sealed_upto: control.sealed_upto.as_deref().and_then(Position::from_id),
            memory,
        })
    }

    /// The stored value.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let control = Control {
            saved_at: self.saved_at.0,
            ledger: self.ledger,
            sealed_upto: self.sealed_upto.map(|position| position.to_string()),
            goes_on: self.goes_on,
            garbage: self.garbage.clone(),
            sources: self.sources.clone(),
        };
        let mut names: Vec<&str> = self
            .memory
            .iter()
            .map(|(_, known)| known.source.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        let mut known = Vec::with_capacity(self.memory.len() * KNOWN_BYTES);
        for (hash, item) in self.memory.iter() {
            let source = names
                .binary_search(&item.source.as_str())
                .ok()
                .and_then(|index| u16::try_from(index).ok());
            known.extend(hash.to_le_bytes());
            known.extend(item.rank.to_le_bytes());
            known.extend(item.address.to_le_bytes());
            known.extend(item.content.to_le_bytes());
            known.extend(source.unwrap_or(u16::MAX).to_le_bytes());
            known.push(u8::from(item.present));
        }
        let mut writer = Writer::default();
        writer.section(
            CONTROL,
            vec![serde_json::to_vec(&control).unwrap_or_default()],
        );
        writer.section(
            KNOWN_SOURCES,
            names.iter().map(|name| name.as_bytes().to_vec()).collect(),
        );
        writer.section(KNOWN, vec![known]);
        writer.finish(Kind::State, None)
    }

    /// Hash of what would be missed if it were not stored: not of check times, which a later run finds out again.
    #[must_use]
    pub fn essence(&self) -> u128 {
        let mut stable = self.clone();
        stable.saved_at = Timestamp(0);
        stable.ledger = Ledger::default();
        for source in stable.sources.values_mut() {
            source.checked = None;
            source.due = None;
        }
        for known in stable.memory.values_mut() {
            known.present = false;
        }
        xxh3_128(&stable.encode())
    }
}

/// States of early builds, which knew one tenant, have whole keys here.
fn relative(garbage: BTreeMap<String, Timestamp>) -> BTreeMap<String, Timestamp> {
    let relative = |(key, since): (String, Timestamp)| match key.strip_prefix("ef/1/main/") {
        Some(rest) => (rest.to_owned(), since),
        None => (key, since),
    };
    garbage.into_iter().map(relative).collect()
}

fn decode_known(cell: &[u8; KNOWN_BYTES], value: &Value) -> (u64, Known) {
    let number = |at: usize| {
        let bytes = cell.get(at..at + 8).and_then(|bytes| bytes.first_chunk());
        bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    };
    let source = u16::from_le_bytes([cell[32], cell[33]]);
    let known = Known {
        rank: number(8).cast_signed(),
        address: number(16),
        content: number(24),
        source: value.text(KNOWN_SOURCES, usize::from(source)).to_owned(),
        present: cell[34] == 1,
    };
    (number(0), known)
}
