//! One item as a fragment. It is stored for every item, so it is kept small.

use askama::Template;
use xxhash_rust::xxh3::xxh3_64;

use super::dates::Shown;
use crate::item::Item;

/// Tags shown on the page; the API has them all.
const TAGS_SHOWN_MAX: usize = 4;

/// Categories get one of this many hues, by their name, so that sealed fragments stay right when others come and go.
const HUES: u64 = 12;

#[derive(Template)]
#[template(path = "item.html")]
struct Fragment<'a> {
    item: &'a Item,
    source_title: &'a str,
    url: Option<&'a str>,
    image: Option<&'a str>,
    at: Shown,
    hue: u64,
    tags: &'a [String],
}

/// One item as the page shows it: an `<li>` that stands for itself.
#[must_use]
pub fn item_html(item: &Item, source_title: &str) -> String {
    let fragment = Fragment {
        item,
        source_title,
        url: item.url.as_deref().filter(|url| is_web_address(url)),
        image: item.image.as_deref().filter(|url| is_web_address(url)),
        at: Shown::new(item.published),
        hue: hue(&item.category),
        tags: item.tags.get(..TAGS_SHOWN_MAX).unwrap_or(&item.tags),
    };
    // Rendering into a string fails only where a template calls something that fails; these don't.
    fragment.render().unwrap_or_default()
}

/// The title in a fragment that [`item_html`] has made, as HTML. Found by our own marks: feed text has none of them, its
/// angle brackets are escaped.
#[must_use]
pub fn title_of(fragment: &str) -> Option<&str> {
    let (_, title) = fragment.split_once(r#"<h3 dir="auto">"#)?;
    let (title, _) = title.split_once("</h3>")?;
    match title.strip_suffix("</a>") {
        Some(linked) => linked.split_once('>').map(|(_, title)| title),
        None => Some(title),
    }
}

/// Whether `url` is safe as a link: `http` or `https`, with an authority.
pub(crate) fn is_web_address(url: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// The hue of a category, 0 to 11: the stylesheet's classes `c0` to `c11`.
pub(super) fn hue(category: &str) -> u64 {
    xxh3_64(category.as_bytes()) % HUES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn item() -> Item {
        Item {
            id: "01abc".into(),
            title: "A & B".into(),
            url: Some("https://example.org/a?b=1&c=2".into()),
            source: "lwn".into(),
            category: "linux".into(),
            tags: vec!["kernel".into()],
            author: Some("Ann".into()),
            published: Timestamp::parse("2026-11-21T08:39:00Z").unwrap(),
            updated: None,
            summary: "Words.".into(),
            image: None,
        }
    }

    #[test]
    fn an_ordinary_item_is_small() {
        let item = item();
        let html = item_html(&item, "LWN");
        let text: usize = [&item.id, &item.title, &item.summary, "LWN", "Ann", "kernel"]
            .iter()
            .map(|text| text.len())
            .sum::<usize>()
            + item.url.as_ref().map_or(0, String::len);
        assert!(
            html.len() - text <= 500,
            "{} bytes beside the text: {html}",
            html.len() - text
        );
        assert!(html.contains("A &#38; B"), "{html}");
        assert_eq!(title_of(&html), Some("A &#38; B"));
        let unlinked = Item { url: None, ..item };
        assert_eq!(title_of(&item_html(&unlinked, "LWN")), Some("A &#38; B"));
        assert!(html.contains(r#"rel="noopener nofollow ugc""#), "{html}");
    }

    #[test]
    fn only_web_addresses_become_links() {
        for bad in [
            "javascript:alert(1)",
            " https://x",
            "data:text/html,x",
            "https:x",
            "//x",
            "",
            "ftp://x",
        ] {
            let html = item_html(
                &Item {
                    url: Some(bad.into()),
                    image: Some(bad.into()),
                    ..item()
                },
                "LWN",
            );
            assert!(
                !html.contains("rel=") && !html.contains("<img"),
                "{bad}: {html}"
            );
        }
        assert!(is_web_address("HTTPS://x"));
    }
}
