//! What each byte on a MIDI lane means: `C4`, `velocity 64`.
//!
//! Source: MIDI 1.0 Detailed Specification: status bytes, running status, and system messages.

/// The names of the notes of an octave. Middle C is 60 and has the name C4.
const NOTES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/// The words for the bytes of a lane, one for each byte.
#[must_use]
pub fn byte_words(bytes: &[u8]) -> Vec<String> {
    let mut reader = Reader::default();
    bytes.iter().map(|&byte| reader.words(byte)).collect()
}

/// Follows the messages on a lane.
#[derive(Default)]
struct Reader {
    /// The status of the message, 0 for none.
    status: u8,
    /// How many data bytes of the message have come. Not counted in a SysEx.
    data: u8,
}

impl Reader {
    fn words(&mut self, byte: u8) -> String {
        match byte {
            // A real-time message can stand inside another message, and does not end it.
            0xF8..=0xFF => real_time(byte).to_owned(),
            0x80.. => {
                *self = Reader { status: byte, data: 0 };
                status(byte)
            }
            _ => self.data_words(byte),
        }
    }

    fn data_words(&mut self, byte: u8) -> String {
        let is_first = self.data == 0;
        let wanted = match self.status & 0xF0 {
            0xC0 | 0xD0 => 1,
            _ => 2,
        };
        let words = match (self.status, is_first) {
            (0x80..=0xAF, true) => note(byte),
            (0x80..=0x9F, false) => format!("velocity {byte}"),
            (0xA0..=0xAF, false) | (0xD0..=0xDF, _) => format!("pressure {byte}"),
            (0xB0..=0xBF, true) => format!("controller {byte}"),
            (0xB0..=0xBF, false) => format!("value {byte}"),
            (0xC0..=0xCF, _) => format!("program {}", u16::from(byte) + 1),
            (0xE0..=0xEF | 0xF2, true) => "low 7 bits".to_owned(),
            (0xE0..=0xEF | 0xF2, false) => "high 7 bits".to_owned(),
            (0xF0, _) => return "SysEx data".to_owned(),
            (0xF1, true) => format!("quarter frame {byte}"),
            (0xF3, true) => format!("song {byte}"),
            _ => return "data without a status".to_owned(),
        };
        self.data += 1;
        match self.status {
            // Running status: the next data byte begins a message with the same status.
            0x80..=0xEF if self.data == wanted => self.data = 0,
            0xF1 | 0xF3 => self.status = 0,
            0xF2 if self.data == wanted => self.status = 0,
            _ => {}
        }
        words
    }
}

fn note(byte: u8) -> String {
    format!("{}{}", NOTES[usize::from(byte % 12)], i16::from(byte / 12) - 1)
}

fn status(byte: u8) -> String {
    let kind = match byte >> 4 {
        0x8 => "note off",
        0x9 => "note on",
        0xA => "key pressure",
        0xB => "control change",
        0xC => "program change",
        0xD => "channel pressure",
        0xE => "pitch bend",
        _ => {
            let system = match byte {
                0xF0 => "SysEx begins",
                0xF1 => "time code",
                0xF2 => "song position",
                0xF3 => "song select",
                0xF6 => "tune request",
                0xF7 => "SysEx ends",
                _ => "undefined",
            };
            return system.to_owned();
        }
    };
    format!("{kind}, channel {}", (byte & 0x0F) + 1)
}

fn real_time(byte: u8) -> &'static str {
    match byte {
        0xF8 => "clock",
        0xFA => "start",
        0xFB => "continue",
        0xFC => "stop",
        0xFE => "active sensing",
        0xFF => "system reset",
        _ => "undefined",
    }
}

#[cfg(test)]
mod tests {
    use super::byte_words;

    #[test]
    fn a_note_is_named_with_its_channel_and_velocity_and_runs_on() {
        assert_eq!(
            byte_words(&[0x90, 0x3C, 0x40, 0x45, 0x00, 0x89, 0x00, 0x7F]),
            [
                "note on, channel 1",
                "C4",
                "velocity 64",
                "A4",
                "velocity 0",
                "note off, channel 10",
                "C-1",
                "velocity 127"
            ]
        );
    }

    #[test]
    fn a_clock_stands_inside_a_message_and_does_not_end_it() {
        assert_eq!(
            byte_words(&[0xF0, 0x41, 0xF8, 0x10, 0xF7, 0x10]),
            [
                "SysEx begins",
                "SysEx data",
                "clock",
                "SysEx data",
                "SysEx ends",
                "data without a status"
            ]
        );
        assert_eq!(
            byte_words(&[0xC2, 0x00, 0xFC, 0x7F])[1..],
            ["program 1", "stop", "program 128"]
        );
        assert_eq!(
            byte_words(&[0xF2, 1, 2, 3])[1..],
            ["low 7 bits", "high 7 bits", "data without a status"]
        );
    }
}
