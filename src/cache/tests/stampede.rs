//! Many who ask at once, and the few requests that the origin sees.

use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Waker};

use crate::cache::{Answer, Failure};

use super::world::{World, config};

const POPS: usize = 300;
const SEEDS: u64 = 12;
/// What the origin may see when all points of presence find an answer expired at once.
const REQUESTS_MAX: u32 = 3;

/// A world in which everybody has seen the answer once.
fn warm(seed: u64) -> World {
    let world = World::new(seed, POPS);
    let config = config();
    world.ask(&config).unwrap();
    world.pass(5);
    world.asked.set(0);
    world
}

#[test]
fn all_expire_at_once_and_few_ask() {
    let config = config();
    for seed in 0..SEEDS {
        let world = warm(seed);
        world.pass(70);
        *world.body.borrow_mut() = r#"{"price":2}"#.to_owned();
        let answers = world.at_once(&config, 0..POPS);
        assert!(world.asked.get() <= REQUESTS_MAX, "seed {seed}");
        assert!(world.asked.get() >= 1, "seed {seed}");
        let stale = answers.iter().filter(|a| a.as_ref().unwrap().stale).count();
        assert!(
            stale >= POPS - REQUESTS_MAX as usize,
            "seed {seed}: {stale}"
        );
        // The claim and the answer.
        assert!(world.applied.get() <= 2 + 2, "seed {seed}");
        world.pass(5);
        let answers = world.at_once(&config, 0..POPS);
        for answer in answers {
            let answer = answer.unwrap();
            assert!(!answer.stale && &answer.body[..] == br#"{"price":2}"#);
        }
        assert!(world.asked.get() <= REQUESTS_MAX, "seed {seed}");
    }
}

#[test]
fn nothing_is_stored_and_few_ask() {
    let config = config();
    for seed in 0..SEEDS {
        let world = World::new(seed, POPS);
        let answers = world.at_once(&config, 0..POPS);
        assert!(world.asked.get() <= REQUESTS_MAX, "seed {seed}");
        for answer in answers {
            assert!(answer.is_ok(), "seed {seed}: {answer:?}");
        }
        // Beyond all that may be stale it is the same.
        world.pass(10_000);
        world.asked.set(0);
        let answers = world.at_once(&config, 0..POPS);
        assert!(world.asked.get() <= REQUESTS_MAX, "seed {seed}");
        assert!(answers.iter().all(|a| !a.as_ref().unwrap().stale));
    }
}

#[test]
fn the_origin_fails_and_few_ask() {
    let config = config();
    for (seed, status) in (0..SEEDS).zip([500, 404, 0, 503].into_iter().cycle()) {
        let world = warm(seed);
        world.status.set(status);
        // Stale where the policy allows it for errors only.
        world.pass(300);
        let answers = world.at_once(&config, 0..POPS);
        assert!(world.asked.get() <= REQUESTS_MAX, "seed {seed}");
        assert!(answers.iter().all(|a| a.as_ref().unwrap().stale));
        // And then none is left that may stand in.
        world.pass(1_000);
        world.asked.set(0);
        let answers = world.at_once(&config, 0..POPS);
        assert!(world.asked.get() <= REQUESTS_MAX, "seed {seed}");
        for answer in answers {
            let failure = answer.unwrap_err();
            let kinds = ["status", "failing", "timeout"];
            assert!(kinds.contains(&failure.kind), "{failure:?}");
        }
    }
}

#[test]
fn lost_answers_of_the_store_cost_requests_and_nothing_else() {
    let config = config();
    for seed in 0..SEEDS {
        let world = warm(seed);
        world.lose_one_in.set(3);
        world.pass(70);
        let answers = world.at_once(&config, 0..POPS);
        assert!(answers.iter().all(Result::is_ok), "seed {seed}");
        // Whoever can't tell whether its claim was applied serves what is stored.
        assert!(world.asked.get() <= REQUESTS_MAX, "seed {seed}");
    }
}

#[test]
fn a_day_of_readers_is_a_request_each_ttl() {
    const PLACES: usize = 20;
    const MINUTES: i64 = 20;
    let config = config();
    let world = World::new(7, PLACES);
    let reader = |id: usize| {
        let (world, config) = (&world, &config);
        let task = async move {
            let (mut oldest_ms, mut answers) = (0, 0_u32);
            while world.now_ms.get() < MINUTES * 60_000 {
                let pop = world.pop(id);
                let answer = pop.ask(config).await.unwrap();
                let age = crate::host::Clock::now(&pop).0 - answer.fetched.0;
                oldest_ms = oldest_ms.max(age);
                answers += 1;
                world.sleep(1_900 + 7 * i64::try_from(id).unwrap()).await;
            }
            (oldest_ms, answers)
        };
        Box::pin(task) as Pin<Box<dyn Future<Output = (i64, u32)> + '_>>
    };
    let seen = world.run((0..PLACES).map(reader));
    let answers: u32 = seen.iter().map(|(_, answers)| answers).sum();
    let oldest_ms = seen.iter().map(|(oldest, _)| *oldest).max().unwrap();
    assert!(answers > 10_000, "{answers}");
    // A ttl less its jitter is 52.5 s at least; early refreshes come a few seconds sooner.
    assert!(world.asked.get() <= 30, "{}", world.asked.get());
    assert!(world.asked.get() >= 18, "{}", world.asked.get());
    assert!(world.applied.get() <= 2 * world.asked.get());
    // Early refreshes keep readers from ever seeing a stale one, but for replication.
    assert!(oldest_ms < 70_000, "{oldest_ms}");
}

#[test]
fn one_instance_asks_once() {
    let config = config();
    let world = World::new(1, 1);
    let in_flight: Rc<crate::cache::InFlight> = Rc::default();
    let ask = || {
        let mut pop = world.pop(0);
        pop.in_flight = Some(Rc::clone(&in_flight));
        let config = &config;
        let task = async move { pop.ask(config).await };
        Box::pin(task) as Pin<Box<dyn Future<Output = Result<Answer, Failure>> + '_>>
    };
    let answers = world.run((0..50).map(|_| ask()));
    assert_eq!(world.asked.get(), 1);
    assert!(answers.iter().all(|a| a == &answers[0] && a.is_ok()));
    // Also where the store takes nothing.
    world.pass(10_000);
    world.refuse_writes.set(true);
    let answers = world.run((0..50).map(|_| ask()));
    assert_eq!(world.asked.get(), 2);
    assert!(answers.iter().all(Result::is_ok));
    // Failures are shared too, and nothing is kept of them.
    world.status.set(500);
    world.pass(10_000);
    let answers = world.run((0..50).map(|_| ask()));
    assert_eq!(world.asked.get(), 3);
    assert!(answers.iter().all(Result::is_err));
    world.status.set(200);
    assert!(world.run([ask()]).remove(0).is_ok());
}

#[test]
fn another_takes_over_where_the_first_hangs_up() {
    let config = config();
    let world = World::new(1, 1);
    world.refuse_writes.set(true);
    let in_flight: Rc<crate::cache::InFlight> = Rc::default();
    let mut first = world.pop(0);
    first.in_flight = Some(Rc::clone(&in_flight));
    {
        let mut asking = pin!(first.ask(&config));
        let mut context = Context::from_waker(Waker::noop());
        // Far enough to lead, not to its end.
        for _ in 0..20 {
            assert!(asking.as_mut().poll(&mut context).is_pending());
            world.advance_to(world.now_ms.get() + 5);
        }
        assert_eq!(world.asked.get(), 1);
    }
    let mut second = world.pop(0);
    second.in_flight = Some(in_flight);
    assert!(world.alone(second.ask(&config)).is_ok());
    assert_eq!(world.asked.get(), 2);
}
