//! NewStream, formats and descriptors.

use std::rc::Rc;

use portcls_emulator::{NtStatus, PoolType};
use portcls_miniport::MiniportMidiUart;
use portcls_port::interfaces::{IMiniport, IMiniportMidi, StreamDirection};
use portcls_port::ks::{DataRange, KsDataFormat, KsDataRangeMusic, KsPinCommunication};

use crate::rig::{Rig, Wiring};

const REFUSED: Option<NtStatus> = Some(NtStatus::INVALID_DEVICE_REQUEST);

#[test]
fn each_direction_has_one_stream_and_gives_it_back() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    for (pin, direction) in [(0, StreamDirection::Render), (2, StreamDirection::Capture)] {
        let first = rig.open(&miniport, pin, direction).unwrap();
        assert_eq!(rig.open(&miniport, pin, direction).err(), REFUSED);
        drop(first);
        assert!(rig.open(&miniport, pin, direction).is_ok());
    }
}

#[test]
fn a_pin_opens_in_its_own_direction_only() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    for pin in 0..5 {
        let render = rig.open(&miniport, pin, StreamDirection::Render);
        assert_eq!(render.err(), if pin == 0 { None } else { REFUSED });
        let capture = rig.open(&miniport, pin, StreamDirection::Capture);
        assert_eq!(capture.err(), if pin == 2 { None } else { REFUSED });
    }
}

#[test]
fn data_in_the_wrong_direction_is_refused() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let render = rig.run(&miniport, 0, StreamDirection::Render);
    let capture = rig.run(&miniport, 2, StreamDirection::Capture);
    rig.at_dispatch(|kernel| {
        assert_eq!(render.read(kernel, &mut [0; 4]).err(), REFUSED);
        assert_eq!(capture.write(kernel, &[0xF8]).err(), REFUSED);
    });
    rig.script.check();
}

#[test]
fn only_midi_is_a_format() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let (kernel, pool) = (&rig.kernel, PoolType::NonPagedNx);
    let invalid = Some(NtStatus::INVALID_PARAMETER);
    let other = KsDataFormat::MIDI_BUS;
    let direction = StreamDirection::Render;
    let refused = Rc::clone(&miniport).new_stream(kernel, None, pool, 0, direction, &other);
    assert_eq!(refused.err(), invalid);
    let stream = rig.open(&miniport, 0, direction).unwrap();
    assert_eq!(stream.set_format(kernel, &KsDataFormat::MIDI), Ok(()));
    assert_eq!(stream.set_format(kernel, &other).err(), invalid);
}

#[test]
fn a_card_with_an_interrupt_has_pins_both_ways_and_without_one_only_out() {
    for (wiring, pins, categories) in [(Wiring::Interrupt, 4, 3), (Wiring::Polled, 2, 2)] {
        let (rig, miniport) = Rig::started(wiring);
        let filter = miniport.get_description(&rig.kernel).unwrap();
        assert_eq!(filter.check(), []);
        assert_eq!((filter.pins.len(), filter.categories.len()), (pins, categories));
        let opened = |pin: usize| filter.pins[pin].pin.communication == KsPinCommunication::Sink;
        let clients: Vec<usize> = (0..pins).filter(|&pin| opened(pin)).collect();
        assert_eq!(clients, (0..pins).step_by(2).collect::<Vec<_>>());
        let capture = rig.open(&miniport, 2, StreamDirection::Capture);
        assert_eq!(capture.is_ok(), wiring == Wiring::Interrupt);
    }
}

#[test]
fn an_intersection_is_left_to_the_port() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let range = DataRange::from(KsDataRangeMusic::MIDI_PORT);
    let reply = miniport.data_range_intersection(&rig.kernel, 0, &range, &range, 64);
    assert_eq!(reply.status, NtStatus::NOT_IMPLEMENTED);
}

#[test]
fn a_miniport_without_hardware_refuses_streams_and_its_description() {
    let rig = Rig::new(Wiring::Interrupt);
    let miniport = MiniportMidiUart::new();
    let state = Some(NtStatus::INVALID_DEVICE_STATE);
    assert_eq!(rig.open(&miniport, 0, StreamDirection::Render).err(), state);
    assert_eq!(miniport.get_description(&rig.kernel).err(), state);
}
