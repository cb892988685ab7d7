//! `[cache]`.

use crate::config::authoring::compile;
use crate::config::{Cache, CacheHeaders, Config, Policy};

const SOURCE: &str = "[[source]]\nurl = 'https://a.example/feed'\n";

fn compiled(rest: &str) -> Config {
    compile(&format!("{SOURCE}{rest}")).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

#[test]
fn what_is_not_written_is_the_default_and_takes_no_room() {
    let config = compiled("");
    assert_eq!(config.cache, Cache::default());
    assert!(!config.to_compiled().contains("cache\":"));
    assert_eq!(Cache::of_compiled(&config.to_compiled()), config.cache);
    // A table without keys says nothing.
    assert_eq!(compiled("[cache]\n[cache.html]\n").cache, Cache::default());
}

#[test]
fn what_is_written_holds_for_its_class() {
    let config = compiled(
        "[cache]\njitter = 0\nheaders = ['cache-tag']\n[cache.html]\nmax_age = '0s'\nshared_max_age = '5m'\n\
         [cache.api]\nmax_age = '2m'\nstale_if_error = '0s'\n[cache.personal]\nmax_age = '10s'\n",
    );
    let cache = config.cache;
    assert_eq!(cache.jitter_percent, 0);
    assert_eq!(cache.headers, CacheHeaders::of(|name| name == "cache-tag"));
    assert_eq!(
        cache.html,
        Policy {
            max_age_s: 0,
            shared_max_age_s: 300,
            ..Policy::READ
        }
    );
    assert_eq!(
        cache.api,
        Policy {
            max_age_s: 120,
            shared_max_age_s: 120,
            stale_if_error_s: 0,
            ..Policy::READ
        }
    );
    assert_eq!(cache.personal.max_age_s, 10);
    assert_eq!(cache.versioned, Cache::default().versioned);
    let text = config.to_compiled();
    assert_eq!(Config::from_compiled(&text).unwrap(), config);
    assert_eq!(Cache::of_compiled(&text), cache);
    assert!(cache.gzip);
    assert!(!compiled("[cache]\ncompression = 'none'\n").cache.gzip);
    let none = compiled("[cache]\nheaders = []\n").cache.headers;
    assert_eq!(none, CacheHeaders::of(|_| false));
}

#[test]
fn mistakes_are_named() {
    for (rest, expected) in [
        ("[cache]\njitter = 51\n", "too large"),
        ("[cache]\nheaders = ['surogate-key']\n", "surrogate-key"),
        (
            "[cache]\nheaders = ['cache-tag', 'cache-tag']\n",
            "listed twice",
        ),
        ("[cache]\ncompression = 'br'\n", "gzip"),
        ("[cache.html]\nmax_age = '31d'\n", "too large"),
        ("[cache.immutable]\nmax_age = '1h'\n", "too small"),
        ("[cache.immutable]\nstale_if_error = '1h'\n", "no key"),
        ("[cache.personal]\nshared_max_age = '1h'\n", "no key"),
        ("[cache.pages]\nmax_age = '1h'\n", "no key"),
    ] {
        let mistakes = compile(&format!("{SOURCE}{rest}")).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        let text = mistakes[0].to_string();
        assert!(text.contains(expected), "{rest}: {text}");
    }
}
