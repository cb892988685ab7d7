//! Full-text search over everything published.
//!
//! What is sealed is indexed in *runs*, which the head names as it names segments: one swap makes an index visible together
//! with the items that it is of, and no reader sees one without the other. What no run has yet (the head's own items, and
//! what was sealed last) is looked through when somebody asks, so that results are right while runs are written and merged,
//! and without any. `docs/search.md` has the query language, the order and what it costs.
//!
//! Results are ordered by a number that depends on the item and the query alone, not on what else is stored or how it is
//! indexed: so a cursor stays valid, whatever is published meanwhile.

mod clauses;
mod cursor;
mod document;
mod find;
mod letters;
mod lists;
mod locate;
mod matching;
mod merge;
mod parse;
mod postings;
mod prepared;
mod query;
mod records;
mod run;
mod scan;
mod shard;
mod times;
mod values;
mod varint;
mod words;
mod write;

pub use cursor::SearchCursor;
pub use document::Hit;
pub use find::{Found, READS_MAX, find, find_in_the_rest};
pub use matching::TOTAL_MAX;
pub use parse::{CLAUSES_MAX, PREFIX_CHARS_MIN, QUERY_CHARS_MAX, QUERY_WORDS_MAX, QueryError};
pub use query::Query;
pub use run::{Index, Run, TermShard};

pub(crate) use document::Document;
pub(crate) use locate::{check_run_value, locate};
pub(crate) use merge::{Opened, index, merge};
pub(crate) use scan::SEGMENTS_MAX as SCAN_SEGMENTS_MAX;
pub(crate) use write::Made;

/// Documents of one run, at most: more are several runs.
pub const RUN_DOCUMENTS_MAX: usize = 30_000;

/// What a point is worth, in milliseconds: an item that has the words in its title (8 points) comes before one that has them
/// in its summary (2 points) and is up to 30 days newer.
const POINT_MS: i64 = 5 * 24 * 60 * 60 * 1000;

/// What results are ordered by, the greatest first: when the item was published, and `points` as time on top, as the mean of
/// the `scoring` words and phrases of the query.
fn key(rank: i64, points: u32, scoring: u32) -> i64 {
    let points = i64::from(points) * POINT_MS;
    rank.saturating_add(points / i64::from(scoring.max(1)))
}

/// What somebody wrote, shortened, for a message.
fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 40;
    let control = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().take(CHARS_MAX).map(control).collect()
}
