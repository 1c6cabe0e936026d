//! No memory is allocated or freed between making a card and ending it.

#![allow(unsafe_code, reason = "an allocator that counts has to be an allocator")]

use hw_mpu401::{CardTiming, Control, InterruptCauses, LineSignal};
use mpu401::count::Count;
use mpu401::instance::Instance;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator. It counts the calls from each thread.
struct Counting;

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

fn count_call() {
    CALLS.set(CALLS.get() + 1);
}

// SAFETY: every call goes unchanged to the system's allocator. The count needs no memory: the cell
// is made with its thread and has no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_call();
        // SAFETY: the caller makes the promise that the system's allocator needs.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count_call();
        // SAFETY: the caller makes the promise that the system's allocator needs.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count_call();
        // SAFETY: the caller makes the promise that the system's allocator needs.
        unsafe { System.realloc(block, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.0 >> 33
    }
}

/// Makes calls of most kinds at random. The queue of sent bytes gets full, because the host empties
/// it only once.
fn use_hard(card: &mut Instance, status: u16) {
    let mut numbers = Numbers(401);
    let mut now_ns = 0;
    for round in 0..200_000_u32 {
        now_ns += numbers.next() % 200_000;
        let byte = numbers.next() as u8;
        match numbers.next() % 16 {
            0..=4 => card.write(0, byte, now_ns),
            5..=7 => _ = card.read(0, now_ns),
            8..=9 => _ = card.read(status, now_ns),
            10..=12 => card.midi_in(now_ns, LineSignal::Byte(byte)),
            13 => {
                card.midi_in(now_ns, LineSignal::AtSpeed { byte, bits_per_second: 38_400 });
                card.midi_in(now_ns, LineSignal::Break { duration_ns: 1_000 });
                card.control(Control::InterruptEnables(InterruptCauses::all()), now_ns);
                _ = card.click();
            }
            14 => _ = card.advance(now_ns),
            _ if round % 64 == 0 => {
                card.write(status, [0xFF, 0x3F, byte][round as usize / 64 % 3], now_ns)
            }
            _ => _ = card.interrupt_line(),
        }
        if round == 150_000 {
            while card.midi_out().is_some() {}
        }
    }
}

#[test]
fn no_call_between_new_and_free_allocates() {
    for profile in hw_mpu401::cards() {
        let before_new = CALLS.get();
        let mut card = Instance::new(&profile.name, CardTiming::Typical).expect("a known card");
        let before = CALLS.get();
        assert!(before > before_new, "the allocator counts");
        use_hard(&mut card, profile.behaviour.status_offset);
        assert_eq!(CALLS.get() - before, 0, "calls to the allocator by {}", profile.name);
        assert!(card.count(Count::BytesSent) > 4_096, "the queue of {} was full", profile.name);
        assert!(card.count(Count::BytesDropped) > 0);
    }
}
