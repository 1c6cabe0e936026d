//! The name of a failure: the same for the same mistake at the same place.

use super::{Analysis, Kind};

/// A name in the form of FAILURE_BUCKET_ID: the code, a word about the kind, the place.
pub(super) fn name(analysis: &Analysis) -> String {
    let kind = match (&analysis.bug_check, analysis.kind) {
        (Some(bug), _) => {
            let code = bug.code.0;
            let detail = detail(code, &analysis.parameters());
            format!("0x{code:X}{detail}")
        }
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

/// What tells failures of one code apart.
fn detail(code: u64, parameters: &[u64]) -> String {
    match code {
        0x0A | 0x50 | 0xD1 if parameters[0] < 0x1_0000 => "_NULL".to_owned(),
        0x1E | 0x7E => format!("_{:X}", parameters[0]),
        0x7F | 0x9F | 0xC2 | 0xC4 | 0xC9 | 0x133 | 0x139 => format!("_{:X}", parameters[0]),
        _ => String::new(),
    }
}

/// FNV-1a with 64 bits: small, well known, and the same everywhere.
pub(super) fn hash(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

impl Analysis {
    fn parameters(&self) -> Vec<u64> {
        let bug = self.bug_check.iter();
        bug.flat_map(|bug| &bug.parameters).map(|parameter| parameter.value.0).collect()
    }
}
