//! What happens when an event of a track or of the conductor is due.

use super::Sequencer;
use super::message::Message;
use super::track::{ConductorEvent, Slot, TrackEvent};
use super::transport::Ended;
use crate::parts::Parts;

impl Sequencer {
    /// Plays the events that are due at this tick: first the conductor's events, then the events of
    /// tracks 8 to 1.
    pub(super) fn play_due_events(&mut self, parts: &mut Parts) {
        if let Slot::Holds { ticks_left: 0, event } = self.conductor {
            self.conduct(parts, event);
        }
        for number in (0..8).rev() {
            let slot = self.tracks.get(number).map(|track| track.slot);
            if let Some(Slot::Holds { ticks_left: 0, event }) = slot {
                self.play(parts, number, event);
            }
        }
    }

    /// Takes an event of the host for a track. Measured: the unit plays an event whose timing byte
    /// is 0 at once.
    pub(super) fn take_track_event(
        &mut self,
        parts: &mut Parts,
        number: usize,
        ticks: u8,
        event: TrackEvent,
    ) {
        if ticks == 0 {
            self.play(parts, number, event);
        } else {
            self.set_track(number, Slot::Holds { ticks_left: ticks, event });
        }
    }

    /// Takes an event of the host for the conductor, as `take_track_event` does for a track.
    pub(super) fn take_conductor_event(
        &mut self,
        parts: &mut Parts,
        ticks: u8,
        event: ConductorEvent,
    ) {
        if ticks == 0 {
            self.conduct(parts, event);
        } else {
            self.conductor = Slot::Holds { ticks_left: ticks, event };
        }
    }

    fn play(&mut self, parts: &mut Parts, number: usize, event: TrackEvent) {
        let now_ns = parts.now_ns();
        let timing = parts.unit.timing();
        let (request_ns, look_ahead_ns) = (timing.request_ns, timing.look_ahead_ns);
        match event {
            TrackEvent::Nothing => {
                self.set_track(number, Slot::Wants(now_ns.saturating_add(request_ns)));
            }
            TrackEvent::Message(message) => {
                self.play_message(parts, &message);
                self.set_track(number, Slot::Wants(now_ns.saturating_add(look_ahead_ns)));
            }
            TrackEvent::End => {
                self.set_track(number, Slot::Idle);
                self.end_play(parts, Ended::Track);
            }
        }
    }

    fn conduct(&mut self, parts: &mut Parts, event: ConductorEvent) {
        let from_ns = parts.now_ns().saturating_add(parts.unit.timing().request_ns);
        self.conductor = Slot::Wants(from_ns);
        match event {
            ConductorEvent::Nothing => {}
            ConductorEvent::Command(command, data) => {
                self.run_conductor_command(parts, command, data)
            }
            ConductorEvent::End => {
                self.conductor = Slot::Idle;
                self.end_play(parts, Ended::Conductor);
            }
        }
    }

    /// Puts a message of the host on MIDI OUT.
    ///
    /// Assumed: the message always has its status byte, because the tracks share one line.
    pub(super) fn play_message(&mut self, parts: &mut Parts, message: &Message) {
        parts.generate(message.bytes());
        parts.counters.played += message.bytes().len() as u64;
        self.sounding.follow(message);
    }

    fn set_track(&mut self, number: usize, slot: Slot<TrackEvent>) {
        if let Some(track) = self.tracks.get_mut(number) {
            track.slot = slot;
        }
    }
}
