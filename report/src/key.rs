//! Keys, by which two traces are compared: equal things have equal keys.
//!
//! A key is a hash of 64 bits. If two different things had the same key, a comparison would take
//! them for equal. Assumed: this does not happen, because even with ten million different things
//! fewer than one trace in a hundred thousand has two things with the same key.

use portcls_emulator::trace::{NameId, TraceLog};

/// The keys of the names of one trace. Equal texts have equal keys, in any trace.
pub(crate) struct NameKeys<'a> {
    log: &'a TraceLog,
    known: Vec<Option<u64>>,
}

impl<'a> NameKeys<'a> {
    pub(crate) fn new(log: &'a TraceLog) -> NameKeys<'a> {
        NameKeys { log, known: Vec::new() }
    }

    pub(crate) fn of(&mut self, name: NameId) -> u64 {
        let index = usize::from(name.0);
        if index >= self.known.len() {
            self.known.resize(index + 1, None);
        }
        *self.known[index].get_or_insert_with(|| of_text(self.log.name(name)))
    }
}

/// Mixes a value into a key.
#[inline]
pub(crate) fn mix(key: u64, value: u64) -> u64 {
    let mixed = (key.rotate_left(23) ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ mixed >> 29
}

/// The key of a text.
pub(crate) fn of_text(text: &str) -> u64 {
    text.bytes().fold(text.len() as u64, |key, byte| mix(key, u64::from(byte)))
}

/// The key of a text, without the values of its numbers: `wait 5` and `wait 12` have the same key.
pub(crate) fn of_text_without_numbers(text: &str) -> u64 {
    let mut key = 1;
    let mut in_number = false;
    for byte in text.bytes() {
        if byte.is_ascii_digit() {
            if !in_number {
                key = mix(key, 0);
            }
            in_number = true;
        } else {
            in_number = false;
            key = mix(key, u64::from(byte));
        }
    }
    key
}
