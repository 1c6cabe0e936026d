//! The simplest host.
//!
//! Each access of the host takes one microsecond. The host polls as drivers do.

use hw_mpu401::{CardTiming, InitialState, Lane, Mpu401, Register, WireEdge, card};

/// A card and the time, which goes on with each access.
pub struct Bus {
    pub chip: Mpu401,
    pub now_ns: u64,
}

/// A poll that reached its limit.
#[derive(Debug, PartialEq, Eq)]
pub struct TimedOut;

impl Bus {
    /// This card, in this state, at time 0.
    pub fn new(name: &str, initial: InitialState) -> Self {
        Self::with_timing(name, initial, CardTiming::Typical)
    }

    /// This card with these latencies, in this state, at time 0.
    pub fn with_timing(name: &str, initial: InitialState, timing: CardTiming) -> Self {
        let profile = card(name).expect("a known card");
        Self { chip: Mpu401::with_timing(profile, initial, timing), now_ns: 0 }
    }

    /// Reads STATUS: `R S` in a register script.
    pub fn status(&mut self) -> u8 {
        self.now_ns += 1_000;
        self.chip.read(Register::Command, self.now_ns)
    }

    /// Reads DATA: `R D` in a register script.
    pub fn data(&mut self) -> u8 {
        self.now_ns += 1_000;
        self.chip.read(Register::Data, self.now_ns)
    }

    /// Writes DATA: `W D` in a register script.
    pub fn write_data(&mut self, byte: u8) {
        self.now_ns += 1_000;
        self.chip.write(Register::Data, byte, self.now_ns);
    }

    /// Writes COMMAND: `W C` in a register script.
    pub fn write_command(&mut self, byte: u8) {
        self.now_ns += 1_000;
        self.chip.write(Register::Command, byte, self.now_ns);
    }

    /// Polls STATUS until the bits of `mask` are clear: `P S mask 00 times pause` in a register
    /// script.
    pub fn poll(&mut self, mask: u8, times: u32, pause_us: u64) -> Result<(), TimedOut> {
        for _ in 0..times {
            if self.status() & mask == 0 {
                return Ok(());
            }
            self.wait_us(pause_us);
        }
        Err(TimedOut)
    }

    /// Lets time pass. The chip learns of it at the next access.
    pub fn wait_us(&mut self, duration_us: u64) {
        self.now_ns += duration_us * 1_000;
    }

    /// The time in us.
    pub fn now_us(&self) -> u64 {
        self.now_ns / 1_000
    }

    /// Fetches the bytes that have begun on MIDI OUT since the last fetch, with their times in us.
    pub fn sent(&mut self) -> Vec<(u64, u8)> {
        self.chip.advance(self.now_ns);
        std::iter::from_fn(|| self.chip.pop_wire())
            .filter(|event| event.lane == Lane::Out && event.edge == WireEdge::Start)
            .map(|event| (event.time_ns / 1_000, event.byte))
            .collect()
    }

    /// Fetches the bytes as [`sent`](Self::sent) does, without their times.
    pub fn sent_bytes(&mut self) -> Vec<u8> {
        self.sent().into_iter().map(|(_, byte)| byte).collect()
    }
}

/// UART mode; the last byte that the host read was the ACK of 3F.
pub const UART: InitialState = InitialState::Uart { stale: 0xFE };
