//! What tracks and conductor do when their time has come.

use super::figures::{LOOK_AHEAD_NS, REQUEST_NS};
use super::message::Message;
use super::track::{ConductorEvent, Slot, TrackEvent};
use super::transport::Ended;
use crate::chip::Mpu401;

impl Mpu401 {
    /// The events that are due at this tick: the conductor's, then those of tracks 8 to 1.
    pub(super) fn play_due_events(&mut self) {
        if let Slot::Holds { ticks_left: 0, event } = self.sequencer.conductor {
            self.conduct(event);
        }
        for number in (0..8).rev() {
            let slot = self.sequencer.tracks.get(number).map(|track| track.slot);
            if let Some(Slot::Holds { ticks_left: 0, event }) = slot {
                self.play(number, event);
            }
        }
    }

    /// The host has given an event for a track. Measured: one with delta 0 is sent at once.
    pub(super) fn take_track_event(&mut self, number: usize, ticks: u8, event: TrackEvent) {
        if ticks == 0 {
            self.play(number, event);
        } else {
            self.set_track(number, Slot::Holds { ticks_left: ticks, event });
        }
    }

    /// The same for the conductor.
    pub(super) fn take_conductor_event(&mut self, ticks: u8, event: ConductorEvent) {
        if ticks == 0 {
            self.conduct(event);
        } else {
            self.sequencer.conductor = Slot::Holds { ticks_left: ticks, event };
        }
    }

    fn play(&mut self, number: usize, event: TrackEvent) {
        let now_ns = self.hot.now_ns;
        match event {
            TrackEvent::Nothing => {
                self.set_track(number, Slot::Wants(now_ns.saturating_add(REQUEST_NS)));
            }
            TrackEvent::Message(message) => {
                self.play_message(&message);
                self.set_track(number, Slot::Wants(now_ns.saturating_add(LOOK_AHEAD_NS)));
            }
            TrackEvent::End => {
                self.set_track(number, Slot::Idle);
                self.end_play(Ended::Track);
            }
        }
    }

    fn conduct(&mut self, event: ConductorEvent) {
        let from_ns = self.hot.now_ns.saturating_add(REQUEST_NS);
        self.sequencer.conductor = Slot::Wants(from_ns);
        match event {
            ConductorEvent::Nothing => {}
            ConductorEvent::Command(command, data) => self.run_conductor_command(command, data),
            ConductorEvent::End => {
                self.sequencer.conductor = Slot::Idle;
                self.end_play(Ended::Conductor);
            }
        }
    }

    /// Puts a message of the host on MIDI OUT.
    ///
    /// Assumed: always with its status byte, because the tracks share one line.
    pub(super) fn play_message(&mut self, message: &Message) {
        for byte in message.bytes() {
            self.transmitter.generate(*byte, self.hot.now_ns);
        }
        self.counters.played += message.bytes().len() as u64;
        self.sequencer.sounding.follow(message);
    }

    fn set_track(&mut self, number: usize, slot: Slot<TrackEvent>) {
        if let Some(track) = self.sequencer.tracks.get_mut(number) {
            track.slot = slot;
        }
    }
}
