//! Answers that are given again without asking the component.
//!
//! Which ones, and for how long, is for the component to say: in the field `edgefold-lasts` (`wit/world.wit`), which ends here. The store
//! is asked for the head each time, as the component would ask: what is given again is what it would answer, so a publish shows with the
//! next request, wherever it was made, as soon as this store shows it.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use edgefold::host::Entry;
use edgefold::serve::{LASTING_FIELD_COUNT, LASTING_FIELDS, LASTS};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use tokio::time::error::Elapsed;

use crate::kv::DynKv;

/// An answer with more bytes is asked for each time.
pub(crate) const ANSWER_BYTES_MAX: u64 = 128 * 1024;
/// What an answer takes beside its body: fields, target and place. Estimated.
const ANSWER_BYTES_BESIDE: usize = 2 * 1024;

/// Answers that are over are let go of so often: no answer lasts longer, so what is kept is what the last two seconds have asked for.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

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
    /// When those that were over were let go of last.
    swept: Option<Instant>,
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
    ///
    /// # Errors
    /// Where the store does not say within `timeout`.
    pub(crate) async fn again(
        &self,
        question: &Question,
        kv: &dyn DynKv,
        timeout: Duration,
    ) -> Result<Option<Response<Bytes>>, Elapsed> {
        let Some(answer) = self.find(question) else {
            return Ok(None);
        };
        // Where the store fails, the component is to say how.
        let head = tokio::time::timeout(timeout, kv.get(&answer.lasts.key)).await?;
        let same = |head: Entry| head.version.0 == answer.lasts.version;
        if !head.ok().flatten().is_some_and(same) {
            return Ok(None);
        }
        let mut response = Response::new(answer.body.clone());
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.fields.clone();
        Ok(Some(response))
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
        let now = Instant::now();
        let due = |swept| now.duration_since(swept) >= SWEEP_EVERY;
        if self.bytes > bytes_max || self.swept.is_none_or(due) {
            self.answers.retain(|_, one| now < one.lasts.until);
            self.bytes = self.answers.values().map(|one| one.bytes()).sum();
            self.swept = Some(now);
        }
        if self.bytes > bytes_max {
            // So much is asked for within a second: what is read often is back at once.
            self.answers.clear();
            self.bytes = 0;
        }
    }
}
