//! What an instance keeps from one request for the next: opened heads, and answers made of nothing but a head.
//!
//! The store is asked all the same. What is kept belongs to the bytes that it has answered with, and is used where it answers
//! with those again: the same memory, not only the same hash. So nothing gets older by it, and no answer can be another
//! site's. Hosts that hand out new memory for each read, and those that give every request an instance of its own, gain
//! and lose nothing.

use std::cell::RefCell;

use bytes::Bytes;

use super::reply::Reply;
use crate::slice::{Corrupt, Head};

/// Heads that are kept: of one site, and of some more where a deployment has many.
const HEADS_MAX: usize = 4;
/// Answers that are kept.
const ANSWERS_MAX: usize = 8;
/// An answer with more bytes is made anew each time.
const ANSWER_BYTES_MAX: usize = 128 * 1024;

thread_local! {
    static KEPT: RefCell<Kept> = const { RefCell::new(Kept { heads: Vec::new(), answers: Vec::new() }) };
}

struct Kept {
    /// The newest last.
    heads: Vec<Head>,
    /// The newest last.
    answers: Vec<Answer>,
}

struct Answer {
    head: Head,
    /// All else that it depends on.
    basis: String,
    reply: Reply,
}

/// [`Head::open`], once for one value.
///
/// # Errors
/// Where `value` is no head of this format.
pub(super) fn open(value: Bytes) -> Result<Head, Corrupt> {
    KEPT.with_borrow_mut(|kept| {
        if let Some(head) = kept.heads.iter().find(|head| head.is_of(&value)) {
            return Ok(head.clone());
        }
        let head = Head::open(value)?;
        push(&mut kept.heads, head.clone(), HEADS_MAX);
        Ok(head)
    })
}

/// The answer that [`keep`] was given for the same head and `basis`.
pub(super) fn answer(head: &Head, basis: &str) -> Option<Reply> {
    KEPT.with_borrow(|kept| {
        let mut answers = kept.answers.iter();
        let found = answers.find(|one| one.basis == basis && one.head.is(head));
        found.map(|one| one.reply.clone())
    })
}

/// Keeps `reply`, and returns it. It must depend on nothing but `head` and `basis`.
pub(super) fn keep(head: &Head, basis: String, mut reply: Reply) -> Reply {
    let bytes: usize = reply.chunks.iter().map(Bytes::len).sum();
    if bytes <= ANSWER_BYTES_MAX {
        reply.kept = true;
        let answer = Answer {
            head: head.clone(),
            basis,
            reply: reply.clone(),
        };
        KEPT.with_borrow_mut(|kept| push(&mut kept.answers, answer, ANSWERS_MAX));
    }
    reply
}

fn push<T>(kept: &mut Vec<T>, one: T, most: usize) {
    if kept.len() == most {
        kept.remove(0);
    }
    kept.push(one);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;

    use super::{ANSWERS_MAX, answer, keep, open};
    use crate::serve::reply::{JSON, Reply};
    use crate::slice::{Head, HeadParts};

    fn head() -> Head {
        open(HeadParts::default().encode()).unwrap()
    }

    fn reply(text: &'static str) -> Reply {
        Reply::new(
            StatusCode::OK,
            JSON,
            vec![Bytes::from_static(text.as_bytes())],
        )
    }

    #[test]
    fn an_answer_is_of_its_head_and_basis_only() {
        // Equal in every byte, and not the same value: two sites may look alike.
        let (one, other) = (head(), head());
        keep(&one, "a".to_owned(), reply("1"));
        assert_eq!(answer(&one, "a").unwrap().chunks, ["1"]);
        assert!(answer(&one, "b").is_none());
        assert!(answer(&other, "a").is_none());
        for index in 0..ANSWERS_MAX {
            keep(&other, index.to_string(), reply("2"));
        }
        assert!(answer(&one, "a").is_none());
        assert!(answer(&other, "0").is_some());
    }

    #[test]
    fn the_same_value_is_opened_once() {
        let value = HeadParts::default().encode();
        let (one, again) = (open(value.clone()).unwrap(), open(value.clone()).unwrap());
        assert!(one.is(&again));
        assert!(!one.is(&open(Bytes::copy_from_slice(&value)).unwrap()));
        assert!(open(Bytes::from_static(b"no head")).is_err());
    }
}
