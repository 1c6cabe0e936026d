//! MIDI IN as events: raw fragments with their times.

use std::rc::Rc;

use portcls_emulator::NtStatus;
use portcls_port::dmus_event::DmusEventFlags;
use portcls_port::interfaces::{DmusStreamType, IMxf};
use portcls_port::ks::KsState;

use crate::dmus_rig::{DmusRig, Put, Sink};
use crate::rig::Wiring;

/// A rig with a capture stream in RUN that is connected to a sink.
fn connected() -> (DmusRig, Rc<dyn IMxf>, Rc<Sink>) {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let stream = dmus.run(4, DmusStreamType::Capture);
    let sink = Rc::new(Sink::default());
    stream.connect_output(&dmus.rig.kernel, Rc::clone(&sink) as _).unwrap();
    (dmus, stream, sink)
}

/// Lets the card send bytes in one interrupt, and lets 1 ms pass.
fn receive(dmus: &DmusRig, bytes: &[u8]) {
    let steps: String =
        bytes.iter().map(|byte| format!("R S -> 00\n R D -> {byte:02X}\n")).collect();
    dmus.wait_us(1_000, &format!("irq up\n{steps} irq down\n R S -> 80"));
}

fn bytes_of(sink: &Sink) -> Vec<u8> {
    sink.chains.borrow().iter().flatten().flat_map(|put| put.bytes.clone()).collect()
}

#[test]
fn the_bytes_of_one_interrupt_are_raw_fragments_with_one_time() {
    let (dmus, stream, sink) = connected();
    let began_us = dmus.rig.kernel.now_ns() / 1_000;
    receive(&dmus, &[0x90, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(dmus.rig.port.notified.get(), 1);
    dmus.serve(&stream);
    let put = |bytes: &[u8]| Put {
        time_us: began_us + 1,
        channel_group: 1,
        flags: DmusEventFlags::INCOMPLETE,
        bytes: bytes.to_vec(),
    };
    let chain = vec![put(&[0x90, 1, 2, 3, 4, 5, 6, 7]), put(&[8])];
    assert_eq!(*sink.chains.borrow(), [chain]);
}

#[test]
fn bytes_of_two_interrupts_keep_their_times_when_the_dpc_is_late() {
    let (dmus, stream, sink) = connected();
    receive(&dmus, &[0x90]);
    receive(&dmus, &[0x3C]);
    dmus.serve(&stream);
    let chains = sink.chains.borrow();
    let [chain] = &chains[..] else { panic!("one chain") };
    assert_eq!(chain[1].time_us - chain[0].time_us, 1_000);
}

#[test]
fn without_a_free_event_the_bytes_wait_and_go_on_by_themselves() {
    let (dmus, stream, sink) = connected();
    receive(&dmus, &[0x90, 0x3C, 0x40]);
    dmus.pool.is_empty.set(true);
    dmus.serve(&stream);
    dmus.wait_us(5_000, "");
    assert!(sink.chains.borrow().is_empty());
    dmus.pool.is_empty.set(false);
    dmus.wait_us(5_000, "");
    assert_eq!(bytes_of(&sink), [0x90, 0x3C, 0x40]);
}

#[test]
fn pause_sends_on_what_was_kept_and_stop_drops_it() {
    let (dmus, stream, sink) = connected();
    let kernel = &dmus.rig.kernel;
    receive(&dmus, &[0x90]);
    stream.set_state(kernel, KsState::Pause).unwrap();
    receive(&dmus, &[0xF8]);
    dmus.serve(&stream);
    assert_eq!(bytes_of(&sink), [0x90]);
    stream.set_state(kernel, KsState::Run).unwrap();
    receive(&dmus, &[0x3C]);
    for state in [KsState::Pause, KsState::Acquire, KsState::Stop] {
        stream.set_state(kernel, state).unwrap();
    }
    dmus.serve(&stream);
    assert_eq!(bytes_of(&sink), [0x90]);
}

#[test]
fn an_output_is_connected_once_and_given_back_by_the_same_sink_or_none() {
    let (dmus, stream, sink) = connected();
    let kernel = &dmus.rig.kernel;
    let same: Rc<dyn IMxf> = sink;
    let other: Rc<dyn IMxf> = Rc::new(Sink::default());
    let refused = Err(NtStatus::UNSUCCESSFUL);
    assert_eq!(stream.connect_output(kernel, Rc::clone(&other)), refused);
    assert_eq!(stream.disconnect_output(kernel, Some(&other)), refused);
    assert_eq!(stream.disconnect_output(kernel, Some(&same)), Ok(()));
    assert_eq!(stream.disconnect_output(kernel, None), Ok(()));
    assert_eq!(stream.connect_output(kernel, other), Ok(()));
    assert_eq!(stream.disconnect_output(kernel, None), Ok(()));
    receive(&dmus, &[0x90]);
    dmus.serve(&stream);
    assert_eq!(dmus.pool.take_back().0, [0], "without an output the allocator gets it");
}

#[test]
fn events_for_a_capture_stream_go_back() {
    let (dmus, stream, _sink) = connected();
    let put = dmus.put(&stream, dmus.pool.event(&[0xF8]).into(), "");
    assert_eq!(put, Err(NtStatus::INVALID_DEVICE_REQUEST));
    assert_eq!(dmus.pool.take_back(), (vec![0], 1));
}
