//! The files that the page refers to, named by their content so that they can be cached for ever.

use std::sync::OnceLock;

use xxhash_rust::xxh3::xxh3_64;

const STYLESHEET: &str = include_str!("assets/edgefold.css");
const FAVICON: &str = include_str!("assets/favicon.svg");

/// Where the favicon is.
pub const FAVICON_PATH: &str = "/favicon.svg";

/// A file that the page refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// As it is sent.
    pub content: &'static str,
    /// `Content-Type`.
    pub media_type: &'static str,
    /// Whether the path names this very content. An older page may ask for the file of an earlier version: it gets the
    /// present one, but must not keep it.
    pub immutable: bool,
}

/// Where the stylesheet is: `/assets/edgefold.<hash>.css`.
#[must_use]
pub fn stylesheet_path() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| {
        format!(
            "/assets/edgefold.{:016x}.css",
            xxh3_64(STYLESHEET.as_bytes())
        )
    })
}

/// The file at `path`, if there is one.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    if path == FAVICON_PATH {
        return Some(Asset {
            content: FAVICON,
            media_type: "image/svg+xml",
            immutable: false,
        });
    }
    let hash = path
        .strip_prefix("/assets/edgefold.")?
        .strip_suffix(".css")?;
    (hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(Asset {
        content: STYLESHEET,
        media_type: "text/css; charset=utf-8",
        immutable: path == stylesheet_path(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stylesheet is in the way of the first paint.
    const STYLESHEET_BYTES_MAX: usize = 8 * 1024;

    #[test]
    fn stylesheet_is_small_and_named_by_content() {
        assert!(
            STYLESHEET.len() <= STYLESHEET_BYTES_MAX,
            "{} bytes",
            STYLESHEET.len()
        );
        assert!(asset(stylesheet_path()).unwrap().immutable);
        assert!(
            !asset("/assets/edgefold.0123456789abcdef.css")
                .unwrap()
                .immutable
        );
        assert_eq!(asset("/assets/edgefold.css"), None);
        assert_eq!(asset("/assets/edgefold.0123456789abcdeg.css"), None);
    }
}
