//! Benchmarks of the project; they are in `benches/`.
//!
//! `cargo bench -p portcls-benches` runs all benchmarks. Times vary from run to run. Instruction
//! counts do not vary. This library counts instructions, and makes what several benchmarks need.

use std::env;
use std::process::{Command, Stdio};

use portcls_emulator::NtStatus;
use portcls_emulator::trace::{
    AccessEvent, Argument, Direction, DpcChange, Event, Layer, Level, NameId, SerialEdge,
    SerialSource, Trace, TraceConfig, TraceLog,
};
use portcls_machine::GuestOptions;
use portcls_machine::driver_file::image::Image;
use portcls_machine::emulator::{Kernel, KernelConfig, PoolType};
use portcls_machine::guest::{Fill, Guest};

/// The number of events that a recorder takes before a benchmark makes a new recorder. So the
/// recorder stays small in memory.
pub const EVENTS: u64 = 100_000;

/// A read of a port, as the trace records it.
#[must_use]
pub fn read_of(value: u32) -> AccessEvent {
    AccessEvent {
        direction: Direction::Read,
        port: 0x331,
        width: 1,
        value,
        note: NameId::NONE,
        count: 1,
        pitch_ns: 0,
    }
}

/// A trace of bytes that come in, each with its interrupt and its DPC: 11 events for each byte, at
/// most `events` in total. Every `late`th interrupt comes 3 us later; if `late` is 0, none does.
#[must_use]
pub fn long_trace(events: usize, late: usize) -> TraceLog {
    let trace = Trace::new(TraceConfig::default());
    let hardware = |name| trace.actor(name, Layer::Hardware);
    let software = |name| trace.actor(name, Layer::Software);
    let (bus, line, wire) = (hardware("bus"), hardware("line"), hardware("wire"));
    let (isr, dpc, kernel) = (software("isr"), software("dpc"), software("kernel"));
    let (signal, group) = (trace.name("irq 9"), trace.name("service group"));
    let (lane, claimed) = (trace.name("in"), trace.name("claimed"));
    let state = trace.name("status: can write, data");
    let read = |port, value, note| AccessEvent {
        direction: Direction::Read,
        port,
        width: 1,
        value,
        note,
        count: 1,
        pitch_ns: 0,
    };
    let data = trace.name("data");
    for number in 0..events / 11 {
        let begin_ns = number as u64 * 320_000;
        let byte = (number * 37 % 128) as u8;
        let serial = |edge| Event::Serial {
            lane,
            byte,
            edge,
            bit_ns: 32_000,
            source: SerialSource::Outside,
        };
        trace.record(begin_ns, Level::Hardware, wire, serial(SerialEdge::Start));
        trace.record(begin_ns + 320_000, Level::Hardware, wire, serial(SerialEdge::End));
        let is_late = late > 0 && number % late == 0;
        let at_ns = begin_ns + 320_000 + if is_late { 3_000 } else { 0 };
        let on = |level, who, event| trace.record(at_ns, level, who, event);
        on(Level::Hardware, line, Event::Signal { signal, value: 1 });
        let none = Argument::None;
        on(Level::Device, isr, Event::Call { function: signal, argument: none });
        on(Level::Device, bus, Event::Access(read(0x331, 0x3F, state)));
        on(Level::Device, bus, Event::Access(read(0x330, u32::from(byte), data)));
        on(Level::Hardware, line, Event::Signal { signal, value: 0 });
        on(Level::Device, kernel, Event::Dpc { dpc: group, change: DpcChange::Queued });
        let status = NtStatus::SUCCESS;
        let argument = Argument::Word(claimed);
        on(Level::Device, isr, Event::Return { function: signal, status, argument });
        on(Level::Dispatch, dpc, Event::Call { function: group, argument: none });
        on(Level::Dispatch, dpc, Event::Return { function: group, status, argument: none });
    }
    trace.log()
}

/// The bytes of a compiled driver.
///
/// # Panics
/// When the file is not there.
#[must_use]
pub fn driver_file() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/drivers/bin/x64/uart.sys");
    std::fs::read(path).expect("the test driver")
}

/// A guest with `code` in memory beside the driver, and the address of `code`.
///
/// # Panics
/// When the driver cannot be loaded.
#[must_use]
pub fn guest_on(config: KernelConfig, code: &[u8]) -> (Guest, u64) {
    let image = Image::parse(&driver_file()).expect("it is a good file");
    let kernel = Kernel::new(config);
    let guest = Guest::new(&kernel, &image, GuestOptions::default()).expect("it fits");
    let pool = PoolType::NonPagedExecute;
    let address = guest.allocate_pool(pool, code.len() as u64, *b"Code", Fill::Zero);
    guest.store(address, code);
    (guest, address)
}

/// Instructions of one round of a work, in hundredths; `None` without valgrind.
///
/// This program runs itself under callgrind with `--run WORK... ROUNDS`: once with `rounds` and
/// once with twice as many. So the difference is the cost of the rounds alone. The count of a round
/// includes the loop around it.
#[must_use]
pub fn instructions_of_a_round(work: &[&str], rounds: u64) -> Option<u64> {
    let once = instructions_of_a_run(work, rounds)?;
    let twice = instructions_of_a_run(work, 2 * rounds)?;
    Some((twice - once) * 100 / rounds)
}

fn instructions_of_a_run(work: &[&str], rounds: u64) -> Option<u64> {
    let program = env::current_exe().expect("the path of this program");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .arg("--run")
        .args(work)
        .arg(rounds.to_string())
        .stdout(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let (_, collected) = said.split_once("Collected : ")?;
    collected.split_whitespace().next()?.parse().ok()
}
