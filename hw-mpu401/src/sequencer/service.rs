//! The unit's messages to the host, the expected answers, and their order.

use super::Sequencer;
use super::track::Answer;
use crate::answers::HostPort;
use crate::latches::Inbox;
use crate::parts::Parts;
use crate::reply::{AfterReply, Reply, ReplyKind, Request};
use crate::timing::NEVER_NS;
use crate::unit::{Action, Plan};

/// The longest channel message, in bytes.
const MESSAGE_BYTES: u64 = 3;

/// What the next data byte of the host is for. While the unit expects a data byte, the ticks, the
/// requests and a deferred command wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expects {
    /// Nothing: the unit would ignore the byte.
    Nothing,
    /// The data byte of this command.
    Parameter(u8),
    /// A part of the answer for this track.
    Track(u8),
    /// A part of the answer for the conductor.
    Conductor,
    /// A part of a channel message on this track. Commands D0 to D7.
    ChannelMessage(u8),
    /// A part of a system message. Command DF.
    SystemMessage(System),
}

/// What the host has to give next of a system message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    Status,
    Exclusive,
    /// This many more data bytes.
    Data(u8),
}

/// A command that waits until the host has answered a request.
#[derive(Clone, Copy)]
pub(super) struct Deferred {
    pub(super) command: u8,
    /// When the command can run; [`NEVER_NS`] until the host has answered, or has written a second
    /// command.
    pub(super) from_ns: u64,
}

/// What the firmware has to do with a command that was taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandFate {
    /// Nothing yet: the command waits until the host has answered a request.
    Deferred,
    /// The command runs, and its ACK comes this much later than the ACK of a command that
    /// interrupts no answer.
    Runs { later_ns: u64 },
}

impl Sequencer {
    /// Decides what the unit does next in intelligent mode. Returns the time at which the sequencer
    /// acts by itself; [`NEVER_NS`] for never.
    pub(crate) fn schedule(&mut self, parts: &mut Parts) -> u64 {
        if self.expects != Expects::Nothing {
            self.catch_up(parts.now_ns());
            self.clock.hold();
        } else if !self.requests_hold_ticks(parts) {
            let is_released = self.clock.release(parts.now_ns());
            self.is_stale |= is_released;
        }
        let plan = self.plan_service(parts);
        parts.unit.settle(plan, plan.due_ns);
        self.find_due_ns(parts)
    }

    /// Whether ticks wait for the host: the unit expects a data byte, or a request is due during
    /// play and there is room for it.
    ///
    /// Measured: the unit stops counting ticks while it waits for a late answer of the host. The
    /// unit goes on counting while the host leaves FD or an ACK unread.
    pub(super) fn requests_hold_ticks(&self, parts: &Parts) -> bool {
        let is_due = |from_ns: Option<u64>| from_ns.is_some_and(|ns| ns <= parts.now_ns());
        self.expects != Expects::Nothing
            || (self.is_playing
                && parts.has_room_for_request()
                && (is_due(self.conductor.wants_from_ns())
                    || self.tracks.iter().any(|track| is_due(track.slot.wants_from_ns()))))
    }

    fn plan_service(&self, parts: &Parts) -> Plan {
        let gift = parts.plan_gift();
        if parts.waits_with_byte() {
            return gift;
        }
        gift.or_earlier(self.plan_work(parts))
    }

    /// Plans what the unit does while it need not wait for the host to read.
    fn plan_work(&self, parts: &Parts) -> Plan {
        let host_port = parts.rules.host_port;
        if self.expects != Expects::Nothing {
            let take = self.plan_take_awaited(parts);
            return match host_port {
                HostPort::Mailbox | HostPort::BusChip => take,
                HostPort::Fifo => take.or_earlier(parts.plan_fetch()),
            };
        }
        // A mailbox has a place for only one byte, so a reply could come between the bytes of a
        // packet. Therefore the unit first fetches the rest of the packet. In a FIFO the bytes of a
        // packet follow each other.
        if host_port == HostPort::Mailbox && self.in_packet && !parts.input.is_empty() {
            return parts.plan_fetch();
        }
        if let Some(deferred) = self.deferred {
            let due_ns = deferred.from_ns.max(parts.unit.ready_ns(parts.now_ns()));
            return Plan::new(Action::RunDeferred, due_ns);
        }
        self.plan_request(parts).or_earlier(parts.plan_take_or_fetch())
    }

