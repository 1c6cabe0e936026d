//! The functions that C calls, and the only `unsafe` of this crate.
//!
//! C code can pass any pointer. The types here say what a correct caller passes. A card or a result
//! that may be NULL is `Option<&T>`, `Option<&mut T>` or `Option<Box<T>>`; the compiler gives these
//! types the form of a C pointer. Three things still need `unsafe`. The first is the exported
//! names: the compiler cannot check that no other code exports the same names. The second is the
//! strings from C. The third is the buffer for the message of [`mpu401_new_from_card_file`]. Only a
//! fault in the Rust code could cause a panic. A panic ends the process at `extern "C"` and never
//! unwinds into C.

#![allow(unsafe_code, reason = "exported symbols, strings and a buffer that come from C")]

use crate::count::Count;
use crate::instance::{Instance, OPEN_BUS};
use crate::timing::Timing;
use hw_mpu401::{Accent, CardTiming, Control, InterruptCauses, InterruptGate, LineSignal};
use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;

/// The time that means: there will be no event.
pub const MPU401_NEVER_NS: u64 = u64::MAX;

/// Time that a byte takes on a MIDI line, from its start bit to the end of its stop bit.
pub const MPU401_BYTE_TIME_NS: u64 = 320_000;

/// The most sent bytes that wait for mpu401_midi_out.
pub const MPU401_OUTPUT_LIMIT: usize = 4096;

/// The most bytes and breaks that a host has given to mpu401_midi_in and that wait for the line.
pub const MPU401_INPUT_LIMIT: usize = 4096;

/// The most clicks of the metronome that wait for mpu401_click. A further click drops the oldest.
pub const MPU401_CLICK_LIMIT: usize = 64;

/// A cause of an interrupt: a byte for the host, or enough bytes from MIDI IN.
pub const MPU401_CAUSE_RECEIVE: u32 = 1;

/// A cause of an interrupt: room for output, on a card with a transmit interrupt.
pub const MPU401_CAUSE_TRANSMIT: u32 = 2;

const _: () = {
    assert!(MPU401_CLICK_LIMIT == hw_mpu401::CLICK_LIMIT);
    assert!(MPU401_CAUSE_RECEIVE == InterruptCauses::RECEIVE.bits() as u32);
    assert!(MPU401_CAUSE_TRANSMIT == InterruptCauses::TRANSMIT.bits() as u32);
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
    // SAFETY: the caller promises what `text` needs.
    let card_name = unsafe { text(card_name) }?;
    Instance::new(card_name, CardTiming::Typical).map(Box::new)
}

/// Makes a card as mpu401_new does, with other latencies. `timing` is one of Mpu401Timing; any
/// other number gives NULL. Only MPU401_TIMING_SEEDED uses the seed.
///
/// # Safety
///
/// As for mpu401_new.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpu401_new_with_timing(
    card_name: *const c_char,
    timing: u32,
    seed: u64,
) -> Option<Box<Instance>> {
    // SAFETY: the caller promises what `text` needs.
    let card_name = unsafe { text(card_name) }?;
    Instance::new(card_name, Timing::from_number(timing, seed)?).map(Box::new)
}

/// Makes a card of the text of a card file, as docs/card-files.md describes it, and powers it on at
/// time 0. `timing` and `seed` are as for mpu401_new_with_timing.
///
/// Returns NULL if the text is not a card file, and writes what is wrong with it into `message`: as
/// much as `message_size` bytes can hold, with a zero byte at the end. If `message` is NULL or its
/// size is 0, nothing is written. If the card is made, the message is empty.
///
/// # Safety
///
/// The text is NULL or a string that ends in a zero byte. `message` is NULL or points to
/// `message_size` bytes that may be written. The card does not keep the pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpu401_new_from_card_file(
    card_file: *const c_char,
    timing: u32,
    seed: u64,
    message: *mut c_char,
    message_size: usize,
) -> Option<Box<Instance>> {
    // SAFETY: the caller promises what `text` needs.
    let card_file = unsafe { text(card_file) };
    let found = match (card_file, Timing::from_number(timing, seed)) {
        (None, _) => Err("the card file is NULL or not UTF-8".to_owned()),
        (_, None) => Err("there is no timing of this number".to_owned()),
        (Some(text), Some(timing)) => Instance::from_card_file(text, timing),
    };
    let words = found.as_ref().err().map_or("", String::as_str);
    if !message.is_null() && message_size > 0 {
        let shown = whole_characters(words, message_size - 1);
        // SAFETY: `message` is not null and has `message_size` bytes, as the caller promises.
        // `shown` is less than that, so the zero byte also fits. The words are the program's own
        // memory, so the two do not overlap.
        unsafe {
            message.cast::<u8>().copy_from_nonoverlapping(words.as_ptr(), shown);
            message.add(shown).write(0);
        }
    }
    found.ok().map(Box::new)
}

/// How many bytes of `text` fit into `most` bytes without a character that is cut.
fn whole_characters(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0)
}

/// A string of C; `None` if it is NULL or not UTF-8.
///
/// # Safety
///
/// The pointer is NULL, or it points to a string that ends in a zero byte. No code changes the
/// string while the result is in use.
unsafe fn text<'t>(string: *const c_char) -> Option<&'t str> {
    if string.is_null() {
        return None;
    }
    // SAFETY: the pointer is not null, and the caller promises the zero byte at the end.
    unsafe { CStr::from_ptr(string) }.to_str().ok()
}

/// Ends a card. NULL is no card, and nothing happens.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_free(m: Option<Box<Instance>>) {
    drop(m);
}

