//! Upstreams that evolve: what each has published at a moment is a pure function of the seed, and so is the truth that the
//! checkers compare with.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use edgefold::host::{HttpError, Outgoing};
use edgefold::time::Timestamp;

use super::options::UpstreamOptions;
use super::timeline::Timeline;
use crate::sim::clock::mix;
use crate::sim::{Answer, SplitMix};

/// One post: its source's number and its own.
pub(super) type PostId = (usize, u64);

/// All sources.
pub(super) struct Upstreams {
    options: UpstreamOptions,
    seed: u64,
    timeline: Timeline,
    begins: Timestamp,
    /// Nothing changes after this, where set.
    frozen: Option<Timestamp>,
    random: SplitMix,
}

/// How a source writes its document.
#[derive(Clone, Copy)]
enum Form {
    JsonFeed,
    Atom,
    /// RSS without dates: a post is as old as its first sight.
    UndatedRss,
}

impl Upstreams {
    pub(super) fn new(
        options: &UpstreamOptions,
        seed: u64,
        timeline: &Timeline,
        begins: Timestamp,
    ) -> Self {
        Self {
            options: options.clone(),
            seed: mix(seed ^ 0x0005_0a2c),
            timeline: timeline.clone(),
            begins,
            frozen: None,
            random: SplitMix::new(mix(seed ^ 0xfa11)),
        }
    }

    /// From here on nothing new appears and nothing goes wrong.
    pub(super) fn heal(&mut self) {
        self.frozen = Some(self.now());
    }

    /// The `[[source]]` and `[[view]]` tables of the site.
    pub(super) fn toml(&self) -> String {
        let mut toml = String::new();
        for source in 0..self.options.sources {
            let category = if source % 2 == 0 { "even" } else { "odd" };
            let every = self.options.every_s;
            let _ = write!(
                toml,
                "[[source]]\nid = \"s{source}\"\ntitle = \"Source {source}\"\nurl = \"https://s{source}.example/feed\"\nkind = \"feed\"\ncategory = \"{category}\"\nevery = \"{every}s\"\n\n"
            );
        }
        toml + "[[view]]\nid = \"sevens\"\ntitle = \"Sevens\"\ninclude = [\"seven\"]\n"
    }

    /// Every post that some source lists now.
    pub(super) fn published(&self) -> BTreeSet<PostId> {
        (0..self.options.sources)
            .flat_map(|source| self.listed(source))
            .collect()
    }

    /// Whether `post` is published, and has had `title` at some moment up to now.
    pub(super) fn has_had(&self, post: PostId, title: &str) -> bool {
        let (source, number) = post;
        if source >= self.options.sources || self.published_at(source, number) > self.now() {
            return false;
        }
        let newest = self.version(post);
        (0..=newest).any(|version| title_of(post, version) == title)
    }

    /// Its title now.
    pub(super) fn title(&self, post: PostId) -> String {
        title_of(post, self.version(post))
    }

    /// The post at an address.
    pub(super) fn at_address(url: &str) -> Option<PostId> {
        let rest = url.strip_prefix("https://s")?;
        let (source, number) = rest.split_once(".example/posts/")?;
        Some((source.parse().ok()?, number.parse().ok()?))
    }

