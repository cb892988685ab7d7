//! Fills templates with invented names and plausible figures.

use std::collections::BTreeMap;

use crate::sim::SplitMix;

/// What `{slot}` may stand for. A slot with a digit at its end (`{person2}`) picks from the same list once more.
const LISTS: &[(&str, &[&str])] = &[
    (
        "model",
        &[
            "Lumen-3",
            "Heron 70B",
            "Marrow-2",
            "Quill XL",
            "Basalt 8B",
            "Tern Vision",
            "Oriel Mini",
            "Sparrow 1.5",
            "Kelp-MoE",
            "Juniper 32B",
        ],
    ),
    (
        "bench",
        &[
            "DocMaze",
            "ProofLadder",
            "CodeHarbor",
            "ToolRelay",
            "QuietVQA",
            "FieldNotes-500",
            "LongShelf",
            "Tangram-R",
            "OpenOrchard",
        ],
    ),
    (
        "lab",
        &[
            "Lumen Labs",
            "the Northgate Institute",
            "Helio Research",
            "the Varda group",
            "Caldera AI",
            "the Institute for Applied Inference",
            "Saltmarsh",
            "Team Ember",
        ],
    ),
    (
        "person",
        &[
            "Ines Okafor",
            "Tomasz Lind",
            "Priya Ramanathan",
            "Jonah Abele",
            "Mei Castellanos",
            "Anders Quist",
            "Leila Haddad",
            "Sam Whitlock",
            "Noor van Dijk",
            "Ruth Adeyemi",
            "Kaito Moreau",
            "Elena Brandt",
        ],
    ),
    (
        "task",
        &[
            "long-document question answering",
            "protein folding",
            "code review",
            "speech separation",
            "robot grasping",
            "weather nowcasting",
            "theorem proving",
            "chart reading",
            "low-resource translation",
            "tool use",
        ],
    ),
    (
        "method",
        &[
            "sparse attention",
            "speculative decoding",
            "distillation",
            "retrieval",
            "mixture of experts",
            "quantisation to 3 bits",
            "synthetic curricula",
            "test-time search",
            "weight averaging",
            "activation steering",
        ],
    ),
    (
        "thing",
        &[
            "hospital triage notes",
            "legal archives",
            "satellite imagery",
            "call-centre audio",
            "chip layouts",
            "crop photographs",
            "museum catalogues",
            "court transcripts",
        ],
    ),
    (
        "agency",
        &[
            "the Digital Markets Board",
            "the Senate committee",
            "the standards office",
            "Parliament",
            "the data protection authority",
            "the procurement agency",
        ],
    ),
    (
        "city",
        &[
            "Port Halden",
            "Sant Ferrol",
            "Mirador Bay",
            "Keshwick",
            "Nuevo Arroyo",
            "Ostermark",
            "Tavaluna",
            "Grand Esker",
            "Ilha Verde",
            "Kumari Point",
            "Hollowfjord",
            "Baie des Pins",
        ],
    ),
    (
        "wind",
        &[
            "N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW",
            "NW", "NNW",
        ],
    ),
    (
        "region",
        &[
            "the northern coast",
            "the Esker valley",
            "the southern highlands",
            "the Halden strait",
            "the eastern plains",
            "the lake district",
            "the outer islands",
        ],
    ),
    (
        "hazard",
        &[
            "Gale",
            "Heavy rain",
            "Flood",
            "Dense fog",
            "Avalanche",
            "Coastal flood",
            "Heat",
            "Thunderstorm",
            "Ice",
        ],
    ),
    (
        "colour",
        &["Yellow", "Yellow", "Yellow", "Orange", "Orange", "Red"],
    ),
    (
        "service",
        &[
            "Object storage",
            "Managed Postgres",
            "Build runners",
            "Edge functions",
            "DNS",
            "Container registry",
            "Web console",
            "Message queues",
            "Login",
        ],
    ),
    (
        "zone",
        &[
            "eu-west-2",
            "us-east-1",
            "ap-south-1",
            "eu-north-1",
            "us-central-3",
            "sa-east-1",
        ],
    ),
    (
        "symptom",
        &[
            "elevated error rates",
            "increased latency",
            "delayed jobs",
            "failed deployments",
            "intermittent time-outs",
            "missing metrics",
        ],
    ),
    (
        "cause",
        &[
            "a faulty network card",
            "an expired internal certificate",
            "a configuration rollout",
            "a saturated link between two zones",
            "a slow database migration",
            "a kernel regression on new hosts",
        ],
    ),
    (
        "crate",
        &[
            "tidewater",
            "gristmill",
            "parquetry",
            "lanternfish",
            "hashbox",
            "quietlog",
            "mortise",
            "fennel-http",
            "tarpaulin-ui",
            "snowline",
            "oxbow",
            "pebble-sql",
        ],
    ),
    (
        "subsystem",
        &[
            "the scheduler",
            "the query planner",
            "the TLS stack",
            "the file watcher",
            "the cache",
            "the plug-in loader",
            "the WebSocket bridge",
            "the migration tool",
        ],
    ),
    (
        "fix",
        &[
            "a memory leak",
            "a data race",
            "a panic on empty input",
            "a path traversal",
            "slow start-up on Windows",
            "wrong time zones in logs",
            "a deadlock at shutdown",
        ],
    ),
    (
        "feature",
        &[
            "incremental snapshots",
            "HTTP/3 support",
            "structured logs",
            "per-tenant quotas",
            "a dry-run mode",
            "parallel restores",
            "signed artefacts",
            "WASI 0.3 components",
        ],
    ),
    (
        "language",
        &["Rust", "Go", "TypeScript", "Python", "Zig", "Swift"],
    ),
    (
        "object",
        &[
            "a sub-Neptune",
            "an ancient dwarf galaxy",
            "a lone black hole",
            "a comet from beyond the Solar System",
            "a brown dwarf pair",
            "a magnetar",
            "a ring of warm dust",
        ],
    ),
    (
        "instrument",
        &[
            "the Kestrel telescope",
            "the Deep Survey array",
            "the Marais radio dish",
            "an old photographic plate",
            "the Polar Neutrino Grid",
            "a balloon-borne camera",
        ],
    ),
    (
        "creature",
        &[
            "reef squid",
            "alpine bumblebees",
            "deep-sea corals",
            "river otters",
            "desert ants",
            "leafcutter fungi",
            "barn swallows",
        ],
    ),
    (
        "finding",
        &[
            "keep time without a clock gene",
            "remember routes for years",
            "share nutrients across species",
            "hear frequencies thought out of reach",
            "change colour in their sleep",
            "vote on where to settle",
        ],
    ),
];

