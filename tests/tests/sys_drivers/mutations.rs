//! Good drivers with random changes: each ends in a defined way.
//!
//! A changed driver ends in a clear error, in a report, or at the end of its life. A changed driver
//! never harms the program. The fuzz targets in `tests/fuzz/` do the same without a limit of time.

use portcls_machine::emulator::{KernelConfig, Stop};
use portcls_machine::{Driver, GuestOptions, MachineBuilder, MachineError};

use crate::broken::live;
use crate::scene::{BUILDS, folder};

/// How many changed drivers are tried.
const MUTATIONS: u64 = 500;

/// The most instructions of one call into a changed driver.
const CALL_BUDGET: u64 = 200_000;

/// The longest life of a changed driver, in ns.
const UNTIL_NS: u64 = 2_000_000_000;

/// Numbers that look random and are the same in every run: xorshift64, by Marsaglia.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// Changes a few bytes: at any place in the file, in the headers, or in the first code.
fn mutate(file: &mut [u8], numbers: &mut Numbers) {
    for _ in 0..=numbers.below(6) {
        let at = match numbers.below(4) {
            0 => 0x80 + numbers.below(0x280),
            1 => 0x400 + numbers.below(0x1000),
            _ => numbers.below(file.len()),
        };
        let value = match numbers.below(4) {
            0 => 0xFF,
            1 => file[at] ^ (1 << numbers.below(8)),
            _ => numbers.next() as u8,
        };
        file[at] = value;
    }
}

/// How the changed drivers ended.
#[derive(Default, Debug)]
struct Ends {
    refused_file: u32,
    refused_start: u32,
    died: u32,
    lived: u32,
}

impl Ends {
    fn try_driver(&mut self, file: &[u8], seed: u64) {
        let options = GuestOptions { call_budget: CALL_BUDGET, ..GuestOptions::default() };
        let kernel = KernelConfig { until_ns: Some(UNTIL_NS), ..KernelConfig::default() };
        let machine = Driver::from_sys("changed", file, options)
            .and_then(|driver| MachineBuilder::new().driver(driver).kernel(kernel).build());
        let machine = match machine {
            Ok(machine) => machine,
            Err(error) => {
                let line = error.to_string();
                assert!(!line.contains('\n') && line.contains(';'), "mutation {seed}: {line}");
                self.refused_file += 1;
                return;
            }
        };
        match live(&machine) {
            Ok(_) => self.lived += 1,
            Err(MachineError::Stopped(Stop::DriverFailure { message, .. })) => {
                panic!("mutation {seed}: our own code panicked: {message}")
            }
            Err(MachineError::Stopped(Stop::TimeLimit { .. })) => self.lived += 1,
            Err(MachineError::Stopped(stop)) => {
                let analysis = machine.analysis();
                let analysis = analysis.unwrap_or_else(|| panic!("mutation {seed}: {stop}"));
                assert!(analysis.to_string().contains("FAILURE_BUCKET_ID:  "), "mutation {seed}");
                self.died += 1;
            }
            Err(_) => self.refused_start += 1,
        }
    }
}

#[test]
fn changed_drivers_end_in_an_error_or_a_report() {
    let files = BUILDS.map(|build| {
        let path = folder().join("bin").join(format!("{build}.sys"));
        std::fs::read(path).expect("a committed driver")
    });
    let mut ends = Ends::default();
    for seed in 1..=MUTATIONS {
        let mut numbers = Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut file = files[numbers.below(files.len())].clone();
        mutate(&mut file, &mut numbers);
        ends.try_driver(&file, seed);
    }
    // If all changed drivers ended in the same way, the changes would not reach enough of the code.
    let Ends { refused_file, died, lived, .. } = ends;
    assert!(refused_file > 20 && died > 20 && lived > 20, "{ends:?}");
}
