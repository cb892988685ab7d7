//! Readers: whatever is answered is true, whole and no older than what this PoP has answered before.
//!
//! A visit asks for one thing that real readers ask for: all pages of a view from the newest to the end, one item by its id,
//! or the page for people. "Try again later" (503 with `Retry-After`) is always allowed; a wrong answer never is.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use edgefold::serve;
use http::{Request, StatusCode, header};
use serde_json::Value;

use super::super::Shared;
use super::super::execution::Execution;
use super::super::upstreams::{PostId, Upstreams};
use crate::sim::SplitMix;
use crate::sim::clock::mix;

/// A reader who is told "try again" does so this often.
const RETRIES_MAX: u32 = 30;
/// Pages of one walk, so that a walk in circles ends.
const PAGES_MAX: usize = 2_000;

/// What one PoP has answered so far.
#[derive(Default)]
pub(in super::super) struct Known {
    generation: u64,
    /// Posts, with the id and the title of their items.
    seen: BTreeMap<PostId, (String, String)>,
}

/// The readers of one PoP, one after another, until the safety phase ends.
pub(in super::super) async fn visits(world: Rc<Shared>, pop: usize) {
    let random = SplitMix::new(mix(world.seed ^ mix(pop as u64 ^ 0x4ead)));
    let known = RefCell::new(Known::default());
    let every_ms = world.options.visit_every_s * 1000;
    while !world.healed.get() {
        let wait = Duration::from_millis(every_ms / 2 + random.below(every_ms));
        world.timeline.sleep(wait).await;
        let reader = Reader {
            world: &world,
            pop,
            known: &known,
        };
        match random.below(8) {
            0..=2 => drop(reader.walk("all", limit(&random), &random).await),
            3 => drop(reader.walk("even", limit(&random), &random).await),
            4 => drop(reader.walk("sevens", limit(&random), &random).await),
            5 => reader.first_page().await,
            6 => reader.one_item(&random).await,
            _ => drop(reader.ask("/").await),
        }
    }
}

fn limit(random: &SplitMix) -> usize {
    [10, 25, 100][usize::try_from(random.below(3)).unwrap_or(0)]
}

/// Somebody who reads on one PoP.
pub(in super::super) struct Reader<'a> {
    pub(in super::super) world: &'a Rc<Shared>,
    pub(in super::super) pop: usize,
    pub(in super::super) known: &'a RefCell<Known>,
}

/// One page of a list.
struct Page {
    items: Vec<Value>,
    next: Option<String>,
    total: u64,
    generation: u64,
}

