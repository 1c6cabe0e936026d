//! Init: resources, reset, UART mode, failures. Also the reset at the end.

use std::rc::Rc;

use portcls_emulator::{InterruptLine, NtStatus, Share, TriggerMode};
use portcls_miniport::MiniportMidiUart;
use portcls_port::com::query;
use portcls_port::interfaces::{IMiniport, IMiniportMidi, IPinCount, IPowerNotify};

use crate::rig::{QUICK_START, Rig, Wiring, interrupt, ports};

/// The reset when the miniport is dropped: the card takes the command and sends nothing.
const SILENCED: &str = "
    R S -> 80
    W C FF
    R S -> 80
";

#[test]
fn acks_that_interrupt_are_read_by_the_service_routine() {
    let rig = Rig::new(Wiring::Interrupt);
    rig.expect(
        "
        R S -> 80
        W C FF
        irq up +77
        R S -> 80       ; the driver looks at once
        +26 R S -> 80 x2
        R S -> 00       ; the service routine, in the middle of a stall
        +1 R D -> FE
        irq down
        +1 R S -> 80
        R S -> 80
        W C 3F
        irq up +77
        R S -> 80
        +26 R S -> 80 x2
        R S -> 00
        +1 R D -> FE
        irq down
        +1 R S -> 80
        ",
    );
    let miniport = MiniportMidiUart::new();
    rig.init(&miniport).unwrap();
    rig.script.check();
    assert_eq!(rig.port.notified.get(), 0, "an ACK is no MIDI");
    assert_eq!(rig.kernel.counters().unclaimed_interrupts, 0);
}

#[test]
fn acks_that_do_not_interrupt_are_found_by_polls() {
    for wiring in [Wiring::Interrupt, Wiring::Polled] {
        let (rig, miniport) = Rig::started(wiring);
        rig.expect(SILENCED);
        drop(miniport);
        rig.script.check();
        assert_eq!(rig.prints(), [""; 0]);
    }
}

#[test]
fn the_ack_of_uart_mode_may_come_after_the_reset_is_done() {
    let rig = Rig::new(Wiring::Interrupt);
    rig.expect(
        "
        R S -> 80
        W C FF
        R S -> 00
        R D -> FE
        R S -> 80
        R S -> 80
        W C 3F
        irq up +27200
        R S -> 80
        +26 R S -> 80 x19
        R S -> 80 x14   ; a look in every second millisecond
        R S -> 00
        R D -> FE
        irq down
        R S -> 80
        ",
    );
    let miniport = MiniportMidiUart::new();
    rig.init(&miniport).unwrap();
    rig.script.check();
    assert!(rig.kernel.now_ns() < 30_000_000);
}

#[test]
fn a_card_left_in_uart_mode_is_reset_twice() {
    let rig = Rig::new(Wiring::Interrupt);
    rig.expect("R S -> 80");
    rig.expect("W C FF");
    rig.expect("R S -> 80 x72   ; 20 quick looks, then one every 2 ms");
    rig.expect(QUICK_START);
    let miniport = MiniportMidiUart::new();
    rig.init(&miniport).unwrap();
    rig.script.check();
    assert!((100_000_000..110_000_000).contains(&rig.kernel.now_ns()));
}

#[test]
fn input_left_over_is_read_before_the_first_command_and_is_no_ack() {
    let rig = Rig::new(Wiring::Interrupt);
    rig.expect(
        "
        irq up
        R S -> 00       ; the service routine, inside Connect
        R D -> FE
        R S -> 00
        R D -> 90
        irq down
        R S -> 80
        ",
    );
    rig.expect(QUICK_START);
    let miniport = MiniportMidiUart::new();
    rig.init(&miniport).unwrap();
    rig.script.check();
    assert_eq!(rig.port.notified.get(), 0);
}

#[test]
fn midi_in_front_of_the_ack_is_thrown_away() {
    let rig = Rig::new(Wiring::Polled);
    rig.expect(
        "
        R S -> 80
        W C FF
        R S -> 00
        R D -> 90
        R S -> 00
        R D -> FE
        R S -> 80
        R S -> 80
        W C 3F
        R S -> 00
        R D -> FE
        R S -> 80
        ",
    );
    let miniport = MiniportMidiUart::new();
    rig.init(&miniport).unwrap();
    rig.script.check();
}

