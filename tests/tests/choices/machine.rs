//! What the kernel and the surroundings of the machine may do to a driver.

use std::rc::Rc;

use portcls_machine::emulator::choice::{Answers, Choice, Question, Replay};
use portcls_machine::emulator::{Kernel, NtStatus, Running};
use portcls_machine::report::Filter;
use portcls_machine::{Application, Machine, MachineError};

use crate::{Once, compiled, machine};

/// Sets an oracle that gives this list of answers.
fn repeat(machine: &Machine, answers: &str) {
    let answers: Answers = answers.parse().expect("a list of answers");
    machine.set_oracle(Rc::new(Replay::new(answers)));
}

/// The stage and the status of a refused start.
#[track_caller]
fn refused(result: Result<(), MachineError>) -> (&'static str, NtStatus) {
    match result {
        Err(MachineError::DriverRefused { stage, status, .. }) => (stage, status),
        other => panic!("not refused: {other:?}"),
    }
}

/// How many lines of the full trace end with this text.
fn count(machine: &Machine, end: &str) -> usize {
    machine.trace_text(Filter::Full).lines().filter(|line| line.ends_with(end)).count()
}

#[test]
fn a_driver_whose_interrupt_is_not_connected_refuses_to_start() {
    let machine = machine("smsc-superio");
    repeat(&machine, "connect:1=1");
    let (stage, status) = refused(machine.start());
    assert_eq!((stage, status), ("StartDevice", NtStatus::INSUFFICIENT_RESOURCES));
    assert_eq!(machine.unload().expect("it goes"), []);
}

#[test]
fn a_driver_gets_a_status_for_each_object_of_the_port_that_memory_is_refused_for() {
    let asked = {
        let machine = machine("smsc-superio");
        repeat(&machine, "");
        machine.start().expect("the driver starts");
        machine.kernel().asked(Choice::Allocation)
    };
    assert!(asked >= 4, "an adapter device, a port, an interrupt sync object, a service group");
    for ordinal in 1..=asked {
        let machine = machine("smsc-superio");
        repeat(&machine, &format!("allocation:{ordinal}=1"));
        let (stage, status) = refused(machine.start());
        assert_eq!(status, NtStatus::INSUFFICIENT_RESOURCES, "allocation {ordinal} in {stage}");
        assert_eq!(machine.kernel().violations(), [], "allocation {ordinal}");
        assert_eq!(machine.unload().expect("it goes"), [], "allocation {ordinal}");
    }
}

#[test]
fn a_compiled_driver_gets_null_for_memory_that_is_refused() {
    for build in ["x64/uart", "x86/uart"] {
        let machine = compiled("smsc-superio", build);
        repeat(&machine, "");
        machine.start().expect("the driver starts");
        let asked = machine.kernel().asked(Choice::Allocation);
        assert!(asked > 0, "{build} allocates");
        let failing = (1..=asked).filter(|ordinal| {
            let machine = compiled("smsc-superio", build);
            repeat(&machine, &format!("allocation:{ordinal}=1"));
            let result = machine.start();
            assert_eq!(machine.kernel().stopped(), None, "{build}, allocation {ordinal}");
            result.is_err()
        });
        assert!(failing.count() > 0, "{build} needs some of its memory");
    }
}

#[test]
fn a_request_of_an_application_can_be_cancelled() {
    let machine = machine("smsc-superio");
    let once = Once::of(&machine, Choice::Cancel);
    machine.start().expect("the driver starts");
    let pin = Application::new(&machine).open_capture().expect("there is a capture pin");
    pin.run().expect("it runs");
    for _ in 0..3 {
        pin.queue_read().expect("a read is queued");
    }
    once.give(2);
    machine.run_for_ns(1_000).expect("the machine runs");
    assert_eq!(pin.in_flight(), 2);
    assert_eq!(pin.take_statuses(), [NtStatus::CANCELLED]);
}

