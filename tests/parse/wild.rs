//! Broken documents: what is kept and what is said.

use edgefold::config::{JsonMapping, SourceKind};
use edgefold::parse::{Entry, ParseError, Parsed};

use super::{DOCUMENT_URL, read, read_all};

pub(super) fn feed(body: impl AsRef<[u8]>) -> Parsed {
    read(body).unwrap()
}

pub(super) fn refused(body: impl AsRef<[u8]>) -> ParseError {
    read(body).unwrap_err()
}

pub(super) fn item(inner: &str) -> Entry {
    let parsed = feed(format!(
        "<rss version='2.0'><channel><item>{inner}</item></channel></rss>"
    ));
    parsed.entries.into_iter().next().unwrap()
}

fn atom(inner: &str) -> Entry {
    let parsed = feed(format!(
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry>{inner}</entry></feed>"
    ));
    parsed.entries.into_iter().next().unwrap()
}

pub(super) fn titles(parsed: &Parsed) -> Vec<&str> {
    parsed.entries.iter().map(|e| e.title.as_str()).collect()
}

#[test]
fn broken_xml_keeps_its_entries() {
    let two = ["A", "B"];
    for body in [
        // Undefined entities and a bare ampersand.
        "<rss><channel><title>&nbsp;x &bogus; & y</title><item><title>A</title></item><item><title>B</title></item></channel></rss>",
        // Something before the declaration.
        "\n\u{feff} Warning: deprecated in <b>x.php</b>\n<?xml version='1.0'?><rss><channel><item><title>A</title></item><item><title>B</title></item></channel></rss>",
        // Entries that are not closed.
        "<rss><channel><item><title>A</title><item><title>B</title></channel></rss>",
        // A field that is not closed, and one closed by another name.
        "<rss><channel><item><title>A</titel><link>/a</link></item><item><title>B<description>x</item></channel></rss>",
        // Undeclared prefixes, attributes without quotes, names in another case.
        "<RSS version=2.0><Channel><Item><foo:bar baz=1>x</foo:bar><TITLE>A</TITLE></Item><ITEM><Title>B</Title></ITEM></Channel></RSS>",
        // Entries in the wrong place, and in one another.
        "<rss><item><title>A</title></item><channel><wrap><item><title>B</title></item></wrap></channel></rss>",
        "<rss><channel><item><title>A</title><item><title>B</title></item></item></channel></rss>",
        // Control characters and NULs.
        "\0\u{1}<rss><channel><item><title>\0A\u{8}</title></item><item><title>B\u{b}</title></item></channel></rss>",
        // Stray markup in the text.
        "<rss><channel><item><title>A</title><description>1 < 2 <br> 3</description></item><item><title>B</title><p></item></channel></rss>",
        // No root at all.
        "<item><title>A</title></item><item><title>B</title></item>",
        // A comment and a CDATA section that holds tags.
        "<rss><channel><!-- <item> --><item><title><![CDATA[A]]></title><x><![CDATA[</item>]]></x></item><item><title>B</title></item></channel></rss>",
    ] {
        assert_eq!(titles(&feed(body)), two, "{body}");
    }
}

#[test]
fn a_truncated_document_keeps_the_whole_entries() {
    let whole = "<rss><channel><item><title>A</title><link>/a</link></item><item><title>B</title><link>/b</link></item></channel></rss>";
    for end in whole.find("</title><link>/b").unwrap()..whole.find("</item></channel>").unwrap() {
        let parsed = feed(&whole[..end]);
        assert_eq!(titles(&parsed), ["A"], "{}", &whole[..end]);
        assert_eq!(parsed.notes.len(), 1, "{:?}", parsed.notes);
        assert!(
            parsed.notes[0].contains("ends inside of an entry"),
            "{:?}",
            parsed.notes
        );
    }
    let parsed = feed("<rss><channel><title>cut");
    assert!(
        parsed.entries.is_empty() && parsed.notes.len() == 2,
        "{parsed:?}"
    );
}

