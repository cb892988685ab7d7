//! Which of several processes runs the next cycle: whoever swaps its claim into the store.
//!
//! No process is told to lead. A claim is one small value for each tenant. Whoever runs renews it; whoever has run writes how
//! long nothing is due, which the others wait too. Nobody compares clocks: a process counts by its own how long it
//! has seen the same claim, and takes over one that should have changed. Two that both run after all (one was stopped in the
//! middle and came back) do no harm: of their publishes one wins.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::kv::{DynKv, Entry, KvError, Precondition, Version};

/// A claim is renewed this often while a cycle runs.
const RENEWED: Duration = Duration::from_secs(5);
/// A claim that was not renewed for so long is taken over: its process is gone, stopped or cut off.
const LAPSE: Duration = Duration::from_secs(20);
/// The claim is looked at this often: by a store with a copy at hand, without network.
const LOOK: Duration = Duration::from_secs(1);
/// Whoever rests may take its next turn this much earlier than others, and keeps what it has in memory. After a failure it
/// takes it as much later, so that another tries.
const HEAD_START: Duration = Duration::from_secs(3);

const _: () = assert!(RENEWED.as_secs() * 2 < LAPSE.as_secs());
const _: () = assert!(LOOK.as_secs() < HEAD_START.as_secs());

/// The turns of one tenant, as one process sees them.
pub(crate) struct Turns {
    kv: Arc<dyn DynKv>,
    key: String,
    /// Tells this process from others.
    name: String,
    /// The claim last seen, and since when.
    seen: Option<(Version, Instant)>,
    /// This process has tried once: what it was started with may be new, so the first turn waits for nobody's rest.
    tried: bool,
    failed: bool,
}

/// What a claim says.
#[derive(Debug, PartialEq, Eq)]
enum Claim {
    Running { by: String },
    Resting { by: String, rest: Duration },
}

impl Turns {
    /// `name` must be another in each process.
    pub(crate) fn new(kv: Arc<dyn DynKv>, tenant: &str, name: impl Into<String>) -> Self {
        Self {
            kv,
            key: format!("host/turns/{tenant}"),
            name: name.into(),
            seen: None,
            tried: false,
            failed: false,
        }
    }

