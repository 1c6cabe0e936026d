//! A second model of the cards, which is slow and simple.
//!
//! The model looks at its whole state once in each microsecond.
//!
//! The model and the chip share a card's profile, and no code of the chip. The model knows
//! everything about a card without a sequencer. About a card with a sequencer the model knows UART
//! mode and the commands FF and 3F: scripts for such a card must not use MIDI IN or another
//! command in intelligent mode. All times of the model are whole microseconds, except the ends of
//! bytes at another speed on MIDI IN.

#[path = "reference_line.rs"]
mod line;
#[path = "reference_ports.rs"]
mod ports;

use std::collections::VecDeque;

use hw_mpu401::{
    AckPosition, AckSet, Activation, Behaviour, CardProfile, CommandPort, Corruption, Fifos,
    FramingError, HostPort, InitialState, InterruptCauses, InterruptGate, Lane, Mode, NEVER_NS,
    Overrun, Register, ResetAck, RxOutsideUart, RxWhileBusy, Source, Timing, TxOutsideUart,
    TxWhileBusy, UnreadInput, WaitsAfterReset, WireEdge, WireEvent,
};

use line::{Line, Read};

const BYTE_US: u64 = 320;
/// A tenth of a byte: its stop bit.
const STOP_BIT_US: u64 = 32;
/// Time from one clock byte F8 to the next: a 24th of a beat at the default tempo of 100.
const CLOCK_US: u64 = 25_000;

/// A reply that the unit has made and not given yet.
#[derive(Clone, Copy)]
struct Reply {
    byte: u8,
    kind: Kind,
    ready_us: u64,
    /// The shortest time from the last read of DATA to the reply, if the reply goes into DATA.
    pause_us: u64,
    job: Job,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ack,
    /// An ACK without an interrupt.
    QuietAck,
    Answer,
    Midi,
}

/// What a command does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Job {
    Nothing,
    Reset,
    EnterUart,
    Answer(u8),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Host,
    Input,
}

/// What the unit sends or drops without the host.
#[derive(Clone, Copy)]
enum Own {
    DropBacklog,
    Stop,
    FirstClock,
    Clock,
}

/// A fault of a MIDI line, and the number of bytes that have passed since it began.
struct LineFault {
    corruption: Corruption,
    passed: u32,
}

impl LineFault {
    fn new(corruption: Corruption) -> Self {
        LineFault { corruption, passed: 0 }
    }

    fn pass(&mut self, byte: u8) -> u8 {
        self.passed += 1;
        if self.passed.is_multiple_of(self.corruption.every) {
            byte ^ self.corruption.flips
        } else {
            byte
        }
    }
}

/// The slow model.
pub struct Reference {
    card: Behaviour,
    timing: Timing<u64>,
    now_us: u64,
    mode: Mode,
    /// The latch from the host: register, byte, and from when on the unit sees the byte.
    inbox: Option<(Register, u8, u64)>,
    /// The latch to the host.
    outbox: Option<Kind>,
    outbox_byte: u8,
    last_input: u8,
    /// When the host last read a byte that waited in DATA; 0 before the first such read.
    read_us: u64,
    /// The reply in the unit's hand.
    reply: Option<Reply>,
    /// A byte of the receive FIFO that made way for an ACK.
    aside: Option<(u8, Kind)>,
    /// The next byte of the receive FIFO, and when it is ready.
    hand: Option<(u8, Kind, u64)>,
    free_us: u64,
    deaf_until_us: u64,
    turn: Turn,
    /// The time from which the unit may take the byte in the latch, and whether the output was full
    /// at that time.
    found_full: (u64, bool),
    /// Bytes for MIDI OUT that have not started, each with the earliest time at which it may start.
    output: VecDeque<((u8, Source), u64)>,
    shifter: Option<((u8, Source), u64)>,
    /// The last byte that began on MIDI OUT.
    last_started: u8,
    /// Since when the 8052 behind a bus chip has room for a byte for MIDI OUT; `None` without room.
    room_since_us: Option<u64>,
    /// The receive FIFO.
    fifo: VecDeque<(u8, Kind)>,
    /// When the last byte arrived, even if it was lost.
    heard_us: u64,
    line: Line,
    /// The last command byte that the host wrote.
    command: u8,
    is_active: bool,
    gate: InterruptGate,
    enables: InterruptCauses,
    out_fault: LineFault,
    in_fault: LineFault,
    own: Option<(Own, u64)>,
    /// The writable bits of the register at base+2.
    control: u8,
    wire: VecDeque<WireEvent>,
    /// Until when other work holds the 8052, and whether its receive register is full.
    hold: (u64, bool),
    /// How many bytes the fault of hanging notes will hit.
    hanging_notes: u32,
    /// How many ACKs will be lost.
    lost_acks: u32,
}

