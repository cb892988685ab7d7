//! The known word nearest to a mistyped one.

/// Words that are less alike than this (Jaro–Winkler, 0 to 1) are not suggested.
const LIKENESS_MIN: f64 = 0.8;
/// Longer words are not compared: nobody types them, and the comparison's time grows with their product.
const WORD_BYTES_MAX: usize = 200;

/// The word of `known` that is most like `word`, where one is alike enough.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > WORD_BYTES_MAX {
        return None;
    }
    let lower = word.to_lowercase();
    let mut best = None;
    for candidate in known {
        let likeness = strsim::jaro_winkler(&lower, &candidate.to_lowercase());
        if likeness >= LIKENESS_MIN && best.is_none_or(|(_, most)| likeness > most) {
            best = Some((candidate, likeness));
        }
    }
    best.map(|(candidate, _)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_the_word_that_was_meant() {
        let known = ["title", "timeout", "tags", "category", "url"];
        assert_eq!(nearest("titel", known), Some("title"));
        assert_eq!(nearest("Category", known), Some("category"));
        assert_eq!(nearest("tag", known), Some("tags"));
        assert_eq!(nearest("xyzzy", known), None);
        assert_eq!(nearest("", known), None);
    }
}
