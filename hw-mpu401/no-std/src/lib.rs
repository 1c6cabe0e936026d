//! The chip in a program without std: what a kernel or a firmware would link.
//!
//! This program has its own panic handler. If the chip, or a crate that the chip uses, needed std,
//! std would bring a second panic handler, and the build would fail. The program is built, and
//! never run.

#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

use hw_mpu401::{InitialState, Mpu401, Register, card};

/// Powers a card on, resets it, and lets the time of a byte pass. Returns STATUS, or 0 if the card
/// is not known.
#[unsafe(no_mangle)]
pub extern "C" fn use_the_chip() -> u8 {
    let Some(profile) = card("roland-mpu401") else { return 0 };
    let mut chip = Mpu401::new(profile, InitialState::PowerOn);
    chip.write(Register::Command, 0xFF, 1_000);
    chip.advance(320_000);
    chip.read(Register::Command, 321_000)
}

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// An allocator without any memory. A chip needs a heap, but this program never runs.
struct NoHeap;

// SAFETY: this allocator gives out no memory, so no memory ever comes back.
unsafe impl GlobalAlloc for NoHeap {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static HEAP: NoHeap = NoHeap;
