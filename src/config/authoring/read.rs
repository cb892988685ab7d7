//! Reads a TOML table against the table of keys: unknown keys, wrong types, and what [`value`](super::value) refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml_edit::{Item, TableLike};

use super::keys::{Default, Key, Kind, Table};
use super::mistake::Mistake;
use super::nearest::nearest;
use super::value::{self, Checked};

/// Collects the mistakes of one file.
pub(super) struct Checker<'t> {
    text: &'t str,
    pub(super) mistakes: Vec<Mistake>,
    /// Lines could not be read, so that nothing can be said to be missing.
    pub(super) lines_lost: bool,
}

impl<'t> Checker<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            mistakes: Vec::new(),
            lines_lost: false,
        }
    }

    /// Notes a mistake, to which the caller may add what is allowed.
    pub(super) fn say(
        &mut self,
        at: &Range<usize>,
        key: &str,
        message: impl Into<String>,
    ) -> &mut Mistake {
        let mistake = Mistake::new(self.text, at, key, message.into());
        self.mistakes.push(mistake);
        let last = self.mistakes.len() - 1;
        &mut self.mistakes[last]
    }

    /// The line of a place, for messages that point to another one.
    pub(super) fn line(&self, at: &Range<usize>) -> usize {
        Mistake::new(self.text, at, "", String::new()).line
    }

    /// Reads `found` as the table `known`. `at` is where the table is named.
    pub(super) fn table(
        &mut self,
        found: &dyn TableLike,
        at: Range<usize>,
        known: &'static Table,
    ) -> Fields {
        let mut fields = Fields {
            table: known,
            at,
            values: BTreeMap::new(),
            flawed: BTreeSet::new(),
        };
        for (name, item) in found.iter() {
            let name_at = found
                .key(name)
                .and_then(toml_edit::Key::span)
                .or_else(|| item.span())
                .unwrap_or_else(|| fields.at.clone());
            match known.key(name) {
                None => self.unknown_key(&name_at, known, name),
                Some(key) => match self.item(item, &name_at, known, key) {
                    Some(checked) => {
                        let at = item.span().unwrap_or(name_at);
                        fields.values.insert(key.name, (at, checked));
                    }
                    None => {
                        fields.flawed.insert(key.name);
                    }
                },
            }
        }
        self.missing_keys(&fields);
        fields
    }

    fn missing_keys(&mut self, fields: &Fields) {
        if self.lines_lost {
            return;
        }
        for key in fields.table.keys {
            // The sources of tenants are in their own files.
            let elsewhere = key.name == "source" && fields.is_written("tenant");
            let present = elsewhere
                || fields.values.contains_key(key.name)
                || fields.flawed.contains(key.name);
            if present || !matches!(key.default, Default::Required) {
                continue;
            }
            let path = path(fields.table, key.name);
            let message = match key.kind {
                Kind::Tables(..) => {
                    format!("there is no `[[{}]]`: a site needs at least one", key.name)
                }
                _ => format!("`{}` is missing", key.name),
            };
            let allowed = value::allowed(key);
            let mistake = self.say(&fields.at, &path, message);
            mistake.allowed = Some(allowed);
        }
    }

    fn unknown_key(&mut self, at: &Range<usize>, table: &'static Table, name: &str) {
        let place = match table.path {
            "" => "the file".to_owned(),
            path => format!("`{path}`"),
        };
        let shown: String = name.chars().take(60).collect();
        let names = table.keys.iter().map(|key| key.name);
        let near = nearest(name, names.clone()).map(str::to_owned);
        let allowed = names
            .map(|n| format!("`{n}`"))
            .collect::<Vec<_>>()
            .join(", ");
        let mistake = self.say(
            at,
            &path(table, &shown),
            format!("{place} has no key `{}`", shown.escape_debug()),
        );
        mistake.nearest = near;
        mistake.allowed = Some(allowed);
    }

    /// Reads one value, or notes why it can't be read.
    fn item(
        &mut self,
        item: &Item,
        name_at: &Range<usize>,
        table: &'static Table,
        key: &'static Key,
    ) -> Option<Checked> {
        let at = item.span().unwrap_or_else(|| name_at.clone());
        match key.kind {
            Kind::Table(inner) => {
                if let Some(found) = item.as_table_like() {
                    return Some(Checked::Table(self.table(found, at, inner)));
                }
                self.wrong_type(&at, table, key, item)
            }
            Kind::Tables(inner, most) => self.tables(item, &at, table, key, inner, most),
            _ => value::check(self, item, &at, &path(table, key.name), key),
        }
    }

    fn tables(
        &mut self,
        item: &Item,
        at: &Range<usize>,
        table: &'static Table,
        key: &'static Key,
        inner: &'static Table,
        most: usize,
    ) -> Option<Checked> {
        let mut all = Vec::new();
        if let Some(found) = item.as_array_of_tables() {
            for one in found {
                let at = one.span().unwrap_or_else(|| at.clone());
                all.push(self.table(one, at, inner));
            }
        } else if let Some(found) = item
            .as_array()
            .filter(|a| a.iter().all(toml_edit::Value::is_inline_table))
        {
            for one in found.iter().filter_map(toml_edit::Value::as_inline_table) {
                let at = one.span().unwrap_or_else(|| at.clone());
                all.push(self.table(one, at, inner));
            }
        } else {
            let path = path(table, key.name);
            let mistake = self.say(
                at,
                &path,
                format!(
                    "`{}` is {}, not a list of tables",
                    key.name,
                    value::type_of(item)
                ),
            );
            mistake.allowed = Some(value::allowed(key));
            return None;
        }
        if all.len() > most {
            let at = all[most].at.clone();
            let message = format!("{} are too many", all.len());
            let path = path(table, key.name);
            self.say(&at, &path, message).allowed = Some(value::allowed(key));
        }
        Some(Checked::Tables(all))
    }

    fn wrong_type(
        &mut self,
        at: &Range<usize>,
        table: &'static Table,
        key: &'static Key,
        item: &Item,
    ) -> Option<Checked> {
        let path = path(table, key.name);
        let message = format!("`{}` is {}", key.name, value::type_of(item));
        self.say(at, &path, message).allowed = Some(value::allowed(key));
        None
    }
}

