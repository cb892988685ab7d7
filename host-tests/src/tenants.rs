//! Two small sites for one deployment: the same source id, item id and address path, other content.

use anyhow::anyhow;
use edgefold::config::authoring::{FileMistakes, compile_deployment};

use crate::arms::ADMIN_TOKEN;
use crate::upstream::{Reply, Upstream};

/// The token of the second tenant; that of the first is [`ADMIN_TOKEN`].
pub const OTHER_TOKEN: &str = "token-of-the-other-tenant";

/// Names of two tenants. Their hosts are `NAME.example`.
pub const TWO: [&str; 2] = ["news", "status"];

/// The document of `tenant`'s only source; `number` makes it another one.
#[must_use]
pub fn document(tenant: &str, number: usize) -> Reply {
    let more = match number {
        0 => String::new(),
        _ => format!(" {number}"),
    };
    let feed = format!(
        "<rss version='2.0'><channel><title>{tenant}</title><item><guid>one</guid><title>An item of {tenant}{more}</title>\
         <link>https://site.example/one</link><pubDate>Sat, 21 Nov 2026 08:39:00 GMT</pubDate></item></channel></rss>"
    );
    Reply::document("application/rss+xml", feed).with_etag()
}

/// The variables of a deployment with two `tenants`, whose sources are on `upstream`. Their budgets are 100 and 200 writes.
///
/// # Errors
/// Where a tenant's name is none.
pub fn deployment(
    upstream: &Upstream,
    tenants: &[&str; 2],
) -> anyhow::Result<Vec<(String, String)>> {
    let mut file = String::new();
    for tenant in tenants {
        upstream.route(&format!("/{tenant}.xml"), document(tenant, 0));
        file += &format!(
            "[[tenant]]\nid = '{tenant}'\nhosts = ['{tenant}.example']\nconfig = '{tenant}'\n"
        );
    }
    let base = upstream.base_url();
    let own = |tenant: &str| {
        let budget = if tenant == tenants[0] { 100 } else { 200 };
        let text = format!(
            "[budget]\nwrites_per_day = {budget}\n[[source]]\nid = 'feed'\nurl = '{base}/{tenant}.xml'\n"
        );
        Ok((format!("{tenant}.toml"), text))
    };
    let deployment = compile_deployment("edgefold.toml", &file, own).map_err(|files| {
        let told: String = files.iter().map(FileMistakes::render).collect();
        anyhow!(told)
    })?;
    let token = |tenant: &str| format!("{}_admin_token", tenant.replace('-', "_"));
    Ok(vec![
        ("config".to_owned(), deployment.to_compiled()),
        ("tenants".to_owned(), deployment.roster()),
        (token(tenants[0]), ADMIN_TOKEN.to_owned()),
        (token(tenants[1]), OTHER_TOKEN.to_owned()),
    ])
}
