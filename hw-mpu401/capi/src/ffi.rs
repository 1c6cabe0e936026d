//! The functions that C calls, and the only `unsafe` of this crate.
//!
//! C code can pass any pointer, so the types here say what a correct caller passes. A pointer that
//! may be null is `Option<&mut T>` or `Option<Box<T>>`; the compiler gives these types the form of
//! a C pointer. Two things still need `unsafe`. The first is the exported names: the compiler
//! cannot check that no other code exports the same names. The second is the string that
//! [`mpu401_new`] gets. Only a fault of this crate could cause a panic. A panic ends the process at
//! `extern "C"` and never unwinds into C.

#![allow(unsafe_code, reason = "exported symbols, and a string that comes from C")]

use crate::count::Count;
use crate::instance::{Instance, OPEN_BUS};
use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;

/// The time that means: there will be no event.
pub const MPU401_NEVER_NS: u64 = u64::MAX;

/// Time that a byte takes on a MIDI line, from its start bit to the end of its stop bit.
pub const MPU401_BYTE_TIME_NS: u64 = 320_000;

/// The most sent bytes that wait for mpu401_midi_out.
pub const MPU401_OUTPUT_LIMIT: usize = 4096;

/// The most bytes that a host has given to mpu401_midi_in and that wait for the line.
pub const MPU401_INPUT_LIMIT: usize = 4096;

const _: () = {
    assert!(MPU401_NEVER_NS == crate::instance::NEVER_NS);
    assert!(MPU401_BYTE_TIME_NS == hw_mpu401::BYTE_TIME_NS);
    assert!(MPU401_OUTPUT_LIMIT == crate::instance::OUTPUT_LIMIT);
    assert!(MPU401_INPUT_LIMIT == hw_mpu401::MIDI_IN_LIMIT);
};

const _: () = {
    const fn may_move_to_another_thread<T: Send>() {}
    may_move_to_another_thread::<Instance>();
};

/// Makes a card and powers it on, at time 0. A card with firmware is busy until it is ready.
///
/// Returns NULL if there is no card of this name or the name is NULL.
///
/// # Safety
///
/// The name is NULL or a string that ends in a zero byte. The card does not keep the pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpu401_new(card_name: *const c_char) -> Option<Box<Instance>> {
    if card_name.is_null() {
        return None;
    }
    // SAFETY: the pointer is not null, and the caller promises a zero byte at the end of the
    // string. The string is not used after this call.
    let card_name = unsafe { CStr::from_ptr(card_name) };
    Instance::new(card_name.to_str().ok()?).map(Box::new)
}

/// Ends a card. NULL is no card, and nothing happens.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_free(m: Option<Box<Instance>>) {
    drop(m);
}

/// Reads the register at an offset from the base port: DATA at 0, STATUS at 1.
///
/// Call mpu401_interrupt and mpu401_advance afterwards: a read can change the line and the time of
/// the next event. If the offset has no register, or the card is NULL, the value is FF.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_read(m: Option<&mut Instance>, offset: u16, now_ns: u64) -> u8 {
    m.map_or(OPEN_BUS, |m| m.read(offset, now_ns))
}

/// Writes the register at an offset from the base port: DATA at 0, COMMAND at 1.
///
/// Call mpu401_interrupt and mpu401_advance afterwards, as after a read. If the offset has no
/// register, nothing happens.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_write(m: Option<&mut Instance>, offset: u16, value: u8, now_ns: u64) {
    if let Some(m) = m {
        m.write(offset, value, now_ns);
    }
}

/// Lets time pass and returns when something may happen next: the interrupt line may change, or a
/// byte starts or ends on a MIDI line. Returns MPU401_NEVER_NS if nothing will happen, or if the
/// card is NULL.
///
/// The time returned is later than now_ns, with one exception. Time stops when MPU401_OUTPUT_LIMIT
/// sent bytes wait for mpu401_midi_out, and the function returns the time at which time has
/// stopped. So if the time returned is not later than now_ns, fetch the bytes and call the function
/// again.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_advance(m: Option<&mut Instance>, now_ns: u64) -> u64 {
    m.map_or(MPU401_NEVER_NS, |m| m.advance(now_ns))
}

/// Whether the interrupt line is up, at the latest time seen. False for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_interrupt(m: Option<&Instance>) -> bool {
    m.is_some_and(Instance::interrupt_line)
}

/// Puts a byte on MIDI IN, with its start bit at start_ns, which may be in the future. Time does
/// not pass.
///
/// If the byte would overlap the byte given before, it starts when that byte ends. When
/// MPU401_INPUT_LIMIT bytes wait, a further byte is lost and counted. Call mpu401_advance
/// afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_midi_in(m: Option<&mut Instance>, start_ns: u64, byte: u8) {
    if let Some(m) = m {
        m.midi_in(start_ns, byte);
    }
}

/// Fetches the oldest byte that has left on MIDI OUT, and the time at which its start bit began.
/// Its stop bit ended MPU401_BYTE_TIME_NS later. The function does not return a byte that is still
/// on the line.
///
/// When no byte waits, the function returns false and does not change the two values. When one of
/// the pointers is NULL, the function returns false and fetches no byte.
///
/// In mpu401_advance time stops when MPU401_OUTPUT_LIMIT bytes wait here. Reads and writes do not
/// stop time: then the bytes sent up to the access are lost and counted.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_midi_out(
    m: Option<&mut Instance>,
    start_ns: Option<&mut MaybeUninit<u64>>,
    byte: Option<&mut MaybeUninit<u8>>,
) -> bool {
    let (Some(m), Some(start_ns), Some(byte)) = (m, start_ns, byte) else {
        return false;
    };
    let Some(sent) = m.midi_out() else {
        return false;
    };
    start_ns.write(sent.start_ns);
    byte.write(sent.byte);
    true
}

/// A sum since mpu401_new. `which` is one of Mpu401Count; any other number gives 0. If the card is
/// NULL, the result is 0.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_count(m: Option<&Instance>, which: u32) -> u64 {
    m.zip(Count::from_number(which)).map_or(0, |(m, which)| m.count(which))
}
