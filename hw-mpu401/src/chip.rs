//! The chip as a whole: the accesses, and how its time passes.
//!
//! Each part that acts by itself says when the part is due next. One field keeps the earliest of
//! these times. A read of STATUS before that time costs only a few instructions. Any access at that
//! time or later first lets the parts act in the order of their times. The plain stream of MIDI
//! bytes to the output has its own fast path, in `stream`. This file does not know what each part
//! does.

pub(crate) mod state;

use crate::answers::{CommandPort, ControlPort, HostPort, InterruptCauses};
use crate::behaviour::CONTROL_OFFSET;
use crate::cable::Cable;
use crate::control::Control;
use crate::corruption::{Corruption, Corruptor};
use crate::counters::{Counters, Waiting};
use crate::fault::Fault;
use crate::firmware::Firmware;
use crate::host_port::CommandWay;
use crate::latches::{HostLatches, Inbox};
use crate::line::LineSignal;
use crate::note::Note;
use crate::parts::{self, Parts};
use crate::profile::CardProfile;
use crate::rules::Rules;
use crate::sequencer::{Click, Sequencer};
use crate::spec::{ACK, ENTER_UART, Mode, RESET, Register, Status};
use crate::stream::{Course, Stream};
use crate::timing::{self, CardTiming, NEVER_NS};
use crate::transmitter::SentByte;
use crate::unit::Unit;
use crate::wire::{Lane, WireEvent};
use alloc::boxed::Box;

/// The state of the unit at time 0. A card without a COMMAND port is in UART mode in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InitialState {
    /// Power has just come up.
    PowerOn,
    /// In intelligent mode, long after a reset. The host has read the ACK of the reset.
    Idle,
    /// In UART mode, long after the unit entered this mode.
    Uart {
        /// The byte that the host read last, which is still in DATA.
        stale: u8,
    },
}

/// The last moment of time, 292 years after the first. This time is half of the largest number, so
/// that the sum of a time and a few durations cannot overflow.
const LAST_NS: u64 = u64::MAX / 2;

/// An MPU-401. The comment at the head of the crate is its manual.
///
/// The caller gives times in ns, and they must not go back: a time in the past counts as the
/// latest time seen. Time ends after 292 years; a later time counts as that last moment.
///
/// A clone is a second chip in the same state. To see what the first chip will do, let time pass in
/// the clone.
#[derive(Clone)]
#[repr(C, align(64))]
pub struct Mpu401 {
    // State.
    /// The same time as `due_ns`, but at most [`LAST_NS`]. An access before this time needs no part
    /// to act first.
    next_internal_ns: u64,
    parts: Parts,
    stream: Stream,
    firmware: Firmware,
    cable: Cable,
    /// The fault of MIDI IN.
    in_fault: Corruptor,
    /// When the next part inside is due; [`NEVER_NS`] for never.
    due_ns: u64,
    /// When the next part other than the unit and its output FIFO is due.
    line_due_ns: u64,
    // Configuration.
    choice: CardTiming,
}

const _: () = assert!(
    core::mem::offset_of!(Mpu401, parts) + parts::HOT_BYTES <= 64,
    "what nearly every access touches is in one cache line"
);

impl Mpu401 {
    /// A chip of this card, at time 0, with its usual latencies.
    #[must_use]
    pub fn new(profile: &CardProfile, initial: InitialState) -> Self {
        Self::with_timing(profile, initial, CardTiming::Typical)
    }

    /// A chip of this card, at time 0, with latencies from its ranges.
    #[must_use]
    pub fn with_timing(profile: &CardProfile, initial: InitialState, choice: CardTiming) -> Self {
        Self::begin(Rules::of(&profile.behaviour), choice, initial, 0)
    }

    /// Takes the power away and gives it back at `now_ns`. A time in the past means now.
    ///
    /// The card forgets everything, including the bytes on its wires and its counters. The card is
    /// then busy, for the same time at every power-on. Drawn latencies also start again from their
    /// first values.
    pub fn power_on(&mut self, now_ns: u64) {
        let now_ns = now_ns.clamp(self.parts.now_ns(), LAST_NS);
        *self = Self::begin(self.parts.rules, self.choice, InitialState::PowerOn, now_ns);
    }

