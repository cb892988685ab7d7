//! The same upstream content at the same time gives the same bytes, whatever the host.

use std::collections::BTreeMap;

use host_tests::arms::{Arm, Host};
use host_tests::upstream::Reply;

use crate::site;

/// Filters whose pages are compared, each page by page.
const QUERIES: [&str; 6] = [
    "",
    "&category=world",
    "&category=software",
    "&category=even",
    "&source=notes",
    "&category=even&source=news",
];
/// Items on a page: small, so that there are many pages.
const LIMIT: usize = 7;

pub(crate) async fn all_hosts_answer_alike() -> anyhow::Result<()> {
    let upstream = site::upstream().await?;
    let mut arms = Vec::new();
    for host in Host::ALL.into_iter().filter(|host| host.is_here()) {
        arms.push(site::start(host, &upstream).await?);
    }
    compare("before the first cycle", &arms).await?;
    for arm in &arms {
        arm.refresh().await?;
    }
    compare("after the first cycle", &arms).await?;
    let edited = site::rss("news", Some("Another title"));
    upstream.route("/news.xml", Reply::document("text/xml", edited));
    upstream.route("/notes.json", Reply::status(404));
    upstream.route(
        "/broken.xml",
        Reply::document("text/xml", site::rss("broken", None)),
    );
    for arm in &arms {
        let report = arm.refresh().await?;
        anyhow::ensure!(report["added"] == site::ITEMS, "{report}");
    }
    compare("after a cycle with changes", &arms).await
}

async fn compare(when: &str, arms: &[Arm]) -> anyhow::Result<()> {
    let expected = everything(&arms[0]).await?;
    for arm in &arms[1..] {
        let found = everything(arm).await?;
        for (asked, answer) in &expected {
            let other = found.get(asked).map_or("nothing", String::as_str);
            let (a, b) = (arms[0].host.name(), arm.host.name());
            if let Some((one, two)) = first_difference(answer, other) {
                anyhow::bail!("{when}, {asked}: {a} answers …{one:?}…, {b} …{two:?}…");
            }
        }
        assert_eq!(expected.len(), found.len(), "{when}");
    }
    Ok(())
}

/// Where two answers first differ: a hundred characters of each.
fn first_difference<'a>(one: &'a str, two: &'a str) -> Option<(&'a str, &'a str)> {
    let same = one.chars().zip(two.chars()).take_while(|(a, b)| a == b);
    let at: usize = same.map(|(c, _)| c.len_utf8()).sum();
    let from = |text: &'a str| {
        let start = text.floor_char_boundary(at.saturating_sub(20));
        &text[start..text.floor_char_boundary(at + 80)]
    };
    (one != two).then(|| (from(one), from(two)))
}

/// Every answer that readers can get, as text, by request.
async fn everything(arm: &Arm) -> anyhow::Result<BTreeMap<String, String>> {
    let mut answers = BTreeMap::new();
    for query in QUERIES {
        for item in site::walk(arm, query, LIMIT).await? {
            let id = item["id"].as_str().unwrap_or_default().to_owned();
            ask(arm, "GET", &format!("/api/items/{id}"), &mut answers).await?;
        }
        let mut path = format!("/api/items?limit={LIMIT}{query}");
        loop {
            let next = ask(arm, "GET", &path, &mut answers).await?;
            let Some(next) = next["next"].as_str() else {
                break;
            };
            path = format!("/api/items?limit={LIMIT}{query}&cursor={next}");
        }
    }
    let others = [
        ("GET", "/"),
        ("GET", "/?category=world"),
        ("GET", "/api/sources"),
        ("GET", "/api/views"),
        // Feeds are left out: each host's addresses have its own port.
        ("GET", "/api/export.ndjson"),
        ("GET", "/api/export.ndjson?category=even"),
        ("HEAD", "/api/export.ndjson"),
        ("GET", "/api/export.ndjson?after=nonsense"),
        ("GET", "/health"),
        ("GET", "/openapi.json"),
        ("GET", "/api/items?category=nothing"),
        ("GET", "/api/items?source=nothing"),
        ("GET", "/api/items?colour=red"),
        ("GET", "/api/items?cursor=nonsense"),
        ("GET", "/api/items?limit=0"),
        ("GET", "/api/items/nothing"),
        ("GET", "/nothing"),
        ("HEAD", "/api/items"),
        ("PUT", "/api/items"),
        ("OPTIONS", "/api/items"),
        ("GET", "/_edgefold/status"),
        ("POST", "/_edgefold/refresh"),
    ];
    for (method, path) in others {
        ask(arm, method, path, &mut answers).await?;
    }
    for path in ["/", "/api/items"] {
        let zipped = arm
            .send("GET", path, &[("accept-encoding", "gzip")])
            .await?;
        let coding = zipped.header("content-encoding").to_owned();
        let text = format!("{coding} {:?}", zipped.body);
        answers.insert(format!("GET {path} in gzip"), text);
    }
    Ok(answers)
}

/// Notes status, the headers that the logic sets, and the body.
async fn ask(
    arm: &Arm,
    method: &str,
    path: &str,
    answers: &mut BTreeMap<String, String>,
) -> anyhow::Result<serde_json::Value> {
    let answer = arm.send(method, path, &[]).await?;
    let headers: Vec<String> = [
        "allow",
        "cache-control",
        "content-length",
        "content-type",
        "etag",
        "www-authenticate",
    ]
    .iter()
    .map(|name| format!("{name}: {}", answer.header(name)))
    .collect();
    let text = format!(
        "{}\n{}\n\n{}",
        answer.status,
        headers.join("\n"),
        answer.text()
    );
    answers.insert(format!("{method} {path}"), text);
    Ok(answer.json().unwrap_or_default())
}
