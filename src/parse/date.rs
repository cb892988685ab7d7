//! Dates in all spellings that feeds use. A missing zone is UTC; what names no day is no date.

use ::time::{Date, Month};

use super::zone::zone;
use crate::time::{DAY_MS, Timestamp};

/// Longest text looked at, in bytes.
const DATE_BYTES_MAX: usize = 100;

/// Reads RFC 3339, ISO 8601 with parts missing, RFC 2822 and its wild variants, RFC 850, asctime, or unix time in seconds,
/// milli-, micro- or nanoseconds (told apart by size).
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.len() > DATE_BYTES_MAX {
        return None;
    }
    if let Some(at) = Timestamp::parse(text) {
        return Some(at);
    }
    numeric(text).or_else(|| iso(text)).or_else(|| words(text))
}

/// Unix time of unknown unit, told by its size: seconds up to the year 5138.
pub(super) fn from_unix(value: f64) -> Option<Timestamp> {
    let magnitude = value.abs();
    let ms = match magnitude {
        m if m < 1e11 => value * 1e3,
        m if m < 1e14 => value,
        m if m < 1e17 => value / 1e3,
        m if m < 1e20 => value / 1e6,
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "below 1e14: see above")]
    let ms = ms.round() as i64;
    Timestamp::RANGE_MS.contains(&ms).then_some(Timestamp(ms))
}

/// A civil date and time with its distance from UTC.
#[derive(Debug, Clone, Copy, Default)]
struct Parts {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    millisecond: i64,
    offset_s: i64,
}

impl Parts {
    fn on(year: i64, month: i64, day: i64) -> Self {
        Self {
            year,
            month,
            day,
            ..Self::default()
        }
    }

    fn instant(self) -> Option<Timestamp> {
        let month = Month::try_from(u8::try_from(self.month).ok()?).ok()?;
        let year = i32::try_from(self.year).ok().filter(|y| *y >= 1)?;
        let day = Date::from_calendar_date(year, month, u8::try_from(self.day).ok()?).ok()?;
        // 24:00 is the next midnight; 60 a leap second.
        if self.hour > 24 || self.minute > 59 || self.second > 61 || self.offset_s.abs() > 26 * 3600
        {
            return None;
        }
        let midnight = Timestamp::from_secs(day.midnight().assume_utc().unix_timestamp());
        let seconds = self.hour * 3600 + self.minute * 60 + self.second - self.offset_s;
        Some(midnight.plus_millis(seconds * 1000 + self.millisecond))
    }
}