impl Reference {
    pub fn new(profile: &CardProfile, initial: InitialState) -> Self {
        let card = profile.behaviour;
        let is_uart = card.command_port == CommandPort::StatusOnly
            || matches!(initial, InitialState::Uart { .. });
        let mut unit = Reference {
            card,
            timing: card.timing.map(|spread| spread.typ),
            now_us: 0,
            mode: if is_uart { Mode::Uart } else { Mode::Intelligent },
            inbox: None,
            outbox: None,
            outbox_byte: 0,
            last_input: 0,
            read_us: 0,
            reply: None,
            aside: None,
            hand: None,
            free_us: 0,
            deaf_until_us: 0,
            turn: Turn::Host,
            found_full: (0, false),
            output: VecDeque::new(),
            shifter: None,
            last_started: 0,
            room_since_us: Some(0),
            fifo: VecDeque::new(),
            heard_us: 0,
            line: Line::new(),
            command: 0,
            is_active: card.activation == Activation::Active,
            gate: card.interrupt_gate,
            enables: card.interrupt_enables,
            out_fault: LineFault::new(Corruption { flips: 0, every: 1 }),
            in_fault: LineFault::new(Corruption { flips: 0, every: 1 }),
            own: None,
            control: if card.tx_outside_uart == TxOutsideUart::Sent { 0x10 } else { 0 },
            wire: VecDeque::new(),
            hold: (0, false),
            hanging_notes: 0,
            lost_acks: 0,
        };
        match initial {
            InitialState::PowerOn => {
                unit.free_us = us(unit.timing.busy_after_power_on_ns);
                unit.plan_stop();
            }
            InitialState::Idle => {
                unit.outbox_byte = 0xFE;
                unit.command = 0xFF;
                unit.last_input = 0xFE;
                unit.own = card.reset_output.map(|_| (Own::Clock, CLOCK_US));
            }
            InitialState::Uart { stale } => {
                unit.outbox_byte = stale;
                unit.command = 0x3F;
                unit.last_input = stale;
            }
        }
        if is_uart {
            unit.own = None;
        }
        unit
    }

    /// Does everything that happens in one microsecond, except the accesses at its end.
    fn tick(&mut self) {
        self.line.look(self.now_us);
        self.now_us += 1;
        self.run_shifter();
        self.run_line();
        self.run_unit();
        self.run_own();
        self.run_unit();
        self.run_shifter();
    }

    fn run_shifter(&mut self) {
        if let Some((byte, end_us)) = self.shifter
            && end_us == self.now_us
        {
            self.shifter = None;
            self.event(Lane::Out, WireEdge::End, byte);
        }
        let is_ready = self.output.front().is_some_and(|(_, from_us)| *from_us <= self.now_us);
        if self.shifter.is_none() && is_ready {
            let (byte, _) = self.output.pop_front().expect("just seen");
            self.event(Lane::Out, WireEdge::Start, byte);
            self.shifter = Some((byte, self.now_us + BYTE_US));
            self.last_started = byte.0;
        }
        let is_before_stop_bit =
            self.shifter.is_some_and(|(_, end_us)| self.now_us + STOP_BIT_US < end_us);
        let has_room = self.positions_left() > self.output.len() + usize::from(is_before_stop_bit);
        self.room_since_us = has_room.then(|| self.room_since_us.unwrap_or(self.now_us));
    }

    fn run_line(&mut self) {
        self.wire.extend(self.line.end(self.now_us));
        if let Some(read) = self.line.heard(self.now_us) {
            self.hear(read);
        }
        self.wire.extend(self.line.start(self.now_us));
    }

    fn event(&mut self, lane: Lane, edge: WireEdge, (byte, source): (u8, Source)) {
        let time_ns = self.now_us * 1_000;
        self.wire.push_back(WireEvent { time_ns, byte, lane, edge, source });
    }

