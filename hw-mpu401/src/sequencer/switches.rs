//! The settings: filters of MIDI IN, thru, marks, and channels.
//!
//! Source: the command list of the technical reference, as quoted by others. If a document only
//! names a switch, the effect of the switch here is `Assumed:`.

use super::message::{Message, MessageKind};
use bitflags::bitflags;

bitflags! {
    /// The switches that commands set and clear. "Off by 30" at a switch means that command 30
    /// clears this switch.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct Switches: u32 {
        /// A stop and the end of play end the notes that the unit started. Off by 30.
        const SILENCE_AT_STOP = 1 << 0;
        /// F8, FA, FB and FC are sent on MIDI OUT. Off by 32.
        const REALTIME_OUT = 1 << 1;
        /// Messages on channels that are not accepted go to MIDI OUT. Off by 33.
        const OTHERS_THRU = 1 << 2;
        /// Messages on accepted channels go to MIDI OUT. Off by 88, on by 89; 33 also switches it
        /// off.
        const THRU = 1 << 3;
        /// Exclusive messages go to MIDI OUT. Off by 36, on by 37.
        const EXCLUSIVE_THRU = 1 << 4;
        /// A timing byte comes before a channel message to the host even while record is off. On
        /// by 34.
        const TIMING_ALWAYS = 1 << 5;
        /// Mode messages go to the host. On by 35.
        const MODE_TO_HOST = 1 << 6;
        /// System common messages go to the host. On by 38.
        const COMMON_TO_HOST = 1 << 7;
        /// F8, FA, FB and FC on MIDI IN go to the host. On by 39.
        const REALTIME_TO_HOST = 1 << 8;
        /// Exclusive messages go to the host. Off by 96, on by 97.
        const EXCLUSIVE_TO_HOST = 1 << 9;
        /// Benders and other continuous controllers go to the host. Off by 86, on by 87.
        const BENDER_TO_HOST = 1 << 10;
        /// Channel messages on MIDI IN go to the host even while record is off. Off by 8A, on by
        /// 8B.
        const DATA_IN_STOP = 1 << 11;
        /// Record marks the end of each measure. Off by 8C, on by 8D.
        const MEASURE_END = 1 << 12;
        /// The conductor plays. Off by 8E, on by 8F.
        const CONDUCTOR = 1 << 13;
        /// FA, FB and FC on MIDI IN start and stop play. Off by 90, on by 91.
        const REALTIME_AFFECTION = 1 << 14;
        /// FD goes to the host. Off by 94, on by 95.
        const CLOCK_TO_HOST = 1 << 15;
    }
}

impl Switches {
    /// The state after a reset. Measured: thru is on, FD is off, measure ends are marked, and
    /// channel messages on MIDI IN do not go to the host. Assumed: the other switches are as the
    /// documents say.
    pub(super) const DEFAULT: Self = Self::SILENCE_AT_STOP
        .union(Self::REALTIME_OUT)
        .union(Self::OTHERS_THRU)
        .union(Self::THRU)
        .union(Self::MEASURE_END);

    /// The switch that a command 86 to 97 changes: an odd command sets it, an even command clears
    /// it.
    pub(super) const fn of_command(command: u8) -> Option<Self> {
        Some(match command & 0xFE {
            0x86 => Self::BENDER_TO_HOST,
            0x88 => Self::THRU,
            0x8A => Self::DATA_IN_STOP,
            0x8C => Self::MEASURE_END,
            0x8E => Self::CONDUCTOR,
            0x90 => Self::REALTIME_AFFECTION,
            0x94 => Self::CLOCK_TO_HOST,
            0x96 => Self::EXCLUSIVE_TO_HOST,
            _ => return None,
        })
    }
}

/// The four channel reference tables.
///
/// Assumed: a table that is on protects notes from MIDI thru. The protected notes are the notes
/// that a track plays on the table's channel. A note message on MIDI IN for such a key does not go
/// to MIDI OUT.
#[derive(Clone, Copy)]
pub(super) struct ReferenceTables {
    channels: [u8; 4],
    are_on: [bool; 4],
}

