//! The answers of CPUID: this processor, the same on every host.
//!
//! CPUID reports SSE and SSE2, of which the interpreter has the moves and the integer forms. CPUID
//! does not report MMX, SSE3 and BMI, of which the interpreter has only a few instructions.
//! Source: Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E (extended leaves).

/// The name in leaf 0, in the order EBX, EDX, ECX.
const VENDOR: &[u8; 12] = b"cpu-x86 Rust";

/// The last basic leaf.
const LAST_BASIC: u32 = 1;
/// The first extended leaf.
const FIRST_EXTENDED: u32 = 0x8000_0000;
/// The last extended leaf.
const LAST_EXTENDED: u32 = 0x8000_0001;

/// Family 6, model 0, stepping 0: the first family with CMOV.
const SIGNATURE: u32 = 0x600;
/// EBX of leaf 1: CLFLUSH lines of 64 bytes (bits 15 to 8, in units of 8 bytes), and one logical
/// processor (bits 23 to 16).
const BRAND_AND_CACHE: u32 = 8 << 8 | 1 << 16;

const CMPXCHG16B: u32 = 1 << 13;
const MOVBE: u32 = 1 << 22;
const POPCNT: u32 = 1 << 23;

const FPU: u32 = 1;
const TSC: u32 = 1 << 4;
const CMPXCHG8B: u32 = 1 << 8;
const CMOV: u32 = 1 << 15;
const FXSR: u32 = 1 << 24;
const SSE: u32 = 1 << 25;
const SSE2: u32 = 1 << 26;

const LAHF: u32 = 1;
const LZCNT: u32 = 1 << 5;
const NO_EXECUTE: u32 = 1 << 20;
const RDTSCP: u32 = 1 << 27;
const LONG_MODE: u32 = 1 << 29;

/// EAX, EBX, ECX and EDX for a leaf; an unknown leaf is all zero.
pub(crate) fn leaf(number: u32) -> [u32; 4] {
    match number {
        0 => [LAST_BASIC, vendor_word(0), vendor_word(2), vendor_word(1)],
        1 => [
            SIGNATURE,
            BRAND_AND_CACHE,
            CMPXCHG16B | MOVBE | POPCNT,
            FPU | TSC | CMPXCHG8B | CMOV | FXSR | SSE | SSE2,
        ],
        FIRST_EXTENDED => [LAST_EXTENDED, 0, 0, 0],
        LAST_EXTENDED => [0, 0, LAHF | LZCNT, NO_EXECUTE | RDTSCP | LONG_MODE],
        _ => [0; 4],
    }
}

fn vendor_word(number: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&VENDOR[4 * number..4 * number + 4]);
    u32::from_le_bytes(word)
}