    /// Waits for this process's turn.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn take(&mut self) -> Result<(), KvError> {
        loop {
            let entry = self.kv.get(&self.key).await?;
            if let Some(over) = self.over(entry.as_ref(), Instant::now()) {
                self.tried = true;
                match self.kv.put(&self.key, self.running(), over, None).await {
                    Ok(_) => return Ok(()),
                    // Another was first; or nobody knows: the next look shows it, and a claim of ours that is not renewed lapses.
                    Err(KvError::Conflict | KvError::Ambiguous(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What a claim of ours may be put over now; `None`: it is not our turn.
    fn over(&mut self, entry: Option<&Entry>, now: Instant) -> Option<Precondition> {
        let Some(entry) = entry else {
            return Some(Precondition::Absent);
        };
        let since = match &self.seen {
            Some((version, since)) if *version == entry.version => *since,
            _ => {
                self.seen = Some((entry.version.clone(), now));
                now
            }
        };
        let wait = match read(&entry.value) {
            Some(Claim::Running { .. }) => LAPSE,
            Some(Claim::Resting { .. }) if !self.tried => Duration::ZERO,
            Some(Claim::Resting { by, rest }) => match (by == self.name, self.failed) {
                (true, false) => rest,
                (true, true) => rest + HEAD_START * 2,
                (false, _) => rest + HEAD_START,
            },
            None => Duration::ZERO,
        };
        let free = now.saturating_duration_since(since) >= wait;
        free.then(|| Precondition::Version(entry.version.clone()))
    }

    /// Does `work` and keeps the turn meanwhile.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let renewing = async {
            loop {
                tokio::time::sleep(RENEWED).await;
                if let Err(error) = self.replace(self.running()).await {
                    tracing::debug!(%error, "a claim was not renewed");
                }
            }
        };
        tokio::select! {
            done = work => done,
            () = renewing => unreachable!("it has no end"),
        }
    }

    /// Ends a turn: nothing is due for `rest`. `failed`: another process should try next.
    pub(crate) async fn end(&mut self, rest: Duration, failed: bool) {
        self.failed = failed;
        let rest_ms = u64::try_from(rest.as_millis()).unwrap_or(u64::MAX);
        let resting = json!({ "rested_by": self.name, "rest_ms": rest_ms }).to_string();
        match self.replace(resting.into()).await {
            // Known from now on, not from the next look on.
            Ok(version) => self.seen = Some((version, Instant::now())),
            Err(error) => tracing::debug!(%error, "a claim was not given back: it lapses"),
        }
    }

    fn running(&self) -> Bytes {
        json!({ "running": self.name }).to_string().into()
    }

    /// Writes over a claim of ours; [`KvError::Conflict`] where it is another's by now.
    async fn replace(&self, claim: Bytes) -> Result<Version, KvError> {
        let entry = self.kv.get(&self.key).await?;
        let entry = entry.ok_or(KvError::Conflict)?;
        if read(&entry.value)
            != Some(Claim::Running {
                by: self.name.clone(),
            })
        {
            return Err(KvError::Conflict);
        }
        let over = Precondition::Version(entry.version);
        self.kv.put(&self.key, claim, over, None).await
    }
}

/// `None` for what is no claim: anybody may write over it.
fn read(bytes: &[u8]) -> Option<Claim> {
    let claim: Value = serde_json::from_slice(bytes).ok()?;
    let text = |name: &str| claim[name].as_str().map(str::to_owned);
    if let Some(by) = text("running") {
        return Some(Claim::Running { by });
    }
    Some(Claim::Resting {
        by: text("rested_by")?,
        rest: Duration::from_millis(claim["rest_ms"].as_u64()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kv::MemoryKv;

    const REST: Duration = Duration::from_secs(600);

    struct Process {
        turns: Turns,
    }

    impl Process {
        fn new(kv: &Arc<MemoryKv>, name: &str) -> Self {
            let kv: Arc<dyn DynKv> = Arc::new(Arc::clone(kv));
            Self {
                turns: Turns::new(kv, "main", name),
            }
        }

        /// Whether it is this one's turn `seconds` from `start` on.
        async fn may(&mut self, start: Instant, seconds: u64) -> bool {
            let entry = self.turns.kv.get(&self.turns.key).await.unwrap();
            let now = start + Duration::from_secs(seconds);
            self.turns.over(entry.as_ref(), now).is_some()
        }
    }

    #[tokio::test]
    async fn one_runs_and_the_others_rest_as_long_as_it_does() {
        let kv = Arc::new(MemoryKv::new());
        let (mut a, mut b) = (Process::new(&kv, "a"), Process::new(&kv, "b"));
        a.turns.take().await.unwrap();
        b.turns.tried = true;
        let start = Instant::now();
        assert!(!b.may(start, 0).await, "a runs");
        a.turns.end(REST, false).await;
        for (seconds, first, second) in [(1, false, false), (602, true, false), (605, true, true)] {
            assert_eq!(b.may(start, seconds).await, second, "b after {seconds}");
            assert_eq!(a.may(start, seconds).await, first, "a after {seconds}");
        }
    }

    #[tokio::test]
    async fn a_process_that_is_gone_is_replaced_and_one_that_renews_is_not() {
        let kv = Arc::new(MemoryKv::new());
        let (mut a, mut b) = (Process::new(&kv, "a"), Process::new(&kv, "b"));
        a.turns.take().await.unwrap();
        let start = Instant::now();
        assert!(!b.may(start, 0).await);
        a.turns.replace(a.turns.running()).await.unwrap();
        assert!(!b.may(start, 19).await, "renewed");
        assert!(!b.may(start, 38).await);
        assert!(b.may(start, 39).await, "not renewed for the lapse");
        // The one that was thought gone neither renews nor gives back what is not its own.
        let entry = kv_entry(&b).await;
        let over = Precondition::Version(entry.version);
        let claim = b.turns.running();
        b.turns
            .kv
            .put(&b.turns.key, claim, over, None)
            .await
            .unwrap();
        let late = a.turns.replace(a.turns.running()).await;
        assert_eq!(late, Err(KvError::Conflict));
    }

    async fn kv_entry(process: &Process) -> Entry {
        let key = &process.turns.key;
        process.turns.kv.get(key).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_process_that_starts_does_not_wait_for_a_rest() {
        let kv = Arc::new(MemoryKv::new());
        let (mut a, mut b) = (Process::new(&kv, "a"), Process::new(&kv, "b"));
        a.turns.take().await.unwrap();
        a.turns.end(REST, false).await;
        let start = Instant::now();
        assert!(b.may(start, 0).await);
        b.turns.tried = true;
        assert!(!b.may(start, 0).await, "only once");
    }

    #[tokio::test]
    async fn after_a_failure_another_tries() {
        let kv = Arc::new(MemoryKv::new());
        let (mut a, mut b) = (Process::new(&kv, "a"), Process::new(&kv, "b"));
        b.turns.tried = true;
        a.turns.take().await.unwrap();
        a.turns.end(Duration::from_secs(10), true).await;
        let start = Instant::now();
        assert!(!b.may(start, 0).await);
        assert!(!a.may(start, 14).await);
        assert!(b.may(start, 14).await);
    }
}
