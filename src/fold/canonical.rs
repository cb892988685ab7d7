//! One form of an address for all its spellings: only to compare, never to show.

use url::Url;
use xxhash_rust::xxh3::xxh3_64;

/// Query parameters that tell where a reader came from, not what is read. A trailing `*` stands for any rest.
const TRACKING: [&str; 22] = [
    "utm_*",
    "fbclid",
    "gclid",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "yclid",
    "igshid",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "_hsenc",
    "_hsmi",
    "hsa_*",
    "oly_anon_id",
    "oly_enc_id",
    "vero_id",
    "ref_src",
    "at_*",
    "pk_*",
];

/// The address without what does not identify the document: `http` and `https` are the same, the host is lower-case
/// (by the URL parser), the default port is dropped, a fragment is dropped unless it names a page (`#!…`), tracking
/// parameters are dropped, and so is a slash at the end. `None` where `url` is no web address.
#[must_use]
pub fn canonical(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let host = url.host_str()?.trim_end_matches('.');
    let mut out = String::with_capacity(url.as_str().len());
    out.push_str("//");
    out.push_str(host);
    // 80 over https and 443 over http are odd enough to be kept.
    if let Some(port) = url.port() {
        out.push(':');
        out.push_str(&port.to_string());
    }
    out.push_str(url.path().trim_end_matches('/'));
    let mut separator = '?';
    for pair in url.query().unwrap_or_default().split('&') {
        let name = pair.split('=').next().unwrap_or_default();
        if pair.is_empty() || is_tracking(name) {
            continue;
        }
        out.push(separator);
        out.push_str(pair);
        separator = '&';
    }
    if let Some(fragment) = url.fragment().filter(|fragment| fragment.starts_with('!')) {
        out.push('#');
        out.push_str(fragment);
    }
    Some(out)
}

fn is_tracking(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TRACKING.iter().any(|known| {
        known
            .strip_suffix('*')
            .map_or(name == *known, |prefix| name.starts_with(prefix))
    })
}

/// Hash of the canonical address, 0 where it says nothing about one document: no address, or a site's front page.
pub(crate) fn address(url: Option<&str>) -> u64 {
    let Some(canonical) = url.and_then(canonical) else {
        return 0;
    };
    let identifies = canonical.trim_start_matches('/').contains(['/', '?', '#']);
    if identifies {
        xxh3_64(canonical.as_bytes()).max(1)
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_are_equal() {
        let one = canonical("https://example.org/a?id=1").unwrap();
        for other in [
            "http://EXAMPLE.org/a?id=1",
            "https://example.org:443/a?id=1",
            "http://example.org:80/a?id=1#top",
            "https://example.org/a/?id=1&utm_source=x&UTM_Medium=y",
            "https://example.org/a?fbclid=1&id=1&gclid=2",
            "https://example.org./a?id=1",
        ] {
            assert_eq!(canonical(other).as_deref(), Some(one.as_str()), "{other}");
        }
    }

    #[test]
    fn different_documents_stay_different() {
        let all = [
            "https://example.org/a",
            "https://example.org/A",
            "https://example.org/a?id=2",
            "https://example.org/a?id=1",
            "https://example.org:8443/a",
            "https://www.example.org/a",
            "https://example.org/a#!page",
            "https://example.org/b?ref=a",
        ];
        let distinct: std::collections::BTreeSet<_> =
            all.iter().map(|url| canonical(url)).collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn what_names_no_document_has_no_address() {
        for url in [
            None,
            Some("mailto:a@example.org"),
            Some("nonsense"),
            Some("https://example.org"),
            Some("https://example.org/?utm_id=3"),
        ] {
            assert_eq!(address(url), 0, "{url:?}");
        }
        assert_ne!(address(Some("https://example.org/?p=1")), 0);
    }
}
