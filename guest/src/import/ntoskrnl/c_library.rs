//! The routines of the C library that compilers call and drivers use.
//!
//! Source: the C standard, and WDK for those with the prefix Rtl.

use crate::guest::Guest;
use crate::routine::Call;

/// Bytes that are moved at one go, so that a length out of nowhere faults before it is allocated.
const CHUNK: u64 = 4096;

/// `void *memcpy(void *, const void *, size_t)`, also `memmove` and `RtlMoveMemory`: blocks that
/// overlap are moved as if by way of a third one.
pub(super) fn memmove(call: &Call<'_>) -> u64 {
    let (to, from, bytes) = (call.pointer(), call.pointer(), call.pointer());
    let content = call.guest().load_bytes(from, bytes as usize);
    call.guest().store(to, &content);
    to
}

/// `void *memset(void *, int, size_t)`
pub(super) fn memset(call: &Call<'_>) -> u64 {
    let (to, value, bytes) = (call.pointer(), call.u8(), call.pointer());
    fill(call.guest(), to, value, bytes);
    to
}

/// `VOID RtlFillMemory(VOID *, SIZE_T, UCHAR)`
pub(super) fn rtl_fill_memory(call: &Call<'_>) -> u64 {
    let (to, bytes, value) = (call.pointer(), call.pointer(), call.u8());
    fill(call.guest(), to, value, bytes);
    0
}

/// `VOID RtlZeroMemory(VOID *, SIZE_T)`
pub(super) fn rtl_zero_memory(call: &Call<'_>) -> u64 {
    let (to, bytes) = (call.pointer(), call.pointer());
    fill(call.guest(), to, 0, bytes);
    0
}

fn fill(guest: &Guest, to: u64, value: u8, bytes: u64) {
    let chunk = [value; CHUNK as usize];
    let mut done = 0;
    while done < bytes && !guest.kernel().is_frozen() {
        let length = CHUNK.min(bytes - done);
        guest.store(to.wrapping_add(done), &chunk[..length as usize]);
        done += length;
    }
}

/// `int memcmp(const void *, const void *, size_t)`
pub(super) fn memcmp(call: &Call<'_>) -> u64 {
    let (left, right, bytes) = (call.pointer(), call.pointer(), call.pointer());
    let guest = call.guest();
    let left = guest.load_bytes(left, bytes as usize);
    ordering(left.cmp(&guest.load_bytes(right, bytes as usize)))
}

/// `SIZE_T RtlCompareMemory(const VOID *, const VOID *, SIZE_T)`: how many bytes are equal.
pub(super) fn rtl_compare_memory(call: &Call<'_>) -> u64 {
    let (left, right, bytes) = (call.pointer(), call.pointer(), call.pointer());
    let guest = call.guest();
    let left = guest.load_bytes(left, bytes as usize);
    let right = guest.load_bytes(right, bytes as usize);
    left.iter().zip(&right).take_while(|(left, right)| left == right).count() as u64
}

/// `size_t strlen(const char *)`
pub(super) fn strlen(call: &Call<'_>) -> u64 {
    call.guest().load_c_string(call.pointer(), usize::MAX).len() as u64
}

/// `int strcmp(const char *, const char *)`
pub(super) fn strcmp(call: &Call<'_>) -> u64 {
    let (left, right) = (call.pointer(), call.pointer());
    let guest = call.guest();
    let left = guest.load_c_string(left, usize::MAX);
    ordering(left.cmp(&guest.load_c_string(right, usize::MAX)))
}

/// `int strncmp(const char *, const char *, size_t)`
pub(super) fn strncmp(call: &Call<'_>) -> u64 {
    let (left, right, limit) = (call.pointer(), call.pointer(), call.pointer() as usize);
    let guest = call.guest();
    let left = guest.load_c_string(left, limit);
    ordering(left.cmp(&guest.load_c_string(right, limit)))
}

/// `size_t wcslen(const wchar_t *)`
pub(super) fn wcslen(call: &Call<'_>) -> u64 {
    call.guest().load_wide_string(call.pointer()).len() as u64
}

/// `int wcscmp(const wchar_t *, const wchar_t *)`
pub(super) fn wcscmp(call: &Call<'_>) -> u64 {
    let (left, right) = (call.pointer(), call.pointer());
    let guest = call.guest();
    let left = guest.load_wide_string(left);
    ordering(left.cmp(&guest.load_wide_string(right)))
}

/// `wchar_t *wcscpy(wchar_t *, const wchar_t *)`
pub(super) fn wcscpy(call: &Call<'_>) -> u64 {
    let (to, from) = (call.pointer(), call.pointer());
    let guest = call.guest();
    let mut units = guest.load_wide_string(from);
    units.push(0);
    let bytes: Vec<u8> = units.into_iter().flat_map(u16::to_le_bytes).collect();
    guest.store(to, &bytes);
    to
}

/// A comparison as an `int`.
fn ordering(order: std::cmp::Ordering) -> u64 {
    u64::from(order as i32 as u32)
}