#[test]
fn titles_are_plain_text() {
    for (inner, expected) in [
        ("<title>AT&amp;amp;T &amp;#8217;s</title>", "AT&T ’s"),
        ("<title>&lt;b&gt;Bold&lt;/b&gt; move</title>", "Bold move"),
        ("<title><![CDATA[Q&amp;A <em>now</em>]]></title>", "Q&A now"),
        ("<title>a &lt; b &amp;&amp; c</title>", "a < b && c"),
        ("<title> two\n\tlines&#160;here </title>", "two lines here"),
        (
            "<title>with <b>markup</b> as it is</title>",
            "with markup as it is",
        ),
        (
            "<title></title><description>No title, but &lt;i&gt;this&lt;/i&gt;</description>",
            "No title, but this",
        ),
        ("<link>https://e.org/x</link>", "https://e.org/x"),
        ("<media:title>No</media:title><title>Yes</title>", "Yes"),
        ("<title>\u{202e}evil</title>", "evil"),
    ] {
        assert_eq!(item(inner).title, expected, "{inner}");
    }
    for (inner, expected) in [
        ("<title>x &amp;lt;b&amp;gt;</title>", "x &lt;b&gt;"),
        (
            "<title type='html'>&lt;b&gt;x&lt;/b&gt; &amp;amp; y</title>",
            "x & y",
        ),
        (
            "<title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><b>x</b> &amp; y</div></title>",
            "x & y",
        ),
        (
            "<source><title>other</title></source><title>own</title>",
            "own",
        ),
    ] {
        assert_eq!(atom(inner).title, expected, "{inner}");
    }
}

#[test]
fn links_are_absolute_and_safe() {
    for (inner, expected) in [
        ("<link>a.html</link>", Some("https://e.org/dir/a.html")),
        (
            "<link> \n/b?x=1&amp;y=2 </link>",
            Some("https://e.org/b?x=1&y=2"),
        ),
        ("<link>javascript:alert(1)</link>", None),
        ("<guid>https://e.org/g</guid>", Some("https://e.org/g")),
        ("<guid isPermaLink='false'>https://e.org/g</guid>", None),
        ("<guid>tag:e.org,2020:1</guid>", None),
        (
            "<atom:link rel='self' href='/self'/><link>/l</link>",
            Some("https://e.org/l"),
        ),
        (
            "<link/><enclosure url='/pod.mp3' type='audio/mpeg'/>",
            Some("https://e.org/pod.mp3"),
        ),
    ] {
        assert_eq!(
            item(&format!("<title>t</title>{inner}")).url.as_deref(),
            expected,
            "{inner}"
        );
    }
    for (inner, expected) in [
        (
            "<link rel='self' href='/s'/><link rel='alternate' type='application/json' href='/j'/><link rel='alternate' type='text/html' href='/h'/>",
            "https://e.org/h",
        ),
        (
            "<link href='/plain'/><link rel='enclosure' href='/e'/>",
            "https://e.org/plain",
        ),
        ("<id>https://e.org/id</id>", "https://e.org/id"),
    ] {
        assert_eq!(
            atom(&format!("<title>t</title>{inner}")).url.as_deref(),
            Some(expected),
            "{inner}"
        );
    }
    let based = feed(
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='/root/'><entry xml:base='sub/'><title>t</title><link href='x'/></entry></feed>",
    );
    assert_eq!(
        based.entries[0].url.as_deref(),
        Some("https://e.org/root/sub/x")
    );
}

#[test]
fn authors_pictures_tags_and_dates_are_found() {
    let entry = item(
        "<title>t</title><author>a@e.org (Ann Author)</author><category>One</category><category>Two</category><category>One</category>\
         <dc:subject>Three</dc:subject><media:group><media:content medium='image' url='/big.jpg'/></media:group><pubDate>Thu, 01 Jan 2004 19:48:21 EST</pubDate>",
    );
    assert_eq!(entry.author.as_deref(), Some("Ann Author"));
    assert_eq!(entry.tags, ["One", "Two", "Three"]);
    assert_eq!(entry.image.as_deref(), Some("https://e.org/big.jpg"));
    assert_eq!(entry.published.unwrap().to_string(), "2004-01-02T00:48:21Z");
    for (inner, expected) in [
        (
            "<media:thumbnail url='/t.png'/>",
            Some("https://e.org/t.png"),
        ),
        (
            "<enclosure type='image/png' url='/e.png'/>",
            Some("https://e.org/e.png"),
        ),
        ("<itunes:image href='/i.png'/>", Some("https://e.org/i.png")),
        (
            "<description>&lt;img src=/d.png></description>",
            Some("https://e.org/d.png"),
        ),
        (
            "<description>&lt;img src='data:image/png;base64,x'></description>",
            None,
        ),
        ("<media:content type='video/mp4' url='/v.mp4'/>", None),
    ] {
        assert_eq!(
            item(&format!("<title>t</title>{inner}")).image.as_deref(),
            expected,
            "{inner}"
        );
    }
    let inherited = feed(
        "<feed xmlns='http://www.w3.org/2005/Atom'><author><name>Feed</name></author><entry><title>t</title></entry><entry><title>u</title><author><name>Own &amp; only</name></author></entry></feed>",
    );
    assert_eq!(inherited.entries[0].author.as_deref(), Some("Feed"));
    assert_eq!(inherited.entries[1].author.as_deref(), Some("Own & only"));
    let unread = feed(
        "<rss><channel><item><title>t</title><pubDate>yesterday</pubDate></item></channel></rss>",
    );
    assert_eq!(
        unread.notes,
        ["dates that can't be read: 1 (the first: yesterday)"]
    );
}

