//! How much memory the native side takes: an allocator that counts.

#![allow(unsafe_code, reason = "an allocator can't be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with a count of the bytes that are allocated. A program that measures makes it its global one.
#[derive(Debug)]
pub struct Counting;

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: `memory` is from `alloc` above, with this layout.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Begins measuring; [`Since::peak`] says how much was allocated on top since then, at most. 0 without [`Counting`].
#[must_use]
pub fn since() -> Since {
    let now = NOW.load(Ordering::Relaxed);
    PEAK.store(now, Ordering::Relaxed);
    Since(now)
}

/// What was allocated when measuring began.
#[derive(Debug, Clone, Copy)]
pub struct Since(usize);

impl Since {
    /// Bytes allocated on top, at most, by all threads.
    #[must_use]
    pub fn peak(self) -> usize {
        PEAK.load(Ordering::Relaxed).saturating_sub(self.0)
    }
}
