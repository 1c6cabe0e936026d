//! Any bytes as an INF: see `infs.rs` of `tests/fuzz-inputs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcls_fuzz_inputs::target;

fuzz_target!(|input: &[u8]| (target("inf").run)(input));
