//! The address of a store that is reached by network.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use url::form_urlencoded;

/// `SCHEME://[USER[:PASSWORD]@]HOST[:PORT][,HOST[:PORT]…]/PATH[?NAME=VALUE…]`
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) scheme: String,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    /// Each with its port.
    pub(super) hosts: Vec<String>,
    /// Without the slash before it.
    pub(super) path: String,
    settings: BTreeMap<String, String>,
}

impl Address {
    /// # Errors
    /// What is wrong with `text`, for whoever typed it, without what may be secret.
    pub(super) fn parse(text: &str, schemes: &[&str], port: u16) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or("no :// in it")?;
        if !schemes.contains(&scheme) {
            return Err(format!("{scheme}:// is none of {}", schemes.join(", ")));
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, authority),
        };
        let (user, password) = match login.map(|login| login.split_once(':').ok_or(login)) {
            None => (None, None),
            Some(Ok((user, password))) => (Some(plain(user)), Some(plain(password))),
            Some(Err(user)) => (Some(plain(user)), None),
        };
        let hosts: Result<Vec<String>, String> = hosts
            .split(',')
            .map(|host| {
                let end = host.rsplit_once(']').map_or(host, |(_, end)| end);
                let with_port = match end.rsplit_once(':') {
                    Some(_) => host.to_owned(),
                    None => format!("{host}:{port}"),
                };
                let (name, number) = with_port.rsplit_once(':').unwrap_or_default();
                if name.is_empty() || number.parse::<u16>().is_err() {
                    return Err(format!("{host:?} is no HOST or HOST:PORT"));
                }
                Ok(with_port)
            })
            .collect();
        Ok(Self {
            scheme: scheme.to_owned(),
            user: user.filter(|user| !user.is_empty()),
            password,
            hosts: hosts?,
            path: path.to_owned(),
            settings: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        })
    }

    /// A setting of the query.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.settings.remove(name)
    }

    /// A setting of the query that names a file.
    pub(super) fn take_file(&mut self, name: &str) -> Result<Option<PathBuf>, String> {
        match self.take(name) {
            Some(file) if file.is_empty() => Err(format!("{name}: write the name of a file")),
            file => Ok(file.map(PathBuf::from)),
        }
    }

    /// Refuses settings that nobody has taken.
    pub(super) fn refuse_rest(&self, known: &[&str]) -> Result<(), String> {
        match self.settings.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!(
                "{name:?} is no setting of this store: write {}",
                known.join(", ")
            )),
        }
    }
}

/// Without user and password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}/{}",
            self.scheme,
            self.hosts.join(","),
            self.path
        )
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// Settings that are there, as they stand behind an address.
pub(super) fn query(settings: &[(&str, Option<String>)]) -> String {
    let mut text = String::new();
    for (name, value) in settings {
        if let Some(value) = value {
            text.push(if text.is_empty() { '?' } else { '&' });
            text.push_str(&format!("{name}={value}"));
        }
    }
    text
}

/// Without percent-encoding. A plus sign is one: this is no form.
fn plain(text: &str) -> String {
    let text = text
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    pairs
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

/// An error with what is behind it.
pub(super) fn because(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Address, String> {
        Address::parse(text, &["nats", "tls"], 4222)
    }

    #[test]
    fn addresses_are_read() {
        let mut address =
            parse("nats://a%40b:s%3A+=&cret@one,two:99,[::1]/items?replicas=3").unwrap();
        assert_eq!(address.user.as_deref(), Some("a@b"));
        assert_eq!(address.password.as_deref(), Some("s:+=&cret"));
        assert_eq!(address.hosts, ["one:4222", "two:99", "[::1]:4222"]);
        assert_eq!(address.path, "items");
        assert!(address.refuse_rest(&["replicas"]).is_err());
        assert_eq!(address.take("replicas").as_deref(), Some("3"));
        assert!(address.refuse_rest(&["replicas"]).is_ok());
        assert!(!format!("{address} {address:?}").contains("cret"));
    }

    #[test]
    fn mistakes_are_named_without_secrets() {
        for wrong in [
            "nats:one",
            "http://one/x",
            "nats://u:secret@/x",
            "nats://u:secret@one:port/x",
        ] {
            let said = parse(wrong).unwrap_err();
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
