//! Any bytes as a client's requests: see `requests.rs` of `tests/fuzz-inputs`.
//!
//! The allocator ends the run when code asks for a very long piece of memory. No client of these
//! sequences owns nearly so much memory.
#![no_main]

use std::alloc::{GlobalAlloc, Layout, System};

use libfuzzer_sys::fuzz_target;
use portcls_fuzz_inputs::target;

/// The longest piece of memory in bytes. The longest pieces of a good run hold a machine's trace.
const LONGEST_PIECE: usize = 64 << 20;

/// The system's allocator with a limit.
struct Limited;

// SAFETY: every call that is within the limit goes unchanged to the system's allocator; any other
// call ends the process.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        check(layout.size());
        // SAFETY: the caller makes the promise that the system's allocator needs.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        check(layout.size());
        // SAFETY: the caller makes the promise that the system's allocator needs.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        // SAFETY: the caller makes the promise that the system's allocator needs.
        unsafe { System.dealloc(piece, layout) }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        check(new_size);
        // SAFETY: the caller makes the promise that the system's allocator needs.
        unsafe { System.realloc(piece, layout, new_size) }
    }
}

fn check(size: usize) {
    if size > LONGEST_PIECE {
        std::process::abort();
    }
}

#[global_allocator]
static ALLOCATOR: Limited = Limited;

fuzz_target!(|input: &[u8]| (target("requests").run)(input));
