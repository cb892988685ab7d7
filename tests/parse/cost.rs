//! Hostile documents: the cost stays in proportion to the size.

use edgefold::config::SourceKind;

use super::wild::{feed, item, refused, titles};
use super::{DOCUMENT_URL, read_all};

#[test]
fn entities_are_never_expanded() {
    let mut bomb = "<!DOCTYPE rss [<!ENTITY a0 'ha'>".to_owned();
    for n in 1..30 {
        bomb.push_str(&format!(
            "<!ENTITY a{n} '{}'>",
            format!("&a{};", n - 1).repeat(10)
        ));
    }
    bomb.push_str("]><rss><channel><item><title>x &a29;</title></item></channel></rss>");
    assert_eq!(titles(&feed(bomb)), ["x &a29;"]);
}

#[test]
fn of_too_many_entries_the_newest_stay() {
    let mut body = "<rss><channel>".to_owned();
    for n in 0..100_000 {
        body.push_str(&format!(
            "<item><title>{n}</title><pubDate>{}</pubDate></item>",
            1_000_000_000 + n
        ));
    }
    body.push_str("</channel></rss>");
    let parsed = read_all(body.as_bytes(), None, DOCUMENT_URL, SourceKind::Feed, 200).unwrap();
    assert_eq!(parsed.entries.len(), 200);
    assert_eq!(parsed.entries[0].title, "99800");
    assert_eq!(
        parsed.notes,
        ["100000 entries, more than the limit of 200: the 99800 oldest were left out"]
    );
}

/// Each of these is a megabyte or two and would take minutes, gigabytes or the stack if any step were more than linear.
#[test]
fn hostile_sizes_cost_no_more_than_their_size() {
    const N: usize = 100_000;
    let wrapped = |inner: String| {
        format!("<rss><channel><item><title>t</title>{inner}</item></channel></rss>")
    };
    let bodies = [
        wrapped(format!("<description>{}</description>", "x ".repeat(N * 5))),
        wrapped("<a>".repeat(N)),
        wrapped("<title>".repeat(N)),
        wrapped(format!("{}{}", "<a>".repeat(N), "</a>".repeat(N))),
        wrapped(format!("<a {}/>", "b='c' ".repeat(N))),
        wrapped(format!("<a {}/>", "b='".repeat(N))),
        wrapped(format!(
            "<description>{}</description>",
            "&lt;script>".repeat(N)
        )),
        wrapped(format!(
            "<description>{}</description>",
            "&lt;img src=x".repeat(N)
        )),
        wrapped(format!("<description>{}</description>", "&amp;".repeat(N))),
        wrapped(format!(
            "<description>{}</description>",
            "e\u{301}".repeat(N)
        )),
        wrapped("<![CDATA[".repeat(N)),
        wrapped("<!--".repeat(N)),
        wrapped("<!x [".repeat(N)),
        wrapped("<!x [ ] ".repeat(N)),
        wrapped("<!x [>".repeat(N)),
        wrapped("<!x []".repeat(N)),
        format!(
            "<feed xmlns='http://www.w3.org/2005/Atom'><author>{}</author>{}</feed>",
            "x".repeat(N * 5),
            "<entry><id>x</id></entry>".repeat(N / 4)
        ),
        wrapped("<?x".repeat(N)),
        wrapped("<a x='".repeat(N)),
        wrapped("<".repeat(N * 5)),
        wrapped("\0".repeat(N * 5)),
        wrapped("<category>x</category>".repeat(N)),
        wrapped("<x xmlns:a='b'>".repeat(N)),
        "<item>".repeat(N),
        "<rss>".repeat(N),
        "<rss><a>".repeat(N),
        "<item><a>".repeat(N),
        "<wrap><item/>".repeat(N),
        "<rss xmlns:a='b'><channel>".repeat(N / 10),
    ];
    for body in &bodies {
        // Each takes a second at most, unoptimised. One that is more than linear shows by hanging: no clock to be flaky.
        let result = read_all(body.as_bytes(), None, DOCUMENT_URL, SourceKind::Feed, 100);
        assert!(
            result.is_ok_and(|p| p.entries.len() <= 100),
            "{}",
            &body[..100]
        );
    }
    let title = item(&format!("<title>{}</title>", "word ".repeat(N))).title;
    assert!(title.chars().count() <= 300 && title.ends_with('…'));
}

#[test]
fn json_nested_too_deep_is_refused() {
    let deep = format!(
        "{{\"items\": {}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let error = refused(&deep);
    assert!(
        error.kind == "json" && error.message.contains("recursion limit"),
        "{error:?}"
    );
}

#[test]
fn json_of_too_many_values_is_refused_before_it_takes_the_memory() {
    for piece in ["{\"\":0}", "[]", "0", "{}"] {
        let many = (5 << 20) / (piece.len() + 1);
        let error = refused(format!(
            "{{\"items\": [{}{piece}]}}",
            format!("{piece},").repeat(many)
        ));
        assert!(
            error.kind == "json" && error.message.contains("too many small values"),
            "{piece} {error:?}"
        );
    }
}
