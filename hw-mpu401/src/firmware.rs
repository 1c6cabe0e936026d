//! The unit behind the port: what it does with a byte, when, and for how long it is busy.
//!
//! The unit has one main loop. It takes a host byte, or it fetches an input byte and waits until
//! the host has room for it; never both at once. That is why unread input blocks output, and why
//! a command waits behind an unread ACK. A card without firmware is the same loop in no time,
//! with input and output apart.

use crate::chip::{Mpu401, Turn};
use crate::host_port::{AfterReply, Inbox, Outbox, Reply};
use crate::profile::{AckPosition, AckSet, Fifos, HostPort, ResetAck, TxWhileBusy, UnreadInput};
use crate::self_output::{Output, OutputStep};
use crate::spec::{ACK, ENTER_UART, Mode, REQUEST_REVISION, REQUEST_VERSION, RESET};
use crate::timing::{NEVER_NS, ReplyOnItsWay};
use ringbuf::traits::Observer;

/// What the unit does next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Nothing,
    /// Take the byte in the latch from the host.
    Take,
    /// Fetch a byte from the input FIFO.
    Fetch,
    /// Put a reply into the latch to the host.
    GiveReply,
    /// Put an input byte into the latch to the host.
    GiveInput,
    /// Ask the host for something.
    Request,
    /// Acknowledge the command that waited for an answer of the host.
    RunDeferred,
}

/// What the unit does next, and when.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    action: Action,
    /// When, [`NEVER_NS`] for nothing.
    pub(crate) due_ns: u64,
}

impl Plan {
    /// Nothing to do.
    pub(crate) const IDLE: Self = Self { action: Action::Nothing, due_ns: NEVER_NS };

    pub(crate) const fn new(action: Action, due_ns: u64) -> Self {
        Self { action, due_ns }
    }

    pub(crate) fn or_earlier(self, other: Self) -> Self {
        if other.due_ns < self.due_ns { other } else { self }
    }
}

impl Mpu401 {
    /// Settles what the unit does next, as things stand.
    pub(crate) fn schedule_unit(&mut self) {
        self.sequencer_due_ns = NEVER_NS;
        if self.runs_sequencer() {
            self.schedule_sequencer();
        } else if self.is_quiet() {
            self.unit_plan = self.plan_take();
            self.unit_seen_ns = self.take_seen_ns();
        } else {
            self.unit_plan = self.plan_all();
            self.unit_seen_ns = self.unit_plan.due_ns;
        }
    }

    /// Whether the unit is in intelligent mode, and has one that is worth the name.
    pub(crate) fn runs_sequencer(&self) -> bool {
        self.hot.mode == Mode::Intelligent && self.unit.has_sequencer
    }

    /// Whether nothing is on its way to the host.
    pub(crate) fn is_quiet(&self) -> bool {
        self.input.is_empty() && !self.holds_byte()
    }

    /// When the host may see something of the byte that is to be taken, if nothing else is to
    /// come. A data byte shows only on MIDI OUT, and there not before its start bit.
    fn take_seen_ns(&self) -> u64 {
        match (self.hot.inbox, self.hot.mode) {
            (Inbox::Empty, _) | (Inbox::Data, Mode::Intelligent) => NEVER_NS,
            (Inbox::Command, _) => self.unit_plan.due_ns,
            (Inbox::Data, Mode::Uart) => {
                let ready_ns = self.unit_plan.due_ns.saturating_add(self.timing.tx_start_ns);
                ready_ns.max(self.transmitter.free_ns())
            }
        }
    }

    /// Whether the unit has a byte in hand that it gives as soon as the host has read the one
    /// before.
    pub(crate) fn holds_byte(&self) -> bool {
        self.reply.is_some() || self.displaced.is_some() || self.incoming.is_some()
    }

