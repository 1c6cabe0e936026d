//! The unit's program: what the unit does with a byte, and for how long.
//!
//! `main_loop` decides when the unit takes a byte. While the sequencer runs, the sequencer decides
//! this instead, and also what the byte means. For a command the sequencer returns what to do, and
//! it calls nothing here. A card without firmware runs the same program without its busy times.

use crate::answers::{
    AckPosition, AckSet, Fifos, FramingError, HostPort, ResetAck, RxOutsideUart, RxWhileBusy,
};
use crate::input::Entry;
use crate::latches::Inbox;
use crate::note::Note;
use crate::own_output::{OutputStep, OwnOutput};
use crate::parts::Parts;
use crate::receiver::{Framing, Reception};
use crate::reply::{AfterReply, Reply, ReplyKind};
use crate::sequencer::{Click, CommandFate, Sequencer};
use crate::spec::{ACK, ENTER_UART, Mode, REQUEST_REVISION, REQUEST_VERSION, RESET};
use crate::timing::{NEVER_NS, ReplyOnItsWay};
use crate::unit::{Action, Turn};
use alloc::boxed::Box;

/// The shortest time from a read of DATA to the ACK of a bus chip, in ns. The interrupt line is low
/// during this time. Assumed: 1 ns, because a driver cannot measure this time.
const LINE_LOW_NS: u64 = 1;

/// The program, with the sequencer in it.
#[derive(Clone)]
pub(crate) struct Firmware {
    sequencer: Box<Sequencer>,
    /// When the sequencer acts by itself; [`NEVER_NS`] while no sequencer runs.
    sequencer_due_ns: u64,
}

// What the chip calls.
impl Firmware {
    /// The firmware with this sequencer.
    pub(crate) fn new(sequencer: Sequencer) -> Self {
        Self { sequencer: Box::new(sequencer), sequencer_due_ns: NEVER_NS }
    }

    /// Decides what the unit does next, in the present state.
    pub(crate) fn schedule(&mut self, parts: &mut Parts) {
        if parts.runs_sequencer() {
            self.sequencer_due_ns = self.sequencer.schedule(parts);
        } else {
            self.sequencer_due_ns = NEVER_NS;
            parts.settle_plan();
        }
    }

    /// When the sequencer acts by itself; [`NEVER_NS`] for never.
    pub(crate) fn sequencer_due_ns(&self) -> u64 {
        self.sequencer_due_ns
    }

    /// Does the unit's planned step now.
    pub(crate) fn run_unit(&mut self, parts: &mut Parts) {
        draw_for_sequencer(parts);
        match parts.unit.plan().action {
            Action::Nothing => {}
            Action::Take => self.take(parts),
            Action::Fetch => self.fetch(parts),
            Action::GiveReply => self.give_reply(parts),
            Action::GiveInput => give_input(parts),
            Action::Request => self.sequencer.give_request(parts),
            Action::RunDeferred => self.run_deferred(parts),
        }
    }

    /// Does the sequencer's planned step now. No access and no MIDI IN byte comes before
    /// `quiet_until_ns`.
    pub(crate) fn run_sequencer(&mut self, parts: &mut Parts, quiet_until_ns: u64) {
        draw_for_sequencer(parts);
        self.sequencer.run(parts, quiet_until_ns);
    }

    /// Does the due step of the unit's own output. No access and no MIDI IN byte comes before
    /// `quiet_until_ns`.
    pub(crate) fn run_own_output(&mut self, parts: &mut Parts, quiet_until_ns: u64) {
        match parts.own_output.step() {
            OutputStep::DropBacklog => parts.drop_backlog(),
            OutputStep::Stop => parts.send_stop(),
            OutputStep::FirstClock | OutputStep::Clock if parts.rules.has_sequencer => {
                parts.own_output = OwnOutput::IDLE;
                self.sequencer.start_first_clock(parts.now_ns());
            }
            OutputStep::FirstClock | OutputStep::Clock => parts.send_clock(quiet_until_ns),
        }
    }

    /// Carries out a command that a bus chip has decoded. The command does not go through the
    /// latch.
    pub(crate) fn decode(&mut self, parts: &mut Parts, command: u8) {
        self.draw_before_take(parts);
        match parts.unit.mode() {
            Mode::Intelligent => self.run_command(parts, command),
            Mode::Uart if command == RESET => self.leave_uart(parts),
            Mode::Uart => parts.counters.ignored += 1,
        }
    }