    /// Answers one request.
    pub(super) fn answer(&mut self, request: &Outgoing) -> Answer {
        let source = request
            .url
            .host_str()
            .and_then(|host| host.strip_prefix('s')?.strip_suffix(".example"))
            .and_then(|source| source.parse::<usize>().ok());
        let Some(source) = source.filter(|source| *source < self.options.sources) else {
            return Answer::error(HttpError::Connect("no such host".into()));
        };
        let took = Duration::from_millis(20 + self.random.below(400));
        if self.frozen.is_none()
            && let Some(fault) = self.fault(source, took)
        {
            return fault;
        }
        let body = self.document(source);
        let etag = etag(&body);
        let known = request.headers.get("if-none-match");
        let answer = if known.is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
            Answer::status(304)
        } else {
            Answer::ok(body)
        };
        answer.header("etag", &etag).after(took)
    }

    fn fault(&self, source: usize, took: Duration) -> Option<Answer> {
        let options = &self.options;
        let drawn = self.random.below(1000);
        let mut upto = 0;
        let mut strikes = |rate: u64| {
            let before = upto;
            upto += rate;
            (before..upto).contains(&drawn)
        };
        if strikes(options.throttled_per_mille) {
            let wait = (1 + self.random.below(900)).to_string();
            return Some(Answer::status(429).header("retry-after", &wait).after(took));
        }
        if strikes(options.failing_per_mille) {
            let status = if self.random.chance(500) { 500 } else { 503 };
            return Some(Answer::status(status).after(took));
        }
        if strikes(options.stalling_per_mille) {
            return Some(Answer::status(200).after(Duration::from_secs(3600)));
        }
        if strikes(options.truncated_per_mille) {
            return Some(self.truncated(source, took));
        }
        None
    }

    fn truncated(&self, source: usize, took: Duration) -> Answer {
        if self.random.chance(500) {
            let error = HttpError::Protocol("ends before its declared length".into());
            return Answer::error(error).after(took);
        }
        // A generator that broke down: whole as HTTP, with a validator of its own, and cut as a document. Cut where an entry
        // begins: half a title or half an address would be a wrong one, and nobody could tell.
        let mut body = self.document(source);
        let cut = usize::try_from(self.random.below(body.len() as u64 + 1)).unwrap_or(0);
        let begins = |at: &usize| {
            matches!(
                body.get(*at..),
                Some([b'{', b'"', b'i', ..] | [b'<', b'i' | b'e', ..])
            )
        };
        body.truncate((0..=cut).rev().find(begins).unwrap_or(0));
        let etag = etag(&body);
        Answer::ok(body).header("etag", &etag).after(took)
    }

    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.timeline.now().as_millis()).unwrap_or(i64::MAX);
        let now = self.begins.plus_millis(passed);
        self.frozen.map_or(now, |frozen| frozen.min(now))
    }

    /// Posts that `source` lists now, newest first.
    fn listed(&self, source: usize) -> Vec<PostId> {
        let now = self.now();
        let own = (0..)
            .map(|number| (source, number))
            .take_while(|(_, number)| self.published_at(source, *number) <= now);
        let mut all: Vec<PostId> = own.collect();
        if source > 0 && source + 1 == self.options.sources {
            let echoed = self
                .listed(0)
                .into_iter()
                .filter(|(_, number)| number % 2 == 0);
            all.extend(echoed);
        }
        all.sort_by_key(|(source, number)| {
            std::cmp::Reverse((self.published_at(*source, *number), *source))
        });
        all
    }

    fn published_at(&self, source: usize, number: u64) -> Timestamp {
        let every_ms = self.options.post_every_s.max(1) * 1000;
        let jitter = self.dice(source, number).below(every_ms);
        let offset = (number * every_ms + jitter).cast_signed();
        let before = (self.options.posts_before * every_ms).cast_signed();
        self.begins.plus_millis(offset - before)
    }

    /// 0, or 1 once it is edited.
    fn version(&self, (source, number): PostId) -> u64 {
        let dice = self.dice(source, number);
        let _jitter = dice.next_u64();
        let edited = dice.chance(self.options.edited_per_mille);
        let after_ms = (60_000 + dice.below(2 * 60 * 60 * 1000)).cast_signed();
        let at = self.published_at(source, number).plus_millis(after_ms);
        u64::from(edited && at <= self.now())
    }

    fn dice(&self, source: usize, number: u64) -> SplitMix {
        SplitMix::new(mix(self.seed ^ mix(source as u64) ^ mix(number ^ 0x9057)))
    }

    fn document(&self, source: usize) -> Vec<u8> {
        let posts = self.listed(source);
        let form = match source % 3 {
            0 => Form::JsonFeed,
            1 => Form::UndatedRss,
            _ => Form::Atom,
        };
        let mut text = match form {
            Form::JsonFeed => {
                r#"{"version":"https://jsonfeed.org/version/1.1","title":"S","items":["#
            }
            Form::Atom => r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>S</title>"#,
            Form::UndatedRss => r#"<rss version="2.0"><channel><title>S</title>"#,
        }
        .to_owned();
        for (index, post) in posts.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            self.entry(&mut text, form, source, *post, comma);
        }
        text += match form {
            Form::JsonFeed => "]}",
            Form::Atom => "</feed>",
            Form::UndatedRss => "</channel></rss>",
        };
        text.into_bytes()
    }

    fn entry(&self, text: &mut String, form: Form, lister: usize, post: PostId, comma: &str) {
        let (source, number) = post;
        let title = self.title(post);
        let url = format!("https://s{source}.example/posts/{number}");
        let id = format!("{lister}-{source}-{number}");
        let at = self.published_at(source, number);
        let _ = match form {
            Form::JsonFeed => write!(
                text,
                r#"{comma}{{"id":"{id}","url":"{url}","title":"{title}","date_published":"{at}"}}"#
            ),
            Form::Atom => write!(
                text,
                r#"<entry><id>{id}</id><link href="{url}"/><title>{title}</title><published>{at}</published><updated>{at}</updated></entry>"#
            ),
            Form::UndatedRss => write!(
                text,
                "<item><guid isPermaLink=\"false\">{id}</guid><link>{url}</link><title>{title}</title></item>"
            ),
        };
    }
}

fn title_of((source, number): PostId, version: u64) -> String {
    let seven = if number % 7 == 0 { " seven" } else { "" };
    match version {
        0 => format!("Post {number} of {source}{seven}"),
        _ => format!("Post {number} of {source}{seven}, edited"),
    }
}

fn etag(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}
