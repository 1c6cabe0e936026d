//! The chip as a whole: its state, the accesses, and how its time passes.
//!
//! Every part that acts by itself says when it is due next. The earliest of these times is kept
//! in one field, so an access before it is a compare and a byte load. An access after it lets the
//! parts act one by one, in the order of their times. The plain stream of MIDI bytes to the
//! output has a way of its own, in `stream`.

use crate::cable::{Cable, InputFifo};
use crate::counters::{Counters, Waiting};
use crate::firmware::Plan;
use crate::host_port::{HostRules, Inbox, Incoming, Outbox, Reply};
use crate::note::Note;
use crate::profile::{
    AckSet, CardProfile, CommandPort, Fifos, FirmwareId, HostPort, InterruptKind, MAX_RX_DEPTH,
    MAX_TX_DEPTH, Overrun, ResetOutput, RxWhileBusy, TxWhileBusy, UnreadInput,
};
use crate::self_output::Output;
use crate::sequencer::Sequencer;
use crate::spec::{ACK, BYTE_TIME_NS, Mode, Register, Status};
use crate::stream::Stream;
use crate::timing::NEVER_NS;
use crate::timing::{self, CardTiming, Draws, Spread, Timing};
use crate::transmitter::{SentByte, Transmitter};
use crate::wire::WireEvent;
use alloc::boxed::Box;

/// How the unit is found at time 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InitialState {
    /// Power has just come up.
    PowerOn,
    /// In intelligent mode, long after a reset, and its ACK has been read.
    Idle,
    /// In UART mode, long after it was entered.
    Uart {
        /// The byte that was read last and that still stands in DATA.
        stale: u8,
    },
}

/// The last moment there is, 292 years after the first: half of what the number holds, so that
/// the sum of a time and a few durations cannot overflow.
const LAST_NS: u64 = u64::MAX / 2;

/// Longer durations in a profile are cut to this, for the same reason.
const LONGEST_NS: u64 = u64::MAX / 64;

/// A read of STATUS: its value and the note on it.
#[derive(Clone, Copy)]
pub(crate) struct View {
    status: u8,
    note: Note,
}

impl View {
    pub(crate) const fn on_status(status: u8) -> Self {
        Self { status, note: Note::on_status(status) }
    }
}

/// What nearly every access touches, in one cache line.
#[repr(C, align(64))]
pub(crate) struct Hot {
    /// When anything inside is due, at the latest [`LAST_NS`].
    pub(crate) next_internal_ns: u64,
    /// The latest time seen.
    pub(crate) now_ns: u64,
    pub(crate) status_reads: u64,
    /// From when on a data byte may stream, [`NEVER_NS`] if none may. Until then the last one is
    /// in the latch, or the FIFO is full.
    pub(crate) open_from_ns: u64,
    /// When the unit is back in its main loop.
    pub(crate) free_ns: u64,
    /// When the byte in the latch from the host was written.
    pub(crate) inbox_written_ns: u64,
    /// A read of STATUS while the port is open, and one until the stream takes a byte.
    pub(crate) views: [View; 2],
    pub(crate) mode: Mode,
    pub(crate) inbox: Inbox,
    pub(crate) inbox_byte: u8,
    pub(crate) outbox: Outbox,
    pub(crate) outbox_byte: u8,
    pub(crate) note: Note,
}

const _: () = assert!(size_of::<Hot>() == 64, "the hot state fills one cache line");

/// Profile answers that the unit behind the port needs.
#[derive(Clone, Copy)]
pub(crate) struct UnitRules {
    pub(crate) firmware: Option<FirmwareId>,
    pub(crate) unread_input: UnreadInput,
    pub(crate) rx_overrun: Overrun,
    pub(crate) rx_while_busy: RxWhileBusy,
    pub(crate) tx_while_busy: TxWhileBusy,
    pub(crate) cleared_by_reset: Fifos,
    pub(crate) cleared_by_uart_entry: Fifos,
    pub(crate) reset_output: Option<ResetOutput>,
    /// Bytes of input that may be unread.
    pub(crate) rx_limit: usize,
    /// Whether intelligent mode is more than acknowledgements: firmware behind mailboxes.
    pub(crate) has_sequencer: bool,
}

