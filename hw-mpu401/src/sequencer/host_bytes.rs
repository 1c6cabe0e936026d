//! The bytes of the host: answers to requests, data bytes, and commands.
//!
//! A command may also come in the middle of an answer.

use super::Sequencer;
use super::message::common_data_bytes;
use super::service::{CommandFate, Deferred, Expects, System};
use super::track::Slot;
use crate::parts::Parts;
use crate::spec::RESET;
use crate::timing::NEVER_NS;

impl Sequencer {
    /// Takes a command, and returns what the firmware has to do with this command.
    ///
    /// Measured: the first command before the timing byte of an answer is deferred; a second
    /// command ends the request. A reset is never deferred.
    pub(crate) fn take_command(&mut self, parts: &mut Parts, command: u8) -> CommandFate {
        let expects = self.expects;
        let is_request = matches!(expects, Expects::Track(_) | Expects::Conductor);
        let is_untimed = is_request && self.answer.timing.is_none();
        if is_untimed && self.deferred.is_none() && command != RESET {
            parts.counters.commands += 1;
            self.deferred = Some(Deferred { command, from_ns: NEVER_NS });
            return CommandFate::Deferred;
        }
        self.break_off(parts);
        let timing = parts.unit.timing();
        let later_ns = match command {
            _ if !is_request => 0,
            RESET => timing.reset_break_ns,
            _ => timing.command_break_ns,
        };
        CommandFate::Runs { later_ns }
    }

    /// Makes the unit expect no data byte any more, because a command has come. Measured: if the
    /// answer has no timing byte yet, the unit repeats the request after the commands. Otherwise
    /// the unit repeats the request at the next tick.
    fn break_off(&mut self, parts: &Parts) {
        let now_ns = parts.now_ns();
        let from_ns = match self.answer.timing {
            None => now_ns,
            Some(_) => self.request_at_tick_ns(parts),
        };
        match self.expects {
            Expects::Track(number) | Expects::ChannelMessage(number) => {
                let is_request = matches!(self.expects, Expects::Track(_));
                if let Some(track) = self.tracks.get_mut(usize::from(number)) {
                    track.assembly.rewind();
                    if is_request {
                        track.slot = Slot::Wants(from_ns);
                    }
                }
            }
            Expects::Conductor => self.conductor = Slot::Wants(from_ns),
            Expects::Nothing | Expects::Parameter(_) | Expects::SystemMessage(_) => {}
        }
        self.expects = Expects::Nothing;
        self.is_stale = true;
        if let Some(deferred) = &mut self.deferred {
            deferred.from_ns = now_ns;
        }
    }

    /// Returns the deferred command, which waits no longer.
    pub(crate) fn take_deferred(&mut self) -> Option<u8> {
        self.deferred.take().map(|deferred| deferred.command)
    }

    /// Takes a data byte.
    pub(crate) fn take_data(&mut self, parts: &mut Parts, byte: u8) {
        match self.expects {
            // Measured: the unit takes data that it does not wait for, and ignores this data.
            Expects::Nothing => parts.counters.ignored += 1,
            Expects::Parameter(command) => {
                parts.counters.parameters += 1;
                self.expects = Expects::Nothing;
                self.set_parameter(parts, command, byte);
            }
            Expects::Track(number) => self.take_track_byte(parts, number, byte),
            Expects::Conductor => {
                parts.counters.parameters += 1;
                if let Some((ticks, event)) = self.answer.for_conductor(byte) {
                    self.end_answer(parts);
                    self.take_conductor_event(parts, ticks, event);
                }
            }
            Expects::ChannelMessage(number) => self.take_message_byte(parts, number, byte),
            Expects::SystemMessage(system) => self.take_system_byte(parts, system, byte),
        }
    }

    fn take_track_byte(&mut self, parts: &mut Parts, number: u8, byte: u8) {
        parts.counters.parameters += 1;
        let Some(track) = self.tracks.get_mut(usize::from(number)) else {
            return;
        };
        if let Some((ticks, event)) = self.answer.for_track(byte, &mut track.assembly) {
            self.end_answer(parts);
            self.take_track_event(parts, usize::from(number), ticks, event);
        }
    }

    fn end_answer(&mut self, parts: &Parts) {
        let now_ns = parts.now_ns();
        let timing = parts.unit.timing();
        self.expects = Expects::Nothing;
        self.is_stale = true;
        self.service_from_ns = now_ns.saturating_add(timing.request_ns);
        if let Some(deferred) = &mut self.deferred {
            let wait_ns = timing.deferred_ack_ns.saturating_sub(timing.ack_latency_ns);
            deferred.from_ns = now_ns.saturating_add(wait_ns);
        }
    }

    /// Takes a byte of the message that follows a command D0 to D7. Assumed: the message may use
    /// the track's running status. A byte that is not part of a channel message ends the wait.
    fn take_message_byte(&mut self, parts: &mut Parts, number: u8, byte: u8) {
        parts.counters.parameters += 1;
        let Some(track) = self.tracks.get_mut(usize::from(number)) else {
            return;
        };
        match byte {
            0xF0.. => self.expects = Expects::Nothing,
            0x80.. => {
                track.assembly.begin(byte);
            }
            _ if !track.assembly.is_open() => self.expects = Expects::Nothing,
            _ => {
                if let Some(whole) = track.assembly.data(byte) {
                    self.expects = Expects::Nothing;
                    self.play_message(parts, &whole.message);
                }
            }
        }
    }

    /// Takes a byte of the message that follows command DF. The byte goes out at once. Assumed: a
    /// byte that is not allowed there ends the message, and the unit skips the byte.
    fn take_system_byte(&mut self, parts: &mut Parts, system: System, byte: u8) {
        let next = match (system, byte) {
            (System::Status, 0xF0..=0xF6) => match common_data_bytes(byte) {
                None => Some(Expects::SystemMessage(System::Exclusive)),
                Some(0) => Some(Expects::Nothing),
                Some(needed) => Some(Expects::SystemMessage(System::Data(needed))),
            },
            (System::Exclusive, 0x00..=0x7F | 0xF8..) => Some(self.expects),
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
                self.expects = expects;
                parts.accept(byte);
            }
            None => {
                self.expects = Expects::Nothing;
                parts.counters.ignored += 1;
            }
        }
    }
}
