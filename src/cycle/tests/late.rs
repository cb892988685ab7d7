//! A store that gives no bound, and a site that publishes all the time: what is lost is told from what is late by its own age.

use http::StatusCode;

use super::lost::{get, json};
use super::repair::{look, mend};
use super::world::{World, at, config, post};
use crate::config::Config;
use crate::cycle::RunOutcome;
use crate::slice::{Head, SliceRef, keys};

/// Between two publishes.
const EVERY_S: i64 = 600;
/// News of each: few, and so many that each publish seals.
const NEWS: [i64; 2] = [2, 60];
/// Publishes until a value is waited for no more, from the one that named it on.
const WAITED: usize = 3_600 / EVERY_S as usize;

struct Busy {
    world: World,
    site: Config,
    posts: i64,
    news: i64,
}

impl Busy {
    fn new(news: i64) -> Self {
        let (world, mut site) = (World::new(), config(&["a"]));
        site.budget.writes_per_day = 100_000;
        let mut busy = Self {
            world,
            site,
            posts: 800,
            news,
        };
        busy.publish();
        busy
    }

    fn publish(&mut self) -> Head {
        self.posts += self.news;
        let posts = (0..self.posts).map(|number| post("a", number)).collect();
        self.world.set("a", posts);
        self.world.pass(EVERY_S);
        let report = self.world.cycle(&self.site);
        assert_eq!(report.outcome, RunOutcome::Published, "{report:?}");
        self.world.head()
    }

    /// The first page that needs `listed`; another address each time, since an instance shows again what it has shown.
    fn page(&self, listed: SliceRef, limit: usize) -> (StatusCode, String) {
        let cursor = crate::read::Cursor::from(listed.newest);
        let path = format!("/api/items?limit={limit}&cursor={cursor}");
        get(&self.world, &self.site, &path)
    }
}

#[test]
fn what_is_lost_is_told_within_an_hour_of_publishes() {
    for news in NEWS {
        let mut busy = Busy::new(news);
        let head = busy.publish();
        // In the middle: full, and not written anew by a seal.
        let lost = head.segments(0).nth(1).unwrap();
        let key = at(&keys::segment(lost.name));
        let (_, before) = get(&busy.world, &busy.site, "/api/export.ndjson");
        busy.world.kv.values.borrow_mut().remove(&key).unwrap();
        let mut waited = 0;
        while busy.page(lost, 20 + waited).0 == StatusCode::SERVICE_UNAVAILABLE {
            busy.publish();
            waited += 1;
            assert!(waited <= WAITED, "{news}: {waited}");
        }
        let (status, page) = busy.page(lost, 90);
        assert_eq!(status, StatusCode::OK, "{page}");
        let page: serde_json::Value = serde_json::from_str(&page).unwrap();
        assert!(page["lost"].as_u64() > Some(0), "{page}");
        // Cycles that need it go on without it: the memory is read back.
        busy.world.kv.values.borrow_mut().remove(&at(keys::STATE));
        busy.publish();
        let (status, export) = get(&busy.world, &busy.site, "/api/export.ndjson");
        assert_eq!(status, StatusCode::OK);
        assert!(export.contains("\"lost\":1"));
        assert!(
            mend(&busy.world, &busy.site)
                .iter()
                .any(|one| one.restored > 0)
        );
        let (_, export) = get(&busy.world, &busy.site, "/api/export.ndjson");
        assert!(export.starts_with(&before), "{news}");
        assert_eq!(
            json(&busy.world, &busy.site, "/api/items?limit=1")["lost"],
            serde_json::Value::Null
        );
    }
}

#[test]
fn what_is_on_its_way_is_waited_for_whatever_is_published_meanwhile() {
    for news in NEWS {
        let mut busy = Busy::new(news);
        // Until something is sealed: it is named by this publish.
        let before: Vec<SliceRef> = busy.world.head().segments(0).collect();
        let (late, published) = loop {
            let head = busy.publish();
            let named = head.segments(0).find(|listed| !before.contains(listed));
            if let Some(named) = named {
                break (named, head.updated());
            }
        };
        let key = at(&keys::segment(late.name));
        let value = busy.world.kv.values.borrow_mut().remove(&key).unwrap();
        for limit in 20.. {
            let age_s = busy.world.now.get() - published.as_secs();
            if age_s >= 3_600 {
                break;
            }
            assert_eq!(
                busy.page(late, limit).0,
                StatusCode::SERVICE_UNAVAILABLE,
                "{news}: {age_s}"
            );
            let looked = look(&busy.world, &busy.site, None);
            assert!(
                looked.lost.is_empty() && looked.waiting.len() == 1,
                "{looked:?}"
            );
            busy.publish();
        }
        busy.world.kv.values.borrow_mut().insert(key, value);
        assert_eq!(busy.page(late, 99).0, StatusCode::OK);
    }
}
