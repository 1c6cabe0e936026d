//! The clock that leaves out ticks, against a clock that stops at each tick.

use crate::{InitialState, Mpu401, Register, WireEvent, card};
use alloc::vec::Vec;
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
enum Step {
    Read(Register),
    Command(u8),
    Data(u8),
    MidiIn(u8),
    /// Reads DATA. If the byte is a request for an event, writes these four bytes to DATA.
    Answer([u8; 4]),
}

/// Commands that give the sequencer work. The data bytes of these commands come as separate steps.
const COMMANDS: [u8; 32] = [
    0x0A, 0x08, 0x05, 0x22, 0x20, 0x2A, 0x11, 0x8B, 0x8F, 0x95, 0x94, 0xB8, 0xB8, 0xEC, 0xE0, 0xE1,
    0xE2, 0xE4, 0xE6, 0xE7, 0xD0, 0xDF, 0x85, 0x82, 0x80, 0xA0, 0xAB, 0xC2, 0xC8, 0x01, 0x8F, 0x8E,
];

fn step() -> impl Strategy<Value = Step> {
    let byte = prop_oneof![Just(0xF8), Just(0x90), 0..0x80_u8, any::<u8>()];
    let event = prop_oneof![
        4 => (0..40_u8).prop_map(|ticks| [ticks, 0x90, 0x3C, 0x40]),
        1 => Just([0xF8; 4]),
        1 => (0..9_u8).prop_map(|ticks| [ticks, 0xFC, 0x00, 0x00]),
        1 => (0..9_u8).prop_map(|ticks| [ticks, 0xE0, 0x60, 0x00]),
    ];
    prop_oneof![
        2 => Just(Step::Read(Register::Data)),
        1 => Just(Step::Read(Register::Command)),
        3 => prop::sample::select(COMMANDS.to_vec()).prop_map(Step::Command),
        2 => byte.clone().prop_map(Step::Data),
        2 => byte.prop_map(Step::MidiIn),
        6 => event.prop_map(Step::Answer),
    ]
}

fn read(chip: &mut Mpu401, now_ns: &mut u64) -> u8 {
    *now_ns += 1_000;
    chip.read(Register::Data, *now_ns)
}

fn write(chip: &mut Mpu401, register: Register, byte: u8, now_ns: &mut u64) {
    *now_ns += 300_000;
    chip.write(register, byte, *now_ns);
}

/// Does a step. Returns the byte that the step has read or 0, the interrupt line, the time after
/// the step, and the wire events.
fn run(chip: &mut Mpu401, step: Step, mut now_ns: u64) -> (u8, bool, u64, Vec<WireEvent>) {
    chip.advance(now_ns);
    let mut byte = 0;
    match step {
        Step::Read(register) => byte = chip.read(register, now_ns),
        Step::Command(command) => {
            write(chip, Register::Command, command, &mut now_ns);
            now_ns += 300_000;
            byte = read(chip, &mut now_ns);
        }
        Step::Data(data) => write(chip, Register::Data, data, &mut now_ns),
        Step::MidiIn(data) => chip.midi_in(now_ns, data),
        Step::Answer(event) => {
            byte = read(chip, &mut now_ns);
            if matches!(byte, 0xF0..=0xF7 | 0xF9) {
                event.into_iter().for_each(|byte| write(chip, Register::Data, byte, &mut now_ns));
            }
        }
    }
    chip.advance(now_ns);
    let wire = core::iter::from_fn(|| chip.pop_wire()).collect();
    (byte, chip.interrupt_line(), now_ns, wire)
}

proptest! {
    #[test]
    fn ticks_that_are_left_out_would_have_changed_nothing(
        tracks in any::<u8>(),
        steps in prop::collection::vec((0..60_000_000_u64, step()), 0..120),
    ) {
        let profile = card("roland-mpu401").expect("a known card");
        let mut leaping = Mpu401::new(profile, InitialState::Idle);
        let mut walking = Mpu401::new(profile, InitialState::Idle);
        walking.stop_at_every_tick();
        let prelude = [
            Step::Command(0xEC), Step::Data(tracks), Step::Command(0xB8), Step::Command(0x0A),
        ];
        let prelude = prelude.map(|step| (1_000_000, step));
        let mut now_ns = 0;
        for (pause_ns, step) in prelude.into_iter().chain(steps) {
            now_ns += pause_ns;
            let leapt = run(&mut leaping, step, now_ns);
            let walked = run(&mut walking, step, now_ns);
            now_ns = leapt.2;
            prop_assert_eq!(leapt, walked);
            prop_assert_eq!(leaping.counters(), walking.counters());
            prop_assert_eq!(leaping.pop_click(), walking.pop_click());
        }
    }
}
