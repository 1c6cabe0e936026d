//! Texts of wide characters.

use super::text::{self, Character};
use crate::routine::{Call, Pointer, Word};

/// `size_t wcslen(const wchar_t *)`
pub(super) fn wcslen(call: &Call<'_>, text: Pointer) -> Word {
    wcsnlen(call, text, Word(u64::MAX))
}

/// `size_t wcsnlen(const wchar_t *, size_t)`
pub(super) fn wcsnlen(call: &Call<'_>, text: Pointer, limit: Word) -> Word {
    Word(text::load::<u16>(call.guest(), text.0, limit.0).len() as u64)
}

/// `int wcscmp(const wchar_t *, const wchar_t *)`
pub(super) fn wcscmp(call: &Call<'_>, left: Pointer, right: Pointer) -> i32 {
    wcsncmp(call, left, right, Word(u64::MAX))
}

/// `int wcsncmp(const wchar_t *, const wchar_t *, size_t)`
pub(super) fn wcsncmp(call: &Call<'_>, left: Pointer, right: Pointer, limit: Word) -> i32 {
    text::compare(call.guest(), [left.0, right.0], limit.0, |character: u16| character)
}

/// `int _wcsicmp(const wchar_t *, const wchar_t *)`: without regard to capital letters.
pub(super) fn wcsicmp(call: &Call<'_>, left: Pointer, right: Pointer) -> i32 {
    wcsnicmp(call, left, right, Word(u64::MAX))
}

/// `int _wcsnicmp(const wchar_t *, const wchar_t *, size_t)`
pub(super) fn wcsnicmp(call: &Call<'_>, left: Pointer, right: Pointer, limit: Word) -> i32 {
    text::compare(call.guest(), [left.0, right.0], limit.0, u16::to_lower)
}

/// `wchar_t *wcscpy(wchar_t *, const wchar_t *)`
pub(super) fn wcscpy(call: &Call<'_>, to: Pointer, from: Pointer) -> Pointer {
    let text: Vec<u16> = text::load(call.guest(), from.0, u64::MAX);
    text::store_with_zero(call.guest(), to.0, &text);
    to
}

/// `wchar_t *wcsncpy(wchar_t *, const wchar_t *, size_t)`
pub(super) fn wcsncpy(call: &Call<'_>, to: Pointer, from: Pointer, limit: Word) -> Pointer {
    text::copy_padded::<u16>(call.guest(), to.0, from.0, limit.0);
    to
}

/// `wchar_t *wcscat(wchar_t *, const wchar_t *)`
pub(super) fn wcscat(call: &Call<'_>, to: Pointer, from: Pointer) -> Pointer {
    wcsncat(call, to, from, Word(u64::MAX))
}

/// `wchar_t *wcsncat(wchar_t *, const wchar_t *, size_t)`
pub(super) fn wcsncat(call: &Call<'_>, to: Pointer, from: Pointer, limit: Word) -> Pointer {
    text::append::<u16>(call.guest(), to.0, from.0, limit.0);
    to
}

/// `wchar_t *wcschr(const wchar_t *, wchar_t)`
pub(super) fn wcschr(call: &Call<'_>, text: Pointer, wanted: u16) -> Pointer {
    Pointer(text::find(call.guest(), text.0, wanted))
}

/// `wchar_t *wcsrchr(const wchar_t *, wchar_t)`
pub(super) fn wcsrchr(call: &Call<'_>, text: Pointer, wanted: u16) -> Pointer {
    Pointer(text::find_last(call.guest(), text.0, wanted))
}

/// `wchar_t *wcsstr(const wchar_t *, const wchar_t *)`
pub(super) fn wcsstr(call: &Call<'_>, text: Pointer, wanted: Pointer) -> Pointer {
    Pointer(text::find_text::<u16>(call.guest(), text.0, wanted.0))
}

/// `size_t wcsspn(const wchar_t *, const wchar_t *)`
pub(super) fn wcsspn(call: &Call<'_>, text: Pointer, among: Pointer) -> Word {
    Word(text::span::<u16>(call.guest(), text.0, among.0))
}

/// `wchar_t *_wcslwr(wchar_t *)`
pub(super) fn wcslwr(call: &Call<'_>, text: Pointer) -> Pointer {
    text::change(call.guest(), text.0, u16::to_lower);
    text
}

/// `wchar_t *_wcsupr(wchar_t *)`
pub(super) fn wcsupr(call: &Call<'_>, text: Pointer) -> Pointer {
    text::change(call.guest(), text.0, u16::to_upper);
    text
}
