//! What is true for every card and any accesses at any times.

use crate::fifo_sequencer;
use hw_mpu401::{
    CardProfile, CardTiming, Counters, Fault, InitialState, Lane, MIDI_IN_LIMIT, Mpu401, Register,
    ResetAck, SentByte, WIRE_LIMIT, WireEdge, WireEvent, card, cards,
};
use proptest::prelude::*;
use std::sync::LazyLock;

/// The built-in cards, and a card that no built-in card is like.
static PROFILES: LazyLock<Vec<CardProfile>> =
    LazyLock::new(|| cards().iter().cloned().chain([fifo_sequencer::profile()]).collect());

#[derive(Debug, Clone, Copy)]
enum Step {
    Read(Register),
    Write(Register, u8),
    MidiIn(u64, u8),
    Advance,
    Hold(u64),
    HangNotes(u32),
    LoseAcks(u32),
}

fn register() -> impl Strategy<Value = Register> {
    prop_oneof![Just(Register::Data), Just(Register::Command)]
}

/// Times in ns that are usual in drivers: an access, a byte, a busy time. Sometimes any time.
fn pause_ns() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 0..2_000_u64,
        4 => 0..400_000_u64,
        2 => 0..80_000_000_u64,
        1 => any::<u64>(),
    ]
}

/// Resets, changes of mode, any commands, and commands that give a sequencer work.
fn command() -> impl Strategy<Value = u8> {
    let busy = prop::sample::select(vec![
        0x0A, 0x08, 0x05, 0x22, 0x20, 0x2A, 0x11, 0x8B, 0x8F, 0x95, 0xB8, 0xB8, 0xEC, 0xEC, 0xE0,
        0xE1, 0xE2, 0xE7, 0xD0, 0xDF, 0x97, 0x37, 0x85, 0x82, 0x80, 0xA0, 0xAF,
    ]);
    prop_oneof![1 => Just(0xFF), 1 => Just(0x3F), 3 => any::<u8>(), 8 => busy]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => register().prop_map(Step::Read),
        4 => any::<u8>().prop_map(|byte| Step::Write(Register::Data, byte)),
        2 => command().prop_map(|byte| Step::Write(Register::Command, byte)),
        2 => (pause_ns(), any::<u8>()).prop_map(|(ahead_ns, byte)| Step::MidiIn(ahead_ns, byte)),
        1 => Just(Step::Advance),
        1 => pause_ns().prop_map(Step::Hold),
        1 => (0..4_u32).prop_map(Step::HangNotes),
        1 => (0..4_u32).prop_map(Step::LoseAcks),
    ]
}

fn initial() -> impl Strategy<Value = InitialState> {
    prop_oneof![
        Just(InitialState::PowerOn),
        Just(InitialState::Idle),
        any::<u8>().prop_map(|stale| InitialState::Uart { stale }),
    ]
}

fn timing() -> impl Strategy<Value = CardTiming> {
    prop_oneof![
        3 => Just(CardTiming::Typical),
        1 => Just(CardTiming::Shortest),
        1 => Just(CardTiming::Longest),
        2 => any::<u64>().prop_map(CardTiming::Seeded),
    ]
}

/// Starts play and record of a card in intelligent mode. Then come the accesses of a host of the
/// sequencer; some accesses are wrong.
fn talk() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let data = prop_oneof![
        Just(0x00),
        Just(0x01),
        Just(0xF8),
        Just(0xFC),
        Just(0x90),
        0..0x80_u8,
        any::<u8>()
    ];
    let step = prop_oneof![
        6 => data.prop_map(|byte| Step::Write(Register::Data, byte)),
        5 => Just(Step::Read(Register::Data)),
        1 => Just(Step::Read(Register::Command)),
        1 => command().prop_filter("modes stay", |byte| *byte != 0xFF && *byte != 0x3F)
            .prop_map(|byte| Step::Write(Register::Command, byte)),
        2 => (0..2_000_000_u64, any::<u8>())
            .prop_map(|(ahead_ns, byte)| Step::MidiIn(ahead_ns, byte)),
        1 => Just(Step::Advance),
    ];
    let pause_ns = prop_oneof![6 => 0..400_000_u64, 2 => 0..6_000_000_u64, 1 => 0..400_000_000_u64];
    (any::<u8>(), prop::collection::vec((pause_ns, step), 0..150)).prop_map(|(tracks, steps)| {
        let command = |byte| [Step::Write(Register::Command, byte), Step::Read(Register::Data)];
        let setting = [Step::Write(Register::Data, tracks), Step::Advance];
        [command(0xEC), setting, command(0xB8), command(0x95), command(0x8B), command(0x2A)]
            .into_iter()
            .flatten()
            .map(|step| (500_000, step))
            .chain(steps)
            .collect()
    })
}

