//! What the unit's main loop may do next, and when.
//!
//! The unit either takes a host byte, or fetches an input byte and waits until the latch to the
//! host is empty. The unit never does both at once. Therefore unread input blocks output: while one
//! byte in DATA is unread and the unit has another byte in hand, the unit takes nothing, not even a
//! command. A card without firmware has the same loop without busy times. On such a card the input
//! and the output are independent.

use crate::answers::{HostPort, UnreadInput, WaitsAfterReset};
use crate::latches::{Gift, Inbox, Outbox};
use crate::parts::Parts;
use crate::reply::ReplyKind;
use crate::spec::{Mode, RESET};
use crate::timing::NEVER_NS;
use crate::unit::{Action, Plan, Turn};

impl Parts {
    /// Decides what the unit does next, when no sequencer runs.
    pub(crate) fn settle_plan(&mut self) {
        if self.is_quiet() {
            let plan = self.unit.after_hold(self.plan_take());
            self.unit.settle(plan, self.take_seen_ns(plan));
        } else {
            let plan = self.unit.after_hold(self.plan_all());
            self.unit.settle(plan, plan.due_ns);
        }
    }

    /// When the interrupt line or MIDI OUT may change because the unit takes the next byte, if no
    /// other byte comes. A data byte changes only MIDI OUT, and not before its start bit.
    fn take_seen_ns(&self, take: Plan) -> u64 {
        match self.latches.inbox() {
            Inbox::Empty => NEVER_NS,
            Inbox::Data if !self.passes_data() => NEVER_NS,
            Inbox::Command => take.due_ns,
            Inbox::Data => self.start_ns(take.due_ns),
        }
    }

    fn plan_all(&self) -> Plan {
        let gift = self.plan_gift();
        if self.waits_with_byte() {
            return gift;
        }
        gift.or_earlier(self.plan_take_or_fetch())
    }

    /// Whether the unit does nothing until it has given the byte in hand. With a reply in hand it
    /// waits, so that it takes no command before there is a place for the command's reply. With any
    /// other byte it waits if unread input blocks output.
    pub(crate) fn waits_with_byte(&self) -> bool {
        match self.rules.unread_input {
            UnreadInput::BlocksOutput => self.latches.holds_byte(),
            // Behind a bus chip the unit takes no commands.
            UnreadInput::Harmless if self.rules.host_port == HostPort::BusChip => false,
            UnreadInput::Harmless => self.latches.is_replying(),
        }
    }

    /// Plans to take a host byte or to fetch an input byte, whichever is earlier. When both are due
    /// at the same time, the turn decides.
    pub(crate) fn plan_take_or_fetch(&self) -> Plan {
        let take = self.plan_take();
        let fetch = self.plan_fetch();
        match self.unit.turn() {
            Turn::Host => take.or_earlier(fetch),
            Turn::Input => fetch.or_earlier(take),
        }
    }

    /// Plans to put a byte for the host into the latch, or a reply into the receive FIFO.
    pub(crate) fn plan_gift(&self) -> Plan {
        let queued = self.latches.reply_on_its_way().filter(|reply| self.rules.queues(reply.kind));
        if let Some(reply) = queued {
            // Assumed: a message that asks the host for data waits for room in a full receive FIFO.
            // If it were lost, the host would not answer it, and the playing would stop.
            if reply.kind == ReplyKind::Request && !self.has_input_room(1) {
                return Plan::IDLE;
            }
            return Plan::new(Action::GiveReply, reply.ready_ns.max(self.now_ns()));
        }
        let Some((gift, ready_ns)) = self.latches.next_gift(self.unit.timing().next_byte_ns) else {
            return Plan::IDLE;
        };
        let action = match gift {
            Gift::Reply => Action::GiveReply,
            Gift::Input => Action::GiveInput,
        };
        Plan::new(action, ready_ns.max(self.now_ns()))
    }

