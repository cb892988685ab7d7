//! An allocator that counts.
#![allow(
    unsafe_code,
    reason = "an allocator that counts can't be written without"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Counting;

/// Bytes that are allocated now.
static NOW: AtomicUsize = AtomicUsize::new(0);
/// Of those, what the store keeps.
pub(super) static OUTSIDE: AtomicUsize = AtomicUsize::new(0);
/// The most since it was set.
pub(super) static PEAK: AtomicUsize = AtomicUsize::new(0);

/// Bytes that are allocated now, but for what the store keeps.
pub(super) fn inside() -> usize {
    NOW.load(Relaxed).saturating_sub(OUTSIDE.load(Relaxed))
}

// SAFETY: hands everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        NOW.fetch_add(layout.size(), Relaxed);
        PEAK.fetch_max(inside(), Relaxed);
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