    /// Takes a byte that has arrived on MIDI IN.
    ///
    /// In intelligent mode the sequencer gets the byte. A card without a sequencer loses the byte
    /// in this mode, or keeps it for the host as in UART mode.
    pub(crate) fn hear(&mut self, parts: &mut Parts, reception: Reception) {
        parts.counters.received += 1;
        if !parts.controls.is_active() {
            parts.counters.unheard += 1;
            return;
        }
        let Reception { byte, framing } = reception;
        if framing == Framing::Error && parts.rules.framing_error == FramingError::Dropped {
            parts.counters.misframed += 1;
            return;
        }
        parts.input.hear(parts.now_ns());
        match parts.unit.mode() {
            Mode::Uart => hear_in_uart(parts, byte),
            Mode::Intelligent if parts.rules.has_sequencer => {
                draw_for_sequencer(parts);
                self.sequencer.listen(parts, byte);
            }
            Mode::Intelligent => match parts.rules.rx_outside_uart {
                RxOutsideUart::Heard => parts.receive(Entry::midi(byte)),
                RxOutsideUart::Deaf => parts.counters.unheard += 1,
            },
        }
    }

    /// What a data byte means to the unit if the host writes the byte now.
    pub(crate) fn meaning_of_data(&self, parts: &Parts) -> Note {
        match parts.passes_data() || self.sequencer.awaits_data() {
            true => Note::Data,
            false => Note::Ignored,
        }
    }

    /// The number of input bytes that have arrived and wait for the rest of their message.
    pub(crate) fn input_held(&self) -> usize {
        self.sequencer.held()
    }

    /// Fetches the oldest click of the metronome.
    pub(crate) fn pop_click(&mut self) -> Option<Click> {
        self.sequencer.pop_click()
    }

    #[cfg(test)]
    pub(crate) fn stop_at_every_tick(&mut self) {
        self.sequencer.stop_at_every_tick();
    }
}

// What the firmware does with bytes.
impl Firmware {
    fn draw_before_take(&mut self, parts: &mut Parts) {
        let is_replying = parts.latches.is_replying();
        let reply = if is_replying { ReplyOnItsWay::Yes } else { ReplyOnItsWay::No };
        parts.unit.draw_for_take(reply);
    }

    fn take(&mut self, parts: &mut Parts) {
        self.draw_before_take(parts);
        parts.unit.begin_step(parts.now_ns());
        parts.unit.set_turn(Turn::Input);
        let (content, byte) = parts.latches.take();
        match (content, parts.unit.mode()) {
            (Inbox::Empty, _) => {}
            (Inbox::Data, Mode::Uart) if parts.loses_data() => parts.counters.ignored += 1,
            (Inbox::Data, _) if parts.passes_data() => parts.accept(byte),
            (Inbox::Command, Mode::Uart) if byte == RESET => self.leave_uart(parts),
            (Inbox::Command, Mode::Intelligent) => self.take_command(parts, byte),
            (Inbox::Data, Mode::Intelligent) if parts.rules.has_sequencer => {
                self.sequencer.take_data(parts, byte);
            }
            (Inbox::Data, _) | (Inbox::Command, Mode::Uart) => parts.counters.ignored += 1,
        }
    }

    fn fetch(&mut self, parts: &mut Parts) {
        parts.unit.draw_for_fetch();
        let Some(incoming) = parts.input.fetch(parts.now_ns(), parts.unit.timing()) else {
            return;
        };
        parts.latches.hold(incoming);
        if parts.runs_sequencer() && incoming.entry.reply.is_none() {
            self.sequencer.follow_packet();
        }
    }

    fn give_reply(&mut self, parts: &mut Parts) {
        let Some(reply) = parts.latches.take_reply() else {
            return;
        };
        let entry = Entry { byte: reply.byte, reply: Some(reply.kind) };
        if parts.rules.queues(reply.kind) {
            parts.receive(entry);
        } else {
            parts.latches.give(entry);
        }
        parts.unit.end_gift(parts.now_ns());
        parts.unit.draw_after_gift();
        self.carry_out(parts, reply.then, parts.unit.timing().ack_latency_ns);
    }