    fn hear(&mut self, Read { byte, has_stop, .. }: Read) {
        let byte = self.in_fault.pass(byte);
        if !self.is_active || (!has_stop && self.card.framing_error == FramingError::Dropped) {
            return;
        }
        self.heard_us = self.now_us;
        let is_lost = match self.mode {
            Mode::Intelligent => self.card.rx_outside_uart == RxOutsideUart::Deaf,
            Mode::Uart => {
                self.card.rx_while_busy == RxWhileBusy::Lost && self.now_us < self.deaf_until_us
            }
        };
        let is_held = self.mode == Mode::Uart && self.is_held();
        if is_lost || (is_held && std::mem::replace(&mut self.hold.1, true)) {
            return;
        }
        self.receive(byte, Kind::Midi);
    }

    fn has_bus_chip(&self) -> bool {
        self.card.host_port == HostPort::BusChip
    }

    fn is_held(&self) -> bool {
        self.has_bus_chip() && self.now_us < self.hold.0
    }

    /// Puts a byte into the receive FIFO.
    fn receive(&mut self, byte: u8, kind: Kind) {
        if self.input_is_full() {
            if self.card.rx_overrun == Overrun::DropNew {
                return;
            }
            if self.shows_fifo() {
                self.outbox = None;
            } else if self.aside.is_some() {
                self.aside = None;
            } else if self.hand.is_some() {
                self.hand = None;
            } else {
                self.fifo.pop_front();
            }
        }
        self.fifo.push_back((byte, kind));
    }

    /// Whether bytes of this kind pass through the receive FIFO.
    fn passes_fifo(&self, kind: Kind) -> bool {
        match kind {
            Kind::Midi => true,
            Kind::Answer => self.card.host_port == HostPort::Fifo,
            Kind::Ack | Kind::QuietAck => {
                self.card.host_port == HostPort::Fifo && self.card.ack_position == AckPosition::Tail
            }
        }
    }

    /// Whether DATA shows a byte of the receive FIFO.
    fn shows_fifo(&self) -> bool {
        self.outbox.is_some_and(|kind| self.passes_fifo(kind))
    }

    fn input_is_full(&self) -> bool {
        let held = [self.shows_fifo(), self.aside.is_some(), self.hand.is_some()];
        let held = held.into_iter().filter(|is_held| *is_held).count();
        held + self.fifo.len() >= usize::from(self.card.rx_depth)
    }

    /// Runs the unit's main loop until the unit has no more work now.
    fn run_unit(&mut self) {
        if self.mode == Mode::Uart && self.is_held() {
            return;
        }
        while self.give() || self.take_or_fetch() {}
        self.run_shifter();
    }

    fn give(&mut self) -> bool {
        if let Some(reply) = self.reply {
            let passes_fifo = self.passes_fifo(reply.kind);
            let waits_us = if passes_fifo { 0 } else { reply.pause_us };
            let is_free = passes_fifo || self.outbox.is_none();
            if !is_free || self.now_us < reply.ready_us || self.rests(waits_us) {
                return false;
            }
            self.reply = None;
            if passes_fifo {
                self.receive(reply.byte, reply.kind);
            } else {
                self.outbox = Some(reply.kind);
                self.outbox_byte = reply.byte;
            }
            self.free_us = self.free_us.max(self.now_us);
            self.carry_out(reply.job, us(self.timing.ack_latency_ns));
            return true;
        }
        if self.outbox.is_some() || self.rests(us(self.timing.next_byte_ns)) {
            return false;
        }
        let (byte, kind) = match (self.aside, self.hand) {
            (Some(entry), _) => entry,
            (None, Some((byte, kind, ready_us))) if self.now_us >= ready_us => (byte, kind),
            (None, _) => return false,
        };
        if self.aside.take().is_none() {
            self.hand = None;
        }
        self.outbox = Some(kind);
        self.outbox_byte = byte;
        self.free_us = self.free_us.max(self.now_us);
        if kind == Kind::Midi {
            self.last_input = byte;
        }
        self.turn = Turn::Host;
        true
    }

    /// Whether the last read of DATA was less than `pause_us` ago.
    fn rests(&self, pause_us: u64) -> bool {
        self.now_us < self.read_us + pause_us
    }

