//! The parts of a card that its firmware works on, and the time.
//!
//! The sequencer and the main loop get these parts, and never the chip. So the sequencer and the
//! main loop know nothing of the stream, of the MIDI IN cable, or of the caller. Some work on
//! several parts needs no firmware. That work is here, in `host_port` (an access), in `main_loop`
//! (the next step) and in `after_reset` (the unit's own output).

use crate::answers::{Fifos, HostPort, TxWhileBusy};
use crate::control::Controls;
use crate::corruption::Corruptor;
use crate::counters::Counters;
use crate::input::Input;
use crate::interrupt::Line;
use crate::latches::{self, HostLatches};
use crate::own_output::OwnOutput;
use crate::reply::{AfterReply, Reply, ReplyKind};
use crate::rules::Rules;
use crate::spec::Mode;
use crate::transmitter::Transmitter;
use crate::unit::Unit;

/// The parts.
#[derive(Clone)]
#[repr(C)]
pub(crate) struct Parts {
    /// The latest time seen.
    now_ns: u64,
    pub(crate) latches: HostLatches,
    pub(crate) transmitter: Transmitter,
    pub(crate) unit: Unit,
    pub(crate) input: Input,
    pub(crate) own_output: OwnOutput,
    pub(crate) counters: Counters,
    /// What the rest of the card has set.
    pub(crate) controls: Controls,
    /// What the interrupt line does until the next action of a part.
    pub(crate) line: Line,
    /// The last command that the host wrote; 0 before the first command.
    pub(crate) last_command: u8,
    /// The fault of MIDI OUT.
    pub(crate) out_fault: Corruptor,
    pub(crate) rules: Rules,
}

/// Bytes of [`Parts`] that nearly every access touches.
pub(crate) const HOT_BYTES: usize = core::mem::offset_of!(Parts, latches) + latches::HOT_BYTES;

impl Parts {
    /// Parts in which nothing has happened before `now_ns`.
    pub(crate) fn new(now_ns: u64, rules: Rules, latches: HostLatches, unit: Unit) -> Self {
        Self {
            now_ns,
            latches,
            transmitter: Transmitter::new(rules.tx_limit),
            unit,
            input: Input::new(),
            own_output: OwnOutput::IDLE,
            counters: Counters::default(),
            controls: Controls::of(&rules),
            line: Line::Down,
            last_command: 0,
            out_fault: Corruptor::NONE,
            rules,
        }
    }

    /// The latest time seen.
    #[inline(always)]
    pub(crate) fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// Moves time on to `time_ns`.
    #[inline(always)]
    pub(crate) fn come_to(&mut self, time_ns: u64) {
        self.now_ns = time_ns;
    }

    /// Whether the transmitter takes no more bytes.
    pub(crate) fn output_is_full(&self) -> bool {
        self.transmitter.is_full(self.now_ns)
    }

    /// Puts bytes of the unit's own output on MIDI OUT. The caller knows that there is room.
    pub(crate) fn generate(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let byte = self.out_fault.pass(*byte);
            self.transmitter.generate(byte, self.now_ns);
        }
    }

    /// Puts a byte of the unit's own output on MIDI OUT, if there is room.
    pub(crate) fn send(&mut self, byte: u8) {
        if !self.output_is_full() {
            self.generate(&[byte]);
        }
    }

    /// Puts a byte of the host on MIDI OUT. The caller knows that there is room.
    pub(crate) fn accept(&mut self, byte: u8) {
        let timing = self.unit.timing();
        let (start_ns, accept_ns) = (timing.tx_start_ns, timing.tx_accept_ns);
        let byte = self.out_fault.pass(byte);
        self.transmitter.push(byte, self.now_ns.saturating_add(start_ns));
        self.counters.accepted += 1;
        self.unit.be_busy(self.now_ns, accept_ns);
    }

    /// Whether the unit is in intelligent mode and has a sequencer.
    pub(crate) fn runs_sequencer(&self) -> bool {
        self.unit.mode() == Mode::Intelligent && self.rules.has_sequencer
    }

    /// Whether a data byte is lost if the unit takes it now, because the entry into UART mode is
    /// not complete.
    pub(crate) fn loses_data(&self) -> bool {
        self.unit.enters_uart(self.now_ns) && self.rules.tx_while_busy == TxWhileBusy::Lost
    }

    /// Makes the answer to a command the reply on its way. The reply comes `pause_ns` after the
    /// host has read the ACK.
    pub(crate) fn answer(&mut self, byte: u8, pause_ns: u64) {
        self.latches.reply(Reply {
            byte,
            kind: ReplyKind::Answer,
            ready_ns: self.now_ns,
            pause_ns,
            then: AfterReply::Nothing,
        });
    }

    /// Whether nothing is on its way to the host.
    pub(crate) fn is_quiet(&self) -> bool {
        self.input.is_empty() && !self.latches.holds_byte()
    }

    /// The number of input bytes, in all parts together, that the host has not read.
    pub(crate) fn input_held(&self) -> usize {
        self.latches.midi_held() + self.input.len()
    }

    /// Whether there is room for this many more bytes of unread input.
    pub(crate) fn has_input_room(&self, bytes: usize) -> bool {
        self.input_held() + bytes <= self.rules.rx_limit
    }

    /// Drops the oldest input byte.
    pub(crate) fn drop_oldest_input(&mut self) {
        if self.latches.drop_oldest_midi() == 0 {
            self.input.drop_oldest();
        }
    }

    /// Empties these buffers. In the output it drops the bytes that have not started. In the input
    /// it drops the bytes that the host has not read, except a byte already in a mailbox.
    pub(crate) fn clear(&mut self, fifos: Fifos) {
        if fifos.contains(Fifos::TX) {
            self.counters.dropped_by_reset += self.transmitter.clear(self.now_ns);
        }
        if fifos.contains(Fifos::RX) {
            let mut cleared = self.input.clear() + self.latches.clear_midi_in_hand();
            if self.rules.host_port == HostPort::Fifo {
                cleared += self.latches.clear_latched_midi();
            }
            self.counters.input_cleared += cleared as u64;
        }
    }
}
