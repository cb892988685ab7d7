//! The files that the page refers to, named by their content so that they can be cached for ever.

use std::sync::OnceLock;

use xxhash_rust::xxh3::xxh3_64;

const STYLESHEET: &str = include_str!("assets/edgefold.css");
const FAVICON: &str = include_str!("assets/favicon.svg");
/// Which links a browser may fetch ahead by itself, where the module does not do it.
const RULES: &str = include_str!("assets/edgefold.rules.json");
const MODULE_SOURCE: &[u8] = include_bytes!("assets/edgefold.js");
const MODULE: &str = {
    const LEN: usize = without_notes::<0>(MODULE_SOURCE).1;
    const BYTES: [u8; LEN] = without_notes::<LEN>(MODULE_SOURCE).0;
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => panic!("edgefold.js is not UTF-8"),
    }
};

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
    PATH.get_or_init(|| path(STYLESHEET, ".css"))
}

/// Where the module is: `/assets/edgefold.<hash>.js`.
#[must_use]
pub fn script_path() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| path(MODULE, ".js"))
}

/// Where the speculation rules are: `/assets/edgefold.<hash>.json`.
#[must_use]
pub fn rules_path() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| path(RULES, ".json"))
}

fn path(content: &str, suffix: &str) -> String {
    format!(
        "/assets/edgefold.{:016x}{suffix}",
        xxh3_64(content.as_bytes())
    )
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
    let (hash, suffix) = path.strip_prefix("/assets/edgefold.")?.split_once('.')?;
    if hash.len() != 16 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let (content, media_type, present) = match suffix {
        "css" => (STYLESHEET, "text/css; charset=utf-8", stylesheet_path()),
        "js" => (MODULE, "text/javascript; charset=utf-8", script_path()),
        "json" => (RULES, "application/speculationrules+json", rules_path()),
        _ => return None,
    };
    Some(Asset {
        content,
        media_type,
        immutable: path == present,
    })
}

/// `source` without indentation, blank lines and lines that are comments, and how long that is; cut at `N`. Run by the
/// compiler: what explains the module is not sent with every visit.
const fn without_notes<const N: usize>(source: &[u8]) -> ([u8; N], usize) {
    let mut out = [0; N];
    let (mut at, mut len) = (0, 0);
    while at < source.len() {
        while at < source.len() && (source[at] == b' ' || source[at] == b'\n') {
            at += 1;
        }
        let note = at + 1 < source.len() && source[at] == b'/' && source[at + 1] == b'/';
        while at < source.len() {
            let byte = source[at];
            at += 1;
            if !note {
                if len < N {
                    out[len] = byte;
                }
                len += 1;
            }
            if byte == b'\n' {
                break;
            }
        }
    }
    (out, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stylesheet is in the way of the first paint.
    const STYLESHEET_BYTES_MAX: usize = 14 * 1024;
    const MODULE_BYTES_MAX: usize = 12 * 1024;

    #[test]
    fn assets_are_small_and_named_by_content() {
        for (path, most) in [
            (stylesheet_path(), STYLESHEET_BYTES_MAX),
            (script_path(), MODULE_BYTES_MAX),
            (rules_path(), 1024),
        ] {
            let found = asset(path).unwrap();
            assert!(found.immutable, "{path}");
            assert!(
                found.content.len() <= most,
                "{path}: {} bytes",
                found.content.len()
            );
            let (start, suffix) = path.rsplit_once('.').unwrap();
            let older = format!("{}0123456789abcdef.{suffix}", &start[..start.len() - 16]);
            assert!(!asset(&older).unwrap().immutable, "{older}");
        }
        assert_eq!(asset("/assets/edgefold.css"), None);
        assert_eq!(asset("/assets/edgefold.0123456789abcdeg.css"), None);
        assert_eq!(asset("/assets/edgefold.0123456789abcdef.html"), None);
    }

    #[test]
    fn notes_are_left_out_of_the_module() {
        let source = b"// note\n  let a = 'x // y';\n\n  // note\n  b();\n";
        assert_eq!(
            without_notes::<40>(source).0[..22],
            *b"let a = 'x // y';\nb();"
        );
        assert!(!MODULE.contains("\n//"), "a comment is sent");
        assert!(MODULE.contains("pointerdown"));
    }

    #[test]
    fn rules_are_json() {
        let rules: serde_json::Value = serde_json::from_str(RULES).unwrap();
        assert!(rules["prefetch"].is_array());
    }
}