#[test]
fn the_device_can_vanish_and_the_driver_is_told() {
    let machine = machine("smsc-superio");
    let once = Once::of(&machine, Choice::Removal);
    machine.start().expect("the driver starts");
    let port = |kernel: &Kernel| kernel.read_port_u8(0x331);
    assert_ne!(machine.run(port).expect("the machine runs"), 0xFF);
    once.give(1);
    machine.run_for_ns(1_000).expect("the machine runs");
    assert_eq!(machine.run(port).expect("the machine runs"), 0xFF);
    assert_eq!(count(&machine, "the card is gone"), 1);
    assert_eq!(count(&machine, "return IRP_MN_SURPRISE_REMOVAL"), 1);
    assert_eq!(machine.kernel().violations(), []);
    let asked = machine.kernel().asked(Choice::Removal);
    assert_eq!(machine.unload().expect("it goes"), []);
    assert_eq!(machine.kernel().asked(Choice::Removal), asked, "it vanishes once");
}

#[test]
fn a_device_can_vanish_at_every_preemption_point_of_its_start() {
    let started = machine("smsc-superio");
    repeat(&started, "");
    started.start().expect("the driver starts");
    let asked = started.kernel().asked(Choice::Removal);
    assert!(asked > 3, "{asked}");
    for ordinal in 1..=asked {
        let machine = machine("smsc-superio");
        repeat(&machine, &format!("removal:{ordinal}=1"));
        // Only a driver that has started gets IRP_MN_SURPRISE_REMOVAL.
        let told = usize::from(machine.start().is_ok());
        assert_eq!(count(&machine, "the card is gone"), 1);
        assert_eq!(count(&machine, "return IRP_MN_SURPRISE_REMOVAL"), told, "{ordinal}");
        assert_eq!(machine.kernel().violations(), []);
        assert_eq!(machine.unload().expect("it goes"), []);
    }
}

#[test]
fn a_card_that_vanishes_under_its_service_routine_breaks_no_rule() {
    let machine = machine("smsc-superio");
    machine.start().expect("the driver starts");
    let pin = Application::new(&machine).open_capture().expect("there is a capture pin");
    pin.run().expect("it runs");
    let in_routine = |kernel: &Kernel, question: &Question| {
        let is_interrupt = matches!(kernel.running(), Running::Interrupt(_));
        u32::from(question.choice == Choice::Removal && is_interrupt)
    };
    machine.set_oracle(Rc::new(in_routine));
    machine.cable().send(&[0xF8]);
    machine.run_for_ns(1_000_000).expect("the machine runs");
    assert_eq!(count(&machine, "the card is gone"), 1);
    assert_eq!(count(&machine, "return IRP_MN_SURPRISE_REMOVAL"), 1);
    assert_eq!(machine.kernel().violations(), []);
}

#[test]
fn a_machine_that_goes_lets_its_oracle_go() {
    for build in ["x64/uart", "x86/uart"] {
        let machine = compiled("roland-mpu401", build);
        let once = Once::of(&machine, Choice::Removal);
        machine.start().expect("the driver starts");
        drop(machine);
        assert_eq!(Rc::strong_count(&once), 1, "{build}");
    }
}

#[test]
fn the_power_of_the_device_can_go_and_come_back() {
    let machine = machine("smsc-superio");
    let once = Once::of(&machine, Choice::Power);
    machine.start().expect("the driver starts");
    once.give(1);
    machine.run_for_ns(100_000_000).expect("the machine runs");
    assert_eq!(count(&machine, "the card has no power"), 1);
    assert_eq!(count(&machine, "the card has power"), 1);
    assert_eq!(count(&machine, "call IRP_MN_SET_POWER, D3"), 1);
    let pin = Application::new(&machine).open_render().expect("there is a render pin");
    pin.run().expect("it runs");
    pin.write_now(&[0xF8]).expect("it is written");
    machine.run_for_ns(1_000_000).expect("the machine runs");
    assert_eq!(machine.cable().sent_bytes(), [0xF8]);
}

#[test]
fn the_machine_can_fall_asleep_and_wake() {
    let machine = machine("smsc-superio");
    let once = Once::of(&machine, Choice::Power);
    machine.start().expect("the driver starts");
    once.give(2);
    machine.run_for_ns(100_000_000).expect("the machine runs");
    let sent =
        ["call IRP_MN_QUERY_POWER, S3", "call IRP_MN_SET_POWER, S3", "call IRP_MN_SET_POWER, S0"];
    assert_eq!(sent.map(|line| count(&machine, line)), [1, 1, 1]);
    assert_eq!(count(&machine, "the card has power"), 1);
}