/// One story's words: the same slot gives the same word in its title and in its summary.
pub(super) struct Filler<'a> {
    random: &'a SplitMix,
    chosen: BTreeMap<String, String>,
}

impl<'a> Filler<'a> {
    pub(super) fn new(random: &'a SplitMix) -> Self {
        Self {
            random,
            chosen: BTreeMap::new(),
        }
    }

    /// Fixes what a slot stands for.
    pub(super) fn set(&mut self, slot: &str, value: String) {
        self.chosen.insert(slot.to_owned(), value);
    }

    /// `template` with each `{slot}` and each `{name:LOW-HIGH}` (a whole number) filled.
    pub(super) fn fill(&mut self, template: &str) -> String {
        let mut text = String::new();
        for (n, piece) in template.split('{').enumerate() {
            match piece.split_once('}') {
                Some((slot, rest)) if n > 0 => {
                    text.push_str(&self.word(slot));
                    text.push_str(rest);
                }
                _ => text.push_str(piece),
            }
        }
        text
    }

    fn word(&mut self, slot: &str) -> String {
        if let Some(word) = self.chosen.get(slot) {
            return word.clone();
        }
        let word = match slot.split_once(':') {
            Some((_, range)) => self.number(range),
            None => self.choice(slot),
        };
        self.chosen.insert(slot.to_owned(), word.clone());
        word
    }

    fn number(&self, range: &str) -> String {
        let bound = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
        let mut ends = range.split('-');
        let low = bound(ends.next()).unwrap_or(0);
        let high = bound(ends.next()).unwrap_or(low);
        (low + self.random.below(high - low + 1)).to_string()
    }

    fn choice(&self, slot: &str) -> String {
        let name = slot.trim_end_matches(|c: char| c.is_ascii_digit());
        let list = LISTS
            .iter()
            .find(|(list, _)| *list == name)
            .map_or(&[][..], |(_, words)| words);
        let taken = |word: &&&str| self.chosen.values().any(|chosen| chosen == **word);
        let free: Vec<&&str> = list.iter().filter(|word| !taken(word)).collect();
        let index = usize::try_from(self.random.below(free.len() as u64)).unwrap_or(0);
        free.get(index)
            .map_or_else(|| format!("<no list {name}>"), |word| (***word).to_owned())
    }
}