/// Digits alone: `20031231`, `20031231103000`, a year, or unix time.
fn numeric(text: &str) -> Option<Timestamp> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit())
        || !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    {
        return None;
    }
    let compact = digits == text && (digits.starts_with("19") || digits.starts_with("20"));
    if compact && digits.bytes().all(|b| b.is_ascii_digit()) {
        let n = |from: usize, to: usize| {
            digits
                .get(from..to)
                .and_then(|d| d.parse().ok())
                .unwrap_or(0)
        };
        let date = Parts::on(n(0, 4), n(4, 6), n(6, 8));
        match digits.len() {
            4 => return Parts::on(n(0, 4), 1, 1).instant(),
            6 => return Parts::on(n(0, 4), n(4, 6), 1).instant(),
            8 => return date.instant(),
            12 | 14 => {
                let time = Parts {
                    hour: n(8, 10),
                    minute: n(10, 12),
                    second: n(12, 14),
                    ..date
                };
                if let Some(at) = time.instant() {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    // Fewer digits are a count of something else, or `31.12.2003`.
    let whole = digits.split('.').next().unwrap_or(digits);
    if whole.len() < 8 || digits.matches('.').count() > 1 {
        return None;
    }
    from_unix(text.parse().ok()?)
}

/// A year first: `2003`, `2003-12`, `2003/12/31 10:00`, `2003-365`, `20031231T10:14Z`.
fn iso(text: &str) -> Option<Timestamp> {
    let (year, rest) = digits(text, 4, 4)?;
    if let Some((rest_of_day, tail)) = digits(rest, 4, 4)
        && (tail.is_empty() || tail.starts_with(['T', 't', ' ']))
    {
        return with_time(Parts::on(year, rest_of_day / 100, rest_of_day % 100), tail);
    }
    let separated = rest.strip_prefix(['-', '/', '.', ':'])?;
    if let Some((ordinal, tail)) = digits(separated, 3, 3)
        && (tail.is_empty() || tail.starts_with(['T', 't', ' ']))
    {
        let first = Parts::on(year, 1, 1)
            .instant()?
            .plus_millis((ordinal - 1) * DAY_MS);
        let rest = with_time(Parts::on(1970, 1, 1), tail)?;
        return (1..=366)
            .contains(&ordinal)
            .then(|| first.plus_millis(rest.as_millis()));
    }
    let (month, rest) = digits(separated, 1, 2)?;
    let (day, rest) = match rest.strip_prefix(['-', '/', '.', ':']) {
        Some(rest) => digits(rest, 1, 2)?,
        None => (1, rest),
    };
    with_time(Parts::on(year, month, day), rest)
}

fn with_time(mut parts: Parts, text: &str) -> Option<Timestamp> {
    let text = text.trim_start_matches(['T', 't', ' ', ',', '_']);
    if text.is_empty() {
        return parts.instant();
    }
    let rest = clock_into(&mut parts, text)?;
    let rest = meridiem_into(&mut parts, rest.trim());
    parts.offset_s = zone(rest).unwrap_or(0);
    parts.instant()
}

/// Words in any order: `Thu, 01 Jan 2004 19:48:21 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Nov 6 08:49:37 1994`.
fn words(text: &str) -> Option<Timestamp> {
    let mut parts = Parts::default();
    let mut numbers: Vec<(i64, usize)> = Vec::new();
    let mut month_place = None;
    let mut zone_text = String::new();
    let mut timed = false;
    let mut dotted = false;
    for word in text.split(|c: char| c.is_whitespace() || c == ',' || c == '(' || c == ')') {
        if word.is_empty() {
            continue;
        }
        if word.contains(':') && !timed && word.starts_with(|c: char| c.is_ascii_digit()) {
            let rest = clock_into(&mut parts, word)?;
            zone_text.push_str(meridiem_into(&mut parts, rest));
            timed = true;
            continue;
        }
        if timed && (word.starts_with(['+', '-']) || zone(word).is_some()) {
            zone_text.push_str(word);
            continue;
        }
        let rest = meridiem_into(&mut parts, word);
        if rest.is_empty() {
            continue;
        }
        if is_weekday(rest) {
            continue;
        }
        for piece in word.split(['-', '/', '.']).filter(|p| !p.is_empty()) {
            if let Some(number) = leading_number(piece) {
                numbers.push((number, piece.len()));
                dotted |= word.contains('.');
            } else if let Some(month) = month(piece) {
                parts.month = month;
                month_place.get_or_insert(numbers.len());
            } else if timed {
                // An unknown zone name: UTC.
            }
        }
    }
    let (year, year_len) = place_numbers(&mut parts, &numbers, month_place.is_some(), dotted)?;
    parts.year = full_year(year, year_len);
    parts.offset_s = zone(&zone_text).unwrap_or(0);
    parts.instant()
}

/// Tells day, month and year apart.
fn place_numbers(
    parts: &mut Parts,
    numbers: &[(i64, usize)],
    named_month: bool,
    dotted: bool,
) -> Option<(i64, usize)> {
    if named_month {
        let year_at = numbers.iter().position(|(_, len)| *len >= 4).unwrap_or(1);
        let year = *numbers.get(year_at)?;
        let day_at = (0..numbers.len()).find(|i| *i != year_at)?;
        parts.day = numbers[day_at].0;
        return Some(year);
    }
    let [(a, _), (b, _), year, ..] = *numbers else {
        return None;
    };
    // `31.12.2003` is day first; with slashes the American order, unless it is impossible.
    (parts.day, parts.month) = if dotted || a > 12 { (a, b) } else { (b, a) };
    Some(year)
}

/// RFC 5322 §4.3: two digits are 1950 to 2049, three count from 1900.
fn full_year(year: i64, len: usize) -> i64 {
    match (len, year) {
        (1 | 2, 0..=49) => year + 2000,
        (1..=3, _) => year + 1900,
        _ => year,
    }
}

/// `10`, `10:14`, `10:14:55`, `101455`, each with a fraction; returns what follows.
fn clock_into<'a>(parts: &mut Parts, text: &'a str) -> Option<&'a str> {
    let (hour, mut rest) = digits(text, 1, 2)?;
    parts.hour = hour;
    let separator = |t: &'a str| {
        t.strip_prefix([':', '.'])
            .or_else(|| t.starts_with(|c: char| c.is_ascii_digit()).then_some(t))
    };
    if let Some((minute, tail)) = separator(rest).and_then(|t| digits(t, 1, 2)) {
        parts.minute = minute;
        rest = tail;
        if let Some((second, tail)) = separator(rest).and_then(|t| digits(t, 1, 2)) {
            parts.second = second;
            rest = tail;
        }
    }
    if let Some(fraction) = rest.strip_prefix(['.', ',', ':']) {
        let len = fraction.bytes().take_while(u8::is_ascii_digit).count();
        let digits: String = fraction[..len]
            .chars()
            .chain("000".chars())
            .take(3)
            .collect();
        parts.millisecond = digits.parse().unwrap_or(0);
        rest = &fraction[len..];
    }
    Some(rest)
}

