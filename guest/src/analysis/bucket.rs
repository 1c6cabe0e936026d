//! The name of a failure: the same for the same mistake at the same place.

use portcls_emulator::{BugCheck, Distinction};

use super::{Analysis, Kind};

/// Makes a name in the form of FAILURE_BUCKET_ID. It begins with the code of the bug check and its
/// detail, or with a word for another kind of failure. Then come the module and the place in it.
pub(super) fn name(analysis: &Analysis, bug_check: Option<&BugCheck>) -> String {
    let kind = match (bug_check, analysis.kind) {
        (Some(bug), _) => format!("0x{:X}{}", bug.code.number(), detail(bug)),
        (None, Kind::Hang) => "HANG".to_owned(),
        (None, Kind::Unsupported) => "UNSUPPORTED".to_owned(),
        (None, _) => "PANIC".to_owned(),
    };
    let module = &analysis.module;
    match &analysis.location {
        Some(place) => match &place.function {
            // An offset in a function survives a change elsewhere in the driver.
            Some(function) => format!("{kind}_{module}!{}+{:X}", function.name, function.offset),
            None => format!("{kind}_{module}+{:X}", place.offset),
        },
        None => format!("{kind}_{module}"),
    }
}

/// The part of the name that distinguishes failures with the same code.
fn detail(bug: &BugCheck) -> String {
    let first = bug.parameters[0];
    match bug.code.entry().map_or(Distinction::Code, |entry| entry.distinction) {
        Distinction::NullAddress if first < 0x1_0000 => "_NULL".to_owned(),
        Distinction::FirstParameter => format!("_{first:X}"),
        Distinction::NullAddress | Distinction::Code => String::new(),
    }
}

/// FNV-1a with 64 bits: small, well known, and the same on every machine.
pub(super) fn hash(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}
