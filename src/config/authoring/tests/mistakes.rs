//! Files with mistakes, and the exact words they are met with.

use crate::config::authoring::{compile, render};

/// A source that is right, to put a mistake beside.
const SOURCE: &str = "[[source]]\nurl = 'https://a.example/feed'\n";

/// Every mistake of `text` as `line:column key: message …`.
fn mistakes(text: &str) -> Vec<String> {
    match compile(text) {
        Ok(config) => panic!("no mistake found in {text:?}: {config:?}"),
        Err(mistakes) => mistakes
            .iter()
            .map(|m| format!("{}:{} {m}", m.line, m.column))
            .collect(),
    }
}

#[track_caller]
fn one(text: &str, expected: &str) {
    assert_eq!(mistakes(text), [expected], "{text}");
}

/// One mistake in a line after a good source's.
#[track_caller]
fn in_source(line: &str, expected: &str) {
    one(&format!("{SOURCE}{line}\n"), expected);
}

#[test]
fn unknown_keys_have_a_nearest_word() {
    one(
        &format!("{SOURCE}[site]\ntitel = 'x'\n"),
        "4:1 site.titel: `site` has no key `titel`. Did you mean `title`? Allowed: `title`, `description`, `language`, `url`, `page_items`.",
    );
    one(
        &format!("{SOURCE}[sites]\ntitle = 'x'\n"),
        "3:2 sites: the file has no key `sites`. Did you mean `site`? Allowed: `site`, `budget`, `limits`, `retention`, `cache`, `alerts`, `source`, `proxy`, `view`, `tenant`.",
    );
}

#[test]
fn types_are_named() {
    in_source(
        "title = 5",
        "3:9 source.title: an integer where text in quotes is expected. Allowed: one line of text of 1 to 100 characters.",
    );
    in_source(
        "tags = 'rust'",
        "3:8 source.tags: a string where a list is expected. Allowed: a list of at most 100 texts of 1 to 100 characters.",
    );
    in_source(
        "every = 30",
        "3:9 source.every: a number without a unit; write it as text, with one. Allowed: a whole number and s, m, h or d, from \"1m\" to \"7d\".",
    );
    one(
        "site = 'x'\n[[source]]\nurl = 'https://a.example/'\n",
        "1:8 site: `site` is a string. Allowed: a table `[site]`.",
    );
    one(
        "source = 'https://a.example/'\n",
        "1:10 source: `source` is a string, not a list of tables. Allowed: at most 1000 tables `[[source]]`.",
    );
}

#[test]
fn bounds_are_said() {
    one(
        &format!("{SOURCE}[site]\npage_items = 500\n"),
        "4:14 site.page_items: 500 is too large. Allowed: a whole number from 1 to 100.",
    );
    one(
        &format!("{SOURCE}[limits]\nconcurrency = -1\n"),
        "4:15 limits.concurrency: -1 is too small. Allowed: a whole number from 1 to 64.",
    );
    in_source(
        "every = '10s'",
        "3:9 source.every: \"10s\" is too small. Allowed: a whole number and s, m, h or d, from \"1m\" to \"7d\".",
    );
    in_source(
        "body = '1 MiB'\ntimeout = '5 min'",
        "4:11 source.timeout: \"min\" is no unit. Did you mean `m`? Allowed: a whole number and s, m, h or d, from \"1s\" to \"1m\".",
    );
    in_source(
        "body = '5mib'",
        "3:8 source.body: \"mib\" is no unit. Did you mean `MiB`? Allowed: a whole number and B, kB, KiB, MB or MiB, from \"1KiB\" to \"16MiB\".",
    );
}

#[test]
fn what_is_missing_is_asked_for() {
    one(
        "",
        "1:1 source: there is no `[[source]]`: a site needs at least one. Allowed: at most 1000 tables `[[source]]`.",
    );
    one(
        "[[source]]\ntitle = 'x'\n",
        "1:1 source.url: `url` is missing. Allowed: an absolute http or https address without user name, at most 2048 bytes.",
    );
    in_source(
        "kind = 'json'",
        "3:8 source.map: a source of kind \"json\" needs `[source.map]`, which says where its items are. Allowed: [source.map] with items = \"$.hits[*]\", title = \"$.title\", url = \"$.url\".",
    );
    in_source(
        "[source.map]\ntitle = '$.title'",
        "3:1 source.map: only a source with `kind = \"json\"` has `[source.map]`.",
    );
}