fn apply(chip: &mut Mpu401, step: Step, now_ns: u64) -> u8 {
    match step {
        Step::Read(register) => return chip.read(register, now_ns),
        Step::Write(register, byte) => chip.write(register, byte, now_ns),
        Step::MidiIn(ahead_ns, byte) => {
            chip.advance(now_ns);
            chip.midi_in(now_ns.saturating_add(ahead_ns), byte);
        }
        Step::Advance => chip.advance(now_ns),
        Step::Hold(duration_ns) => {
            chip.advance(now_ns);
            chip.hold_midi(now_ns.saturating_add(duration_ns));
        }
        Step::HangNotes(bytes) => {
            chip.advance(now_ns);
            chip.inject(Fault::HangingNote, bytes);
        }
        Step::LoseAcks(acks) => {
            chip.advance(now_ns);
            chip.inject(Fault::AckLost, acks);
        }
    }
    0
}

fn assert_sums(chip: &Mpu401) {
    let Counters { data_writes, command_writes, accepted, commands, .. } = chip.counters();
    let counters = chip.counters();
    let waiting = chip.waiting();
    assert_eq!(
        data_writes + command_writes,
        accepted
            + commands
            + counters.parameters
            + counters.ignored
            + counters.overwritten
            + waiting.host as u64,
        "{counters:?}"
    );
    assert_eq!(
        accepted + counters.generated + counters.played + counters.thru,
        counters.sent + counters.dropped_by_reset + waiting.output as u64,
        "{counters:?}"
    );
    assert_eq!(
        counters.received + counters.inserted,
        counters.delivered
            + counters.rx_overrun
            + counters.lost_in_busy
            + counters.unheard
            + counters.misframed
            + counters.input_cleared
            + waiting.input as u64,
        "{counters:?}"
    );
}

