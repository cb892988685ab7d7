//! JSON Feed, and three APIs of the kinds that people map by JSONPath.

use serde_json::{Value, json};

use super::timeline::{Story, dice};
use super::voices::Voice;
use crate::sim::SplitMix;

/// JSON Feed 1.1.
pub(super) fn feed(voice: &Voice, stories: &[Story], base: &str) -> Value {
    let item = |story: &Story| {
        json!({
            "id": format!("{}-{}", voice.id, story.number),
            "url": story.link,
            "title": story.title,
            "content_html": format!("<p>{}</p>", story.summary),
            "image": format!("{base}/art/{}/{}.svg", voice.id, story.number),
            "date_published": story.published.to_string(),
            "date_modified": story.updated.to_string(),
            "authors": [{ "name": story.author }],
            "tags": story.tags,
        })
    };
    json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": voice.title,
        "description": voice.about,
        "home_page_url": voice.site,
        "feed_url": format!("{base}{}", voice.path),
        "items": stories.iter().map(item).collect::<Vec<_>>(),
    })
}

/// A registry: unix milliseconds, nested links, keywords.
pub(super) fn packages(stories: &[Story]) -> Value {
    let update = |story: &Story| {
        let name = story.title.split(' ').next().unwrap_or_default();
        json!({
            "uid": story.number,
            "package": name,
            "headline": story.title,
            "changes": story.summary,
            "keywords": story.tags,
            "released_ms": story.published.as_millis(),
            "maintainer": { "handle": story.author, "verified": story.dice.is_multiple_of(3) },
            "links": { "web": story.link, "download": null },
            "downloads_24h": story.dice % 90_000,
        })
    };
    json!({
        "meta": { "count": stories.len(), "next": null },
        "updates": stories.iter().map(update).collect::<Vec<_>>(),
    })
}

/// GeoJSON, as seismic networks serve it: unix milliseconds, magnitudes that are revised.
pub(super) fn quakes(voice: &Voice, seed: u64, stories: &[Story]) -> Value {
    let feature = |story: &Story| {
        let random = dice(seed, voice.id, story.number ^ 0x9a4e);
        // Each magnitude is about eight times as frequent as the next.
        let mut magnitude = 18 + random.below(10);
        while magnitude < 72 && random.chance(720) {
            magnitude += 3;
        }
        if story.updated > story.published {
            magnitude += random.below(3);
        }
        let place = place(&random);
        let title = format!("M {}.{} – {place}", magnitude / 10, magnitude % 10);
        let depth = 4 + random.below(140);
        json!({
            "type": "Feature",
            "id": format!("osn{}", story.number),
            "properties": {
                "mag": magnitude as f64 / 10.0,
                "place": place,
                "title": title,
                "time": story.published.as_millis(),
                "updated": story.updated.as_millis(),
                "url": format!("{}/osn{}", voice.site, story.number),
                "detail": format!("Depth {depth} km, located with {} stations. {}", 6 + random.below(90), felt(magnitude)),
                "status": if story.updated > story.published { "reviewed" } else { "automatic" },
                "alert": alert(magnitude),
            },
            "geometry": { "type": "Point", "coordinates": [random.below(360) as f64 - 180.0, random.below(160) as f64 - 80.0, depth] },
        })
    };
    json!({
        "type": "FeatureCollection",
        "metadata": { "title": voice.title, "status": 200 },
        "features": stories.iter().map(feature).collect::<Vec<_>>(),
    })
}

/// A market data API: unix seconds, one object keyed by symbol inside each tick.
pub(super) fn prices(voice: &Voice, seed: u64, stories: &[Story]) -> Value {
    const MARKETS: [(&str, &str, &str, u64, &str); 7] = [
        ("copper", "Copper", "USD/t", 941_200, "metals"),
        ("nickel", "Nickel", "USD/t", 1_534_000, "metals"),
        (
            "power-north",
            "Power, northern zone",
            "EUR/MWh",
            6_480,
            "energy",
        ),
        ("gas-hub", "Natural gas", "EUR/MWh", 3_115, "energy"),
        ("wheat", "Wheat", "EUR/t", 21_850, "grain"),
        ("carbon", "Carbon allowance", "EUR/t", 7_140, "energy"),
        ("lithium", "Lithium carbonate", "USD/t", 1_128_000, "metals"),
    ];
    let tick = |story: &Story| {
        let index = usize::try_from(story.number).unwrap_or(0) % MARKETS.len();
        let (symbol, name, unit, base, group) = MARKETS[index];
        let random = dice(seed, voice.id, story.number ^ 0x9c1c);
        let change = i64::try_from(random.below(49)).unwrap_or(0) - 24; // per mille
        let price = base + base * random.below(80) / 1000;
        let direction = match change {
            0 => "unchanged".to_owned(),
            1.. => format!("up {}.{} %", change / 10, change % 10),
            _ => format!("down {}.{} %", -change / 10, -change % 10),
        };
        json!({
            "seq": story.number,
            "ts": story.published.as_secs(),
            "label": format!("{name} {} {unit}, {direction}", money(price)),
            "instrument": { "symbol": symbol, "href": format!("{}/{symbol}#{}", voice.site, story.number), "group": group },
            "note": format!("Volume {} lots; the day's range is {} to {}.", 200 + random.below(9000), money(price - base / 60), money(price + base / 70)),
        })
    };
    json!({ "ok": true, "data": { "ticks": stories.iter().map(tick).collect::<Vec<_>>() } })
}

fn place(random: &SplitMix) -> String {
    const WIND: [&str; 8] = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"];
    const TOWN: [&str; 10] = [
        "Port Halden",
        "Sant Ferrol",
        "Mirador Bay",
        "Keshwick",
        "Nuevo Arroyo",
        "Tavaluna",
        "Ilha Verde",
        "Kumari Point",
        "Hollowfjord",
        "Baie des Pins",
    ];
    let of =
        |list: &[&'static str]| list[usize::try_from(random.below(list.len() as u64)).unwrap_or(0)];
    format!(
        "{} km {} of {}",
        3 + random.below(180),
        of(&WIND),
        of(&TOWN)
    )
}

fn felt(magnitude: u64) -> &'static str {
    match magnitude {
        0..=29 => "Not felt.",
        30..=39 => "Felt by a few people at rest.",
        40..=49 => "Felt indoors; dishes rattle.",
        50..=59 => "Felt widely; light damage is possible near the epicentre.",
        _ => "Strong shaking; damage is likely near the epicentre.",
    }
}

fn alert(magnitude: u64) -> Option<&'static str> {
    match magnitude {
        0..=44 => None,
        45..=54 => Some("green"),
        55..=64 => Some("orange"),
        _ => Some("red"),
    }
}

/// Hundredths as `9,412.50`.
fn money(hundredths: u64) -> String {
    let whole = (hundredths / 100).to_string();
    let mut text = String::new();
    for (n, digit) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{text}.{:02}", hundredths % 100)
}
