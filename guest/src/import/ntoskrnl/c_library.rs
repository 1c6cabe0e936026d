//! The C library: the table of all its routines, and the routines for memory.
//!
//! A character of the narrow texts is one byte. In narrow and in wide texts only the letters of
//! ASCII count as letters. Assumed: the kernel's own routines know no other locale than "C".
//!
//! Source: the C standard; the WDK for the routines with the prefix Rtl; the C runtime of Microsoft
//! for the routines with an underscore.

mod characters;
mod narrow;
mod printing;
mod text;
mod wide;

use crate::guest::Guest;
use crate::routine::{Call, Pointer, Routine, Word, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("RtlCompareMemory", ByKernel, rtl_compare_memory),
    row!("RtlFillMemory", ByKernel, rtl_fill_memory),
    row!("RtlMoveMemory", ByKernel, memmove),
    row!("RtlZeroMemory", ByKernel, rtl_zero_memory),
    row!("_snprintf", ByKernel, printing::snprintf).cdecl(),
    row!("_snwprintf", ByKernel, printing::snwprintf).cdecl(),
    row!("_stricmp", ByKernel, narrow::stricmp).cdecl(),
    row!("_strlwr", ByKernel, narrow::strlwr).cdecl(),
    row!("_strnicmp", ByKernel, narrow::strnicmp).cdecl(),
    row!("_strupr", ByKernel, narrow::strupr).cdecl(),
    row!("_vsnprintf", ByKernel, printing::vsnprintf).cdecl(),
    row!("_vsnwprintf", ByKernel, printing::vsnwprintf).cdecl(),
    row!("_wcsicmp", ByKernel, wide::wcsicmp).cdecl(),
    row!("_wcslwr", ByKernel, wide::wcslwr).cdecl(),
    row!("_wcsnicmp", ByKernel, wide::wcsnicmp).cdecl(),
    row!("_wcsupr", ByKernel, wide::wcsupr).cdecl(),
    row!("atoi", ByKernel, characters::atoi).cdecl(),
    row!("atol", ByKernel, characters::atoi).cdecl(),
    row!("isalnum", ByKernel, characters::isalnum).cdecl(),
    row!("isalpha", ByKernel, characters::isalpha).cdecl(),
    row!("isdigit", ByKernel, characters::isdigit).cdecl(),
    row!("islower", ByKernel, characters::islower).cdecl(),
    row!("isprint", ByKernel, characters::isprint).cdecl(),
    row!("isspace", ByKernel, characters::isspace).cdecl(),
    row!("isupper", ByKernel, characters::isupper).cdecl(),
    row!("isxdigit", ByKernel, characters::isxdigit).cdecl(),
    row!("memchr", ByKernel, memchr).cdecl(),
    row!("memcmp", ByKernel, memcmp).cdecl(),
    row!("memcpy", ByKernel, memmove).cdecl(),
    row!("memmove", ByKernel, memmove).cdecl(),
    row!("memset", ByKernel, memset).cdecl(),
    row!("sprintf", ByKernel, printing::sprintf).cdecl(),
    row!("strcat", ByKernel, narrow::strcat).cdecl(),
    row!("strchr", ByKernel, narrow::strchr).cdecl(),
    row!("strcmp", ByKernel, narrow::strcmp).cdecl(),
    row!("strcpy", ByKernel, narrow::strcpy).cdecl(),
    row!("strlen", ByKernel, narrow::strlen).cdecl(),
    row!("strncat", ByKernel, narrow::strncat).cdecl(),
    row!("strncmp", ByKernel, narrow::strncmp).cdecl(),
    row!("strncpy", ByKernel, narrow::strncpy).cdecl(),
    row!("strnlen", ByKernel, narrow::strnlen).cdecl(),
    row!("strrchr", ByKernel, narrow::strrchr).cdecl(),
    row!("strspn", ByKernel, narrow::strspn).cdecl(),
    row!("strstr", ByKernel, narrow::strstr).cdecl(),
    row!("swprintf", ByKernel, printing::swprintf).cdecl(),
    row!("tolower", ByKernel, characters::tolower).cdecl(),
    row!("toupper", ByKernel, characters::toupper).cdecl(),
    row!("towlower", ByKernel, characters::towlower).cdecl(),
    row!("towupper", ByKernel, characters::towupper).cdecl(),
    row!("vsprintf", ByKernel, printing::vsprintf).cdecl(),
    row!("wcscat", ByKernel, wide::wcscat).cdecl(),
    row!("wcschr", ByKernel, wide::wcschr).cdecl(),
    row!("wcscmp", ByKernel, wide::wcscmp).cdecl(),
    row!("wcscpy", ByKernel, wide::wcscpy).cdecl(),
    row!("wcslen", ByKernel, wide::wcslen).cdecl(),
    row!("wcsncat", ByKernel, wide::wcsncat).cdecl(),
    row!("wcsncmp", ByKernel, wide::wcsncmp).cdecl(),
    row!("wcsncpy", ByKernel, wide::wcsncpy).cdecl(),
    row!("wcsnlen", ByKernel, wide::wcsnlen).cdecl(),
    row!("wcsrchr", ByKernel, wide::wcsrchr).cdecl(),
    row!("wcsspn", ByKernel, wide::wcsspn).cdecl(),
    row!("wcsstr", ByKernel, wide::wcsstr).cdecl(),
];

/// The routines that fill memory store at most this number of bytes at once. So a senseless length
/// faults where the driver's memory ends, and the emulator allocates no memory of the host for it.
const CHUNK: usize = 4096;

/// `void *memcpy(void *, const void *, size_t)`, also `memmove` and `RtlMoveMemory`. Blocks that
/// overlap are moved as if through a third block.
fn memmove(call: &Call<'_>, to: Pointer, from: Pointer, bytes: Word) -> Pointer {
    let content = call.guest().load_bytes(from.0, bytes.0);
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
    let chunk = [value; CHUNK];
    let mut done = 0;
    while done < bytes && !guest.kernel().is_frozen() {
        let length = usize::try_from(bytes - done).map_or(CHUNK, |left| CHUNK.min(left));
        guest.store(to.wrapping_add(done), &chunk[..length]);
        done += length as u64;
    }
}

/// `int memcmp(const void *, const void *, size_t)`
fn memcmp(call: &Call<'_>, left: Pointer, right: Pointer, bytes: Word) -> i32 {
    let (left, right) = both(call.guest(), left, right, bytes);
    left.cmp(&right) as i32
}

/// `SIZE_T RtlCompareMemory(const VOID *, const VOID *, SIZE_T)`: counts the bytes before the first
/// difference.
fn rtl_compare_memory(call: &Call<'_>, left: Pointer, right: Pointer, bytes: Word) -> Word {
    let (left, right) = both(call.guest(), left, right, bytes);
    Word(left.iter().zip(&right).take_while(|(left, right)| left == right).count() as u64)
}

/// Loads `bytes` bytes from each of two addresses.
fn both(guest: &Guest, left: Pointer, right: Pointer, bytes: Word) -> (Vec<u8>, Vec<u8>) {
    let load = |from: Pointer| guest.load_bytes(from.0, bytes.0);
    (load(left), load(right))
}

/// `void *memchr(const void *, int, size_t)`
fn memchr(call: &Call<'_>, from: Pointer, wanted: u8, bytes: Word) -> Pointer {
    for index in 0..bytes.0 {
        let address = from.0.wrapping_add(index);
        if call.guest().load_u8(address) == wanted {
            return Pointer(address);
        }
        if call.kernel().is_frozen() {
            break;
        }
    }
    Pointer::NULL
}
