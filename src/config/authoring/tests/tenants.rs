//! `[[tenant]]`: several sites of one deployment, each with a file of its own.

use std::collections::BTreeMap;

use crate::config::authoring::{Deployment, FileMistakes, NamedText, compile, compile_deployment};
use crate::config::{COMPILED_VERSION, Config};
use crate::tenant::Form;

const SITE: &str = "[[source]]\nurl = 'https://lwn.net/headlines/newrss'\n";

fn read_from(files: &[(&str, &str)]) -> impl FnMut(&str) -> Result<NamedText, String> {
    let files: BTreeMap<String, String> = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect();
    move |path| match files.get(path) {
        Some(text) => Ok((format!("folder/{path}"), text.clone())),
        None => Err("there is no such file".to_owned()),
    }
}

fn check(text: &str, files: &[(&str, &str)]) -> Result<Deployment, Vec<FileMistakes>> {
    compile_deployment("edgefold.toml", text, read_from(files))
}

/// Each mistake as `file:line:column key: message`.
fn mistakes(text: &str, files: &[(&str, &str)]) -> Vec<String> {
    let wrong = check(text, files).unwrap_err();
    let lines = wrong.iter().flat_map(|file| {
        let line = |mistake: &crate::config::authoring::Mistake| {
            format!(
                "{}:{}:{} {mistake}",
                file.name, mistake.line, mistake.column
            )
        };
        file.mistakes.iter().map(line).collect::<Vec<_>>()
    });
    lines.collect()
}

const TWO: &str = r#"[[tenant]]
id = "news"
hosts = ["news.example", "www.news.example"]
config = "sites/news.toml"

[[tenant]]
id = "main"
hosts = ["*"]
config = "sites/main.toml"
"#;

#[test]
fn tenants_compile_with_their_own_files() {
    let news = format!("[budget]\nwrites_per_day = 50\n{SITE}");
    let files = [("sites/news.toml", &news[..]), ("sites/main.toml", SITE)];
    let deployment = check(TWO, &files).unwrap();
    let compiled = deployment.to_compiled();
    let form = Form::new(&compiled).unwrap();
    form.check().unwrap();
    assert_eq!(
        form.roster().as_str(),
        "news=news.example,www.news.example main=*"
    );
    assert_eq!(form.roster().as_str(), deployment.roster());
    for (tenant, budget) in [("news", 50), ("main", 1_000)] {
        let site = form.site(&tenant.parse().unwrap()).unwrap();
        let config = Config::from_compiled(site).unwrap();
        assert_eq!(config.budget.writes_per_day, budget, "{tenant}");
    }
    let tenants: Vec<_> = deployment.sites().map(|(tenant, _)| tenant).collect();
    assert_eq!(tenants, [Some("news"), Some("main")]);
}

#[test]
fn a_file_without_tenants_is_one_site() {
    let deployment = check(SITE, &[]).unwrap();
    assert_eq!(
        deployment.to_compiled(),
        compile(SITE).unwrap().to_compiled()
    );
    assert!(deployment.roster().is_empty());
    let version = format!("{{\"edgefold\":{COMPILED_VERSION},");
    assert!(deployment.to_compiled().starts_with(&version));
}

#[test]
fn mistakes_are_told_in_their_own_files() {
    let broken = "[site]\ntitel = 'x'\n[[source]]\nurl = 'ftp://x.example'\n";
    let files = [("sites/news.toml", broken), ("sites/main.toml", SITE)];
    let told = mistakes(TWO, &files);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].starts_with("folder/sites/news.toml:2:1 site.titel: "),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("folder/sites/news.toml:4:7 source.url: "),
        "{told:?}"
    );
    let told = mistakes(TWO, &files[..1]);
    assert!(
        told[0].starts_with(
            "edgefold.toml:9:10 tenant.config: the tenant's file can't be used: there is no such file"
        ),
        "{told:?}"
    );
    assert_eq!(told.len(), 3, "{told:?}");
}

#[test]
fn tenants_differ_in_ids_and_hosts() {
    for (tenants, wanted) in [
        (
            "id = 'a'\nhosts = ['a.example']\nconfig = 'x'\n[[tenant]]\nid = 'a'\nhosts = ['b.example']\nconfig = 'x'",
            "6:6 tenant.id: \"a\" is the tenant of line 2 already.",
        ),
        (
            "id = 'a'\nhosts = ['a.example', '*']\nconfig = 'x'\n[[tenant]]\nid = 'b'\nhosts = ['*']\nconfig = 'x'",
            "7:10 tenant.hosts: the tenant of line 3 is the default already.",
        ),
        (
            "id = 'a'\nhosts = ['a.example']\nconfig = 'x'\n[[tenant]]\nid = 'b'\nhosts = ['b.example', 'a.example']\nconfig = 'x'",
            "7:23 tenant.hosts: \"a.example\" leads to the tenant of line 3 already.",
        ),
        (
            "id = '1a'\nhosts = ['a.example']\nconfig = 'x'",
            "2:6 tenant.id: \"1a\" does not begin with a letter, as names of variables do.",
        ),
        (
            "id = 'a'\nhosts = ['a.example', 'a.example']\nconfig = 'x'",
            "3:23 tenant.hosts: \"a.example\" is listed twice.",
        ),
        (
            "id = 'a'\nhosts = []\nconfig = 'x'",
            "3:9 tenant.hosts: the list has 0 entries. Allowed: 1 to 20 hosts.",
        ),
        (
            "id = 'a'\nhosts = ['A.Example:80']\nconfig = 'x'",
            "3:10 tenant.hosts: \"A.Example:80\" is no host as requests name it. Did you mean `a.example`?",
        ),
        (
            "id = 'a'\nhosts = ['bücher.example']\nconfig = 'x'",
            "3:10 tenant.hosts: \"bücher.example\" is no host as requests name it. Did you mean `xn--bcher-kva.example`?",
        ),
        (
            "id = '../main'\nhosts = ['a.example']\nconfig = 'x'",
            "2:6 tenant.id: ",
        ),
        (
            "id = 'a'\nhost = ['a.example']\nconfig = 'x'",
            "3:1 tenant.host: `tenant` has no key `host`. Did you mean `hosts`?",
        ),
    ] {
        let told = mistakes(&format!("[[tenant]]\n{tenants}\n"), &[("x", SITE)]);
        let wanted = format!("edgefold.toml:{wanted}");
        assert!(
            told.iter().any(|told| told.starts_with(&wanted)),
            "{wanted} is not in {told:#?}"
        );
    }
}

#[test]
fn a_file_describes_a_site_or_tenants() {
    let both = format!("[site]\ntitle = 'x'\n{TWO}\n{SITE}");
    let files = [("sites/news.toml", SITE), ("sites/main.toml", SITE)];
    let told = mistakes(&both, &files);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].contains("`site` can't stand beside `[[tenant]]`"),
        "{told:?}"
    );
    assert!(
        told[1].contains("`source` can't stand beside `[[tenant]]`"),
        "{told:?}"
    );
    // Nor are tenants declared in a tenant's own file.
    let nested = [("sites/news.toml", TWO), ("sites/main.toml", SITE)];
    let told = mistakes(TWO, &nested);
    assert!(
        told[0].starts_with("folder/sites/news.toml:1:")
            && told[0].contains("tenants can't be declared here"),
        "{told:?}"
    );
    assert_eq!(told.len(), 1, "{told:?}");
}
