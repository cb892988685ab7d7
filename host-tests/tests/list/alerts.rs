//! Who is told when something goes wrong.

use host_tests::arms::{ADMIN_TOKEN, Arm, Host};
use host_tests::upstream::{Reply, Upstream};

use crate::site::{self, NOW_S};

/// Signs what is sent.
const ALERT_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Publishes after which a budget of 96 writes a day runs short at ten in the morning, at most.
const PUBLISHES_MAX: usize = 96;

pub(crate) async fn a_short_budget_is_told_once(host: Host) -> anyhow::Result<()> {
    let upstream = Upstream::start().await?;
    upstream.route("/hook", Reply::status(204));
    let toml = format!(
        "[site]\ntitle = \"Short\"\n[budget]\nwrites_per_day = 96\n[alerts]\nwebhook = \"{}\"\n\
         [[source]]\nid = \"news\"\ntitle = \"News\"\nurl = \"{}\"\ncategory = \"one\"\n",
        upstream.url("/hook"),
        upstream.url("/news.xml")
    );
    let epoch = NOW_S.to_string();
    let variables = [
        ("admin_token", ADMIN_TOKEN),
        ("alert_secret", ALERT_SECRET),
        ("source_date_epoch", epoch.as_str()),
    ];
    let arm = Arm::start(host, &toml, &variables).await?;
    let news = |number: usize| {
        let text = site::rss("news", Some(&format!("Edited {number} times")));
        upstream.route("/news.xml", Reply::document("text/xml", text));
    };
    let mut published = 0;
    loop {
        news(published);
        let report = arm.refresh().await?;
        if report["outcome"] == "deferred" {
            break;
        }
        assert_eq!(report["outcome"], "published", "{report}");
        published += 1;
        assert!(published <= PUBLISHES_MAX, "the budget never runs short");
        assert_eq!(upstream.requests("/hook"), 0, "nothing is wrong yet");
    }
    assert_eq!(upstream.requests("/hook"), 1);
    let told = upstream.last_request("/hook").unwrap();
    assert!(told.header("webhook-signature").starts_with("v1,"));
    assert_eq!(told.header("webhook-timestamp"), epoch);
    assert!(told.header("webhook-id").starts_with("budget-"), "{told:?}");
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let headers = [("authorization", bearer.as_str())];
    let status = arm
        .send("GET", "/_edgefold/status", &headers)
        .await?
        .json()?;
    let incidents = status["alerts"]["incidents"].as_array().unwrap();
    assert_eq!(incidents.len(), 1, "{status}");
    assert_eq!(incidents[0]["kind"], "budget-short", "{status}");
    assert_eq!(incidents[0]["told"], true, "{status}");

    // It goes on, and nobody is told again.
    news(published + 1);
    arm.refresh().await?;
    assert_eq!(upstream.requests("/hook"), 1);
    Ok(())
}
