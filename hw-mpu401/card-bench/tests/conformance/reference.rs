//! A second model of the cards, which is slow and simple.
//!
//! The model looks at its whole state once in each microsecond.
//!
//! The model shares no code with the chip, only the numbers of a card's profile. The model knows
//! UART mode and the commands FF and 3F. In intelligent mode the model ignores MIDI IN and every
//! other command. So scripts for the model must not use MIDI IN or another command in this mode.
//! All times of the model are whole microseconds.

#[path = "reference_ports.rs"]
mod ports;

use std::collections::VecDeque;

use hw_mpu401::{
    AckPosition, AckSet, Behaviour, CardProfile, CommandPort, Fifos, HostPort, InitialState, Lane,
    Mode, NEVER_NS, Overrun, Register, ResetAck, RxWhileBusy, Source, Timing, TxWhileBusy,
    UnreadInput, WireEdge, WireEvent,
};

const BYTE_US: u64 = 320;
/// Time from one clock byte F8 to the next: a 24th of a beat at the default tempo of 100.
const CLOCK_US: u64 = 25_000;

/// A byte on its way to the host.
#[derive(Clone, Copy)]
struct Gift {
    byte: u8,
    kind: Kind,
    ready_us: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    AckOf(Option<Job>),
    /// An ACK without an interrupt.
    QuietAck,
    Midi,
}

/// What a command does after its ACK.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Job {
    Reset,
    EnterUart,
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

