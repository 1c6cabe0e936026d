//! From a stream of wire bytes to messages, with nothing lost.
//!
//! What becomes a message:
//! - channel and system common messages, due when their first byte began. A message that came under
//!   running status gets its status byte back. In raw files it stays unchanged;
//! - system exclusive, F0 to F7, due at F0;
//! - a real-time byte (F8 to FF, also the undefined F9 and FD), due when it began. A real-time
//!   byte inside a system exclusive message, or inside data bytes without a status, splits what it
//!   is in: the part before, the real-time byte, the part after, each at its own time. So the order
//!   of bytes on the wire is kept. A real-time byte inside a channel or system common message comes
//!   after that message. Such a message has 3 bytes at most, and stays whole for the tools that
//!   read it. A receiver sees no difference;
//! - bytes that do not make a whole message, unchanged. They are: a message or SysEx that a status
//!   byte or the end of the stream cuts short, data bytes without a status, an F7 alone, the
//!   undefined F4 and F5. Data bytes in a row are one message.
//!
//! So each byte of the wire is in a message. The only other bytes in the messages are the status
//! bytes that were put back.
//! Source: MIDI 1.0 Detailed Specification, running status and real-time messages: system common
//! and exclusive messages end running status, real-time bytes do not.

use crate::error::MidiFileError;
use crate::limits::MAX_MESSAGES;
use crate::song::Song;

/// What to do with a message that came without its status byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RunningStatus {
    /// Put the status byte back.
    Expand,
    /// Leave the bytes as they came.
    Keep,
}

/// What the next data byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing yet.
    Between,
    /// A channel or system common message that still lacks `missing` bytes.
    Short { missing: u8 },
    /// A SysEx, or data bytes without a status. Both end at a status byte.
    Run,
}

/// Splits a stream of bytes, given one by one.
struct WireParser {
    // Configuration.
    running_status: RunningStatus,
    // State.
    song: Song,
    state: State,
    /// The channel status that the next data bytes belong to when they come without a status byte.
    last_status: Option<u8>,
    /// The bytes of the unfinished message, and the time at which the first byte began.
    message: Vec<u8>,
    start_ns: u64,
    /// Real-time bytes that came inside a short message, with their times.
    held: Vec<(u64, u8)>,
}

/// Splits captured bytes into messages. Each byte comes with the time at which its start bit began,
/// in ns.
///
/// Nothing is lost: all given bytes are in the messages. A message that came under running status
/// gets its status byte back. A message is due when its first byte began. A real-time byte is a
/// separate message: it splits a SysEx message or a row of stray data bytes into parts, and comes
/// after a channel or system common message that it interrupts. Bytes that do not make a whole
/// message are kept as they came. A message that would be due before the message in front of it
/// gets the time of the message in front of it.
#[must_use]
pub fn messages_from_wire(bytes: &[(u64, u8)]) -> Song {
    let mut parser = WireParser::new(RunningStatus::Expand);
    for &(start_ns, byte) in bytes {
        parser.take(start_ns, byte);
    }
    parser.finish()
}

/// Reads a file of raw bytes: splits the bytes at message boundaries, and otherwise does not change
/// them. All messages are due at time 0.
pub(crate) fn read_raw(file: &[u8]) -> Result<Song, MidiFileError> {
    let mut parser = WireParser::new(RunningStatus::Keep);
    for &byte in file {
        parser.take(0, byte);
        if parser.song.len() + parser.held.len() > MAX_MESSAGES {
            return Err(MidiFileError::TooManyMessages);
        }
    }
    let song = parser.finish();
    if song.len() > MAX_MESSAGES { Err(MidiFileError::TooManyMessages) } else { Ok(song) }
}

impl WireParser {
    fn new(running_status: RunningStatus) -> WireParser {
        WireParser {
            running_status,
            song: Song::new(),
            state: State::Between,
            last_status: None,
            message: Vec::new(),
            start_ns: 0,
            held: Vec::new(),
        }
    }

    /// Takes the next byte of the wire.
    fn take(&mut self, start_ns: u64, byte: u8) {
        match byte {
            0x00..=0x7F => self.take_data(start_ns, byte),
            0xF8..=0xFF => self.take_real_time(start_ns, byte),
            0xF7 if self.state == State::Run => {
                self.append(start_ns, byte);
                self.end_message();
                self.last_status = None;
            }
            0x80..=0xF7 => self.take_status(start_ns, byte),
        }
    }

    /// Returns the messages. The unfinished message comes last, with the real-time bytes that came
    /// inside it.
    fn finish(mut self) -> Song {
        self.end_message();
        self.song
    }

    fn take_data(&mut self, start_ns: u64, byte: u8) {
        if self.state == State::Between {
            self.state = match self.last_status {
                Some(status) => State::Short { missing: data_bytes(status) },
                None => State::Run,
            };
        }
        self.append(start_ns, byte);
        self.count_down();
    }

    fn take_real_time(&mut self, start_ns: u64, byte: u8) {
        match self.state {
            State::Between => self.song.push(start_ns, &[byte]),
            State::Short { .. } => self.held.push((start_ns, byte)),
            State::Run => {
                self.end_message();
                self.state = State::Run;
                self.song.push(start_ns, &[byte]);
            }
        }
    }

    fn take_status(&mut self, start_ns: u64, byte: u8) {
        self.end_message();
        self.last_status = (byte < 0xF0).then_some(byte);
        self.append(start_ns, byte);
        if byte == 0xF0 {
            self.state = State::Run;
        } else if data_bytes(byte) > 0 {
            self.state = State::Short { missing: data_bytes(byte) };
        } else {
            self.end_message();
        }
    }

    fn append(&mut self, start_ns: u64, byte: u8) {
        if self.message.is_empty() {
            self.start_ns = start_ns;
        }
        self.message.push(byte);
    }

    /// Counts a data byte of a short message. Ends the message after its last data byte.
    fn count_down(&mut self) {
        let State::Short { missing } = &mut self.state else {
            return;
        };
        *missing -= 1;
        if *missing > 0 {
            return;
        }
        let came_bare = self.message.first().is_some_and(|byte| *byte < 0x80);
        if came_bare
            && self.running_status == RunningStatus::Expand
            && let Some(status) = self.last_status
        {
            self.message.insert(0, status);
        }
        self.end_message();
    }

    /// Adds the current message to the song, whole or not, and then the real-time bytes that came
    /// inside this message.
    fn end_message(&mut self) {
        self.song.push(self.start_ns, &self.message);
        self.message.clear();
        for (start_ns, byte) in self.held.drain(..) {
            self.song.push(start_ns, &[byte]);
        }
        self.state = State::Between;
    }
}

/// How many data bytes follow a status byte other than F0.
pub(crate) fn data_bytes(status: u8) -> u8 {
    match status {
        0xC0..=0xDF | 0xF1 | 0xF3 => 1,
        0x80..=0xEF | 0xF2 => 2,
        _ => 0,
    }
}