#[test]
fn addresses_can_be_fetched() {
    let allowed =
        "Allowed: an absolute http or https address without user name, at most 2048 bytes.";
    one(
        "[[source]]\nurl = 'a.example/feed'\n",
        &format!(
            "2:7 source.url: \"a.example/feed\" is no address: relative URL without a base. {allowed}"
        ),
    );
    one(
        "[[source]]\nurl = 'ftp://a.example/feed'\n",
        &format!("2:7 source.url: `ftp:` addresses can't be fetched. {allowed}"),
    );
    one(
        "[[source]]\nurl = 'https://me:pass@a.example/feed'\n",
        &format!(
            "2:7 source.url: the address holds a user name or password; send a header with a secret instead. {allowed}"
        ),
    );
}

#[test]
fn the_sites_address_can_be_appended_to() {
    in_source(
        "[site]\nurl = 'https://a.example/?x'",
        "4:7 site.url: the site's address has a query or fragment.",
    );
}

#[test]
fn the_compiled_form_fits_one_value() {
    let word = |n: usize| format!("'{n:0>100}'");
    let words: Vec<_> = (0..100).map(word).collect();
    let source = format!("{SOURCE}include = [{}]\n", words.join(", "));
    let found = mistakes(&source.repeat(60));
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("1:1 the compiled configuration has "),
        "{found:?}"
    );
    assert!(
        found[0].ends_with(" bytes. Allowed: at most 500000."),
        "{found:?}"
    );
}

#[test]
fn queries_compile() {
    let found = mistakes(&format!(
        "{SOURCE}kind = 'json'\n[source.map]\nitems = '$.hits['\ntitle = 'title'\n"
    ));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0]
            .starts_with("5:9 source.map.items: \"$.hits[\" is no JSONPath query: at character "),
        "{found:?}"
    );
    assert!(
        found[1].contains("\"title\" is no JSONPath query")
            && found[1].contains("Did you mean `$.title`?"),
        "{found:?}"
    );
}

#[test]
fn ids_are_unique_and_views_name_what_exists() {
    one(
        "[[source]]\nid = 'a'\nurl = 'https://a.example/'\n[[source]]\nid = 'a'\nurl = 'https://b.example/'\n",
        "5:6 source.id: the source on line 2 is called `a` too.",
    );
    in_source(
        "id = 'My feed'",
        "3:6 source.id: \"My feed\" is no id. Did you mean `my-feed`? Allowed: lower-case letters a to z, digits and single hyphens between them, at most 64.",
    );
    in_source(
        "category = 'all'",
        "3:12 source.category: `all` is the view of everything: it can't be a category.",
    );
    in_source(
        "category = 'security'\n[[view]]\ntitle = 'Security'\nmute = ['x']",
        "5:9 view.id: `security` is a category, which has a view of its own: choose another id.",
    );
    in_source(
        "category = 'security'\n[[view]]\ntitle = 'V'\ncategories = ['securty']\nsources = ['a-example']",
        "6:15 view.categories: there is no category `securty`. Did you mean `security`? Allowed: `security`.",
    );
    in_source(
        "[[view]]\ntitle = 'V'",
        "3:1 view: this view filters nothing: it would show what the view of everything shows. Allowed: at least one of `categories`, `sources`, `tags`, `include`, `mute`.",
    );
    in_source(
        "[[view]]\ntitle = '例'\ninclude = ['x']",
        "4:9 view.id: no id can be derived from this title: write `id`.",
    );
}

#[test]
fn headers_are_safe_to_send() {
    let value = "Allowed: visible ASCII text of at most 1000 bytes, or { secret = \"Bearer {name}\" } in which {name} stands for a host variable.";
    in_source(
        "headers = { Host = 'b.example' }",
        "3:13 source.headers.Host: `host` is up to the host and can't be set here.",
    );
    in_source(
        "headers = { If-None-Match = 'x' }",
        "3:13 source.headers.If-None-Match: `if-none-match` is set by edgefold itself.",
    );
    in_source(
        "headers = { 'a b' = 'x' }",
        "3:13 source.headers.a b: \"a b\" is no header name.",
    );
    in_source(
        "headers = { authorization = 'Bearer abc' }",
        &format!(
            "3:29 source.headers.authorization: `authorization` is a secret: name a host variable instead of writing it into the file. {value}"
        ),
    );
    in_source(
        "headers = { x-key = { secret = 'Bearer {admin_token}' } }",
        &format!(
            "3:21 source.headers.x-key: `admin_token` is edgefold's own and never sent to a source. {value}"
        ),
    );
    in_source(
        "headers = { x-key = { secret = 'Bearer {token' } }",
        &format!(
            "3:21 source.headers.x-key: a brace is left open, or closed without being opened. {value}"
        ),
    );
    in_source(
        "headers = { x-key = \"a\\nb\" }",
        &format!("3:21 source.headers.x-key: this is no header value. {value}"),
    );
}