/// The slow model.
pub struct Reference {
    card: Behaviour,
    timing: Timing<u64>,
    now_us: u64,
    mode: Mode,
    /// The latch from the host: register, byte, and when it filled.
    inbox: Option<(Register, u8, u64)>,
    /// The latch to the host.
    outbox: Option<Kind>,
    outbox_byte: u8,
    read_us: Option<u64>,
    /// What the unit holds until the latch to the host is empty.
    gift: Option<Gift>,
    free_us: u64,
    deaf_until_us: u64,
    turn: Turn,
    /// Bytes for MIDI OUT, each with the earliest time at which it may start.
    output: VecDeque<((u8, Source), u64)>,
    shifter: Option<((u8, Source), u64)>,
    input: VecDeque<u8>,
    cable: VecDeque<(u8, u64)>,
    arriving: Option<(u8, u64)>,
    own: Option<(Own, u64)>,
    wire: VecDeque<WireEvent>,
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
            read_us: None,
            gift: None,
            free_us: 0,
            deaf_until_us: 0,
            turn: Turn::Host,
            output: VecDeque::new(),
            shifter: None,
            input: VecDeque::new(),
            cable: VecDeque::new(),
            arriving: None,
            own: None,
            wire: VecDeque::new(),
        };
        match initial {
            InitialState::PowerOn => {
                unit.free_us = us(unit.timing.busy_after_power_on_ns);
                unit.plan_stop();
            }
            InitialState::Idle => {
                unit.outbox_byte = 0xFE;
                unit.own = card.reset_output.map(|_| (Own::Clock, CLOCK_US));
            }
            InitialState::Uart { stale } => unit.outbox_byte = stale,
        }
        if is_uart {
            unit.own = None;
        }
        unit
    }

    /// Does everything that happens in one microsecond, except the accesses at its end.
    fn tick(&mut self) {
        self.now_us += 1;
        self.run_shifter();
        self.run_cable();
        self.run_unit();
        self.run_own();
        self.run_unit();
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
        }
    }

    fn run_cable(&mut self) {
        if let Some((byte, end_us)) = self.arriving
            && end_us == self.now_us
        {
            self.arriving = None;
            self.event(Lane::In, WireEdge::End, (byte, Source::Cable));
            self.hear(byte);
        }
        let starts = self.cable.front().is_some_and(|(_, start_us)| *start_us <= self.now_us);
        if self.arriving.is_none() && starts {
            let (byte, _) = self.cable.pop_front().expect("just seen");
            self.event(Lane::In, WireEdge::Start, (byte, Source::Cable));
            self.arriving = Some((byte, self.now_us + BYTE_US));
        }
    }

    fn event(&mut self, lane: Lane, edge: WireEdge, (byte, source): (u8, Source)) {
        let time_ns = self.now_us * 1_000;
        self.wire.push_back(WireEvent { time_ns, byte, lane, edge, source });
    }

    fn hear(&mut self, byte: u8) {
        let is_lost = self.card.rx_while_busy == RxWhileBusy::Lost;
        if self.mode == Mode::Intelligent || (is_lost && self.now_us < self.deaf_until_us) {
            return;
        }
        let held = self.input_at_port();
        if self.input_is_full() {
            match self.card.rx_overrun {
                Overrun::DropNew => return,
                Overrun::DropOld if self.outbox == Some(Kind::Midi) => self.outbox = None,
                Overrun::DropOld if held > 0 => self.gift = None,
                Overrun::DropOld => drop(self.input.pop_front()),
            }
        }
        self.input.push_back(byte);
    }

    /// MIDI IN bytes in the latch and on their way to the latch.
    fn input_at_port(&self) -> usize {
        let is_midi = |kind: Option<Kind>| usize::from(kind == Some(Kind::Midi));
        is_midi(self.outbox) + is_midi(self.gift.map(|gift| gift.kind))
    }

    fn input_is_full(&self) -> bool {
        self.input_at_port() + self.input.len() >= usize::from(self.card.rx_depth)
    }

    /// Runs the unit's main loop until the unit has no more work now.
    fn run_unit(&mut self) {
        while self.give() || self.take_or_fetch() {}
    }

    fn give(&mut self) -> bool {
        let Some(gift) = self.gift else {
            return false;
        };
        let pause_us = us(self.timing.next_byte_ns);
        let rests = self.read_us.is_some_and(|read_us| self.now_us < read_us + pause_us);
        if self.outbox.is_some() || self.now_us < gift.ready_us || rests {
            return false;
        }
        self.gift = None;
        self.outbox = Some(gift.kind);
        self.outbox_byte = gift.byte;
        self.free_us = self.free_us.max(self.now_us);
        match gift.kind {
            Kind::Midi => self.turn = Turn::Host,
            Kind::AckOf(None) | Kind::QuietAck => {}
            Kind::AckOf(Some(job)) => self.carry_out(job, us(self.timing.ack_latency_ns)),
        }
        true
    }

    fn take_or_fetch(&mut self) -> bool {
        let blocks = self.card.unread_input == UnreadInput::BlocksOutput;
        if blocks && self.gift.is_some() {
            return false;
        }
        let takes = self.can_take();
        let is_room = if blocks { self.now_us >= self.free_us } else { self.outbox.is_none() };
        let fetches = self.gift.is_none() && is_room && !self.input.is_empty();
        match (takes, fetches, self.turn) {
            (true, false, _) | (true, true, Turn::Host) => self.take(),
            (false, true, _) | (true, true, Turn::Input) => {
                let byte = self.input.pop_front().expect("just seen");
                let ready_us = self.now_us + us(self.timing.rx_to_dsr_ns);
                self.gift = Some(Gift { byte, kind: Kind::Midi, ready_us });
            }
            (false, false, _) => return false,
        }
        true
    }

    fn can_take(&self) -> bool {
        let Some((register, _, written_us)) = self.inbox else {
            return false;
        };
        let timing = &self.timing;
        let latency_ns = match self.mode {
            Mode::Uart => timing.drr_clear_uart_ns,
            Mode::Intelligent => timing.drr_clear_intelligent_ns,
        };
        let waits_for_room =
            (register, self.mode) == (Register::Data, Mode::Uart) && self.output_is_full();
        self.now_us >= self.free_us.max(written_us + us(latency_ns)) && !waits_for_room
    }

    /// Whether FIFO and shifter are full. The latch of a mailbox counts as one more position.
    fn output_is_full(&self) -> bool {
        let held = self.output.len() + usize::from(self.shifter.is_some());
        let latch = usize::from(self.card.host_port == HostPort::Mailbox);
        held + latch >= usize::from(self.card.tx_depth)
    }

    fn take(&mut self) {
        let (register, byte, _) = self.inbox.take().expect("just seen");
        self.free_us = self.now_us;
        self.turn = Turn::Input;
        let is_lost = self.card.tx_while_busy == TxWhileBusy::Lost;
        match (register, self.mode, byte) {
            (Register::Data, Mode::Uart, _) if is_lost && self.now_us < self.deaf_until_us => {}
            (Register::Data, Mode::Uart, _) => {
                let start_us = self.now_us + us(self.timing.tx_start_ns);
                self.output.push_back(((byte, Source::Host), start_us));
                self.free_us = self.now_us + us(self.timing.tx_accept_ns);
            }
            (Register::Command, Mode::Uart, 0xFF) => self.leave_uart(),
            (Register::Command, Mode::Intelligent, 0xFF) => self.obey(Job::Reset),
            (Register::Command, Mode::Intelligent, 0x3F) => self.obey(Job::EnterUart),
            _ => {}
        }
    }

    fn obey(&mut self, job: Job) {
        match (self.card.ack_set, job) {
            (AckSet::None, _) | (AckSet::ResetOnly, Job::EnterUart) => self.carry_out(job, 0),
            _ => self.acknowledge(Kind::AckOf(Some(job))),
        }
    }

    fn acknowledge(&mut self, kind: Kind) {
        let job = match kind {
            Kind::AckOf(job) => job,
            Kind::QuietAck | Kind::Midi => None,
        };
        let works_first = self.card.host_port == HostPort::Fifo;
        if works_first {
            job.into_iter().for_each(|job| self.carry_out(job, 0));
        }
        let is_ack = |kind| matches!(kind, Some(Kind::AckOf(_) | Kind::QuietAck));
        let joins = self.gift.is_some()
            || (self.card.ack_position == AckPosition::Front && is_ack(self.outbox));
        if !joins {
            self.gift = Some(Gift {
                byte: 0xFE,
                kind: if works_first && job.is_some() { Kind::AckOf(None) } else { kind },
                ready_us: self.now_us + us(self.timing.ack_latency_ns),
            });
        }
    }

    fn carry_out(&mut self, job: Job, since_taken_us: u64) {
        match job {
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
            ResetAck::Acknowledged => self.acknowledge(Kind::AckOf(None)),
            ResetAck::WithoutInterrupt => self.acknowledge(Kind::QuietAck),
            ResetAck::Silent => {}
        }
    }

    fn clear(&mut self, fifos: Fifos) {
        if fifos.contains(Fifos::TX) {
            self.output.clear();
        }
        if fifos.contains(Fifos::RX) {
            self.input.clear();
            self.gift = self.gift.filter(|gift| gift.kind != Kind::Midi);
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
                self.send_own(0xFC);
                let figures = self.card.reset_output;
                let wait_us = figures.map_or(0, |own| us(own.clock_after_ready_ns));
                self.own = Some((Own::FirstClock, self.free_us + wait_us));
            }
            Own::FirstClock | Own::Clock => {
                self.send_own(0xF8);
                self.own = Some((Own::Clock, time_us + CLOCK_US));
            }
        }
    }

    fn send_own(&mut self, byte: u8) {
        self.output.push_back(((byte, Source::Unit), self.now_us));
        self.run_shifter();
    }
}

fn us(time_ns: u64) -> u64 {
    assert_eq!(time_ns % 1_000, 0, "the slow model knows whole microseconds only");
    time_ns / 1_000
}
