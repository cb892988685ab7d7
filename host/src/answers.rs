//! Answers that are given again without asking the component.
//!
//! Which ones, and for how long, is for the component to say: in the field `edgefold-lasts` (`wit/world.wit`), which ends here. The store
//! is asked for the head each time, as the component would ask: what is given again is what it would answer, so a publish shows with the
//! next request, wherever it was made, as soon as this store shows it.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use edgefold::serve::{LASTING_FIELD_COUNT, LASTING_FIELDS, LASTS};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};

use crate::kv::DynKv;

/// An answer with more bytes is asked for each time.
pub(crate) const ANSWER_BYTES_MAX: u64 = 128 * 1024;
/// What an answer takes beside its body: fields, target and place. Estimated.
const ANSWER_BYTES_BESIDE: usize = 2 * 1024;

/// What requests have in common that are answered alike.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    method: Method,
    target: Uri,
    fields: [Option<HeaderValue>; LASTING_FIELD_COUNT],
}

impl Question {
    /// `None` where the answer is not given again: to what is no read, and to a request that says a field twice.
    pub(crate) fn of<B>(request: &Request<B>) -> Option<Self> {
        let (method, fields) = (request.method(), request.headers());
        let plain =
            (method == Method::GET || method == Method::HEAD) && fields.len() == fields.keys_len();
        plain.then(|| Self {
            method: method.clone(),
            target: request.uri().clone(),
            fields: LASTING_FIELDS
                .each_ref()
                .map(|name| fields.get(name).cloned()),
        })
    }
}

/// What the component has said of an answer.
#[derive(Debug)]
pub(crate) struct Lasts {
    until: Instant,
    /// The head, and the version that it must have.
    key: String,
    version: String,
}

impl Lasts {
    /// Takes the field out of `fields`, those of an answer to a request that was begun at `started`. `None` where there is none, or none
    /// that means anything.
    pub(crate) fn take(fields: &mut HeaderMap, started: Instant) -> Option<Self> {
        let said = fields.remove(LASTS)?;
        let mut words = said.to_str().ok()?.splitn(3, ' ');
        let lasts = Duration::from_millis(words.next()?.parse().ok()?);
        Some(Self {
            until: started.checked_add(lasts)?,
            key: words.next()?.to_owned(),
            version: words.next()?.to_owned(),
        })
    }
}

#[derive(Debug)]
struct Answer {
    question: Question,
    lasts: Lasts,
    status: StatusCode,
    fields: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn bytes(&self) -> usize {
        self.body.len() + ANSWER_BYTES_BESIDE
    }
}

/// The answers of one deployment.
#[derive(Debug)]
pub(crate) struct Answers {
    bytes_max: usize,
    seed: RandomState,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// By the hash of their questions; of two with one hash the newer is kept.
    answers: HashMap<u64, Arc<Answer>>,
    bytes: usize,
}

