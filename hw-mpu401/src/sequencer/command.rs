//! What the commands of intelligent mode do, after their ACK if they have one.
//!
//! The work of FF and 3F is in `firmware`.

use super::Sequencer;
use super::metronome::Clicks;
use super::service::{Expects, System};
use super::switches::Switches;
use super::tick_clock::ClockSource;
use super::track::Slot;
use crate::answers::FirmwareId;
use crate::parts::Parts;

impl FirmwareId {
    /// Whether commands C9 and CA set 216 and 240 ticks a beat.
    ///
    /// Measured: firmware 1.5A ignores both commands. Source: public notes on the Music Quest MQX,
    /// version 20h: bit 40h of its revision says that the unit has these timebases.
    const fn has_fine_timebases(self) -> bool {
        self.version >= 0x20 && self.revision & 0x40 != 0
    }
}

impl Sequencer {
    /// Runs a command of the host.
    pub(crate) fn run_command(&mut self, parts: &mut Parts, command: u8) {
        self.catch_up(parts.now_ns());
        match command {
            0x00..=0x2F => self.run_transport(parts, command),
            0xA0..=0xAF => self.answer_request(parts, command),
            0xB8 => self.clear_play_counters(parts),
            0xB9 => {
                self.silence_now(parts.now_ns());
                parts.unit.be_busy(parts.now_ns(), parts.unit.timing().clear_work_ns);
            }
            0xBA => {
                self.record.take_ticks();
            }
            0xD0..=0xD7 => self.expects = Expects::ChannelMessage(command & 0x07),
            0xDF => self.expects = Expects::SystemMessage(System::Status),
            0xE0..=0xEF => self.expects = Expects::Parameter(command),
            _ => self.run_setting(parts, command),
        }
        self.is_stale = true;
    }

    /// Runs a command that the conductor gives. The host gets no ACK and no message for this
    /// command.
    ///
    /// Measured: C4 and E0 were tried. Assumed: the conductor can give E0 to EF and the commands of
    /// `run_setting`. The unit skips all other commands.
    pub(super) fn run_conductor_command(&mut self, parts: &mut Parts, command: u8, data: u8) {
        match command {
            0xE0..=0xEF => self.set_parameter(parts, command, data),
            _ => self.run_setting(parts, command),
        }
    }

    /// Runs a command that sets something and needs no data byte. Any other command has no effect.
    fn run_setting(&mut self, parts: &Parts, command: u8) {
        let now_ns = parts.now_ns();
        let settings = &mut self.settings;
        match command {
            0x30 => settings.switches -= Switches::SILENCE_AT_STOP,
            0x32 => settings.switches -= Switches::REALTIME_OUT,
            0x33 => settings.switches -= Switches::THRU | Switches::OTHERS_THRU,
            0x34 => settings.switches |= Switches::TIMING_ALWAYS,
            0x35 => settings.switches |= Switches::MODE_TO_HOST,
            0x36 => settings.switches -= Switches::EXCLUSIVE_THRU,
            0x37 => settings.switches |= Switches::EXCLUSIVE_THRU,
            0x38 => settings.switches |= Switches::COMMON_TO_HOST,
            0x39 => settings.switches |= Switches::REALTIME_TO_HOST,
            0x40..=0x7F => settings.tables.assign(command),
            0x80 => self.set_clock_source(now_ns, ClockSource::Internal),
            0x81 => self.set_clock_source(now_ns, ClockSource::Tape),
            0x82 => self.set_clock_source(now_ns, ClockSource::Midi),
            0x83 => self.metronome.clicks = Clicks::Plain,
            0x84 => self.metronome.clicks = Clicks::Off,
            0x85 => self.metronome.clicks = Clicks::WithAccent,
            0x86..=0x97 => self.set_switch(parts, command),
            0x98..=0x9F => settings.tables.switch(command),
            0xB1 => {
                self.tempo.clear_relative();
                self.take_tempo(now_ns);
            }
            0xC2..=0xC8 => self.set_timebase(now_ns, (command & 0x0F) * 24),
            0xC9 | 0xCA if parts.rules.firmware.is_some_and(FirmwareId::has_fine_timebases) => {
                self.set_timebase(now_ns, (command & 0x0F) * 24);
            }
            // Commands for tape and SMPTE are among these: tape and SMPTE are not modelled.
            _ => {}
        }
    }

