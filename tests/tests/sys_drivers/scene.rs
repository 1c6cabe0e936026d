//! The drivers, and a scene that uses all of a driver.

use std::path::{Path, PathBuf};

use portcls_machine::chip::cards;
use portcls_machine::emulator::trace::{Direction, Event};
use portcls_machine::midi_file::default_tune;
use portcls_machine::{
    Application, Driver, GuestOptions, Machine, MachineBuilder, PinFormat, capture, play,
};

/// The cards with their two registers side by side. The C++ drivers need one range of two ports.
pub fn neighbour_cards() -> impl Iterator<Item = &'static str> {
    let neighbours = cards().iter().filter(|card| card.behaviour.status_offset == 1);
    neighbours.map(|card| &*card.name)
}

/// A card with a FIFO, a card that is slow to take a byte, and the MPU-401 of a sound card.
pub const CARDS: [&str; 3] = ["smsc-superio", "roland-mpu401", "sb16"];

/// The targets of every good driver: both bitnesses, and the C++ ABI of MSVC.
pub const TARGETS: [&str; 3] = ["x64", "x86", "msvc-x64"];

/// The builds of the good driver.
pub const BUILDS: [&str; 3] = ["x64/uart", "x86/uart", "msvc-x64/uart"];

/// The folder of the drivers.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest/drivers")
}

/// A driver of the project by its target and name.
pub fn driver(build: &str) -> Driver {
    driver_with(build, GuestOptions::default())
}

/// A driver of the project by its target and name, with options of the guest.
pub fn driver_with(build: &str, options: GuestOptions) -> Driver {
    driver_at(&folder().join("bin").join(format!("{build}.sys")), options)
}

/// A driver from a file, without the symbols beside it.
pub fn driver_at(path: &Path, options: GuestOptions) -> Driver {
    let file = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = path.file_stem().expect("a file").to_string_lossy();
    Driver::from_sys(&name, &file, options).expect("the driver is a good file")
}

/// A driver from a file, with the symbols beside it.
pub fn driver_at_path(path: &Path, options: GuestOptions) -> Driver {
    let file = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = path.to_str().expect("a plain path");
    Driver::from_sys(name, &file, options).expect("the driver is a good file")
}

/// A machine at power-on.
pub fn machine(card: &str, driver: Driver) -> Machine {
    machine_with(card, driver, PinFormat::Midi)
}

/// A machine at power-on whose application opens its pins with this format.
pub fn machine_with(card: &str, driver: Driver, format: PinFormat) -> Machine {
    let builder = MachineBuilder::new().card(card).expect("the card is in the table");
    builder.driver(driver).pin_format(format).build().expect("the machine can be built")
}

/// A whole life: start, bytes out, then bytes in, close of both pins, removal. Everything must
/// arrive.
pub fn live(machine: &Machine) {
    machine.start().expect("the driver starts");
    let application = Application::new(machine);
    let output = application.open_render().expect("there is a render pin");
    let input = application.open_capture().expect("there is a capture pin");
    output.run().expect("it runs");
    input.run().expect("it runs");
    for _ in 0..8 {
        input.queue_read().expect("a read is queued");
    }
    machine.run_for_ns(100_000_000).expect("the machine runs");
    output.write_now(&[0x90, 0x3C, 0x40, 0xF8]).expect("it is written");
    machine.run_for_ns(20_000_000).expect("the machine runs");
    machine.cable().send(&[0x80, 0x3C, 0x00]);
    machine.run_for_ns(20_000_000).expect("the machine runs");
    let received: Vec<u8> =
        input.take_received().into_iter().flat_map(|chunk| chunk.bytes).collect();
    assert_eq!(received, [0x80, 0x3C, 0x00]);
    // After a reset some cards send bytes of their own.
    assert!(machine.cable().sent_bytes().ends_with(&[0x90, 0x3C, 0x40, 0xF8]));
    drop((output, input));
    assert_eq!(machine.unload().expect("it goes"), []);
}

/// Plays and records the tune with each build on each of `CARDS`, byte for byte.
pub fn play_and_record(builds: &[&str]) {
    for build in builds {
        for card in CARDS {
            let played = play(&machine(card, driver(build)), &default_tune()).expect("it plays");
            assert!(played.is_complete(), "{build}, {card}: {:?}", played.job.stop);
            assert_eq!(played.job.driver.failed_requests, [], "{build}, {card}");
            assert_eq!(played.job.driver.lost_in_card, 0, "{build}, {card}");
            let recorded = capture(&machine(card, driver(build)), &default_tune());
            let recorded = recorded.expect("it captures");
            assert!(recorded.is_complete(), "{build}, {card}: {:?}", recorded.job.stop);
            for job in [played.job, recorded.job] {
                assert_eq!(job.violations, [], "{build}, {card}");
                assert_eq!(job.leaks, [], "{build}, {card}");
                let pin = job.pin.expect("a pin was opened");
                assert_eq!(pin.place.filter, "Uart", "{build}, {card}");
            }
        }
    }
}

/// An access to a register as a driver sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// The time of the access, in ns.
    pub time_ns: u64,
    /// Whether the access is a read or a write.
    pub direction: Direction,
    /// The port.
    pub port: u16,
    /// The value.
    pub value: u32,
}

impl Access {
    /// The access without its time.
    pub fn what(&self) -> (Direction, u16, u32) {
        (self.direction, self.port, self.value)
    }
}

/// The accesses of a run. Of equal reads in a row, only the first is in the list.
pub fn accesses(machine: &Machine) -> Vec<Access> {
    let log = machine.trace_log();
    let mut accesses: Vec<Access> = Vec::new();
    for event in log.events() {
        let Event::Access(access) = event.event else { continue };
        let this = Access {
            time_ns: event.time_ns,
            direction: access.direction,
            port: access.port,
            value: access.value,
        };
        let repeats = this.direction == Direction::Read
            && accesses.last().is_some_and(|last| last.what() == this.what());
        if !repeats {
            accesses.push(this);
        }
    }
    accesses
}

/// The notes of a machine's trace that begin with `first`.
pub fn notes(machine: &Machine, first: &str) -> Vec<String> {
    let log = machine.trace_log();
    let notes = log.events().filter_map(|event| match event.event {
        Event::Note(text) => Some(log.text(text).to_owned()),
        _ => None,
    });
    notes.filter(|text| text.starts_with(first)).collect()
}
