//! Any text as a card file: see `cards.rs` of `tests/fuzz-inputs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcls_fuzz_inputs::target;

fuzz_target!(|input: &[u8]| (target("cards").run)(input));
