//! Which stories exist at a moment: a pure function of seed and time.

use edgefold::time::Timestamp;

use super::stories::Template;
use super::voices::Voice;
use super::words::Filler;
use crate::sim::SplitMix;
use crate::sim::clock::mix;

/// Stories are numbered from here: 2026-01-01T00:00:00Z.
const EPOCH_S: i64 = 1_767_225_600;
/// One story in this many is edited, where its template has an edited title.
const EDITED_ONE_IN: u64 = 3;
/// A flaky upstream fails for whole windows of this length.
const OUTAGE_WINDOW_S: i64 = 90;
/// Windows of a thousand in which a flaky upstream fails.
const OUTAGES_PER_MILLE: u64 = 150;

/// One entry of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Story {
    /// Grows by one with each story of its source.
    pub(super) number: u64,
    pub(super) published: Timestamp,
    /// Later than `published` where it was edited.
    pub(super) updated: Timestamp,
    pub(super) title: String,
    pub(super) summary: String,
    pub(super) author: String,
    pub(super) tags: Vec<String>,
    /// Where the story leads.
    pub(super) link: String,
    /// More of its own numbers, for figures that a renderer invents.
    pub(super) dice: u64,
}

/// The newest stories of `voice` at `now`, newest first.
pub(super) fn stories(voice: &Voice, seed: u64, now: Timestamp) -> Vec<Story> {
    let newest = (now.as_secs() - EPOCH_S).div_euclid(voice.period_s);
    (0..=newest)
        .rev()
        .map(|number| tell(voice, seed, u64::try_from(number).unwrap_or(0), now))
        .filter(|story| story.published <= now)
        .take(voice.window)
        .collect()
}

/// Whether the upstream of `voice` fails at `now`.
pub(super) fn is_down(voice: &Voice, seed: u64, now: Timestamp) -> bool {
    let window = now.as_secs().div_euclid(OUTAGE_WINDOW_S);
    let random = dice(seed, voice.id, window.unsigned_abs() ^ 0xfa11);
    voice.flaky && random.chance(OUTAGES_PER_MILLE)
}

fn tell(voice: &Voice, seed: u64, number: u64, now: Timestamp) -> Story {
    let random = dice(seed, voice.id, number);
    let own = random.next_u64();
    let slot = i64::try_from(number).unwrap_or(0) * voice.period_s;
    let jitter = i64::try_from(random.below(voice.period_s.unsigned_abs())).unwrap_or(0);
    let published = Timestamp::from_secs(EPOCH_S + slot + jitter);
    let edit_s = 90 + i64::try_from(random.below(600)).unwrap_or(0);
    let edited_at = published.plus_millis(edit_s * 1000);
    let template = pick(voice.stories, &random);
    let is_edited = !template.edited.is_empty()
        && (voice.always_edits || random.below(EDITED_ONE_IN) == 0)
        && edited_at <= now;
    let mut words = Filler::new(&random);
    words.set("version", version(number));
    let title = capital(&words.fill(template.title));
    let summary = capital(&words.fill(template.summary));
    let edited = capital(&words.fill(template.edited));
    let author = pick(voice.authors, &random);
    Story {
        number,
        published,
        updated: if is_edited { edited_at } else { published },
        link: format!("{}/{}/{}", voice.site, number, slug(&title)),
        title: if is_edited { edited } else { title },
        summary,
        author: (*author).to_owned(),
        tags: template.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        dice: own,
    }
}

/// Randomness that belongs to one number of one source.
pub(super) fn dice(seed: u64, id: &str, number: u64) -> SplitMix {
    let name = id
        .bytes()
        .fold(seed, |hash, byte| mix(hash ^ u64::from(byte)));
    SplitMix::new(mix(name ^ mix(number)))
}

fn pick<'a, T>(list: &'a [T], random: &SplitMix) -> &'a T {
    let index = usize::try_from(random.below(list.len() as u64)).unwrap_or(0);
    &list[index]
}

fn version(number: u64) -> String {
    format!("{}.{}.{}", 1 + number / 4000, (number / 9) % 60, number % 9)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

fn slug(title: &str) -> String {
    let lower = title.to_lowercase();
    let words = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words.take(6).collect::<Vec<_>>().join("-")
}

/// The template type is named here so that voices and stories need not know each other.
pub(super) type Templates = &'static [Template];
