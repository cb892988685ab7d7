//! Random histories against a list: adds, edits, withdrawals, retention, changes of the configuration, lost states, crashes.
//!
//! The model knows which items a site has and which views each is in; places it learns from what is published, because
//! they depend on what was sealed when. A failure names its seed and step: put the seed alone into [`SEEDS`] to replay it.

use std::collections::{BTreeMap, BTreeSet};

use super::actions::{Dice, act};
use super::world::{Fault, World, at, config};
use crate::config::Config;
use crate::cycle::RunOutcome;
use crate::slice::{Position, keys};

const SEEDS: std::ops::Range<u64> = 0..4;
const STEPS: usize = 30;
/// Publishes until edits that wait have all been carried out.
const ROUNDS_MAX: usize = 40;
/// An item as the site has to have it.
#[derive(Debug, Clone, PartialEq)]
struct Item {
    source: String,
    category: String,
    title: String,
    views: BTreeSet<String>,
    /// Learnt after it was first published; stays.
    id: Option<String>,
}

/// What is to be there, by address.
#[derive(Default)]
struct Model {
    items: BTreeMap<String, Item>,
    /// Left by retention: never to come back.
    dropped: BTreeSet<String>,
}

/// The views of an item by the configuration of today.
fn views_of(site: &Config, category: &str, title: &str) -> BTreeSet<String> {
    let title = title.to_lowercase();
    let declared = site
        .views
        .iter()
        .filter(|view| view.include.iter().any(|word| title.contains(word)));
    let mut views: BTreeSet<String> = declared.map(|view| view.id.clone()).collect();
    views.extend([category.to_owned(), "all".to_owned()]);
    views
}

fn all_views(site: &Config) -> BTreeSet<String> {
    let categories = site.sources.iter().map(|source| source.category.clone());
    let declared = site.views.iter().map(|view| view.id.clone());
    categories
        .chain(declared)
        .chain(["all".to_owned()])
        .collect()
}

fn passes(muted: &[String], title: &str) -> bool {
    let title = title.to_lowercase();
    !muted.iter().any(|word| title.contains(word))
}

impl Model {
    /// What a cycle does with the documents that `world` has, all edits carried out.
    fn cycle(&mut self, world: &World, site: &Config, was: &Config) {
        let head = world
            .kv
            .values
            .borrow()
            .contains_key(&at(keys::HEAD))
            .then(|| world.head());
        if site != was {
            let views = all_views(site);
            let unsealed = |item: &Item| {
                let position = item.id.as_deref().and_then(Position::from_id);
                let found = |position| {
                    head.as_ref()
                        .is_some_and(|head| head.items.find(position).is_some())
                };
                position.is_some_and(found)
            };
            self.items.retain(|_, item| {
                if !unsealed(item) {
                    item.views.retain(|view| views.contains(view));
                    return true;
                }
                let source = site.sources.iter().find(|source| source.id == item.source);
                let Some(source) = source.filter(|source| passes(&source.mute, &item.title)) else {
                    return false;
                };
                item.category.clone_from(&source.category);
                item.views = views_of(site, &item.category, &item.title);
                true
            });
        }
        let dropped = head.as_ref().and_then(crate::slice::Head::dropped_upto);
        for source in &site.sources {
            let posts = world.documents.borrow().get(&source.id).cloned();
            for post in posts.and_then(Result::ok).unwrap_or_default() {
                let url = post.url.clone().unwrap();
                let passes = passes(&source.mute, &post.title);
                let old = post
                    .at
                    .is_some_and(|at| dropped.is_some_and(|dropped| at * 1000 <= dropped.rank));
                match self.items.get_mut(&url) {
                    Some(_) if !passes => drop(self.items.remove(&url)),
                    Some(item) if item.title != post.title || item.category != source.category => {
                        // A view is left where the item as it was belongs there by the definitions of today.
                        for view in views_of(site, &item.category, &item.title) {
                            item.views.remove(&view);
                        }
                        item.title.clone_from(&post.title);
                        item.category.clone_from(&source.category);
                        item.views
                            .extend(views_of(site, &item.category, &item.title));
                    }
                    Some(_) => {}
                    None if !passes || old || self.dropped.contains(&url) => {}
                    None => {
                        let item = Item {
                            source: source.id.clone(),
                            category: source.category.clone(),
                            views: views_of(site, &source.category, &post.title),
                            title: post.title,
                            id: None,
                        };
                        self.items.insert(url, item);
                    }
                }
            }
        }
    }

