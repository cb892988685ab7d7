//! The configuration that the tests run with.

use crate::config::Config;
use crate::testing::TestConfig;

/// Two categories: sources named `a…` are in `alpha`, others in `beta`. One declared view: posts whose title has a 7.
pub(crate) fn config(sources: &[&str]) -> Config {
    let mut config = TestConfig::new()
        .view("sevens", "Sevens", &["7"])
        .with(|config| {
            config.site.description = "About".to_owned();
            config.limits.items_per_source = 100_000;
        });
    for id in sources {
        let category = if id.starts_with('a') { "alpha" } else { "beta" };
        config = config.source(id, &format!("https://{id}.example/feed.json"), category);
    }
    config.build()
}
