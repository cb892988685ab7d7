//! Processor time, so that figures hold on a machine that does other things as well.

use std::fs;
use std::time::Duration;

/// Processor time so far: of this thread, and of all threads of this process.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    thread: Duration,
    process: Duration,
}

/// Processor time so far. `None` where the system does not tell (only Linux does).
#[must_use]
pub fn times() -> Option<Times> {
    let mut process = Duration::ZERO;
    for task in fs::read_dir("/proc/self/task").ok()? {
        // A thread may end while we look.
        let text = fs::read_to_string(task.ok()?.path().join("schedstat"));
        process += text.map_or(Duration::ZERO, |text| on_processor(&text));
    }
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Times {
        thread: on_processor(&text),
        process,
    })
}

/// Processor time that the other threads of this process have used since `before`, which this thread took.
#[must_use]
pub fn others_since(before: Option<Times>) -> Option<Duration> {
    let (before, now) = (before?, times()?);
    let others = |times: Times| times.process.saturating_sub(times.thread);
    Some(others(now).saturating_sub(others(before)))
}

// proc_pid_schedstat: nanoseconds on a processor, nanoseconds waiting for one, number of time slices.
fn on_processor(schedstat: &str) -> Duration {
    let first = schedstat.split_whitespace().next();
    Duration::from_nanos(first.and_then(|text| text.parse().ok()).unwrap_or(0))
}
