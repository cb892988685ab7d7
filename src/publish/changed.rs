//! Which answers a publish changes, as the surrogate keys that name them.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::ordered::Inserted;
use crate::slice::{Head, Items, Position, Section};

/// The surrogate key that every answer of one site has.
pub(crate) const SITE: &str = "site";

/// The keys of answers whose content is another one after `new` is published over `old`, but for what stands around every
/// page and says how much there is elsewhere: that changes with each publish, and is as old as its lifetime allows.
///
/// `sealed` are the items that left the head and are in the sealed history now: no list changes by that. `amended` are the
/// keys of sealed items that were edited or withdrawn. Where the configuration is another one, everything is.
pub(crate) fn changed(
    old: &Head,
    new: &Head,
    sealed: &BTreeSet<Position>,
    amended: &BTreeSet<String>,
) -> BTreeSet<String> {
    if old.config_digest() != new.config_digest() {
        return BTreeSet::from([SITE.to_owned()]);
    }
    let mut keys = Keys {
        old,
        new,
        // It tells of every publish.
        all: BTreeSet::from(["status".to_owned()]),
    };
    keys.all.extend(amended.iter().cloned());
    keys.items(sealed);
    keys.totals();
    for (key, section) in [
        ("sources", Section::SourcesJson),
        ("views", Section::ViewsJson),
    ] {
        if old.section(section) != new.section(section) {
            keys.all.insert(key.to_owned());
        }
    }
    keys.all
}

struct Keys<'a> {
    old: &'a Head,
    new: &'a Head,
    all: BTreeSet<String>,
}

impl Keys<'_> {
    /// Goes through both heads' items, newest first.
    fn items(&mut self, sealed: &BTreeSet<Position>) {
        let (old, new) = (&self.old.items, &self.new.items);
        let (mut before, mut after) = (0, 0);
        while before < old.len() || after < new.len() {
            // Beyond the end there is the least position of all.
            let ended = (before == old.len()).cmp(&(after == new.len()));
            let order = ended.then(new.position(after).cmp(&old.position(before)));
            match order {
                Ordering::Equal => {
                    if differ(self.old, before, self.new, after) {
                        self.touch(Side::Old, before, true);
                        self.touch(Side::New, after, true);
                    }
                    before += 1;
                    after += 1;
                }
                // New: nobody has been answered with it.
                Ordering::Greater => {
                    self.touch(Side::New, after, false);
                    after += 1;
                }
                Ordering::Less => {
                    if !sealed.contains(&old.position(before)) {
                        self.touch(Side::Old, before, true);
                    }
                    before += 1;
                }
            }
        }
    }

    /// What is listed beyond the heads' own items shows in the numbers: retention, amended history.
    fn totals(&mut self) {
        for view in 0..u16::try_from(self.old.views_len()).unwrap_or(u16::MAX) {
            let id = self.old.view_id(view);
            let now = self.new.view(id).map(|view| self.new.view_items(view));
            if now != Some(self.old.view_items(view)) {
                self.all.insert(format!("view-{id}"));
            }
        }
        for id in self.old.sources() {
            let items = |head: &Head| head.source(&id).map(|of| head.view_source_items(0, of));
            if items(self.old) != items(self.new) {
                self.all.insert(format!("source-{id}"));
            }
        }
    }

    fn touch(&mut self, side: Side, index: usize, known: bool) {
        let head = match side {
            Side::Old => self.old,
            Side::New => self.new,
        };
        for view in 0..u16::try_from(head.views_len()).unwrap_or(u16::MAX) {
            if head.items.in_view(index, view) {
                self.all.insert(format!("view-{}", head.view_id(view)));
            }
        }
        let source = head.items.source_id(index);
        self.all.insert(format!("source-{source}"));
        if known {
            let item = head.items.position(index);
            self.all.insert(format!("item-{item}"));
        }
    }
}

#[derive(Clone, Copy)]
enum Side {
    Old,
    New,
}

fn differ(old: &Head, before: usize, new: &Head, after: usize) -> bool {
    let whole = |items: &Items, index: usize| {
        (
            items.json(index, index + 1),
            items.html(index, index + 1),
            items.source_id(index).to_owned(),
        )
    };
    let views = |head: &Head, index: usize| -> BTreeSet<String> {
        (0..u16::try_from(head.views_len()).unwrap_or(u16::MAX))
            .filter(|view| head.items.in_view(index, *view))
            .map(|view| head.view_id(view).to_owned())
            .inserted()
    };
    whole(&old.items, before) != whole(&new.items, after) || views(old, before) != views(new, after)
}