proptest! {
    #[test]
    fn every_byte_is_accounted_for(
        card_number in 0..PROFILES.len(),
        initial in initial(),
        timing in timing(),
        steps in prop::collection::vec((pause_ns(), step()), 0..200),
    ) {
        let mut chip = Mpu401::with_timing(&PROFILES[card_number], initial, timing);
        let mut now_ns = 0_u64;
        let mut given = 0;
        let mut last_event_ns = 0;
        for (pause_ns, step) in steps {
            now_ns = now_ns.saturating_add(pause_ns);
            given += u64::from(matches!(step, Step::MidiIn(..)));
            apply(&mut chip, step, now_ns);
            assert_sums(&chip);
            let counters = chip.counters();
            let cable = chip.waiting().cable as u64;
            prop_assert_eq!(given, counters.received + cable + counters.midi_in_refused);
            while let Some(event) = chip.pop_wire() {
                prop_assert!(event.time_ns >= last_event_ns && event.time_ns <= now_ns);
                last_event_ns = event.time_ns;
            }
        }
    }

    #[test]
    fn going_from_event_to_event_shows_the_same_as_jumping(
        card_number in 0..PROFILES.len(),
        initial in initial(),
        timing in timing(),
        steps in prop::collection::vec((0..3_000_000_u64, step()), 0..100),
    ) {
        let mut jumping = Mpu401::with_timing(&PROFILES[card_number], initial, timing);
        let mut stepping = Mpu401::with_timing(&PROFILES[card_number], initial, timing);
        let mut now_ns = 0;
        for (pause_ns, step) in steps {
            now_ns += pause_ns;
            let mut line = stepping.interrupt_line();
            while stepping.next_event_ns() < now_ns {
                let event_ns = stepping.next_event_ns();
                stepping.advance(event_ns - 1);
                prop_assert_eq!(stepping.interrupt_line(), line, "no change between events");
                stepping.advance(event_ns);
                line = stepping.interrupt_line();
            }
            let jumped = apply(&mut jumping, step, now_ns);
            prop_assert_eq!(jumped, apply(&mut stepping, step, now_ns));
            prop_assert_eq!(jumping.interrupt_line(), stepping.interrupt_line());
            prop_assert_eq!(jumping.next_event_ns(), stepping.next_event_ns());
            prop_assert_eq!(jumping.last_access_note(), stepping.last_access_note());
            prop_assert_eq!(wire(&mut jumping), wire(&mut stepping));
            prop_assert_eq!(jumping.counters(), stepping.counters());
        }
    }

    #[test]
    fn a_talk_with_the_sequencer_shows_the_same_in_small_steps_and_at_once(
        card_number in 0..PROFILES.len(),
        steps in talk(),
    ) {
        let mut jumping = Mpu401::new(&PROFILES[card_number], InitialState::Idle);
        let mut stepping = Mpu401::new(&PROFILES[card_number], InitialState::Idle);
        let mut now_ns = 0;
        for (pause_ns, step) in steps {
            let before_ns = now_ns;
            now_ns += pause_ns;
            for part in 1..=16 {
                let event_ns = stepping.next_event_ns();
                prop_assert!(event_ns > before_ns + pause_ns * (part - 1) / 16);
                let line = stepping.interrupt_line();
                let until_ns = before_ns + pause_ns * part / 16;
                if event_ns > until_ns {
                    stepping.advance(until_ns);
                    prop_assert_eq!(stepping.interrupt_line(), line, "no change between events");
                } else {
                    stepping.advance(event_ns);
                    stepping.advance(until_ns);
                }
            }
            prop_assert_eq!(apply(&mut jumping, step, now_ns), apply(&mut stepping, step, now_ns));
            prop_assert_eq!(jumping.interrupt_line(), stepping.interrupt_line());
            prop_assert_eq!(jumping.status(), stepping.status());
            prop_assert_eq!(jumping.next_event_ns(), stepping.next_event_ns());
            prop_assert_eq!(wire(&mut jumping), wire(&mut stepping));
            prop_assert_eq!(jumping.counters(), stepping.counters());
            prop_assert_eq!(jumping.pop_click(), stepping.pop_click());
            assert_sums(&jumping);
            let has_data = jumping.status().has_data();
            prop_assert_eq!(jumping.interrupt_line(), has_data, "the line follows the latch");
        }
    }

    #[test]
    fn a_clone_is_the_same_chip_and_what_it_tells_is_what_comes(
        card_number in 0..PROFILES.len(),
        initial in initial(),
        timing in timing(),
        steps in prop::collection::vec((pause_ns(), step()), 0..60),
    ) {
        let mut chip = Mpu401::with_timing(&PROFILES[card_number], initial, timing);
        let mut copied = chip.clone();
        let mut now_ns = 0_u64;
        for (pause_ns, step) in steps {
            now_ns = now_ns.saturating_add(pause_ns);
            let mut later = copied.clone();
            later.advance(now_ns);
            let told = later.state();
            prop_assert_eq!(told.status, later.status());
            later.advance(now_ns.saturating_add(pause_ns));
            prop_assert_eq!(copied.state(), chip.state(), "a look changes nothing");
            prop_assert_eq!(apply(&mut chip, step, now_ns), apply(&mut copied, step, now_ns));
            copied = copied.clone();
            prop_assert_eq!(copied.state(), chip.state());
            prop_assert_eq!(copied.next_change_ns(), chip.next_change_ns());
            prop_assert_eq!(wire(&mut copied), wire(&mut chip));
            prop_assert_eq!(copied.pop_click(), chip.pop_click());
        }
    }

    #[test]
    fn what_is_told_of_the_ports_is_what_the_next_access_meets(
        card_number in 0..PROFILES.len(),
        initial in initial(),
        steps in prop::collection::vec((pause_ns(), step()), 0..60),
    ) {
        let mut chip = Mpu401::new(&PROFILES[card_number], initial);
        let mut now_ns = 0_u64;
        for (pause_ns, step) in steps {
            now_ns = now_ns.saturating_add(pause_ns);
            chip.advance(now_ns);
            let told = chip.state();
            prop_assert_eq!(told.from_host.is_some(), chip.waiting().host == 1);
            prop_assert_eq!(told.to_host.is_some(), told.status.has_data());
            match step {
                Step::Read(Register::Data) => {
                    prop_assert_eq!(apply(&mut chip, step, now_ns), told.data);
                }
                Step::Read(Register::Command) => {
                    prop_assert_eq!(apply(&mut chip, step, now_ns), told.status.bits());
                }
                _ => { apply(&mut chip, step, now_ns); }
            }
        }
    }

    #[test]
    fn a_status_read_changes_nothing_and_a_line_that_is_up_means_data(
        card_number in 0..PROFILES.len(),
        initial in initial(),
        timing in timing(),
        steps in prop::collection::vec((pause_ns(), step()), 0..100),
    ) {
        let mut chip = Mpu401::with_timing(&PROFILES[card_number], initial, timing);
        let mut now_ns = 0_u64;
        for (pause_ns, step) in steps {
            now_ns = now_ns.saturating_add(pause_ns);
            apply(&mut chip, step, now_ns);
            let first = chip.read(Register::Command, now_ns);
            let line = chip.interrupt_line();
            prop_assert_eq!(chip.read(Register::Command, now_ns), first);
            prop_assert_eq!(chip.interrupt_line(), line);
            let may_be_quiet =
                PROFILES[card_number].behaviour.ack_reset_in_uart == ResetAck::WithoutInterrupt;
            let has_data = first & 0x80 == 0;
            prop_assert!(line == has_data || (may_be_quiet && has_data));
        }
    }
}

