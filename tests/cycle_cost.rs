//! What a cycle costs must not grow with the history: store operations and allocations at 1,000 and at 30,000 items.
#![allow(
    unsafe_code,
    reason = "an allocator that counts can't be written without"
)]
#![allow(clippy::unwrap_used, reason = "a test")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use edgefold::config::Config;
use edgefold::cycle::{KvCounts, RunOutcome, Scope, run};
use edgefold::testing::{Answer, TestConfig, TestHost, block_on};
use edgefold::time::Timestamp;

struct Counting;

static CALLS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
/// Allocated now, and at most since that was set.
static LIVE: AtomicU64 = AtomicU64::new(0);
static PEAK: AtomicU64 = AtomicU64::new(0);
/// What is counted is all tests'.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

// SAFETY: hands everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Relaxed);
        let bytes = layout.size() as u64;
        BYTES.fetch_add(bytes, Relaxed);
        PEAK.fetch_max(LIVE.fetch_add(bytes, Relaxed) + bytes, Relaxed);
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as u64, Relaxed);
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A host with one source.
struct World(TestHost);

impl World {
    fn new() -> Self {
        let host = TestHost::default();
        host.now.set(Timestamp::from_secs(1_790_000_000));
        Self(host)
    }

    fn publish(&self, numbers: std::ops::Range<i64>) {
        self.publish_texts(numbers, |_| "Some words.".to_owned());
    }

    fn publish_texts(&self, numbers: std::ops::Range<i64>, text: impl Fn(i64) -> String) {
        let items: Vec<String> = numbers
            .map(|number| {
                let at = Timestamp::from_secs(1_700_000_000 + number * 60);
                let text = text(number);
                format!(r#"{{"id":"{number}","title":"Post {number}","url":"https://a.example/{number}","content_text":"{text}","date_published":"{at}"}}"#)
            })
            .collect();
        let body = format!(
            r#"{{"version":"https://jsonfeed.org/version/1.1","title":"A","items":[{}]}}"#,
            items.join(",")
        );
        let etag = format!("\"{}\"", self.0.now.get());
        let headers = [("etag", &*etag), ("content-type", "application/feed+json")];
        let answer = Answer::new(200, &headers, body);
        self.0.answer("https://a.example/feed.json", [answer]);
    }

    /// One cycle: its store operations, and the calls and bytes of its allocations.
    fn cycle(&self, config: &Config) -> (RunOutcome, KvCounts, u64, u64) {
        self.0.pass(600_000);
        let before = (CALLS.load(Relaxed), BYTES.load(Relaxed));
        let report = block_on(run(&self.0, config, Scope::All)).unwrap();
        let (calls, bytes) = (
            CALLS.load(Relaxed) - before.0,
            BYTES.load(Relaxed) - before.1,
        );
        (report.outcome, report.kv, calls, bytes)
    }
}

impl World {
    /// Bytes that one cycle allocates at once.
    fn peak(&self, config: &Config, expected: RunOutcome) -> u64 {
        let live = LIVE.load(Relaxed);
        PEAK.store(live, Relaxed);
        assert_eq!(self.cycle(config).0, expected);
        PEAK.load(Relaxed) - live
    }
}

fn config() -> Config {
    TestConfig::new()
        .source("a", "https://a.example/feed.json", "alpha")
        .with(|config| config.sources[0].title = "A".to_owned())
        .build()
}

/// Cycles of a site with `history` items: nothing changed, a document that says the same, five new items.
fn costs(history: i64) -> [(RunOutcome, KvCounts, u64, u64); 3] {
    let (world, config) = (World::new(), config());
    for from in (0..history).step_by(2_500) {
        world.publish(from..(from + 2_500).min(history));
        world.cycle(&config);
    }
    // The head is as full in both cases, and the document as long.
    world.publish(history - 100..history);
    world.0.pass(3_600_000);
    world.cycle(&config);
    let unchanged = world.cycle(&config);
    world.publish(history - 100..history);
    let again = world.cycle(&config);
    world.publish(history - 95..history + 5);
    [unchanged, again, world.cycle(&config)]
}

#[test]
#[allow(
    clippy::disallowed_macros,
    reason = "figures for whoever reads the test's output"
)]
fn a_cycle_costs_the_same_whatever_the_history() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (short, long) = (costs(1_000), costs(30_000));
    for ((name, short), long) in ["unchanged", "the same again", "5 new items"]
        .iter()
        .zip(short)
        .zip(long)
    {
        println!("{name}: at 1,000 items {short:?}, at 30,000 {long:?}");
    }
    for (short, long) in short.into_iter().zip(long) {
        assert_eq!(
            (short.0, short.1.reads, short.1.writes),
            (long.0, long.1.reads, long.1.writes)
        );
        assert!(
            long.2 * 10 <= short.2 * 12,
            "calls: {} and {}",
            short.2,
            long.2
        );
        assert!(
            long.3 * 10 <= short.3 * 12,
            "bytes: {} and {}",
            short.3,
            long.3
        );
    }
}

