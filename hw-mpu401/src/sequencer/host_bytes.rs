//! The bytes of the host: answers to requests, data bytes of commands, and commands that come in
//! between.

use super::figures::{COMMAND_BREAK_NS, DEFERRED_ACK_NS, REQUEST_NS, RESET_BREAK_NS};
use super::message::common_data_bytes;
use super::service::{Deferred, Expects, System};
use super::track::Slot;
use crate::chip::Mpu401;
use crate::host_port::{AfterReply, Outbox};
use crate::spec::{ENTER_UART, RESET};
use crate::timing::NEVER_NS;

impl Mpu401 {
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
        sequencer.is_stale = true;
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
}
