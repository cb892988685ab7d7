//! `q=` through the routes.

use scraper::{Html, Selector};

use super::double::{Double, head, ordinary, site};

fn ids(host: &Double, target: &str) -> (Vec<String>, u64, Option<String>) {
    let answer = host.get(target);
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    let json = answer.json();
    let items = json["items"].as_array().unwrap().iter();
    let ids = items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect();
    let next = json["next"].as_str().map(str::to_owned);
    (ids, json["total"].as_u64().unwrap(), next)
}

#[test]
fn results_have_the_documented_shape() {
    let host = Double::with(75);
    let answer = host.get("/api/items?q=number+12");
    assert_eq!(
        (answer.status, host.kv.reads.get()),
        (200, 1),
        "the head has all of it"
    );
    let json = answer.json();
    assert_eq!(
        (&json["total"], &json["total_is"]),
        (&1.into(), &"exact".into())
    );
    assert_eq!(
        (&json["searched_to"], &json["next"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    let hit = json["items"][0].as_object().unwrap();
    let members: Vec<&str> = hit.keys().map(String::as_str).collect();
    assert_eq!(
        members,
        ["category", "id", "published", "source", "title", "url"]
    );
    let whole = host
        .get(&format!("/api/items/{}", hit["id"].as_str().unwrap()))
        .json();
    assert!(hit.iter().all(|(member, value)| whole[member] == *value));
    assert_ne!(
        answer.header("etag"),
        host.get("/api/items?q=number+13").header("etag")
    );
    let named = format!("if-none-match: {}", answer.header("etag"));
    let again = host.ask("GET", "/api/items?q=number+12", &[&named]);
    assert_eq!(again.status, 304);
}

#[test]
fn parameters_narrow_a_search_down() {
    let host = Double::with(75);
    assert_eq!(ids(&host, "/api/items?q=title").1, 75);
    assert_eq!(ids(&host, "/api/items?q=title&category=all").1, 75);
    let news = ids(&host, "/api/items?q=title+category:news");
    assert_eq!(news.1, 38);
    assert_eq!(ids(&host, "/api/items?q=title&category=news"), news);
    assert_eq!(ids(&host, "/api/items?q=source:a").0, news.0);
    assert_eq!(ids(&host, "/api/items?q=title&category=news&source=b").1, 0);
    assert_eq!(ids(&host, "/api/items?q=title+-source:a").1, 37);
    assert_eq!(
        ids(&host, "/api/items?q=tag:kernel+before:2026-11-21T09:00:00Z").1,
        50
    );
}

#[test]
fn results_are_paged() {
    let host = Double::with(75);
    let (all, _, _) = ids(&host, "/api/items?q=ordinary&limit=100");
    let (mut paged, mut target) = (Vec::new(), "/api/items?q=ordinary&limit=20".to_owned());
    loop {
        let (page, total, next) = ids(&host, &target);
        assert_eq!(total, 75);
        paged.extend(page);
        let Some(next) = next else { break };
        target = format!("/api/items?q=ordinary&limit=20&cursor={next}");
    }
    assert_eq!(paged, all);
}

#[test]
fn what_can_not_be_answered_is_told() {
    let host = Double::with(3);
    let (_, _, next) = ids(&host, "/api/items?q=title&limit=1");
    let next = next.unwrap();
    let list = host.get("/api/items?limit=1").json()["next"]
        .as_str()
        .unwrap()
        .to_owned();
    for (target, status, kind) in [
        ("/api/items?q=%21%21", 400, "bad-search"),
        ("/api/items?q=before:soon", 400, "bad-search"),
        ("/api/items?q=", 400, "bad-search"),
        ("/api/items?q=a&page=2", 400, "bad-page"),
        (
            &format!("/api/items?q=other&cursor={next}"),
            400,
            "bad-cursor",
        ),
        (
            &format!("/api/items?q=title&cursor={list}"),
            400,
            "bad-cursor",
        ),
        (&format!("/api/items?cursor={next}"), 400, "bad-cursor"),
        ("/api/items?q=source:nobody", 404, "unknown-source"),
        ("/api/items?q=-category:nowhere+a", 404, "unknown-category"),
        ("/api/items?q=a&category=nowhere", 404, "unknown-category"),
    ] {
        let answer = host.get(target);
        assert_eq!(answer.status, status, "{target}: {}", answer.body);
        let problem = answer.json();
        assert!(
            problem["type"]
                .as_str()
                .unwrap()
                .ends_with(&format!("#{kind}")),
            "{target}: {problem}"
        );
    }
    let before = Double::default();
    assert_eq!(ids(&before, "/api/items?q=anything"), (Vec::new(), 0, None));
    assert!(
        before
            .get("/?q=anything")
            .body
            .contains("Nothing is published yet")
    );
}

#[test]
fn the_page_has_a_search_box_and_results() {
    let host = Double::publishing(&head(&ordinary(75), &site()));
    let page = |target: &str| {
        let answer = host.ask("GET", target, &["accept: text/html"]);
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        assert!(
            answer
                .header("content-security-policy")
                .contains("form-action 'self'")
        );
        Html::parse_document(&answer.body)
    };
    let text = |html: &Html, selector: &str| -> Vec<String> {
        let selector = Selector::parse(selector).unwrap();
        html.select(&selector)
            .map(|found| found.text().collect())
            .collect()
    };
    let value = |html: &Html| {
        let selector = Selector::parse("form[role=search] input[name=q]").unwrap();
        html.select(&selector)
            .next()
            .unwrap()
            .attr("value")
            .map(str::to_owned)
    };
    assert_eq!(value(&page("/")), None);
    // An empty box is no search.
    assert_eq!(text(&page("/?q="), "main h2"), ["Newest"]);
    let html = page("/?q=%22item+number%22+-%3Cb%3E");
    assert_eq!(value(&html).as_deref(), Some("\"item number\" -<b>"));
    assert_eq!(text(&html, "main h2"), ["“\"item number\" -<b>”"]);
    assert_eq!(text(&html, "ol.items > li").len(), 30);
    assert_eq!(text(&html, "main .n"), ["75 results show everything feed"]);
    let next = Selector::parse("a[rel=next]").unwrap();
    let next = html
        .select(&next)
        .next()
        .unwrap()
        .attr("href")
        .unwrap()
        .to_owned();
    let more = page(&next);
    assert_eq!(
        text(&more, "main .n"),
        ["75 results, further down show everything feed"]
    );
    let none = page("/?q=nothinglikethis");
    assert_eq!(text(&none, "main .n"), ["0 results show everything feed"]);
    assert!(text(&none, "main .say")[0].contains("All words must occur"));
    let broken = host.ask("GET", "/?q=after:then", &["accept: text/html"]);
    assert_eq!(broken.status, 400);
    assert!(broken.body.contains("names no day"));
}
