//! Items whose words are at hand: of the head, and of the segments that were sealed last.
//!
//! Every search looks through them, and to find the words of an item takes more than to compare them. So an instance keeps the words of the
//! values that it looked through last. They are a function of the value, and used where the store answers with that one again: the same
//! memory, as in `serve::kept`.

use std::cell::RefCell;
use std::rc::Rc;

use super::SCAN_SEGMENTS_MAX;
use super::document::{Words, folded_tags};
use crate::slice::Items;
use crate::syndicate::Entry;
use crate::time::Timestamp;

/// Values whose words are kept: a head, what was sealed last, and those of another site or two.
const VALUES_MAX: usize = 6;

/// What of an item a search compares.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) words: Words,
    pub(super) tags: Vec<String>,
    pub(super) published: Timestamp,
}

struct Kept {
    items: Items,
    /// Of the first ones; `None` is one that can't be read.
    prepared: Rc<Vec<Option<Prepared>>>,
}

thread_local! {
    /// The newest last.
    static KEPT: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

/// The first `count` of `items`, or more.
pub(super) fn prepared(items: &Items, count: usize) -> Rc<Vec<Option<Prepared>>> {
    KEPT.with_borrow_mut(|kept| {
        let known = kept.iter().position(|kept| kept.items.is(items));
        if let Some(at) = known {
            let known = kept.remove(at);
            let enough = known.prepared.len() >= count;
            let all = Rc::clone(&known.prepared);
            if enough {
                kept.push(known);
                return all;
            }
        }
        let all: Rc<Vec<_>> = Rc::new((0..count).map(|index| prepare(items, index)).collect());
        if kept.len() == VALUES_MAX {
            kept.remove(0);
        }
        kept.push(Kept {
            items: items.clone(),
            prepared: Rc::clone(&all),
        });
        all
    })
}

fn prepare(items: &Items, index: usize) -> Option<Prepared> {
    let json = items.json(index, index + 1);
    let entry = Entry::read(&json).ok()?;
    let tags: Vec<&str> = entry.tags.iter().map(AsRef::as_ref).collect();
    Some(Prepared {
        words: Words::of(
            &entry.title,
            &tags,
            entry.author.as_deref().unwrap_or_default(),
            &entry.summary,
        ),
        tags: folded_tags(&tags),
        published: entry.published,
    })
}

// The head and what a search looks through besides: the next one finds all of it again.
const _: () = assert!(SCAN_SEGMENTS_MAX < VALUES_MAX);
