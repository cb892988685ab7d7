//! Hosts, lists of tenants, and whose a variable is.

use http::{HeaderMap, HeaderValue, Uri, header};
use proptest::prelude::*;

use crate::tenant::{ANY_HOST, Form, Roster, RosterError, Tenant, host_of, is_host};

fn host(authority: Option<&str>, headers: &[&str]) -> Option<String> {
    let target = match authority {
        Some(authority) => format!("http://{authority}/x").parse().unwrap(),
        None => Uri::from_static("/x"),
    };
    let mut map = HeaderMap::new();
    for value in headers {
        map.append(
            header::HOST,
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    host_of(&target, &map).map(str::to_owned)
}

#[test]
fn the_host_is_read_without_port_and_final_dot() {
    for (sent, read) in [
        ("news.example", Some("news.example")),
        ("News.Example.:8080", Some("News.Example")),
        ("news.example:", Some("news.example")),
        ("[::1]:3000", Some("[::1]")),
        ("[::1]", Some("[::1]")),
        ("127.0.0.1:3000", Some("127.0.0.1")),
        ("", None),
        (":80", None),
        (".", None),
        ("[::1", None),
        ("[::1]x", None),
        ("[::1]80", None),
        ("[::1].", None),
        ("news.example:80:80", None),
        ("news.example:8o", None),
        ("main@news.example", None),
        ("main:x@news.example", None),
        ("новости.example", None),
    ] {
        assert_eq!(host(None, &[sent]).as_deref(), read, "{sent:?}");
    }
    assert_eq!(host(None, &[]), None);
    assert_eq!(host(None, &["a.example", "a.example"]), None, "two");
    let target = host(Some("a.example:80"), &["b.example"]);
    assert_eq!(target.as_deref(), Some("a.example"), "RFC 9112 §3.2.2");
    assert_eq!(host(Some("user@a.example"), &["b.example"]), None);
}

#[test]
fn a_host_leads_to_its_tenant() {
    let roster = Roster::new(" a=a.example,[::1]\tb-c=b.example\nmain=* ");
    assert_eq!(roster.check(), Ok(()));
    for (host, tenant) in [
        (Some("a.example"), "a"),
        (Some("A.EXAMPLE"), "a"),
        (Some("[::1]"), "a"),
        (Some("b.example"), "b-c"),
        (Some("x.b.example"), "main"),
        (Some("b.example.evil"), "main"),
        (Some("a.example,b.example"), "main"),
        (None, "main"),
    ] {
        let found = roster.find(host).unwrap();
        assert_eq!(found.as_str(), tenant, "{host:?}");
    }
    let strict = Roster::new("a=a.example");
    assert_eq!(strict.find(Some("b.example")), None);
    assert_eq!(strict.find(Some("*")), None);
    assert_eq!(strict.find(None), None);
}

#[test]
fn a_wrong_entry_is_passed_over_and_told() {
    let many: String = (0..101).map(|n| format!("t{n}=t{n}.example ")).collect();
    let hosts: Vec<String> = (0..21).map(|n| format!("{n}.example")).collect();
    let hosts = format!("a={}", hosts.join(","));
    for (text, wrong) in [
        ("a", RosterError::Malformed("a".into())),
        ("a=", RosterError::Malformed("a=".into())),
        ("A=a.example", RosterError::Name("A".into())),
        ("../b=a.example", RosterError::Name("../b".into())),
        ("a=A.example", RosterError::Host("A.example".into())),
        ("a=a.example:80", RosterError::Host("a.example:80".into())),
        ("a=x,,y", RosterError::Host(String::new())),
        ("a=x b=x", RosterError::Twice("x".into())),
        ("a=x a=y", RosterError::Twice("a".into())),
        ("a=* b=*", RosterError::Twice(ANY_HOST.into())),
        (many.as_str(), RosterError::TooMany("100 tenants")),
        (hosts.as_str(), RosterError::TooMany("20 hosts of a tenant")),
    ] {
        assert_eq!(Roster::new(text).check(), Err(wrong), "{text}");
        let with_good = format!("{text} good=good.example");
        let found = Roster::new(&with_good).find(Some("good.example"));
        assert_eq!(found.as_ref().map(Tenant::as_str), Some("good"), "{text}");
    }
    let long = "x".repeat(300 * 1024) + " a=a.example";
    assert_eq!(Roster::new(&long).find(Some("a.example")), None);
    assert!(Roster::new(&long).check().is_err());
}

#[test]
fn hosts_are_as_requests_name_them() {
    for good in [
        "a",
        "a.example",
        "xn--bcher-kva.example",
        "127.0.0.1",
        "[::1]",
        "my_host",
    ] {
        assert!(is_host(good), "{good}");
    }
    let long = "x".repeat(64);
    for bad in [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "A",
        "-a",
        "a-",
        "a b",
        "a/b",
        "a:1",
        "bücher.example",
        "::1",
        "[::01]",
        "[x]",
        "*",
        &long,
    ] {
        assert!(!is_host(bad), "{bad}");
    }
}

#[test]
fn a_variable_belongs_to_one_tenant() {
    let roster = Roster::new("main=* a=a.example a-b=b.example admin=c.example");
    let variable = |tenant: &str, name: &str| roster.variable(&tenant.parse().unwrap(), name);
    let is = |tenant, name, meant: &str| assert_eq!(variable(tenant, name).as_deref(), Some(meant));
    is("main", "admin_token", "admin_token");
    is("main", "github_token", "github_token");
    is("a", "admin_token", "a_admin_token");
    is("a-b", "admin_token", "a_b_admin_token");
    is("admin", "admin_token", "admin_admin_token");
    for (tenant, name) in [
        ("main", "a_admin_token"),
        ("main", "a_b_github_token"),
        ("main", "admin_x"),
        // `a_b_admin_token` is the token of `a-b`.
        ("a", "b_admin_token"),
        // `admin_token` is the token of `main`.
        ("admin", "token"),
    ] {
        assert_eq!(variable(tenant, name), None, "{tenant}: {name}");
    }
    // Without tenants everything is main's, as ever.
    let nobody = Roster::default();
    assert_eq!(
        nobody.variable(&Tenant::MAIN, "a_admin_token").as_deref(),
        Some("a_admin_token")
    );
    // With a mistake nobody's secrets are sent anywhere, and operators are still let in.
    let wrong = Roster::new("main=* A=a.example");
    assert_eq!(wrong.variable(&Tenant::MAIN, "a_github_token"), None);
    assert_eq!(
        wrong.variable(&Tenant::MAIN, "admin_token").as_deref(),
        Some("admin_token")
    );
}

proptest! {
    /// Whatever two tenants are called and whatever they name: no variable is read by both.
    #[test]
    fn no_variable_has_two_readers(
        names in proptest::collection::btree_set("[ab](-?[ab]){0,3}|main|admin|refresh|source-date", 2..6),
        one in "[ab_]{0,6}(admin_token|token|config|b_key|date_epoch)?",
        other in "[ab_]{0,6}(admin_token|token|config|b_key|date_epoch)?",
    ) {
        let entries: Vec<String> = names.iter().map(|name| format!("{name}={name}.example")).collect();
        let text = entries.join(" ");
        let roster = Roster::new(&text);
        prop_assert_eq!(roster.check(), Ok(()));
        for first in &names {
            for second in names.iter().filter(|second| *second != first) {
                let read = |tenant: &str, name: &str| roster.variable(&tenant.parse().unwrap(), name);
                let read = (read(first, &one), read(second, &other));
                prop_assert!(read.0.is_none() || read.0 != read.1, "{first} and {second} read {read:?}");
            }
        }
    }

    /// No text makes the reading panic or a tenant of what is none.
    #[test]
    fn any_text_is_a_list_of_tenants_or_told(text in any::<String>(), host in any::<String>()) {
        let roster = Roster::new(&text);
        let _ = roster.check();
        if let Some(tenant) = roster.find(Some(host.as_str())) {
            prop_assert!(Tenant::is_name(tenant.as_str()));
            prop_assert!(roster.entries().any(|entry| entry.tenant == tenant.as_str()));
        }
        let form = Form::new(&text);
        prop_assert!(form.is_ok_and(|form| form.check().is_err()) || text.starts_with("edgefold-tenants "));
    }
}

#[test]
fn a_form_has_one_site_a_line() {
    let text = Form::write("a=a.example main=*", ["{\"a\":1}", "{\"main\":1}"]);
    let form = Form::new(&text).unwrap();
    assert_eq!(form.roster().as_str(), "a=a.example main=*");
    assert_eq!(form.site(&"a".parse().unwrap()), Some("{\"a\":1}"));
    assert_eq!(form.site(&Tenant::MAIN), Some("{\"main\":1}"));
    assert_eq!(form.site(&"b".parse().unwrap()), None);
    assert!(
        form.check()
            .unwrap_err()
            .to_string()
            .starts_with("tenant `a`: ")
    );
    let one = Form::new("{}").unwrap();
    assert!(one.roster().is_empty());
    assert_eq!(one.site(&Tenant::MAIN), Some("{}"));
    assert_eq!(one.site(&"a".parse().unwrap()), None);
    for (text, why) in [
        ("edgefold-tenants 2\na=x\n{}\n", "another version"),
        (
            "edgefold-tenants 1\na=x b=y\n{}\n",
            "2 tenants and 1 configurations",
        ),
        ("edgefold-tenants 1\na=x a=y\n{}\n{}\n", "twice"),
        ("[site]", "not a compiled configuration"),
    ] {
        let wrong = Form::new(text).and_then(Form::check).unwrap_err();
        assert!(wrong.to_string().contains(why), "{wrong}");
    }
}
