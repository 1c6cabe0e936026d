//! The parts of a card that its firmware works on, and the time.
//!
//! The sequencer and the main loop get these parts, and never the chip. So the sequencer and the
//! main loop know nothing of the stream, of the MIDI IN cable, or of the caller. Some work on
//! several parts needs no firmware. That work is in this file, in `host_port` (an access), in
//! `main_loop` (the next step), in `interrupt` (the interrupt line) and in `after_reset` (the
//! unit's own output).

use crate::answers::{Fifos, HostPort, Overrun, TxWhileBusy};
use crate::control::Controls;
use crate::corruption::Corruptor;
use crate::counters::Counters;
use crate::fault::Faults;
use crate::input::{Entry, Input};
use crate::interrupt::Line;
use crate::latches::{self, HostLatches, Inbox, Outbox};
use crate::own_output::OwnOutput;
use crate::reply::{AfterReply, Reply, ReplyKind};
use crate::rules::Rules;
use crate::spec::{MIDI_CLOCK, Mode, Mpur2};
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
    /// The control register, without its read-only bits. On a card without such a register, the
    /// field keeps its first value, which comes from the profile.
    pub(crate) mpur2: Mpur2,
    pub(crate) faults: Faults,
    /// What the rest of the card has set.
    pub(crate) controls: Controls,
    /// What the interrupt line does until the next access or the next action of a part.
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
            transmitter: Transmitter::new(rules.tx_limit, rules.tx_ahead_ns()),
            unit,
            input: Input::new(),
            own_output: OwnOutput::IDLE,
            counters: Counters::default(),
            mpur2: rules.initial_mpur2(),
            faults: Faults::default(),
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

    /// Puts bytes on MIDI OUT that the unit makes or copies: its own output, messages of the
    /// sequencer, and MIDI thru. This method does not check that there is room.
    pub(crate) fn generate(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.generate_at(*byte, self.now_ns);
        }
    }

    fn generate_at(&mut self, byte: u8, ready_ns: u64) {
        let byte = self.out_fault.pass(byte);
        self.transmitter.generate(byte, ready_ns);
    }

    /// Puts a byte of the unit's own output on MIDI OUT, if there is room.
    pub(crate) fn send(&mut self, byte: u8) {
        if !self.output_is_full() {
            self.generate(&[byte]);
        }
    }

    /// Puts F8 on MIDI OUT, if there is room. The unit may be a little late.
    pub(crate) fn send_midi_clock(&mut self) {
        self.unit.draw_for_clock();
        if !self.output_is_full() {
            let delay_ns = self.unit.timing().clock_delay_ns;
            self.generate_at(MIDI_CLOCK, self.now_ns.saturating_add(delay_ns));
        }
    }

    /// Puts a byte of the host on MIDI OUT. The caller knows that there is room.
    pub(crate) fn accept(&mut self, byte: u8) {
        let byte = self.faults.carry(byte, self.transmitter.last_byte());
        let byte = self.out_fault.pass(byte);
        self.transmitter.push_at(byte, self.start_ns(self.now_ns));
        self.counters.accepted += 1;
        self.unit.be_busy(self.now_ns, self.unit.timing().tx_accept_ns);
    }

    /// When a byte starts on MIDI OUT, if the unit takes the byte at `taken_ns`.
    ///
    /// Source: Intel, MCS-51, serial interface: the 8052 starts a byte at the next bit of its baud
    /// clock. If the stop bit of the byte before is on the line, the next bit of the clock begins
    /// at the end of that stop bit.
    #[inline(always)]
    pub(crate) fn start_ns(&self, taken_ns: u64) -> u64 {
        let free_ns = self.transmitter.free_ns();
        if taken_ns < free_ns && self.rules.host_port == HostPort::BusChip {
            return free_ns;
        }
        taken_ns.saturating_add(self.unit.timing().tx_start_ns).max(free_ns)
    }

    /// Whether the unit is in intelligent mode and has a sequencer.
    pub(crate) fn runs_sequencer(&self) -> bool {
        self.unit.mode() == Mode::Intelligent && self.rules.has_sequencer
    }

    /// Whether data that the host writes goes to MIDI OUT as it is.
    pub(crate) fn passes_data(&self) -> bool {
        match self.unit.mode() {
            Mode::Uart => true,
            Mode::Intelligent if self.rules.has_sequencer => false,
            Mode::Intelligent => self.mpur2.contains(Mpur2::SENDS_OUTSIDE_UART),
        }
    }

    /// Whether a data byte is lost if the unit takes it now, because the entry into UART mode is
    /// not complete.
    pub(crate) fn loses_data(&self) -> bool {
        self.unit.enters_uart(self.now_ns) && self.rules.tx_while_busy == TxWhileBusy::Lost
    }

    /// Sends the host the answer to a command: `byte` becomes the reply on its way. The answer
    /// comes `pause_ns` after the host has read the ACK. If the answer is an entry of the receive
    /// FIFO, it comes `pause_ns` after now.
    pub(crate) fn answer(&mut self, byte: u8, pause_ns: u64) {
        let kind = ReplyKind::Answer;
        let wait_ns = if self.rules.queues(kind) { pause_ns } else { 0 };
        self.latches.reply(Reply {
            byte,
            kind,
            ready_ns: self.now_ns.saturating_add(wait_ns),
            pause_ns,
            then: AfterReply::Nothing,
        });
    }

    /// Whether nothing is on its way to the host. A byte already in DATA does not count.
    pub(crate) fn is_quiet(&self) -> bool {
        self.input.is_empty() && !self.latches.holds_byte()
    }

    /// The number of MIDI IN bytes, in all parts together, that the host has not read.
    pub(crate) fn input_held(&self) -> usize {
        let in_hand: usize = self.latches.in_hand().map(Entry::midi_bytes).sum();
        usize::from(self.latches.outbox() == Outbox::Midi) + in_hand + self.input.midi_bytes()
    }

    /// Whether the byte in DATA is an entry of the receive FIFO.
    pub(crate) fn latches_entry(&self) -> bool {
        match self.latches.outbox() {
            Outbox::Empty => false,
            Outbox::Reply(kind) => self.rules.queues(kind),
            Outbox::Midi => true,
        }
    }

    /// Whether the receive FIFO has room for this many more entries.
    pub(crate) fn has_input_room(&self, entries: usize) -> bool {
        let at_port = usize::from(self.latches_entry()) + self.latches.in_hand().count();
        at_port + self.input.len() + entries <= self.rules.rx_limit
    }

    /// Whether the unit can give a request to the host now.
    pub(crate) fn has_room_for_request(&self) -> bool {
        match self.rules.queues(ReplyKind::Request) {
            true => self.has_input_room(1),
            false => self.latches.outbox() == Outbox::Empty,
        }
    }

    /// Puts an entry into the receive FIFO. If the FIFO is full, this entry or the oldest one is
    /// lost.
    pub(crate) fn receive(&mut self, entry: Entry) {
        if !self.has_input_room(1) {
            let oldest = match self.rules.rx_overrun {
                Overrun::DropNew => return self.count_lost(entry),
                Overrun::DropOld => self.take_oldest_entry(),
            };
            oldest.into_iter().for_each(|oldest| self.count_lost(oldest));
        }
        if let Err(entry) = self.input.push(entry) {
            self.count_lost(entry);
        }
    }

    fn count_lost(&mut self, entry: Entry) {
        self.counters.rx_overrun += entry.midi_bytes() as u64;
    }

    fn take_oldest_entry(&mut self) -> Option<Entry> {
        let latched = if self.latches_entry() { self.latches.take_latched() } else { None };
        latched.or_else(|| self.latches.take_in_hand()).or_else(|| self.input.pop())
    }

    /// Drops the unread byte in DATA.
    pub(crate) fn drop_unread_byte(&mut self) {
        let dropped = self.latches.take_latched();
        self.counters.input_cleared += dropped.map_or(0, Entry::midi_bytes) as u64;
    }

    /// Empties these buffers. The output loses the bytes that have not started; behind a bus chip
    /// it loses only the data byte in the latch. The input loses the MIDI IN bytes that the host
    /// has not read, except a byte in the latch of a mailbox or of a bus chip. Assumed: replies in
    /// the receive FIFO stay, so that a command does not drop the ACK of an earlier command.
    pub(crate) fn clear(&mut self, fifos: Fifos) {
        if fifos.contains(Fifos::TX) {
            match self.rules.host_port {
                HostPort::BusChip if self.latches.inbox() == Inbox::Data => {
                    self.latches.take();
                    self.counters.ignored += 1;
                }
                HostPort::BusChip => {}
                HostPort::Mailbox | HostPort::Fifo => {
                    self.counters.dropped_by_reset += self.transmitter.clear(self.now_ns);
                }
            }
        }
        if fifos.contains(Fifos::RX) {
            let before = self.input_held();
            if self.rules.host_port == HostPort::Fifo && self.latches.outbox() == Outbox::Midi {
                self.latches.take_latched();
            }
            self.latches.clear_midi_in_hand();
            self.input.clear_midi();
            self.counters.input_cleared += (before - self.input_held()) as u64;
        }
    }
}
