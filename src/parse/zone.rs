//! Time zones as feeds write them.

/// Seconds east of UTC: `Z`, `+0200`, `-05:30`, `GMT+2`, `EST`.
pub(super) fn zone(text: &str) -> Option<i64> {
    let text = text.trim();
    let sign_at = text.find(['+', '-']);
    let (name, offset) = text.split_at(sign_at.unwrap_or(text.len()));
    let named = match name.trim() {
        "" => None,
        name => Some(zone_name(name)?),
    };
    let Some(sign) = offset.chars().next() else {
        return named;
    };
    let figures: String = offset[1..]
        .chars()
        .filter(|c| *c != ':' && !c.is_whitespace())
        .collect();
    let len = figures.bytes().take_while(u8::is_ascii_digit).count();
    let n: i64 = figures.get(..len.min(4))?.parse().ok()?;
    let (hours, minutes) = match len {
        1 | 2 => (n, 0),
        _ => (n / 100, n % 100),
    };
    let east = hours * 3600 + minutes * 60;
    // `EST-0500` says the same twice.
    let base = named.filter(|n| *n == 0).unwrap_or(0);
    Some(base + if sign == '-' { -east } else { east })
}

/// RFC 5322 §4.3's obsolete names and those that feeds use beside them.
fn zone_name(name: &str) -> Option<i64> {
    let hours = match name.to_ascii_uppercase().as_str() {
        "Z" | "UT" | "UTC" | "GMT" | "WET" | "AZOT" => 0.0,
        "BST" | "CET" | "MEZ" | "WEST" | "WAT" => 1.0,
        "CEST" | "MESZ" | "EET" | "SAST" | "CAT" => 2.0,
        "EEST" | "MSK" | "TRT" => 3.0,
        "MSD" => 4.0,
        "PKT" => 5.0,
        "IST" => 5.5,
        "ICT" | "WIB" => 7.0,
        "AWST" | "HKT" | "SGT" | "PHT" => 8.0,
        "JST" | "KST" => 9.0,
        "ACST" => 9.5,
        "AEST" => 10.0,
        "AEDT" => 11.0,
        "NZST" => 12.0,
        "NZDT" => 13.0,
        "BRT" | "ART" | "ADT" => -3.0,
        "NST" => -3.5,
        "AST" | "EDT" | "ET" => {
            if name.len() == 2 {
                -5.0
            } else {
                -4.0
            }
        }
        "EST" | "CDT" => -5.0,
        "CT" | "CST" | "MDT" => -6.0,
        "MT" | "MST" | "PDT" => -7.0,
        "PT" | "PST" | "AKDT" => -8.0,
        "AKST" => -9.0,
        "HST" => -10.0,
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "half hours, below 14")]
    Some((hours * 3600.0) as i64)
}
