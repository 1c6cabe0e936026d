//! A good driver with changes: loaded, started, used and unloaded.
//!
//! The first byte of the input chooses the driver. Then each group of three bytes is a change: two
//! bytes for the place, and the new byte. A usual input changes only a few bytes, so the loader
//! accepts most of the changed drivers.

use portcls_machine::Driver;

use crate::machines::{End, end_of_life, options};
use crate::mutation::Mutator;
use crate::place::check_words;
use crate::seeds::Seed;

const DRIVERS: [&[u8]; 3] = [
    include_bytes!("../../../guest/drivers/bin/x64/uart.sys"),
    include_bytes!("../../../guest/drivers/bin/x86/uart.sys"),
    include_bytes!("../../../guest/drivers/bin/msvc-x64/uart.sys"),
];

/// The most instructions of one call into the driver.
const CALL_BUDGET: u64 = 100_000;

/// Changes a driver, and runs its life.
pub(crate) fn run(input: &[u8]) {
    end(input);
}

/// Changes a driver, and says how its life ended.
pub fn end(input: &[u8]) -> End {
    let (first, changes) = input.split_first().unwrap_or((&0, &[]));
    let mut file = DRIVERS[usize::from(*first) % DRIVERS.len()].to_vec();
    for change in changes.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % file.len();
        file[at] = change[2];
    }
    let driver = Driver::from_sys("changed", &file, options(CALL_BUDGET));
    driver.and_then(|driver| end_of_life(&driver, input)).unwrap_or_else(|error| {
        check_words(&error.to_string());
        End::RefusedFile
    })
}

/// An input with random changes in the headers, in the first code, and anywhere. The same number
/// gives the same changes.
#[must_use]
pub fn random(number: u64) -> Vec<u8> {
    let mut numbers = Mutator::new(number);
    let mut input = vec![number as u8];
    for _ in 0..=numbers.below(6) {
        let at = match numbers.below(4) {
            0 => 0x80 + numbers.below(0x280),
            1 => 0x400 + numbers.below(0x1000),
            _ => numbers.below(0x4000),
        };
        input.extend_from_slice(&(at as u16).to_le_bytes());
        input.push(if numbers.below(4) == 0 { 0xFF } else { numbers.number() as u8 });
    }
    input
}

/// Some inputs with random changes.
pub(crate) fn seeds() -> Vec<Seed> {
    (0..60).map(|number| (format!("change-{number}"), random(number))).collect()
}
