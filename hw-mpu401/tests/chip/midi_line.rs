//! MIDI IN as a level over time: breaks, missing stop bits, and other speeds.

use hw_mpu401::{
    BIT_TIME_NS, Behaviour, FramingError, InitialState, LINE_SPEEDS, Lane, LineSignal,
    MIDI_IN_LIMIT, Mpu401, Register, family,
};
use proptest::prelude::*;

/// What a card with a deep input hears of these signals, which begin at `start_ns` or directly
/// after the signal before. A byte comes with the time at which the host can read it.
fn heard_at(framing_error: FramingError, signals: &[(u64, LineSignal)]) -> Vec<(u64, u8)> {
    let mut profile = family("fifo-chip").expect("a known family").clone();
    let behaviour = Behaviour { framing_error, rx_depth: 2_048, ..profile.behaviour };
    profile.behaviour = behaviour;
    let mut chip = Mpu401::new(&profile, InitialState::Uart { stale: 0 });
    for (start_ns, signal) in signals {
        chip.midi_in_signal(*start_ns, *signal);
    }
    let mut heard = Vec::new();
    while chip.next_event_ns() != u64::MAX {
        let now_ns = chip.next_event_ns();
        chip.advance(now_ns);
        while chip.status().has_data() {
            heard.push((now_ns, chip.read(Register::Data, now_ns)));
        }
    }
    heard
}

/// The bytes that such a card hears of these signals, sent back to back, without their times. The
/// card keeps a byte whose stop bit is missing.
fn heard(signals: &[LineSignal]) -> Vec<u8> {
    let signals: Vec<_> = signals.iter().map(|signal| (0, *signal)).collect();
    heard_at(FramingError::Kept, &signals).into_iter().map(|(_, byte)| byte).collect()
}

fn at_38400(byte: u8) -> LineSignal {
    LineSignal::AtSpeed { byte, bits_per_second: 38_400 }
}

#[test]
fn a_break_is_one_byte_of_zeros_without_a_stop_bit() {
    for us in [320, 500, 1_000_000] {
        let signal = LineSignal::Break { duration_ns: us * 1_000 };
        assert_eq!(heard_at(FramingError::Kept, &[(0, signal)]), [(320_000, 0x00)], "{us} us");
        assert_eq!(heard_at(FramingError::Dropped, &[(0, signal)]), [], "{us} us");
    }
}

#[test]
fn a_short_break_is_a_byte_with_a_stop_bit() {
    // The space lasts the start bit and three data bits; the line is then at mark.
    let signal = LineSignal::Break { duration_ns: 4 * BIT_TIME_NS };
    assert_eq!(heard_at(FramingError::Dropped, &[(0, signal)]), [(320_000, 0xF8)]);
}

#[test]
fn after_a_break_the_next_byte_needs_a_mark_before_it() {
    let long = LineSignal::Break { duration_ns: 500_000 };
    let with_mark = [(0, long), (501_000, LineSignal::Byte(0x90))];
    assert_eq!(heard_at(FramingError::Kept, &with_mark), [(320_000, 0), (821_000, 0x90)]);
    // Without a mark the start bit is a part of the break. The receiver takes the first fall inside
    // the byte for a start bit.
    let bits = heard(&[long, LineSignal::Byte(0x90)]);
    assert_ne!(bits, [0x00, 0x90]);
}

#[test]
fn a_byte_without_a_stop_bit_is_kept_or_lost_and_the_next_one_is_heard() {
    let signals = [(0, LineSignal::WithoutStop(0x90)), (400_000, LineSignal::Byte(0x3C))];
    assert_eq!(heard_at(FramingError::Kept, &signals), [(320_000, 0x90), (720_000, 0x3C)]);
    assert_eq!(heard_at(FramingError::Dropped, &signals), [(720_000, 0x3C)]);
}

#[test]
fn a_single_byte_at_38400_is_read_at_the_wrong_places() {
    // A bit of the sender lasts 26.04 us. The receiver looks at 48, 80, 112, 144, 176, 208, 240 and
    // 272 us: at bits 1, 3, 4, 5, 6, 7 and 9 of the sender's ten bits, 0 to 9, and at the idle line
    // after them. At the place of its stop bit, the receiver sees the idle line.
    let expected = |byte: u8| {
        let data = |bit: u8| byte >> bit & 1;
        [0, 2, 3, 4, 5, 6]
            .iter()
            .enumerate()
            .fold(0xC0, |read, (place, bit)| read | data(*bit) << place)
    };
    for byte in 0..=0xFF {
        assert_eq!(heard(&[at_38400(byte)]), [expected(byte)], "{byte:02X}");
    }
}

