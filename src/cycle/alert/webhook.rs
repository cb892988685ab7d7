//! Posts alerts to a webhook, signed as in Standard Webhooks.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use crate::alert::{Incident, letter};
use crate::config::{ALERTS_PER_RUN, Alerts, Config};
use crate::fetch;
use crate::host::{HttpClient, HttpError, Outgoing, Variables};
use crate::signature::{ID, Key, SCHEME, SECRETS_MAX, SIGNATURE, TIMESTAMP};
use crate::time::Timestamp;

/// The receiver must have answered after this, in milliseconds; everything else of the run is done by then.
const TIMEOUT_MS: u64 = 5_000;
/// The answer is not looked at; one of more bytes counts as none.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Who is told.
pub(super) struct Receiver {
    url: Url,
    keys: Vec<Key>,
}

impl Receiver {
    /// Whom to tell; `None` where no webhook is set.
    ///
    /// # Errors
    /// Why nothing can be sent to the one that is set, for people. Neither address nor secret is in it.
    pub(super) async fn of<V: Variables>(
        host: &V,
        alerts: &Alerts,
    ) -> Result<Option<Self>, String> {
        let set = |value: Option<String>| value.filter(|value| !value.trim().is_empty());
        let address = set(host.variable("alert_webhook").await).or_else(|| alerts.webhook.clone());
        let Some(address) = address else {
            return Ok(None);
        };
        let url = fetch::address(address.trim())
            .map_err(|error| format!("no alert can be sent: {}", error.message))?;
        let Some(secrets) = set(host.variable("alert_secret").await) else {
            return Err("no alert can be sent: the variable `alert_secret` is not set".to_owned());
        };
        let secrets = secrets.split_ascii_whitespace().take(SECRETS_MAX);
        match secrets.map(Key::read).collect() {
            Some(keys) => Ok(Some(Self { url, keys })),
            None => Err(
                "no alert can be sent: the variable `alert_secret` must be `whsec_` and 24 to 64 bytes in Base64"
                    .to_owned(),
            ),
        }
    }

    /// Tells it of `incidents`, each in a request of its own. With each: why it did not take it, for people, without its address.
    pub(super) async fn send<'a, H: HttpClient>(
        &self,
        http: &H,
        incidents: &'a [Incident],
        config: &Config,
        now: Timestamp,
    ) -> Vec<(&'a Incident, Result<(), String>)> {
        let requests = incidents
            .iter()
            .map(|incident| self.request(incident, config, now))
            .collect();
        let answers = http.send_all(requests, ALERTS_PER_RUN).await;
        let judged = answers.into_iter().map(|answer| match answer {
            Ok(answer) if answer.status.is_success() => Ok(()),
            Ok(answer) => Err(format!("its receiver answered {}", answer.status.as_u16())),
            Err(error) => Err(plain(&error).to_owned()),
        });
        incidents.iter().zip(judged).collect()
    }

    fn request(&self, incident: &Incident, config: &Config, now: Timestamp) -> Outgoing {
        let letter = letter(incident, config);
        let seconds = now.as_secs().to_string();
        let mut signatures = String::new();
        for key in &self.keys {
            if !signatures.is_empty() {
                signatures.push(' ');
            }
            signatures.push_str(SCHEME);
            signatures.push_str(&key.sign(&letter.id, &seconds, &letter.body));
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, fetch::user_agent(config.site.url.as_deref()));
        for (name, value) in [
            (ID, &letter.id),
            (TIMESTAMP, &seconds),
            (SIGNATURE, &signatures),
        ] {
            // Ids of sources, numbers and Base64: always a header's value.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        Outgoing {
            method: Method::POST,
            url: self.url.clone(),
            headers,
            body: Bytes::from(letter.body),
            timeout: Duration::from_millis(TIMEOUT_MS),
            body_bytes_max: ANSWER_BYTES_MAX,
        }
    }
}

/// Without the words of the host, in which the address may be.
fn plain(error: &HttpError) -> &'static str {
    match error {
        HttpError::Timeout => "its receiver did not answer in time",
        HttpError::TooLarge => "its receiver's answer is too long",
        HttpError::Denied(_) => "the host refuses the receiver's address",
        HttpError::Connect(_) => "its receiver can't be reached",
        HttpError::Protocol(_) => "its receiver's answer is broken",
    }
}