#[test]
fn refusals_say_what_was_found() {
    let page = "<!DOCTYPE html><html><head><title>My blog</title><link rel='alternate' type='application/rss+xml' href='/feed.xml'></head><body>x</body></html>";
    let error = refused(page);
    assert_eq!(error.kind, "html");
    assert_eq!(
        error.message,
        "this is an HTML page, not a feed (\"My blog\"); did you mean https://e.org/feed.xml ?"
    );
    for (body, kind, words) in [
        ("", "empty", "the answer is empty"),
        (" \n\0", "empty", "the answer is empty"),
        (
            "Not found, sorry. Please come back another day, will you?",
            "not-a-feed",
            "it begins with \"Not found, sorry. Please come back…\"",
        ),
        (
            "<svg><path d='x'/></svg>",
            "not-a-feed",
            "markup without feed or entries",
        ),
        ("{\"error\": \"x\"}", "not-a-feed", "kind = \"json\""),
        ("[1, 2]", "not-a-feed", "kind = \"json\""),
        ("{\"items\": [", "json", "line 1 column 11"),
        (
            "\u{1f}\u{8b}\u{8}\u{fffd}binary",
            "not-a-feed",
            "neither XML nor JSON",
        ),
    ] {
        let error = refused(body);
        assert_eq!(error.kind, kind, "{body:?} {error:?}");
        assert!(error.message.contains(words), "{body:?} {error:?}");
    }
}

#[test]
fn an_empty_feed_is_no_error() {
    for body in [
        "<rss><channel><title>t</title></channel></rss>",
        "<feed xmlns='http://www.w3.org/2005/Atom'/>",
        "{\"version\": \"https://jsonfeed.org/version/1.1\", \"title\": \"t\", \"items\": []}",
    ] {
        assert!(feed(body).entries.is_empty(), "{body}");
    }
}

#[test]
fn a_mapping_that_selects_nothing_names_its_path() {
    let body = r#"{"data": {"list": [{"name": "A", "when": 1700000000}, {"name": null, "id": 7}], "none": []}}"#;
    let read = |items: &str, title: &str, published: Option<&str>| {
        let mapping = JsonMapping {
            items: items.to_owned(),
            title: title.to_owned(),
            id: Some("$.id".to_owned()),
            published: published.map(str::to_owned),
            ..JsonMapping::default()
        };
        read_all(
            body.as_bytes(),
            None,
            DOCUMENT_URL,
            SourceKind::Json(mapping),
            1000,
        )
    };
    let parsed = read("$.data.list", "$.name", Some("$.when")).unwrap();
    assert_eq!(titles(&parsed), ["A", "7"]);
    assert_eq!(
        parsed.entries[0].published.unwrap().to_string(),
        "2023-11-14T22:13:20Z"
    );
    assert!(
        read("$.data.none[*]", "$.name", None)
            .unwrap()
            .entries
            .is_empty()
    );
    assert!(
        read("$.data.none", "$.name", None)
            .unwrap()
            .entries
            .is_empty()
    );
    let error = read("$.results", "$.name", None).unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (
            "mapping",
            "`items` ($.results) selects nothing; the document begins with an object with the keys data"
        )
    );
    let error = read("$.data.list", "$.headline", None).unwrap_err();
    assert!(
        error.kind == "mapping"
            && error
                .message
                .contains("`title` ($.headline) selects nothing in any of the 2 items"),
        "{error:?}"
    );
    let error = read("$.data.list", "name]", None).unwrap_err();
    assert!(
        error.kind == "mapping" && error.message.contains("`title` (name]) is no JSONPath"),
        "{error:?}"
    );
    let parsed = read("$.data.list", "$.name", Some("$.date")).unwrap();
    assert_eq!(
        parsed.notes,
        ["`published` ($.date) selects nothing in any of the 2 items"]
    );
}
