//! The talk with the host: requests and answers, data bytes of commands, and commands that come
//! in between.

use super::figures::{
    CLOCK_TO_HOST_NS, COMMAND_BREAK_NS, DEFERRED_ACK_NS, REQUEST_NS, RESET_BREAK_NS,
    WAITING_TAKE_NS,
};
use super::message::common_data_bytes;
use super::track::{Answer, DATA_END, MEASURE_END, Slot};
use crate::chip::{Mpu401, Turn};
use crate::firmware::{Action, Plan};
use crate::host_port::{AfterReply, Inbox, Outbox, Reply};
use crate::spec::{ENTER_UART, RESET};
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
    command: u8,
    /// Until the host has answered: [`NEVER_NS`].
    from_ns: u64,
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
        if self.reply.is_some() || self.displaced.is_some() || self.incoming.is_some() {
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

    /// Takes a command.
    ///
    /// Measured: the first one before the timing byte of an answer is deferred, a second one
    /// breaks the request off. A reset is never deferred.
    pub(crate) fn take_command(&mut self, command: u8) {
        let expects = self.sequencer.expects;
        let is_request = matches!(expects, Expects::Track(_) | Expects::Conductor);
        let is_untimed = is_request && self.sequencer.answer.timing.is_none();
        if is_untimed && self.sequencer.deferred.is_none() && command != RESET {
            self.counters.commands += 1;
            self.sequencer.deferred = Some(Deferred { command, from_ns: NEVER_NS });
            return;
        }
        self.break_off();
        self.run_command(command);
        if let Some(reply) = &mut self.reply
            && is_request
        {
            let break_ns = if command == RESET { RESET_BREAK_NS } else { COMMAND_BREAK_NS };
            reply.ready_ns = reply.ready_ns.saturating_add(break_ns);
        }
    }

    /// A command has come where a data byte was expected. Measured: a request that has got no
    /// timing byte is repeated when the commands are done, another one at a later tick.
    fn break_off(&mut self) {
        let now_ns = self.hot.now_ns;
        let from_ns = match self.sequencer.answer.timing {
            None => now_ns,
            Some(_) => self.request_at_tick_ns(),
        };
        let sequencer = &mut self.sequencer;
        match sequencer.expects {
            Expects::Track(number) | Expects::ChannelMessage(number) => {
                let is_request = matches!(sequencer.expects, Expects::Track(_));
                if let Some(track) = sequencer.tracks.get_mut(usize::from(number)) {
                    track.assembly.rewind();
                    if is_request {
                        track.slot = Slot::Wants(from_ns);
                    }
                }
            }
            Expects::Conductor => sequencer.conductor = Slot::Wants(from_ns),
            Expects::Nothing | Expects::Parameter(_) | Expects::SystemMessage(_) => {}
        }
        sequencer.expects = Expects::Nothing;
        if let Some(deferred) = &mut sequencer.deferred {
            deferred.from_ns = now_ns;
        }
    }

    /// The deferred command is acknowledged, and then runs.
    pub(crate) fn run_deferred(&mut self) {
        let Some(deferred) = self.sequencer.deferred.take() else {
            return;
        };
        let then = match deferred.command {
            ENTER_UART => AfterReply::EnterUart,
            command => AfterReply::Command(command),
        };
        if self.acknowledges(deferred.command) {
            self.acknowledge(Outbox::Ack, then);
        } else {
            self.carry_out(then, 0);
        }
    }

    /// Takes a data byte.
    pub(crate) fn take_data(&mut self, byte: u8) {
        match self.sequencer.expects {
            // Measured: data that nobody waits for is taken and ignored.
            Expects::Nothing => self.counters.ignored += 1,
            Expects::Parameter(command) => {
                self.counters.parameters += 1;
                self.sequencer.expects = Expects::Nothing;
                self.set_parameter(command, byte);
            }
            Expects::Track(number) => self.take_track_byte(number, byte),
            Expects::Conductor => {
                self.counters.parameters += 1;
                if let Some((ticks, event)) = self.sequencer.answer.for_conductor(byte) {
                    self.end_answer();
                    self.take_conductor_event(ticks, event);
                }
            }
            Expects::ChannelMessage(number) => self.take_message_byte(number, byte),
            Expects::SystemMessage(system) => self.take_system_byte(system, byte),
        }
    }

    fn take_track_byte(&mut self, number: u8, byte: u8) {
        self.counters.parameters += 1;
        let sequencer = &mut self.sequencer;
        let Some(track) = sequencer.tracks.get_mut(usize::from(number)) else {
            return;
        };
        if let Some((ticks, event)) = sequencer.answer.for_track(byte, &mut track.assembly) {
            self.end_answer();
            self.take_track_event(usize::from(number), ticks, event);
        }
    }

    fn end_answer(&mut self) {
        let now_ns = self.hot.now_ns;
        let ack_ns = self.timing.ack_latency_ns;
        let sequencer = &mut self.sequencer;
        sequencer.expects = Expects::Nothing;
        sequencer.is_stale = true;
        sequencer.service_from_ns = now_ns.saturating_add(REQUEST_NS);
        if let Some(deferred) = &mut sequencer.deferred {
            let wait_ns = DEFERRED_ACK_NS.saturating_sub(ack_ns);
            deferred.from_ns = now_ns.saturating_add(wait_ns);
        }
    }

    /// A byte behind D0 to D7. Assumed: it may rely on the track's running status; a byte that is
    /// no part of a channel message ends the wait.
    fn take_message_byte(&mut self, number: u8, byte: u8) {
        self.counters.parameters += 1;
        let Some(track) = self.sequencer.tracks.get_mut(usize::from(number)) else {
            return;
        };
        match byte {
            0xF0.. => self.sequencer.expects = Expects::Nothing,
            0x80.. => {
                track.assembly.begin(byte);
            }
            _ if !track.assembly.is_open() => self.sequencer.expects = Expects::Nothing,
            _ => {
                if let Some(whole) = track.assembly.data(byte) {
                    self.sequencer.expects = Expects::Nothing;
                    self.play_message(&whole.message);
                }
            }
        }
    }

    /// A byte behind DF, which goes out at once. Assumed: one that cannot stand there ends the
    /// message and is passed over.
    fn take_system_byte(&mut self, system: System, byte: u8) {
        let next = match (system, byte) {
            (System::Status, 0xF0..=0xF6) => match common_data_bytes(byte) {
                None => Some(Expects::SystemMessage(System::Exclusive)),
                Some(0) => Some(Expects::Nothing),
                Some(needed) => Some(Expects::SystemMessage(System::Data(needed))),
            },
            (System::Exclusive, 0x00..=0x7F | 0xF8..) => Some(self.sequencer.expects),
            (System::Exclusive, 0xF7) | (System::Data(0 | 1), 0x00..=0x7F) => {
                Some(Expects::Nothing)
            }
            (System::Data(left), 0x00..=0x7F) => {
                Some(Expects::SystemMessage(System::Data(left - 1)))
            }
            _ => None,
        };
        match next {
            Some(expects) => {
                self.sequencer.expects = expects;
                self.accept(byte);
            }
            None => {
                self.sequencer.expects = Expects::Nothing;
                self.counters.ignored += 1;
            }
        }
    }

    /// A byte for the host has been fetched from the input.
    pub(crate) fn follow_packet(&mut self) {
        self.sequencer.in_packet = !self.sequencer.ends.pop();
    }
}