/// A key with its tables, as mistakes show it.
pub(super) fn path(table: &Table, name: &str) -> String {
    match table.path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

/// A table as read: every value in it has passed its own check.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) table: &'static Table,
    /// Where the table is named.
    pub(super) at: Range<usize>,
    values: BTreeMap<&'static str, (Range<usize>, Checked)>,
    flawed: BTreeSet<&'static str>,
}

impl Fields {
    /// A table that is not in the file: all defaults.
    pub(super) fn absent(table: &'static Table) -> Self {
        Self {
            table,
            at: 0..0,
            values: BTreeMap::new(),
            flawed: BTreeSet::new(),
        }
    }

    /// Whether `name` is written, rightly or wrongly.
    pub(super) fn is_written(&self, name: &str) -> bool {
        self.values.contains_key(name) || self.flawed.contains(name)
    }

    /// Whether `name` is written rightly.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Where the value of `name` is, or else its table.
    pub(super) fn place(&self, name: &str) -> Range<usize> {
        self.values
            .get(name)
            .map_or_else(|| self.at.clone(), |(at, _)| at.clone())
    }

    /// The text of `name`: written, or its default.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        if self.flawed.contains(name) {
            return None;
        }
        match (self.values.get(name), self.table.key(name)?.default) {
            (Some((_, Checked::Text(text))), _) => Some(text.clone()),
            (None, Default::Text(text)) => Some(text.to_owned()),
            _ => None,
        }
    }

    /// The number of `name` (seconds for a duration, bytes for a size): written, or its default.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        match self.values.get(name) {
            Some((_, Checked::Number(number))) => Some(*number),
            None if !self.flawed.contains(name) => value::default_number(self.table.key(name)?),
            _ => None,
        }
    }

    /// The entries of a list with their places; empty where it is not written.
    pub(super) fn words(&self, name: &str) -> &[(Range<usize>, String)] {
        match self.values.get(name) {
            Some((_, Checked::Words(words))) => words,
            _ => &[],
        }
    }

    /// As [`Fields::words`], without the places.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.words(name).iter().map(|(_, w)| w.clone()).collect()
    }

    /// The headers of a source.
    pub(super) fn headers(&self, name: &str) -> BTreeMap<String, crate::config::HeaderText> {
        match self.values.get(name) {
            Some((_, Checked::Headers(headers))) => headers.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// A table in this one, where it is written.
    pub(super) fn inner(&self, name: &str) -> Option<&Self> {
        match self.values.get(name) {
            Some((_, Checked::Table(fields))) => Some(fields),
            _ => None,
        }
    }

    /// The tables of a list; empty where it is not written.
    pub(super) fn list(&self, name: &str) -> &[Self] {
        match self.values.get(name) {
            Some((_, Checked::Tables(tables))) => tables,
            _ => &[],
        }
    }
}