    fn plan_all(&self) -> Plan {
        let gift = self.plan_gift();
        if self.holds_byte() && self.unit.unread_input == UnreadInput::BlocksOutput {
            return gift;
        }
        let take = self.plan_take();
        let fetch = self.plan_fetch();
        gift.or_earlier(match self.turn {
            Turn::Host => take.or_earlier(fetch),
            Turn::Input => fetch.or_earlier(take),
        })
    }

    pub(crate) fn plan_gift(&self) -> Plan {
        if self.hot.outbox != Outbox::Empty {
            return Plan::IDLE;
        }
        let (action, ready_ns, pause_ns) = if let Some(reply) = self.reply {
            (Action::GiveReply, reply.ready_ns, reply.pause_ns)
        } else if self.displaced.is_some() {
            (Action::GiveInput, 0, self.timing.next_byte_ns)
        } else if let Some(incoming) = self.incoming {
            (Action::GiveInput, incoming.ready_ns, self.timing.next_byte_ns)
        } else {
            return Plan::IDLE;
        };
        let emptied_ns = self.outbox_read_ns.saturating_add(pause_ns);
        Plan::new(action, ready_ns.max(emptied_ns).max(self.hot.now_ns))
    }

    pub(crate) fn plan_take(&self) -> Plan {
        let latency_ns = match (self.hot.inbox, self.hot.mode) {
            (Inbox::Empty, _) => return Plan::IDLE,
            (_, Mode::Uart) => self.timing.drr_clear_uart_ns,
            (_, Mode::Intelligent) => self.timing.drr_clear_intelligent_ns,
        };
        let is_blocked =
            self.hot.inbox == Inbox::Data && self.hot.mode == Mode::Uart && self.output_is_full();
        let room_ns = if is_blocked { self.transmitter.room_ns() } else { 0 };
        let seen_ns = self.hot.inbox_written_ns.saturating_add(latency_ns);
        Plan::new(Action::Take, seen_ns.max(self.hot.free_ns).max(self.hot.now_ns).max(room_ns))
    }

    pub(crate) fn plan_fetch(&self) -> Plan {
        if self.input.is_empty() || self.incoming.is_some() {
            return Plan::IDLE;
        }
        match self.unit.unread_input {
            UnreadInput::BlocksOutput => {
                Plan::new(Action::Fetch, self.hot.free_ns.max(self.hot.now_ns))
            }
            UnreadInput::Harmless if self.hot.outbox == Outbox::Empty => {
                Plan::new(Action::Fetch, self.hot.now_ns)
            }
            UnreadInput::Harmless => Plan::IDLE,
        }
    }

    /// Does what the unit planned, now.
    pub(crate) fn run_unit(&mut self) {
        match self.unit_plan.action {
            Action::Nothing => {}
            Action::Take => {
                self.draw_before_take();
                self.take();
            }
            Action::Fetch => self.fetch(),
            Action::GiveReply => self.give_reply(),
            Action::GiveInput => self.give_input(),
            Action::Request => self.give_request(),
            Action::RunDeferred => self.run_deferred(),
        }
        self.draw_after(self.unit_plan.action);
    }

    /// Where times vary: draws those that follow from the byte that is about to be taken.
    fn draw_before_take(&mut self) {
        if let Some(draws) = &mut self.draws {
            let reply = if self.reply.is_some() { ReplyOnItsWay::Yes } else { ReplyOnItsWay::No };
            draws.before_take(&mut self.timing, reply);
        }
    }

    /// Where times vary: draws those that the next such step will need.
    fn draw_after(&mut self, action: Action) {
        let Some(draws) = &mut self.draws else {
            return;
        };
        match action {
            Action::Nothing | Action::Request | Action::RunDeferred => {}
            Action::Take => draws.after_take(&mut self.timing),
            Action::Fetch => draws.after_fetch(&mut self.timing),
            Action::GiveReply | Action::GiveInput => draws.after_gift(&mut self.timing),
        }
    }

