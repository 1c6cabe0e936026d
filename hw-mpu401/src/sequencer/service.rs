//! What the unit says to the host and expects of it, and in which order.

use super::figures::{CLOCK_TO_HOST_NS, REQUEST_NS, WAITING_TAKE_NS};
use super::track::{Answer, DATA_END, MEASURE_END};
use crate::chip::{Mpu401, Turn};
use crate::firmware::{Action, Plan};
use crate::host_port::{AfterReply, Inbox, Outbox, Reply};
use crate::timing::NEVER_NS;
use ringbuf::traits::Observer;

/// What the next data byte of the host is. While one is expected everything else waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expects {
    /// Nothing: it would be ignored.
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

/// How far a system message of the host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    Status,
    Exclusive,
    /// So many data bytes are left.
    Data(u8),
}

/// A command that waits until the host has answered a request.
#[derive(Clone, Copy)]
pub(super) struct Deferred {
    pub(super) command: u8,
    /// Until the host has answered: [`NEVER_NS`].
    pub(super) from_ns: u64,
}

/// What the unit says to the host by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// FD.
    ClockToHost,
    /// F9.
    Conductor,
    /// F0 to F7.
    Track(u8),
    /// FC.
    AllEnd,
}

impl Request {
    fn byte(self) -> u8 {
        match self {
            Self::ClockToHost => 0xFD,
            Self::Conductor => MEASURE_END,
            Self::Track(number) => 0xF0 | number,
            Self::AllEnd => DATA_END,
        }
    }
}

impl Mpu401 {
    /// Settles what the unit does next in intelligent mode.
    pub(crate) fn schedule_sequencer(&mut self) {
        if self.sequencer.expects != Expects::Nothing {
            self.catch_up();
            self.sequencer.clock.hold();
        } else if !self.requests_hold_ticks() {
            let is_released = self.sequencer.clock.release(self.hot.now_ns);
            self.sequencer.is_stale |= is_released;
        }
        self.unit_plan = self.plan_service();
        self.unit_seen_ns = self.unit_plan.due_ns;
        self.sequencer_due_ns = self.find_sequencer_due_ns();
    }

    /// Whether a tick waits for requests: the host has room for one, and the time of one has come.
    ///
    /// Measured: counting waits for a host that is late with its answer, not for one that leaves
    /// FD or an ACK unread.
    pub(super) fn requests_hold_ticks(&self) -> bool {
        let sequencer = &self.sequencer;
        let is_due = |from_ns: Option<u64>| from_ns.is_some_and(|ns| ns <= self.hot.now_ns);
        sequencer.expects != Expects::Nothing
            || (sequencer.is_playing
                && self.hot.outbox == Outbox::Empty
                && (is_due(sequencer.conductor.wants_from_ns())
                    || sequencer.tracks.iter().any(|track| is_due(track.slot.wants_from_ns()))))
    }

    fn plan_service(&self) -> Plan {
        let gift = self.plan_gift();
        if self.holds_byte() {
            return gift;
        }
        if self.sequencer.expects != Expects::Nothing {
            return self.plan_take_awaited();
        }
        if self.sequencer.in_packet && !self.input.is_empty() {
            return self.plan_fetch();
        }
        if let Some(deferred) = self.sequencer.deferred {
            let due_ns = deferred.from_ns.max(self.hot.free_ns).max(self.hot.now_ns);
            return Plan::new(Action::RunDeferred, due_ns);
        }
        let take = self.plan_take();
        let fetch = self.plan_fetch();
        let request = self.plan_request();
        request.or_earlier(match self.turn {
            Turn::Host => take.or_earlier(fetch),
            Turn::Input => fetch.or_earlier(take),
        })
    }

    /// The unit waits for a byte of the host, and for nothing else.
    fn plan_take_awaited(&self) -> Plan {
        let is_system = matches!(self.sequencer.expects, Expects::SystemMessage(_));
        let room_ns = match self.hot.inbox {
            Inbox::Empty => return Plan::IDLE,
            Inbox::Data if is_system && self.output_is_full() => self.transmitter.room_ns(),
            Inbox::Data | Inbox::Command => 0,
        };
        let seen_ns = self.hot.inbox_written_ns.saturating_add(WAITING_TAKE_NS);
        Plan::new(Action::Take, seen_ns.max(self.hot.free_ns).max(self.hot.now_ns).max(room_ns))
    }

    fn plan_request(&self) -> Plan {
        let due_ns = self.next_request().map_or(NEVER_NS, |(_, due_ns)| due_ns);
        Plan::new(Action::Request, due_ns)
    }

    /// The request that comes next, and when.
    ///
    /// Measured: of several that are due FD comes first, then the conductor's F9, then the tracks
    /// from F7 down to F0.
    fn next_request(&self) -> Option<(Request, u64)> {
        let sequencer = &self.sequencer;
        let mut next = None;
        let least_ns = self.hot.now_ns.max(sequencer.service_from_ns).max(self.hot.free_ns);
        let mut consider = |request, from_ns: u64| {
            let due_ns = from_ns.max(least_ns);
            if next.is_none_or(|(_, earliest_ns)| due_ns < earliest_ns) {
                next = Some((request, due_ns));
            }
        };
        if sequencer.host_clock.is_due() {
            consider(Request::ClockToHost, sequencer.clock_to_host_from_ns);
        }
        if sequencer.is_playing {
            if let Some(from_ns) = sequencer.conductor.wants_from_ns() {
                consider(Request::Conductor, from_ns);
            }
            for (number, track) in sequencer.tracks.iter().enumerate().rev() {
                if let Some(from_ns) = track.slot.wants_from_ns() {
                    consider(Request::Track(number as u8), from_ns);
                }
            }
        }
        if let Some(from_ns) = sequencer.all_end_from_ns {
            consider(Request::AllEnd, from_ns);
        }
        next
    }

    /// Gets the request that is due on its way.
    pub(crate) fn give_request(&mut self) {
        let Some((request, _)) = self.next_request() else {
            return;
        };
        self.reply = Some(Reply {
            byte: request.byte(),
            content: Outbox::Request,
            ready_ns: self.hot.now_ns,
            pause_ns: self.timing.next_byte_ns,
            then: AfterReply::Asked(request),
        });
    }

    /// A request is in the latch.
    pub(crate) fn request_is_given(&mut self, request: Request) {
        let now_ns = self.hot.now_ns;
        self.counters.requests += 1;
        self.sequencer.service_from_ns = now_ns.saturating_add(REQUEST_NS);
        match request {
            Request::ClockToHost => {
                self.sequencer.host_clock.given();
                self.sequencer.clock_to_host_from_ns = now_ns.saturating_add(CLOCK_TO_HOST_NS);
            }
            Request::Conductor => self.expect_answer(Expects::Conductor),
            Request::Track(number) => self.expect_answer(Expects::Track(number)),
            Request::AllEnd => self.sequencer.all_end_from_ns = None,
        }
    }

    fn expect_answer(&mut self, expects: Expects) {
        self.sequencer.expects = expects;
        self.sequencer.answer = Answer::EMPTY;
    }

    /// Whether a data byte written now has something to say.
    pub(crate) fn awaits_data(&self) -> bool {
        self.sequencer.expects != Expects::Nothing
    }

    /// A byte for the host has been fetched from the input.
    pub(crate) fn follow_packet(&mut self) {
        self.sequencer.in_packet = !self.sequencer.ends.pop();
    }
}