    fn begin(rules: Rules, choice: CardTiming, initial: InitialState, now_ns: u64) -> Self {
        let mode = match (rules.command_port, initial) {
            (CommandPort::StatusOnly, _) | (_, InitialState::Uart { .. }) => Mode::Uart,
            (CommandPort::Present, _) => Mode::Intelligent,
        };
        let (timing, draws) = timing::resolve(&rules.timing, choice, rules.timer_tick());
        let (free_ns, stale) = match initial {
            // Assumed: before its first byte the latch has the value 0, because no source gives a
            // value.
            InitialState::PowerOn => (now_ns.saturating_add(timing.busy_after_power_on_ns), 0),
            InitialState::Idle => (0, ACK),
            InitialState::Uart { stale } => (0, stale),
        };
        let unit = Unit::new(timing, draws.map(Box::new), mode, free_ns);
        let mut parts = Parts::new(now_ns, rules, HostLatches::new(stale), unit);
        parts.last_command = match initial {
            InitialState::PowerOn => 0,
            InitialState::Idle => RESET,
            InitialState::Uart { .. } => ENTER_UART,
        };
        let mut sequencer = Sequencer::new();
        match (initial, mode) {
            (InitialState::PowerOn, Mode::Intelligent) => parts.plan_stop(),
            (InitialState::Idle, Mode::Intelligent) => parts.begin_at_rest(),
            (_, Mode::Uart) | (InitialState::Uart { .. }, _) => {}
        }
        if initial == InitialState::Idle {
            sequencer.start_clock_at_zero();
        }
        let mut chip = Self {
            next_internal_ns: NEVER_NS,
            parts,
            stream: Stream::NEW,
            firmware: Firmware::new(sequencer),
            cable: Cable::new(),
            in_fault: Corruptor::NONE,
            due_ns: NEVER_NS,
            line_due_ns: NEVER_NS,
            choice,
        };
        chip.settle();
        chip.parts.latches.remark_status();
        chip
    }

    /// The register at this offset from the card's base port; `None` if there is no register.
    #[inline]
    #[must_use]
    pub fn register_at(&self, offset: u16) -> Option<Register> {
        match offset {
            0 => Some(Register::Data),
            _ if offset == self.parts.rules.status_offset => Some(Register::Command),
            CONTROL_OFFSET if self.parts.rules.control_port == ControlPort::National => {
                Some(Register::Control)
            }
            _ => None,
        }
    }

    /// Reads a register.
    #[inline(always)]
    pub fn read(&mut self, register: Register, now_ns: u64) -> u8 {
        if register == Register::Command && self.nothing_is_due(now_ns) {
            self.parts.come_to(now_ns);
            return self.parts.latches.read_status(now_ns);
        }
        self.read_slowly(register, now_ns)
    }