    /// Plans to take a byte of the host out of the latch.
    pub(crate) fn plan_take(&self) -> Plan {
        if self.rules.host_port == HostPort::BusChip {
            return self.plan_take_from_bus_chip();
        }
        let timing = self.unit.timing();
        let latency_ns = match self.unit.mode() {
            Mode::Intelligent => timing.drr_clear_intelligent_ns,
            Mode::Uart => timing.drr_clear_uart_ns,
        };
        match self.latches.inbox() {
            Inbox::Empty => Plan::IDLE,
            Inbox::Data if self.passes_data() => self.plan_take_for_output(latency_ns),
            Inbox::Data | Inbox::Command => self.plan_take_after(latency_ns, 0),
        }
    }

    /// Plans to take a data byte for the output, `latency_ns` after the host wrote it. A unit that
    /// finds its output full looks for room again and again, and takes the byte when it has found
    /// room.
    fn plan_take_for_output(&self, latency_ns: u64) -> Plan {
        let seen_ns = self.latches.written_ns().saturating_add(latency_ns);
        let ready_ns = seen_ns.max(self.free_to_take_ns());
        let room_ns = self.transmitter.room_ns();
        let due_ns = if room_ns <= ready_ns { ready_ns } else { self.unit.finds_room_ns(room_ns) };
        Plan::new(Action::Take, due_ns.max(self.now_ns()))
    }

    /// Plans to take the data byte out of the latch of a bus chip.
    fn plan_take_from_bus_chip(&self) -> Plan {
        if self.latches.inbox() == Inbox::Empty || self.unit.mode() == Mode::Intelligent {
            return Plan::IDLE;
        }
        let seen_ns = self.bus_chip_sees_ns(self.latches.written_ns());
        Plan::new(Action::Take, seen_ns.max(self.unit.ready_ns(self.now_ns())))
    }

    /// When the 8052 behind a bus chip sees a byte that the host wrote at `written_ns`. The 8052
    /// needs a while to see that the byte is in the latch and that the transmitter has room. This
    /// time begins when both are true.
    ///
    /// Source: listings of the DSP's firmware (github.com/S95Sedan/CT1741_DSP): only the loop of
    /// UART mode looks into the latch, and only while the transmitter has room.
    #[inline(always)]
    pub(crate) fn bus_chip_sees_ns(&self, written_ns: u64) -> u64 {
        self.transmitter.room_from_ns(written_ns) + self.unit.timing().drr_clear_uart_ns
    }

    /// Plans to take the host's byte `latency_ns` after the host wrote it, but not before
    /// `room_ns`.
    pub(crate) fn plan_take_after(&self, latency_ns: u64, room_ns: u64) -> Plan {
        let seen_ns = self.latches.written_ns().saturating_add(latency_ns);
        let ready_ns = seen_ns.max(self.free_to_take_ns()).max(self.now_ns());
        Plan::new(Action::Take, ready_ns.max(room_ns))
    }

    /// When the unit is free to take the byte in the latch. 0 for a byte that the card takes even
    /// while it is busy after a reset.
    fn free_to_take_ns(&self) -> u64 {
        let takes_while_busy = self.rules.waits_after_reset == WaitsAfterReset::Commands
            && self.unit.mode() == Mode::Intelligent
            && (self.latches.inbox() == Inbox::Data || self.latches.inbox_byte() == RESET);
        if takes_while_busy { 0 } else { self.unit.free_ns() }
    }

    /// The time at which the output has room for a byte; 0 if the output has room now.
    pub(crate) fn output_room_ns(&self) -> u64 {
        if self.output_is_full() { self.transmitter.room_ns() } else { 0 }
    }

    /// Plans to fetch an entry of the receive FIFO, which is then in hand.
    pub(crate) fn plan_fetch(&self) -> Plan {
        if self.input.is_empty() || self.latches.holds_incoming() {
            return Plan::IDLE;
        }
        match self.rules.unread_input {
            UnreadInput::BlocksOutput => {
                Plan::new(Action::Fetch, self.unit.ready_ns(self.now_ns()))
            }
            UnreadInput::Harmless if self.latches.outbox() == Outbox::Empty => {
                Plan::new(Action::Fetch, self.now_ns())
            }
            UnreadInput::Harmless => Plan::IDLE,
        }
    }
}
