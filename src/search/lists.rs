//! The lists of postings of a clause, and which documents of a few they hold.

use super::document::{NEXT, points};
use super::postings::{END, Postings};

/// All lists of one word: one, or two where it was cut, or, of a beginning, those of all words that begin so.
#[derive(Debug, Clone, Default)]
pub(super) struct Union<'v> {
    /// With whether the term is the whole word that was asked for.
    pub(super) lists: Vec<(Postings<'v>, bool)>,
}

impl<'v> Union<'v> {
    pub(super) fn push(&mut self, list: Postings<'v>, whole: bool) {
        if list.document() != END {
            self.lists.push((list, whole));
        }
    }

    /// Documents, those that are in several lists more than once.
    pub(super) fn count(&self) -> u64 {
        let counts = self.lists.iter().map(|(list, _)| list.count());
        counts.fold(0, u64::saturating_add)
    }

    /// What it comes to at most.
    pub(super) fn bound(&self) -> u32 {
        let best = self.lists.iter();
        let best = best.map(|(list, whole)| points(list.best(), *whole));
        u32::from(best.max().unwrap_or(0))
    }

    /// The first document that is not below `from`.
    pub(super) fn next(&mut self, from: u32) -> u32 {
        let mut next = END;
        for (list, _) in &mut self.lists {
            list.seek(from);
            next = next.min(list.document());
        }
        next
    }

    /// All documents from `from` to `to`, which [`Self::next`] has gone to, and what each comes to.
    pub(super) fn fill(
        &mut self,
        from: u32,
        to: u32,
        documents: &mut Vec<u32>,
        best: &mut Vec<u8>,
    ) {
        documents.clear();
        best.clear();
        if let [(list, whole)] = self.lists.as_mut_slice() {
            while list.document() < to {
                documents.push(list.document());
                best.push(points(list.field(), *whole));
                list.advance();
            }
            return;
        }
        let mut all = vec![0; (to - from) as usize];
        for (list, whole) in &mut self.lists {
            while list.document() < to {
                if let Some(best) = all.get_mut((list.document() - from) as usize) {
                    *best = points(list.field(), *whole).max(*best);
                }
                list.advance();
            }
        }
        for (document, points) in (from..to).zip(all) {
            if points > 0 {
                documents.push(document);
                best.push(points);
            }
        }
    }

    /// What each of `documents` comes to, in `best`: 0 where it is in no list.
    pub(super) fn look_up(&mut self, documents: &[u32], best: &mut [u8]) {
        for (list, whole) in &mut self.lists {
            each_of(list, documents, |index, list| {
                if let Some(best) = best.get_mut(index) {
                    *best = points(list.field(), *whole).max(*best);
                }
            });
        }
    }
}

/// What the phrase of `words` comes to in each of `documents`, in `best`: 0 where it is in none.
pub(super) fn look_up_phrase(words: &mut [Union<'_>], documents: &[u32], best: &mut [u8]) {
    let Some((last, before)) = words.split_last_mut() else {
        return;
    };
    // Where the next word has to stand: the document's index and the place.
    let mut expected: Option<Vec<u64>> = None;
    let mut places = Vec::new();
    for word in before {
        let mut next = Vec::new();
        for (list, _) in &mut word.lists {
            let mut at = 0;
            each_of(list, documents, |index, list| {
                list.places(&mut places);
                let after = places.iter().map(|place| place.saturating_add(NEXT));
                match &expected {
                    None => next.extend(after.map(|place| pair(index, place))),
                    Some(expected) => {
                        let held = places.iter().zip(after);
                        let held =
                            held.filter(|(place, _)| is_among(expected, &mut at, index, **place));
                        next.extend(held.map(|(_, after)| pair(index, after)));
                    }
                }
            });
        }
        if next.is_empty() {
            return;
        }
        expected = Some(next);
    }
    let expected = expected.unwrap_or_default();
    for (list, whole) in &mut last.lists {
        let mut at = 0;
        each_of(list, documents, |index, list| {
            list.places(&mut places);
            let here = places.iter();
            let here = here.filter(|place| is_among(&expected, &mut at, index, **place));
            if let (Some(points), Some(best)) = (
                here.map(|place| points(*place, *whole)).max(),
                best.get_mut(index),
            ) {
                *best = points.max(*best);
            }
        });
    }
}

fn pair(index: usize, place: u32) -> u64 {
    (index as u64) << 32 | u64::from(place)
}

/// Whether `expected`, which rises, has this pair. What is asked rises too: `at` is where the last one was looked for.
fn is_among(expected: &[u64], at: &mut usize, index: usize, place: u32) -> bool {
    let wanted = pair(index, place);
    *at = first_from(expected, *at, &wanted);
    expected.get(*at) == Some(&wanted)
}

/// Calls `each` with the index of all of `documents`, which rise, that `list` has, while the list stands there.
fn each_of(list: &mut Postings<'_>, documents: &[u32], mut each: impl FnMut(usize, &Postings<'_>)) {
    let mut index = 0;
    while let Some(document) = documents.get(index) {
        list.seek(*document);
        if list.document() == *document {
            each(index, list);
            index += 1;
        } else if list.document() == END {
            return;
        } else {
            index = first_from(documents, index + 1, &list.document());
        }
    }
}

/// The index of the first of `all`, from `from` on, that is not below `wanted`: near `from`, mostly.
fn first_from<T: Ord>(all: &[T], from: usize, wanted: &T) -> usize {
    let (mut low, mut step) = (from, 1);
    while all.get(low + step - 1).is_some_and(|one| one < wanted) {
        low += step;
        step *= 2;
    }
    let ahead = all
        .get(low..(low + step).min(all.len()))
        .unwrap_or_default();
    low + ahead.partition_point(|one| one < wanted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_is_found(all in proptest::collection::btree_set(0..200_u32, 0..60), from in 0..70_usize, wanted in 0..210_u32) {
            let all: Vec<u32> = all.into_iter().collect();
            let want = (from..all.len()).find(|at| all[*at] >= wanted).unwrap_or(all.len().max(from));
            prop_assert_eq!(first_from(&all, from, &wanted), want);
        }
    }
}