#[test]
fn a_forgotten_quote_hides_nothing_else() {
    let found = mistakes(
        "[site]\ntitle = The fold\ntitel = 'x'\n[[source]]\nurl = https://a.example/\nevery = 30m\nbody = '1B'\n",
    );
    let keys: Vec<_> = found.iter().map(|m| m.split(' ').next().unwrap()).collect();
    assert_eq!(keys, ["2:9", "3:1", "5:7", "6:9", "7:8"], "{found:#?}");
    assert!(found[0].contains("no valid TOML: "), "{found:?}");
}

#[test]
fn a_line_that_says_nothing_hides_nothing_else() {
    let found = mistakes(
        "[site]\ntitel = 'x'\n[[source]]\nhttps://a.example/feed\nurl =\nevery = 'often'\n",
    );
    let places: Vec<_> = found.iter().map(|m| m.split(' ').next().unwrap()).collect();
    assert_eq!(places.len(), 4, "{found:#?}");
    assert!(found[0].starts_with("2:1 site.titel: "), "{found:#?}");
    assert!(found[1].starts_with("4:"), "{found:#?}");
    assert!(found[2].starts_with("5:"), "{found:#?}");
    assert!(found[3].starts_with("6:9 source.every: "), "{found:#?}");
}

#[test]
fn a_broken_header_is_said_alone() {
    one(
        "[[source]\nurl = 'https://a.example/'\nevery = '1s'\n",
        "1:10 no valid TOML: unclosed array table, expected `]`.",
    );
}

#[test]
fn a_key_given_twice_is_named() {
    one(
        "[[source]]\nurl = 'https://a.example/'\nurl = 'https://b.example/'\n",
        "3:1 this key or table is given twice.",
    );
}

#[test]
fn all_mistakes_come_at_once_in_the_order_of_the_file() {
    let found = mistakes(
        "[limits]\nredirects = 50\n[site]\nlanguage = 'english!'\n[[source]]\nkind = 'rss'\n[[view]]\nmute = [1, 'a', 'a']\n",
    );
    let places: Vec<_> = found
        .iter()
        .map(|m| m.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "2:13 limits.redirects",
            "4:12 site.language",
            "5:1 source.url",
            "6:8 source.kind",
            "7:1 view.title",
            "8:9 view.mute",
            "8:17 view.mute"
        ],
        "{found:#?}"
    );
}

#[test]
fn shows_the_line_with_a_caret() {
    let text = "[[source]]\nurl = 'https://a.example/'\nevery = \"10s\" # often\n";
    let mistakes = compile(text).unwrap_err();
    assert_eq!(
        render("edgefold.toml", text, &mistakes),
        "edgefold.toml:3:9: source.every: \"10s\" is too small. Allowed: a whole number and s, m, h or d, from \"1m\" to \"7d\".\n  \
           3 | every = \"10s\" # often\n    \
             |         ^^^^^\n\n\
         edgefold.toml: 1 mistake\n"
    );
}

#[test]
fn a_long_line_is_cut_around_the_mistake_and_steers_no_terminal() {
    let text = format!("{SOURCE}tags = ['x', 5, \"\u{1b}\"]\n");
    let long = format!(
        "{SOURCE}include = [{}5]\n",
        (0..90).map(|n| format!("'word-{n}', ")).collect::<String>()
    );
    for text in [text, long] {
        let shown = render("f", &text, &compile(&text).unwrap_err());
        assert!(!shown.contains('\u{1b}'), "{shown}");
        assert!(
            shown.lines().all(|line| line.chars().count() < 300),
            "{shown}"
        );
        assert!(shown.contains("^\n"), "{shown}");
    }
}