impl Answers {
    /// Keeps so many bytes; with 0 none.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            seed: RandomState::new(),
            kept: Mutex::default(),
        }
    }

    /// The question of `request`, where its answer may be kept.
    pub(crate) fn question<B>(&self, request: &Request<B>) -> Option<Question> {
        (self.bytes_max > 0).then(|| Question::of(request))?
    }

    /// The answer to `question`, where the component would give the same one now. Without a request id.
    pub(crate) async fn again(
        &self,
        question: &Question,
        kv: &dyn DynKv,
    ) -> Option<Response<Bytes>> {
        let answer = self.find(question)?;
        let head = kv.get(&answer.lasts.key).await.ok()??;
        if head.version.0 != answer.lasts.version {
            return None;
        }
        let mut response = Response::new(answer.body.clone());
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.fields.clone();
        Some(response)
    }

    fn find(&self, question: &Question) -> Option<Arc<Answer>> {
        let hash = self.seed.hash_one(question);
        let answer = self.lock().answers.get(&hash).cloned()?;
        (answer.question == *question && Instant::now() < answer.lasts.until).then_some(answer)
    }

    /// Keeps what was answered to `question`.
    pub(crate) fn keep(&self, question: Question, lasts: Lasts, response: &Response<Bytes>) {
        let hash = self.seed.hash_one(&question);
        let mut fields = response.headers().clone();
        fields.remove(crate::request_id::FIELD);
        let answer = Answer {
            question,
            lasts,
            status: response.status(),
            fields,
            body: response.body().clone(),
        };
        self.lock().insert(hash, answer, self.bytes_max);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn insert(&mut self, hash: u64, answer: Answer, bytes_max: usize) {
        self.bytes += answer.bytes();
        if let Some(before) = self.answers.insert(hash, Arc::new(answer)) {
            self.bytes -= before.bytes();
        }
        if self.bytes <= bytes_max {
            return;
        }
        let now = Instant::now();
        self.answers.retain(|_, one| now < one.lasts.until);
        self.bytes = self.answers.values().map(|one| one.bytes()).sum();
        if self.bytes > bytes_max {
            // So much is asked for within a second: what is read often is back at once.
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use edgefold::host::Precondition;

    use super::*;
    use crate::kv::{Kv, MemoryKv};

    fn asked(target: &str, fields: &[(&'static str, &'static str)]) -> Request<()> {
        let mut request = Request::get(target).body(()).unwrap();
        for (name, value) in fields {
            request
                .headers_mut()
                .append(*name, HeaderValue::from_static(value));
        }
        request
    }

    fn answered(said: &str) -> (Option<Lasts>, Response<Bytes>) {
        let mut response = Response::new(Bytes::from_static(b"page"));
        response.headers_mut().insert(LASTS, said.parse().unwrap());
        response
            .headers_mut()
            .insert("x-request-id", HeaderValue::from_static("one"));
        let lasts = Lasts::take(response.headers_mut(), Instant::now());
        (lasts, response)
    }

    #[tokio::test]
    async fn it_is_given_while_the_head_is_the_same() {
        let kv = MemoryKv::new();
        let answers = Answers::new(1 << 20);
        let put = async |value: &'static str| {
            let put = Kv::put(&kv, "head", value.into(), Precondition::None, None);
            put.await.unwrap().0
        };
        let version = put("one").await;
        let (lasts, response) = answered(&format!("60000 head {version}"));
        assert!(!response.headers().contains_key(LASTS));
        let question = |target, fields: &[_]| answers.question(&asked(target, fields));
        let usual = || question("/", &[("accept-encoding", "gzip")]).unwrap();
        assert!(answers.again(&usual(), &kv).await.is_none());
        answers.keep(usual(), lasts.unwrap(), &response);

        let again = answers.again(&usual(), &kv).await.unwrap();
        assert_eq!(again.body(), "page");
        assert!(again.headers().is_empty(), "the request id is another's");
        let cookie = [("accept-encoding", "gzip"), ("cookie", "a=b")];
        let cookie = question("/", &cookie).unwrap();
        assert!(answers.again(&cookie, &kv).await.is_some());
        for other in [
            question("/", &[]),
            question("/?x", &[("accept-encoding", "gzip")]),
            question("/", &[("accept-encoding", "gzip"), ("if-match", "*")]),
            question("/", &[("accept-encoding", "gzip"), ("host", "other")]),
        ] {
            assert!(answers.again(&other.unwrap(), &kv).await.is_none());
        }
        put("two").await;
        assert!(answers.again(&usual(), &kv).await.is_none());
    }

    #[test]
    fn only_reads_that_say_each_field_once_have_a_question() {
        let twice = [("accept-encoding", "gzip"), ("accept-encoding", "br")];
        assert_eq!(Question::of(&asked("/", &twice)), None);
        let mut post = asked("/", &[]);
        *post.method_mut() = Method::POST;
        assert_eq!(Question::of(&post), None);
        assert!(Answers::new(0).question(&asked("/", &[])).is_none());
    }

    #[test]
    fn what_means_nothing_is_taken_out_all_the_same() {
        for said in [
            "",
            "soon",
            "5",
            "5 key",
            "-5 key 1",
            "99999999999999999999 key 1",
        ] {
            let (lasts, response) = answered(said);
            assert!(lasts.is_none(), "{said}");
            assert!(!response.headers().contains_key(LASTS), "{said}");
        }
    }

    #[test]
    fn what_is_over_goes_first_and_more_than_there_is_room_for_is_not_kept() {
        let answers = Answers::new(4 * (ANSWER_BYTES_BESIDE + 4));
        let keep = |target: &str, ms: u64| {
            let (lasts, response) = answered(&format!("{ms} head 1"));
            let question = answers.question(&asked(target, &[])).unwrap();
            answers.keep(question, lasts.unwrap(), &response);
        };
        let kept = || answers.lock().answers.len();
        for target in ["/1", "/2", "/3"] {
            keep(target, 0);
        }
        keep("/4", 60_000);
        keep("/4", 60_000);
        assert_eq!(kept(), 4);
        keep("/5", 60_000);
        assert_eq!(kept(), 2, "those that are over are gone");
        for target in ["/6", "/7", "/8"] {
            keep(target, 60_000);
        }
        assert_eq!(kept(), 0);
        assert_eq!(answers.lock().bytes, 0);
    }
}
