//! `[[tenant]]`: a file that declares the sites of one deployment, each with a file of its own.

use std::collections::BTreeMap;
use std::ops::Range;

use super::compile::{checked, compile, is_of_tenants, one_site};
use super::keys::{Default, Kind, Table};
use super::mistake::{Mistake, render};
use super::read::{Checker, Fields};
use super::tables::key;
use crate::config::Config;
use crate::tenant::{ANY_HOST, Form, HOSTS_MAX};

pub(super) static TENANT: Table = Table {
    path: "tenant",
    doc: "One of several sites of one deployment, told apart by host. A file with tenants has nothing else.",
    keys: &[
        key(
            "id",
            Kind::Slug,
            Default::Required,
            "Names the tenant in the store's keys and in variables; a letter first. `main` has the keys and variables of a deployment without tenants.",
        ),
        key(
            "hosts",
            Kind::Hosts,
            Default::Required,
            "The hosts whose requests it answers. `\"*\"` stands for every host that no tenant names.",
        ),
        key(
            "config",
            Kind::Text(500),
            Default::Required,
            "Its own file, of everything but tenants, as a path from this file.",
        ),
    ],
};

/// Everything that a deployment is configured to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Deployment {
    /// A file without `[[tenant]]`.
    Site(Box<Config>),
    /// A file with `[[tenant]]`, in the order written.
    Tenants(Vec<DeclaredTenant>),
}

/// One `[[tenant]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredTenant {
    /// Its name.
    pub id: String,
    /// As requests name them; `*` stands for all that nobody names.
    pub hosts: Vec<String>,
    /// What its own file says.
    pub config: Config,
}

impl Deployment {
    /// The compiled form: see [`Form`].
    #[must_use]
    pub fn to_compiled(&self) -> String {
        match self {
            Self::Site(config) => config.to_compiled(),
            Self::Tenants(tenants) => {
                let sites: Vec<String> = tenants
                    .iter()
                    .map(|tenant| tenant.config.to_compiled())
                    .collect();
                Form::write(&self.roster(), sites.iter().map(String::as_str))
            }
        }
    }

    /// What the variable `tenants` says; empty for one site.
    #[must_use]
    pub fn roster(&self) -> String {
        let Self::Tenants(tenants) = self else {
            return String::new();
        };
        let entries: Vec<String> = tenants
            .iter()
            .map(|tenant| format!("{}={}", tenant.id, tenant.hosts.join(",")))
            .collect();
        entries.join(" ")
    }

    /// Each site with its tenant's name, which one site alone has not.
    pub fn sites(&self) -> impl Iterator<Item = (Option<&str>, &Config)> {
        let (site, tenants) = match self {
            Self::Site(config) => (Some((None, &**config)), &[][..]),
            Self::Tenants(tenants) => (None, &tenants[..]),
        };
        let tenants = tenants
            .iter()
            .map(|tenant| (Some(tenant.id.as_str()), &tenant.config));
        site.into_iter().chain(tenants)
    }
}

/// A file and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMistakes {
    /// As messages call it.
    pub name: String,
    /// What it says.
    pub text: String,
    /// All of them, in the order of the file.
    pub mistakes: Vec<Mistake>,
}

impl FileMistakes {
    /// For a terminal: see [`render`].
    #[must_use]
    pub fn render(&self) -> String {
        render(&self.name, &self.text, &self.mistakes)
    }
}

/// A tenant's own file: how messages call it, and what it says.
pub type NamedText = (String, String);

