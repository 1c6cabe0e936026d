//! Start, stop and end of play and record, and the silence behind a stop.

use super::figures::{ALL_END_NS, REQUEST_NS, SILENCE_NS, START_NS};
use super::record::RecordState;
use super::switches::Switches;
use super::track::Slot;
use crate::chip::Mpu401;
use crate::self_output::{Output, OutputStep};
use crate::spec::{MIDI_CONTINUE, MIDI_START, MIDI_STOP};
use crate::timing::NEVER_NS;

/// The note-offs behind the end of play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// None to come.
    None,
    /// They come a while after the next MIDI clock.
    AfterClock,
    /// They come then.
    At(u64),
}

impl Silence {
    pub(super) fn due_ns(self) -> u64 {
        match self {
            Self::None | Self::AfterClock => NEVER_NS,
            Self::At(due_ns) => due_ns,
        }
    }
}

impl Mpu401 {
    /// Commands 00 to 2F: two bits each for the realtime message, for play and for record.
    pub(super) fn run_transport(&mut self, command: u8) {
        let starts = matches!(command & 0x03, 2 | 3);
        match command & 0x03 {
            1 => self.sequencer.sends_stop = true,
            2 => self.start_clock(MIDI_START),
            3 => self.start_clock(MIDI_CONTINUE),
            _ => {}
        }
        match command >> 2 & 0x03 {
            1 => self.stop_play(),
            2 => self.start_play(),
            _ => {}
        }
        match command >> 4 & 0x03 {
            1 => self.stop_record(),
            2 if starts => self.start_record(RecordState::On),
            2 => self.start_record(RecordState::Standby),
            _ => {}
        }
    }

    /// FA, FB and FC on MIDI IN with realtime affection on.
    /// Assumed: they do what 0A, 0B and 05 do, and a record that stands by begins with FA.
    pub(super) fn be_affected(&mut self, realtime: u8) {
        match realtime {
            MIDI_STOP => {
                self.sequencer.sends_stop = true;
                self.stop_play();
            }
            _ => {
                self.start_clock(realtime);
                self.start_play();
                if self.sequencer.record.state == RecordState::Standby {
                    self.start_record(RecordState::On);
                }
            }
        }
    }

    /// FA or FB goes out and the ticks begin anew.
    fn start_clock(&mut self, realtime: u8) {
        self.send_realtime(realtime);
        let first_tick_ns = self.hot.now_ns.saturating_add(START_NS + self.tick_ns());
        self.restart_clock(first_tick_ns);
        self.sequencer.host_clock.restart();
        if realtime == MIDI_START {
            self.sequencer.metronome.restart();
        }
    }

    /// The clock that a reset has prepared does not come on top.
    fn restart_clock(&mut self, first_tick_ns: u64) {
        self.sequencer.clock.restart(first_tick_ns);
        if self.output.step == OutputStep::FirstClock {
            self.output = Output::IDLE;
        }
    }

    fn ensure_clock(&mut self) {
        if !self.sequencer.clock.is_started() {
            self.restart_clock(self.hot.now_ns.saturating_add(self.tick_ns()));
        }
    }

    fn tick_ns(&self) -> u64 {
        self.sequencer.clock.tick_ns()
    }

    /// Measured: the first request comes at the next tick.
    fn start_play(&mut self) {
        self.ensure_clock();
        self.sequencer.is_playing = true;
        let from_ns = self.request_at_tick_ns();
        let ask = |wants: &mut u64| *wants = from_ns;
        for track in &mut self.sequencer.tracks {
            if let Slot::Wants(wants) = &mut track.slot {
                ask(wants);
            }
        }
        if let Slot::Wants(wants) = &mut self.sequencer.conductor {
            ask(wants);
        }
    }

    /// When a request comes that waits for the next tick.
    pub(super) fn request_at_tick_ns(&self) -> u64 {
        self.sequencer.clock.boundary_ns(self.hot.now_ns).saturating_add(REQUEST_NS)
    }

    /// The host is not told. What the tracks hold stays.
    fn stop_play(&mut self) {
        self.sequencer.is_playing = false;
        self.silence_after_clock();
    }

    fn silence_after_clock(&mut self) {
        let is_wanted = self.switches().contains(Switches::SILENCE_AT_STOP);
        if is_wanted && !self.sequencer.sounding.is_silent() {
            self.sequencer.silence = Silence::AfterClock;
        }
    }

    /// A track has ended, or the conductor. When none is left, play ends, and the host is told if
    /// there was a track. Measured: no FC when only the conductor played.
    pub(super) fn end_play(&mut self, of: Ended) {
        let sequencer = &mut self.sequencer;
        if !sequencer.tracks.iter().all(|track| track.slot.is_idle()) {
            return;
        }
        if of == Ended::Track {
            sequencer.all_end_from_ns = Some(self.hot.now_ns.saturating_add(ALL_END_NS));
        }
        sequencer.is_playing = false;
        self.silence_after_clock();
    }

    fn start_record(&mut self, state: RecordState) {
        self.ensure_clock();
        let record = &mut self.sequencer.record;
        record.state = state;
        record.ticks = 0;
        record.starts = true;
        record.last_status = 0;
    }

    fn stop_record(&mut self) {
        if self.sequencer.record.state != RecordState::Off {
            self.mark_record_end();
            self.sequencer.record.state = RecordState::Off;
        }
    }

    /// Sends FA, FB or FC, unless realtime output is off.
    pub(super) fn send_realtime(&mut self, byte: u8) {
        if self.switches().contains(Switches::REALTIME_OUT) {
            self.send(byte);
        }
    }

    /// The clock that the end of play waited for has gone out.
    pub(super) fn clock_has_fallen(&mut self) {
        if self.sequencer.silence == Silence::AfterClock {
            self.sequencer.silence = Silence::At(self.hot.now_ns.saturating_add(SILENCE_NS));
        }
    }

    /// Command B9: the note-offs at once.
    pub(super) fn silence_now(&mut self) {
        if !self.sequencer.sounding.is_silent() {
            self.sequencer.silence = Silence::At(self.hot.now_ns);
        }
    }

    /// Sends note-offs as long as there is room, and comes back for the others.
    pub(super) fn send_silence(&mut self) {
        let now_ns = self.hot.now_ns;
        while self.tick_room_ns() <= now_ns {
            let Some((off, all_off)) = self.sequencer.sounding.next_off() else {
                self.sequencer.silence = Silence::None;
                return;
            };
            self.generate(&off.0);
            if let Some(all_off) = all_off {
                self.generate(&all_off.0);
            }
        }
        self.sequencer.silence = Silence::At(self.tick_room_ns());
    }

    fn generate(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.transmitter.generate(*byte, self.hot.now_ns);
        }
    }
}

/// What has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Track,
    Conductor,
}
