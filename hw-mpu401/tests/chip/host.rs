//! A host of the sequencer: it polls, and answers at once.

use crate::bus::Bus;
use hw_mpu401::{CardTiming, InitialState};
use std::ops::{Deref, DerefMut};

/// A card with a sequencer, in intelligent mode, and its host.
pub struct Host(pub Bus);

impl Deref for Host {
    type Target = Bus;

    fn deref(&self) -> &Bus {
        &self.0
    }
}

impl DerefMut for Host {
    fn deref_mut(&mut self) -> &mut Bus {
        &mut self.0
    }
}

impl Host {
    /// The host of a Roland unit in intelligent mode, long after a reset.
    pub fn new() -> Self {
        Self::with_timing(CardTiming::Typical)
    }

    /// The host of a Roland unit with these latencies, in intelligent mode, long after a reset.
    pub fn with_timing(timing: CardTiming) -> Self {
        Self(Bus::with_timing("roland-mpu401", InitialState::Idle, timing))
    }

    /// Writes a command and reads its ACK.
    pub fn command(&mut self, command: u8) {
        self.poll(0x40, 100_000, 0).expect("room for the command");
        self.write_command(command);
        assert_eq!(self.next_byte(), 0xFE, "{command:02X}");
    }

    /// Writes a data byte when there is room.
    pub fn give(&mut self, byte: u8) {
        self.poll(0x40, 100_000, 0).expect("room for the byte");
        self.write_data(byte);
    }

    /// Writes a command with its data byte.
    pub fn set(&mut self, command: u8, data: u8) {
        self.command(command);
        self.give(data);
    }

    /// Writes a command, reads its ACK, and returns the answer.
    pub fn ask(&mut self, command: u8) -> u8 {
        self.command(command);
        self.next_byte()
    }

    /// Waits up to 3 s for the next byte of the unit.
    pub fn next_byte(&mut self) -> u8 {
        self.poll(0x80, 3_000_000, 0).expect("a byte of the unit");
        self.data()
    }

    /// Waits for the next bytes of the unit.
    pub fn next_bytes<const COUNT: usize>(&mut self) -> [u8; COUNT] {
        std::array::from_fn(|_| self.next_byte())
    }

    /// Reads this request and answers it with these bytes. Returns when the host read the request,
    /// in us.
    pub fn answer(&mut self, request: u8, bytes: &[u8]) -> u64 {
        assert_eq!(self.next_byte(), request);
        let now_us = self.now_us();
        for byte in bytes {
            self.give(*byte);
        }
        now_us
    }

    /// Whether the unit gives no byte for this time.
    pub fn is_silent_for_us(&mut self, duration_us: u64) -> bool {
        self.poll(0x80, duration_us as u32, 0).is_err()
    }

    /// Fetches the bytes that have begun on MIDI OUT, except F8, with their times in us.
    pub fn played(&mut self) -> Vec<(u64, u8)> {
        self.sent().into_iter().filter(|(_, byte)| *byte != 0xF8).collect()
    }

    /// Fetches the bytes that have begun on MIDI OUT, except F8, without their times.
    pub fn played_bytes(&mut self) -> Vec<u8> {
        self.played().into_iter().map(|(_, byte)| byte).collect()
    }

    /// Fetches the bytes that have begun on MIDI OUT, and returns the times of the F8s, in us.
    pub fn clocks(&mut self) -> Vec<u64> {
        let sent = self.sent().into_iter();
        sent.filter(|(_, byte)| *byte == 0xF8).map(|(time_us, _)| time_us).collect()
    }

    /// Sends bytes into MIDI IN back to back from now on, and waits until they have arrived.
    pub fn hear(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0.chip.midi_in(self.0.now_ns, *byte);
        }
        self.wait_us(bytes.len() as u64 * 320);
    }

    /// Starts play of these tracks.
    pub fn start(&mut self, tracks: u8) {
        self.set(0xEC, tracks);
        self.command(0xB8);
        self.command(0x0A);
    }
}