    fn take_or_fetch(&mut self) -> bool {
        let blocks = self.card.unread_input == UnreadInput::BlocksOutput;
        let holds_input = self.aside.is_some() || self.hand.is_some();
        let holds_reply = self.reply.is_some() && !self.has_bus_chip();
        if holds_reply || (blocks && holds_input) {
            return false;
        }
        let takes = self.can_take();
        let is_room = if blocks { self.now_us >= self.free_us } else { self.outbox.is_none() };
        let fetches = self.hand.is_none() && is_room && !self.fifo.is_empty();
        match (takes, fetches, self.turn) {
            (true, false, _) | (true, true, Turn::Host) => self.take(),
            (false, true, _) | (true, true, Turn::Input) => {
                let has_waited = self.heard_us < self.now_us || self.fifo.len() > 1;
                let (byte, kind) = self.fifo.pop_front().expect("just seen");
                let latency_ns = match (kind, has_waited) {
                    (Kind::Midi, true) => self.timing.rx_queued_to_dsr_ns,
                    (Kind::Midi, false) => self.timing.rx_to_dsr_ns,
                    _ => 0,
                };
                self.hand = Some((byte, kind, self.now_us + us(latency_ns)));
            }
            (false, false, _) => return false,
        }
        true
    }

    fn can_take(&mut self) -> bool {
        let Some((register, byte, written_us)) = self.inbox else {
            return false;
        };
        let timing = &self.timing;
        if self.has_bus_chip() {
            let room_since_us = self.room_since_us.filter(|_| self.mode == Mode::Uart);
            return room_since_us.is_some_and(|since_us| {
                let looked_us = written_us.max(since_us) + us(timing.drr_clear_uart_ns);
                self.now_us >= looked_us.max(self.free_us)
            });
        }
        let latency_ns = match self.mode {
            Mode::Uart => timing.drr_clear_uart_ns,
            Mode::Intelligent => timing.drr_clear_intelligent_ns,
        };
        let waits = match self.card.waits_after_reset {
            WaitsAfterReset::All => true,
            WaitsAfterReset::Commands => {
                self.mode == Mode::Uart || (register == Register::Command && byte != 0xFF)
            }
        };
        let free_us = if waits { self.free_us } else { 0 };
        let from_us = free_us.max(written_us + us(latency_ns));
        let needs_room = register == Register::Data && self.sends_data();
        self.now_us >= from_us && (!needs_room || self.finds_room(from_us))
    }

    /// Whether the unit knows that the output has room for the byte in the latch. The unit could
    /// take the byte since `from_us`. If the output was full at that time, the unit looks for room
    /// only now and then.
    fn finds_room(&mut self, from_us: u64) -> bool {
        let is_full = self.output_is_full();
        if self.found_full.0 != from_us {
            self.found_full = (from_us, is_full);
        }
        !is_full && (!self.found_full.1 || self.looks_for_room())
    }

    fn looks_for_room(&self) -> bool {
        let timing = &self.timing;
        let taken_us = self.free_us.saturating_sub(us(timing.tx_accept_ns));
        let first_us = taken_us + us(timing.tx_full_accept_ns);
        let look_us = us(timing.tx_full_look_ns).max(1);
        self.now_us >= first_us && (self.now_us - first_us).is_multiple_of(look_us)
    }

    /// Whether data of the host goes out as it is.
    fn sends_data(&self) -> bool {
        self.mode == Mode::Uart || self.control & 0x10 != 0
    }

    /// Whether FIFO and shifter are full.
    fn output_is_full(&self) -> bool {
        let held = self.output.len() + usize::from(self.shifter.is_some());
        held >= self.positions_left()
    }

    /// How many bytes the FIFO and the shifter hold together. A card's depth includes its latch.
    fn positions_left(&self) -> usize {
        let latch = usize::from(self.card.host_port != HostPort::Fifo);
        usize::from(self.card.tx_depth) - latch
    }

