//! The notes that the unit itself has started and that still sound.

use super::message::Message;

/// The keys that sound, for each channel. The documents call this map the play map.
///
/// Measured: command B9, a stop and the end of play turn off only the notes that the unit started.
#[derive(Clone)]
pub(super) struct Sounding {
    keys: [u128; 16],
}

/// A message that ends notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SilenceMessage(pub(super) [u8; 3]);

/// The velocity of a note-off. Assumed: the middle value, as for an instrument without velocity.
const OFF_VELOCITY: u8 = 0x40;

/// Controller: all notes off.
const ALL_NOTES_OFF: u8 = 0x7B;

impl Sounding {
    pub(super) const fn new() -> Self {
        Self { keys: [0; 16] }
    }

    /// Updates the map with a message that the unit has put on MIDI OUT for a track or for a
    /// command D0 to D7.
    pub(super) fn follow(&mut self, message: &Message) {
        let Some((key, sounds)) = message.note() else {
            return;
        };
        if let Some(keys) = self.keys.get_mut(usize::from(message.channel())) {
            let bit = 1_u128 << key;
            *keys = if sounds { *keys | bit } else { *keys & !bit };
        }
    }

    /// Whether this key sounds.
    pub(super) fn has(&self, channel: u8, key: u8) -> bool {
        self.keys.get(usize::from(channel)).is_some_and(|keys| keys >> key & 1 != 0)
    }

    pub(super) fn is_silent(&self) -> bool {
        self.keys.iter().all(|keys| *keys == 0)
    }

    /// Takes the lowest key of the lowest channel out of the map, and returns the note-off for it.
    /// For the last key of a channel, also returns All Notes Off. Returns `None` if no key sounds.
    pub(super) fn next_off(&mut self) -> Option<(SilenceMessage, Option<SilenceMessage>)> {
        let (channel, keys) = self.keys.iter_mut().enumerate().find(|(_, keys)| **keys != 0)?;
        let key = keys.trailing_zeros() as u8;
        *keys &= *keys - 1;
        let channel = channel as u8;
        let off = SilenceMessage([0x80 | channel, key, OFF_VELOCITY]);
        let all_off = SilenceMessage([0xB0 | channel, ALL_NOTES_OFF, 0]);
        Some((off, (*keys == 0).then_some(all_off)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(status: u8, key: u8, velocity: u8) -> Message {
        Message::new(status, [key, velocity])
    }

    #[test]
    fn only_notes_that_still_sound_are_ended_and_each_channel_once() {
        let mut sounding = Sounding::new();
        for (status, key, velocity) in [
            (0x90, 60, 64),
            (0x90, 64, 64),
            (0x95, 10, 1),
            (0x80, 60, 0),
            (0x9A, 5, 9),
            (0x9A, 5, 0),
        ] {
            sounding.follow(&note(status, key, velocity));
        }
        assert!(sounding.has(0, 64) && !sounding.has(0, 60));
        assert_eq!(
            sounding.next_off(),
            Some((SilenceMessage([0x80, 64, 0x40]), Some(SilenceMessage([0xB0, 0x7B, 0]))))
        );
        assert_eq!(
            sounding.next_off(),
            Some((SilenceMessage([0x85, 10, 0x40]), Some(SilenceMessage([0xB5, 0x7B, 0]))))
        );
        assert_eq!(sounding.next_off(), None);
        assert!(sounding.is_silent());
    }
}
