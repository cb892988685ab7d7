//! `[[proxy]]` and its share of the budget.

use crate::config::authoring::compile;
use crate::config::{Config, PASSABLE_TYPES};

const SOURCE: &str = "[[source]]\nurl = 'https://a.example/feed'\n";
const PROXY: &str = "[[proxy]]\nid = 'prices'\nurl = 'https://api.example/prices'\n";

fn compiled(rest: &str) -> Config {
    compile(&format!("{SOURCE}{rest}")).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

#[track_caller]
fn one(rest: &str, expected: &str) {
    let mistakes = compile(&format!("{SOURCE}{rest}")).unwrap_err();
    let mistakes: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert!(mistakes[0].contains(expected), "{mistakes:?}");
}

#[test]
fn a_proxy_has_defaults_and_survives_compilation() {
    let config = compiled(&format!("{PROXY}[limits]\ntimeout = '7s'\n"));
    let proxy = &config.proxies[0];
    assert_eq!((proxy.ttl_s, proxy.version), (600, 1));
    assert_eq!(proxy.stale_while_revalidate_s, 3_600);
    assert_eq!(proxy.stale_if_error_s, 86_400);
    assert_eq!((proxy.timeout_ms, proxy.body_bytes_max), (7_000, 400_000));
    assert_eq!(proxy.types, PASSABLE_TYPES);
    assert_eq!(
        Config::from_compiled(&config.to_compiled()).unwrap(),
        config
    );
}

#[test]
fn a_share_of_the_writes_is_set_apart() {
    let shares = |rest: &str| {
        let budget = compiled(rest).budget;
        (budget.cache_writes_per_day, budget.cycle_writes_per_day())
    };
    assert_eq!(shares(""), (10, 990));
    assert_eq!(shares(PROXY), (100, 900));
    let small = format!("{PROXY}[budget]\nwrites_per_day = 24\n");
    assert_eq!(shares(&small), (2, 22));
    let half = format!("{PROXY}[budget]\ncache_writes_per_day = 500\n");
    assert_eq!(shares(&half), (500, 500));
    one(
        &format!("{PROXY}[budget]\nwrites_per_day = 100\ncache_writes_per_day = 95\n"),
        "at most 88 here",
    );
}

#[test]
fn mistakes_in_a_proxy_are_told() {
    one(
        "[[proxy]]\nurl = 'https://api.example/'\n",
        "`id` is missing",
    );
    one(
        &format!("{PROXY}{PROXY}"),
        "the proxy on line 4 is called `prices` too",
    );
    one(
        &format!("{PROXY}types = ['application/jsn']\n"),
        "Did you mean `application/json`?",
    );
    one(
        &format!("{PROXY}types = ['text/html']\n"),
        "`text/html` can't be passed on",
    );
    one(&format!("{PROXY}body = '2MiB'\n"), "proxy.body");
    one(
        &format!("{PROXY}headers = {{ authorization = 'Bearer x' }}\n"),
        "is a secret",
    );
    one(&format!("{PROXY}verson = 2\n"), "Did you mean `version`?");
}
