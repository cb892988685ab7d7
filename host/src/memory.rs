//! The memory that instances may take, and the most that one ever took.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};

/// Limits one instance, and notes how large it grew.
pub(crate) struct Memory {
    limits: StoreLimits,
    peak: Arc<AtomicUsize>,
}

impl Memory {
    /// An instance may grow to `bytes_max`; `peak` is shared by all instances of a deployment.
    pub(crate) fn new(bytes_max: usize, peak: Arc<AtomicUsize>) -> Self {
        let limits = StoreLimitsBuilder::new()
            .memory_size(bytes_max)
            .trap_on_grow_failure(true)
            .build();
        Self { limits, peak }
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = self.limits.memory_growing(current, desired, maximum)?;
        if granted {
            self.peak.fetch_max(desired, Ordering::Relaxed);
        }
        Ok(granted)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.limits.memory_grow_failed(error)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.limits.table_growing(current, desired, maximum)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.limits.table_grow_failed(error)
    }

    fn instances(&self) -> usize {
        self.limits.instances()
    }

    fn tables(&self) -> usize {
        self.limits.tables()
    }

    fn memories(&self) -> usize {
        self.limits.memories()
    }
}