/// An MPU-401. The crate's head comment is its manual.
///
/// Times are given by the caller, in ns, and must not go back: a time in the past is taken as the
/// latest one seen. Time ends after 292 years; a later one is taken as the last one there is.
pub struct Mpu401 {
    // Configuration.
    pub(crate) timing: Timing<u64>,
    pub(crate) rules: HostRules,
    pub(crate) unit: UnitRules,
    // State.
    pub(crate) hot: Hot,
    /// When anything inside is due, [`NEVER_NS`] for nothing.
    due_ns: u64,
    /// The same without the unit and its output FIFO.
    line_due_ns: u64,
    /// When the host last emptied the latch to it.
    pub(crate) outbox_read_ns: u64,
    /// When a byte arrived on MIDI IN last.
    pub(crate) heard_ns: u64,
    /// When the unit is through with entering UART mode.
    pub(crate) uart_from_ns: u64,
    pub(crate) reply: Option<Reply>,
    /// The MIDI IN byte that an ACK has pushed out of DATA.
    pub(crate) displaced: Option<u8>,
    pub(crate) incoming: Option<Incoming>,
    pub(crate) turn: Turn,
    pub(crate) stream: Stream,
    pub(crate) unit_plan: Plan,
    /// When the host may see something of it.
    pub(crate) unit_seen_ns: u64,
    pub(crate) output: Output,
    pub(crate) transmitter: Transmitter,
    pub(crate) input: InputFifo,
    pub(crate) cable: Cable,
    pub(crate) sequencer: Box<Sequencer>,
    /// When the sequencer acts by itself, [`NEVER_NS`] in UART mode.
    pub(crate) sequencer_due_ns: u64,
    pub(crate) counters: Counters,
    /// What draws the next times, if they vary.
    pub(crate) draws: Option<Box<Draws>>,
}

/// Whose turn it is when a host byte and an input byte wait at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Host,
    Input,
}

impl Mpu401 {
    /// A chip of this card, at time 0, with its usual latencies.
    #[must_use]
    pub fn new(profile: &CardProfile, initial: InitialState) -> Self {
        Self::with_timing(profile, initial, CardTiming::Typical)
    }

    /// A chip of this card, at time 0, with latencies from its ranges.
    #[must_use]
    pub fn with_timing(profile: &CardProfile, initial: InitialState, choice: CardTiming) -> Self {
        let (timing, draws) = timing::resolve(&bounded_spreads(profile), choice);
        let mut chip = Self {
            rules: resolve_host_rules(profile),
            unit: resolve_unit_rules(profile),
            hot: initial_hot(profile, initial, timing.busy_after_power_on_ns),
            timing,
            due_ns: NEVER_NS,
            line_due_ns: NEVER_NS,
            outbox_read_ns: 0,
            heard_ns: 0,
            uart_from_ns: 0,
            reply: None,
            displaced: None,
            incoming: None,
            turn: Turn::Host,
            stream: Stream::NEW,
            unit_plan: Plan::IDLE,
            unit_seen_ns: NEVER_NS,
            output: Output::IDLE,
            transmitter: Transmitter::new(resolve_tx_limit(profile)),
            input: InputFifo::default(),
            cable: Cable::new(),
            sequencer: Box::new(Sequencer::new()),
            sequencer_due_ns: NEVER_NS,
            counters: Counters::default(),
            draws: draws.map(Box::new),
        };
        chip.output = chip.initial_output(initial);
        if initial == InitialState::Idle {
            chip.sequencer.start_clock_at_zero();
        }
        chip.schedule();
        chip.hot.note = chip.hot.views[0].note;
        chip
    }

    /// The register at this offset from the card's base port, `None` where it has none.
    #[inline]
    #[must_use]
    pub fn register_at(&self, offset: u16) -> Option<Register> {
        match offset {
            0 => Some(Register::Data),
            _ if offset == self.rules.status_offset => Some(Register::Command),
            _ => None,
        }
    }

    /// Reads a register.
    #[inline(always)]
    pub fn read(&mut self, register: Register, now_ns: u64) -> u8 {
        if register == Register::Command && self.nothing_is_due(now_ns) {
            self.hot.now_ns = now_ns;
            return self.read_status();
        }
        self.read_slowly(register, now_ns)
    }

