//! What only the refresh needs, and a copy of what the head lists. Losing it costs a re-fetch and a few reads, never an item.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::memory::Memory;
use crate::alert::Record;
use crate::fetch::Validators;
use crate::slice::{Corrupt, Head, Kind, Ledger, Lineage, Position, Usage, Value, Writer};
use crate::time::Timestamp;

/// The sections after it are those of the memory.
const CONTROL: u16 = 1;
const BACKUP: u16 = 16;

/// What is remembered of one source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourceState {
    /// Of a document whose items are published, in a head that says `basis` of this source. They count for no other.
    #[serde(default)]
    pub validators: Validators,
    /// See [`crate::slice::Check::basis`].
    #[serde(default)]
    pub basis: u64,
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
    /// Entries without a date that its next document has and nobody knows are taken for known, once: the memory of some may
    /// have been given up while it listed them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopts_undated: bool,
    /// The newest purge that was heeded for it: see [`crate::cache`].
    #[serde(default)]
    pub purged: u64,
}

impl SourceState {
    /// Whether nothing is missed with `other` in its place: the times of checks are found out again.
    fn lasts_as(&self, other: &Self) -> bool {
        let timeless = |state: &Self| Self {
            checked: None,
            due: None,
            ..state.clone()
        };
        timeless(self) == timeless(other)
    }
}

/// The search for values that nothing names: where it goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sweep {
    /// Of the last look.
    pub(crate) at: Timestamp,
    /// Directories are looked through. With neither this nor `runs`, segments.
    pub(crate) directories: bool,
    /// Values of the search index are looked through.
    #[serde(default)]
    pub(crate) runs: bool,
    /// The store's own, within the listing.
    pub(crate) cursor: Option<String>,
}

/// The stored state.
///
/// Where a run seals, its state is stored before its head, and says what that head is going to do: `lineage.mark` names
/// it, and until a head with this mark is visible [`State::undo`] gives what is true.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// When it was stored last.
    pub saved_at: Timestamp,
    /// Store writes of that day.
    pub ledger: Ledger,
    /// Reads and requests of that day, as far as known.
    pub usage: Usage,
    /// By source id.
    pub sources: BTreeMap<String, SourceState>,
    /// The run that stored it left due sources to the next one.
    pub goes_on: bool,
    /// When a run last found nothing due, to the day: whoever calls does not know what is due.
    pub called_early: Option<Timestamp>,
    /// Keys that no head names any more, with the time since when: deleted when no reader can have such a head.
    pub garbage: BTreeMap<String, Timestamp>,
    pub(crate) sweep: Sweep,
    /// Incidents, and whom they were told; true whichever head is visible.
    pub(crate) alerts: Record,
    /// Which heads it goes with.
    pub lineage: Lineage,
    /// What becomes garbage with the head of `lineage.mark`.
    pub(crate) discarding: Vec<String>,
    /// Claims of generations up to this are in `garbage`, or were.
    pub(crate) claims_upto: u64,
    /// What was sealed before the head of `lineage.mark`.
    pub(crate) sealed_before: Option<Position>,
    /// Everything sealed up to here is in `memory`, or given up.
    pub(crate) sealed_upto: Option<Position>,
    pub(crate) memory: Memory,
    /// The head of `lineage.mark` without its items ([`Head::backup`]); empty where there is none, or no room for it.
    pub(crate) backup: Bytes,
}

#[derive(Serialize, Deserialize)]
struct Control {
    saved_at: i64,
    ledger: Ledger,
    #[serde(default)]
    usage: Usage,
    sealed_upto: Option<String>,
    #[serde(default)]
    goes_on: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    called_early: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    garbage: BTreeMap<String, Timestamp>,
    #[serde(default)]
    sweep: Sweep,
    #[serde(default, skip_serializing_if = "Record::is_empty")]
    alerts: Record,
    #[serde(default)]
    lineage: Lineage,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    discarding: Vec<String>,
    #[serde(default)]
    claims_upto: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed_before: Option<String>,
    sources: BTreeMap<String, SourceState>,
}

