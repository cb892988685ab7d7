//! What each source writes about. A story's third text is its title after it was edited.

/// One kind of story.
pub(super) struct Template {
    pub(super) title: &'static str,
    pub(super) summary: &'static str,
    /// The title after an edit; empty: never edited.
    pub(super) edited: &'static str,
    pub(super) tags: &'static [&'static str],
}

const fn story(
    title: &'static str,
    summary: &'static str,
    edited: &'static str,
    tags: &'static [&'static str],
) -> Template {
    Template {
        title,
        summary,
        edited,
        tags,
    }
}

pub(super) static LAB: &[Template] = &[
    story(
        "{model} is now open-weight",
        "We are releasing the weights of {model} under a permissive licence, with {n:4-18} evaluation suites and the data sheet. It runs on a single workstation card.",
        "{model} is now open-weight (updated: mirrors available)",
        &["models", "open-weights"],
    ),
    story(
        "How {method} cut our inference bill by {p:18-63} %",
        "A look at what worked, what did not, and why {method} pays off only above {n:8-64} concurrent requests.",
        "",
        &["inference", "engineering"],
    ),
    story(
        "Introducing {bench}: a benchmark for {task}",
        "{bench} has {n:400-3200} hand-checked problems. The best model today solves {p:21-58} % of them; people solve {q:86-97} %.",
        "Introducing {bench} 1.1: a benchmark for {task}",
        &["benchmarks"],
    ),
    story(
        "What {model} gets wrong about {thing}",
        "We let {person} and a team of domain experts grade {n:900-7000} answers. Most errors are confident, short and plausible.",
        "",
        &["evaluation", "safety"],
    ),
    story(
        "Training notes: {n:11-47} days with {method}",
        "Loss spikes, a dead switch and one very good idea from the night shift: the unedited log of our latest run.",
        "",
        &["training", "engineering"],
    ),
    story(
        "A gentler tokenizer for {n:38-112} languages",
        "Text in many scripts costs three times as many tokens as English. Ours brings that down to {p:12-30} % more.",
        "",
        &["multilingual"],
    ),
];

pub(super) static PRESS: &[Template] = &[
    story(
        "{lab} claims state of the art in {task} with {model}",
        "The result on {bench} is {p:3-14} points above the previous best. Independent replication is under way, says {person}.",
        "{lab} revises its {task} claim after replication falls short",
        &["models", "research"],
    ),
    story(
        "Inside the quiet race to make {method} cheap",
        "{person} of {lab} explains why the cost per answer matters more than the leaderboard, and what hardware makers are doing about it.",
        "",
        &["hardware", "analysis"],
    ),
    story(
        "{agency} opens inquiry into training data from {thing}",
        "Publishers and archives have until the end of the month to comment. {lab} says that it will cooperate.",
        "{agency} widens inquiry into training data from {thing}",
        &["policy"],
    ),
    story(
        "Hospitals in {city} pause pilot of {model}",
        "Clinicians found that the assistant summarised {p:2-9} % of notes in a misleading way. The vendor promises a fix within weeks.",
        "Hospitals in {city} resume pilot of {model} after fix",
        &["health", "safety"],
    ),
    story(
        "{lab} raises ${n:40-900} million to build models for {thing}",
        "The round values the company at {q:2-19} billion dollars. It plans to double its research team in {city}.",
        "",
        &["business"],
    ),
    story(
        "The students who beat {model} at {bench}",
        "Three undergraduates, one rented card and {method}: how a weekend project ended up on top of the table.",
        "",
        &["people", "research"],
    ),
    story(
        "Why {person} left {lab}",
        "An interview about incentives, evaluation and what an honest benchmark for {task} would look like.",
        "",
        &["people", "interview"],
    ),
];

pub(super) static PREPRINTS: &[Template] = &[
    story(
        "On the Limits of {method} for {task}",
        "We prove that {method} needs a context of at least Ω(√n) to solve {task}, and confirm the bound on {bench}. Code is available.",
        "",
        &["cs.LG"],
    ),
    story(
        "{bench}: Measuring {task} Without Contamination",
        "We build {n:1200-9000} problems after the cut-off of {q:9-31} public models. Scores drop by {p:8-41} points on average.",
        "{bench}: Measuring {task} Without Contamination (v2)",
        &["cs.CL"],
    ),
    story(
        "Does {method} Help? A Pre-Registered Study",
        "Across {n:12-60} training runs we find an effect of {p:1-4} points, a third of what earlier work reports.",
        "",
        &["cs.LG", "replication"],
    ),
    story(
        "{method} as Variational Inference",
        "A short derivation that explains when {method} works, with a two-line change that makes it work more often.",
        "",
        &["stat.ML"],
    ),
    story(
        "Small Models Are Fine at {task}, If They May Ask",
        "A {n:1-9}B model that may ask one clarifying question outperforms {model} on {bench} at {p:3-11} % of the compute.",
        "",
        &["cs.CL", "efficiency"],
    ),
];

pub(super) static HALYARD: &[Template] = &[
    story(
        "Halyard v{version}",
        "Adds {feature}; fixes {fix} in {subsystem}. Thanks to {person} and {n:3-28} other contributors.",
        "Halyard v{version} (withdrawn: use the next patch)",
        &["release"],
    ),
    story(
        "Halyard v{version}-rc.{r:1-4}",
        "Release candidate: {feature} is on by default. Please test {subsystem} and report what breaks.",
        "",
        &["pre-release"],
    ),
    story(
        "Halyard v{version}: security fix",
        "Fixes {fix} in {subsystem} that a crafted request could trigger. Everybody should update. Reported by {person}.",
        "",
        &["release", "security"],
    ),
];

