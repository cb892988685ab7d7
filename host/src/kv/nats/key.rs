//! Keys as NATS subjects, and back.
//!
//! A subject is made of tokens between dots, and a token of letters, digits, `-`, `_`, `/` and `=`. A key's parts between `/`
//! become the tokens, so that a prefix is a subject to ask for; every other byte becomes `=` and two hexadecimal digits,
//! and an empty part a lone `=`. So `ef/2/main/head` is `ef.2.main.head`, as `nats kv ls` shows it.

use std::fmt::Write;

/// `key` as the end of a subject.
pub(super) fn encode(key: &str) -> String {
    let mut subject = String::with_capacity(key.len() + 8);
    for (index, part) in key.split('/').enumerate() {
        if index > 0 {
            subject.push('.');
        }
        if part.is_empty() {
            subject.push('=');
        }
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
                subject.push(char::from(byte));
            } else {
                // Writing to a string does not fail.
                let _ = write!(subject, "={byte:02X}");
            }
        }
    }
    subject
}

/// The key that [`encode`] made `subject` of; `None` where it has made none so.
pub(super) fn decode(subject: &str) -> Option<String> {
    let mut key = Vec::with_capacity(subject.len());
    for (index, token) in subject.split('.').enumerate() {
        if index > 0 {
            key.push(b'/');
        }
        if token == "=" {
            continue;
        }
        let mut rest = token.as_bytes();
        while let [first, tail @ ..] = rest {
            rest = tail;
            if *first != b'=' {
                key.push(*first);
                continue;
            }
            let (digits, tail) = tail.split_at_checked(2)?;
            key.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = tail;
        }
    }
    let key = String::from_utf8(key).ok()?;
    (encode(&key) == subject).then_some(key)
}

/// The end of a subject with wildcard that takes in every key that begins with `prefix`, and may take in more.
pub(super) fn beginning(prefix: &str) -> String {
    match prefix.rsplit_once('/') {
        Some((whole, _)) => format!("{}.>", encode(whole)),
        None => ">".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_usual_key_stays_readable() {
        assert_eq!(encode("ef/2/main/head"), "ef.2.main.head");
        assert_eq!(encode("a.b/c d/ä"), "a=2Eb.c=20d.=C3=A4");
        assert_eq!(
            [encode(""), encode("/"), encode("a//b/")],
            ["=", "=.=", "a.=.b.="]
        );
        assert_eq!(
            [beginning("ef/2/seg/"), beginning("ef/2/s"), beginning("ef")],
            ["ef.2.seg.>", "ef.2.>", ">"]
        );
    }

    #[test]
    fn what_was_never_made_is_no_key() {
        for subject in ["", "a..b", "=4", "=zz", "=41", "a.=2e", "=FF", "=2F"] {
            assert_eq!(decode(subject), None, "{subject}");
        }
    }

    proptest! {
        #[test]
        fn every_key_comes_back(key in any::<String>()) {
            let subject = encode(&key);
            prop_assert_eq!(decode(&subject), Some(key));
            prop_assert!(subject.split('.').all(|token| !token.is_empty()));
            prop_assert!(subject.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=.".contains(&b)));
        }

        #[test]
        fn different_keys_have_different_subjects(one in "[a/=.%4 ]{0,6}", other in "[a/=.%4 ]{0,6}") {
            prop_assert_eq!(one == other, encode(&one) == encode(&other));
        }

        #[test]
        fn a_beginning_takes_in_its_keys(prefix in "[ab/.]{0,6}", rest in "[ab/.]{0,6}") {
            let key = format!("{prefix}{rest}");
            let wildcard = beginning(&prefix);
            let fixed = wildcard.strip_suffix('>').unwrap();
            let subject = encode(&key);
            prop_assert!(subject.starts_with(fixed) && subject.len() > fixed.len() || rest.is_empty());
        }
    }
}
