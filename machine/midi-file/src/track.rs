//! One track of a MIDI file: its events in order, with their ticks.
//!
//! The reader goes on at the next event after a damaged one, as players do:
//! - A channel message keeps its length when a data byte is above 127, so the reader knows where
//!   the next event begins. The message is left out, or its byte is taken as 127.
//! - A meta event whose contents are too short or too long for its kind is skipped: it makes no
//!   sound.
//! - After any other damage the length of the event is not known. The reader looks for the next
//!   place from which on several events can be read, and leaves out the bytes before that place.
//!
//! In old files running status continues after a meta or SysEx event. The standard forbids this,
//! but the reader accepts it. The reader counts the cases of each kind of oddity, and makes a
//! warning for each kind.
//!
//! Source: Standard MIDI Files 1.0 (RP-001), track chunks.

use crate::Damage;
use crate::chunks::TrackChunk;
use crate::song::LeftOut;
use crate::wire::data_bytes;

/// The number of events in a row that must be whole behind a damaged place before the reader goes
/// on there.
/// Assumed: bytes in the middle of an event look like this many events in a row only by a rare
/// chance.
const EVENTS_TO_GO_ON: usize = 3;

/// The largest value of a data byte.
const MAX_DATA: u8 = 0x7F;

/// An event of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// A channel message: the status byte, and room for two data bytes. A message with one data
    /// byte uses only the first.
    Channel { status: u8, data: [u8; 2] },
    /// The bytes after the F0 of a SysEx event.
    SysEx(&'a [u8]),
    /// The bytes of an escape event.
    Escape(&'a [u8]),
    /// The length of a beat from here on, in us.
    Tempo(u32),
    /// Another meta event. It makes no sound.
    Meta,
}

impl Event<'_> {
    /// True for an event that has bytes for the wire.
    pub(crate) fn is_sent(&self) -> bool {
        !matches!(self, Event::Tempo(_) | Event::Meta)
    }
}

/// Reads one track.
#[derive(Debug)]
pub(crate) struct TrackReader<'a> {
    // Configuration.
    number: usize,
    end_offset: usize,
    damage: Damage,
    /// Bytes that the header of the chunk declares and the file does not have.
    missing_bytes: usize,
    // State.
    rest: &'a [u8],
    tick: u64,
    running: Running,
    found: Found,
    ending: Option<Ending>,
}

/// The status byte for a message that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Running {
    /// The status byte of the last channel message.
    status: Option<u8>,
    /// True when a meta, SysEx or escape event came after that message.
    is_interrupted: bool,
}

/// What was odd in the events that were read.
#[derive(Debug, Default)]
struct Found {
    meta_skipped: usize,
    /// Messages that used a running status that began before a meta, SysEx or escape event.
    resumed: usize,
    /// Messages with a data byte above 127, and where the first one is.
    high_data: usize,
    first_high_data: usize,
    /// Events that a file must not have, such as a real-time byte without its escape event.
    not_allowed: usize,
    first_not_allowed: usize,
    /// Stretches of bytes in which no event begins.
    stretches: usize,
    stretch_bytes: usize,
    first_stretch: usize,
}

/// How a track ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// With the event End of Track. There are this many bytes after the event.
    Marked { bytes_after: usize },
    /// At its last byte, without the event End of Track.
    Unmarked,
}