    #[inline(always)]
    fn read_status(&mut self) -> u8 {
        let view = self.hot.views[usize::from(self.hot.now_ns < self.hot.open_from_ns)];
        self.hot.status_reads += 1;
        // Measured: on a Zen 3 a poll takes 1.0 ns so, and 1.6 ns with a write at each.
        if self.hot.note != view.note {
            self.hot.note = view.note;
        }
        view.status
    }

    /// STATUS as a read would find it now, for an observer inside the card: it is not a read.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::from_bits_retain(self.status_bits())
    }

    #[inline(always)]
    fn status_bits(&self) -> u8 {
        self.hot.views[usize::from(self.hot.now_ns < self.hot.open_from_ns)].status
    }

    /// Writes a register.
    #[inline(always)]
    pub fn write(&mut self, register: Register, value: u8, now_ns: u64) {
        let may_stream = register == Register::Data && now_ns >= self.hot.open_from_ns;
        if may_stream && self.nothing_is_due(now_ns) {
            self.hot.now_ns = now_ns;
            self.stream(value);
            return;
        }
        self.write_slowly(register, value, now_ns);
    }

    /// Lets time pass inside. Reads and writes do it themselves.
    #[inline]
    pub fn advance(&mut self, now_ns: u64) {
        if now_ns >= self.hot.next_internal_ns {
            self.run_until(now_ns);
        } else if now_ns > self.hot.now_ns {
            self.hot.now_ns = now_ns;
        }
    }

    /// Whether this is a time at which nothing happens inside, and not one in the past.
    #[inline(always)]
    fn nothing_is_due(&self, now_ns: u64) -> bool {
        now_ns < self.hot.next_internal_ns && now_ns >= self.hot.now_ns
    }

    /// The earliest time at which something outside may change by itself: the interrupt line, or
    /// a byte that starts or ends on a wire. `u64::MAX` if nothing will.
    ///
    /// It is later than the latest time seen, and never late. It may be early, so that nothing
    /// changes yet: when the unit takes a command, or has bytes to move both ways.
    #[inline]
    #[must_use]
    pub fn next_event_ns(&self) -> u64 {
        let wire_ns = self.transmitter.next_edge_ns(self.hot.now_ns);
        wire_ns.min(self.line_due_ns).min(self.unit_seen_ns)
    }

    /// The earliest time at which something inside may change by itself: what
    /// [`next_event_ns`](Self::next_event_ns) tells, [`status`](Self::status) and
    /// [`waiting`](Self::waiting). `u64::MAX` if nothing will. It may be early, never late.
    #[must_use]
    pub fn next_change_ns(&self) -> u64 {
        let open_ns =
            if self.hot.now_ns < self.hot.open_from_ns { self.hot.open_from_ns } else { NEVER_NS };
        self.next_event_ns().min(self.due_ns).min(open_ns)
    }

    /// Whether the interrupt line is up.
    #[inline]
    #[must_use]
    pub fn interrupt_line(&self) -> bool {
        self.line_is_up()
    }

    /// Puts a byte on MIDI IN, its start bit at `start_ns`. A time in the past means now, and a
    /// byte that would overlap the one before follows it back to back.
    ///
    /// Up to [`MIDI_IN_LIMIT`](crate::MIDI_IN_LIMIT) bytes wait, one more is refused and counted.
    pub fn midi_in(&mut self, start_ns: u64, byte: u8) {
        self.leave_stream();
        self.cable.push(start_ns.max(self.hot.now_ns), byte);
        self.settle();
    }

    /// Fetches the oldest wire event, in the order of time over both lines.
    pub fn pop_wire(&mut self) -> Option<WireEvent> {
        match (self.transmitter.first_event(self.hot.now_ns), self.cable.first_event()) {
            (Some(out), input) if input.is_none_or(|event| out.time_ns <= event.time_ns) => {
                self.transmitter.fetch_event();
                Some(out)
            }
            _ => self.cable.pop_event(),
        }
    }

    /// Fetches the oldest byte that has left on MIDI OUT, stop bit included: two wire events at
    /// once, for a user who has no eye on the edges. The events of MIDI IN stay.
    #[inline]
    pub fn pop_sent(&mut self) -> Option<SentByte> {
        self.transmitter.pop_sent(self.hot.now_ns)
    }

    /// What passed through so far, and what was lost.
    #[must_use]
    pub fn counters(&self) -> Counters {
        // A byte of the stream is with the transmitter before the unit has taken it.
        let accepted = self.transmitter.accepted();
        let streamed = accepted - self.counters.accepted;
        Counters {
            status_reads: self.hot.status_reads,
            data_writes: self.counters.data_writes + streamed,
            accepted: accepted - u64::from(self.stream_holds_byte()),
            generated: self.transmitter.generated() - self.counters.played - self.counters.thru,
            sent: self.transmitter.sent(self.hot.now_ns),
            midi_in_refused: self.cable.refused(),
            wire_dropped: self
                .transmitter
                .dropped_events(self.hot.now_ns)
                .saturating_add(self.cable.dropped_events()),
            ..self.counters
        }
    }

    /// What waits inside and before the chip.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        let streaming = usize::from(self.stream_holds_byte());
        Waiting {
            host: usize::from(self.hot.inbox != Inbox::Empty) + streaming,
            output: self.transmitter.held(self.hot.now_ns) - streaming,
            input: self.input_waiting(),
            cable: self.cable.waiting(),
        }
    }

    /// The mode that the unit is in. It changes when a command is run, not when it is written.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.hot.mode
    }

    /// Whether every byte written so far has been taken and has left on MIDI OUT.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.hot.inbox == Inbox::Empty && self.hot.now_ns >= self.transmitter.free_ns()
    }

    /// What the last access met.
    #[inline]
    #[must_use]
    pub fn last_access_note(&self) -> Note {
        self.hot.note
    }

    /// Whether the transmitter takes no more bytes.
    pub(crate) fn output_is_full(&self) -> bool {
        self.transmitter.is_full(self.hot.now_ns)
    }

    /// Settles what an access has changed.
    pub(crate) fn settle(&mut self) {
        self.schedule();
        self.run_until(self.hot.now_ns);
    }

    #[inline(never)]
    fn read_slowly(&mut self, register: Register, now_ns: u64) -> u8 {
        self.run_until(now_ns);
        match register {
            Register::Command => self.read_status(),
            Register::Data => {
                self.leave_stream();
                let value = self.read_data();
                self.settle();
                value
            }
        }
    }

    #[inline(never)]
    fn write_slowly(&mut self, register: Register, value: u8, now_ns: u64) {
        self.run_until(now_ns);
        if register == Register::Data && self.hot.now_ns >= self.hot.open_from_ns {
            self.stream(value);
            return;
        }
        self.leave_stream();
        match register {
            Register::Data => self.write_data(value),
            Register::Command => self.write_command(value),
        }
        self.settle();
    }

    /// Lets everything act that is due, in the order of time. Things due at one time act in a
    /// fixed order: MIDI IN, the unit, what the unit sends by itself.
    #[cold]
    fn run_until(&mut self, now_ns: u64) {
        let now_ns = now_ns.clamp(self.hot.now_ns, LAST_NS);
        while self.due_ns <= now_ns {
            let time_ns = self.due_ns;
            self.leave_stream_before(time_ns.max(self.hot.now_ns + 1));
            self.hot.now_ns = time_ns;
            if self.cable.due_ns() == time_ns {
                if let Some(byte) = self.cable.run(time_ns) {
                    self.hear(byte);
                }
            } else if self.unit_plan.due_ns == time_ns {
                self.run_unit();
            } else if self.output.due_ns == time_ns {
                self.run_output(now_ns);
            } else if self.sequencer_due_ns == time_ns {
                self.run_sequencer(now_ns);
            }
            self.schedule();
        }
        self.hot.now_ns = now_ns;
    }

    /// Brings STATUS and the unit's plan in line with the state, and finds out what is due next.
    fn schedule(&mut self) {
        self.schedule_unit();
        self.open_stream();
        self.refresh_status();
        self.line_due_ns = self.cable.due_ns().min(self.output.due_ns).min(self.sequencer_due_ns);
        self.due_ns = self.line_due_ns.min(self.unit_plan.due_ns).min(self.room_due_ns());
        self.hot.next_internal_ns = self.due_ns.min(LAST_NS);
    }

    /// When a full output FIFO clears DRR by itself, outside the stream.
    fn room_due_ns(&self) -> u64 {
        if self.is_closed_by_full_fifo() { self.transmitter.room_ns() } else { NEVER_NS }
    }
}

