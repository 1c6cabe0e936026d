//! Counted strings of wide characters and of narrow characters.
//!
//! Source: WDK, the pages of the routines.

use std::cmp::Ordering;

use portcls_emulator::{NtStatus, PoolType};

use crate::guest::Guest;
use crate::routine::{Boolean, Call, Pointer, Routine, row};
use crate::tables::pool_table::Fill;

pub(super) static ROUTINES: &[Routine] = &[
    row!("RtlAnsiStringToUnicodeString", UpTo(PASSIVE_LEVEL), ansi_string_to_unicode_string),
    row!("RtlAppendUnicodeStringToString", ByKernel, append_unicode_string_to_string),
    row!("RtlAppendUnicodeToString", ByKernel, append_unicode_to_string),
    row!("RtlCompareUnicodeString", ByKernel, compare_unicode_string),
    row!("RtlCopyUnicodeString", ByKernel, copy_unicode_string),
    row!("RtlEqualUnicodeString", ByKernel, equal_unicode_string),
    row!("RtlFreeAnsiString", ByKernel, free_counted_string),
    row!("RtlFreeUnicodeString", ByKernel, free_counted_string),
    row!("RtlInitAnsiString", ByKernel, init_ansi_string),
    row!("RtlInitString", ByKernel, init_ansi_string),
    row!("RtlInitUnicodeString", ByKernel, init_unicode_string),
    row!("RtlUnicodeStringToAnsiString", UpTo(PASSIVE_LEVEL), unicode_string_to_ansi_string),
];

/// The longest wide text in bytes: an even number. With a final zero it fits into 16 bits.
const LONGEST: usize = 0xFFFC;

/// The longest narrow text in bytes, which fits into 16 bits together with a final zero.
const LONGEST_NARROW: usize = 0xFFFE;

/// The tag of the pool for new strings. Assumed: any tag will do.
const TAG: [u8; 4] = *b"Strg";

/// The fields of a UNICODE_STRING. An ANSI_STRING has the same fields.
struct Counted {
    address: Pointer,
    length: u16,
    maximum: u16,
    buffer: u64,
}

impl Counted {
    fn load(guest: &Guest, address: Pointer) -> Counted {
        let layout = &guest.layout().unicode_string;
        Counted {
            address,
            length: guest.load_u16(address.at(layout.length)),
            maximum: guest.load_u16(address.at(layout.maximum_length)),
            buffer: guest.load_word(address.at(layout.buffer)),
        }
    }

    fn store(&self, guest: &Guest) {
        let layout = &guest.layout().unicode_string;
        guest.store_u16(self.address.at(layout.length), self.length);
        guest.store_u16(self.address.at(layout.maximum_length), self.maximum);
        guest.store_word(self.address.at(layout.buffer), self.buffer);
    }

    /// Appends the part of a text that fits. The result is false when the text is cut.
    fn append(&mut self, guest: &Guest, text: &[u16]) -> bool {
        let room = usize::from(self.maximum.saturating_sub(self.length)) / 2;
        let fitting = &text[..text.len().min(room)];
        let bytes: Vec<u8> = fitting.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let end = self.buffer.wrapping_add(self.length.into());
        guest.store(end, &bytes);
        self.length += bytes.len() as u16;
        // When there is room, a zero follows the text, because some drivers read the buffer without
        // the length.
        if room > fitting.len() {
            guest.store_u16(end.wrapping_add(bytes.len() as u64), 0);
        }
        fitting.len() == text.len()
    }
}

/// `VOID RtlInitUnicodeString(PUNICODE_STRING, PCWSTR)`
fn init_unicode_string(call: &Call<'_>, address: Pointer, Pointer(buffer): Pointer) {
    let guest = call.guest();
    let mut string = Counted { address, length: 0, maximum: 0, buffer };
    if buffer != 0 {
        let bytes = 2 * guest.load_wide_string(buffer).len();
        string.length = bytes.min(LONGEST) as u16;
        string.maximum = string.length + 2;
    }
    string.store(guest);
}

