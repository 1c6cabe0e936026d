//! The service routine and Read: interrupts claimed; bytes kept, lost, read.

use portcls_emulator::{Irql, NtStatus};
use portcls_port::interfaces::{IMiniportMidi, IMiniportMidiStream, StreamDirection};
use portcls_port::ks::KsState;

use crate::rig::{Rig, Wiring};

/// Makes the card interrupt; the service routine must follow the script.
fn interrupt(rig: &Rig, script: &str) {
    rig.expect(&format!("irq up\n{script}"));
    rig.kernel.run_until(rig.kernel.now_ns() + 10_000_000);
    rig.script.check();
}

/// The accesses of one interrupt in which the card sends these bytes without a pause.
fn burst(bytes: impl IntoIterator<Item = u8>) -> String {
    let steps: String =
        bytes.into_iter().map(|byte| format!("R S -> 00\n R D -> {byte:02X}\n")).collect();
    format!("{steps} irq down\n R S -> 80")
}

fn read(rig: &Rig, stream: &dyn IMiniportMidiStream) -> Vec<u8> {
    let mut buffer = [0; 2_000];
    let count = rig.at_dispatch(|kernel| stream.read(kernel, &mut buffer)).unwrap();
    buffer[..count as usize].to_vec()
}

#[test]
fn the_service_routine_reads_until_nothing_waits_and_tells_the_port_once() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 2, StreamDirection::Capture);
    interrupt(&rig, &burst([0x90, 0x3C, 0x40]));
    assert_eq!(rig.port.notified.get(), 1);
    assert_eq!(*rig.port.levels.borrow(), [Irql::of_line(9)]);
    assert_eq!(read(&rig, &*stream), [0x90, 0x3C, 0x40]);
    assert_eq!(read(&rig, &*stream), []);
}

#[test]
fn an_fe_in_uart_mode_is_active_sensing() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 2, StreamDirection::Capture);
    interrupt(&rig, &burst([0xFE]));
    assert_eq!(rig.port.notified.get(), 1);
    assert_eq!(read(&rig, &*stream), [0xFE]);
}

#[test]
fn an_interrupt_of_another_device_is_not_claimed() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let _stream = rig.run(&miniport, 2, StreamDirection::Capture);
    interrupt(&rig, "R S -> 80\n irq down");
    assert_eq!(rig.kernel.counters().unclaimed_interrupts, 1);
    assert_eq!(rig.port.notified.get(), 0);
}

#[test]
fn a_flag_that_is_stuck_costs_128_reads_a_call() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 2, StreamDirection::Capture);
    let stuck = "R S -> 00\n R D -> 55\n".repeat(127);
    interrupt(&rig, &format!("{stuck} R S -> 00\n R D -> 55\n irq down\n R S -> 00"));
    assert_eq!(read(&rig, &*stream), [0x55; 128]);
}

#[test]
fn a_full_ring_drops_the_newest_bytes_and_counts_them() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 2, StreamDirection::Capture);
    for _ in 0..8 {
        interrupt(&rig, &burst(0..=127));
    }
    assert_eq!(miniport.overruns(), 0);
    interrupt(&rig, &burst([0xF0, 0xF1, 0xF2]));
    assert_eq!(miniport.overruns(), 3);
    assert_eq!(rig.port.notified.get(), 9, "a full ring wants service too");
    let kept = read(&rig, &*stream);
    assert_eq!(kept.len(), 1_024);
    assert!(!kept.contains(&0xF0));
    rig.at_dispatch(|kernel| miniport.service(kernel));
    rig.at_dispatch(|kernel| miniport.service(kernel));
    assert_eq!(rig.prints(), ["MPU-401: 3 bytes of MIDI IN lost, ring full"]);
}

#[test]
fn input_is_read_and_thrown_away_where_no_stream_runs() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    interrupt(&rig, &burst([0x90]));
    let stream = rig.open(&miniport, 2, StreamDirection::Capture).unwrap();
    for state in [KsState::Acquire, KsState::Pause] {
        stream.set_state(&rig.kernel, state).unwrap();
        interrupt(&rig, &burst([0x91]));
    }
    stream.set_state(&rig.kernel, KsState::Run).unwrap();
    assert_eq!(read(&rig, &*stream), []);
    assert_eq!(rig.port.notified.get(), 0);
}

#[test]
fn a_pause_keeps_what_was_captured_and_a_stop_drops_it() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 2, StreamDirection::Capture);
    interrupt(&rig, &burst([0x90]));
    stream.set_state(&rig.kernel, KsState::Pause).unwrap();
    assert_eq!(read(&rig, &*stream), [0x90]);
    stream.set_state(&rig.kernel, KsState::Run).unwrap();
    interrupt(&rig, &burst([0x91]));
    for state in [KsState::Pause, KsState::Acquire, KsState::Stop] {
        stream.set_state(&rig.kernel, state).unwrap();
    }
    assert_eq!(read(&rig, &*stream), []);
}

#[test]
fn a_stream_that_goes_while_it_runs_leaves_nothing_to_the_next() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 2, StreamDirection::Capture);
    interrupt(&rig, &burst([0x90]));
    drop(stream);
    interrupt(&rig, &burst([0x91]));
    assert_eq!(rig.port.notified.get(), 1, "the second byte is nobody's");
    let next = rig.run(&miniport, 2, StreamDirection::Capture);
    assert_eq!(read(&rig, &*next), []);
}

#[test]
fn a_short_buffer_gets_the_oldest_bytes() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 2, StreamDirection::Capture);
    interrupt(&rig, &burst([1, 2, 3]));
    let mut buffer = [0; 2];
    let count = rig.at_dispatch(|kernel| stream.read(kernel, &mut buffer));
    assert_eq!((count, buffer), (Ok::<u32, NtStatus>(2), [1, 2]));
    assert_eq!(read(&rig, &*stream), [3]);
}
