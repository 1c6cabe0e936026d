//! An interrupt between any two instructions of a Write, or of a PutMessage.
//!
//! An instruction takes 1 us here, so each boundary between two instructions has its own time.
//! There is one run for each of these times, and in this run a byte comes in at this time. Other
//! bytes come before and after this byte.

use std::ops::Range;

use portcls_machine::chip::BYTE_TIME_NS;
use portcls_machine::emulator::trace::{Event, Level};
use portcls_machine::{Application, GuestOptions, Machine};

use crate::scene::{driver_with, machine};

/// Time of an instruction, in ns. It is also the time between two boundaries.
const INSTRUCTION_NS: u64 = 1_000;

/// The bytes that come in. The second byte comes in at the boundary.
const INPUT: [u8; 3] = [0x90, 0x3C, 0x40];

/// The bytes that the Write sends: a whole message, because a DirectMusic port sends only whole
/// messages.
const OUTPUT: [u8; 2] = [0xF3, 0x01];

/// When the application writes, in ns since power-on.
const WRITE_NS: u64 = 1_000_000_000;

/// The result of a run.
struct Run {
    received: Vec<u8>,
    sent: Vec<u8>,
    /// When Write or PutMessage was called and when it returned, in ns.
    write_ns: Range<u64>,
    /// When the service routine began, in ns: the times of the first events at the IRQL of the
    /// routine. Runs more than 1 ms before the write are not in the list.
    services_ns: Vec<u64>,
}

/// Runs a Write with input that begins at `input_ns`.
fn run(build: &str, input_ns: u64) -> Run {
    let options = GuestOptions { instruction_ns: INSTRUCTION_NS, ..GuestOptions::default() };
    let machine = machine("smsc-superio", driver_with(build, options));
    machine.start().expect("the driver starts");
    let application = Application::new(&machine);
    let output = application.open_render().expect("there is a render pin");
    let input = application.open_capture().expect("there is a capture pin");
    output.run().expect("it runs");
    input.run().expect("it runs");
    for _ in 0..INPUT.len() {
        input.queue_read().expect("a read is queued");
    }
    run_until(&machine, input_ns);
    machine.cable().send(&INPUT);
    run_until(&machine, WRITE_NS);
    output.write_now(&OUTPUT).expect("it is written");
    machine.run_for_ns(10_000_000).expect("the machine runs");
    let received = input.take_received().into_iter().flat_map(|chunk| chunk.bytes).collect();
    let (write_ns, services_ns) = times(&machine);
    Run { received, sent: machine.cable().sent_bytes(), write_ns, services_ns }
}

fn run_until(machine: &Machine, time_ns: u64) {
    machine.run_for_ns(time_ns - machine.now_ns()).expect("the machine runs");
}

fn times(machine: &Machine) -> (Range<u64>, Vec<u64>) {
    let log = machine.trace_log();
    let mut write_ns = 0..0;
    let mut services_ns = Vec::new();
    let mut level = Level::Passive;
    for event in log.events().filter(|event| event.time_ns >= WRITE_NS - 1_000_000) {
        match event.event {
            Event::Call { function, .. } if moves_data(log.name(function)) => {
                write_ns.start = event.time_ns;
            }
            Event::Return { function, .. } if moves_data(log.name(function)) => {
                write_ns.end = event.time_ns;
            }
            _ => (),
        }
        if event.level == Level::Device && level != Level::Device {
            services_ns.push(event.time_ns);
        }
        if event.level != Level::Hardware {
            level = event.level;
        }
    }
    (write_ns, services_ns)
}

/// Whether a method takes the bytes of a render stream.
fn moves_data(method: &str) -> bool {
    method == "Write" || method == "PutMessage"
}

/// A run for each boundary of the method that takes the output.
fn all_boundaries(build: &str) -> Vec<Run> {
    // In this run the input ends long before the Write. So this run gives the times of an
    // undisturbed Write.
    let early_ns = WRITE_NS - 100_000_000;
    let undisturbed = run(build, early_ns);
    assert_eq!(undisturbed.received, INPUT);
    let write_ns = undisturbed.write_ns;
    let boundaries = (write_ns.end - write_ns.start) / INSTRUCTION_NS;
    // The second byte has arrived when two byte times have passed on the wire.
    let way_ns = 2 * BYTE_TIME_NS;
    (0..boundaries)
        .map(|boundary| run(build, write_ns.start + boundary * INSTRUCTION_NS - way_ns))
        .collect()
}

#[test]
fn no_byte_is_lost_doubled_or_reordered_at_any_boundary_of_a_good_write() {
    for (build, least) in [("x64/uart", 150), ("x86/uart", 400), ("msvc-x64/uart", 100)] {
        let runs = all_boundaries(build);
        assert!(runs.len() >= least, "{build}: {} boundaries", runs.len());
        for run in &runs {
            assert_eq!(run.received, INPUT, "{build}");
            assert!(run.sent.ends_with(&OUTPUT), "{build}: {:X?}", run.sent);
            let is_inside = |time| run.write_ns.contains(time);
            assert!(run.services_ns.iter().any(is_inside), "{build}: no interrupt in Write");
        }
    }
}

#[test]
fn no_byte_is_lost_doubled_or_reordered_at_any_boundary_of_a_good_put_message() {
    for (build, least) in [("x64/dmus", 150), ("x86/dmus", 400), ("msvc-x64/dmus", 100)] {
        let runs = all_boundaries(build);
        assert!(runs.len() >= least, "{build}: {} boundaries", runs.len());
        for run in &runs {
            assert_eq!(run.received, INPUT, "{build}");
            assert!(run.sent.ends_with(&OUTPUT), "{build}: {:X?}", run.sent);
        }
    }
}

#[test]
fn the_race_of_a_broken_write_is_found() {
    for build in ["x64/rewind_race", "x86/rewind_race"] {
        let runs = all_boundaries(build);
        let lost = runs.iter().filter(|run| run.received != INPUT).count();
        assert!((1..runs.len() / 10).contains(&lost), "{build}: {lost} of {}", runs.len());
    }
}
