//! What is searched for: clauses that must all hold of an item, and the times that it is from.

use super::document::Label;
use crate::fold::ALL;
use crate::time::Timestamp;

/// A query, read. All of it must hold of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    pub(crate) clauses: Vec<Clause>,
    /// Published at this time or later.
    pub(crate) after: Option<Timestamp>,
    /// Published earlier than this.
    pub(crate) before: Option<Timestamp>,
    /// Points are not asked for.
    pub(crate) newest_first: bool,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clause {
    /// It must not hold.
    pub(crate) negated: bool,
    pub(crate) what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// These words one after another; of the last one perhaps only the beginning.
    Words { words: Vec<String>, prefix: bool },
    /// A source, view or tag.
    Label { label: Label, id: String },
}

impl Query {
    /// Only items of this view and source, as `category=` and `source=` ask.
    #[must_use]
    pub fn within(mut self, category: Option<&str>, source: Option<&str>) -> Self {
        let category = category.filter(|id| *id != ALL);
        for (label, id) in [(Label::View, category), (Label::Source, source)] {
            if let Some(id) = id {
                let what = What::Label {
                    label,
                    id: id.to_owned(),
                };
                self.clauses.push(Clause {
                    negated: false,
                    what,
                });
            }
        }
        self
    }

    /// Views and sources that it names, as `(parameter, id)`: for whoever knows which there are.
    pub fn selections(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.clauses.iter().filter_map(|clause| match &clause.what {
            What::Label {
                label: Label::View,
                id,
            } => Some(("category", id.as_str())),
            What::Label {
                label: Label::Source,
                id,
            } => Some(("source", id.as_str())),
            _ => None,
        })
    }

    /// In the order of lists, whatever the words come to.
    #[must_use]
    pub fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self
    }

    /// Whether a clause adds to an item's points.
    pub(crate) fn scores(&self, clause: &Clause) -> bool {
        !self.newest_first && !clause.negated && matches!(clause.what, What::Words { .. })
    }

    /// How many clauses add to an item's points.
    pub(crate) fn scoring(&self) -> u32 {
        let scoring = self.clauses.iter().filter(|clause| self.scores(clause));
        u32::try_from(scoring.count()).unwrap_or(u32::MAX)
    }

    /// Whether it asks for times.
    pub(crate) fn has_times(&self) -> bool {
        self.after.is_some() || self.before.is_some()
    }

    /// Whether an item published at `at` is within the times asked for.
    pub(crate) fn at(&self, at: Timestamp) -> bool {
        self.after.is_none_or(|after| at >= after) && self.before.is_none_or(|before| at < before)
    }
}