impl Reader<'_> {
    fn find(&self, text: impl std::fmt::Display) {
        self.world
            .find("pages", format!("PoP {}: {text}", self.pop));
    }

    /// Reads all pages of `view`. The posts in their order, or `None` where the walk was given up.
    pub(in super::super) async fn walk(
        &self,
        view: &str,
        limit: usize,
        random: &SplitMix,
    ) -> Option<Vec<PostId>> {
        let before: BTreeSet<PostId> = self.known.borrow().seen.keys().copied().collect();
        let mut posts: Vec<PostId> = Vec::new();
        let mut generations = BTreeSet::new();
        let mut first_total = None;
        let mut cursor = None;
        for _ in 0..PAGES_MAX {
            let page = self.page(view, limit, cursor.as_deref()).await?;
            generations.insert(page.generation);
            first_total = first_total.or(Some(page.total));
            for item in &page.items {
                let Some(post) = self.check_item(item) else {
                    continue;
                };
                if posts.contains(&post) {
                    self.find(format!("{post:?} twice in one walk over `{view}`"));
                }
                posts.push(post);
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
            self.think(random).await;
        }
        self.world.tally.borrow_mut().walks += 1;
        self.check_walk(
            view,
            &posts,
            &before,
            &generations,
            first_total.unwrap_or(0),
        );
        Some(posts)
    }

    /// Nothing that was there is missing, and the counts fit.
    fn check_walk(
        &self,
        view: &str,
        posts: &[PostId],
        before: &BTreeSet<PostId>,
        generations: &BTreeSet<u64>,
        total: u64,
    ) {
        if self.world.options.retention_items.is_some() {
            return;
        }
        let walked: BTreeSet<PostId> = posts.iter().copied().collect();
        if view == "all"
            && let Some(lost) = before.difference(&walked).next()
        {
            self.find(format!(
                "{lost:?} was there and is missing from a walk, generations {generations:?}"
            ));
        }
        let count = posts.len() as u64;
        let fits = if generations.len() == 1 {
            count == total
        } else {
            count >= total
        };
        if !fits {
            self.find(format!(
                "a walk over `{view}` found {count} items of {total}, generations {generations:?}"
            ));
        }
    }

    async fn think(&self, random: &SplitMix) {
        if !self.world.healed.get() {
            let wait = Duration::from_millis(random.below(15_000));
            self.world.timeline.sleep(wait).await;
        }
    }

    async fn page(&self, view: &str, limit: usize, cursor: Option<&str>) -> Option<Page> {
        let mut target = format!("/api/items?limit={limit}");
        if view != "all" {
            target += &format!("&category={view}");
        }
        if let Some(cursor) = cursor {
            target += &format!("&cursor={cursor}");
        }
        let answer = self.ask_patiently(&target).await?;
        let page = self.read_page(&answer);
        if page.is_none() {
            self.find(format!("{target} is answered with {answer}"));
        }
        let page = page?;
        if page.items.len() > limit {
            self.find(format!("{target} has {} items", page.items.len()));
        }
        self.check_generation(page.generation, &target);
        Some(page)
    }

    fn read_page(&self, answer: &Value) -> Option<Page> {
        Some(Page {
            items: answer["items"].as_array()?.clone(),
            next: answer["next"].as_str().map(str::to_owned),
            total: answer["total"].as_u64()?,
            generation: answer["generation"].as_u64()?,
        })
    }

    fn check_generation(&self, generation: u64, target: &str) {
        let mut known = self.known.borrow_mut();
        if generation < known.generation {
            let newer = known.generation;
            self.world.find(
                "generations",
                format!(
                    "PoP {}: {target} is of generation {generation} after {newer}",
                    self.pop
                ),
            );
        }
        known.generation = known.generation.max(generation);
    }

    /// The item is a post that exists, under a title that it has or had.
    fn check_item(&self, item: &Value) -> Option<PostId> {
        let (url, title) = (item["url"].as_str(), item["title"].as_str());
        let post = url.and_then(Upstreams::at_address);
        let upstreams = self.world.upstreams.borrow();
        let Some(post) = post.filter(|post| upstreams.has_had(*post, title.unwrap_or_default()))
        else {
            self.find(format!("no source has ever published {item}"));
            return None;
        };
        let id = item["id"].as_str().unwrap_or_default().to_owned();
        let title = title.unwrap_or_default().to_owned();
        self.known.borrow_mut().seen.insert(post, (id, title));
        Some(post)
    }

    /// Titles seen that are no longer those of their posts.
    pub(in super::super) fn stale(&self) -> Vec<String> {
        let upstreams = self.world.upstreams.borrow();
        let known = self.known.borrow();
        let old = known
            .seen
            .iter()
            .filter(|(post, (_, title))| upstreams.title(**post) != *title);
        old.map(|(_, (_, title))| format!("`{title}`")).collect()
    }

    async fn first_page(&self) {
        if let Some(page) = self.page("odd", 25, None).await {
            for item in &page.items {
                self.check_item(item);
            }
        }
    }

    /// An item that was listed before is found by its id.
    async fn one_item(&self, random: &SplitMix) {
        let chosen = {
            let known = self.known.borrow();
            let index = usize::try_from(random.below(known.seen.len() as u64)).unwrap_or(0);
            known
                .seen
                .iter()
                .nth(index)
                .map(|(post, (id, _))| (*post, id.clone()))
        };
        let Some((post, id)) = chosen else {
            return;
        };
        if let Some(item) = self.ask(&format!("/api/items/{id}")).await
            && self.check_item(&item).is_some_and(|found| found != post)
        {
            self.find(format!("{post:?} was asked for, {item} answered"));
        }
    }

    /// As [`Reader::ask`], again and again while the answer is "try again".
    async fn ask_patiently(&self, target: &str) -> Option<Value> {
        for _ in 0..RETRIES_MAX {
            if let Some(answer) = self.ask(target).await {
                return Some(answer);
            }
            self.world.timeline.sleep(Duration::from_secs(10)).await;
        }
        None
    }

    /// Asks; `None` where the answer is "try again", "gone" where something may be, or the process died.
    async fn ask(&self, target: &str) -> Option<Value> {
        let execution = Execution::of_reader(self.world, self.pop);
        let request = Request::get(target).body(Bytes::new()).ok()?;
        let handled = serve::handle(&execution, &self.world.config, request);
        let answer = execution.until_crash(handled).await?;
        let mut tally = self.world.tally.borrow_mut();
        tally.reads += 1;
        let retries = answer.headers().contains_key(header::RETRY_AFTER);
        let drops = self.world.options.retention_items.is_some();
        match answer.status() {
            StatusCode::OK if target == "/" => None,
            StatusCode::OK => serde_json::from_slice(&answer.into_body().into_bytes()).ok(),
            StatusCode::SERVICE_UNAVAILABLE if retries => {
                tally.retries += 1;
                None
            }
            StatusCode::GONE | StatusCode::NOT_FOUND if drops => None,
            status => {
                drop(tally);
                let body = answer.into_body().into_bytes();
                self.find(format!(
                    "{target}: {status} {}",
                    String::from_utf8_lossy(&body)
                ));
                None
            }
        }
    }
}
