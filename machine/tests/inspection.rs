//! An inspection changes nothing, and the report of a hang contains one.

use std::cell::Cell;
use std::rc::Rc;

use portcls_machine::chip::{CardTiming, cards};
use portcls_machine::emulator::choice::Question;
use portcls_machine::emulator::{
    Dpc, Inspection, Irql, Kernel, KernelConfig, NtStatus, Progress, SpinLock, Stop,
    SystemPowerState,
};
use portcls_machine::report::Filter;
use portcls_machine::{Application, CardSignals, Machine, MachineBuilder, MachineError};

/// Whether the test looks at the machine while it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Eyes {
    Open,
    Shut,
}

/// Looks at the machine in the same way as `monitor` and a report. Returns the length of the text.
fn look(kernel: &Kernel) -> usize {
    let devices = Inspection::text_of(&kernel.inspect_devices());
    devices.len() + kernel.inspect_queues().to_string().len()
}

/// Lets time pass event by event. With open eyes, the test looks after each event.
fn pass(machine: &Machine, eyes: Eyes, time_ns: u64) -> Result<(), MachineError> {
    machine.run(|kernel| {
        let end_ns = kernel.now_ns() + time_ns;
        while kernel.now_ns() < end_ns && kernel.turn(end_ns) == Progress::Moved {
            if eyes == Eyes::Open {
                look(kernel);
            }
        }
    })
}

/// Runs a machine: notes out and in, sleep, and a card that is pulled. With open eyes, an oracle
/// also looks at each question: at preemption points, and when a byte is on its way, even in the
/// middle of an access. Returns the text of the trace and the number of the oracle's looks.
fn live(builder: &MachineBuilder, eyes: Eyes) -> (String, u64) {
    let machine = builder.clone().build().expect("it can be built");
    let looks = Rc::new(Cell::new(0));
    let counted = Rc::clone(&looks);
    machine.set_oracle(Rc::new(move |kernel: &Kernel, _: &Question| {
        if eyes == Eyes::Open {
            counted.set(counted.get() + u64::from(look(kernel) > 0));
        }
        0
    }));
    let run = || -> Result<(), MachineError> {
        machine.start()?;
        pass(&machine, eyes, 200_000_000)?;
        let application = Application::new(&machine);
        let output = application.open_render()?;
        let input = application.open_capture()?;
        output.run()?;
        input.run()?;
        input.queue_read()?;
        output.write_now(&[0x90, 0x3C, 0x40, 0x3E, 0x40])?;
        pass(&machine, eyes, 700_000)?;
        machine.cable().send(&[0x80, 0x3C, 0x00]);
        pass(&machine, eyes, 20_000_000)?;
        drop((output, input));
        machine.sleep(SystemPowerState::S3)?;
        machine.wake()?;
        pass(&machine, eyes, 20_000_000)?;
        machine.pull_card()?;
        pass(&machine, eyes, 1_000_000)
    };
    run().expect("the good driver lives");
    (machine.trace_text(Filter::Full), looks.get())
}

#[test]
fn a_look_at_every_event_leaves_the_trace_as_it_was() {
    let timings = [CardTiming::Typical, CardTiming::Seeded(7)];
    for (number, card) in cards().iter().enumerate() {
        let builder = MachineBuilder::new()
            .card_profile(card.clone())
            .card_timing(timings[number % 2])
            .card_signals(if number % 3 == 0 { CardSignals::Traced } else { CardSignals::Hidden });
        let (plain, none) = live(&builder, Eyes::Shut);
        let (looked, looks) = live(&builder, Eyes::Open);
        assert!(plain == looked, "{}: the trace differs", card.name);
        assert!(none == 0 && looks > 100, "{}: {looks} looks", card.name);
    }
}

/// The part of a report from DEVICES to the last events.
fn told_in(report: &str) -> &str {
    let start = report.find("\nDEVICES").expect("a hang has them");
    let end = report.find("\nLAST_EVENTS").expect("there are events");
    report[start..end].trim()
}

/// The card sends the bytes that it got. The card has no byte to read, and its line stays down. So
/// the loop waits for a byte that never comes.
const TOLD_OF_THE_POLL_LOOP: &str = "\
DEVICES: what each tells of its state
the device at ports 330 to 331, irq 9
  card           smsc-superio
  mode           UART, ready
  STATUS         80: DRR clear, can write; DSR set, no data
  from the host  nothing
  DATA           empty, a read gives FE
  output         2 of 17 bytes
  MIDI OUT       sends F8 until 202283.000 us
  input          0 of 16 bytes unread
  MIDI IN        idle
  lost           nothing
  interrupt line down
  next event     202283.000 us

QUEUES: what waits in the kernel
the kernel at 202010.000 us
  IRQL           2 (DISPATCH_LEVEL)
  running        a thread
  interrupts     irq 9 is down, asks for nothing, 1 service routine
  DPC queue      'late', medium importance, queued at 200010.000 us
  timers         none
  work items     none
  spin locks     one held since 200010.000 us by a thread
  waits          none";

#[test]
fn a_poll_loop_without_end_is_told_with_the_card_and_the_queues() {
    let kernel = KernelConfig { longest_call_ns: 2_000_000, ..KernelConfig::default() };
    let builder = MachineBuilder::new().card("smsc-superio").expect("a card").kernel(kernel);
    let machine = builder.build().expect("it can be built");
    machine.start().expect("it starts");
    machine.run_for_ns(200_000_000).expect("nothing stops it");
    let stop = machine.run(|kernel| {
        kernel.call_driver_code("Write", || {
            let (lock, late) = (SpinLock::new(), Dpc::new(kernel, "late", Rc::new(|_| ())));
            kernel.acquire_spin_lock(&lock);
            kernel.insert_queue_dpc(&late);
            for byte in [0x90, 0x3C, 0x40, 0xF8, 0xF8, 0xF8, 0xF8, 0xF8] {
                kernel.write_port_u8(0x330, byte);
            }
            // The driver waits for a byte to read, and no byte comes.
            while kernel.read_port_u8(0x331) & 0x80 != 0 {}
        });
    });
    assert!(matches!(stop, Err(MachineError::Stopped(Stop::Hang(_)))));
    let report = machine.analysis().expect("a report").to_string();
    assert_eq!(told_in(&report), TOLD_OF_THE_POLL_LOOP);
    let again = Inspection::text_of(&machine.kernel().inspect_devices());
    assert!(report.contains(&again), "a stopped machine still tells the same");
}

#[test]
fn a_bug_check_has_no_such_part() {
    let machine = MachineBuilder::new().build().expect("it can be built");
    let stop = machine.run(|kernel| {
        kernel.raise_irql(Irql::DISPATCH_LEVEL);
        kernel.raise_irql(Irql::PASSIVE_LEVEL);
        NtStatus::SUCCESS
    });
    assert!(stop.is_err());
    let analysis = machine.analysis().expect("a report");
    assert!(analysis.devices.is_empty() && analysis.queues.is_empty());
    assert!(!analysis.to_string().contains("QUEUES"));
}