/// Where STATUS and COMMAND are, counted from DATA: 1 on most cards, 2 on a PC-98. The card takes
/// the ports from its base port up to this offset. A card with a control register also takes
/// base + 2. 0 if the card is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_status_offset(m: Option<&Instance>) -> u16 {
    m.map_or(0, Instance::status_offset)
}

/// Reads the register at an offset from the base port: DATA at 0, STATUS at mpu401_status_offset.
///
/// Call mpu401_interrupt and mpu401_advance afterwards: a read can change the line and the time of
/// the next event. If the offset has no register, or the card is NULL, the value is FF.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_read(m: Option<&mut Instance>, offset: u16, now_ns: u64) -> u8 {
    m.map_or(OPEN_BUS, |m| m.read(offset, now_ns))
}

/// Writes the register at an offset from the base port: DATA at 0, COMMAND at mpu401_status_offset.
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
        m.midi_in(start_ns, LineSignal::Byte(byte));
    }
}

/// Puts a byte on MIDI IN as mpu401_midi_in does, from a sender at another speed, in bits per
/// second. The card works at 31250 bit/s and may read other bytes. A speed below 300 or above
/// 250000 counts as the nearest of these.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_midi_in_at_speed(
    m: Option<&mut Instance>,
    start_ns: u64,
    byte: u8,
    bits_per_second: u32,
) {
    if let Some(m) = m {
        m.midi_in(start_ns, LineSignal::AtSpeed { byte, bits_per_second });
    }
}

/// Puts a byte on MIDI IN as mpu401_midi_in does, with a space in the place of its stop bit. A card
/// takes such a byte or drops it.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_midi_in_without_stop(m: Option<&mut Instance>, start_ns: u64, byte: u8) {
    if let Some(m) = m {
        m.midi_in(start_ns, LineSignal::WithoutStop(byte));
    }
}

/// Puts a break on MIDI IN: the line is at space for duration_ns, or for one bit (32000 ns) if
/// duration_ns is shorter. What mpu401_midi_in says about a byte is also true of a break.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_midi_in_break(m: Option<&mut Instance>, start_ns: u64, duration_ns: u64) {
    if let Some(m) = m {
        m.midi_in(start_ns, LineSignal::Break { duration_ns });
    }
}

/// The causes of an interrupt that are there at the latest time seen, whether or not they are
/// enabled: a sum of MPU401_CAUSE_RECEIVE and MPU401_CAUSE_TRANSMIT. A card may show them in a
/// register of its own. 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_interrupt_causes(m: Option<&Instance>) -> u32 {
    m.map_or(0, |m| u32::from(m.interrupt_causes().bits()))
}

/// Sets which causes can raise the interrupt line: a sum of MPU401_CAUSE_RECEIVE and
/// MPU401_CAUSE_TRANSMIT. Other bits have no meaning. On a real card a register outside the two
/// ports holds this setting; the card file says what it is at power-on.
///
/// Call mpu401_interrupt and mpu401_advance afterwards, as after a read. Do this also after
/// mpu401_set_interrupt_gate and mpu401_set_active.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_set_interrupt_enables(m: Option<&mut Instance>, causes: u32, now_ns: u64) {
    if let Some(m) = m {
        let causes = InterruptCauses::from_bits_truncate((causes & 0xFF) as u8);
        m.control(Control::InterruptEnables(causes), now_ns);
    }
}

/// Opens or closes the gate between the interrupt and the line, as a bit of the mixer does on some
/// cards. While it is closed, the line is low and nothing else changes.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_set_interrupt_gate(m: Option<&mut Instance>, open: bool, now_ns: u64) {
    if let Some(m) = m {
        let gate = if open { InterruptGate::Open } else { InterruptGate::Closed };
        m.control(Control::InterruptGate(gate), now_ns);
    }
}

/// Activates or deactivates the card, as Plug and Play does. While it is not active, reads give FF,
/// writes and MIDI IN are lost, and the line is low.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_set_active(m: Option<&mut Instance>, active: bool, now_ns: u64) {
    if let Some(m) = m {
        let control = if active { Control::Activate } else { Control::Deactivate };
        m.control(control, now_ns);
    }
}

/// Fetches the oldest click of the metronome: its time, and whether it is accented.
///
/// When no click waits, the function returns false and does not change the two values. When one of
/// the pointers is NULL, the function returns false and fetches no click. Only a card with the
/// firmware of intelligent mode makes clicks.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_click(
    m: Option<&mut Instance>,
    time_ns: Option<&mut MaybeUninit<u64>>,
    accented: Option<&mut MaybeUninit<bool>>,
) -> bool {
    let (Some(m), Some(time_ns), Some(accented)) = (m, time_ns, accented) else {
        return false;
    };
    let Some(click) = m.click() else {
        return false;
    };
    time_ns.write(click.time_ns);
    accented.write(click.accent == Accent::Strong);
    true
}

/// Fetches the oldest byte that has left on MIDI OUT, and the time at which its start bit began.
/// Its stop bit ended MPU401_BYTE_TIME_NS later. The function does not return a byte that is still
/// on the line.
///
/// When no byte waits, the function returns false and does not change the two values. When one of
/// the pointers is NULL, the function returns false and fetches no byte.
///
/// mpu401_advance lets time stop when MPU401_OUTPUT_LIMIT bytes wait for this function. An access
/// never stops time. If MPU401_OUTPUT_LIMIT bytes wait at some time before the access, the bytes
/// sent from then on up to the access are lost and counted.
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

/// How often something has happened since the card was made. `which` says what is counted, and is
/// one of Mpu401Count; any other number gives 0. If the card is NULL, the result is 0.
#[unsafe(no_mangle)]
pub extern "C" fn mpu401_count(m: Option<&Instance>, which: u32) -> u64 {
    m.zip(Count::from_number(which)).map_or(0, |(m, which)| m.count(which))
}