proptest! {
    #[test]
    fn sent_bytes_are_those_whose_stop_bit_has_ended_on_midi_out(
        card_number in 0..PROFILES.len(),
        initial in initial(),
        steps in prop::collection::vec((0..3_000_000_u64, step(), 0..4_u8), 0..200),
    ) {
        let mut edges = Mpu401::new(&PROFILES[card_number], initial);
        let mut bytes = Mpu401::new(&PROFILES[card_number], initial);
        let mut now_ns = 0;
        for (pause_ns, step, looks) in steps {
            now_ns += pause_ns;
            apply(&mut edges, step, now_ns);
            apply(&mut bytes, step, now_ns);
            if looks == 0 {
                continue;
            }
            let is_end =
                |event: &WireEvent| (event.lane, event.edge) == (Lane::Out, WireEdge::End);
            let as_sent =
                |event: WireEvent| SentByte { start_ns: event.time_ns - 320_000, byte: event.byte };
            let ended: Vec<_> =
                wire(&mut edges).into_iter().filter(is_end).map(as_sent).collect();
            let mut sent = Vec::new();
            if looks == 1 {
                // A caller may also fetch a single wire event in between.
                sent.extend(bytes.pop_wire().filter(is_end).map(as_sent));
            }
            sent.extend(std::iter::from_fn(|| bytes.pop_sent()));
            prop_assert_eq!(sent, ended);
        }
        prop_assert_eq!(bytes.counters().sent, edges.counters().sent);
    }
}

fn wire(chip: &mut Mpu401) -> Vec<WireEvent> {
    std::iter::from_fn(|| chip.pop_wire()).collect()
}

#[test]
fn a_time_in_the_past_is_taken_as_the_latest_one_seen() {
    let mut chip = Mpu401::new(&cards()[0], InitialState::Uart { stale: 0 });
    chip.read(Register::Command, 1_000_000);
    chip.write(Register::Data, 0xF8, 0);
    assert_eq!(chip.next_event_ns(), 1_112_000);
}

#[test]
fn the_end_of_time_is_reached_without_a_hang_or_an_overflow() {
    for profile in cards() {
        let mut chip = Mpu401::new(profile, InitialState::PowerOn);
        chip.midi_in(u64::MAX, 0x90);
        chip.advance(u64::MAX - 1);
        chip.write(Register::Command, 0xFF, u64::MAX);
        chip.write(Register::Data, 0x90, u64::MAX);
        chip.read(Register::Data, u64::MAX);
        assert_sums(&chip);
    }
}

#[test]
fn clocks_that_nobody_looked_at_are_counted_and_the_latest_ones_stay() {
    let profile = card("roland-mpu401").expect("known");
    let mut chip = Mpu401::new(profile, InitialState::Idle);
    chip.advance(3_600_000_000_000 + 1_000_000);
    let counters = chip.counters();
    assert_eq!(counters.sent, 3_600 * 40);
    assert_eq!(counters.wire_dropped, 2 * counters.sent - WIRE_LIMIT as u64);
    let events = wire(&mut chip);
    assert_eq!(events.len(), WIRE_LIMIT);
    assert_eq!(events.last().map(|event| event.time_ns), Some(3_600_000_320_000));
}

#[test]
fn the_queue_before_midi_in_has_a_limit() {
    let mut chip = Mpu401::new(&cards()[0], InitialState::Uart { stale: 0 });
    for _ in 0..MIDI_IN_LIMIT + 3 {
        chip.midi_in(1_000_000, 0xF8);
    }
    assert_eq!(chip.counters().midi_in_refused, 3);
    assert_eq!(chip.waiting().cable, MIDI_IN_LIMIT);
}
