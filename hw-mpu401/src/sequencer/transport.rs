//! Start, stop and end of play and record, and the note-offs after a stop.

use super::Sequencer;
use super::record::RecordState;
use super::switches::Switches;
use super::tick_room_ns;
use super::track::Slot;
use crate::parts::Parts;
use crate::spec::{MIDI_CONTINUE, MIDI_START, MIDI_STOP};
use crate::timing::NEVER_NS;

/// The note-offs after a stop, after the end of play, or after command B9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// There are no note-offs to send.
    None,
    /// Play was stopped. The unit sends the note-offs a while after the next MIDI clock.
    AfterClock,
    /// The unit sends the note-offs at this time.
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

impl Sequencer {
    /// Commands 00 to 2F: two bits for the realtime message, two bits for play, two bits for
    /// record.
    pub(super) fn run_transport(&mut self, parts: &mut Parts, command: u8) {
        let starts = matches!(command & 0x03, 2 | 3);
        match command & 0x03 {
            1 => self.sends_stop = true,
            2 => self.start_clock(parts, MIDI_START),
            3 => self.start_clock(parts, MIDI_CONTINUE),
            _ => {}
        }
        match command >> 2 & 0x03 {
            1 => self.stop_play(),
            2 => self.start_play(parts),
            _ => {}
        }
        match command >> 4 & 0x03 {
            1 => self.stop_record(parts),
            2 if starts => self.start_record(parts, RecordState::On),
            2 => self.start_record(parts, RecordState::Standby),
            _ => {}
        }
    }

    /// Obeys FA, FB or FC on MIDI IN. The caller has checked that realtime affection is on.
    /// Assumed: FA, FB and FC do the same as commands 0A, 0B and 05. FA and FB also start a record
    /// that is in standby.
    pub(super) fn be_affected(&mut self, parts: &mut Parts, realtime: u8) {
        match realtime {
            MIDI_STOP => {
                self.sends_stop = true;
                self.stop_play();
            }
            _ => {
                self.start_clock(parts, realtime);
                self.start_play(parts);
                if self.record.state == RecordState::Standby {
                    self.start_record(parts, RecordState::On);
                }
            }
        }
    }

    /// Sends FA or FB, and starts the ticks again. FA also begins a new measure.
    fn start_clock(&mut self, parts: &mut Parts, realtime: u8) {
        self.send_realtime(parts, realtime);
        let wait_ns = parts.unit.timing().first_tick_ns.saturating_add(self.tick_ns());
        let first_tick_ns = parts.now_ns().saturating_add(wait_ns);
        self.restart_clock(parts, first_tick_ns);
        self.host_clock.restart();
        if realtime == MIDI_START {
            self.metronome.restart();
        }
    }

    /// Starts the clock, or starts it again. If a reset has planned a first F8, that F8 no longer
    /// comes.
    fn restart_clock(&mut self, parts: &mut Parts, first_tick_ns: u64) {
        self.clock.restart(first_tick_ns);
        parts.own_output.cancel_first_clock();
    }

    fn ensure_clock(&mut self, parts: &mut Parts) {
        if !self.clock.is_started() {
            self.restart_clock(parts, parts.now_ns().saturating_add(self.tick_ns()));
        }
    }

    fn tick_ns(&self) -> u64 {
        self.clock.tick_ns()
    }

    /// Starts play. Measured: the first request comes at the next tick.
    fn start_play(&mut self, parts: &mut Parts) {
        self.ensure_clock(parts);
        self.is_playing = true;
        let from_ns = self.request_at_tick_ns(parts);
        let ask = |wants: &mut u64| *wants = from_ns;
        for track in &mut self.tracks {
            if let Slot::Wants(wants) = &mut track.slot {
                ask(wants);
            }
        }
        if let Slot::Wants(wants) = &mut self.conductor {
            ask(wants);
        }
    }

    /// The time of a request that waits for the next tick.
    pub(super) fn request_at_tick_ns(&self, parts: &Parts) -> u64 {
        let tick_ns = self.clock.boundary_ns(parts.now_ns());
        tick_ns.saturating_add(parts.unit.timing().request_ns)
    }

    /// Stops play. The unit does not tell the host, and the tracks keep their events.
    fn stop_play(&mut self) {
        self.is_playing = false;
        self.plan_silence(Silence::AfterClock);
    }

    /// Plans the note-offs after a stop or after the end of play, if notes sound and note-offs are
    /// not switched off.
    fn plan_silence(&mut self, silence: Silence) {
        let is_wanted = self.switches().contains(Switches::SILENCE_AT_STOP);
        if is_wanted && !self.sounding.is_silent() {
            self.silence = silence;
        }
    }

    /// Handles the end of a track or of the conductor. Play ends if no track plays any more, even
    /// if the conductor has not ended. If it was a track that ended now, the unit tells the host
    /// with FC. Measured: no FC when only the conductor played.
    pub(super) fn end_play(&mut self, parts: &Parts, of: Ended) {
        if !self.tracks.iter().all(|track| track.slot.is_idle()) {
            return;
        }
        let (now_ns, timing) = (parts.now_ns(), parts.unit.timing());
        if of == Ended::Track {
            self.all_end_from_ns = Some(now_ns.saturating_add(timing.all_end_ns));
        }
        self.is_playing = false;
        self.plan_silence(Silence::At(now_ns.saturating_add(timing.silence_after_end_ns)));
    }

    fn start_record(&mut self, parts: &mut Parts, state: RecordState) {
        self.ensure_clock(parts);
        let record = &mut self.record;
        record.state = state;
        record.ticks = 0;
        record.starts = true;
        record.last_status = 0;
    }

    fn stop_record(&mut self, parts: &mut Parts) {
        if self.record.state != RecordState::Off {
            self.mark_record_end(parts);
            self.record.state = RecordState::Off;
        }
    }

    /// Sends FA, FB or FC, unless realtime output is off.
    pub(super) fn send_realtime(&mut self, parts: &mut Parts, byte: u8) {
        if self.switches().contains(Switches::REALTIME_OUT) {
            parts.send(byte);
        }
    }

    /// Handles a MIDI clock. If the note-offs after a stop waited for this clock, the method plans
    /// them.
    pub(super) fn clock_has_fallen(&mut self, parts: &Parts) {
        if self.silence == Silence::AfterClock {
            let wait_ns = parts.unit.timing().silence_after_stop_ns;
            self.silence = Silence::At(parts.now_ns().saturating_add(wait_ns));
        }
    }

    /// Command B9: plans the note-offs for now, if notes sound.
    pub(super) fn silence_now(&mut self, now_ns: u64) {
        if !self.sounding.is_silent() {
            self.silence = Silence::At(now_ns);
        }
    }

    /// Sends note-offs while there is room, and plans the rest for later.
    pub(super) fn send_silence(&mut self, parts: &mut Parts) {
        let now_ns = parts.now_ns();
        while tick_room_ns(parts) <= now_ns {
            let Some((off, all_off)) = self.sounding.next_off() else {
                self.silence = Silence::None;
                return;
            };
            parts.generate(&off.0);
            if let Some(all_off) = all_off {
                parts.generate(&all_off.0);
            }
        }
        self.silence = Silence::At(tick_room_ns(parts));
    }
}

/// What has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Track,
    Conductor,
}
