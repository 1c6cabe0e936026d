//! A track and the conductor. Each holds one event.
//!
//! This file also reads the answer in which the host gives the event.

use super::message::{Assembly, Message};

/// The number of ticks that a timing byte F8 means. Source: technical reference, timing overflow.
pub(super) const OVERFLOW_TICKS: u8 = 240;

/// The first byte that is not a time. Source: technical reference, timing byte.
const NO_TIME: u8 = 0xF0;

/// A timing byte with this value means 240 ticks without an event. An event with this value does
/// nothing.
pub(super) const TIMING_OVERFLOW: u8 = 0xF8;

/// As an event, this byte marks the end of a measure. As a request, it asks the host for an event
/// of the conductor.
pub(super) const MEASURE_END: u8 = 0xF9;

/// As an event, this byte ends the data. As a message to the host, it says that all tracks have
/// ended.
pub(super) const DATA_END: u8 = 0xFC;

/// The state of a track or of the conductor.
#[derive(Clone, Copy)]
pub(super) enum Slot<E> {
    /// The track does not play.
    Idle,
    /// The track needs an event. From this time on the unit asks the host for an event.
    Wants(u64),
    /// The track holds an event that is due in `ticks_left` ticks.
    Holds { ticks_left: u8, event: E },
}

impl<E> Slot<E> {
    pub(super) const fn is_idle(&self) -> bool {
        matches!(self, Self::Idle)
    }

    /// Ticks until the event is due; `None` without an event.
    pub(super) const fn ticks_left(&self) -> Option<u8> {
        match self {
            Self::Holds { ticks_left, .. } => Some(*ticks_left),
            Self::Idle | Self::Wants(_) => None,
        }
    }

    /// The time from which the unit asks the host for an event; `None` if the unit need not ask.
    pub(super) const fn wants_from_ns(&self) -> Option<u64> {
        match self {
            Self::Wants(from_ns) => Some(*from_ns),
            Self::Idle | Self::Holds { .. } => None,
        }
    }

    /// Lets ticks pass. The caller goes no further than the tick at which the event is due.
    pub(super) fn pass(&mut self, ticks: u64) {
        if let Self::Holds { ticks_left, .. } = self {
            *ticks_left = u64::from(*ticks_left).saturating_sub(ticks) as u8;
        }
    }
}

/// What a track does when its event is due.
#[derive(Clone, Copy)]
pub(super) enum TrackEvent {
    /// Nothing: the event is a mark, a part of a time that is too long for one byte, or data
    /// without a status byte.
    Nothing,
    /// A message goes to MIDI OUT.
    Message(Message),
    /// The track has ended.
    End,
}

/// What the conductor does when its event is due.
#[derive(Clone, Copy)]
pub(super) enum ConductorEvent {
    Nothing,
    /// A command runs with its data byte; the byte is 0 if the command has none.
    Command(u8, u8),
    End,
}

/// One of the eight tracks.
#[derive(Clone, Copy)]
pub(super) struct Track {
    pub(super) slot: Slot<TrackEvent>,
    /// The track's running status, and the message that the host is giving.
    pub(super) assembly: Assembly,
}

impl Track {
    pub(super) const IDLE: Self = Self { slot: Slot::Idle, assembly: Assembly::EMPTY };
}

/// What the host has given so far of its answer to a request.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    pub(super) timing: Option<u8>,
    /// The conductor's command that still needs its data byte.
    command: Option<u8>,
}

/// The ticks and the event of a complete answer; `None` until the answer is complete.
pub(super) type Answered<E> = Option<(u8, E)>;

impl Answer {
    pub(super) const EMPTY: Self = Self { timing: None, command: None };

    /// Takes a byte of the host for a track.
    pub(super) fn for_track(&mut self, byte: u8, assembly: &mut Assembly) -> Answered<TrackEvent> {
        let Some(ticks) = self.timing else {
            return self.time(byte).map(|ticks| (ticks, TrackEvent::Nothing));
        };
        match byte {
            DATA_END => Some((ticks, TrackEvent::End)),
            // Assumed: any other system byte is a mark without effect, like F8 and F9.
            NO_TIME.. => Some((ticks, TrackEvent::Nothing)),
            0x80.. => {
                assembly.begin(byte);
                None
            }
            // Assumed: data without any status before it is no event.
            _ if !assembly.is_open() => Some((ticks, TrackEvent::Nothing)),
            _ => assembly.data(byte).map(|whole| (ticks, TrackEvent::Message(whole.message))),
        }
    }

    /// Takes a byte of the host for the conductor.
    pub(super) fn for_conductor(&mut self, byte: u8) -> Answered<ConductorEvent> {
        let Some(ticks) = self.timing else {
            return self.time(byte).map(|ticks| (ticks, ConductorEvent::Nothing));
        };
        match (self.command, byte) {
            (Some(command), data) => Some((ticks, ConductorEvent::Command(command, data))),
            (None, DATA_END) => Some((ticks, ConductorEvent::End)),
            (None, NO_TIME..) => Some((ticks, ConductorEvent::Nothing)),
            (None, 0xE0..) => {
                self.command = Some(byte);
                None
            }
            (None, command) => Some((ticks, ConductorEvent::Command(command, 0))),
        }
    }

    /// Takes a timing byte. Returns the ticks if no event follows the byte.
    fn time(&mut self, byte: u8) -> Option<u8> {
        match byte {
            TIMING_OVERFLOW => Some(OVERFLOW_TICKS),
            // Assumed: the unit skips a byte that is not a time, and still waits for a time.
            NO_TIME.. => None,
            _ => {
                self.timing = Some(byte);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(assembly: &mut Assembly, bytes: &[u8]) -> Answered<TrackEvent> {
        let mut answer = Answer::EMPTY;
        let (last, before) = bytes.split_last().expect("bytes");
        for byte in before {
            assert!(answer.for_track(*byte, assembly).is_none());
        }
        answer.for_track(*last, assembly)
    }

    #[test]
    fn a_track_keeps_its_running_status_from_event_to_event() {
        let mut assembly = Assembly::EMPTY;
        let first = answer(&mut assembly, &[0x10, 0x93, 0x3C, 0x40]);
        let second = answer(&mut assembly, &[0x00, 0x3C, 0x00]);
        let Some((0x10, TrackEvent::Message(first))) = first else { panic!() };
        let Some((0x00, TrackEvent::Message(second))) = second else { panic!() };
        assert_eq!(first.bytes(), [0x93, 0x3C, 0x40]);
        assert_eq!(second.bytes(), [0x93, 0x3C, 0x00]);
    }

    #[test]
    fn marks_end_an_answer_at_once() {
        let mut assembly = Assembly::EMPTY;
        assert!(matches!(answer(&mut assembly, &[0xF8]), Some((240, TrackEvent::Nothing))));
        assert!(matches!(answer(&mut assembly, &[0x05, 0xF9]), Some((5, TrackEvent::Nothing))));
        assert!(matches!(answer(&mut assembly, &[0x05, 0xFC]), Some((5, TrackEvent::End))));
    }

    #[test]
    fn the_conductor_takes_a_command_and_its_data_byte_if_it_has_one() {
        let mut give = Answer::EMPTY;
        assert!(give.for_conductor(0x03).is_none());
        assert!(matches!(give.for_conductor(0xC4), Some((3, ConductorEvent::Command(0xC4, 0)))));
        let mut give = Answer::EMPTY;
        assert!(give.for_conductor(0x00).is_none());
        assert!(give.for_conductor(0xE0).is_none());
        assert!(matches!(give.for_conductor(0x78), Some((0, ConductorEvent::Command(0xE0, 0x78)))));
    }
}