    fn take(&mut self) {
        let now_ns = self.hot.now_ns;
        let byte = self.hot.inbox_byte;
        let content = self.hot.inbox;
        self.hot.inbox = Inbox::Empty;
        self.hot.free_ns = now_ns;
        self.turn = Turn::Input;
        match (content, self.hot.mode) {
            (Inbox::Empty, _) => {}
            (Inbox::Data, Mode::Uart) if self.loses_data() => self.counters.ignored += 1,
            (Inbox::Data, Mode::Uart) => self.accept(byte),
            (Inbox::Command, Mode::Uart) if byte == RESET => self.leave_uart(),
            (Inbox::Command, Mode::Intelligent) if self.unit.has_sequencer => {
                self.take_command(byte);
            }
            (Inbox::Data, Mode::Intelligent) if self.unit.has_sequencer => self.take_data(byte),
            (Inbox::Command, Mode::Intelligent) => self.run_command(byte),
            (Inbox::Data, Mode::Intelligent) | (Inbox::Command, Mode::Uart) => {
                self.counters.ignored += 1;
            }
        }
    }

    pub(crate) fn accept(&mut self, byte: u8) {
        let now_ns = self.hot.now_ns;
        self.transmitter.push(byte, now_ns.saturating_add(self.timing.tx_start_ns));
        self.counters.accepted += 1;
        self.hot.free_ns = now_ns.saturating_add(self.timing.tx_accept_ns);
    }

    pub(crate) fn run_command(&mut self, command: u8) {
        let then = match command {
            RESET => AfterReply::Reset,
            ENTER_UART => AfterReply::EnterUart,
            _ if matches!(self.rules.ack_set, AckSet::ResetAndUart | AckSet::None) => {
                self.counters.ignored += 1;
                return;
            }
            _ => self.answer_to(command),
        };
        self.counters.commands += 1;
        if !self.acknowledges(command) {
            self.carry_out(then, 0);
        } else if self.rules.host_port == HostPort::Mailbox {
            self.acknowledge(Outbox::Ack, then);
        } else {
            // Without firmware the state changes at once, however long the ACK stays unread.
            self.carry_out(then, 0);
            self.acknowledge(Outbox::Ack, AfterReply::Nothing);
        }
    }

    /// Whether a command that the card knows is acknowledged in intelligent mode.
    pub(crate) fn acknowledges(&self, command: u8) -> bool {
        match self.rules.ack_set {
            AckSet::All | AckSet::ResetAndUart => true,
            AckSet::ResetOnly => command == RESET,
            AckSet::None => false,
        }
    }

    /// Whether a data byte that is taken now is lost, because UART mode is not ready for it.
    pub(crate) fn loses_data(&self) -> bool {
        self.hot.now_ns < self.uart_from_ns && self.unit.tx_while_busy == TxWhileBusy::Lost
    }

    fn answer_to(&self, command: u8) -> AfterReply {
        match (command, self.unit.firmware) {
            _ if self.unit.has_sequencer => AfterReply::Command(command),
            (REQUEST_VERSION, Some(firmware)) => AfterReply::Answer(firmware.version),
            (REQUEST_REVISION, Some(firmware)) => AfterReply::Answer(firmware.revision),
            _ => AfterReply::Nothing,
        }
    }

    /// Gets an ACK on its way. One that finds another still on its way joins it.
    pub(crate) fn acknowledge(&mut self, content: Outbox, then: AfterReply) {
        let goes_first = self.rules.ack_position == AckPosition::Front;
        let is_unread = matches!(self.hot.outbox, Outbox::Ack | Outbox::QuietAck);
        if self.reply.is_some() || (goes_first && is_unread) {
            self.carry_out(then, 0);
            return;
        }
        if goes_first && self.hot.outbox == Outbox::Midi {
            self.displaced = Some(self.hot.outbox_byte);
            self.hot.outbox = Outbox::Empty;
        }
        self.reply = Some(Reply {
            byte: ACK,
            content,
            ready_ns: self.hot.now_ns.saturating_add(self.timing.ack_latency_ns),
            pause_ns: self.timing.next_byte_ns,
            then,
        });
    }

