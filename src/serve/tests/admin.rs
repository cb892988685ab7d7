//! Who may do what under `/_edgefold/`.

use super::double::Double;

const REFRESH: (&str, &str) = ("POST", "/_edgefold/refresh");
const STATUS: (&str, &str) = ("GET", "/_edgefold/status");

fn ask(host: &Double, (method, target): (&str, &str), token: &str) -> u16 {
    let header = format!("authorization: {token}");
    let headers: &[&str] = if token.is_empty() { &[] } else { &[&header] };
    host.ask(method, target, headers).status
}

/// Whether a call is let through to the cycle (which may report, or fail in the store).
fn runs(host: &Double, token: &str) -> bool {
    matches!(ask(host, REFRESH, token), 200 | 503)
}

#[test]
fn without_a_token_the_routes_do_not_exist() {
    for host in [
        Double::with(1),
        Double::with(1).set("admin_token", ""),
        Double::with(1)
            .set("admin_token", "  ")
            .set("refresh_token", ""),
    ] {
        let unknown = host.get("/_edgefold/nothing");
        for (method, target) in [REFRESH, STATUS, ("OPTIONS", STATUS.1), ("GET", REFRESH.1)] {
            for token in ["", "Bearer ", "Bearer x", "Bearer   "] {
                assert_eq!(
                    ask(&host, (method, target), token),
                    404,
                    "{method} {target} {token}"
                );
            }
            let answer = host.ask(method, target, &[]);
            assert_eq!(
                answer.headers.keys().collect::<Vec<_>>(),
                unknown.headers.keys().collect::<Vec<_>>()
            );
            assert_eq!(
                answer.body.replace(target, ""),
                unknown.body.replace("/_edgefold/nothing", "")
            );
        }
    }
}

#[test]
fn the_admin_token_opens_everything() {
    let host = Double::with(1)
        .set("admin_token", "right")
        .set("refresh_token", "cron");
    for token in [
        "",
        "Bearer wrong",
        "Bearer rightx",
        "Bearer righ",
        "Basic right",
        "right",
    ] {
        for route in [REFRESH, STATUS] {
            assert_eq!(ask(&host, route, token), 401, "{route:?} {token}");
        }
    }
    let refused = host.ask("GET", STATUS.1, &[]);
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    assert_eq!(refused.header("cache-control"), "no-store");
    assert!(!refused.body.contains("right"));
    assert_eq!(ask(&host, STATUS, "Bearer right"), 200);
    assert_eq!(ask(&host, STATUS, "bearer right"), 200);
    assert!(runs(&host, "Bearer right"));
    // The scheduler's token runs cycles and nothing else.
    assert!(runs(&host, "Bearer cron"));
    assert_eq!(ask(&host, STATUS, "Bearer cron"), 401);
    // Methods are told to those who may know.
    assert_eq!(ask(&host, ("GET", REFRESH.1), "Bearer right"), 405);
    assert_eq!(ask(&host, ("GET", REFRESH.1), ""), 401);
    assert_eq!(
        ask(&host, ("POST", "/_edgefold/nothing"), "Bearer right"),
        404
    );
}

#[test]
fn with_only_a_refresh_token_only_a_right_call_exists() {
    let host = Double::with(1).set("refresh_token", "cron");
    assert!(runs(&host, "Bearer cron"));
    for (route, token) in [
        (REFRESH, ""),
        (REFRESH, "Bearer wrong"),
        (STATUS, "Bearer cron"),
        (STATUS, ""),
        (("GET", REFRESH.1), "Bearer cron"),
        (("OPTIONS", REFRESH.1), "Bearer cron"),
    ] {
        assert_eq!(ask(&host, route, token), 404, "{route:?} {token}");
    }
}

#[test]
fn refresh_runs_a_cycle_and_reports() {
    let host = Double::default().set("admin_token", "right");
    let answer = host.ask(
        "POST",
        "/_edgefold/refresh?all=1",
        &["authorization: Bearer right"],
    );
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.json()["outcome"].is_string(), "{}", answer.body);
    for (target, status) in [
        ("/_edgefold/refresh?all=2", 400),
        ("/_edgefold/refresh?al=1", 400),
    ] {
        assert_eq!(
            ask(&host, ("POST", target), "Bearer right"),
            status,
            "{target}"
        );
    }
}

#[test]
fn a_broken_configuration_is_told_to_the_admin() {
    let host = Double::with(1)
        .set("admin_token", "right")
        .set("config", "[site]\ntitle = 1");
    let status = host.ask("GET", STATUS.1, &["authorization: Bearer right"]);
    assert_eq!(status.status, 200);
    assert_eq!(status.json()["config"], "baked-in");
    let problem = status.json()["config_problem"].as_str().unwrap().to_owned();
    assert!(problem.contains("edgefold check"), "{problem}");
}

#[test]
fn status_tells_what_is_published_and_set() {
    let host = Double::with(2).set("admin_token", "right");
    let answer = host.ask("GET", STATUS.1, &["authorization: Bearer right"]);
    let status = answer.json();
    assert_eq!(status["generation"], 7);
    assert_eq!(status["views"][0]["items"], 2);
    assert_eq!(status["store"]["swap"], true);
    assert_eq!(status["config"], "baked-in");
    assert_eq!(host.kv.writes.get(), 0);
    assert!(!answer.body.contains("right"));
}

#[test]
fn a_look_at_what_is_stored_needs_the_admin_token() {
    const REPAIR: (&str, &str) = ("POST", "/_edgefold/repair");
    let host = Double::with(1)
        .set("admin_token", "right")
        .set("refresh_token", "cron");
    assert_eq!(ask(&host, REPAIR, ""), 401);
    assert_eq!(ask(&host, REPAIR, "Bearer cron"), 401);
    for (query, status) in [
        ("", 200),
        ("?from=x", 400),
        ("?from=x.all", 400),
        ("?to=x", 400),
    ] {
        let target = format!("{}{query}", REPAIR.1);
        assert_eq!(
            ask(&host, (REPAIR.0, &target), "Bearer right"),
            status,
            "{query}"
        );
    }
    assert_eq!(ask(&Double::with(1), REPAIR, ""), 404);
    let token = &["authorization: Bearer right"];
    let empty = Double::default().set("admin_token", "right");
    let answer = empty.ask(REPAIR.0, REPAIR.1, token).json();
    assert_eq!(
        (&answer["lost"], &answer["next"]),
        (&serde_json::json!([]), &serde_json::Value::Null)
    );
}
