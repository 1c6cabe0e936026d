//! A machine with a Windows driver in a `.sys` file.
//!
//! Half of the tests run three builds of the driver: x64, x86, and x64 with the C++ ABI of MSVC.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_machine::emulator::Irql;
use portcls_machine::emulator::trace::Event;
use portcls_machine::guest::Guest;
use portcls_machine::guest::debugger::{Debuggee, Debugger, Pause, Verdict};
use portcls_machine::report::Filter;
use portcls_machine::{Application, Driver, GuestOptions, Machine, MachineBuilder, PinClient};

const PLACES: [&str; 3] = ["x64", "x86", "msvc-x64"];

fn driver(place: &str) -> Driver {
    let path = format!("{}/../guest/drivers/bin/{place}/uart.sys", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::read(&path).expect("the test drivers are part of the project");
    Driver::from_sys("uart.sys", &file, GuestOptions::default()).expect("it is a good file")
}

fn machine(driver: Driver) -> Machine {
    let builder = MachineBuilder::new().card("smsc-superio").unwrap();
    builder.driver(driver).build().unwrap()
}

/// A machine whose driver was started 200 ms ago.
fn started(place: &str) -> Machine {
    let machine = machine(driver(place));
    if let Err(error) = machine.start() {
        panic!("{place}: {error}\n{}", machine.trace_text(Filter::Full));
    }
    machine.run_for_ns(200_000_000).unwrap();
    machine
}

#[test]
fn the_test_driver_starts_plays_and_unloads_on_every_bitness() {
    for place in PLACES {
        let machine = started(place);
        let pin = Application::new(&machine).open_render().unwrap();
        pin.run().unwrap();
        pin.write_now(&[0x90, 0x3C, 0x40]).unwrap();
        machine.run_for_ns(3_000_000).unwrap();
        assert_eq!(machine.cable().sent_bytes(), [0x90, 0x3C, 0x40], "{place}");
        drop(pin);
        assert_eq!(machine.unload().unwrap(), [], "{place}");
        assert_eq!(machine.kernel().violations(), [], "{place}");
    }
}

#[test]
fn what_comes_in_reaches_the_application_on_every_bitness() {
    for place in PLACES {
        let machine = started(place);
        let pin = Application::new(&machine).open_capture().unwrap();
        pin.run().unwrap();
        queue_reads(&pin);
        machine.cable().send(&[0x90, 0x3C, 0x40]);
        machine.run_for_ns(3_000_000).unwrap();
        let got: Vec<u8> = pin.take_received().into_iter().flat_map(|got| got.bytes).collect();
        assert_eq!(got, [0x90, 0x3C, 0x40], "{place}");
        drop(pin);
        assert_eq!(machine.unload().unwrap(), [], "{place}");
    }
}

/// Queues three reads, because the port completes a request for each byte of a message.
fn queue_reads(pin: &PinClient<'_>) {
    for _ in 0..3 {
        pin.queue_read().unwrap();
    }
}

#[test]
fn a_driver_that_was_unloaded_can_be_loaded_again() {
    let machine = started("x64");
    assert_eq!(machine.unload().unwrap(), []);
    assert!(machine.guest().is_none());
    machine.start().unwrap();
    assert!(machine.guest().is_some());
}

#[test]
fn two_runs_of_one_driver_have_the_same_trace() {
    let run = || started("x86").trace_text(Filter::Full);
    assert_eq!(run(), run());
}

/// What the hardware sees: accesses, interrupt lines and bytes on the wires. The events have no
/// times, and of equal events in a row only the first is in the list.
fn registers(machine: &Machine) -> Vec<String> {
    let text = machine.trace_text(Filter::Registers);
    let events = text.lines().filter(|line| !line.starts_with(['#', '=']));
    let mut kept: Vec<String> = Vec::new();
    for event in events {
        let (_, event) = event.split_at(12.min(event.len()));
        let event = event.split("  x").next().unwrap_or(event).trim().to_owned();
        if kept.last() != Some(&event) {
            kept.push(event);
        }
    }
    kept
}

/// Plays a message, captures one, and plays another.
fn exercise(machine: &Machine) {
    machine.start().unwrap();
    machine.run_for_ns(200_000_000).unwrap();
    let application = Application::new(machine);
    let (out, back) = (application.open_render().unwrap(), application.open_capture().unwrap());
    out.run().unwrap();
    back.run().unwrap();
    queue_reads(&back);
    out.write_now(&[0x90, 0x3C, 0x40]).unwrap();
    machine.run_for_ns(5_000_000).unwrap();
    machine.cable().send(&[0x80, 0x3C, 0x00]);
    machine.run_for_ns(5_000_000).unwrap();
    out.write_now(&[0xC0, 0x05]).unwrap();
    machine.run_for_ns(5_000_000).unwrap();
}

#[test]
fn the_hardware_sees_the_same_of_every_build_of_a_driver() {
    let seen = PLACES.map(|place| {
        let machine = machine(driver(place));
        exercise(&machine);
        registers(&machine)
    });
    assert!(seen[0].len() > 20, "{:?}", seen[0]);
    assert_eq!(seen[0], seen[1], "x64 and x86");
    assert_eq!(seen[0], seen[2], "two C++ ABIs");
}

/// Notes the time before every instruction at DISPATCH_LEVEL or above.
struct Clock {
    guest: RefCell<Option<Guest>>,
    times_ns: RefCell<Vec<u64>>,
}

impl Debugger for Clock {
    fn attach(&self, _: Debuggee) {}

    fn next_pause(&self) -> u64 {
        0
    }

    fn pause(&self, pause: Pause) -> Verdict {
        let guest = self.guest.borrow();
        if let (Pause::Count, Some(guest)) = (pause, guest.as_ref()) {
            let kernel = guest.kernel();
            if kernel.current_irql() >= Irql::DISPATCH_LEVEL {
                self.times_ns.borrow_mut().push(kernel.now_ns());
            }
        }
        Verdict::GoOn
    }
}

/// Writes a message at a fixed time on a machine with both pins open. Before that, sends another
/// message into MIDI IN, `wire_ns` before `byte_due_ns`, so that the interrupt of its first byte
/// comes at `byte_due_ns`. Returns the bytes on MIDI OUT and the bytes that the application read.
fn before_the_write(place: &str, byte_due_ns: Option<u64>, wire_ns: u64) -> (Vec<u8>, Vec<u8>) {
    const WRITE_NS: u64 = 400_000_000;
    let machine = started(place);
    let application = Application::new(&machine);
    let (out, back) = (application.open_render().unwrap(), application.open_capture().unwrap());
    out.run().unwrap();
    back.run().unwrap();
    queue_reads(&back);
    if let Some(due_ns) = byte_due_ns {
        let send_ns = due_ns - wire_ns;
        machine.run_for_ns(send_ns - machine.now_ns()).unwrap();
        machine.cable().send(&[0x90, 0x3C, 0x40]);
    }
    machine.run_for_ns(WRITE_NS - machine.now_ns()).unwrap();
    out.write_now(&[0xC0, 0x05]).unwrap();
    machine.run_for_ns(5_000_000).unwrap();
    let got = back.take_received().into_iter().flat_map(|got| got.bytes).collect();
    (machine.cable().sent_bytes(), got)
}

/// The times at which an interrupt can come in a write of two bytes, and in the millisecond after
/// it.
fn boundaries(place: &str) -> Vec<u64> {
    let machine = started(place);
    let application = Application::new(&machine);
    let (out, back) = (application.open_render().unwrap(), application.open_capture().unwrap());
    out.run().unwrap();
    back.run().unwrap();
    queue_reads(&back);
    machine.run_for_ns(400_000_000 - machine.now_ns()).unwrap();
    let guest = machine.guest().expect("a guest");
    let clock =
        Rc::new(Clock { guest: RefCell::new(Some(guest.clone())), times_ns: RefCell::default() });
    guest.set_debugger(clock.clone());
    out.write_now(&[0xC0, 0x05]).unwrap();
    machine.run_for_ns(1_000_000).unwrap();
    clock.guest.borrow_mut().take();
    clock.times_ns.take()
}

/// Time from the start bit of a byte on MIDI IN to the rise of the interrupt line, in ns.
fn wire_to_interrupt_ns(place: &str) -> u64 {
    let machine = started(place);
    let pin = Application::new(&machine).open_capture().unwrap();
    pin.run().unwrap();
    let sent_ns = machine.now_ns();
    machine.cable().send(&[0xF8]);
    machine.run_for_ns(1_000_000).unwrap();
    let log = machine.trace_log();
    let raised = log.events().find(|event| {
        event.time_ns >= sent_ns && matches!(event.event, Event::Signal { value: 1, .. })
    });
    raised.expect("the line is raised").time_ns - sent_ns
}

#[test]
fn a_byte_that_comes_in_at_any_instruction_of_a_write_loses_nothing() {
    for place in PLACES {
        let wire_ns = wire_to_interrupt_ns(place);
        let times_ns = boundaries(place);
        assert!(times_ns.len() > 100, "{place}: {} instructions", times_ns.len());
        for due_ns in times_ns {
            let (sent, got) = before_the_write(place, Some(due_ns), wire_ns);
            assert_eq!(sent, [0xC0, 0x05], "{place}, an interrupt at {due_ns}");
            assert_eq!(got, [0x90, 0x3C, 0x40], "{place}, an interrupt at {due_ns}");
        }
    }
}

/// The test writes code over the beginning of DriverEntry. This code reads a bad address, so the
/// driver fails.
#[test]
fn a_failure_is_reported_with_the_place_and_the_last_events() {
    let path = format!("{}/../guest/drivers/bin/x64/uart.sys", env!("CARGO_MANIFEST_DIR"));
    let mut file = std::fs::read(path).expect("the test drivers are part of the project");
    let image = portcls_machine::driver_file::image::Image::parse(&file).expect("a good file");
    let entry = image.section_at(image.entry_rva()).expect("code");
    let in_file = file
        .windows(16)
        .position(|bytes| bytes == &entry.bytes[(image.entry_rva() - entry.rva) as usize..][..16]);
    let place = in_file.expect("the entry is in the file");
    // xor eax, eax; mov eax, [rax + 8]
    file[place..place + 5].copy_from_slice(&[0x31, 0xC0, 0x8B, 0x40, 0x08]);
    let driver = Driver::from_sys("odd.sys", &file, GuestOptions::default()).unwrap();
    let machine = MachineBuilder::new().driver(driver).build().unwrap();
    assert!(machine.start().is_err());

    let analysis = machine.analysis().expect("a failure has a report");
    assert_eq!(analysis.failure_bucket_id, "0x7E_C0000005_odd!DriverEntry+2");
    let events = analysis.events.join("\n");
    assert!(events.starts_with("== 0.000 driver loads\n"), "{events}");
    assert!(events.contains("stop: SYSTEM_THREAD_EXCEPTION_NOT_HANDLED (7E)"), "{events}");
    let text = analysis.to_string();
    assert!(text.contains("\n>fffff800100"), "the code is marked: {text}");
    assert!(text.contains("CURRENT_IRQL:  0 (PASSIVE_LEVEL)"), "{text}");
}

#[test]
fn a_run_that_ends_well_has_no_report() {
    let machine = MachineBuilder::new().driver(driver("x64")).build().unwrap();
    machine.start().unwrap();
    assert_eq!(machine.unload().unwrap(), []);
    assert_eq!(machine.analysis(), None);
}
