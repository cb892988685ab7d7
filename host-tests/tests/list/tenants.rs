//! Two sites of one deployment.

use host_tests::arms::{ADMIN_TOKEN, Answer, Arm, Host};
use host_tests::tenants::{self, OTHER_TOKEN};
use host_tests::upstream::Upstream;

async fn ask(
    arm: &Arm,
    host: &str,
    method: &str,
    path: &str,
    token: &str,
) -> anyhow::Result<Answer> {
    let bearer = format!("Bearer {token}");
    let headers = [("host", host), ("authorization", bearer.as_str())];
    arm.send(method, path, &headers).await
}

pub(crate) async fn each_host_has_its_own_site(host: Host) -> anyhow::Result<()> {
    let upstream = Upstream::start().await?;
    let variables = tenants::deployment(&upstream, &tenants::TWO)?;
    let arm = Arm::start_bare(host, variables).await?;
    let refresh = "/_edgefold/refresh?all=1";
    for (name, token) in [
        ("news.example", ADMIN_TOKEN),
        ("Status.Example.:80", OTHER_TOKEN),
    ] {
        let report = ask(&arm, name, "POST", refresh, token).await?;
        assert_eq!(report.status, 200, "{}", report.text());
        assert_eq!(report.json()?["outcome"], "published");
    }
    for (name, title) in [
        ("news.example", "An item of news"),
        ("NEWS.example:8080", "An item of news"),
        ("status.example", "An item of status"),
    ] {
        let page = ask(&arm, name, "GET", "/api/items", "").await?.json()?;
        assert_eq!(page["total"], 1, "{name}: {page}");
        assert_eq!(page["items"][0]["title"], title, "{name}: {page}");
    }
    // Neither token opens the other site.
    for (name, token) in [
        ("news.example", OTHER_TOKEN),
        ("status.example", ADMIN_TOKEN),
    ] {
        assert_eq!(ask(&arm, name, "POST", refresh, token).await?.status, 401);
    }
    for path in ["/", "/api/items", "/health", refresh] {
        let answer = ask(&arm, "other.example", "GET", path, ADMIN_TOKEN).await?;
        assert_eq!(answer.status, 421, "{path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    Ok(())
}
