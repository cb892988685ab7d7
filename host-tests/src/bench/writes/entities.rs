//! The upstreams of the day: JSON APIs that list their newest items with points and comments.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::sim::SplitMix;

/// Upstreams.
pub(super) const ENTITIES: usize = 60;
/// Items that an upstream lists on an ordinary day, the newest first.
pub(super) const LISTED: usize = 20;
/// Items that change in a cycle in which anything does: all new but one, which is an edit of a recent one.
pub(super) const CHANGED: usize = 5;
/// Items whose points or comments move from one cycle to the next.
const MOVED: usize = 10;
const CATEGORIES: [&str; 5] = ["news", "releases", "science", "status", "video"];

struct Story {
    number: u64,
    at_s: i64,
    edits: u32,
    points: i64,
    comments: i64,
}

struct Entity {
    stories: Vec<Story>,
    /// Grows with every change of what it lists.
    revision: u64,
}

/// All upstreams.
pub(super) struct Entities {
    entities: Vec<Entity>,
    random: SplitMix,
    stories: u64,
    /// Where the last cycle's news went.
    newest: Vec<usize>,
    /// Items that each lists now.
    listed: usize,
}

impl Entities {
    pub(super) fn new(seed: u64) -> Self {
        let entity = |_| Entity {
            stories: Vec::new(),
            revision: 0,
        };
        Self {
            entities: (0..ENTITIES).map(entity).collect(),
            random: SplitMix::new(seed),
            stories: 0,
            newest: Vec::new(),
            listed: LISTED,
        }
    }

    /// Every upstream lists this many items from here on, and forgets older ones.
    pub(super) fn list(&mut self, items: usize) {
        self.listed = items;
        for entity in &mut self.entities {
            let old = entity.stories.len().saturating_sub(items);
            entity.stories.drain(..old);
            entity.revision += 1;
        }
    }

    /// A new item of the upstream `entity`.
    pub(super) fn publish(&mut self, entity: usize, at_s: i64) {
        let number = self.stories;
        self.stories += 1;
        let story = Story {
            number,
            at_s,
            edits: 0,
            points: 1,
            comments: 0,
        };
        let listed = self.listed;
        if let Some(entity) = self.entities.get_mut(entity) {
            entity.stories.push(story);
            let old = entity.stories.len().saturating_sub(listed);
            entity.stories.drain(..old);
            entity.revision += 1;
        }
    }

    /// What happens between two cycles: points and comments move; where `changes`, items do too.
    pub(super) fn step(&mut self, at_s: i64, changes: bool) {
        for _ in 0..MOVED {
            let (chosen, points) = (self.any(), self.random.below(20));
            let back = usize::try_from(self.random.below(LISTED as u64)).unwrap_or(0);
            let entity = &mut self.entities[chosen];
            let last = entity.stories.len().saturating_sub(1);
            if let Some(story) = entity.stories.get_mut(last.saturating_sub(back)) {
                story.points += i64::try_from(points).unwrap_or(0) + 1;
                story.comments += 1;
                entity.revision += 1;
            }
        }
        if !changes {
            return;
        }
        if let Some(entity) = self
            .newest
            .first()
            .and_then(|at| self.entities.get_mut(*at))
            && let Some(story) = entity.stories.last_mut()
        {
            story.edits += 1;
            entity.revision += 1;
        }
        self.newest.clear();
        for nth in 1..CHANGED {
            let entity = self.any();
            self.publish(entity, at_s - i64::try_from(nth).unwrap_or(0));
            self.newest.push(entity);
        }
    }

    fn any(&self) -> usize {
        usize::try_from(self.random.below(ENTITIES as u64)).unwrap_or(0)
    }

    /// The `ETag` of what the upstream `entity` lists.
    pub(super) fn etag(&self, entity: usize) -> String {
        let revision = self
            .entities
            .get(entity)
            .map_or(0, |entity| entity.revision);
        format!("\"{entity}-{revision}\"")
    }

    /// What the upstream `entity` answers.
    pub(super) fn document(&self, entity: usize) -> Vec<u8> {
        let stories = self.entities.get(entity).map_or(&[][..], |e| &e.stories);
        let items: Vec<Value> = stories
            .iter()
            .rev()
            .map(|story| {
                let edited = if story.edits == 0 { "" } else { " (updated)" };
                let number = story.number;
                json!({
                    "key": format!("{entity}-{number}"),
                    "headline": format!("Number {number}: what is new in the world of widgets, and why it matters{edited}"),
                    "link": format!("https://entity-{entity}.example/2026/11/{number}-what-is-new-in-the-world-of-widgets"),
                    "at": story.at_s,
                    "by": "Ada Lovelace",
                    "text": "A paragraph of the length that most feeds have: who did what, where and when. ".repeat(3),
                    "labels": ["release", "rust", CATEGORIES[entity % CATEGORIES.len()]],
                    "score": story.points,
                    "replies": story.comments,
                })
            })
            .collect();
        serde_json::to_vec(&items).unwrap_or_default()
    }
}

/// Where the upstream `entity` is.
pub(super) fn address(entity: usize) -> String {
    format!("https://entity-{entity}.example/api")
}

/// The category of its items.
pub(super) fn category(entity: usize) -> &'static str {
    CATEGORIES[entity % CATEGORIES.len()]
}

/// edgefold's configuration for all of them: everything as it is by default but what is given.
pub(super) fn configuration(requests_per_run: usize, writes_per_day: u32) -> String {
    let mut text = format!(
        "[site]\ntitle = \"Bench\"\n[budget]\nwrites_per_day = {writes_per_day}\n[limits]\nrequests_per_run = {requests_per_run}\n"
    );
    for entity in 0..ENTITIES {
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "[[source]]\nid = \"entity-{entity}\"\ntitle = \"Entity {entity}\"\nurl = \"{}\"\nkind = \"json\"\ncategory = \"{}\"\nevery = \"15m\"\n\
             [source.map]\nitems = \"$[*]\"\nid = \"$.key\"\ntitle = \"$.headline\"\nurl = \"$.link\"\npublished = \"$.at\"\nauthor = \"$.by\"\n\
             summary = \"$.text\"\ntags = \"$.labels[*]\"\npoints = \"$.score\"\ncomments = \"$.replies\"",
            address(entity),
            category(entity),
        );
    }
    text
}