/// The bytes of one event, taken apart. The values in them are not checked yet.
enum Frame<'a> {
    /// A channel message that may have data bytes above 127. It is bare if its status byte comes
    /// from the message before.
    Channel { status: u8, data: &'a [u8], is_bare: bool },
    /// The data of a SysEx event, without the F0 and the length.
    SysEx(&'a [u8]),
    /// The data of an escape event, without the F7 and the length.
    Escape(&'a [u8]),
    /// A meta event: its kind and its contents.
    Meta { kind: u8, contents: &'a [u8] },
    /// A system message that a file may have only inside an escape event.
    NotAllowed,
}

impl<'a> TrackReader<'a> {
    /// A reader at the first event. Tracks are numbered from 1.
    pub(crate) fn new(number: usize, chunk: &TrackChunk<'a>, damage: Damage) -> TrackReader<'a> {
        TrackReader {
            number,
            end_offset: chunk.offset + chunk.bytes.len(),
            damage,
            missing_bytes: chunk.missing_bytes,
            rest: chunk.bytes,
            tick: 0,
            running: Running::default(),
            found: Found::default(),
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
    pub(crate) fn next_event(&mut self) -> Option<Event<'a>> {
        while self.ending.is_none() {
            if self.rest.is_empty() {
                self.ending = Some(Ending::Unmarked);
                break;
            }
            let offset = self.end_offset - self.rest.len();
            match split_event(self.rest, self.running.status) {
                Some((delta, frame, rest)) => {
                    self.tick += u64::from(delta);
                    self.rest = rest;
                    if let Some(event) = self.take(frame, offset) {
                        return Some(event);
                    }
                }
                None => self.pass_stretch(offset),
            }
        }
        None
    }

    /// Takes the event of a frame; `None` when it is left out or ends the track.
    fn take(&mut self, frame: Frame<'a>, offset: usize) -> Option<Event<'a>> {
        match frame {
            Frame::Channel { status, data, is_bare } => {
                if is_bare && self.running.is_interrupted {
                    self.found.resumed += 1;
                } else {
                    self.running = Running { status: Some(status), is_interrupted: false };
                }
                self.take_message(status, data, offset)
            }
            Frame::SysEx(data) => {
                self.running.is_interrupted = true;
                Some(Event::SysEx(data))
            }
            Frame::Escape(data) => {
                self.running.is_interrupted = true;
                Some(Event::Escape(data))
            }
            Frame::Meta { kind, contents } => {
                self.running.is_interrupted = true;
                self.take_meta(kind, contents)
            }
            Frame::NotAllowed => {
                note(&mut self.found.not_allowed, &mut self.found.first_not_allowed, offset);
                None
            }
        }
    }

    /// Takes a message; `None` when a data byte is above 127 and the message is left out.
    fn take_message(&mut self, status: u8, data: &[u8], offset: usize) -> Option<Event<'a>> {
        if data.iter().any(|byte| *byte > MAX_DATA) {
            note(&mut self.found.high_data, &mut self.found.first_high_data, offset);
            if self.damage != Damage::Clip {
                return None;
            }
        }
        let byte = |index| data.get(index).map_or(0, |byte: &u8| MAX_DATA.min(*byte));
        Some(Event::Channel { status, data: [byte(0), byte(1)] })
    }

    fn take_meta(&mut self, kind: u8, contents: &[u8]) -> Option<Event<'a>> {
        if usual_length(kind).is_some_and(|length| length != contents.len()) {
            self.found.meta_skipped += 1;
            return None;
        }
        match (kind, contents) {
            (END_OF_TRACK, _) => {
                self.ending = Some(Ending::Marked { bytes_after: self.rest.len() });
                None
            }
            (TEMPO, &[high, middle, low]) => {
                Some(Event::Tempo(u32::from_be_bytes([0, high, middle, low])))
            }
            _ => Some(Event::Meta),
        }
    }

    /// Leaves out the bytes up to the next place from which on events can be read.
    fn pass_stretch(&mut self, offset: usize) {
        let length = (1..self.rest.len())
            .find(|&start| can_go_on(&self.rest[start..]))
            .unwrap_or(self.rest.len());
        if let Some((delta, event)) = split_number(self.rest)
            && event.len() > self.rest.len() - length
        {
            // The delta time can be read, and the reader goes on behind it. So this time counts.
            self.tick += u64::from(delta);
        }
        note(&mut self.found.stretches, &mut self.found.first_stretch, offset);
        self.found.stretch_bytes += length;
        self.rest = &self.rest[length..];
        self.running = Running::default();
    }

    /// The parts of the track that are missing from the song.
    pub(crate) fn left_out(&self) -> LeftOut {
        let clipped = if self.damage == Damage::Clip { self.found.high_data } else { 0 };
        let messages = self.found.high_data - clipped + self.found.not_allowed;
        // A track with the event End of Track lacks no bytes, whatever its chunk declares.
        let is_cut = self.ending == Some(Ending::Unmarked);
        LeftOut {
            messages: messages as u64,
            bytes: self.found.stretch_bytes as u64,
            missing_bytes: if is_cut { self.missing_bytes as u64 } else { 0 },
            missing_tracks: 0,
        }
    }

    /// What was odd in the part of the track that was read.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let number = self.number;
        let found = &self.found;
        let mut warnings = Vec::new();
        if found.meta_skipped > 0 {
            let count = found.meta_skipped;
            warnings.push(format!("track {number}: damaged meta events skipped: {count}"));
        }
        if found.resumed > 0 {
            let count = found.resumed;
            warnings.push(format!(
                "track {number}: messages whose status byte is missing after another event, read \
                 with the last one: {count}"
            ));
        }
        if found.high_data > 0 {
            let (count, first) = (found.high_data, found.first_high_data);
            let what = match self.damage {
                Damage::Clip => "played with 127",
                Damage::LeaveOut | Damage::Refuse => "left out",
            };
            warnings.push(format!(
                "track {number}: messages with a data byte above 127, {what}: {count}, the first \
                 at byte {first}"
            ));
        }
        if found.not_allowed > 0 {
            let (count, first) = (found.not_allowed, found.first_not_allowed);
            warnings.push(format!(
                "track {number}: system messages that no file may have as an event, left out: \
                 {count}, the first at byte {first}"
            ));
        }
        if found.stretches > 0 {
            let (count, bytes, first) = (found.stretches, found.stretch_bytes, found.first_stretch);
            warnings.push(format!(
                "track {number}: places without an event that can be read: {count}, the first at \
                 byte {first}; bytes left out: {bytes}"
            ));
        }
        match self.ending {
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

/// Counts a case, and keeps the place of the first one.
fn note(count: &mut usize, first: &mut usize, offset: usize) {
    if *count == 0 {
        *first = offset;
    }
    *count += 1;
}

/// The kind of the meta event End of Track.
const END_OF_TRACK: u8 = 0x2F;
/// The kind of the meta event Set Tempo.
const TEMPO: u8 = 0x51;

/// The number of bytes that a meta event of this kind must have; `None` when the number is free.
/// Source: Standard MIDI Files 1.0 (RP-001), meta events.
fn usual_length(kind: u8) -> Option<usize> {
    match kind {
        0x00 | 0x59 => Some(2),
        0x20 | 0x21 => Some(1),
        END_OF_TRACK => Some(0),
        TEMPO => Some(3),
        0x54 => Some(5),
        0x58 => Some(4),
        _ => None,
    }
}

/// True when several events in a row can be read, or all events up to the end of the track. The
/// first channel message must have its own status byte, because no running status is known here.
fn can_go_on(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut status = None;
    for _ in 0..EVENTS_TO_GO_ON {
        match split_event(rest, status) {
            Some((_, Frame::Meta { kind: END_OF_TRACK, contents: [] }, _)) => return true,
            Some((_, Frame::NotAllowed, _)) | None => return false,
            Some((_, frame, after)) => {
                if let Frame::Channel { status: found, data, .. } = frame {
                    if data.iter().any(|byte| *byte > MAX_DATA) {
                        return false;
                    }
                    status = Some(found);
                }
                rest = after;
            }
        }
        if rest.is_empty() {
            return true;
        }
    }
    true
}

/// Splits off an event. Returns its delta time, the event, and the bytes that follow; `None` if
/// the bytes do not begin with a whole event. `status` is the status for a message without a status
/// byte.
fn split_event(bytes: &[u8], status: Option<u8>) -> Option<(u32, Frame<'_>, &[u8])> {
    let (delta, bytes) = split_number(bytes)?;
    let (&first, after) = bytes.split_first()?;
    let (frame, rest) = match first {
        0x00..=0x7F => {
            let status = status?;
            let (data, rest) = bytes.split_at_checked(data_bytes(status).into())?;
            (Frame::Channel { status, data, is_bare: true }, rest)
        }
        0x80..=0xEF => {
            let (data, rest) = after.split_at_checked(data_bytes(first).into())?;
            (Frame::Channel { status: first, data, is_bare: false }, rest)
        }
        0xF0 => {
            let (data, rest) = split_data(after)?;
            (Frame::SysEx(data), rest)
        }
        0xF7 => {
            let (data, rest) = split_data(after)?;
            (Frame::Escape(data), rest)
        }
        0xFF => {
            let (&kind, after) = after.split_first()?;
            let (contents, rest) = split_data(after)?;
            (Frame::Meta { kind, contents }, rest)
        }
        0xF1..=0xFE => {
            let (data, rest) = after.split_at_checked(data_bytes(first).into())?;
            data.iter().all(|byte| *byte <= MAX_DATA).then_some((Frame::NotAllowed, rest))?
        }
    };
    Some((delta, frame, rest))
}

/// Reads a length and splits off that number of bytes. Returns them, and the bytes that follow.
fn split_data(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, bytes) = split_number(bytes)?;
    bytes.split_at_checked(usize::try_from(length).ok()?)
}

/// Splits off a number of 1 to 4 bytes, each with 7 bits of the number. Returns the number, and the
/// bytes that follow.
fn split_number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut value = 0;
    for (index, &byte) in bytes.iter().take(4).enumerate() {
        value = value << 7 | u32::from(byte & 0x7F);
        if byte < 0x80 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}
