//! A register script on cards with a fault.
//!
//! A card with a fault is a wrapper around the chip. Any test can write such a wrapper.

use hw_mpu401::{
    Control, Corruption, InitialState, InterruptCauses, Lane, LineSignal, Mode, Mpu401, Register,
    WireEvent, card,
};
use mpu401_card_bench::ops::{Model, Script, Verdict, run_on};

/// What is wrong with a card.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nothing.
    None,
    /// The card is no longer on the bus: a bit of an empty bus reads as 1.
    Removed,
    /// STATUS always says that the card takes no byte, and the card takes no byte.
    DrrStuck,
    /// STATUS always says that a byte waits.
    DsrStuck,
    /// Every ACK gets lost.
    AckLost,
    /// A MIDI IN byte comes before every ACK.
    MidiFirst,
    /// The interrupt line is cut.
    IrqDead,
    /// The interrupt line is stuck high.
    IrqStuck,
}

const FAULTS: [(&str, Fault); 8] = [
    ("sound", Fault::None),
    ("removed", Fault::Removed),
    ("drr-stuck", Fault::DrrStuck),
    ("dsr-stuck", Fault::DsrStuck),
    ("ack-lost", Fault::AckLost),
    ("midi-first", Fault::MidiFirst),
    ("irq-dead", Fault::IrqDead),
    ("irq-stuck", Fault::IrqStuck),
];

struct Broken {
    fault: Fault,
    chip: Mpu401,
    /// A byte that comes before the next byte of the chip.
    front: Option<u8>,
}

impl Broken {
    fn new(fault: Fault, initial: InitialState) -> Self {
        let profile = card("smsc-superio").expect("a known card");
        Broken { fault, chip: Mpu401::new(profile, initial), front: None }
    }
}

impl Model for Broken {
    fn read(&mut self, register: Register, now_ns: u64) -> u8 {
        if self.fault == Fault::Removed {
            return 0xFF;
        }
        if register == Register::Data
            && let Some(byte) = self.front.take()
        {
            return byte;
        }
        let value = self.chip.read(register, now_ns);
        match (register, self.fault) {
            (Register::Command, Fault::DrrStuck) => value | 0x40,
            (Register::Command, Fault::DsrStuck) => value & 0x7F,
            _ => value,
        }
    }

    fn write(&mut self, register: Register, value: u8, now_ns: u64) {
        if matches!(self.fault, Fault::Removed | Fault::DrrStuck) {
            return;
        }
        self.chip.write(register, value, now_ns);
        match (register, self.fault) {
            (Register::Command, Fault::AckLost) => {
                self.chip.read(Register::Data, now_ns);
            }
            (Register::Command, Fault::MidiFirst) => self.front = Some(0x90),
            _ => {}
        }
    }

    fn advance(&mut self, now_ns: u64) {
        self.chip.advance(now_ns);
    }

    fn midi_in_signal(&mut self, start_ns: u64, signal: LineSignal) {
        self.chip.midi_in_signal(start_ns, signal);
    }

    fn control(&mut self, control: Control, now_ns: u64) {
        self.chip.control(control, now_ns);
    }

    fn corrupt(&mut self, lane: Lane, corruption: Corruption) {
        self.chip.corrupt(lane, corruption);
    }

    fn hold_midi(&mut self, until_ns: u64) {
        self.chip.hold_midi(until_ns);
    }

    fn inject(&mut self, fault: hw_mpu401::Fault, bytes: u32) {
        self.chip.inject(fault, bytes);
    }

    fn interrupt_line(&self) -> bool {
        match self.fault {
            Fault::Removed | Fault::IrqDead => false,
            Fault::IrqStuck => true,
            _ => self.chip.interrupt_line(),
        }
    }

    fn interrupt_causes(&self) -> InterruptCauses {
        self.chip.interrupt_causes()
    }

    fn pop_wire(&mut self) -> Option<WireEvent> {
        self.chip.pop_wire()
    }

    fn mode(&self) -> Mode {
        self.chip.mode()
    }
}

#[test]
fn drivers_meet_what_the_script_says_in_a_broken_card() {
    let names = FAULTS.map(|(name, _)| name);
    let script = Script::parse_for("broken.ops", include_str!("broken.ops"), &names);
    let script = script.unwrap_or_else(|error| panic!("{error}"));
    for (name, fault) in FAULTS {
        let report = run_on(&script, name, 1_000, |initial| Broken::new(fault, initial));
        assert_eq!(report.verdict(), Verdict::Passed, "{report}");
    }
}