    fn take_command(&mut self, parts: &mut Parts, command: u8) {
        if !parts.rules.has_sequencer {
            self.run_command(parts, command);
        } else if let CommandFate::Runs { later_ns } = self.sequencer.take_command(parts, command) {
            self.run_command(parts, command);
            parts.latches.delay_reply(later_ns);
        }
    }

    fn run_command(&mut self, parts: &mut Parts, command: u8) {
        let then = match command {
            RESET => AfterReply::Reset,
            ENTER_UART => AfterReply::EnterUart,
            _ if !parts.rules.ack_set.knows_all() => {
                parts.counters.ignored += 1;
                return;
            }
            _ => answer_to(parts, command),
        };
        parts.counters.commands += 1;
        let changes_mode = matches!(then, AfterReply::Reset | AfterReply::EnterUart);
        if !parts.rules.acknowledges(command) {
            self.carry_out(parts, then, 0);
        } else if parts.rules.host_port != HostPort::Mailbox && changes_mode {
            // The port changes its mode at once. The ACK comes after that, so that the card does
            // not drop the ACK with the bytes that the command drops.
            self.carry_out(parts, then, 0);
            self.acknowledge_command(parts, command, AfterReply::Nothing);
        } else {
            self.acknowledge_command(parts, command, then);
        }
    }

    /// Makes the ACK of this command the reply on its way. The ACK of 3F comes `uart_entry_ns`
    /// later than other ACKs.
    fn acknowledge_command(&mut self, parts: &mut Parts, command: u8, then: AfterReply) {
        let joins = parts.latches.is_replying();
        self.acknowledge(parts, ReplyKind::Ack, then);
        if command == ENTER_UART && !joins {
            parts.latches.delay_reply(parts.unit.timing().uart_entry_ns);
        }
    }

    /// Acknowledges the deferred command, if the card acknowledges it at all, and runs it.
    fn run_deferred(&mut self, parts: &mut Parts) {
        let Some(command) = self.sequencer.take_deferred() else {
            return;
        };
        let then = match command {
            ENTER_UART => AfterReply::EnterUart,
            command => AfterReply::Command(command),
        };
        if parts.rules.acknowledges(command) {
            self.acknowledge_command(parts, command, then);
        } else {
            self.carry_out(parts, then, 0);
        }
    }

    /// Makes an ACK the reply on its way. The work of the command follows the ACK. Without an ACK
    /// the work is done at once. No ACK comes if a fault loses it. A card that puts an ACK before
    /// unread bytes sends no ACK while DATA has an unread ACK. A bus chip drops the unread byte in
    /// DATA, and sends no ACK while a reply is on its way.
    fn acknowledge(&mut self, parts: &mut Parts, kind: ReplyKind, then: AfterReply) {
        if parts.rules.host_port == HostPort::BusChip {
            parts.drop_unread_byte();
        }
        let goes_first = parts.rules.ack_position == AckPosition::Front;
        let joins = goes_first && parts.latches.has_unread_ack();
        if parts.latches.is_replying() || joins || parts.faults.lose_ack() {
            self.carry_out(parts, then, 0);
            return;
        }
        if goes_first && parts.latches_entry() {
            parts.latches.displace();
        }
        let timing = parts.unit.timing();
        let pause_ns = match parts.rules.host_port {
            // The bus chip does not wait for its 8052.
            HostPort::BusChip => LINE_LOW_NS,
            HostPort::Mailbox | HostPort::Fifo => timing.next_byte_ns,
        };
        parts.latches.reply(Reply {
            byte: ACK,
            kind,
            ready_ns: parts.now_ns().saturating_add(timing.ack_latency_ns),
            pause_ns,
            then,
        });
    }

