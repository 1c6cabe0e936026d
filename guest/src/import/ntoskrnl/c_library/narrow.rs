//! Texts of narrow characters.

use super::text::{self, Character};
use crate::routine::{Call, Pointer, Word};

/// `size_t strlen(const char *)`
pub(super) fn strlen(call: &Call<'_>, text: Pointer) -> Word {
    strnlen(call, text, Word(u64::MAX))
}

/// `size_t strnlen(const char *, size_t)`
pub(super) fn strnlen(call: &Call<'_>, text: Pointer, limit: Word) -> Word {
    Word(text::load::<u8>(call.guest(), text.0, limit.0).len() as u64)
}

/// `int strcmp(const char *, const char *)`
pub(super) fn strcmp(call: &Call<'_>, left: Pointer, right: Pointer) -> i32 {
    strncmp(call, left, right, Word(u64::MAX))
}

/// `int strncmp(const char *, const char *, size_t)`
pub(super) fn strncmp(call: &Call<'_>, left: Pointer, right: Pointer, limit: Word) -> i32 {
    text::compare(call.guest(), [left.0, right.0], limit.0, |character: u8| character)
}

/// `int _stricmp(const char *, const char *)`: without regard to capital letters.
pub(super) fn stricmp(call: &Call<'_>, left: Pointer, right: Pointer) -> i32 {
    strnicmp(call, left, right, Word(u64::MAX))
}

/// `int _strnicmp(const char *, const char *, size_t)`
pub(super) fn strnicmp(call: &Call<'_>, left: Pointer, right: Pointer, limit: Word) -> i32 {
    text::compare(call.guest(), [left.0, right.0], limit.0, u8::to_lower)
}

/// `char *strcpy(char *, const char *)`
pub(super) fn strcpy(call: &Call<'_>, to: Pointer, from: Pointer) -> Pointer {
    let text: Vec<u8> = text::load(call.guest(), from.0, u64::MAX);
    text::store_with_zero(call.guest(), to.0, &text);
    to
}

/// `char *strncpy(char *, const char *, size_t)`
pub(super) fn strncpy(call: &Call<'_>, to: Pointer, from: Pointer, limit: Word) -> Pointer {
    text::copy_padded::<u8>(call.guest(), to.0, from.0, limit.0);
    to
}

/// `char *strcat(char *, const char *)`
pub(super) fn strcat(call: &Call<'_>, to: Pointer, from: Pointer) -> Pointer {
    strncat(call, to, from, Word(u64::MAX))
}

/// `char *strncat(char *, const char *, size_t)`
pub(super) fn strncat(call: &Call<'_>, to: Pointer, from: Pointer, limit: Word) -> Pointer {
    text::append::<u8>(call.guest(), to.0, from.0, limit.0);
    to
}

/// `char *strchr(const char *, int)`
pub(super) fn strchr(call: &Call<'_>, text: Pointer, wanted: u8) -> Pointer {
    Pointer(text::find(call.guest(), text.0, wanted))
}

/// `char *strrchr(const char *, int)`
pub(super) fn strrchr(call: &Call<'_>, text: Pointer, wanted: u8) -> Pointer {
    Pointer(text::find_last(call.guest(), text.0, wanted))
}

/// `char *strstr(const char *, const char *)`
pub(super) fn strstr(call: &Call<'_>, text: Pointer, wanted: Pointer) -> Pointer {
    Pointer(text::find_text::<u8>(call.guest(), text.0, wanted.0))
}

/// `size_t strspn(const char *, const char *)`
pub(super) fn strspn(call: &Call<'_>, text: Pointer, among: Pointer) -> Word {
    Word(text::span::<u8>(call.guest(), text.0, among.0))
}

/// `char *_strlwr(char *)`
pub(super) fn strlwr(call: &Call<'_>, text: Pointer) -> Pointer {
    text::change(call.guest(), text.0, u8::to_lower);
    text
}

/// `char *_strupr(char *)`
pub(super) fn strupr(call: &Call<'_>, text: Pointer) -> Pointer {
    text::change(call.guest(), text.0, u8::to_upper);
    text
}
