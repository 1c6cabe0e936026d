//! Single characters, and numbers as texts.
//!
//! The routines that test a character answer 0 for a character that is not in ASCII. EOF is such a
//! character.

use super::text;
use crate::routine::{Call, Pointer};

fn is(character: u32, kind: impl Fn(u8) -> bool) -> bool {
    u8::try_from(character).is_ok_and(kind)
}

/// `int isalnum(int)`: a letter or a digit.
pub(super) fn isalnum(_call: &Call<'_>, character: u32) -> bool {
    is(character, |byte| byte.is_ascii_alphanumeric())
}

/// `int isalpha(int)`: a letter.
pub(super) fn isalpha(_call: &Call<'_>, character: u32) -> bool {
    is(character, |byte| byte.is_ascii_alphabetic())
}

/// `int isdigit(int)`: a digit.
pub(super) fn isdigit(_call: &Call<'_>, character: u32) -> bool {
    is(character, |byte| byte.is_ascii_digit())
}

/// `int islower(int)`: a small letter.
pub(super) fn islower(_call: &Call<'_>, character: u32) -> bool {
    is(character, |byte| byte.is_ascii_lowercase())
}

/// `int isupper(int)`: a capital letter.
pub(super) fn isupper(_call: &Call<'_>, character: u32) -> bool {
    is(character, |byte| byte.is_ascii_uppercase())
}

/// `int isxdigit(int)`: a hexadecimal digit.
pub(super) fn isxdigit(_call: &Call<'_>, character: u32) -> bool {
    is(character, |byte| byte.is_ascii_hexdigit())
}

/// `int isprint(int)`: a space, or a character that is visible.
pub(super) fn isprint(_call: &Call<'_>, character: u32) -> bool {
    is(character, |byte| byte == b' ' || byte.is_ascii_graphic())
}

/// `int isspace(int)`: a blank, or one of the control characters HT, LF, VT, FF and CR.
pub(super) fn isspace(_call: &Call<'_>, character: u32) -> bool {
    is(character, is_space)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// `int tolower(int)`
pub(super) fn tolower(_call: &Call<'_>, character: u32) -> u32 {
    u8::try_from(character).map_or(character, |byte| byte.to_ascii_lowercase().into())
}

/// `int toupper(int)`
pub(super) fn toupper(_call: &Call<'_>, character: u32) -> u32 {
    u8::try_from(character).map_or(character, |byte| byte.to_ascii_uppercase().into())
}

/// `wint_t towlower(wint_t)`
pub(super) fn towlower(_call: &Call<'_>, character: u16) -> u16 {
    text::Character::to_lower(character)
}

/// `wint_t towupper(wint_t)`
pub(super) fn towupper(_call: &Call<'_>, character: u16) -> u16 {
    text::Character::to_upper(character)
}

/// `int atoi(const char *)`, and `atol`: a number that does not fit into an int becomes the largest
/// int, or the smallest int if it is negative.
/// Source: Microsoft, atoi.
pub(super) fn atoi(call: &Call<'_>, text: Pointer) -> i32 {
    let text: Vec<u8> = text::load(call.guest(), text.0, u64::MAX);
    let spaces = text.iter().take_while(|byte| is_space(**byte)).count();
    let (is_negative, digits) = match &text[spaces..] {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let magnitude = digits.fold(0_i64, |number, digit| {
        (number * 10 + i64::from(digit - b'0')).min(i64::from(u32::MAX))
    });
    let number = if is_negative { -magnitude } else { magnitude };
    number.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}