    /// Plans to take the host's byte that the unit waits for. Behind a mailbox the unit fetches no
    /// input meanwhile.
    fn plan_take_awaited(&self, parts: &Parts) -> Plan {
        let room_ns = match parts.latches.inbox() {
            Inbox::Empty => return Plan::IDLE,
            Inbox::Data => self.room_for_data_ns(parts),
            Inbox::Command => 0,
        };
        let timing = parts.unit.timing();
        let latency_ns = match parts.rules.host_port {
            HostPort::Mailbox | HostPort::BusChip => timing.awaited_take_ns,
            HostPort::Fifo => timing.drr_clear_intelligent_ns,
        };
        parts.plan_take_after(latency_ns, room_ns)
    }

    /// When the output has room for what the awaited data byte may put on MIDI OUT.
    ///
    /// Assumed: the unit leaves the byte until then, because nothing says that the unit loses bytes
    /// of the host. An event for a later tick waits for its tick, and ticks wait for room.
    fn room_for_data_ns(&self, parts: &Parts) -> u64 {
        let is_for_now = self.answer.timing == Some(0);
        match self.expects {
            Expects::SystemMessage(_) => parts.output_room_ns(),
            Expects::Track(_) if !is_for_now => 0,
            Expects::Track(_) | Expects::ChannelMessage(_) => {
                parts.transmitter.room_for_ns(MESSAGE_BYTES)
            }
            Expects::Nothing | Expects::Parameter(_) | Expects::Conductor => 0,
        }
    }

    fn plan_request(&self, parts: &Parts) -> Plan {
        let due_ns = self.next_request(parts).map_or(NEVER_NS, |(_, due_ns)| due_ns);
        Plan::new(Action::Request, due_ns)
    }

    /// The request that comes next, and when.
    ///
    /// Measured: of several due requests FD comes first, then the conductor's F9, then the tracks
    /// from F7 down to F0.
    fn next_request(&self, parts: &Parts) -> Option<(Request, u64)> {
        let mut next = None;
        let least_ns = self.service_from_ns.max(parts.unit.ready_ns(parts.now_ns()));
        let mut consider = |request, from_ns: u64| {
            let due_ns = from_ns.max(least_ns);
            if next.is_none_or(|(_, earliest_ns)| due_ns < earliest_ns) {
                next = Some((request, due_ns));
            }
        };
        if self.host_clock.is_due() {
            consider(Request::ClockToHost, self.clock_to_host_from_ns);
        }
        if self.is_playing {
            if let Some(from_ns) = self.conductor.wants_from_ns() {
                consider(Request::Conductor, from_ns);
            }
            for (number, track) in self.tracks.iter().enumerate().rev() {
                if let Some(from_ns) = track.slot.wants_from_ns() {
                    consider(Request::Track(number as u8), from_ns);
                }
            }
        }
        if let Some(from_ns) = self.all_end_from_ns {
            consider(Request::AllEnd, from_ns);
        }
        next
    }

    /// Sends the host the request that is due: the request becomes the reply on its way.
    pub(crate) fn give_request(&mut self, parts: &mut Parts) {
        let Some((request, _)) = self.next_request(parts) else {
            return;
        };
        parts.latches.reply(Reply {
            byte: request.byte(),
            kind: ReplyKind::Request,
            ready_ns: parts.now_ns(),
            pause_ns: parts.unit.timing().next_byte_ns,
            then: AfterReply::Asked(request),
        });
    }

    /// Handles a request that the unit has just given.
    pub(crate) fn request_is_given(&mut self, parts: &mut Parts, request: Request) {
        let now_ns = parts.now_ns();
        let timing = parts.unit.timing();
        parts.counters.requests += 1;
        self.service_from_ns = now_ns.saturating_add(timing.request_ns);
        match request {
            Request::ClockToHost => {
                self.host_clock.given();
                self.clock_to_host_from_ns = now_ns.saturating_add(timing.clock_to_host_ns);
            }
            Request::Conductor => self.expect_answer(Expects::Conductor),
            Request::Track(number) => self.expect_answer(Expects::Track(number)),
            Request::AllEnd => self.all_end_from_ns = None,
        }
    }

    fn expect_answer(&mut self, expects: Expects) {
        self.expects = expects;
        self.answer = Answer::EMPTY;
    }

    /// Whether the unit expects a data byte.
    pub(crate) fn awaits_data(&self) -> bool {
        self.expects != Expects::Nothing
    }

    /// Notes that the unit has fetched a byte for the host from the input.
    pub(crate) fn follow_packet(&mut self) {
        self.in_packet = !self.ends.pop();
    }
}