/// The ranges of a profile as a chip can use them: no sum of times overflows, and a latched line
/// falls between two bytes.
fn bounded_spreads(profile: &CardProfile) -> Timing {
    let bounded = |spread: &Spread| Spread {
        min: spread.min.min(LONGEST_NS),
        typ: spread.typ.min(LONGEST_NS),
        max: spread.max.min(LONGEST_NS),
    };
    let mut spreads = profile.timing.map(bounded);
    spreads.backlog_after_exit_ns = profile.timing.backlog_after_exit_ns;
    if profile.interrupt == InterruptKind::LatchEdge {
        let Spread { min, typ, max } = spreads.next_byte_ns;
        spreads.next_byte_ns = Spread::between(min.max(1), typ.max(1), max.max(1));
    }
    spreads
}

fn resolve_host_rules(profile: &CardProfile) -> HostRules {
    HostRules {
        host_port: profile.host_port,
        command_port: profile.command_port,
        empty_read: profile.empty_read,
        ack_set: profile.ack_set,
        ack_reset_in_uart: profile.ack_reset_in_uart,
        ack_position: profile.ack_position,
        ack_interrupt: profile.ack_interrupt,
        status_low_bits: profile.status_low_bits & 0x3F,
        status_offset: profile.status_offset.max(1),
        status_rx_full_bits: profile.status_rx_full_bits & 0x3F,
        status_uart_bits: profile.status_uart_bits & 0x3F,
    }
}

