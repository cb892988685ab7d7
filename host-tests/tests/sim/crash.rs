//! A fault at every store operation, reads too, of every kind of cycle: what is visible is the site before the cycle or the
//! site after it, and the next cycle makes up for what was lost.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use edgefold::cycle::RunOutcome;
use host_tests::sim::{Fault, Faults};

use super::site::{Post, Site, post};

pub(crate) const FAULTS: [Fault; 6] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::Fail,
    Fault::Throttle,
    Fault::AmbiguousApplied,
    Fault::AmbiguousLost,
];

/// A site at the moment before a cycle.
struct Scenario {
    name: &'static str,
    retention: Option<u64>,
    /// The store has counters in place of compare-and-swap.
    claims: bool,
    contents: BTreeMap<String, Bytes>,
    /// Writes and deletions so far.
    spent: u64,
    /// Since the site's first cycle.
    elapsed: Duration,
    /// What the sources list in the cycle.
    a: Vec<Post>,
    b: Vec<Post>,
}

/// What is visible: each view's items.
type Visible = [Vec<(String, String)>; 3];

impl Scenario {
    /// Carries out `cycles` (what `a` lists, and how long after the one before), then states the one to be tested.
    fn after(
        name: &'static str,
        retention: Option<u64>,
        cycles: &[(Vec<Post>, Duration)],
        (a, pause): (Vec<Post>, Duration),
    ) -> Self {
        let site = Site::new(retention);
        let b: Vec<Post> = (0..5).map(post).collect();
        site.list("b", &b);
        for (a, pause) in cycles {
            site.host.clock.advance(*pause);
            site.list("a", a);
            site.cycle().unwrap().unwrap();
        }
        let counts = site.host.kv.counts();
        Self {
            name,
            retention,
            claims: false,
            contents: site.host.kv.contents(),
            spent: counts.writes + counts.deletes,
            elapsed: site.host.clock.elapsed() + pause,
            a,
            b,
        }
    }

    /// As it is, where runs claim what they publish.
    fn claiming(self) -> Self {
        Self {
            claims: true,
            ..self
        }
    }

    /// The same moment, as often as needed.
    fn site(&self) -> Site {
        let site = Site::new(self.retention);
        site.host
            .kv
            .set_options(|options| options.swap = !self.claims);
        for (key, value) in &self.contents {
            site.host.kv.plant(key, value.clone());
        }
        site.host.clock.advance(self.elapsed);
        site.list("a", &self.a);
        site.list("b", &self.b);
        site
    }

    /// Strikes with every fault at every operation.
    fn test(&self) {
        let clean = self.site();
        let before = visible(&clean);
        clean.host.kv.set_faults(Faults::none());
        clean.cycle().unwrap().unwrap();
        let operations = clean.host.kv.operations();
        let after = visible(&clean);
        assert_ne!(before, after, "{}: nothing happens", self.name);
        for fault in FAULTS {
            for operation in 0..operations {
                let case = format!(
                    "{}, claims {}: {fault:?} at operation {operation} of {operations}",
                    self.name, self.claims
                );
                self.strike(fault, operation, &case, &before, &after);
            }
        }
        println!(
            "{}, claims {}: {operations} operations, {} faults",
            self.name,
            self.claims,
            FAULTS.len()
        );
    }

    fn strike(&self, fault: Fault, operation: u64, case: &str, before: &Visible, after: &Visible) {
        let site = self.site();
        site.host.kv.set_faults(Faults::at(operation, fault));
        let ended = site.cycle();
        assert_eq!(
            ended.is_none(),
            matches!(fault, Fault::CrashBefore | Fault::CrashAfter),
            "{case}"
        );
        site.host.kv.restart();
        let seen = visible(&site);
        assert!(seen == *before || seen == *after, "{case}: torn");
        let counts = site.host.kv.counts();
        let spent = self.spent + counts.writes + counts.deletes;
        let counted = site.counted();
        // What a claim costs is counted with the head.
        let unpublished = u64::from(self.claims);
        assert!(
            counted + unpublished >= spent,
            "{case}: {counted} of {spent} writes are counted"
        );
        // A claim is taken over in the next term.
        let pause = if self.claims { 480 } else { 60 };
        site.host.clock.advance(Duration::from_secs(pause));
        let healed = site.cycle().unwrap();
        assert!(healed.is_ok(), "{case}, then: {healed:?}");
        assert_eq!(visible(&site), *after, "{case}, after the next cycle");
        let counts = site.host.kv.counts();
        let spent = self.spent + counts.writes + counts.deletes;
        let counted = site.counted();
        assert!(
            counted >= spent,
            "{case}, then: {counted} of {spent} writes are counted"
        );
        site.host.clock.advance(Duration::from_secs(60));
        let idle = site.cycle().unwrap().unwrap();
        assert_eq!(idle.outcome, RunOutcome::Unchanged, "{case}, then idle");
    }
}

fn visible(site: &Site) -> Visible {
    if site
        .host
        .kv
        .contents()
        .keys()
        .all(|key| !key.ends_with("head"))
    {
        return Visible::default();
    }
    [
        site.walk(None),
        site.walk(Some("alpha")),
        site.walk(Some("beta")),
    ]
}

fn posts(numbers: std::ops::Range<u64>) -> Vec<Post> {
    numbers.map(post).collect()
}

fn with_edits(mut posts: Vec<Post>, edited: &[usize]) -> Vec<Post> {
    for index in edited {
        posts[*index].1 += ", edited";
    }
    posts
}

const SOON: Duration = Duration::from_secs(900);
const TWO_HOURS: Duration = Duration::from_secs(2 * 60 * 60);

#[test]
fn first() {
    let scenario = || Scenario::after("first", None, &[], (posts(0..130), SOON));
    scenario().test();
    scenario().claiming().test();
}

#[test]
fn changed() {
    let before = [(posts(0..40), SOON)];
    let now = with_edits(posts(0..41), &[39]);
    let scenario = || Scenario::after("changed", None, &before, (now.clone(), SOON));
    scenario().test();
    scenario().claiming().test();
}

#[test]
fn sealing() {
    let before = [(posts(0..120), SOON), (posts(0..130), SOON)];
    // One edit in the head, one in what is sealed.
    let now = with_edits(posts(0..200), &[129, 10]);
    let scenario = || Scenario::after("sealing", None, &before, (now.clone(), SOON));
    scenario().test();
    scenario().claiming().test();
}

/// A sealed segment leaves.
#[test]
fn retention() {
    let before = [(posts(0..400), SOON), (posts(0..490), SOON)];
    let scenario = || Scenario::after("retention", Some(150), &before, (posts(0..600), SOON));
    scenario().test();
    scenario().claiming().test();
}

/// What left two hours ago is deleted.
#[test]
fn sweeping() {
    let before = [
        (posts(0..400), SOON),
        (posts(0..490), SOON),
        (posts(0..600), SOON),
    ];
    let now = (posts(0..601), TWO_HOURS);
    let scenario = Scenario::after("sweeping", Some(150), &before, now);
    let clean = scenario.site();
    let stored = clean.host.kv.contents().len();
    clean.cycle().unwrap().unwrap();
    assert!(
        clean.host.kv.contents().len() < stored,
        "nothing is deleted"
    );
    scenario.test();
    scenario.claiming().test();
}
