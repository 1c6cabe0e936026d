//! Write: how many bytes the call takes, how long it waits, when it gives up.

use portcls_emulator::NtStatus;
use portcls_port::interfaces::{IMiniportMidiStream, StreamDirection};
use portcls_port::ks::KsState;

use crate::rig::{Rig, Wiring};

const DATA: [u8; 6] = [0x90, 0x3C, 0x40, 0x80, 0x3C, 0x00];

/// Runs a write against a script; returns the result of the write and its duration in us.
fn write(
    rig: &Rig,
    stream: &dyn IMiniportMidiStream,
    data: &[u8],
    script: &str,
) -> (Result<u32, NtStatus>, u64) {
    rig.expect(script);
    let began_ns = rig.kernel.now_ns();
    let result = rig.at_dispatch(|kernel| stream.write(kernel, data));
    rig.script.check();
    (result, (rig.kernel.now_ns() - began_ns) / 1_000)
}

#[test]
fn a_ready_card_takes_everything_with_one_look_a_byte() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 0, StreamDirection::Render);
    let script = "
        R S -> BF
        +1 W D 90
        +1 R S -> BF
        +1 W D 3C
        +1 R S -> BF
        +1 W D 40
    ";
    assert_eq!(write(&rig, &*stream, &DATA[..3], script), (Ok(3), 6));
}

#[test]
fn a_card_that_frees_a_place_in_time_is_kept_at_the_rate_of_the_wire() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 0, StreamDirection::Render);
    let script = "
        R S -> C0
        +11 R S -> C0 x29
        +11 R S -> 80
        +1 W D 90
    ";
    assert_eq!(write(&rig, &*stream, &DATA[..1], script), (Ok(1), 332));
}

#[test]
fn a_byte_is_waited_for_in_stalls_of_10_us_for_400_us_at_most() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 0, StreamDirection::Render);
    let script = "
        R S -> C0
        +11 R S -> C0 x36
    ";
    assert_eq!(write(&rig, &*stream, &DATA, script), (Ok(0), 397));
}

#[test]
fn a_call_ends_after_1_ms_with_what_was_taken() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 0, StreamDirection::Render);
    let script = "
        R S -> C0
        +11 R S -> C0 x29
        +11 R S -> 80
        W D 90
        R S -> C0
        +11 R S -> C0 x29
        +11 R S -> 80
        W D 3C
        R S -> C0
        +11 R S -> C0 x29
        +11 R S -> 80
        W D 40
        R S -> C0       ; at 997 us, and a stall would be too long
    ";
    assert_eq!(write(&rig, &*stream, &DATA, script), (Ok(3), 997));
}

#[test]
fn a_call_ends_after_1_ms_even_if_the_card_is_always_ready() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 0, StreamDirection::Render);
    let script = "
        R S -> 80
        W D 00
    "
    .repeat(500);
    assert_eq!(write(&rig, &*stream, &[0; 1_000], &script), (Ok(500), 1_000));
}

#[test]
fn bytes_taken_before_the_card_got_busy_are_reported() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 0, StreamDirection::Render);
    let script = "
        R S -> 80
        W D 90
        R S -> 80
        W D 3C
        R S -> C0
        +11 R S -> C0 x36
    ";
    assert_eq!(write(&rig, &*stream, &DATA, script).0, Ok(2));
}

#[test]
fn unread_input_that_blocks_output_is_read() {
    for wiring in [Wiring::Interrupt, Wiring::Polled] {
        let (rig, miniport) = Rig::started(wiring);
        let stream = rig.run(&miniport, 0, StreamDirection::Render);
        let script = "
            R S -> 40
            R S -> 40
            R D -> 90
            R S -> 40
            R D -> 3C
            R S -> C0
            R S -> 80
            W D 90
        ";
        assert_eq!(write(&rig, &*stream, &DATA[..1], script).0, Ok(1));
    }
}

#[test]
fn a_card_is_given_up_after_200_calls_and_taken_back_when_it_works() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 0, StreamDirection::Render);
    for _ in 1..200 {
        assert_eq!(write(&rig, &*stream, &DATA, "R S -> C0 x37").0, Ok(0));
    }
    let dead = Err(NtStatus::IO_DEVICE_ERROR);
    assert_eq!(write(&rig, &*stream, &DATA, "R S -> C0 x37").0, dead);
    assert_eq!(rig.prints(), ["MPU-401 at 330: took nothing in 200 writes, given up"]);
    assert_eq!(write(&rig, &*stream, &DATA, "R S -> C0").0, dead, "one look, no wait");
    let alive = write(&rig, &*stream, &DATA[..1], "R S -> 80\n W D 90").0;
    assert_eq!(alive, Ok(1));
    assert_eq!(write(&rig, &*stream, &DATA, "R S -> C0 x37").0, Ok(0), "counted from 1 again");
}

#[test]
fn nothing_is_written_outside_run() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.open(&miniport, 0, StreamDirection::Render).unwrap();
    for state in [KsState::Stop, KsState::Acquire, KsState::Pause] {
        stream.set_state(&rig.kernel, state).unwrap();
        assert_eq!(write(&rig, &*stream, &DATA, ""), (Ok(0), 0));
    }
}

#[test]
fn a_write_of_no_bytes_touches_nothing() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 0, StreamDirection::Render);
    for _ in 0..300 {
        assert_eq!(write(&rig, &*stream, &[], ""), (Ok(0), 0));
    }
}