impl State {
    /// Reads a stored state.
    ///
    /// # Errors
    /// Where `value` is none of this format, or its hash does not fit.
    pub fn open(value: Bytes) -> Result<Self, Corrupt> {
        let value = Value::open(value, Kind::State)?;
        let control: Control = serde_json::from_slice(value.piece(CONTROL, 0))
            .map_err(|_| Corrupt("unreadable state"))?;
        Ok(Self {
            saved_at: Timestamp(control.saved_at),
            ledger: control.ledger,
            usage: control.usage,
            sources: control.sources,
            goes_on: control.goes_on,
            called_early: control.called_early,
            garbage: control.garbage,
            sweep: control.sweep,
            alerts: control.alerts,
            lineage: control.lineage,
            discarding: control.discarding,
            claims_upto: control.claims_upto,
            sealed_before: position(control.sealed_before.as_deref()),
            sealed_upto: position(control.sealed_upto.as_deref()),
            backup: value.range(BACKUP, 0, 1),
            memory: Memory::open(value)?,
        })
    }

    /// The stored value.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let control = Control {
            saved_at: self.saved_at.0,
            ledger: self.ledger,
            usage: self.usage,
            sealed_upto: self.sealed_upto.map(|position| position.to_string()),
            goes_on: self.goes_on,
            called_early: self.called_early,
            garbage: self.garbage.clone(),
            sweep: self.sweep.clone(),
            alerts: self.alerts.clone(),
            lineage: self.lineage,
            discarding: self.discarding.clone(),
            claims_upto: self.claims_upto,
            sealed_before: self.sealed_before.map(|position| position.to_string()),
            sources: self.sources.clone(),
        };
        let mut writer = Writer::default();
        writer.section(
            CONTROL,
            vec![serde_json::to_vec(&control).unwrap_or_default()],
        );
        self.memory.write(&mut writer);
        if !self.backup.is_empty() {
            writer.section(BACKUP, vec![self.backup.to_vec()]);
        }
        writer.finish(Kind::State, None)
    }

    /// Makes it the state that is stored before `head` on top of `before`, which no longer names `discarding`.
    pub(crate) fn precede(
        &mut self,
        head: &Head,
        before: Lineage,
        sealed_before: Option<Position>,
        discarding: Vec<String>,
    ) {
        self.discarding = discarding;
        self.sealed_before = sealed_before;
        self.lineage = Lineage {
            mark: 0,
            parent: before.mark,
        };
        // 0 stands for "none yet".
        self.lineage.mark = xxh3_64(&self.encode()).max(1);
        if !self.backup.is_empty() {
            self.backup = head.backup(self.lineage);
        }
    }

    /// The head that it was stored for is visible.
    pub(crate) fn land(&mut self) {
        for key in std::mem::take(&mut self.discarding) {
            self.garbage.entry(key).or_insert(self.saved_at);
        }
        self.memory.settle();
    }

    /// The head that it was stored for is not visible. Validators are told by their basis; what else a lost run has found
    /// out of its sources stays, but they are asked as if it had not asked them.
    pub(crate) fn undo(&mut self) {
        self.backup = Bytes::new();
        self.discarding.clear();
        self.memory.undo(self.sealed_before);
        self.sealed_upto = self.sealed_before;
        for source in self.sources.values_mut() {
            source.checked = None;
            if source.failures == 0 {
                source.due = None;
            }
        }
    }

    /// It belongs to another history than what is visible: nothing that it says of sealed items counts.
    pub(crate) fn forget(&mut self) {
        let sources = std::mem::take(&mut self.sources);
        let alerts = std::mem::take(&mut self.alerts);
        *self = Self {
            saved_at: self.saved_at,
            ledger: self.ledger,
            claims_upto: self.claims_upto,
            sources,
            alerts,
            ..Self::default()
        };
    }

    /// Forgets sealed items beyond `max`. Entries of their sources that can't be told from them are taken for known from
    /// here on.
    pub(crate) fn trim(&mut self, max: usize, now: Timestamp) {
        for (source, given_up) in self.memory.trim(max, now) {
            if let Some(known) = self.sources.get_mut(&source) {
                known.give_up(given_up);
            }
        }
    }

    /// Whether something would be missed if `self` were not stored in the place of `stored`, which it was made from.
    #[must_use]
    pub fn differs(&self, stored: &Self) -> bool {
        let same = |(one, other): ((&String, &SourceState), (&String, &SourceState))| {
            one.0 == other.0 && one.1.lasts_as(other.1)
        };
        self.memory.is_changed()
            || self.goes_on != stored.goes_on
            || self.sealed_upto != stored.sealed_upto
            || self.garbage != stored.garbage
            || self.sources.len() != stored.sources.len()
            || !self.sources.iter().zip(&stored.sources).all(same)
    }
}

fn position(id: Option<&str>) -> Option<Position> {
    id.and_then(Position::from_id)
}
