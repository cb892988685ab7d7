//! Ids that people write or that are derived from titles.

use std::collections::BTreeSet;

use super::keys::SLUG_CHARS_MAX;

/// Whether `text` is an id: `[a-z0-9]` and single hyphens between them.
pub(super) fn is_slug(text: &str) -> bool {
    !text.is_empty() && text.len() <= SLUG_CHARS_MAX && slugify(text) == text
}

/// The id nearest to `text`; empty where it has no ASCII letter or digit.
pub(super) fn slugify(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if slug.len() == SLUG_CHARS_MAX {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') && c != '\'' && c != '’' {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// `wanted`, or with the first number appended that makes it new. Remembers what it gives.
pub(super) fn unique(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let mut id = wanted.to_owned();
    let mut number = 2_usize;
    while !taken.insert(id.clone()) {
        let suffix = format!("-{number}");
        let room = SLUG_CHARS_MAX - suffix.len();
        let stem: String = wanted.chars().take(room).collect();
        id = format!("{}{suffix}", stem.trim_end_matches('-'));
        number += 1;
    }
    id
}

/// The host of an address without `www.`; the whole address where it has none.
pub(super) fn host_of(url: &str) -> String {
    let host = url::Url::parse(url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| url.to_owned());
    host.strip_prefix("www.")
        .map_or(host.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derives_ids() {
        assert_eq!(slugify("Ars Technica — all"), "ars-technica-all");
        assert_eq!(slugify("Simon's blog"), "simons-blog");
        assert_eq!(slugify("例え"), "");
        assert!(
            is_slug("a-1") && !is_slug("-a") && !is_slug("a--b") && !is_slug("A") && !is_slug("")
        );
    }

    #[test]
    fn makes_ids_unique() {
        let mut taken = BTreeSet::new();
        assert_eq!(unique("news", &mut taken), "news");
        assert_eq!(unique("news", &mut taken), "news-2");
        let long = "x".repeat(SLUG_CHARS_MAX);
        unique(&long, &mut taken);
        assert_eq!(unique(&long, &mut taken).len(), SLUG_CHARS_MAX);
    }
}
