//! A host as one tenant sees it.

use std::rc::Rc;
use std::time::Duration;

use super::{Roster, Tenant, TenantKv};
use crate::cache::InFlight;
use crate::host::{Clock, Host, Level, Log, Random, Variables};
use crate::time::Timestamp;

/// The host that one tenant's logic runs on: its own part of the store and its own variables ([`Roster::variable`]); clocks,
/// randomness, HTTP client and log are the deployment's.
#[derive(Debug)]
pub struct TenantHost<'a, H: Host> {
    inner: &'a H,
    kv: TenantKv<'a, H::Kv>,
    tenant: Tenant,
    roster: Roster<'a>,
}

impl<'a, H: Host> TenantHost<'a, H> {
    /// The host of the only tenant of a deployment that declares none.
    #[must_use]
    pub fn main(inner: &'a H) -> Self {
        Self::new(inner, Tenant::MAIN, Roster::default())
    }

    /// The host of `tenant` among those of `roster`.
    #[must_use]
    pub fn new(inner: &'a H, tenant: Tenant, roster: Roster<'a>) -> Self {
        Self {
            inner,
            kv: TenantKv::new(inner.kv(), &tenant),
            tenant,
            roster,
        }
    }

    /// The same for a reader: what is read is kept for the next ones, where the host leaves that to the logic. Whoever refreshes or
    /// repairs has to see what the store has.
    pub(crate) fn for_a_reader(mut self) -> Self {
        if self.inner.leaves_keeping() {
            self.kv = self.kv.keeping();
        }
        self
    }

    /// All tenants of the deployment.
    #[must_use]
    pub fn roster(&self) -> Roster<'a> {
        self.roster
    }

    /// A variable of the deployment, whose tenants share it. For its configuration, never for what a tenant names.
    pub(crate) async fn shared_variable(&self, name: &str) -> Option<String> {
        self.inner.variable(name).await
    }

    /// Whose it is.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }
}

impl<'a, H: Host> Host for TenantHost<'a, H> {
    type Kv = TenantKv<'a, H::Kv>;
    type Http = H::Http;

    fn kv(&self) -> &Self::Kv {
        &self.kv
    }

    fn http(&self) -> &H::Http {
        self.inner.http()
    }

    fn keeps_answers(&self) -> bool {
        self.inner.keeps_answers()
    }

    fn in_flight(&self) -> Option<Rc<InFlight>> {
        self.inner.in_flight()
    }

    fn leaves_keeping(&self) -> bool {
        self.inner.leaves_keeping()
    }

    fn purges(&self) -> bool {
        self.inner.purges()
    }

    /// The keys of this tenant.
    async fn purge(&self, keys: &[String]) -> Result<(), String> {
        let keys: Vec<String> = keys
            .iter()
            .map(|key| self.tenant.surrogate_key(key))
            .collect();
        self.inner.purge(&keys).await
    }

    async fn time(&self) -> Timestamp {
        self.inner.time().await
    }
}

impl<H: Host> Clock for TenantHost<'_, H> {
    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }

    async fn pause(&self, time: Duration) {
        self.inner.pause(time).await;
    }
}

impl<H: Host> Random for TenantHost<'_, H> {
    fn random_u64(&self) -> u64 {
        self.inner.random_u64()
    }
}

impl<H: Host> Variables for TenantHost<'_, H> {
    async fn variable(&self, name: &str) -> Option<String> {
        let name = self.roster.variable(&self.tenant, name)?;
        self.inner.variable(&name).await
    }
}

impl<H: Host> Log for TenantHost<'_, H> {
    fn log(&self, level: Level, line: &str) {
        if self.roster.is_empty() {
            self.inner.log(level, line);
        } else {
            self.inner.log(level, &format!("{}: {line}", self.tenant));
        }
    }
}
