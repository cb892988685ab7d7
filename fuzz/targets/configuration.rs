//! Any text as `edgefold.toml`, as an OPML file and as a compiled configuration: a value, or mistakes that can be shown.

#![no_main]

use edgefold::config::Config;
use edgefold::config::authoring::{compile, import_opml, render};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match compile(text) {
        Ok(config) => {
            let compiled = config.to_compiled();
            let again = Config::from_compiled(&compiled).expect("what was written is read");
            assert_eq!(again.to_compiled(), compiled);
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            assert!(!render("edgefold.toml", text, &mistakes).is_empty());
        }
    }
    let _ = import_opml(text);
    let _ = Config::from_compiled(text);
});
