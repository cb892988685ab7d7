//! A host as one tenant sees it.

use std::time::Duration;

use super::{Tenant, TenantKv};
use crate::host::{Clock, Host, Level, Log, Random, Variables};
use crate::time::Timestamp;

/// The host that one tenant's logic runs on: its own part of the store; clocks, randomness, HTTP client and log are the
/// deployment's.
#[derive(Debug)]
pub struct TenantHost<'a, H: Host> {
    inner: &'a H,
    kv: TenantKv<'a, H::Kv>,
    tenant: Tenant,
}

impl<'a, H: Host> TenantHost<'a, H> {
    /// The host of the only tenant of a deployment that declares none.
    #[must_use]
    pub fn main(inner: &'a H) -> Self {
        let tenant = Tenant::MAIN;
        Self {
            inner,
            kv: TenantKv::new(inner.kv(), &tenant),
            tenant,
        }
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
}

impl<H: Host> Random for TenantHost<'_, H> {
    fn random_u64(&self) -> u64 {
        self.inner.random_u64()
    }
}

impl<H: Host> Variables for TenantHost<'_, H> {
    async fn variable(&self, name: &str) -> Option<String> {
        self.inner.variable(name).await
    }
}

impl<H: Host> Log for TenantHost<'_, H> {
    fn log(&self, level: Level, line: &str) {
        self.inner.log(level, line);
    }
}
