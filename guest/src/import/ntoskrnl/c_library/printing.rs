//! Texts that are made from a format: sprintf and its family.
//!
//! Assumed: no format for floating-point numbers works, because no such format works in DbgPrint.
//! Source: Microsoft, _snprintf and the other pages of the C runtime.

use super::super::formatting::{Arguments, BadPointers, Form, Values, Width, formatted};
use super::text;
use crate::routine::{Call, Pointer, Variables, Word};

/// A format, a text that is inserted, or the padding of one has at most this number of characters.
/// Assumed: drivers write far fewer.
const LONGEST: usize = 65_536;

/// `int sprintf(char *, const char *, ...)`
pub(super) fn sprintf(call: &Call<'_>, to: Pointer, format: Pointer, rest: Variables) -> i32 {
    print_narrow(call, to, None, format, Values::OfCall(rest))
}

/// `int vsprintf(char *, const char *, va_list)`
pub(super) fn vsprintf(call: &Call<'_>, to: Pointer, format: Pointer, list: Pointer) -> i32 {
    print_narrow(call, to, None, format, Values::list(list))
}

/// `int _snprintf(char *, size_t, const char *, ...)`
pub(super) fn snprintf(
    call: &Call<'_>,
    to: Pointer,
    room: Word,
    format: Pointer,
    rest: Variables,
) -> i32 {
    print_narrow(call, to, Some(room), format, Values::OfCall(rest))
}

/// `int _vsnprintf(char *, size_t, const char *, va_list)`
pub(super) fn vsnprintf(
    call: &Call<'_>,
    to: Pointer,
    room: Word,
    format: Pointer,
    list: Pointer,
) -> i32 {
    print_narrow(call, to, Some(room), format, Values::list(list))
}

/// `int swprintf(wchar_t *, const wchar_t *, ...)`: the kernel's routine has no parameter for the
/// size of the buffer.
pub(super) fn swprintf(call: &Call<'_>, to: Pointer, format: Pointer, rest: Variables) -> i32 {
    print_wide(call, to, None, format, Values::OfCall(rest))
}

/// `int _snwprintf(wchar_t *, size_t, const wchar_t *, ...)`
pub(super) fn snwprintf(
    call: &Call<'_>,
    to: Pointer,
    room: Word,
    format: Pointer,
    rest: Variables,
) -> i32 {
    print_wide(call, to, Some(room), format, Values::OfCall(rest))
}

/// `int _vsnwprintf(wchar_t *, size_t, const wchar_t *, va_list)`
pub(super) fn vsnwprintf(
    call: &Call<'_>,
    to: Pointer,
    room: Word,
    format: Pointer,
    list: Pointer,
) -> i32 {
    print_wide(call, to, Some(room), format, Values::list(list))
}

fn print_narrow(
    call: &Call<'_>,
    to: Pointer,
    room: Option<Word>,
    format: Pointer,
    values: Values,
) -> i32 {
    let text = format_text(call, Width::Narrow, format, values);
    let bytes: Vec<u8> =
        text.chars().map(|character| u8::try_from(character).unwrap_or(b'?')).collect();
    deliver(call, to, room, &bytes)
}

fn print_wide(
    call: &Call<'_>,
    to: Pointer,
    room: Option<Word>,
    format: Pointer,
    values: Values,
) -> i32 {
    let text = format_text(call, Width::Wide, format, values);
    let units: Vec<u16> = text.encode_utf16().collect();
    deliver(call, to, room, &units)
}

fn format_text(call: &Call<'_>, width: Width, format: Pointer, values: Values) -> String {
    let form = Form { width, longest: LONGEST, bad_pointers: BadPointers::Fault };
    formatted(&Arguments { call, form, values }, format)
}

/// Stores a text and a zero after it, and returns the number of characters of the text. `room` is
/// the size of the buffer in characters, or `None` when the routine does not know the size. When
/// there is room for the text only, no zero follows. When there is no room for all characters, the
/// function stores the first `room` characters and returns -1.
///
/// When `to` is null and `room` is 0, the function stores nothing and returns the number of
/// characters.
fn deliver<C: text::Character>(
    call: &Call<'_>,
    to: Pointer,
    room: Option<Word>,
    text: &[C],
) -> i32 {
    let length = text.len() as u64;
    match room {
        Some(Word(0)) if to.is_null() => length as i32,
        Some(Word(room)) if room < length => {
            text::store(call.guest(), to.0, &text[..room as usize]);
            -1
        }
        Some(Word(room)) if room == length => {
            text::store(call.guest(), to.0, text);
            length as i32
        }
        _ => {
            text::store_with_zero(call.guest(), to.0, text);
            length as i32
        }
    }
}
