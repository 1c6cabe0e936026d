//! What each command of intelligent mode does, once its ACK is in the latch.

use super::figures::{CLEAR_WORK_NS, TEMPO_REPLY_NS, TEMPO_WORK_NS};
use super::metronome::Clicks;
use super::service::{Expects, System};
use super::switches::Switches;
use super::tick_clock::ClockSource;
use super::track::Slot;
use crate::chip::Mpu401;
use crate::host_port::{AfterReply, Outbox, Reply};
use crate::profile::FirmwareId;

impl FirmwareId {
    /// Whether commands C9 and CA set 216 and 240 ticks a beat.
    ///
    /// Measured: firmware 1.5A ignores them. Source: public notes on the Music Quest MQX, version
    /// 20h, whose revision has bit 40h for it.
    const fn has_fine_timebases(self) -> bool {
        self.version >= 0x20 && self.revision & 0x40 != 0
    }
}

impl Mpu401 {
    /// Runs a command of the host.
    pub(crate) fn run_sequencer_command(&mut self, command: u8) {
        self.catch_up();
        match command {
            0x00..=0x2F => self.run_transport(command),
            0xA0..=0xAF => self.answer_request(command),
            0xB8 => self.clear_play_counters(),
            0xB9 => {
                self.silence_now();
                self.be_busy(CLEAR_WORK_NS);
            }
            0xBA => {
                self.sequencer.record.take_ticks();
            }
            0xD0..=0xD7 => self.sequencer.expects = Expects::ChannelMessage(command & 0x07),
            0xDF => self.sequencer.expects = Expects::SystemMessage(System::Status),
            0xE0..=0xEF => self.sequencer.expects = Expects::Parameter(command),
            _ => self.run_setting(command),
        }
        self.sequencer.is_stale = true;
    }

    /// A command that the conductor gives. Nothing is said of it to the host.
    ///
    /// Measured: C4 and E0 were tried. Assumed: it may give every command that sets something and
    /// neither answers nor starts nor stops; the others are passed over.
    pub(super) fn run_conductor_command(&mut self, command: u8, data: u8) {
        match command {
            0xE0..=0xEF => self.set_parameter(command, data),
            _ => self.run_setting(command),
        }
    }

    /// A command that sets something and needs no data byte.
    fn run_setting(&mut self, command: u8) {
        let settings = &mut self.sequencer.settings;
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
            0x80 => self.set_clock_source(ClockSource::Internal),
            0x81 => self.set_clock_source(ClockSource::Tape),
            0x82 => self.set_clock_source(ClockSource::Midi),
            0x83 => self.sequencer.metronome.clicks = Clicks::Plain,
            0x84 => self.sequencer.metronome.clicks = Clicks::Off,
            0x85 => self.sequencer.metronome.clicks = Clicks::WithAccent,
            0x86..=0x97 => self.set_switch(command),
            0x98..=0x9F => settings.tables.switch(command),
            0xB1 => {
                self.sequencer.tempo.clear_relative();
                self.take_tempo();
            }
            0xC2..=0xC8 => self.set_timebase((command & 0x0F) * 24),
            0xC9 | 0xCA if self.unit.firmware.is_some_and(FirmwareId::has_fine_timebases) => {
                self.set_timebase((command & 0x0F) * 24);
            }
            // Acknowledged, and no more. Tape and SMPTE are not modelled.
            _ => {}
        }
    }

    /// The data byte of E0 to EF has come.
    pub(super) fn set_parameter(&mut self, command: u8, data: u8) {
        self.catch_up();
        let now_ns = self.hot.now_ns;
        let sequencer = &mut self.sequencer;
        match command {
            0xE0 => sequencer.tempo.set_tempo(data),
            0xE1 => sequencer.tempo.set_relative(data, now_ns),
            0xE2 => sequencer.tempo.set_graduation(data),
            0xE4 => sequencer.metronome.set_clocks_a_beat(data),
            0xE6 => sequencer.metronome.set_beats_a_measure(data),
            0xE7 => sequencer.host_clock.set(data),
            0xEC => sequencer.active = data,
            // Command ED names the tracks whose play counters are sent. Measured: A0 to A7 are
            // answered without it. Assumed: so it has no effect.
            0xEE => sequencer.settings.accept_lower(data),
            0xEF => sequencer.settings.accept_upper(data),
            _ => {}
        }
        if matches!(command, 0xE0 | 0xE1) {
            self.take_tempo();
            self.be_busy(TEMPO_WORK_NS);
        }
        self.sequencer.is_stale = true;
    }

    fn set_timebase(&mut self, ticks_a_beat: u8) {
        let sequencer = &mut self.sequencer;
        sequencer.tempo.set_timebase(ticks_a_beat);
        sequencer.clock.clock_in = sequencer.clock.clock_in.min(sequencer.tempo.ticks_a_clock());
        self.take_tempo();
    }

    fn set_clock_source(&mut self, source: ClockSource) {
        let tick_ns = self.sequencer.tempo.tick_ns(self.hot.now_ns);
        self.sequencer.clock.set_source(source, tick_ns, self.hot.now_ns);
        self.sequencer.is_stale = true;
    }

    fn set_switch(&mut self, command: u8) {
        let Some(switch) = Switches::of_command(command) else {
            return;
        };
        let is_on = command & 1 != 0;
        self.sequencer.settings.switches.set(switch, is_on);
        match (switch, is_on) {
            (Switches::CLOCK_TO_HOST, false) => self.sequencer.host_clock.drop_backlog(),
            // Assumed: the conductor wants its first event as soon as it is switched on.
            (Switches::CONDUCTOR, true) if self.sequencer.conductor.is_idle() => {
                self.sequencer.conductor = Slot::Wants(self.request_at_tick_ns());
            }
            (Switches::CONDUCTOR, false) => self.sequencer.conductor = Slot::Idle,
            _ => {}
        }
    }

    /// Command B8: what EC has named is active and wants its first event.
    fn clear_play_counters(&mut self) {
        let from_ns = self.request_at_tick_ns();
        for (number, track) in self.sequencer.tracks.iter_mut().enumerate() {
            let is_active = self.sequencer.active >> number & 1 != 0;
            track.slot = if is_active { Slot::Wants(from_ns) } else { Slot::Idle };
            track.assembly.rewind();
        }
        if self.switches().contains(Switches::CONDUCTOR) {
            self.sequencer.conductor = Slot::Wants(from_ns);
        }
        self.be_busy(CLEAR_WORK_NS);
    }

    /// Commands A0 to AF: the answer comes when the host has read the ACK.
    fn answer_request(&mut self, command: u8) {
        let sequencer = &mut self.sequencer;
        let byte = match (command, self.unit.firmware) {
            (0xA0..=0xA7, _) => {
                let track = sequencer.tracks.get(usize::from(command & 0x07));
                track.and_then(|track| track.slot.ticks_left()).unwrap_or(0)
            }
            (0xAB, _) => sequencer.record.take_ticks(),
            (0xAC, Some(firmware)) => firmware.version,
            (0xAD, Some(firmware)) => firmware.revision,
            (0xAF, _) => sequencer.tempo.effective(self.hot.now_ns),
            _ => return,
        };
        let pause_ns = match command {
            0xAF => TEMPO_REPLY_NS,
            _ => self.timing.reply_latency_ns,
        };
        self.reply = Some(Reply {
            byte,
            content: Outbox::Answer,
            ready_ns: self.hot.now_ns,
            pause_ns,
            then: AfterReply::Nothing,
        });
    }
}