/// What a publish for the index alone allocates at once, in bytes: 64 MiB is the aim for all of a guest's memory.
const ALONE_BYTES_MAX: u64 = 20 << 20;

/// Text of about 45 words out of 60,000, the frequent ones as often as in natural text.
fn text(number: i64) -> String {
    let mut seed = number.unsigned_abs();
    let mut word = || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let exponent = (seed >> 33) as f64 / (1_u64 << 31) as f64;
        let number = 60_000_f64.powf(exponent) as u64;
        format!("w{:x}", number * 7 + 4_096)
    };
    (0..45).map(|_| word()).collect::<Vec<_>>().join(" ")
}

#[test]
#[allow(
    clippy::disallowed_macros,
    reason = "figures for whoever reads the test's output"
)]
fn a_publish_for_the_index_takes_less_memory_than_one_with_news() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (world, config) = (World::new(), config());
    // More at once than a publish with news indexes.
    let mut peaks = Vec::new();
    for from in (0..40_000).step_by(10_000) {
        world.publish_texts(from..from + 10_000, text);
        peaks.push(world.peak(&config, RunOutcome::Published));
    }
    let with_news = peaks.iter().copied().max().unwrap_or(0);
    world.publish_texts(39_900..40_000, text);
    let mut publishes = 0;
    loop {
        let live = LIVE.load(Relaxed);
        PEAK.store(live, Relaxed);
        let (outcome, kv, calls, bytes) = world.cycle(&config);
        let peak = PEAK.load(Relaxed) - live;
        println!("{outcome:?}: {kv:?}, {calls} allocations of {bytes} bytes, {peak} at once");
        if outcome == RunOutcome::Unchanged {
            break;
        }
        publishes += 1;
        assert!(peak < with_news && peak < ALONE_BYTES_MAX, "{peak}");
    }
    println!("with news of 10,000 items: {peaks:?} at once");
    assert_eq!(publishes, 2);
}

#[test]
#[ignore = "for figures: see docs/search.md"]
#[allow(
    clippy::disallowed_macros,
    reason = "figures for whoever reads the test's output"
)]
fn of_a_hundred_thousand_items_half_are_indexed_alone() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (world, config) = (World::new(), config());
    for from in (0..100_000).step_by(10_000) {
        world.publish_texts(from..from + 10_000, text);
        assert_eq!(world.cycle(&config).0, RunOutcome::Published);
    }
    world.publish_texts(99_900..100_000, text);
    let (mut cycles, mut writes) = (0, 0);
    loop {
        let (outcome, kv, calls, _) = world.cycle(&config);
        println!("{outcome:?}: {kv:?}, {calls} allocations");
        if outcome == RunOutcome::Unchanged {
            break;
        }
        (cycles, writes) = (cycles + 1, writes + kv.writes);
    }
    println!("{cycles} cycles, {writes} writes");
    assert_eq!(cycles, 5);
}