    /// STATUS as a read would return it now. This method is for an observer inside the card, and
    /// does not count as a read.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::from_bits_retain(self.parts.latches.status(self.parts.now_ns()))
    }

    /// Writes a register.
    #[inline(always)]
    pub fn write(&mut self, register: Register, value: u8, now_ns: u64) {
        let may_stream = register == Register::Data && now_ns >= self.parts.latches.open_from_ns();
        if may_stream && self.nothing_is_due(now_ns) {
            self.parts.come_to(now_ns);
            self.stream(value);
            return;
        }
        self.write_slowly(register, value, now_ns);
    }

    /// Lets time pass inside the chip. Reads and writes also let time pass.
    #[inline]
    pub fn advance(&mut self, now_ns: u64) {
        if now_ns >= self.next_internal_ns {
            self.run_until(now_ns);
        } else if now_ns > self.parts.now_ns() {
            self.parts.come_to(now_ns);
        }
    }

    /// Whether no part is due at this time or earlier, and the time is not in the past.
    #[inline(always)]
    fn nothing_is_due(&self, now_ns: u64) -> bool {
        now_ns < self.next_internal_ns && now_ns >= self.parts.now_ns()
    }

    /// The earliest time at which the interrupt line may change by itself, or a byte may start or
    /// end on a wire. `u64::MAX` if none of this will happen.
    ///
    /// This time is later than the latest time seen, and never later than the first change. It is
    /// possible that nothing changes at this time. For example, the unit may only take a command,
    /// or do a step that the host cannot see.
    #[inline]
    #[must_use]
    pub fn next_event_ns(&self) -> u64 {
        let wire_ns = self.parts.transmitter.next_edge_ns(self.parts.now_ns());
        wire_ns.min(self.line_due_ns).min(self.parts.unit.seen_ns())
    }

    /// The earliest time at which one of these may change by itself: what
    /// [`next_event_ns`](Self::next_event_ns) names, [`status`](Self::status), or
    /// [`waiting`](Self::waiting). `u64::MAX` if nothing will change. The time may be earlier than
    /// the first change, but is never later.
    #[must_use]
    pub fn next_change_ns(&self) -> u64 {
        let open_from_ns = self.parts.latches.open_from_ns();
        let open_ns = if self.parts.now_ns() < open_from_ns { open_from_ns } else { NEVER_NS };
        self.next_event_ns().min(self.due_ns).min(open_ns)
    }

    /// Whether the interrupt line is up.
    #[inline]
    #[must_use]
    pub fn interrupt_line(&self) -> bool {
        self.parts.line_is_up()
    }

    /// Puts a byte on MIDI IN, with its start bit at `start_ns`. A time in the past means now. If
    /// the byte would overlap the byte before, its start bit begins at the end of the byte before.
    ///
    /// Up to [`MIDI_IN_LIMIT`](crate::MIDI_IN_LIMIT) bytes can wait. The chip refuses a further
    /// byte, and counts it.
    pub fn midi_in(&mut self, start_ns: u64, byte: u8) {
        self.midi_in_signal(start_ns, LineSignal::Byte(byte));
    }

    /// Puts a signal on MIDI IN as [`midi_in`](Self::midi_in) does: a byte without a stop bit or at
    /// another speed, or a break. The card hears the bytes that a receiver at 31 250 bit/s reads.
    pub fn midi_in_signal(&mut self, start_ns: u64, signal: LineSignal) {
        self.leave_stream();
        self.cable.push(start_ns.max(self.parts.now_ns()), signal);
        self.settle();
    }

    /// Lets time pass until `now_ns`, and then changes what the rest of the card sets on the
    /// MPU-401. The interrupt line may change.
    pub fn control(&mut self, control: Control, now_ns: u64) {
        self.run_until(now_ns);
        self.leave_stream();
        self.parts.controls.set(control);
        self.settle();
    }

    /// The causes of an interrupt that are there now, whether or not they are enabled and the gate
    /// is open. Some cards show them in a register outside the two ports.
    #[must_use]
    pub fn interrupt_causes(&self) -> InterruptCauses {
        self.parts.interrupt_causes()
    }

    /// Gives a MIDI line a fault that changes bytes. On MIDI OUT the fault begins with the next
    /// byte that the unit takes or makes, and the wire events show the changed bytes. On MIDI IN
    /// the fault begins with the next byte that arrives, and the wire events show the bytes as they
    /// were sent.
    pub fn corrupt(&mut self, lane: Lane, corruption: Corruption) {
        self.leave_stream();
        match lane {
            Lane::Out => self.parts.out_fault = Corruptor::new(corruption),
            Lane::In => self.in_fault = Corruptor::new(corruption),
        }
        self.settle();
    }

    /// Keeps the processor behind the ports busy with other work until `until_ns`, from the latest
    /// time seen on. A Sound Blaster 16 is held while its DSP runs a command.
    ///
    /// Until `until_ns` a card with a bus chip carries no byte in UART mode, in either direction,
    /// and does not acknowledge a 3F. The byte on the wire is still sent to its end, and the bus
    /// chip still works. Of the bytes that arrive on MIDI IN the first waits in the receive
    /// register of the 8052, and the others are lost. If an earlier call holds the processor for
    /// longer, the longer time stays. On any other card nothing else uses the unit, and the call
    /// has no effect.
    ///
    /// Source: listings of the DSP's firmware (github.com/S95Sedan/CT1741_DSP): a command of the
    /// host ends the loop that carries MIDI bytes until the command has run. Intel, MCS-51, serial
    /// interface: a byte is lost while the byte before is still in the register.
    pub fn hold_midi(&mut self, until_ns: u64) {
        if self.parts.rules.host_port == HostPort::BusChip {
            self.leave_stream();
            self.parts.unit.hold(self.parts.now_ns(), until_ns.min(LAST_NS));
            self.settle();
        }
    }

    /// Injects a fault. From the latest time seen on, the fault hits the next `bytes` bytes of the
    /// kind that it can hit. With 0 the fault ends. [`Fault`] tells which real cards have the
    /// fault, but this method gives the fault to any card.
    pub fn inject(&mut self, fault: Fault, bytes: u32) {
        self.leave_stream();
        self.parts.faults.inject(fault, bytes);
        self.settle();
    }

    /// Fetches the oldest wire event of both lines.
    pub fn pop_wire(&mut self) -> Option<WireEvent> {
        let now_ns = self.parts.now_ns();
        match (self.parts.transmitter.first_event(now_ns), self.cable.first_event()) {
            (Some(out), input) if input.is_none_or(|event| out.time_ns <= event.time_ns) => {
                self.parts.transmitter.fetch_event();
                Some(out)
            }
            _ => self.cable.pop_event(),
        }
    }

    /// Fetches the oldest byte that has left on MIDI OUT, stop bit included. This method takes the
    /// two wire events of the byte at once, for a caller that does not need the edges. The events
    /// of MIDI IN stay.
    #[inline]
    pub fn pop_sent(&mut self) -> Option<SentByte> {
        self.parts.transmitter.pop_sent(self.parts.now_ns())
    }

    /// Fetches the oldest click of the metronome. At most [`CLICK_LIMIT`](crate::CLICK_LIMIT)
    /// clicks wait; a further click drops the oldest click. [`Counters::clicks`] counts all clicks.
    pub fn pop_click(&mut self) -> Option<Click> {
        self.firmware.pop_click()
    }

    /// What passed through so far, and what was lost.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let Parts { counters, transmitter, latches, .. } = &self.parts;
        let now_ns = self.parts.now_ns();
        // The transmitter gets a byte of the stream before the unit has taken the byte.
        let accepted = transmitter.accepted();
        let streamed = accepted - counters.accepted;
        Counters {
            status_reads: latches.status_reads(),
            data_writes: counters.data_writes + streamed,
            accepted: accepted - u64::from(self.stream.holds_byte(&self.parts)),
            generated: transmitter.generated() - counters.played - counters.thru,
            sent: transmitter.sent(now_ns),
            midi_in_refused: self.cable.refused(),
            wire_dropped: transmitter
                .dropped_events(now_ns)
                .saturating_add(self.cable.dropped_events()),
            ..*counters
        }
    }

    /// The bytes that wait in the chip, and bytes that are still on their way to the chip.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        let streaming = usize::from(self.stream.holds_byte(&self.parts));
        Waiting {
            host: usize::from(self.parts.latches.inbox() != Inbox::Empty) + streaming,
            output: self.parts.transmitter.held(self.parts.now_ns()) - streaming,
            input: self.parts.input_held() + self.firmware.input_held(),
            cable: self.cable.waiting(),
        }
    }

    /// The unit's mode. The mode changes when the card runs a command, which may be later than the
    /// host's write of the command.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.parts.unit.mode()
    }

    /// Whether the unit has taken every byte written so far, and every byte has left on MIDI OUT.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let is_taken = self.parts.latches.inbox() == Inbox::Empty;
        is_taken && self.parts.now_ns() >= self.parts.transmitter.free_ns()
    }

    /// The note on the last access.
    #[inline]
    #[must_use]
    pub fn last_access_note(&self) -> Note {
        self.parts.latches.note()
    }

    /// A write to DATA that goes through the stream.
    #[inline(always)]
    fn stream(&mut self, value: u8) {
        if self.stream.write(&mut self.parts, value) == Course::AtBrim {
            self.reach_brim();
        }
    }

    /// Handles a stream when the output may be full at the next byte.
    #[cold]
    #[inline(never)]
    fn reach_brim(&mut self) {
        if self.stream.find_brim(&self.parts) == Course::AtBrim {
            self.leave_stream();
            self.settle();
        }
    }

    /// Ends the stream in its present state.
    fn leave_stream(&mut self) {
        let changed_ns = self.parts.now_ns() + 1;
        self.stream.leave_before(&mut self.parts, changed_ns);
    }

    /// Updates the chip after a change of its state, and lets the parts act that are due now.
    fn settle(&mut self) {
        self.schedule();
        self.run_until(self.parts.now_ns());
    }

    #[inline(never)]
    fn read_slowly(&mut self, register: Register, now_ns: u64) -> u8 {
        self.run_until(now_ns);
        match register {
            Register::Command => self.parts.latches.read_status(self.parts.now_ns()),
            Register::Data => {
                self.leave_stream();
                let value = self.parts.read_data();
                self.settle();
                value
            }
            Register::Control => {
                self.leave_stream();
                let value = self.parts.read_control();
                self.settle();
                value
            }
        }
    }

    #[inline(never)]
    fn write_slowly(&mut self, register: Register, value: u8, now_ns: u64) {
        self.run_until(now_ns);
        if register == Register::Data && self.parts.now_ns() >= self.parts.latches.open_from_ns() {
            self.stream(value);
            return;
        }
        self.leave_stream();
        match register {
            Register::Data => {
                let meaning = self.firmware.meaning_of_data(&self.parts);
                self.parts.write_data(value, meaning);
            }
            Register::Command => {
                if self.parts.write_command(value) == CommandWay::AtOnce {
                    self.firmware.decode(&mut self.parts, value);
                }
            }
            Register::Control => self.parts.write_control(value),
        }
        self.settle();
    }

    /// Lets all due parts act, and moves time on to `now_ns`.
    #[cold]
    fn run_until(&mut self, now_ns: u64) {
        let now_ns = now_ns.clamp(self.parts.now_ns(), LAST_NS);
        if self.due_ns <= now_ns {
            self.run_due(now_ns);
        }
        self.parts.come_to(now_ns);
    }

    /// Lets the due parts act, in the order of time. Parts that are due at the same time act in a
    /// fixed order: MIDI IN, the unit, the unit's own output, the sequencer.
    ///
    /// This function is separate from its caller, because most accesses find nothing due and need
    /// not pay for this code.
    #[cold]
    #[inline(never)]
    fn run_due(&mut self, now_ns: u64) {
        while self.due_ns <= now_ns {
            let time_ns = self.due_ns;
            let changed_ns = time_ns.max(self.parts.now_ns() + 1);
            self.stream.leave_before(&mut self.parts, changed_ns);
            self.parts.come_to(time_ns);
            self.run(time_ns, now_ns);
            self.schedule();
        }
    }

    /// Lets a part act that is due at `time_ns`. No access comes before `until_ns`.
    fn run(&mut self, time_ns: u64, until_ns: u64) {
        let quiet_until_ns = until_ns.min(self.cable.due_ns());
        if self.cable.due_ns() == time_ns {
            if let Some(mut reception) = self.cable.run(time_ns) {
                reception.byte = self.in_fault.pass(reception.byte);
                self.firmware.hear(&mut self.parts, reception);
            }
        } else if self.parts.unit.plan().due_ns == time_ns {
            self.firmware.run_unit(&mut self.parts);
        } else if self.parts.own_output.due_ns() == time_ns {
            self.firmware.run_own_output(&mut self.parts, quiet_until_ns);
        } else if self.firmware.sequencer_due_ns() == time_ns {
            self.firmware.run_sequencer(&mut self.parts, quiet_until_ns);
        }
    }

    /// Updates the unit's plan, the stream, STATUS and the interrupt line from the state, and finds
    /// the next due time.
    fn schedule(&mut self) {
        let parts = &mut self.parts;
        self.firmware.schedule(parts);
        self.stream.open(parts);
        parts.refresh_status();
        parts.refresh_line();
        let own_ns = parts.own_output.due_ns().min(self.firmware.sequencer_due_ns());
        self.line_due_ns = self.cable.due_ns().min(own_ns);
        self.due_ns = self.line_due_ns.min(parts.unit.plan().due_ns).min(parts.room_due_ns());
        self.next_internal_ns = self.due_ns.min(LAST_NS);
    }

    /// Lets the sequencer stop at every tick, as a simple model would.
    #[cfg(test)]
    pub(crate) fn stop_at_every_tick(&mut self) {
        self.firmware.stop_at_every_tick();
        self.settle();
    }
}