    fn give_reply(&mut self) {
        let Some(reply) = self.reply.take() else {
            return;
        };
        self.hot.outbox = reply.content;
        self.hot.outbox_byte = reply.byte;
        self.hot.free_ns = self.hot.free_ns.max(self.hot.now_ns);
        self.carry_out(reply.then, self.timing.ack_latency_ns);
    }

    /// Does the work of a command that was taken `since_taken_ns` ago, the wait for the host to
    /// empty the latch not counted.
    pub(crate) fn carry_out(&mut self, then: AfterReply, since_taken_ns: u64) {
        match then {
            AfterReply::Nothing => {}
            AfterReply::Reset => {
                self.clear(self.unit.cleared_by_reset);
                let busy_ns = self.timing.busy_after_reset_ns;
                self.be_busy(busy_ns.saturating_sub(since_taken_ns));
                self.reset_sequencer();
                self.output = self.plan_stop();
            }
            AfterReply::EnterUart => {
                self.clear(self.unit.cleared_by_uart_entry);
                self.hot.mode = Mode::Uart;
                let busy_ns = self.uart_entry_ns();
                self.uart_from_ns = self.hot.now_ns.saturating_add(busy_ns);
                if self.unit.tx_while_busy == TxWhileBusy::Waits {
                    self.be_busy(busy_ns);
                }
                self.reset_sequencer();
                self.output = Output::IDLE;
            }
            AfterReply::Command(command) => self.run_sequencer_command(command),
            AfterReply::Asked(request) => self.request_is_given(request),
            AfterReply::Answer(byte) => {
                self.reply = Some(Reply {
                    byte,
                    content: Outbox::Answer,
                    ready_ns: self.hot.now_ns,
                    pause_ns: self.timing.reply_latency_ns,
                    then: AfterReply::Nothing,
                });
            }
        }
    }

    fn uart_entry_ns(&self) -> u64 {
        match self.output.step {
            OutputStep::Clock => self.timing.busy_after_uart_entry_ns,
            OutputStep::DropBacklog | OutputStep::Stop | OutputStep::FirstClock => {
                self.timing.busy_after_early_uart_entry_ns
            }
        }
    }

    /// Reset in UART mode.
    fn leave_uart(&mut self) {
        self.counters.commands += 1;
        self.clear(self.unit.cleared_by_reset);
        self.hot.mode = Mode::Intelligent;
        self.be_busy(self.timing.busy_after_exit_ns);
        self.reset_sequencer();
        self.output = match self.timing.backlog_after_exit_ns {
            NEVER_NS => self.plan_stop(),
            backlog_ns => Output {
                due_ns: self.hot.now_ns.saturating_add(backlog_ns),
                step: OutputStep::DropBacklog,
            },
        };
        if self.rules.ack_set == AckSet::None {
            return;
        }
        match self.rules.ack_reset_in_uart {
            ResetAck::Acknowledged => self.acknowledge(Outbox::Ack, AfterReply::Nothing),
            ResetAck::WithoutInterrupt => {
                self.acknowledge(Outbox::QuietAck, AfterReply::Nothing);
            }
            ResetAck::Silent => {}
        }
    }

    pub(crate) fn be_busy(&mut self, duration_ns: u64) {
        self.hot.free_ns = self.hot.now_ns.saturating_add(duration_ns);
    }

    fn clear(&mut self, fifos: Fifos) {
        if fifos.contains(Fifos::TX) {
            self.counters.dropped_by_reset += self.transmitter.clear(self.hot.now_ns);
        }
        if fifos.contains(Fifos::RX) {
            self.clear_input();
        }
    }
}
