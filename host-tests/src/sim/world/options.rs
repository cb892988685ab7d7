//! What a simulated world is like.

/// What the store promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// Preconditions are checked and the value written in one step, at the origin.
    Swap,
    /// Preconditions are compared, then others get their turn, then the value is written; counters count at the origin, in
    /// one step.
    Counters,
    /// As [`StoreKind::Counters`], without counters.
    Plain,
}

/// A lie of the store, planted to see whether the checkers notice. edgefold can't survive these, and need not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Segments and directories are acknowledged at once and written half a minute later: the head is there first.
    SegmentsLate,
    /// One write in eight of segments and directories is acknowledged and lost.
    SegmentsLost,
    /// Every write takes effect whatever its precondition says.
    NoPreconditions,
    /// Reads may show an older value than the one shown before.
    BackInTime,
    /// Each write is charged twice.
    ChargesTwice,
}

/// A world. All rates are per thousand operations, all times are simulated.
#[derive(Debug, Clone)]
pub struct WorldOptions {
    /// Points of presence.
    pub pops: usize,
    /// How many of them run cycles, each by its own schedule.
    pub cycling_pops: usize,
    /// Seconds of the safety phase: everything may go wrong.
    pub safety_s: u64,
    /// Seconds that the world gets to converge once nothing goes wrong any more.
    pub heal_s: u64,
    /// Hour of the UTC day at which it begins, 0 to 23.
    pub begins_at_hour: u32,
    /// Seconds between two cycles of one PoP, on average.
    pub cycle_every_s: u64,
    /// Seconds between two visits of a reader on one PoP, on average.
    pub visit_every_s: u64,
    /// What the store promises.
    pub store: StoreKind,
    /// One way to the origin and back, in milliseconds, on average.
    pub latency_mean_ms: u64,
    /// The longest.
    pub latency_max_ms: u64,
    /// Until a PoP sees a write, in milliseconds, on average; drawn for each write and PoP. 0: at once.
    pub replication_delay_mean_ms: u64,
    /// The longest.
    pub replication_delay_max_ms: u64,
    /// A PoP's clock is off by up to this, either way, in milliseconds.
    pub clock_skew_max_ms: u64,
    /// Store operations and requests under way at once in one run or request.
    pub concurrency_max: usize,
    /// Two writes of one key must be this far apart, or the second is throttled, in milliseconds. 0: no such limit.
    pub key_write_interval_ms: u64,
    /// `[budget] writes_per_day` of the site. The store grants twice as many, so that a checker sees a site that exceeds it.
    pub writes_per_day: u32,
    /// `[retention] items`.
    pub retention_items: Option<u64>,
    /// Items on a page.
    pub page_items: usize,
    /// What goes wrong in the store.
    pub store_faults: StoreFaultRates,
    /// The upstreams.
    pub upstreams: UpstreamOptions,
    /// Planted in tests of the checkers; `None` everywhere else.
    pub lie: Option<Lie>,
}

/// What goes wrong in the store, per thousand operations.
#[derive(Debug, Clone, Copy, Default)]
pub struct StoreFaultRates {
    /// Fails; nothing was applied.
    pub unavailable: u64,
    /// Asks to slow down; nothing was applied.
    pub throttled: u64,
    /// Applied, and the answer lost.
    pub ambiguous_applied: u64,
    /// Lost, and the answer lost.
    pub ambiguous_lost: u64,
    /// The process dies before or after the operation is applied.
    pub crash: u64,
}

impl StoreFaultRates {
    /// Of everything something.
    #[must_use]
    pub const fn some() -> Self {
        Self {
            unavailable: 15,
            throttled: 10,
            ambiguous_applied: 10,
            ambiguous_lost: 10,
            crash: 15,
        }
    }
}

/// The upstreams, and what goes wrong with them.
#[derive(Debug, Clone)]
pub struct UpstreamOptions {
    /// How many. The last one also lists every second post of the first, at the same address.
    pub sources: usize,
    /// Posts that each has when the world begins.
    pub posts_before: u64,
    /// Seconds from one post to the next of one source, on average.
    pub post_every_s: u64,
    /// Posts whose title is edited some time later.
    pub edited_per_mille: u64,
    /// `[[source]] every`, in seconds.
    pub every_s: u64,
    /// 429 with `Retry-After`.
    pub throttled_per_mille: u64,
    /// 500 and 503.
    pub failing_per_mille: u64,
    /// No answer until the time-out.
    pub stalling_per_mille: u64,
    /// The connection breaks, or the document ends in the middle.
    pub truncated_per_mille: u64,
}

/// A small site with faults of every kind, and three PoPs that run cycles at the same time.
impl Default for WorldOptions {
    fn default() -> Self {
        Self {
            pops: 4,
            cycling_pops: 3,
            safety_s: 3 * 60 * 60,
            heal_s: 30 * 60 * 60,
            begins_at_hour: 22,
            cycle_every_s: 600,
            visit_every_s: 120,
            store: StoreKind::Swap,
            latency_mean_ms: 40,
            latency_max_ms: 3_000,
            replication_delay_mean_ms: 2_000,
            replication_delay_max_ms: 60_000,
            clock_skew_max_ms: 5_000,
            concurrency_max: 6,
            key_write_interval_ms: 1_000,
            writes_per_day: 1_000,
            retention_items: None,
            page_items: 25,
            store_faults: StoreFaultRates::some(),
            upstreams: UpstreamOptions::default(),
            lie: None,
        }
    }
}

impl Default for UpstreamOptions {
    fn default() -> Self {
        Self {
            sources: 4,
            posts_before: 30,
            post_every_s: 400,
            edited_per_mille: 300,
            every_s: 600,
            throttled_per_mille: 30,
            failing_per_mille: 60,
            stalling_per_mille: 20,
            truncated_per_mille: 40,
        }
    }
}
