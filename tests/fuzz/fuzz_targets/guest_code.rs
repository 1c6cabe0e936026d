//! Random code in a driver: see `guest_code.rs` of `tests/fuzz-inputs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcls_fuzz_inputs::target;

fuzz_target!(|input: &[u8]| (target("guest_code").run)(input));
