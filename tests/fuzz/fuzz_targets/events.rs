//! Wrong uses of events: see `dmus_events.rs` of `tests/fuzz-inputs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcls_fuzz_inputs::target;

fuzz_target!(|input: &[u8]| (target("events").run)(input));
