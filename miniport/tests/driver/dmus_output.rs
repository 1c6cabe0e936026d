//! Events out: queued, played, held and given back.

use std::rc::Rc;

use portcls_emulator::NtStatus;
use portcls_port::dmus_event::{DmusEventFlags, EventChain};
use portcls_port::interfaces::{DmusStreamType, IMxf};
use portcls_port::ks::KsState;

use crate::dmus_rig::DmusRig;
use crate::rig::Wiring;

const RENDER: DmusStreamType = DmusStreamType::Render;

/// The reads of STATUS in a write when the card takes no byte.
const BUSY: &str = "R S -> C0 x37";

/// The reads of STATUS in two writes: the first sent some bytes and then waited in vain, the second
/// sent no byte.
const BUSY_TWICE: &str = "R S -> C0 x74";

/// The accesses by which the driver writes bytes to a ready card.
fn taken(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("R S -> 80\n W D {byte:02X}\n")).collect()
}

#[test]
fn an_event_that_the_card_takes_is_back_when_the_call_returns() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let stream = dmus.run(1, RENDER);
    let event = dmus.pool.event(&[0x90, 0x3C, 0x40]);
    assert_eq!(dmus.put(&stream, event.into(), &taken(&[0x90, 0x3C, 0x40])), Ok(()));
    assert_eq!(dmus.pool.take_back(), (vec![0], 1));
}

#[test]
fn the_rest_of_an_event_goes_out_when_the_card_is_ready_again() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let stream = dmus.run(0, RENDER);
    let bytes = [0xF0, 1, 2, 3, 4, 5, 6, 7, 8, 0xF7];
    let script = format!("{}\n{BUSY_TWICE}", taken(&bytes[..4]));
    assert_eq!(dmus.put(&stream, dmus.pool.event(&bytes).into(), &script), Ok(()));
    assert_eq!(dmus.pool.take_back(), (vec![], 0), "its end is not out");
    assert_eq!(dmus.put(&stream, dmus.pool.event(&[0xF8]).into(), ""), Ok(()));
    dmus.wait_us(5_000, &format!("{}{}", taken(&bytes[4..]), taken(&[0xF8])));
    assert_eq!(dmus.pool.take_back(), (vec![0, 1], 2));
}

#[test]
fn a_package_is_played_in_the_place_of_its_event() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let stream = dmus.run(1, RENDER);
    let inner: EventChain =
        [[0x90], [0x3C]].map(|bytes| dmus.pool.event(&bytes)).into_iter().collect();
    let mut package = dmus.pool.event(&[]);
    package.set_package(inner);
    let mut chain = EventChain::from(package);
    chain.push(dmus.pool.event(&[0x40]));
    assert_eq!(dmus.put(&stream, chain, &taken(&[0x90, 0x3C, 0x40])), Ok(()));
    assert_eq!(dmus.pool.take_back().0, [2, 0, 1, 3], "the emptied package first");
}

#[test]
fn pause_holds_run_goes_on_and_stop_gives_all_back_as_one_chain() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let kernel = &dmus.rig.kernel;
    let stream = dmus.run(1, RENDER);
    stream.set_state(kernel, KsState::Pause).unwrap();
    for byte in [0xF8, 0xFA] {
        assert_eq!(dmus.put(&stream, dmus.pool.event(&[byte]).into(), ""), Ok(()));
    }
    dmus.wait_us(10_000, "");
    dmus.rig.expect(&taken(&[0xF8, 0xFA]));
    stream.set_state(kernel, KsState::Run).unwrap();
    dmus.rig.script.check();
    assert_eq!(dmus.pool.take_back(), (vec![0, 1], 2));

    stream.set_state(kernel, KsState::Pause).unwrap();
    for byte in [0xFB, 0xFC] {
        assert_eq!(dmus.put(&stream, dmus.pool.event(&[byte]).into(), ""), Ok(()));
    }
    stream.set_state(kernel, KsState::Acquire).unwrap();
    stream.set_state(kernel, KsState::Stop).unwrap();
    assert_eq!(dmus.pool.take_back(), (vec![2, 3], 1));
    assert_eq!(dmus.put(&stream, dmus.pool.event(&[0xF8]).into(), ""), Ok(()));
    assert_eq!(dmus.pool.take_back(), (vec![4], 1), "straight back");
}

#[test]
fn messages_of_two_streams_do_not_mix_on_the_cable() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let (one, other) = (dmus.run(0, RENDER), dmus.run(1, RENDER));
    let script = format!("{}{BUSY_TWICE}", taken(&[0xF0, 0x11]));
    dmus.put(&one, dmus.pool.event(&[0xF0, 0x11, 0xF7]).into(), &script).unwrap();
    dmus.put(&other, dmus.pool.event(&[0x90, 0x3C, 0x40]).into(), "").unwrap();
    dmus.wait_us(5_000, &taken(&[0xF7, 0x90, 0x3C, 0x40]));
    assert_eq!(dmus.pool.take_back().0, [0, 1]);
}