pub(super) static TOOLCHAIN: &[Template] = &[
    story(
        "Ferrite {version} is out",
        "{feature}, faster builds ({p:4-22} % on our corpus) and clearer errors where {language} code is called.",
        "",
        &["release", "compiler"],
    ),
    story(
        "What is new in Ferrite's {subsystem}",
        "{person} shows how {subsystem} was rewritten in {n:6-40} small steps without breaking anybody.",
        "",
        &["internals"],
    ),
    story(
        "Ferrite and {language}: calling each other without pain",
        "A tour of the new bindings generator: {n:3-9} lines for what took a page before.",
        "",
        &["interop"],
    ),
    story(
        "Survey: {p:52-88} % of you want {feature}",
        "{n:2100-9400} people answered. The short version: fewer surprises, better error messages, and please fix {fix}.",
        "Survey results: {p:52-88} % of you want {feature}",
        &["community"],
    ),
];

pub(super) static PACKAGES: &[Template] = &[
    story(
        "{crate} {version}",
        "Adds {feature}. Minimum supported version of {language} raised.",
        "",
        &["minor"],
    ),
    story(
        "{crate} {version}",
        "Fixes {fix}.",
        "{crate} {version} (yanked)",
        &["patch"],
    ),
    story(
        "{crate} {version}",
        "New major version: {feature} replaces the old interface; a migration guide is linked.",
        "",
        &["major", "breaking"],
    ),
    story(
        "{crate} {version}",
        "Security release: fixes {fix} in {subsystem}.",
        "",
        &["patch", "security"],
    ),
];

pub(super) static CLOUD: &[Template] = &[
    story(
        "Investigating: {symptom} in {service} ({zone})",
        "We are seeing {symptom} for {p:2-35} % of requests to {service} in {zone}. The next update follows within 20 minutes.",
        "Resolved: {symptom} in {service} ({zone})",
        &["incident"],
    ),
    story(
        "Scheduled maintenance: {service} in {zone}",
        "On the night to Sunday we replace hardware in {zone}. Expect up to {n:2-15} minutes of read-only operation.",
        "Completed: maintenance of {service} in {zone}",
        &["maintenance"],
    ),
    story(
        "Post-mortem: {symptom} in {service}",
        "The cause was {cause}. What went well, what did not, and the {n:3-8} things that we change.",
        "",
        &["post-mortem"],
    ),
    story(
        "Identified: {symptom} in {service} ({zone})",
        "The cause is {cause}. A fix is being rolled out zone by zone.",
        "Resolved: {symptom} in {service} ({zone})",
        &["incident"],
    ),
];

pub(super) static PACKETWAY: &[Template] = &[
    story(
        "{service}: {symptom} between {zone} and {zone2}",
        "Traffic is being moved to another path. Customers with two uplinks are not affected.",
        "{service}: normal operation between {zone} and {zone2}",
        &[],
    ),
    story(
        "Fibre cut near {city}",
        "A digger found our cable. Repair crew is on site, estimated {n:2-9} hours. Traffic runs over {zone}.",
        "Fibre near {city} repaired",
        &[],
    ),
    story(
        "Router upgrade in {zone} done",
        "{n:2-14} routers upgraded without packet loss; {cause} found and mended on the way.",
        "",
        &[],
    ),
];

pub(super) static WARNINGS: &[Template] = &[
    story(
        "{colour} warning: {hazard} for {region}",
        "From {h:1-11} pm until the following morning. Gusts or amounts near the upper end of the range are possible around {city}.",
        "{colour} warning extended: {hazard} for {region}",
        &["warning"],
    ),
    story(
        "{hazard} outlook for {region}",
        "Confidence is moderate: {n:5-9} of 10 model runs agree. A warning may follow tonight.",
        "",
        &["outlook"],
    ),
    story(
        "All clear: {hazard} warning for {region} lifted",
        "Conditions have eased. {person}, duty forecaster, thanks all who reported from {city}.",
        "",
        &["all clear"],
    ),
];

pub(super) static SCIENCE: &[Template] = &[
    story(
        "Astronomers find {object} where none should be",
        "{instrument} caught it twice in {n:3-19} nights. \"We checked the cables first,\" says {person}.",
        "",
        &["astronomy"],
    ),
    story(
        "{creature} {finding}, study suggests",
        "{n:140-2600} individuals were followed for two seasons. The finding overturns a rule of thumb that is a century old.",
        "Correction: {creature} {finding}, but only in summer",
        &["biology"],
    ),
    story(
        "A {n:40-310}-year-old puzzle about glass gets an answer",
        "A proof by {person} and {person2} shows why it flows, but slower than any cathedral has had time for.",
        "",
        &["physics"],
    ),
    story(
        "{instrument} returns to work after {n:3-16} months",
        "Its first image shows {object}. The repair used a part from a dishwasher, {person} admits.",
        "",
        &["astronomy", "engineering"],
    ),
    story(
        "The map that shows where {creature} will live in 2060",
        "Warmer rivers and earlier springs move whole communities by {n:60-420} km. Some have nowhere to go.",
        "",
        &["climate", "biology"],
    ),
    story(
        "Sleep, memory and {n:12-90} volunteers in a cave",
        "What happens to time when nobody can see the Sun: notes from {person}'s longest experiment.",
        "",
        &["neuroscience"],
    ),
];
