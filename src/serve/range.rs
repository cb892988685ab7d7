//! `Range` and `If-Range` (RFC 9110 §14, §13.1.5): one range of bytes.

use http::{HeaderMap, header};

/// Which bytes of an answer are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of them: nothing else is asked for, or it can't be gone by.
    All,
    /// From this one on, this many; never none.
    Part(u64, u64),
    /// Some that the answer has not: 416.
    None,
}

/// What `headers` ask for of an answer of `len` bytes with the strong entity tag `etag`. Several ranges, other units and what
/// can't be read are passed over, as a server may (§14.2).
pub(super) fn wanted(headers: &HeaderMap, etag: &str, len: u64) -> Wanted {
    let mut ranges = headers.get_all(header::RANGE).iter();
    let (Some(range), None) = (ranges.next(), ranges.next()) else {
        return Wanted::All;
    };
    // A date, or a weak tag, is never the strong tag that bytes are joined by.
    let stale = headers
        .get(header::IF_RANGE)
        .is_some_and(|tag| tag.as_bytes().trim_ascii() != etag.as_bytes());
    if stale {
        return Wanted::All;
    }
    let spec = range.to_str().ok().and_then(|text| {
        let (unit, spec) = text.trim().split_once('=')?;
        unit.trim().eq_ignore_ascii_case("bytes").then_some(spec)
    });
    spec.and_then(|spec| one(spec, len)).unwrap_or(Wanted::All)
}

/// One range of `len` bytes; `None` where it is none, or several.
fn one(spec: &str, len: u64) -> Option<Wanted> {
    let (first, last) = spec.trim().split_once('-')?;
    if first.is_empty() {
        let most = number(last)?.min(len);
        return Some(part(len - most, len, len));
    }
    let first = number(first)?;
    let end = if last.is_empty() {
        len
    } else {
        let last = number(last)?;
        if last < first {
            return None;
        }
        last.saturating_add(1).min(len)
    };
    Some(part(first, end, len))
}

fn part(from: u64, end: u64, len: u64) -> Wanted {
    if from >= len {
        return Wanted::None;
    }
    Wanted::Part(from, end - from)
}

/// Digits alone: no sign, no spaces. More than fit are more than there are.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_has_them() {
        use Wanted::{All, None, Part};
        const MOST: &str = "bytes=99999999999999999999-";
        for (range, want) in [
            ("bytes=0-0", Part(0, 1)),
            ("bytes=0-", Part(0, 100)),
            ("Bytes = 10-19", Part(10, 10)),
            ("bytes=99-99999999999999999999", Part(99, 1)),
            ("bytes=-1", Part(99, 1)),
            ("bytes=-1000", Part(0, 100)),
            ("bytes=100-", None),
            (MOST, None),
            ("bytes=-0", None),
            ("bytes=9-8", All),
            ("bytes=0-1,5-6", All),
            ("bytes=a-", All),
            ("bytes=+1-", All),
            ("bytes=", All),
            ("bytes=-", All),
            ("items=0-1", All),
            ("0-1", All),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, range.parse().unwrap());
            assert_eq!(wanted(&headers, "\"a\"", 100), want, "{range}");
            for (tag, kept) in [
                ("\"a\"", true),
                ("\"b\"", false),
                ("W/\"a\"", false),
                ("Sat, 21 Nov 2026 09:24:05 GMT", false),
            ] {
                headers.insert(header::IF_RANGE, tag.parse().unwrap());
                let want = if kept { want } else { All };
                assert_eq!(wanted(&headers, "\"a\"", 100), want, "{range} {tag}");
            }
        }
        assert_eq!(wanted(&HeaderMap::new(), "\"a\"", 100), All);
        let mut nothing = HeaderMap::new();
        nothing.insert(header::RANGE, "bytes=0-".parse().unwrap());
        assert_eq!(wanted(&nothing, "\"a\"", 0), None);
        nothing.append(header::RANGE, "bytes=0-".parse().unwrap());
        assert_eq!(wanted(&nothing, "\"a\"", 9), All);
    }
}