    /// Takes the data byte of a command E0 to EF.
    pub(super) fn set_parameter(&mut self, parts: &mut Parts, command: u8, data: u8) {
        let now_ns = parts.now_ns();
        self.catch_up(now_ns);
        match command {
            0xE0 => self.tempo.set_tempo(data),
            0xE1 => self.tempo.set_relative(data, now_ns),
            0xE2 => self.tempo.set_graduation(data),
            0xE4 => self.metronome.set_clocks_a_beat(data),
            0xE6 => self.metronome.set_beats_a_measure(data),
            0xE7 => self.host_clock.set(data),
            0xEC => self.active = data,
            // Command ED names the tracks whose play counters are sent. Measured: the unit answers
            // A0 to A7 without ED. Assumed: ED has no effect, because the answers do not need it.
            0xEE => self.settings.accept_lower(data),
            0xEF => self.settings.accept_upper(data),
            _ => {}
        }
        if matches!(command, 0xE0 | 0xE1) {
            self.take_tempo(now_ns);
            parts.unit.be_busy(now_ns, parts.unit.timing().tempo_work_ns);
        }
        self.is_stale = true;
    }

    fn set_timebase(&mut self, now_ns: u64, ticks_a_beat: u8) {
        self.tempo.set_timebase(ticks_a_beat);
        self.clock.clock_in = self.clock.clock_in.min(self.tempo.ticks_a_clock());
        self.take_tempo(now_ns);
    }

    fn set_clock_source(&mut self, now_ns: u64, source: ClockSource) {
        let tick_ns = self.tempo.tick_ns(now_ns);
        self.clock.set_source(source, tick_ns, now_ns);
        self.is_stale = true;
    }

    fn set_switch(&mut self, parts: &Parts, command: u8) {
        let Some(switch) = Switches::of_command(command) else {
            return;
        };
        let is_on = command & 1 != 0;
        self.settings.switches.set(switch, is_on);
        match (switch, is_on) {
            (Switches::CLOCK_TO_HOST, false) => self.host_clock.drop_backlog(),
            // Assumed: the conductor wants its first event when the conductor is switched on.
            (Switches::CONDUCTOR, true) if self.conductor.is_idle() => {
                self.conductor = Slot::Wants(self.request_at_tick_ns(parts));
            }
            (Switches::CONDUCTOR, false) => self.conductor = Slot::Idle,
            _ => {}
        }
    }

    /// Command B8: the tracks that EC has named become active and want their first event, and all
    /// other tracks become idle. The conductor, if it is on, also wants its first event.
    fn clear_play_counters(&mut self, parts: &mut Parts) {
        let from_ns = self.request_at_tick_ns(parts);
        for (number, track) in self.tracks.iter_mut().enumerate() {
            let is_active = self.active >> number & 1 != 0;
            track.slot = if is_active { Slot::Wants(from_ns) } else { Slot::Idle };
            track.assembly.rewind();
        }
        if self.switches().contains(Switches::CONDUCTOR) {
            self.conductor = Slot::Wants(from_ns);
        }
        parts.unit.be_busy(parts.now_ns(), parts.unit.timing().clear_work_ns);
    }

    /// Commands A0 to AF: makes the answer, if the command has one, the reply on its way.
    fn answer_request(&mut self, parts: &mut Parts, command: u8) {
        let byte = match (command, parts.rules.firmware) {
            (0xA0..=0xA7, _) => {
                let track = self.tracks.get(usize::from(command & 0x07));
                track.and_then(|track| track.slot.ticks_left()).unwrap_or(0)
            }
            (0xAB, _) => self.record.take_ticks(),
            (0xAC, Some(firmware)) => firmware.version,
            (0xAD, Some(firmware)) => firmware.revision,
            (0xAF, _) => self.tempo.effective(parts.now_ns()),
            _ => return,
        };
        let timing = parts.unit.timing();
        let pause_ns = match command {
            0xAF => timing.tempo_reply_ns,
            _ => timing.reply_latency_ns,
        };
        parts.answer(byte, pause_ns);
    }
}