/// `VOID RtlCopyUnicodeString(PUNICODE_STRING, PCUNICODE_STRING)`: copies as much as fits. A null
/// source makes the string empty.
fn copy_unicode_string(call: &Call<'_>, to: Pointer, from: Pointer) {
    let guest = call.guest();
    let text = if from.is_null() { Vec::new() } else { guest.load_unicode_string(from.0) };
    let mut string = Counted::load(guest, to);
    string.length = 0;
    string.append(guest, &text);
    string.store(guest);
}

/// `NTSTATUS RtlAppendUnicodeToString(PUNICODE_STRING, PCWSTR)`
fn append_unicode_to_string(call: &Call<'_>, to: Pointer, from: Pointer) -> NtStatus {
    let text = if from.is_null() { Vec::new() } else { call.guest().load_wide_string(from.0) };
    append_whole(call.guest(), to, &text)
}

/// `NTSTATUS RtlAppendUnicodeStringToString(PUNICODE_STRING, PCUNICODE_STRING)`
fn append_unicode_string_to_string(call: &Call<'_>, to: Pointer, from: Pointer) -> NtStatus {
    let text = call.guest().load_unicode_string(from.0);
    append_whole(call.guest(), to, &text)
}

/// Appends the whole text or nothing.
fn append_whole(guest: &Guest, to: Pointer, text: &[u16]) -> NtStatus {
    let mut string = Counted::load(guest, to);
    if usize::from(string.maximum.saturating_sub(string.length)) < 2 * text.len() {
        return NtStatus::BUFFER_TOO_SMALL;
    }
    string.append(guest, text);
    string.store(guest);
    NtStatus::SUCCESS
}

/// `LONG RtlCompareUnicodeString(PCUNICODE_STRING, PCUNICODE_STRING, BOOLEAN CaseInSensitive)`
fn compare_unicode_string(
    call: &Call<'_>,
    left: Pointer,
    right: Pointer,
    ignores_case: Boolean,
) -> i32 {
    compare(call.guest(), left, right, ignores_case) as i32
}

/// `BOOLEAN RtlEqualUnicodeString(PCUNICODE_STRING, PCUNICODE_STRING, BOOLEAN CaseInSensitive)`
fn equal_unicode_string(
    call: &Call<'_>,
    left: Pointer,
    right: Pointer,
    ignores_case: Boolean,
) -> bool {
    compare(call.guest(), left, right, ignores_case).is_eq()
}

fn compare(guest: &Guest, left: Pointer, right: Pointer, ignores_case: Boolean) -> Ordering {
    let (left, right) = (guest.load_unicode_string(left.0), guest.load_unicode_string(right.0));
    if ignores_case.is_true() {
        left.iter().map(|&unit| upper(unit)).cmp(right.iter().map(|&unit| upper(unit)))
    } else {
        left.cmp(&right)
    }
}

/// A UTF-16 unit in upper case. The table of Windows has exactly one unit as the upper case of each
/// unit. So a unit stays as it is when its upper case has more than one unit.
fn upper(unit: u16) -> u16 {
    let Some(letter) = char::from_u32(unit.into()) else { return unit };
    let mut upper = letter.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => u16::try_from(u32::from(upper)).unwrap_or(unit),
        _ => unit,
    }
}

/// `VOID RtlInitAnsiString(PANSI_STRING, PCSZ)`, and RtlInitString
fn init_ansi_string(call: &Call<'_>, address: Pointer, Pointer(buffer): Pointer) {
    let guest = call.guest();
    let mut string = Counted { address, length: 0, maximum: 0, buffer };
    if buffer != 0 {
        let bytes = guest.load_c_string(buffer, usize::MAX).len();
        string.length = bytes.min(LONGEST_NARROW) as u16;
        string.maximum = string.length + 1;
    }
    string.store(guest);
}

