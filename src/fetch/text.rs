//! What a failure says to people: short, on one line, without secrets.

use std::time::Duration;

use url::Url;

/// Longest message, in characters.
pub(super) const MESSAGE_CHARS_MAX: usize = 300;
/// Longest address inside a message, in characters.
const ADDRESS_CHARS_MAX: usize = 120;

/// An address without what may be secret in it: no user, password, query or fragment.
pub(super) fn address(url: &Url) -> String {
    let mut shown = url.clone();
    // Both fail only for addresses that can't have a user at all.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_fragment(None);
    let query = shown.query().is_some();
    shown.set_query(None);
    let mut text = cut(shown.as_str(), ADDRESS_CHARS_MAX);
    if query {
        text.push_str("?…");
    }
    text
}

/// The host's or the upstream's own words, made fit to show: one line, nothing after a `?`, none of `secrets`.
pub(super) fn foreign(text: &str, secrets: &[String]) -> String {
    let mut shown = String::new();
    let mut in_query = false;
    for c in text.chars() {
        if c.is_whitespace() || matches!(c, '"' | '\'' | ')' | '>' | ',') {
            in_query = false;
        } else if c == '?' && !in_query {
            shown.push_str("?…");
            in_query = true;
        }
        if !in_query {
            shown.push(if c.is_control() { ' ' } else { c });
        }
    }
    without_secrets(shown.trim(), secrets)
}

/// `text` with every one of `secrets` blotted out, within [`MESSAGE_CHARS_MAX`].
pub(super) fn without_secrets(text: &str, secrets: &[String]) -> String {
    let mut shown = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        if shown.contains(secret.as_str()) {
            shown = shown.replace(secret.as_str(), "***");
        }
    }
    cut(&shown, MESSAGE_CHARS_MAX)
}

/// `10 s`, `1.5 s`.
pub(super) fn seconds(time: Duration) -> String {
    let tenths = time.as_millis().saturating_add(50) / 100;
    if tenths.is_multiple_of(10) {
        format!("{} s", tenths / 10)
    } else {
        format!("{}.{} s", tenths / 10, tenths % 10)
    }
}

/// `5 MiB`, `64 KiB`, `1000 bytes`.
pub(super) fn size(bytes: usize) -> String {
    const KIB: usize = 1024;
    const MIB: usize = 1024 * KIB;
    if bytes >= MIB && bytes.is_multiple_of(MIB) {
        format!("{} MiB", bytes / MIB)
    } else if bytes >= KIB && bytes.is_multiple_of(KIB) {
        format!("{} KiB", bytes / KIB)
    } else {
        format!("{bytes} bytes")
    }
}

fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(chars_max.saturating_sub(1)).collect();
            kept + "…"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_no_password_query_or_fragment() {
        let url = Url::parse("https://me:hunter2@a.example:8443/feed?token=abc#x").unwrap();
        assert_eq!(address(&url), "https://a.example:8443/feed?…");
    }

    #[test]
    fn foreign_words_lose_queries_secrets_and_line_breaks() {
        let said = "GET \"http://a.example/x?key=abc\"\nfailed: tok-1";
        assert_eq!(
            foreign(said, &["tok-1".into()]),
            "GET \"http://a.example/x?…\" failed: ***"
        );
    }

    #[test]
    fn messages_are_bounded() {
        let long = "é".repeat(1000);
        assert_eq!(
            without_secrets(&long, &[]).chars().count(),
            MESSAGE_CHARS_MAX
        );
    }

    #[test]
    fn units_read_well() {
        assert_eq!(seconds(Duration::from_secs(10)), "10 s");
        assert_eq!(seconds(Duration::from_millis(1500)), "1.5 s");
        assert_eq!(size(5 * 1024 * 1024), "5 MiB");
        assert_eq!(size(1000), "1000 bytes");
    }
}
