//! Who reads, and checks every answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::numbers;
use crate::arms::client::{self, Answer};

/// An answer that does not say that it is old has everything that was published this long before it was asked for. NATS
/// promises 2 s; a process on a busy machine may be late.
pub const FRESH_WITHIN: Duration = Duration::from_secs(4);
/// Between two requests of a reader.
const PAUSE: Duration = Duration::from_millis(40);
/// An answer that takes longer counts as none.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Wrong answers that are kept to be shown.
const SHOWN_MAX: usize = 5;

/// What came of all reads since [`Ledger::take`].
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Answers with 200.
    pub good: u64,
    /// Of them, those that say they are from memory because the store is away.
    pub said_stale: u64,
    /// Answers with a status of 500 or more, by status.
    pub errors: BTreeMap<u16, u64>,
    /// No answer: the process is down.
    pub none: u64,
    /// Answers that no reader may get: torn, doubled, lost, or old without saying so.
    pub wrong: u64,
    /// Some of them.
    pub shown: Vec<String>,
    /// The longest that an answer took.
    pub slowest: Duration,
}

/// What readers and the publisher know in common.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Items that were acknowledged as published, and when: in rising order.
    published: Mutex<Vec<(Instant, u64)>>,
    tally: Mutex<Tally>,
}

impl Ledger {
    /// A report said that everything up to `number` is published.
    pub fn acknowledge(&self, number: u64) {
        let mut published = locked(&self.published);
        if published.last().is_none_or(|(_, last)| *last < number) {
            published.push((Instant::now(), number));
        }
    }

    /// The newest item that was acknowledged at `time`.
    #[must_use]
    pub fn acknowledged_at(&self, time: Instant) -> u64 {
        let published = locked(&self.published);
        let before = published.partition_point(|(at, _)| *at <= time);
        before.checked_sub(1).map_or(0, |last| published[last].1)
    }

    /// What came of reads since this was last called.
    #[must_use]
    pub fn take(&self) -> Tally {
        std::mem::take(&mut locked(&self.tally))
    }

    fn count(&self, count: impl FnOnce(&mut Tally)) {
        count(&mut locked(&self.tally));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads from `url` until the handle is aborted: the page, the newest items, and those after.
#[must_use]
pub fn spawn(url: String, ledger: Arc<Ledger>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut older = None;
        loop {
            for path in ["/", "/api/items?limit=20"] {
                let Some((answer, asked)) = ask(&url, path, &ledger).await else {
                    continue;
                };
                if path != "/"
                    && let Some(next) = check(&answer, asked, None, &ledger)
                {
                    older = Some(next);
                }
            }
            if let Some((path, after)) = &older
                && let Some((answer, asked)) = ask(&url, path, &ledger).await
            {
                check(&answer, asked, Some(*after), &ledger);
            }
        }
    })
}

/// An answer with 200, and when it was asked for.
async fn ask(url: &str, path: &str, ledger: &Ledger) -> Option<(Answer, Instant)> {
    tokio::time::sleep(PAUSE).await;
    let asked = Instant::now();
    let sent = client::send(url, "GET", path, &[]);
    let answer = match tokio::time::timeout(ANSWER_TIMEOUT, sent).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) | Err(_) => {
            ledger.count(|tally| tally.none += 1);
            return None;
        }
    };
    let status = answer.status.as_u16();
    ledger.count(|tally| {
        tally.slowest = tally.slowest.max(asked.elapsed());
        match status {
            200 => tally.good += 1,
            500.. => *tally.errors.entry(status).or_default() += 1,
            _ => {
                tally.wrong += 1;
                tally.shown.push(format!("{path}: {status}"));
            }
        }
        if status == 200 && is_stale(&answer) {
            tally.said_stale += 1;
        }
    });
    (status == 200).then_some((answer, asked))
}

fn is_stale(answer: &Answer) -> bool {
    answer.header("cache-status").contains("ttl=-")
}

/// Items follow each other without a gap, the first one is new enough, or follows the page before. The address of the page
/// after it, and the last item before that.
fn check(
    answer: &Answer,
    asked: Instant,
    after: Option<u64>,
    ledger: &Ledger,
) -> Option<(String, u64)> {
    let wrong = |what: String| {
        ledger.count(|tally| {
            tally.wrong += 1;
            if tally.shown.len() < SHOWN_MAX {
                tally.shown.push(what);
            }
        });
        None
    };
    let (numbers, next) = match numbers(answer) {
        Ok(page) => page,
        Err(error) => return wrong(format!("{error:#}")),
    };
    if numbers.windows(2).any(|pair| pair[0] != pair[1] + 1) {
        return wrong(format!("not one after the other: {numbers:?}"));
    }
    let first = numbers.first().copied().unwrap_or_default();
    match after {
        Some(after) if first != after - 1 => {
            return wrong(format!("{first} follows {after}"));
        }
        Some(_) => {}
        None => {
            let needed = asked
                .checked_sub(FRESH_WITHIN)
                .map_or(0, |then| ledger.acknowledged_at(then));
            if first < needed && !is_stale(answer) {
                return wrong(format!(
                    "{first} is the newest, and {needed} was acknowledged"
                ));
            }
        }
    }
    let last = numbers.last().copied()?;
    next.map(|next| (format!("/api/items?limit=20&cursor={next}"), last))
}