fn resolve_unit_rules(profile: &CardProfile) -> UnitRules {
    UnitRules {
        firmware: profile.firmware,
        unread_input: profile.unread_input,
        rx_overrun: profile.rx_overrun,
        rx_while_busy: profile.rx_while_busy,
        tx_while_busy: profile.tx_while_busy,
        cleared_by_reset: profile.cleared_by_reset,
        cleared_by_uart_entry: profile.cleared_by_uart_entry,
        reset_output: profile.reset_output.map(|output| ResetOutput {
            clock_period_ns: output.clock_period_ns.max(BYTE_TIME_NS),
            ..output
        }),
        rx_limit: usize::from(profile.rx_depth.clamp(1, MAX_RX_DEPTH)),
        has_sequencer: profile.firmware.is_some()
            && profile.host_port == HostPort::Mailbox
            && matches!(profile.ack_set, AckSet::All | AckSet::ResetOnly),
    }
}

/// Bytes that the transmitter may hold.
fn resolve_tx_limit(profile: &CardProfile) -> usize {
    let tx_depth = usize::from(profile.tx_depth.clamp(1, MAX_TX_DEPTH));
    match profile.host_port {
        // The latch is one of the positions.
        HostPort::Mailbox => (tx_depth - 1).max(1),
        HostPort::Fifo => tx_depth,
    }
}

fn initial_hot(profile: &CardProfile, initial: InitialState, power_on_ns: u64) -> Hot {
    let mode = match (profile.command_port, initial) {
        (CommandPort::StatusOnly, _) | (_, InitialState::Uart { .. }) => Mode::Uart,
        (CommandPort::Present, _) => Mode::Intelligent,
    };
    Hot {
        next_internal_ns: NEVER_NS,
        now_ns: 0,
        status_reads: 0,
        open_from_ns: NEVER_NS,
        free_ns: match initial {
            InitialState::PowerOn => power_on_ns,
            InitialState::Idle | InitialState::Uart { .. } => 0,
        },
        inbox_written_ns: 0,
        views: [View::on_status(0); 2],
        note: Note::CanWriteNoData,
        mode,
        inbox: Inbox::Empty,
        inbox_byte: 0,
        outbox: Outbox::Empty,
        outbox_byte: match initial {
            // Assumed: nothing is known of the latch before its first byte.
            InitialState::PowerOn => 0,
            InitialState::Idle => ACK,
            InitialState::Uart { stale } => stale,
        },
    }
}