    /// Compares what is published with what is to be there, and learns places.
    fn check(&mut self, world: &World, site: &Config, case: &str) {
        let all = world.walk("all", 73);
        let listed: Vec<(String, String)> = all.iter().map(url_and_id).collect();
        assert!(
            listed.windows(2).all(|two| two[0].1 > two[1].1),
            "{case}: order"
        );
        for (url, id) in &listed {
            let item = self.items.get_mut(url);
            let item = item.unwrap_or_else(|| panic!("{case}: {url} is not to be there"));
            let known = item.id.get_or_insert_with(|| id.clone());
            assert_eq!(known, id, "{case}: {url} has moved");
        }
        self.retain(&listed, site, case);
        for view in all_views(site) {
            let published = world.walk(&view, 41);
            let mut want: Vec<(&String, &Item)> = self.items.iter().collect();
            want.retain(|(_, item)| item.views.contains(&view));
            want.sort_by_key(|(_, item)| std::cmp::Reverse(item.id.clone()));
            // The view of everything decides what retention drops; others may still have some of it at their old end.
            let (kept, rest) = published.split_at(want.len().min(published.len()));
            let kept: Vec<(String, String)> = kept.iter().map(url_and_title).collect();
            let want: Vec<(String, String)> = want
                .into_iter()
                .map(|(url, item)| (url.clone(), item.title.clone()))
                .collect();
            assert_eq!(kept, want, "{case}: {view}");
            let dropped = |item| self.dropped.contains(&url_and_id(item).0);
            assert!(rest.iter().all(dropped), "{case}: {view} has more");
            self.counts(world, site, &view, &published, case);
        }
    }

    /// Whole segments leave at the old end, and not more than may.
    fn retain(&mut self, listed: &[(String, String)], site: &Config, case: &str) {
        let gone = self.items.len() - listed.len();
        let mut oldest: Vec<(&Option<String>, &String)> = self
            .items
            .iter()
            .map(|(url, item)| (&item.id, url))
            .collect();
        oldest.sort();
        let gone: Vec<String> = oldest
            .into_iter()
            .take(gone)
            .map(|(_, url)| url.clone())
            .collect();
        let there: BTreeSet<&String> = listed.iter().map(|(url, _)| url).collect();
        let missing: Vec<&String> = self
            .items
            .keys()
            .filter(|url| !there.contains(url))
            .collect();
        if !missing.is_empty() {
            let kept = site
                .retention
                .items
                .unwrap_or_else(|| panic!("{case}: lost {missing:?}"));
            assert!(
                listed.len() as u64 >= kept,
                "{case}: too few are kept: {}",
                listed.len()
            );
        }
        for url in gone {
            assert!(
                !there.contains(&url),
                "{case}: {url} is older than what left"
            );
            let item = self.items.remove(&url);
            assert!(
                item.is_some_and(|item| item.id.is_some()),
                "{case}: {url} was never there"
            );
            self.dropped.insert(url);
        }
    }

    fn counts(
        &self,
        world: &World,
        site: &Config,
        view: &str,
        published: &[serde_json::Value],
        case: &str,
    ) {
        let head = world.head();
        let index = head.view(view).unwrap();
        for source in &site.sources {
            let counted = head
                .source(&source.id)
                .map_or(0, |source| head.view_source_items(index, source));
            let there = published
                .iter()
                .filter(|item| item["source"] == source.id.as_str())
                .count();
            assert_eq!(counted, there as u64, "{case}: {view} of {}", source.id);
        }
    }
}

fn text(item: &serde_json::Value, field: &str) -> String {
    item[field].as_str().unwrap().to_owned()
}

fn url_and_id(item: &serde_json::Value) -> (String, String) {
    (text(item, "url"), text(item, "id"))
}

fn url_and_title(item: &serde_json::Value) -> (String, String) {
    (text(item, "url"), text(item, "title"))
}

fn history(seed: u64) {
    let mut dice = Dice(seed);
    let world = World::new();
    let mut site = config(&["a", "b", "ab"]);
    for source in ["a", "b", "ab"] {
        world.set(source, Vec::new());
    }
    world.cycle(&site);
    let (mut model, mut next, mut was) = (Model::default(), 200_000, site.clone());
    for step in 0..STEPS {
        let what = act(&mut dice, &world, &mut site, &mut next);
        let case = format!("seed {seed}, step {step}: {what}");
        model.cycle(&world, &site, &was);
        was = site.clone();
        world.pass(600 + i64::try_from(dice.roll(6_000)).unwrap());
        if dice.roll(4) == 0 {
            let fault = [
                Fault::CrashBefore,
                Fault::CrashAfter,
                Fault::AmbiguousApplied,
                Fault::AmbiguousLost,
            ][dice.index(4)];
            let at = world.kv.operations.get() + u32::try_from(dice.roll(14)).unwrap();
            world.kv.fault.set(Some((at, fault)));
            let _crashed = world.try_cycle(&site);
            world.kv.fault.set(None);
            world.pass(60);
        }
        let rounds = (0..ROUNDS_MAX).take_while(|_| {
            let report = world.cycle(&site);
            world.pass(60);
            report.outcome != RunOutcome::Unchanged
        });
        assert!(rounds.count() < ROUNDS_MAX, "{case}: never at rest");
        model.check(&world, &site, &case);
    }
}

#[test]
fn every_view_is_what_the_model_says() {
    for seed in SEEDS {
        history(seed);
    }
}