#[test]
fn a_message_of_several_events_keeps_the_other_stream_waiting_until_pause_or_for_a_second() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let (one, other) = (dmus.run(0, RENDER), dmus.run(1, RENDER));
    let mut part = dmus.pool.event(&[0xF0, 0x11]);
    part.flags = DmusEventFlags::INCOMPLETE;
    dmus.put(&one, part.into(), &taken(&[0xF0, 0x11])).unwrap();
    dmus.put(&other, dmus.pool.event(&[0xFA]).into(), "").unwrap();
    dmus.wait_us(5_000, "");
    one.set_state(&dmus.rig.kernel, KsState::Pause).unwrap();
    dmus.wait_us(5_000, &taken(&[0xFA]));

    let mut part = dmus.pool.event(&[0xF0, 0x22]);
    part.flags = DmusEventFlags::INCOMPLETE;
    dmus.put(&other, part.into(), &taken(&[0xF0, 0x22])).unwrap();
    one.set_state(&dmus.rig.kernel, KsState::Run).unwrap();
    dmus.put(&one, dmus.pool.event(&[0xFB]).into(), "").unwrap();
    dmus.wait_us(990_000, "");
    dmus.wait_us(20_000, &taken(&[0xFB]));
}

#[test]
fn a_real_time_byte_inside_a_message_does_not_let_the_other_stream_in() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let (one, other) = (dmus.run(0, RENDER), dmus.run(1, RENDER));
    let part = |bytes: &[u8]| {
        let mut part = dmus.pool.event(bytes);
        part.flags = DmusEventFlags::INCOMPLETE;
        part
    };
    dmus.put(&one, part(&[0xF0, 0x11]).into(), &taken(&[0xF0, 0x11])).unwrap();
    dmus.put(&one, dmus.pool.event(&[0xF8]).into(), &taken(&[0xF8])).unwrap();
    dmus.put(&other, dmus.pool.event(&[0xFA]).into(), "").unwrap();
    dmus.wait_us(5_000, "");
    dmus.put(&one, part(&[0x12, 0xF7]).into(), &taken(&[0x12, 0xF7])).unwrap();
    dmus.wait_us(5_000, &taken(&[0xFA]));
}

#[test]
fn bytes_that_belong_to_no_message_do_not_keep_the_other_stream_waiting() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let (one, other) = (dmus.run(0, RENDER), dmus.run(1, RENDER));
    for stray in [0x40, 0xF7] {
        let mut part = dmus.pool.event(&[stray]);
        part.flags = DmusEventFlags::INCOMPLETE;
        dmus.put(&one, part.into(), &taken(&[stray])).unwrap();
        dmus.put(&other, dmus.pool.event(&[0xFA]).into(), &taken(&[0xFA])).unwrap();
    }
}

#[test]
fn a_dead_card_is_reported_and_no_event_is_lost() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let stream = dmus.run(1, RENDER);
    assert_eq!(dmus.put(&stream, dmus.pool.event(&[0x90, 0x3C]).into(), BUSY), Ok(()));
    assert_eq!(dmus.put(&stream, dmus.pool.event(&[0xF8]).into(), ""), Ok(()));
    dmus.wait_us(500_000, "R S -> C0 x7363");
    assert_eq!(dmus.pool.take_back(), (vec![0, 1], 1));
    let prints =
        ["MPU-401 at 330: took nothing in 200 writes, given up", "MPU-401: 2 events not played"];
    assert_eq!(dmus.rig.prints(), prints);

    let dead = dmus.put(&stream, dmus.pool.event(&[0xF8]).into(), "R S -> C0");
    assert_eq!(dead, Err(NtStatus::IO_DEVICE_ERROR));
    assert_eq!(dmus.pool.take_back(), (vec![2], 1));
    assert_eq!(dmus.put(&stream, dmus.pool.event(&[0xF8]).into(), &taken(&[0xF8])), Ok(()));
}

#[test]
fn a_stream_that_is_closed_in_run_gives_back_what_is_not_played() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let stream = dmus.run(1, RENDER);
    dmus.put(&stream, dmus.pool.event(&[0x90, 0x3C, 0x40]).into(), BUSY).unwrap();
    drop(stream);
    assert_eq!(dmus.pool.take_back(), (vec![0], 1));
    dmus.wait_us(10_000, "");
    let again = dmus.run(1, RENDER);
    dmus.put(&again, dmus.pool.event(&[0xF8]).into(), &taken(&[0xF8])).unwrap();
}

#[test]
fn a_render_stream_has_no_output_to_connect() {
    let dmus = DmusRig::started(Wiring::Interrupt);
    let stream = dmus.run(1, RENDER);
    let sink: Rc<dyn IMxf> = Rc::clone(&dmus.pool) as _;
    let kernel = &dmus.rig.kernel;
    assert_eq!(stream.connect_output(kernel, Rc::clone(&sink)), Err(NtStatus::UNSUCCESSFUL));
    assert_eq!(stream.disconnect_output(kernel, None), Err(NtStatus::UNSUCCESSFUL));
    assert_eq!(dmus.rig.at_dispatch(|kernel| stream.put_message(kernel, None)), Ok(()));
}
