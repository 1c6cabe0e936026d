//! A song: MIDI messages in the order in which they are due.
//!
//! All bytes lie in one buffer. So a song of a million messages needs only two buffers, one for the
//! bytes and one for the times, and a walk over the song reads memory in order. Invariants: due
//! times never go back; no message is empty.

use core::fmt;
use core::iter::FusedIterator;

/// The most warnings that a song keeps; it only counts further warnings.
const MAX_WARNINGS: usize = 50;

/// One MIDI message and the time at which it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimedMessage<'a> {
    /// When the first byte of the message is due, in ns from the start of the song.
    pub due_ns: u64,
    /// The bytes of the message, status byte first. The status byte can be missing: in a part of a
    /// message, and under running status in a song from raw bytes.
    pub bytes: &'a [u8],
}

/// MIDI messages in the order in which they are due, and what was odd in their source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Song {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    left_out: LeftOut,
    warnings: Vec<String>,
    warnings_left_out: usize,
}

/// The parts of a damaged or cut file that are missing from its song.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LeftOut {
    /// Messages that were left out.
    pub messages: u64,
    /// Bytes in which no message can be recognised. Any number of messages may be lost in them.
    pub bytes: u64,
    /// Bytes that the chunk of a track declares and the file does not have. A track that has its
    /// event End of Track lacks no bytes.
    pub missing_bytes: u64,
    /// Tracks that the file declares and does not have.
    pub missing_tracks: u64,
}

impl LeftOut {
    /// Whether all counts are 0.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == LeftOut::default()
    }
}

/// The words of a sentence: `1 message of the file was left out`.
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: u64, thing: &str| {
            format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
        };
        let verb = |count: u64| if count == 1 { "was" } else { "were" };
        let mut parts = Vec::new();
        if self.messages > 0 {
            let (count, verb) = (counted(self.messages, "message"), verb(self.messages));
            parts.push(format!("{count} of the file {verb} left out"));
        }
        if self.bytes > 0 {
            let (count, verb) = (counted(self.bytes, "byte"), verb(self.bytes));
            parts.push(format!("{count} of the file {verb} left out as no message"));
        }
        for (count, thing) in [(self.missing_bytes, "byte"), (self.missing_tracks, "track")] {
            if count > 0 {
                parts.push(format!("the file lacks {}", counted(count, thing)));
            }
        }
        f.write_str(&parts.join(", "))
    }
}

/// Where a message ends in the buffer. The message begins at the end of the message before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    due_ns: u64,
    end: usize,
}

impl Song {
    /// A song without messages.
    #[must_use]
    pub fn new() -> Song {
        Song::default()
    }

    /// Adds a message at the end. An empty message is not added. A message that is due before the
    /// last message gets the time of the last message. So due times never go back.
    pub fn push(&mut self, due_ns: u64, message: &[u8]) {
        self.push_parts(due_ns, message, &[]);
    }

    /// Adds a message as [`Song::push`] does. The bytes of the message lie in two slices.
    pub(crate) fn push_parts(&mut self, due_ns: u64, head: &[u8], tail: &[u8]) {
        if head.is_empty() && tail.is_empty() {
            return;
        }
        self.bytes.extend_from_slice(head);
        self.bytes.extend_from_slice(tail);
        self.entries.push(Entry { due_ns: due_ns.max(self.duration_ns()), end: self.bytes.len() });
    }

    /// The messages, in order.
    #[must_use]
    pub fn iter(&self) -> Messages<'_> {
        Messages { rest: &self.bytes, start: 0, entries: self.entries.iter() }
    }

    /// The message at an index, from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<TimedMessage<'_>> {
        let entry = self.entries.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.entries[before].end);
        Some(TimedMessage { due_ns: entry.due_ns, bytes: &self.bytes[start..entry.end] })
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no message.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of bytes of all messages together. Each byte takes 320 us on the wire.
    #[must_use]
    pub fn byte_count(&self) -> usize {
        self.bytes.len()
    }

    /// When the last message is due, in ns; 0 if the song has no message.
    #[must_use]
    pub fn duration_ns(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.due_ns)
    }

    /// The parts of the file that are missing from the song.
    #[must_use]
    pub fn left_out(&self) -> LeftOut {
        self.left_out
    }

    /// Adds to the parts that are missing from the song.
    pub(crate) fn leave_out(&mut self, part: LeftOut) {
        self.left_out.messages += part.messages;
        self.left_out.bytes += part.bytes;
        self.left_out.missing_bytes += part.missing_bytes;
        self.left_out.missing_tracks += part.missing_tracks;
    }

    /// What was odd or damaged in the file, in sentences. If there are too many, the last one says
    /// how many are not shown.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Notes something odd in the source.
    pub(crate) fn warn(&mut self, warning: String) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(warning);
        } else {
            self.warnings_left_out += 1;
        }
    }

    /// Adds a warning that says how many warnings did not fit. The reader calls this once, at its
    /// end.
    pub(crate) fn close_warnings(&mut self) {
        let count = core::mem::take(&mut self.warnings_left_out);
        if count > 0 {
            self.warnings.push(format!("{count} more warnings are not shown"));
        }
    }
}

impl<'a> IntoIterator for &'a Song {
    type Item = TimedMessage<'a>;
    type IntoIter = Messages<'a>;

    fn into_iter(self) -> Messages<'a> {
        self.iter()
    }
}

/// The messages of a song, in order. [`Song::iter`] makes this iterator.
#[derive(Debug, Clone)]
pub struct Messages<'a> {
    rest: &'a [u8],
    start: usize,
    entries: core::slice::Iter<'a, Entry>,
}

impl<'a> Iterator for Messages<'a> {
    type Item = TimedMessage<'a>;

    #[inline]
    fn next(&mut self) -> Option<TimedMessage<'a>> {
        let entry = self.entries.next()?;
        let (bytes, rest) = self.rest.split_at(entry.end - self.start);
        self.start = entry.end;
        self.rest = rest;
        let due_ns = entry.due_ns;
        Some(TimedMessage { due_ns, bytes })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl ExactSizeIterator for Messages<'_> {}
impl FusedIterator for Messages<'_> {}