#[test]
fn a_busy_card_is_waited_for_before_a_command() {
    let rig = Rig::new(Wiring::Polled);
    rig.expect("R S -> C0 x30");
    rig.expect(QUICK_START);
    let miniport = MiniportMidiUart::new();
    rig.init(&miniport).unwrap();
    rig.script.check();
}

#[test]
fn a_card_that_never_acknowledges_is_accepted_with_a_word() {
    let rig = Rig::new(Wiring::Interrupt);
    for command in ["W C FF", "W C FF", "W C 3F"] {
        rig.expect("R S -> BF");
        rig.expect(command);
        rig.expect("R S -> BF x72");
    }
    let miniport = MiniportMidiUart::new();
    rig.init(&miniport).unwrap();
    rig.script.check();
    let print = "MPU-401 at 330: takes commands and never acknowledges, used as it is";
    assert_eq!(rig.prints(), [print]);
    assert!(rig.kernel.now_ns() < 500_000_000, "Init has half a second");
}

#[test]
fn a_bus_without_a_card_is_a_device_error_and_nothing_is_written() {
    for wiring in [Wiring::Interrupt, Wiring::Polled] {
        let rig = Rig::new(wiring);
        rig.expect("R S -> FF x71");
        let miniport = MiniportMidiUart::new();
        assert_eq!(rig.init(&miniport), Err(NtStatus::IO_DEVICE_ERROR));
        drop(miniport);
        rig.script.check();
        assert_eq!(rig.prints(), ["MPU-401 at 330: no card answers"]);
    }
}

#[test]
fn a_failed_init_leaves_the_line_free_and_the_port_alone() {
    let rig = Rig::new(Wiring::Interrupt);
    rig.expect("R S -> FF x71");
    let miniport = MiniportMidiUart::new();
    assert!(rig.init(&miniport).is_err());
    assert_eq!(Rc::strong_count(&rig.port), 1);
    let vector = InterruptLine::vector_of(9);
    let routine = Rc::new(|_: &_| portcls_emulator::Claim::NotMine);
    let connected =
        rig.kernel.connect_interrupt(vector, TriggerMode::Level, Share::Exclusive, routine);
    assert!(connected.is_ok());
}

#[test]
fn resources_that_do_not_fit_are_refused_before_any_access() {
    let memory = portcls_emulator::Resource::Memory { start: 0xD_0000, length: 0x1000 };
    let wrong = [
        vec![],
        vec![interrupt()],
        vec![ports(0x330, 1)],
        vec![ports(0xFFFF, 2)],
        vec![ports(0x1_0330, 2)],
        vec![ports(0x330, 2), ports(0x300, 2)],
        vec![ports(0x330, 2), interrupt(), interrupt()],
        vec![ports(0x330, 2), memory],
        vec![ports(0xE0D0, 1), ports(0xE0D0, 1)],
        vec![ports(0xE0D0, 1), ports(0x1_0000, 1)],
        vec![ports(0xE0D0, 1), ports(0xE0D2, 2)],
        vec![ports(0xE0D0, 1), ports(0xE0D2, 1), ports(0xE0D4, 1)],
    ];
    for resources in wrong {
        let rig = Rig::new(Wiring::Interrupt);
        let refused = rig.init_on(&MiniportMidiUart::new(), &resources);
        assert_eq!(refused, Err(NtStatus::DEVICE_CONFIGURATION_ERROR), "{resources:?}");
        rig.script.check();
    }
}

#[test]
fn the_last_reference_resets_the_card_and_lets_the_port_go() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    rig.expect(
        "
        R S -> 80
        W C FF
        irq up +77      ; some cards acknowledge a reset in UART mode
        R S -> 00
        R D -> FE
        irq down
        R S -> 80
        R S -> 80
        ",
    );
    drop(miniport);
    rig.script.check();
    assert_eq!(Rc::strong_count(&rig.port), 1);
    assert_eq!(rig.kernel.counters().unclaimed_interrupts, 0);
}

#[test]
fn a_card_that_was_pulled_out_is_not_written_to() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    rig.expect("R S -> FF x2");
    drop(miniport);
    rig.script.check();
}

#[test]
fn a_miniport_answers_for_its_interfaces_and_no_other() {
    let miniport = MiniportMidiUart::new();
    assert!(query::<dyn IMiniport>(&miniport).is_ok());
    assert!(query::<dyn IMiniportMidi>(&miniport).is_ok());
    assert!(query::<dyn IPowerNotify>(&miniport).is_ok());
    assert_eq!(query::<dyn IPinCount>(&miniport).err(), Some(NtStatus::INVALID_PARAMETER));
}