/// `NTSTATUS RtlAnsiStringToUnicodeString(PUNICODE_STRING, PCANSI_STRING, BOOLEAN Allocate)`
///
/// Assumed: a byte is one of the first 256 characters of Unicode. Except for 27 signs, this is code
/// page 1252.
fn ansi_string_to_unicode_string(
    call: &Call<'_>,
    to: Pointer,
    from: Pointer,
    allocate: Boolean,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let from = Counted::load(guest, from);
    let narrow = guest.load_bytes(from.buffer, from.length.into());
    let wide: Vec<u8> = narrow.into_iter().flat_map(|byte| u16::from(byte).to_le_bytes()).collect();
    convert(guest, to, &wide, 2, allocate)
}

/// `NTSTATUS RtlUnicodeStringToAnsiString(PANSI_STRING, PCUNICODE_STRING, BOOLEAN Allocate)`: a
/// character that is not one of the first 256 characters becomes a question mark.
fn unicode_string_to_ansi_string(
    call: &Call<'_>,
    to: Pointer,
    from: Pointer,
    allocate: Boolean,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let wide = guest.load_unicode_string(from.0);
    let narrow: Vec<u8> = wide.into_iter().map(|unit| u8::try_from(unit).unwrap_or(b'?')).collect();
    convert(guest, to, &narrow, 1, allocate)
}

/// Puts a converted text and a zero of `zero` bytes into a string. When `allocate` is true, the
/// buffer of the string is new pool. Otherwise the text goes into the buffer that the string has.
fn convert(
    guest: &Guest,
    to: Pointer,
    text: &[u8],
    zero: usize,
    allocate: Boolean,
) -> Result<(), NtStatus> {
    if text.len() + zero > usize::from(u16::MAX) {
        return Err(NtStatus::INVALID_PARAMETER_2);
    }
    if allocate.is_true() {
        return store_new(guest, to, PoolType::Paged, TAG, (text, zero));
    }
    let mut string = Counted::load(guest, to);
    if usize::from(string.maximum) < text.len() + zero {
        return Err(NtStatus::BUFFER_OVERFLOW);
    }
    guest.store(string.buffer, &[text, &[0; 2][..zero]].concat());
    string.length = text.len() as u16;
    string.store(guest);
    Ok(())
}

/// Fills in a string with a text and a zero of `zero` bytes. The buffer of the string is new pool.
///
/// # Errors
/// `STATUS_NO_MEMORY` when there is no pool; `STATUS_INVALID_PARAMETER` for a text whose length
/// with the zero does not fit into 16 bits.
fn store_new(
    guest: &Guest,
    to: Pointer,
    pool: PoolType,
    tag: [u8; 4],
    (text, zero): (&[u8], usize),
) -> Result<(), NtStatus> {
    let content = [text, &[0; 2][..zero]].concat();
    let maximum = u16::try_from(content.len()).map_err(|_| NtStatus::INVALID_PARAMETER)?;
    let length = maximum - zero as u16;
    let buffer = guest.allocate_pool(pool, content.len() as u64, tag, Fill::Garbage);
    if buffer == 0 {
        return Err(NtStatus::NO_MEMORY);
    }
    guest.store(buffer, &content);
    Counted { address: to, length, maximum, buffer }.store(guest);
    Ok(())
}

/// Fills in a UNICODE_STRING. The buffer of the string is new pool, which the driver frees.
pub(super) fn store_new_unicode_string(
    guest: &Guest,
    to: Pointer,
    pool: PoolType,
    tag: [u8; 4],
    text: &str,
) -> Result<(), NtStatus> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    store_new(guest, to, pool, tag, (&units, 2))
}

/// `VOID RtlFreeUnicodeString(PUNICODE_STRING)`, and RtlFreeAnsiString: for a string whose buffer
/// the system allocated.
fn free_counted_string(call: &Call<'_>, string: Pointer) {
    let guest = call.guest();
    let string = Counted::load(guest, string);
    if string.buffer != 0 {
        guest.free_pool(string.buffer, None);
        Counted { length: 0, maximum: 0, buffer: 0, ..string }.store(guest);
    }
}
