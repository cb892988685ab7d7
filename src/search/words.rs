//! From text to the words that are searched: lower case, without diacritics, by Unicode's word boundaries (UAX #29).
//!
//! Documents and queries go through the same function, so that what is split here in an odd way is found all the same: a
//! query's `node.js` is the phrase `node js`, and so is the document's.

use unicode_segmentation::UnicodeSegmentation;

use super::letters;

/// A longer word is searched by its beginning, in bytes.
pub(crate) const WORD_BYTES_MAX: usize = 40;

/// Fullwidth forms of ASCII, and how far they are from it.
const FULLWIDTH: std::ops::RangeInclusive<char> = '\u{ff01}'..='\u{ff5e}';
const FULLWIDTH_OFFSET: u32 = 0xfee0;

/// Calls `each` with every word of `text`, folded.
pub(crate) fn words(text: &str, mut each: impl FnMut(&str)) {
    let mut word = String::new();
    let mut flush = |word: &mut String| {
        // What is left of a split run may be no word by itself: a Hebrew geresh.
        if word.contains(char::is_alphanumeric) {
            each(shortened(word));
        }
        word.clear();
    };
    if text.is_ascii() {
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() {
                word.push(char::from(byte.to_ascii_lowercase()));
            } else {
                flush(&mut word);
            }
        }
        flush(&mut word);
        return;
    }
    for run in text.unicode_words() {
        for letter in run.chars() {
            if separates(letter) {
                flush(&mut word);
            } else if !is_mark(letter) {
                fold(letter, &mut word);
            }
        }
        flush(&mut word);
    }
}

/// The words of `text`, joined by spaces: what labels are compared by.
pub(crate) fn folded(text: &str) -> String {
    let mut out = String::new();
    words(text, |word| {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    });
    out
}

/// Within what Unicode takes for one word: `node.js`, `l'avion`, `snake_case`.
fn separates(letter: char) -> bool {
    !letter.is_alphanumeric()
        && (letter.is_ascii()
            || matches!(letter, '\u{b7}' | '\u{387}' | '\u{5f4}' | '\u{2010}'..='\u{206f}' | '\u{fe13}' | '\u{fe33}'..='\u{ff3f}'))
}

/// Diacritics that stand alone, points of Hebrew and Arabic, and what joins letters without being seen.
fn is_mark(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{591}'..='\u{5bd}' | '\u{5bf}'..='\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{200c}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}')
}

fn fold(letter: char, word: &mut String) {
    let letter = if FULLWIDTH.contains(&letter) {
        char::from_u32(u32::from(letter) - FULLWIDTH_OFFSET).unwrap_or(letter)
    } else {
        letter
    };
    for lower in letter.to_lowercase().filter(|lower| !is_mark(*lower)) {
        match letters::plain(lower) {
            Some(plain) => word.push_str(plain),
            None => word.push(lower),
        }
    }
}

fn shortened(word: &str) -> &str {
    let end = word.floor_char_boundary(WORD_BYTES_MAX);
    word.get(..end).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded() {
        for (text, want) in [
            ("Hello, World-Wide web_2.0!", "hello world wide web 2 0"),
            ("Ångström naïve ŁÓDŹ Đà Nẵng", "angstrom naive lodz da nang"),
            ("e\u{301}cole cafe\u{301}", "ecole cafe"),
            ("Straße Æsir œuvre", "strasse aesir oeuvre"),
            (
                "l’avion don't node.js v1.2.3",
                "l avion don t node js v1 2 3",
            ),
            ("ΟΔΥΣΣΕΎΣ Ёлка Йод", "οδυσσευσ елка иод"),
            ("İstanbul ISPARTA ığdır", "istanbul isparta igdir"),
            ("北京大学", "北 京 大 学"),
            ("Ｗｉｄｅ カタカナ", "wide カタカナ"),
            ("مُحَمَّد", "محمد"),
            ("हिन्दी भाषा", "हिन्दी भाषा"),
            ("— … !", ""),
            ("a:\u{5f3}%", "a"),
        ] {
            assert_eq!(folded(text), want, "{text}");
        }
        assert_eq!(folded(&"ä".repeat(100)).len(), WORD_BYTES_MAX);
        assert!(folded(&"é".repeat(99)).len() <= WORD_BYTES_MAX);
        assert_eq!(folded(&"語".repeat(2)), "語 語");
    }

    #[test]
    fn plain_letters_stay() {
        for letter in 'a'..='z' {
            assert_eq!(letters::plain(letter), None);
        }
        assert_eq!(letters::plain('ж'), None);
        assert_eq!(letters::plain('й'), Some("и"));
    }

    proptest::proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "[\\p{L}\\p{N}\\p{P}\\p{Zs}]{0,60}") {
            // Of vowel signs without their letter, which belong to nothing, this need not be so.
            let once = folded(&text);
            proptest::prop_assert_eq!(folded(&once), once);
        }

        #[test]
        fn ascii_is_split_as_all_else(text in "[ -~]{0,60}") {
            // A letter that is no ASCII sends the whole text the long way.
            let (short, long) = (folded(&text), folded(&format!("{text} é")));
            proptest::prop_assert_eq!(long.trim_start(), format!("{short} e").trim_start().to_owned());
        }
    }
}
