//! The C library routines that compilers call and drivers use.
//!
//! Source: the C standard, and the WDK for the routines with the prefix Rtl.

use crate::guest::Guest;
use crate::routine::{Call, Pointer, Routine, Word, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("RtlCompareMemory", ByKernel, rtl_compare_memory),
    row!("RtlFillMemory", ByKernel, rtl_fill_memory),
    row!("RtlMoveMemory", ByKernel, memmove),
    row!("RtlZeroMemory", ByKernel, rtl_zero_memory),
    row!("memcmp", ByKernel, memcmp).cdecl(),
    row!("memcpy", ByKernel, memmove).cdecl(),
    row!("memmove", ByKernel, memmove).cdecl(),
    row!("memset", ByKernel, memset).cdecl(),
    row!("strcmp", ByKernel, strcmp).cdecl(),
    row!("strlen", ByKernel, strlen).cdecl(),
    row!("strncmp", ByKernel, strncmp).cdecl(),
    row!("wcscmp", ByKernel, wcscmp).cdecl(),
    row!("wcscpy", ByKernel, wcscpy).cdecl(),
    row!("wcslen", ByKernel, wcslen).cdecl(),
];

/// Bytes that are stored at once. A senseless length faults before memory is allocated for it.
const CHUNK: u64 = 4096;

/// `void *memcpy(void *, const void *, size_t)`, also `memmove` and `RtlMoveMemory`. Blocks that
/// overlap are moved as if through a third block.
fn memmove(call: &Call<'_>, to: Pointer, from: Pointer, bytes: Word) -> Pointer {
    let content = call.guest().load_bytes(from.0, bytes.0 as usize);
    call.guest().store(to.0, &content);
    to
}

/// `void *memset(void *, int, size_t)`: uses the lowest byte of the int.
fn memset(call: &Call<'_>, to: Pointer, value: u8, bytes: Word) -> Pointer {
    fill(call.guest(), to, value, bytes);
    to
}

/// `VOID RtlFillMemory(VOID *, SIZE_T, UCHAR)`
fn rtl_fill_memory(call: &Call<'_>, to: Pointer, bytes: Word, value: u8) {
    fill(call.guest(), to, value, bytes);
}

/// `VOID RtlZeroMemory(VOID *, SIZE_T)`
fn rtl_zero_memory(call: &Call<'_>, to: Pointer, bytes: Word) {
    fill(call.guest(), to, 0, bytes);
}

fn fill(guest: &Guest, Pointer(to): Pointer, value: u8, Word(bytes): Word) {
    let chunk = [value; CHUNK as usize];
    let mut done = 0;
    while done < bytes && !guest.kernel().is_frozen() {
        let length = CHUNK.min(bytes - done);
        guest.store(to.wrapping_add(done), &chunk[..length as usize]);
        done += length;
    }
}

/// `int memcmp(const void *, const void *, size_t)`
fn memcmp(call: &Call<'_>, left: Pointer, right: Pointer, bytes: Word) -> i32 {
    let (left, right) = both(call.guest(), left, right, bytes);
    left.cmp(&right) as i32
}

/// `SIZE_T RtlCompareMemory(const VOID *, const VOID *, SIZE_T)`: counts the equal first bytes.
fn rtl_compare_memory(call: &Call<'_>, left: Pointer, right: Pointer, bytes: Word) -> Word {
    let (left, right) = both(call.guest(), left, right, bytes);
    Word(left.iter().zip(&right).take_while(|(left, right)| left == right).count() as u64)
}

/// Loads `bytes` bytes from each of two addresses.
fn both(guest: &Guest, left: Pointer, right: Pointer, bytes: Word) -> (Vec<u8>, Vec<u8>) {
    let load = |from: Pointer| guest.load_bytes(from.0, bytes.0 as usize);
    (load(left), load(right))
}

/// `size_t strlen(const char *)`
fn strlen(call: &Call<'_>, text: Pointer) -> Word {
    Word(call.guest().load_c_string(text.0, usize::MAX).len() as u64)
}

/// `int strcmp(const char *, const char *)`
fn strcmp(call: &Call<'_>, left: Pointer, right: Pointer) -> i32 {
    strncmp(call, left, right, Word(u64::MAX))
}

/// `int strncmp(const char *, const char *, size_t)`
fn strncmp(call: &Call<'_>, left: Pointer, right: Pointer, limit: Word) -> i32 {
    let load = |from: Pointer| call.guest().load_c_string(from.0, limit.0 as usize);
    let left = load(left);
    left.cmp(&load(right)) as i32
}

/// `size_t wcslen(const wchar_t *)`
fn wcslen(call: &Call<'_>, text: Pointer) -> Word {
    Word(call.guest().load_wide_string(text.0).len() as u64)
}

/// `int wcscmp(const wchar_t *, const wchar_t *)`
fn wcscmp(call: &Call<'_>, left: Pointer, right: Pointer) -> i32 {
    let left = call.guest().load_wide_string(left.0);
    left.cmp(&call.guest().load_wide_string(right.0)) as i32
}

/// `wchar_t *wcscpy(wchar_t *, const wchar_t *)`
fn wcscpy(call: &Call<'_>, to: Pointer, from: Pointer) -> Pointer {
    let guest = call.guest();
    let mut units = guest.load_wide_string(from.0);
    units.push(0);
    let bytes: Vec<u8> = units.into_iter().flat_map(u16::to_le_bytes).collect();
    guest.store(to.0, &bytes);
    to
}