    fn take(&mut self) {
        let (register, byte, _) = self.inbox.take().expect("just seen");
        self.free_us = self.free_us.max(self.now_us);
        self.turn = Turn::Input;
        let is_lost = self.card.tx_while_busy == TxWhileBusy::Lost;
        match (register, self.mode, byte) {
            (Register::Data, Mode::Uart, _) if is_lost && self.now_us < self.deaf_until_us => {}
            (Register::Data, ..) if self.sends_data() => {
                let follows = self.has_bus_chip() && self.shifter.is_some();
                let wait_ns = if follows { 0 } else { self.timing.tx_start_ns };
                let byte = self.with_fault(byte);
                let sent = self.out_fault.pass(byte);
                self.output.push_back(((sent, Source::Host), self.now_us + us(wait_ns)));
                self.free_us = self.now_us + us(self.timing.tx_accept_ns);
            }
            (Register::Command, Mode::Uart, 0xFF) => self.leave_uart(),
            (Register::Command, Mode::Intelligent, _) => self.obey(byte),
            _ => {}
        }
    }

    /// What goes to MIDI OUT when the unit has taken this byte.
    fn with_fault(&mut self, byte: u8) -> u8 {
        if self.hanging_notes == 0 {
            return byte;
        }
        self.hanging_notes -= 1;
        self.output.back().map_or(self.last_started, |((before, _), _)| *before)
    }

    /// Does what a bus chip does with a command.
    fn decode(&mut self, command: u8) {
        match (self.mode, command) {
            (Mode::Uart, 0xFF) => self.leave_uart(),
            (Mode::Uart, _) => {}
            (Mode::Intelligent, _) => self.obey(command),
        }
    }

    fn obey(&mut self, command: u8) {
        let knows_all = matches!(self.card.ack_set, AckSet::All | AckSet::ResetOnly);
        let job = match command {
            0xFF => Job::Reset,
            0x3F => Job::EnterUart,
            _ if !knows_all => return,
            _ => self.answer_to(command).map_or(Job::Nothing, Job::Answer),
        };
        let is_acknowledged = match self.card.ack_set {
            AckSet::All | AckSet::ResetAndUart => true,
            AckSet::ResetOnly | AckSet::ResetWithoutUart => command == 0xFF,
            AckSet::None => false,
        };
        if is_acknowledged {
            self.acknowledge(Kind::Ack, job);
        } else {
            self.carry_out(job, 0);
        }
    }

    /// The byte after the ACK of a command; `None` if no byte follows.
    fn answer_to(&self, command: u8) -> Option<u8> {
        let fixed =
            self.card.answers.rows().find(|row| row.first <= command && command <= row.last);
        match (fixed, command, self.card.firmware) {
            (Some(row), ..) => Some(row.answer),
            (None, 0xAC, Some(firmware)) => Some(firmware.version),
            (None, 0xAD, Some(firmware)) => Some(firmware.revision),
            (None, ..) => None,
        }
    }

    fn acknowledge(&mut self, kind: Kind, mut job: Job) {
        let changes_mode = matches!(job, Job::Reset | Job::EnterUart);
        let enters = job == Job::EnterUart;
        if self.card.host_port != HostPort::Mailbox && changes_mode {
            self.carry_out(job, 0);
            job = Job::Nothing;
        }
        if self.has_bus_chip() {
            self.outbox = None;
        }
        if self.reply.is_some() {
            self.carry_out(job, 0);
            return;
        }
        let goes_first = self.card.ack_position == AckPosition::Front;
        if goes_first && matches!(self.outbox, Some(Kind::Ack | Kind::QuietAck)) {
            self.carry_out(job, 0);
            return;
        }
        if self.lost_acks > 0 {
            self.lost_acks -= 1;
            self.carry_out(job, 0);
            return;
        }
        if goes_first && self.shows_fifo() {
            self.aside = self.outbox.take().map(|kind| (self.outbox_byte, kind));
        }
        let later_us = if enters { us(self.timing.uart_entry_ns) } else { 0 };
        let ready_us = self.now_us + us(self.timing.ack_latency_ns) + later_us;
        // A bus chip gives its ACK 1 ns after a read of DATA. In this model the time is 1 us,
        // because the model has only whole microseconds.
        let pause_us = if self.has_bus_chip() { 1 } else { us(self.timing.next_byte_ns) };
        self.reply = Some(Reply { byte: 0xFE, kind, ready_us, pause_us, job });
    }

