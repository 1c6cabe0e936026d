//! Any text as a card's results: see `card_results.rs` of `tests/fuzz-inputs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcls_fuzz_inputs::target;

fuzz_target!(|input: &[u8]| (target("card_results").run)(input));
