//! Any bytes as a driver's INF: an error, or a machine with its values.

use portcls_machine::MachineBuilder;
use portcls_machine::inf_file::{Architecture, read_inf};

use crate::place::check_words;
use crate::seeds::{Seed, files};

/// Reads the INF for both processors, and builds a machine.
pub fn run(input: &[u8]) {
    for architecture in [Architecture::X86, Architecture::X64] {
        match read_inf("fuzz.inf", input, None, architecture) {
            Ok(found) => {
                if let Err(error) = MachineBuilder::new().inf(&found).build() {
                    check_words(&error.to_string());
                }
            }
            Err(error) => {
                let lines = String::from_utf8_lossy(input).split('\n').count();
                assert!(error.line >= 1 && error.line <= lines.max(1), "{error}");
                assert!(error.column >= 1, "{error}");
                check_words(&error.to_string());
            }
        }
    }
}

/// The INF of a driver of the project.
pub fn seeds() -> Vec<Seed> {
    files("guest/drivers/inf", "inf")
}