#[test]
fn a_note_at_38400_back_to_back_is_another_message() {
    let note = [0x90, 0x3C, 0x40].map(at_38400);
    let read = heard(&note);
    assert_ne!(read, [0x90, 0x3C, 0x40]);
    assert_eq!(read, heard(&note), "always the same");
}

#[test]
fn a_slow_sender_is_read_several_times() {
    // A byte at 1200 bit/s takes 8.3 ms: each of its falls begins a byte.
    let slow = LineSignal::AtSpeed { byte: 0x55, bits_per_second: 1_200 };
    assert_eq!(heard(&[slow]), [0x00; 5]);
}

#[test]
fn the_wire_shows_what_the_sender_sends() {
    let profile = family("fifo-chip").expect("a known family");
    let mut chip = Mpu401::new(profile, InitialState::Uart { stale: 0 });
    chip.midi_in_signal(1_000, at_38400(0x90));
    chip.midi_in_signal(0, LineSignal::Break { duration_ns: 400_000 });
    chip.advance(10_000_000);
    let seen: Vec<_> = core::iter::from_fn(|| chip.pop_wire())
        .filter(|event| event.lane == Lane::In)
        .map(|event| (event.time_ns, event.byte))
        .collect();
    assert_eq!(seen, [(1_000, 0x90), (261_417, 0x90), (261_417, 0), (661_417, 0)]);
}

#[test]
fn breaks_without_end_are_forgotten_when_they_are_over() {
    let profile = family("fifo-chip").expect("a known family");
    let mut chip = Mpu401::new(profile, InitialState::Uart { stale: 0 });
    for round in 0..4 * MIDI_IN_LIMIT as u64 {
        chip.midi_in_signal(round * 32_000, LineSignal::Break { duration_ns: 32_000 });
        chip.advance((round + 1) * 32_000);
    }
    assert_eq!(chip.counters().midi_in_refused, 0);
}

fn signal() -> impl Strategy<Value = LineSignal> {
    let speed = prop_oneof![
        2 => Just(38_400),
        1 => Just(31_250),
        2 => LINE_SPEEDS,
        1 => any::<u32>(),
    ];
    prop_oneof![
        3 => any::<u8>().prop_map(LineSignal::Byte),
        1 => any::<u8>().prop_map(LineSignal::WithoutStop),
        3 => (any::<u8>(), speed)
            .prop_map(|(byte, bits_per_second)| LineSignal::AtSpeed { byte, bits_per_second }),
        1 => (0..2_000_000_u64).prop_map(|duration_ns| LineSignal::Break { duration_ns }),
    ]
}

proptest! {
    #[test]
    fn a_sender_with_a_speed_near_the_right_one_is_understood(
        bytes in prop::collection::vec(any::<u8>(), 1..20),
        bits_per_second in 30_300..32_500_u32,
        gaps_ns in prop::collection::vec(330_500..700_000_u64, 20),
    ) {
        // MIDI 1.0 allows a sender to be 1 % too fast or too slow. A receiver that begins again
        // with each byte allows more.
        let mut start_ns = 0;
        let signals: Vec<_> = bytes.iter().zip(&gaps_ns).map(|(byte, gap_ns)| {
            let signal = (start_ns, LineSignal::AtSpeed { byte: *byte, bits_per_second });
            start_ns += gap_ns;
            signal
        }).collect();
        let read: Vec<u8> =
            heard_at(FramingError::Dropped, &signals).into_iter().map(|(_, byte)| byte).collect();
        prop_assert_eq!(read, bytes);
    }

    #[test]
    fn looking_at_each_event_hears_the_same_as_one_jump(
        signals in prop::collection::vec((0..1_000_000_u64, signal()), 1..40),
    ) {
        let profile = family("roland-firmware").expect("a known family");
        let mut stepping = Mpu401::new(profile, InitialState::Uart { stale: 0 });
        let mut now_ns = 0;
        for (pause_ns, signal) in &signals {
            now_ns += pause_ns;
            stepping.advance(now_ns);
            stepping.midi_in_signal(now_ns, *signal);
        }
        let mut jumping = stepping.clone();
        while stepping.next_event_ns() < 1_000_000_000_000 {
            stepping.advance(stepping.next_event_ns());
        }
        stepping.advance(1_000_000_000_000);
        jumping.advance(1_000_000_000_000);
        prop_assert_eq!(stepping.counters(), jumping.counters());
        prop_assert_eq!(stepping.waiting(), jumping.waiting());
        prop_assert_eq!(stepping.waiting().cable, 0);
    }
}