    /// Does what follows a reply, or the work of a command that waits for no ACK. The unit took the
    /// command `since_taken_ns` ago. That time does not include the wait until the host empties the
    /// latch.
    fn carry_out(&mut self, parts: &mut Parts, then: AfterReply, since_taken_ns: u64) {
        match then {
            AfterReply::Nothing => {}
            AfterReply::Reset => {
                self.clear(parts, parts.rules.cleared_by_reset);
                let busy_ns = parts.unit.timing().busy_after_reset_ns;
                parts.unit.be_busy(parts.now_ns(), busy_ns.saturating_sub(since_taken_ns));
                self.reset_sequencer(parts);
                parts.plan_stop();
            }
            AfterReply::EnterUart => {
                self.clear(parts, parts.rules.cleared_by_uart_entry);
                let busy_ns = busy_after_entry_ns(parts);
                parts.unit.enter_uart(parts.now_ns(), busy_ns, parts.rules.tx_while_busy);
                self.reset_sequencer(parts);
                parts.own_output = OwnOutput::IDLE;
            }
            AfterReply::Command(command) => self.sequencer.run_command(parts, command),
            AfterReply::Asked(request) => self.sequencer.request_is_given(parts, request),
            AfterReply::Answer(byte) => parts.answer(byte, parts.unit.timing().reply_latency_ns),
        }
    }

    /// Does a reset in UART mode.
    fn leave_uart(&mut self, parts: &mut Parts) {
        parts.counters.commands += 1;
        self.clear(parts, parts.rules.cleared_by_reset);
        parts.unit.leave_uart(parts.now_ns());
        self.reset_sequencer(parts);
        parts.plan_stop_behind_backlog();
        if parts.rules.ack_set == AckSet::None {
            return;
        }
        let kind = match parts.rules.ack_reset_in_uart {
            ResetAck::Acknowledged => ReplyKind::Ack,
            ResetAck::WithoutInterrupt => ReplyKind::QuietAck,
            ResetAck::Silent => return,
        };
        self.acknowledge(parts, kind, AfterReply::Nothing);
    }

    fn clear(&mut self, parts: &mut Parts, fifos: Fifos) {
        parts.clear(fifos);
        if fifos.contains(Fifos::RX) {
            self.sequencer.forget_packets();
        }
    }

    fn reset_sequencer(&mut self, parts: &mut Parts) {
        if parts.rules.has_sequencer {
            self.sequencer.reset(parts);
        }
    }
}

/// If times vary, draws the times that may follow from the next step of the sequencer.
fn draw_for_sequencer(parts: &mut Parts) {
    if parts.unit.times_vary() && parts.runs_sequencer() {
        parts.unit.draw_for_sequencer();
    }
}

fn give_input(parts: &mut Parts) {
    if let Some(entry) = parts.latches.take_in_hand() {
        parts.latches.give(entry);
        parts.unit.end_gift(parts.now_ns());
        parts.unit.draw_after_gift();
        parts.unit.set_turn(Turn::Host);
    }
}

fn hear_in_uart(parts: &mut Parts, byte: u8) {
    let is_busy = parts.unit.enters_uart(parts.now_ns());
    if is_busy && parts.rules.rx_while_busy == RxWhileBusy::Lost {
        parts.counters.lost_in_busy += 1;
        return;
    }
    if !parts.unit.receive(parts.now_ns()) {
        parts.counters.rx_overrun += 1;
        return;
    }
    parts.receive(Entry::midi(byte));
}

fn answer_to(parts: &Parts, command: u8) -> AfterReply {
    if parts.rules.has_sequencer {
        return AfterReply::Command(command);
    }
    match (parts.rules.answers.answer_to(command), command, parts.rules.firmware) {
        (Some(answer), ..) => AfterReply::Answer(answer),
        (None, REQUEST_VERSION, Some(firmware)) => AfterReply::Answer(firmware.version),
        (None, REQUEST_REVISION, Some(firmware)) => AfterReply::Answer(firmware.revision),
        (None, ..) => AfterReply::Nothing,
    }
}

/// How long the unit is busy after the change to UART mode. Behind a bus chip the 8052 enters this
/// mode `uart_entry_ns` after the change.
fn busy_after_entry_ns(parts: &Parts) -> u64 {
    let timing = parts.unit.timing();
    let busy_ns = match parts.own_output.step() {
        OutputStep::Clock => timing.busy_after_uart_entry_ns,
        OutputStep::DropBacklog | OutputStep::Stop | OutputStep::FirstClock => {
            timing.busy_after_early_uart_entry_ns
        }
    };
    match parts.rules.host_port {
        HostPort::BusChip => busy_ns.saturating_add(timing.uart_entry_ns),
        HostPort::Mailbox | HostPort::Fifo => busy_ns,
    }
}
