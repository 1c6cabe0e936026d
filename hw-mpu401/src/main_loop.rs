//! What the unit's main loop may do next, as the parts stand, and when.
//!
//! The unit takes a host byte, or it fetches an input byte and waits until the host has room for
//! it; never both at once. That is why unread input blocks output, and why a command waits behind
//! an unread ACK. A card without firmware is the same loop in no time, with input and output
//! apart.

use crate::answers::UnreadInput;
use crate::latches::{Gift, Inbox, Outbox};
use crate::parts::Parts;
use crate::spec::Mode;
use crate::timing::NEVER_NS;
use crate::unit::{Action, Plan, Turn};

impl Parts {
    /// Settles what the unit does next, if no sequencer runs.
    pub(crate) fn settle_plan(&mut self) {
        if self.is_quiet() {
            let plan = self.plan_take();
            self.unit.settle(plan, self.take_seen_ns(plan));
        } else {
            let plan = self.plan_all();
            self.unit.settle(plan, plan.due_ns);
        }
    }

    /// When the host may see something of the byte that is to be taken, if nothing else is to
    /// come. A data byte shows only on MIDI OUT, and there not before its start bit.
    fn take_seen_ns(&self, take: Plan) -> u64 {
        match (self.latches.inbox(), self.unit.mode()) {
            (Inbox::Empty, _) | (Inbox::Data, Mode::Intelligent) => NEVER_NS,
            (Inbox::Command, _) => take.due_ns,
            (Inbox::Data, Mode::Uart) => {
                let ready_ns = take.due_ns.saturating_add(self.unit.timing().tx_start_ns);
                ready_ns.max(self.transmitter.free_ns())
            }
        }
    }

    fn plan_all(&self) -> Plan {
        let gift = self.plan_gift();
        if self.latches.holds_byte() && self.rules.unread_input == UnreadInput::BlocksOutput {
            return gift;
        }
        gift.or_earlier(self.plan_take_or_fetch())
    }

    /// A byte of the host or one of the input, whichever comes first; at one time, whose turn it
    /// is.
    pub(crate) fn plan_take_or_fetch(&self) -> Plan {
        let take = self.plan_take();
        let fetch = self.plan_fetch();
        match self.unit.turn() {
            Turn::Host => take.or_earlier(fetch),
            Turn::Input => fetch.or_earlier(take),
        }
    }

    /// A byte for the host into its latch.
    pub(crate) fn plan_gift(&self) -> Plan {
        let Some((gift, ready_ns)) = self.latches.next_gift(self.unit.timing().next_byte_ns) else {
            return Plan::IDLE;
        };
        let action = match gift {
            Gift::Reply => Action::GiveReply,
            Gift::Input => Action::GiveInput,
        };
        Plan::new(action, ready_ns.max(self.now_ns()))
    }

    /// A byte of the host out of its latch.
    pub(crate) fn plan_take(&self) -> Plan {
        let timing = self.unit.timing();
        let (latency_ns, room_ns) = match (self.latches.inbox(), self.unit.mode()) {
            (Inbox::Empty, _) => return Plan::IDLE,
            (_, Mode::Intelligent) => (timing.drr_clear_intelligent_ns, 0),
            (Inbox::Data, Mode::Uart) => (timing.drr_clear_uart_ns, self.output_room_ns()),
            (Inbox::Command, Mode::Uart) => (timing.drr_clear_uart_ns, 0),
        };
        self.plan_take_after(latency_ns, room_ns)
    }

    /// The byte of the host so long after it was written, and not before `room_ns`.
    pub(crate) fn plan_take_after(&self, latency_ns: u64, room_ns: u64) -> Plan {
        let seen_ns = self.latches.written_ns().saturating_add(latency_ns);
        let ready_ns = self.unit.ready_ns(self.now_ns());
        Plan::new(Action::Take, seen_ns.max(ready_ns).max(room_ns))
    }

    /// When the output has room for a byte: 0 if it has now.
    pub(crate) fn output_room_ns(&self) -> u64 {
        if self.output_is_full() { self.transmitter.room_ns() } else { 0 }
    }

    /// A byte of the input into the unit's hand.
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