/// Takes `AM` or `PM` off the front; returns what follows.
fn meridiem_into<'a>(parts: &mut Parts, text: &'a str) -> &'a str {
    let Some(mark) = text.get(..2) else {
        return text;
    };
    let ends = !text[2..].starts_with(|c: char| c.is_ascii_alphabetic());
    if mark.eq_ignore_ascii_case("pm") && ends {
        if parts.hour < 12 {
            parts.hour += 12;
        }
    } else if mark.eq_ignore_ascii_case("am") && ends {
        if parts.hour == 12 {
            parts.hour = 0;
        }
    } else {
        return text;
    }
    text[2..].trim_start()
}

fn month(word: &str) -> Option<i64> {
    const NAMES: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let start = word.get(..3)?;
    let at = NAMES
        .iter()
        .position(|name| name.eq_ignore_ascii_case(start))?;
    i64::try_from(at + 1).ok()
}

fn is_weekday(word: &str) -> bool {
    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let alphabetic = word.chars().all(|c| c.is_ascii_alphabetic() || c == '.');
    alphabetic
        && word
            .get(..3)
            .is_some_and(|start| NAMES.iter().any(|name| name.eq_ignore_ascii_case(start)))
}

/// `1`, `01`, `1st`.
fn leading_number(word: &str) -> Option<i64> {
    let len = word.bytes().take_while(u8::is_ascii_digit).count();
    let ending = &word[len..];
    let ordinal = ["", "st", "nd", "rd", "th"]
        .iter()
        .any(|o| ending.eq_ignore_ascii_case(o));
    (ordinal && (1..=4).contains(&len)).then(|| word[..len].parse().ok())?
}

/// `min` to `max` digits off the front.
fn digits(text: &str, min: usize, max: usize) -> Option<(i64, &str)> {
    let len = text
        .bytes()
        .take(max)
        .take_while(u8::is_ascii_digit)
        .count();
    if len < min {
        return None;
    }
    Some((text[..len].parse().ok()?, &text[len..]))
}

#[cfg(test)]
mod tests;
