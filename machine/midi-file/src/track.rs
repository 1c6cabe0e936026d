//! One track of a MIDI file: its events in order, with their ticks.
//!
//! The reader skips a meta event with a right length and wrong contents: such an event makes no
//! sound. In old files running status continues after a meta or SysEx event. The standard forbids
//! this, but the reader accepts it. At any other damage the track ends, because the start of the
//! next event is not known. The reader notes each case, with its place in the file.
//!
//! Source: Standard MIDI Files 1.0 (RP-001), track chunks.

use midly::live::LiveEvent;
use midly::{EventIter, MetaMessage, MidiMessage, TrackEventKind};

use crate::chunks::TrackChunk;

/// Reads one track.
#[derive(Debug)]
pub(crate) struct TrackReader<'a> {
    // Configuration.
    number: usize,
    end_offset: usize,
    // State.
    rest: EventIter<'a>,
    tick: u64,
    events_read: usize,
    meta_skipped: usize,
    /// The status byte of the last channel message.
    status: Option<u8>,
    /// How many messages used a running status that began before a meta or SysEx event.
    resumed: usize,
    ending: Option<Ending>,
}

/// How a track ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// With the event End of Track. There are this many bytes after the event.
    Marked { bytes_after: usize },
    /// At its last byte, without the event End of Track.
    Unmarked,
    /// With an event that cannot be read, at this place in the file.
    Damaged { offset: usize },
}

impl<'a> TrackReader<'a> {
    /// A reader at the first event. Tracks are numbered from 1.
    pub(crate) fn new(number: usize, chunk: &TrackChunk<'a>) -> TrackReader<'a> {
        TrackReader {
            number,
            end_offset: chunk.offset + chunk.bytes.len(),
            rest: EventIter::new(chunk.bytes),
            tick: 0,
            events_read: 0,
            meta_skipped: 0,
            status: None,
            resumed: 0,
            ending: None,
        }
    }

    /// Which track of the file this is, counted from 1.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// The tick of the last event that the reader has read.
    pub(crate) fn tick(&self) -> u64 {
        self.tick
    }

    /// Reads the next event that is not End of Track; `None` at the end of the track.
    pub(crate) fn next_event(&mut self) -> Option<TrackEventKind<'a>> {
        while self.ending.is_none() {
            let unread = self.rest.unread();
            match self.rest.next() {
                Some(Ok(event)) => {
                    self.tick += u64::from(event.delta.as_int());
                    self.events_read += 1;
                    if event.kind != TrackEventKind::Meta(MetaMessage::EndOfTrack) {
                        self.status = status_of(&event.kind).or(self.status);
                        return Some(event.kind);
                    }
                    let bytes_after = self.rest.unread().len();
                    self.ending = Some(Ending::Marked { bytes_after });
                }
                None if unread.is_empty() => self.ending = Some(Ending::Unmarked),
                Some(Err(_)) | None => {
                    if let Some(event) = self.pass_damage(unread) {
                        return Some(event);
                    }
                }
            }
        }
        None
    }

    /// Handles bytes that midly cannot decode: skips a meta event with bad contents, reads a
    /// message without its status byte, or ends the track.
    fn pass_damage(&mut self, unread: &'a [u8]) -> Option<TrackEventKind<'a>> {
        if let Some((delta, rest)) = split_meta_event(unread) {
            self.tick += u64::from(delta);
            self.meta_skipped += 1;
            self.rest = EventIter::new(rest);
            return None;
        }
        if let Some((delta, event, rest)) = self.status.and_then(|s| split_message(s, unread)) {
            self.tick += u64::from(delta);
            self.events_read += 1;
            self.resumed += 1;
            self.rest = EventIter::new(rest);
            return Some(event);
        }
        let offset = self.end_offset - unread.len();
        self.ending = Some(Ending::Damaged { offset });
        None
    }

    /// What was odd in the part of the track that was read.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let number = self.number;
        let mut warnings = Vec::new();
        if self.meta_skipped > 0 {
            let count = self.meta_skipped;
            warnings.push(format!("track {number}: damaged meta events skipped: {count}"));
        }
        if self.resumed > 0 {
            let count = self.resumed;
            warnings.push(format!(
                "track {number}: messages whose status byte is missing after another event, read \
                 with the last one: {count}"
            ));
        }
        match self.ending {
            Some(Ending::Damaged { offset }) => warnings.push(format!(
                "track {number}: the event at byte {offset} is damaged; events kept before it: {}, \
                 bytes left out from there on: {}",
                self.events_read,
                self.end_offset - offset
            )),
            Some(Ending::Unmarked) => {
                warnings.push(format!("track {number}: the event End of Track is missing"));
            }
            Some(Ending::Marked { bytes_after }) if bytes_after > 0 => warnings
                .push(format!("track {number}: bytes left out after End of Track: {bytes_after}")),
            _ => {}
        }
        warnings
    }
}

/// The status byte of a channel message.
fn status_of(event: &TrackEventKind<'_>) -> Option<u8> {
    let TrackEventKind::Midi { channel, message } = event else { return None };
    let kind = match message {
        MidiMessage::NoteOff { .. } => 0x80,
        MidiMessage::NoteOn { .. } => 0x90,
        MidiMessage::Aftertouch { .. } => 0xA0,
        MidiMessage::Controller { .. } => 0xB0,
        MidiMessage::ProgramChange { .. } => 0xC0,
        MidiMessage::ChannelAftertouch { .. } => 0xD0,
        MidiMessage::PitchBend { .. } => 0xE0,
    };
    Some(kind | channel.as_int())
}

/// Splits off a channel message without a status byte. Returns its delta time, the message with
/// the given status, and the bytes that follow.
fn split_message(status: u8, bytes: &[u8]) -> Option<(u32, TrackEventKind<'_>, &[u8])> {
    let (delta, bytes) = split_variable_length(bytes)?;
    let length = if matches!(status & 0xF0, 0xC0 | 0xD0) { 1 } else { 2 };
    let (data, rest) = bytes.split_at_checked(length)?;
    if data.iter().any(|&byte| byte >= 0x80) {
        return None;
    }
    let message = [&[status], data].concat();
    let LiveEvent::Midi { channel, message } = LiveEvent::parse(&message).ok()? else {
        return None;
    };
    Some((delta, TrackEventKind::Midi { channel, message }, rest))
}

/// Splits off a meta event that has all its bytes. Returns its delta time and the bytes that
/// follow.
fn split_meta_event(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (delta, bytes) = split_variable_length(bytes)?;
    let [0xFF, _kind, bytes @ ..] = bytes else {
        return None;
    };
    let (length, bytes) = split_variable_length(bytes)?;
    let rest = bytes.get(usize::try_from(length).ok()?..)?;
    Some((delta, rest))
}

/// Splits off a number of 1 to 4 bytes with 7 bits each.
fn split_variable_length(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut value = 0;
    for (index, &byte) in bytes.iter().take(4).enumerate() {
        value = value << 7 | u32::from(byte & 0x7F);
        if byte < 0x80 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}
