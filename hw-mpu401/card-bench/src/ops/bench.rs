//! A model on a bus of its own, with a cable at each MIDI socket.
//!
//! Owns the time of a script. The actions of a script are built from what this bench can do.

use std::collections::VecDeque;

use hw_mpu401::{Lane, LineSignal, Mode, Register, WireEdge};

use super::action::OwnClocks;
use super::model::Model;

/// The MIDI clock. Source: MIDI 1.0 Detailed Specification, System Real Time.
const MIDI_CLOCK: u8 = 0xF8;

/// The longest time between two looks of the bench at the wire, in ns. So no model has to keep more
/// than the events of this time.
const WIRE_LOOK_NS: u64 = 50_000_000;

/// A model and what surrounds it.
pub(super) struct Bench<M> {
    // Configuration.
    access_ns: u64,
    // Links.
    pub model: M,
    // State.
    now_ns: u64,
    /// When a further signal on MIDI IN can begin, in ns: after the last signal, whose duration is
    /// rounded up to a whole us.
    input_until_ns: u64,
    /// Clock bytes that the host has written in UART mode and that have not left yet.
    host_clocks: u64,
    /// The start of the byte that is leaving on MIDI OUT, or of the byte that left last, in ns.
    out_start_ns: u64,
    /// Bytes that have left on MIDI OUT, and that no `wire` line has taken yet.
    sent: VecDeque<Sent>,
}

/// A byte that has left on MIDI OUT.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub byte: u8,
    /// When its start bit began, in ns since `init`.
    pub start_ns: u64,
    /// Whether this is a clock byte that the card sent by itself.
    is_own_clock: bool,
}

impl<M: Model> Bench<M> {
    /// A bench with a model at time 0.
    pub fn new(model: M, access_ns: u64) -> Self {
        Bench {
            access_ns,
            model,
            now_ns: 0,
            input_until_ns: 0,
            host_clocks: 0,
            out_start_ns: 0,
            sent: VecDeque::new(),
        }
    }

    /// The time since `init`, in ns.
    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    pub fn read(&mut self, register: Register) -> u8 {
        self.wait(self.access_ns);
        self.model.read(register, self.now_ns)
    }

    pub fn write(&mut self, register: Register, byte: u8) {
        self.wait(self.access_ns);
        if (register, byte, self.model.mode()) == (Register::Data, MIDI_CLOCK, Mode::Uart) {
            self.host_clocks += 1;
        }
        self.model.write(register, byte, self.now_ns);
    }

    pub fn wait(&mut self, time_ns: u64) {
        let end_ns = self.now_ns + time_ns;
        while self.now_ns < end_ns {
            self.now_ns = end_ns.min(self.now_ns + WIRE_LOOK_NS);
            self.model.advance(self.now_ns);
            self.fetch_sent();
        }
    }

    /// Puts signals on MIDI IN, from now on or after the signals that are still coming. A whole
    /// number of us passes from the start of a signal to the start of the next one. A byte at
    /// another speed or a break may last no whole number of us. In that case the line is idle until
    /// the next signal begins.
    pub fn midi_in(&mut self, signals: &[LineSignal]) {
        for signal in signals {
            let start_ns = self.now_ns.max(self.input_until_ns);
            self.model.midi_in_signal(start_ns, *signal);
            self.input_until_ns = start_ns + signal.duration_ns().next_multiple_of(1_000);
        }
    }

    /// Takes the bytes that have left on MIDI OUT since the last call. With [`OwnClocks::LeftOut`]
    /// the clock bytes that the card sent by itself are dropped.
    pub fn take_sent(&mut self, own_clocks: OwnClocks) -> Vec<Sent> {
        self.fetch_sent();
        let is_shown = |sent: &Sent| own_clocks == OwnClocks::Shown || !sent.is_own_clock;
        self.sent.drain(..).filter(is_shown).collect()
    }

    /// Fetches from the model the bytes that have left on MIDI OUT.
    ///
    /// Assumed: the first clock bytes that leave after the host writes F8 are the host's clock
    /// bytes.
    fn fetch_sent(&mut self) {
        while let Some(event) = self.model.pop_wire() {
            match (event.lane, event.edge) {
                (Lane::In, _) => continue,
                (Lane::Out, WireEdge::Start) => {
                    self.out_start_ns = event.time_ns;
                    continue;
                }
                (Lane::Out, WireEdge::End) => {}
            }
            let is_host_clock = event.byte == MIDI_CLOCK && self.host_clocks > 0;
            self.host_clocks -= u64::from(is_host_clock);
            let is_own_clock = event.byte == MIDI_CLOCK && !is_host_clock;
            self.sent.push_back(Sent {
                byte: event.byte,
                start_ns: self.out_start_ns,
                is_own_clock,
            });
        }
    }
}
