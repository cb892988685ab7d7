//! What sources and configurations do in a random history.

use super::world::{Post, World, at, config, post};
use crate::config::{Config, Retention};
use crate::slice::keys;

/// What a source's `mute` looks for.
const MUTED: &str = "hush";

/// SplitMix64.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }

    pub(super) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.roll(len as u64)).unwrap()
    }
}

/// The dice decide what the sources and the configuration do next.
pub(super) fn act(
    dice: &mut Dice,
    world: &World,
    site: &mut Config,
    next: &mut i64,
) -> &'static str {
    let source = ["a", "b", "ab"][dice.index(3)];
    let number = |dice: &mut Dice, next: &mut i64| {
        *next += 1;
        // Now and then a late find: dated long before what is sealed.
        if dice.roll(9) == 0 {
            *next - 2_000 - i64::try_from(dice.roll(900)).unwrap() * 10_000
        } else {
            *next
        }
    };
    match dice.roll(12) {
        0..5 => {
            let count = 1 + dice.roll(180);
            let posts: Vec<Post> = (0..count)
                .map(|_| post(source, number(dice, next)))
                .collect();
            world.edit(source, |known| {
                for post in posts {
                    if known.iter().all(|known| known.url != post.url) {
                        known.push(post);
                    }
                }
            });
            "adds"
        }
        5 | 6 => {
            let edits = 1 + dice.roll(60);
            world.edit(source, |posts| {
                for _ in 0..edits.min(posts.len() as u64) {
                    let at = dice.index(posts.len());
                    let word = ["7", "5", "Hush", "plain"][dice.index(4)];
                    posts[at].title = format!("{word} {}", dice.roll(1 << 40) & !0x7fff);
                }
            });
            "edits"
        }
        7 => {
            let window = dice.index(600);
            world.edit(source, |posts| {
                drop(posts.drain(..posts.len().saturating_sub(window)))
            });
            "a shorter document"
        }
        8 => {
            let muting = &mut site.sources[0].mute;
            if muting.pop().is_none() {
                muting.push(MUTED.to_owned());
            }
            "mute"
        }
        9 => {
            match dice.roll(3) {
                0 => site.views[0].include = vec![["7", "5"][dice.index(2)].to_owned()],
                1 => site.sources[0].category = ["alpha", "gamma"][dice.index(2)].to_owned(),
                _ if site.sources.len() == 3 => drop(site.sources.pop()),
                _ => site.sources.extend(config(&["ab"]).sources),
            }
            "another configuration"
        }
        10 => {
            site.retention = Retention {
                items: [None, Some(700)][dice.index(2)],
                days: None,
            };
            "retention"
        }
        _ => {
            world.kv.values.borrow_mut().remove(&at(keys::STATE));
            "a lost state"
        }
    }
}
