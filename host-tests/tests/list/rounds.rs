//! Cycles in several runs, and what JSON APIs count.

use std::collections::BTreeMap;

use host_tests::arms::{ADMIN_TOKEN, Arm, Host};
use host_tests::upstream::{Reply, Upstream};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::site::{self, NOW_S};

async fn start(host: Host, toml: &str) -> anyhow::Result<Arm> {
    let epoch = NOW_S.to_string();
    let variables = [
        ("admin_token", ADMIN_TOKEN),
        ("source_date_epoch", epoch.as_str()),
        ("webhook_secret", WEBHOOK_SECRET),
    ];
    Arm::start(host, toml, &variables).await
}

/// Opens the refresh to signed calls.
const WEBHOOK_SECRET: &str = "whsec_dGhpcnR5LXR3byBieXRlcyBvZiBhIHNlY3JldCEhISE=";

async fn refresh(arm: &Arm, query: &str) -> anyhow::Result<Value> {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let path = format!("/_edgefold/refresh{query}");
    let answer = arm
        .send("POST", &path, &[("authorization", bearer.as_str())])
        .await?;
    anyhow::ensure!(answer.status == 200, "{path}: {}", answer.text());
    answer.json()
}

/// Five feeds, of which a run asks two.
async fn five_sources() -> anyhow::Result<(Upstream, String)> {
    let upstream = Upstream::start().await?;
    let mut toml = "[site]\ntitle = \"Long\"\n[limits]\nrequests_per_run = 2\n".to_owned();
    for number in 0..5 {
        let path = format!("/{number}.xml");
        let feed = site::rss(&format!("feed{number}"), None);
        upstream.route(&path, Reply::document("text/xml", feed));
        toml += &format!(
            "[[source]]\nid = \"feed{number}\"\nurl = \"{}\"\n",
            upstream.url(&path)
        );
    }
    Ok((upstream, toml))
}

/// The script that schedulers call.
pub(crate) async fn a_scheduler_goes_on_until_nothing_is_left() -> anyhow::Result<()> {
    let (_upstream, toml) = five_sources().await?;
    let arm = start(Host::Component, &toml).await?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/refresh.sh");
    let run = |token: &'static str| {
        let mut command = Command::new("sh");
        command.arg(script);
        command.env("EDGEFOLD_URL", arm.base_url());
        command.env("REFRESH_TOKEN", token);
        command.output()
    };
    let output = run(ADMIN_TOKEN).await?;
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaint}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "run 1: published, generation 1, 3 sources left",
            "run 2: published, generation 2, 1 sources left",
            "run 3: published, generation 3, 0 sources left",
        ]
    );
    let mut signed = Command::new("sh");
    signed.arg(script).env("EDGEFOLD_URL", arm.base_url());
    let signed = signed.env("WEBHOOK_SECRET", WEBHOOK_SECRET).output();
    let signed = signed.await?;
    let said = String::from_utf8_lossy(&signed.stdout);
    let complaint = String::from_utf8_lossy(&signed.stderr);
    assert_eq!(
        said.trim(),
        "run 1: unchanged, generation 3, 0 sources left",
        "{complaint}"
    );
    let refused = run("wrong").await?;
    let complaint = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    assert!(complaint.contains("401"), "{complaint}");
    Ok(())
}

pub(crate) async fn a_long_cycle_goes_on_until_nothing_is_left(host: Host) -> anyhow::Result<()> {
    let (upstream, toml) = five_sources().await?;
    let arm = start(host, &toml).await?;
    for pass in ["", "&all=1"] {
        let mut round = "new".to_owned();
        let mut left = Vec::new();
        loop {
            let report = refresh(&arm, &format!("?round={round}{pass}")).await?;
            left.push(report["left"].as_u64().unwrap());
            let Some(next) = report["round"].as_str() else {
                break;
            };
            round = next.to_owned();
        }
        assert_eq!(left, [3, 1, 0], "{pass}");
    }
    let counts = upstream.counts();
    let asked: BTreeMap<_, _> = (0..5)
        .map(|number| format!("/{number}.xml"))
        .map(|path| (upstream.requests(&path), path))
        .collect();
    assert_eq!(asked.keys().collect::<Vec<_>>(), [&2], "{counts:?}");
    assert_eq!(site::walk(&arm, "", 50).await?.len(), 5 * site::ITEMS);
    Ok(())
}

pub(crate) async fn points_and_comments_are_served(host: Host) -> anyhow::Result<()> {
    let upstream = Upstream::start().await?;
    let stories = |points: i64| {
        let story = |number: i64| {
            json!({
                "key": number, "name": format!("Story {number}"), "at": NOW_S - 60 * number,
                "score": points + number, "replies": { "count": number.to_string() },
            })
        };
        Reply::document("application/json", json!([story(1), story(2)]).to_string())
    };
    upstream.route("/api", stories(10));
    let toml = format!(
        "[[source]]\nid = \"api\"\nurl = \"{}\"\nkind = \"json\"\n[source.map]\nid = \"$.key\"\ntitle = \"$.name\"\n\
         published = \"$.at\"\npoints = \"$.score\"\ncomments = \"$.replies.count\"\n",
        upstream.url("/api")
    );
    let arm = start(host, &toml).await?;
    let empty = arm.get("/api/engagement").await?.json()?;
    assert_eq!(empty, json!({ "items": {}, "updated": null }));
    let report = refresh(&arm, "?all=1").await?;
    assert_eq!(report["engagement"], "stored", "{report}");
    let answer = arm.get("/api/engagement").await?;
    let etag = answer.header("etag").to_owned();
    let counts = answer.json()?;
    for item in site::walk(&arm, "", 50).await? {
        let number = item["title"].as_str().unwrap().rsplit(' ').next().unwrap();
        let number: i64 = number.parse()?;
        let counted = &counts["items"][item["id"].as_str().unwrap()];
        assert_eq!(
            counted,
            &json!({ "points": 10 + number, "comments": number })
        );
    }
    let known = [("if-none-match", etag.as_str())];
    assert_eq!(
        arm.send("GET", "/api/engagement", &known).await?.status,
        304
    );
    // Within the hour new counts wait, and nothing is written for them.
    upstream.route("/api", stories(20));
    let report = refresh(&arm, "?all=1").await?;
    assert_eq!(report["engagement"], "waiting", "{report}");
    assert_eq!(report["kv"]["writes"], 0, "{report}");
    assert_eq!(arm.get("/api/engagement").await?.json()?, counts);
    Ok(())
}