    fn carry_out(&mut self, job: Job, since_taken_us: u64) {
        match job {
            Job::Nothing => {}
            Job::Answer(byte) => {
                let pause_us = us(self.timing.reply_latency_ns);
                let kind = Kind::Answer;
                let wait_us = if self.passes_fifo(kind) { pause_us } else { 0 };
                let ready_us = self.now_us + wait_us;
                self.reply = Some(Reply { byte, kind, ready_us, pause_us, job: Job::Nothing });
            }
            Job::Reset => {
                self.clear(self.card.cleared_by_reset);
                let busy_us = us(self.timing.busy_after_reset_ns);
                self.free_us = self.now_us + busy_us.saturating_sub(since_taken_us);
                self.plan_stop();
            }
            Job::EnterUart => {
                self.clear(self.card.cleared_by_uart_entry);
                self.mode = Mode::Uart;
                let timing = &self.timing;
                let busy_ns = match self.own {
                    None | Some((Own::Clock, _)) => timing.busy_after_uart_entry_ns,
                    Some(_) => timing.busy_after_early_uart_entry_ns,
                };
                self.deaf_until_us = self.now_us + us(busy_ns);
                if self.has_bus_chip() {
                    self.deaf_until_us += us(timing.uart_entry_ns);
                    self.deaf_until_us = self.deaf_until_us.max(self.hold.0);
                }
                if self.card.tx_while_busy == TxWhileBusy::Waits {
                    self.free_us = self.deaf_until_us;
                }
                self.own = None;
            }
        }
    }

    fn leave_uart(&mut self) {
        self.clear(self.card.cleared_by_reset);
        self.mode = Mode::Intelligent;
        self.free_us = self.now_us + us(self.timing.busy_after_exit_ns);
        match self.timing.backlog_after_exit_ns {
            NEVER_NS => self.plan_stop(),
            time_ns => self.own = Some((Own::DropBacklog, self.now_us + us(time_ns))),
        }
        match self.card.ack_reset_in_uart {
            _ if self.card.ack_set == AckSet::None => {}
            ResetAck::Acknowledged => self.acknowledge(Kind::Ack, Job::Nothing),
            ResetAck::WithoutInterrupt => self.acknowledge(Kind::QuietAck, Job::Nothing),
            ResetAck::Silent => {}
        }
    }

    fn clear(&mut self, fifos: Fifos) {
        if fifos.contains(Fifos::TX) && self.has_bus_chip() {
            self.inbox = None;
        } else if fifos.contains(Fifos::TX) {
            self.output.clear();
        }
        if fifos.contains(Fifos::RX) {
            self.fifo.retain(|(_, kind)| *kind != Kind::Midi);
            self.aside = self.aside.filter(|(_, kind)| *kind != Kind::Midi);
            self.hand = self.hand.filter(|(_, kind, _)| *kind != Kind::Midi);
            if self.card.host_port == HostPort::Fifo && self.outbox == Some(Kind::Midi) {
                self.outbox = None;
            }
        }
    }

    fn plan_stop(&mut self) {
        self.own = self.card.reset_output.map(|own| {
            let start_us = self.free_us.saturating_sub(us(own.stop_before_ready_ns));
            (Own::Stop, start_us.max(self.now_us))
        });
    }

    fn run_own(&mut self) {
        let Some((own, time_us)) = self.own.filter(|(_, time_us)| *time_us <= self.now_us) else {
            return;
        };
        match own {
            Own::DropBacklog => {
                if !self.output.is_empty() {
                    let timing = &self.timing;
                    self.free_us +=
                        us(timing.busy_after_exit_full_ns) - us(timing.busy_after_exit_ns);
                }
                self.output.clear();
                self.plan_stop();
            }
            Own::Stop => {
                self.send_own(0xFC, 0);
                let figures = self.card.reset_output;
                let wait_us = figures.map_or(0, |own| us(own.clock_after_ready_ns));
                self.own = Some((Own::FirstClock, self.free_us + wait_us));
            }
            Own::FirstClock | Own::Clock => {
                self.send_own(0xF8, us(self.timing.clock_delay_ns));
                self.own = Some((Own::Clock, time_us + CLOCK_US));
            }
        }
    }

    fn send_own(&mut self, byte: u8, late_us: u64) {
        let byte = self.out_fault.pass(byte);
        self.output.push_back(((byte, Source::Unit), self.now_us + late_us));
        self.run_shifter();
    }
}

fn us(time_ns: u64) -> u64 {
    assert_eq!(time_ns % 1_000, 0, "the slow model knows whole microseconds only");
    time_ns / 1_000
}
