//! What the unit's main loop may do next, and when.
//!
//! The unit either takes a host byte, or fetches an input byte and waits until the latch to the
//! host is empty. The unit never does both at once. Therefore unread input blocks output, and a
//! command waits behind an unread ACK. A card without firmware has the same loop without busy
//! times. On such a card the input and the output are independent.

use crate::answers::{UnreadInput, WaitsAfterReset};
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
            let plan = self.plan_take();
            self.unit.settle(plan, self.take_seen_ns(plan));
        } else {
            let plan = self.plan_all();
            self.unit.settle(plan, plan.due_ns);
        }
    }

    /// When the host may see an effect of the next byte that the unit takes, if no other byte
    /// comes. A data byte has an effect only on MIDI OUT, and not before its start bit.
    fn take_seen_ns(&self, take: Plan) -> u64 {
        match self.latches.inbox() {
            Inbox::Empty => NEVER_NS,
            Inbox::Data if !self.passes_data() => NEVER_NS,
            Inbox::Command => take.due_ns,
            Inbox::Data => {
                let ready_ns = take.due_ns.saturating_add(self.unit.timing().tx_start_ns);
                ready_ns.max(self.transmitter.free_ns())
            }
        }
    }

    fn plan_all(&self) -> Plan {
        let gift = self.plan_gift();
        if self.waits_with_byte() {
            return gift;
        }
        gift.or_earlier(self.plan_take_or_fetch())
    }

    /// Whether the unit does nothing until it has given the byte in hand. It waits with a reply, so
    /// that no command is taken whose reply would have no place. With any other byte it waits if
    /// unread input blocks output.
    pub(crate) fn waits_with_byte(&self) -> bool {
        match self.rules.unread_input {
            UnreadInput::BlocksOutput => self.latches.holds_byte(),
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
            // Assumed: a request waits for room, because without an answer play would stand still.
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
        let timing = self.unit.timing();
        let latency_ns = match self.unit.mode() {
            Mode::Intelligent => timing.drr_clear_intelligent_ns,
            Mode::Uart => timing.drr_clear_uart_ns,
        };
        let room_ns = match self.latches.inbox() {
            Inbox::Empty => return Plan::IDLE,
            Inbox::Data if self.passes_data() => self.output_room_ns(),
            Inbox::Data | Inbox::Command => 0,
        };
        self.plan_take_after(latency_ns, room_ns)
    }

    /// Plans to take the host's byte `latency_ns` after the host wrote it, but not before
    /// `room_ns`.
    pub(crate) fn plan_take_after(&self, latency_ns: u64, room_ns: u64) -> Plan {
        let seen_ns = self.latches.written_ns().saturating_add(latency_ns);
        let ready_ns =
            if self.takes_while_busy() { self.now_ns() } else { self.unit.ready_ns(self.now_ns()) };
        Plan::new(Action::Take, seen_ns.max(ready_ns).max(room_ns))
    }

    /// Whether the card takes the byte in the latch even while it is busy after a reset.
    fn takes_while_busy(&self) -> bool {
        self.rules.waits_after_reset == WaitsAfterReset::Commands
            && self.unit.mode() == Mode::Intelligent
            && (self.latches.inbox() == Inbox::Data || self.latches.inbox_byte() == RESET)
    }

    /// The time at which the output has room for a byte; 0 if the output has room now.
    pub(crate) fn output_room_ns(&self) -> u64 {
        if self.output_is_full() { self.transmitter.room_ns() } else { 0 }
    }

    /// Plans to fetch a byte of the input, which is then in hand.
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
