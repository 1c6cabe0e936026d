//! Faults of bytes on their way to a card: late, dropped, repeated, garbled.
//!
//! This file asks the kernel's oracle what happens to each byte. `CardFaults` asks about the
//! driver's writes, holds the late ones, and exists only while there is an oracle. `send_into` asks
//! about the bytes into MIDI IN. The chip never knows of faults: it gets each byte when the byte
//! arrives.

use std::collections::VecDeque;

use hw_mpu401::{LineSignal, Mpu401, Register, Status};
use portcls_emulator::Kernel;
use portcls_emulator::choice::{Choice, Fate};

use crate::cable::Sender;

/// How late a byte is, in ns: a little more than the time of three MIDI bytes, so that bytes of the
/// other direction can come first.
const LATE_BY_NS: u64 = 1_000_000;

/// The bit that is inverted in a garbled byte.
const GARBLED_BIT: u8 = 0x01;

/// The most writes that can be on their way to a card at once; further writes of the driver are
/// lost.
const WRITES_ON_THE_WAY: usize = 64;

/// A write on its way.
struct LateWrite {
    due_ns: u64,
    register: Register,
    value: u8,
}

/// The way from the bus into the chip, for a kernel with an oracle.
pub(crate) struct CardFaults {
    kernel: Kernel,
    /// The writes in the order in which the driver made them: no write overtakes another write.
    late: VecDeque<LateWrite>,
}

impl CardFaults {
    /// A way without late bytes.
    pub fn new(kernel: &Kernel) -> Box<CardFaults> {
        Box::new(CardFaults { kernel: kernel.clone(), late: VecDeque::new() })
    }

    /// Takes a write of the driver. Returns the byte for the chip, if the chip gets a byte at once.
    pub fn write(
        &mut self,
        chip: &mut Mpu401,
        register: Register,
        value: u8,
        now_ns: u64,
    ) -> Option<u8> {
        chip.advance(now_ns);
        let (value, due_ns, copies) = match self.kernel.choose(Choice::ByteToCard) {
            Fate::Whole => (value, now_ns, 1),
            Fate::Late => (value, now_ns + LATE_BY_NS, 1),
            Fate::Dropped => return None,
            Fate::Repeated => (value, now_ns, 2),
            Fate::Garbled => (value ^ GARBLED_BIT, now_ns, 1),
        };
        for _ in 0..copies {
            if self.late.len() < WRITES_ON_THE_WAY {
                self.late.push_back(LateWrite { due_ns, register, value });
            }
        }
        if self.late.len() != copies || due_ns != now_ns {
            return None;
        }
        // A write that waits for no other write arrives at once, even if the chip cannot take it.
        self.late.pop_front();
        Some(value)
    }

    /// Lets due writes arrive in a chip whose time is `now_ns`. Data waits while the chip is busy,
    /// unless nothing in the chip will change any more.
    pub fn arrive(&mut self, chip: &mut Mpu401, now_ns: u64) {
        while let Some(write) = self.late.front_mut().filter(|write| write.due_ns <= now_ns) {
            let is_busy = write.register == Register::Data && chip.status().contains(Status::DRR);
            let change_ns = chip.next_change_ns();
            if is_busy && change_ns != u64::MAX {
                write.due_ns = change_ns.max(now_ns + 1);
                return;
            }
            chip.write(write.register, write.value, now_ns);
            self.late.pop_front();
        }
    }

    /// How many writes are on their way.
    pub fn late_writes(&self) -> usize {
        self.late.len()
    }

    /// True when no write is on its way.
    pub fn is_empty(&self) -> bool {
        self.late.is_empty()
    }

    /// When the next write arrives, in ns; `u64::MAX` for never.
    pub fn next_ns(&self) -> u64 {
        self.late.front().map_or(u64::MAX, |write| write.due_ns)
    }

    /// Forgets the writes on their way, for example when the power goes.
    pub fn clear(&mut self) {
        self.late.clear();
    }
}

/// Puts a byte of this sender on MIDI IN with its start bit at `start_ns`, unless the oracle
/// chooses a fault for it.
pub(crate) fn send_into(
    kernel: &Kernel,
    chip: &mut Mpu401,
    start_ns: u64,
    sender: Sender,
    byte: u8,
) {
    let mut send = |start_ns, byte| {
        let signal = match sender {
            Sender::Sound => LineSignal::Byte(byte),
            Sender::WithoutStop => LineSignal::WithoutStop(byte),
            Sender::AtSpeed(bits_per_second) => LineSignal::AtSpeed { byte, bits_per_second },
        };
        chip.midi_in_signal(start_ns, signal);
    };
    match kernel.choose(Choice::ByteToInput) {
        Fate::Whole => send(start_ns, byte),
        Fate::Late => send(start_ns.max(kernel.now_ns()) + LATE_BY_NS, byte),
        Fate::Dropped => {}
        Fate::Repeated => {
            send(start_ns, byte);
            send(start_ns, byte);
        }
        Fate::Garbled => send(start_ns, byte ^ GARBLED_BIT),
    }
}