impl ReferenceTables {
    /// The state after a reset. Assumed: channels 1 to 4, all off.
    pub(super) const DEFAULT: Self = Self { channels: [0, 1, 2, 3], are_on: [false; 4] };

    /// Commands 40 to 7F: two bits for the table, four bits for the channel.
    pub(super) fn assign(&mut self, command: u8) {
        if let Some(channel) = self.channels.get_mut(usize::from((command >> 4) & 0x03)) {
            *channel = command & 0x0F;
        }
    }

    /// Commands 98 to 9F: an odd command switches its table on, an even command switches it off.
    pub(super) fn switch(&mut self, command: u8) {
        if let Some(is_on) = self.are_on.get_mut(usize::from((command >> 1) & 0x03)) {
            *is_on = command & 1 != 0;
        }
    }

    /// Whether a table that is on has this channel.
    pub(super) fn cover(&self, channel: u8) -> bool {
        self.channels.iter().zip(self.are_on).any(|(own, is_on)| is_on && *own == channel)
    }
}

/// The switches, the reference tables, and the accepted channels.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) switches: Switches,
    pub(super) tables: ReferenceTables,
    /// A bit for each accepted channel. Commands EE and EF.
    accepted: [u8; 2],
}

impl Settings {
    /// The state after a reset. Assumed: all channels are accepted.
    pub(super) const fn new() -> Self {
        Self { switches: Switches::DEFAULT, tables: ReferenceTables::DEFAULT, accepted: [0xFF; 2] }
    }

    /// Command EE: channels 1 to 8, the lowest bit for channel 1.
    pub(super) fn accept_lower(&mut self, mask: u8) {
        self.accepted[0] = mask;
    }

    /// Command EF: channels 9 to 16.
    pub(super) fn accept_upper(&mut self, mask: u8) {
        self.accepted[1] = mask;
    }

    fn accepts(&self, channel: u8) -> bool {
        u16::from_le_bytes(self.accepted) >> (channel & 0x0F) & 1 != 0
    }

    /// Whether the filters let a channel message on MIDI IN go to the host, if the host wants such
    /// messages at all.
    pub(super) fn lets_to_host(&self, message: &Message) -> bool {
        let switches = self.switches;
        let is_wanted = match message.kind() {
            MessageKind::Note => true,
            MessageKind::Bender => switches.contains(Switches::BENDER_TO_HOST),
            MessageKind::Mode => switches.contains(Switches::MODE_TO_HOST),
        };
        is_wanted && self.accepts(message.channel())
    }

    /// Whether the thru switches let a channel message on MIDI IN go to MIDI OUT. The caller also
    /// asks the reference tables.
    pub(super) fn lets_through(&self, message: &Message) -> bool {
        let which = match self.accepts(message.channel()) {
            true => Switches::THRU,
            false => Switches::OTHERS_THRU,
        };
        self.switches.contains(which)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(status: u8, first: u8) -> Message {
        Message::new(status, [first, 0x40])
    }

    #[test]
    fn filters_look_at_kind_and_channel() {
        let mut settings = Settings::new();
        assert!(settings.lets_to_host(&message(0x90, 0x3C)));
        assert!(!settings.lets_to_host(&message(0xE0, 0x00)));
        assert!(!settings.lets_to_host(&message(0xB0, 0x7B)));
        settings.switches |= Switches::BENDER_TO_HOST;
        assert!(settings.lets_to_host(&message(0xB0, 0x01)));
        assert!(!settings.lets_to_host(&message(0xB0, 0x7B)));
        settings.accept_lower(0xFE);
        assert!(!settings.lets_to_host(&message(0x90, 0x3C)));
        assert!(settings.lets_to_host(&message(0x91, 0x3C)));
        settings.accept_upper(0x7F);
        assert!(!settings.lets_to_host(&message(0x9F, 0x3C)));
    }

    #[test]
    fn tables_have_two_bits_for_the_table_and_four_for_the_channel() {
        let mut tables = ReferenceTables::DEFAULT;
        tables.assign(0x6C);
        tables.switch(0x9D);
        assert!(tables.cover(12));
        assert!(!tables.cover(2));
        tables.switch(0x9C);
        assert!(!tables.cover(12));
    }
}
