//! Any bytes as a driver's INF: an error at a place, or a machine with its values and resources.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcls_machine::MachineBuilder;
use portcls_machine::inf_file::{Architecture, read_inf};

fuzz_target!(|inf: &[u8]| {
    for architecture in [Architecture::X86, Architecture::X64] {
        match read_inf("fuzz.inf", inf, None, architecture) {
            Ok(found) => {
                if let Err(error) = MachineBuilder::new().inf(&found).build() {
                    assert!(!error.to_string().contains('\n'), "{error}");
                }
            }
            Err(error) => {
                assert!(error.line >= 1 && error.column >= 1, "{error}");
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
});