/// Reads and checks `edgefold.toml` with the files that it names. `read` gets what `config` of a tenant says, a path
/// relative to this file, and gives the file's name and text, or says why it can't be read.
///
/// # Errors
/// The mistakes of every file that has some.
pub fn compile_deployment(
    name: &str,
    text: &str,
    mut read: impl FnMut(&str) -> Result<NamedText, String>,
) -> Result<Deployment, Vec<FileMistakes>> {
    let mut wrong = Vec::new();
    let made = checked(text, |checker, file| {
        if !is_of_tenants(file) {
            return one_site(checker, file).map(|config| Deployment::Site(Box::new(config)));
        }
        beside(checker, file);
        let ids = ids(checker, file.list("tenant"));
        hosts_differ(checker, file.list("tenant"));
        let tenants = file.list("tenant").iter().zip(ids).map(|(fields, id)| {
            let hosts = hosts(checker, fields);
            let config = config(checker, fields, &mut read, &mut wrong);
            Some(DeclaredTenant {
                id: id?,
                hosts: hosts?,
                config: config?,
            })
        });
        let tenants: Vec<Option<DeclaredTenant>> = tenants.collect();
        // A tenant whose own file is wrong is no mistake of this one.
        let whole: Option<Vec<_>> = tenants.into_iter().collect();
        Some(Deployment::Tenants(whole.unwrap_or_default()))
    });
    match made {
        Ok(deployment) if wrong.is_empty() => Ok(deployment),
        Ok(_) => Err(wrong),
        Err(mistakes) => {
            let main = FileMistakes {
                name: name.to_owned(),
                text: text.to_owned(),
                mistakes,
            };
            wrong.insert(0, main);
            Err(wrong)
        }
    }
}

/// What belongs into the tenants' own files.
fn beside(checker: &mut Checker<'_>, file: &Fields) {
    for key in file.table.keys {
        if key.name != "tenant" && file.is_written(key.name) {
            let message = format!("`{}` can't stand beside `[[tenant]]`", key.name);
            let mistake = checker.say(&file.place(key.name), key.name, message);
            mistake.allowed = Some("only in the file that a tenant names in `config`".to_owned());
        }
    }
}

/// The name of each tenant, `None` where a mistake was noted.
fn ids(checker: &mut Checker<'_>, list: &[Fields]) -> Vec<Option<String>> {
    let mut first: BTreeMap<String, Range<usize>> = BTreeMap::new();
    let mut ids = Vec::new();
    for fields in list {
        let id = fields.text("id");
        let place = fields.place("id");
        ids.push(id.clone());
        let Some(id) = id else { continue };
        if !id.starts_with(|first: char| first.is_ascii_lowercase()) {
            let message =
                format!("\"{id}\" does not begin with a letter, as names of variables do");
            checker.say(&place, "tenant.id", message);
        }
        if let Some(first) = first.get(&id) {
            let line = checker.line(first);
            let message = format!("\"{id}\" is the tenant of line {line} already");
            checker.say(&place, "tenant.id", message);
        } else {
            first.insert(id, place);
        }
    }
    ids
}

/// A host leads to one tenant.
fn hosts_differ(checker: &mut Checker<'_>, list: &[Fields]) {
    let mut first: BTreeMap<&str, &Range<usize>> = BTreeMap::new();
    for (place, host) in list.iter().flat_map(|fields| fields.words("hosts")) {
        if let Some(first) = first.get(host.as_str()) {
            let line = checker.line(first);
            let message = match host.as_str() {
                ANY_HOST => format!("the tenant of line {line} is the default already"),
                _ => format!("\"{host}\" leads to the tenant of line {line} already"),
            };
            checker.say(place, "tenant.hosts", message);
        } else {
            first.insert(host, place);
        }
    }
}

fn hosts(checker: &mut Checker<'_>, fields: &Fields) -> Option<Vec<String>> {
    if !fields.has("hosts") {
        return None;
    }
    let hosts = fields.texts("hosts");
    if (1..=HOSTS_MAX).contains(&hosts.len()) {
        return Some(hosts);
    }
    let message = format!("the list has {} entries", hosts.len());
    let mistake = checker.say(&fields.place("hosts"), "tenant.hosts", message);
    mistake.allowed = Some(format!("1 to {HOSTS_MAX} hosts"));
    None
}

/// Reads and checks a tenant's own file.
fn config(
    checker: &mut Checker<'_>,
    fields: &Fields,
    read: &mut impl FnMut(&str) -> Result<NamedText, String>,
    wrong: &mut Vec<FileMistakes>,
) -> Option<Config> {
    let path = fields.text("config")?;
    let (name, text) = match read(&path) {
        Ok(read) => read,
        Err(why) => {
            let message = format!("the tenant's file can't be used: {why}");
            checker.say(&fields.place("config"), "tenant.config", message);
            return None;
        }
    };
    match compile(&text) {
        Ok(config) => Some(config),
        Err(mistakes) => {
            // Two tenants may share a file.
            if wrong.iter().all(|known: &FileMistakes| known.name != name) {
                wrong.push(FileMistakes {
                    name,
                    text,
                    mistakes,
                });
            }
            None
        }
    }
}
