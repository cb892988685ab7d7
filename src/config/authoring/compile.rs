//! From the checked tables to a [`Config`]: defaults, derived ids, and what only shows across tables.

use super::mistake::Mistake;
use super::read::{Checker, Fields};
use super::tables::{BUDGET, FILE, LIMITS, RETENTION, SITE};
use super::{alerting, caching, proxies, sources, syntax, views};
use crate::config::{Config, Limits, Retention, Site};
use crate::slice::VALUE_BYTES_MAX;

/// Longest file. A site of 1,000 sources has about 200 kB.
const FILE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Most mistakes that are listed.
const MISTAKES_MAX: usize = 100;

/// Reads and checks the `edgefold.toml` of one site.
///
/// # Errors
/// All mistakes at once (the first 100), in the order of the file. Where the text is so broken that its tables can't be
/// made out: its syntax errors and nothing else.
pub fn compile(text: &str) -> Result<Config, Vec<Mistake>> {
    checked(text, |checker, file| {
        if is_of_tenants(file) {
            let message = "tenants can't be declared here: this is the file of one site";
            checker.say(&file.place("tenant"), "tenant", message);
            return None;
        }
        one_site(checker, file)
    })
}

/// Whether the file declares tenants, rightly or wrongly.
pub(super) fn is_of_tenants(file: &Fields) -> bool {
    file.is_written("tenant")
}

/// Reads `text` against the table of keys, and makes something of it with `make`, which gives `None` only where it notes a
/// mistake.
///
/// # Errors
/// As [`compile`].
pub(super) fn checked<T>(
    text: &str,
    make: impl FnOnce(&mut Checker<'_>, &Fields) -> Option<T>,
) -> Result<T, Vec<Mistake>> {
    let mut checker = Checker::new(text);
    if text.len() > FILE_BYTES_MAX {
        let message = format!("the file has {} bytes", text.len());
        checker.say(&(0..0), "", message).allowed = Some(format!("at most {FILE_BYTES_MAX}"));
        return Err(checker.mistakes);
    }
    let syntax = syntax::parse(text);
    checker.lines_lost = syntax.lines_lost;
    let mut made = None;
    if let Some(document) = &syntax.document {
        let file = checker.table(document.as_table(), 0..0, &FILE);
        made = make(&mut checker, &file);
    }
    // A mended line holds not what was written: what is wrong with it is said already.
    let mut mistakes = checker.mistakes;
    mistakes.retain(|mistake| !syntax.mended.contains(&mistake.line));
    mistakes.extend(syntax.mistakes);
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    match made {
        Some(made) if mistakes.is_empty() => Ok(made),
        // A check that gives up without a word would be a bug of edgefold; better said than hidden.
        _ if mistakes.is_empty() => {
            let message = "the file can't be compiled".to_owned();
            Err(vec![Mistake::new(text, &(0..0), "", message)])
        }
        _ => {
            mistakes.truncate(MISTAKES_MAX);
            Err(mistakes)
        }
    }
}

/// The site that `file` describes; `None` only where a mistake was noted.
pub(super) fn one_site(checker: &mut Checker<'_>, file: &Fields) -> Option<Config> {
    let config = config(checker, file)?;
    let bytes = config.to_compiled().len();
    // A host stores the compiled form as one value.
    if bytes > VALUE_BYTES_MAX {
        let message = format!("the compiled configuration has {bytes} bytes");
        let mistake = checker.say(&(0..0), "", message);
        mistake.allowed = Some(format!("at most {VALUE_BYTES_MAX}"));
        return None;
    }
    Some(config)
}

fn config(checker: &mut Checker<'_>, file: &Fields) -> Option<Config> {
    let (sources, known) = sources::sources(checker, file);
    let views = views::views(checker, file, &known);
    let proxies = proxies::proxies(checker, file);
    site_url(checker, file);
    let limits_default = Fields::absent(&LIMITS);
    let limits = limits(file.inner("limits").unwrap_or(&limits_default));
    let alerts = alerting::alerts(checker, file, limits.as_ref());
    let (site_default, budget_default) = (Fields::absent(&SITE), Fields::absent(&BUDGET));
    let retention_default = Fields::absent(&RETENTION);
    let has_proxies = !file.list("proxy").is_empty();
    let budget = file.inner("budget").unwrap_or(&budget_default);
    let budget = proxies::budget(checker, budget, has_proxies);
    Some(Config {
        site: site(file.inner("site").unwrap_or(&site_default))?,
        budget: budget?,
        limits: limits?,
        cache: caching::cache(file)?,
        alerts: alerts?,
        retention: retention(file.inner("retention").unwrap_or(&retention_default)),
        sources: sources?,
        proxies: proxies?,
        views: views?,
    })
}

/// Paths are appended to it.
fn site_url(checker: &mut Checker<'_>, file: &Fields) {
    let Some(fields) = file.inner("site") else {
        return;
    };
    if fields
        .text("url")
        .is_some_and(|url| url.contains(['?', '#']))
    {
        let message = "the site's address has a query or fragment";
        checker.say(&fields.place("url"), "site.url", message);
    }
}

fn site(fields: &Fields) -> Option<Site> {
    Some(Site {
        title: fields.text("title")?,
        description: fields.text("description").unwrap_or_default(),
        language: fields.text("language")?,
        url: fields
            .text("url")
            .map(|url| url.trim_end_matches('/').to_owned()),
        page_items: count(fields, "page_items")?,
    })
}

fn limits(fields: &Fields) -> Option<Limits> {
    Some(Limits {
        concurrency: count(fields, "concurrency")?,
        requests_per_run: count(fields, "requests_per_run")?,
        run_time_ms: fields.number("run_time")?.saturating_mul(1000),
        timeout_ms: fields.number("timeout")?.saturating_mul(1000),
        body_bytes_max: count(fields, "body")?,
        items_per_source: count(fields, "items_per_source")?,
        redirects: count(fields, "redirects")?,
    })
}

fn retention(fields: &Fields) -> Retention {
    Retention {
        items: fields.number("items"),
        days: fields
            .number("days")
            .and_then(|days| u32::try_from(days).ok()),
    }
}

/// A number that fits a `usize`: the bounds in the table of keys see to it.
pub(super) fn count(fields: &Fields, name: &str) -> Option<usize> {
    usize::try_from(fields.number(name)?).ok()
}
