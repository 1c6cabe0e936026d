//! Ends of lines, kept for the next line that is the same but for its time.
//!
//! Most events of a trace differ from an earlier one only in their time: a driver polls the same
//! register, a lane carries the same bytes. So most lines are a time and an end that was there
//! before. The writer keeps ends by the record without its time, the reader keeps records by the
//! text without its time.

use std::collections::HashMap;

use portcls_emulator::trace::{Event, Level, NameId, Record};

use crate::key::mix;

/// How many ends the writer keeps; a power of two. The hash of a key gives its place, and a new end
/// replaces the older end at its place.
const PLACES: usize = 1 << 12;
/// How many bytes of ends the writer keeps before it forgets them all.
const MOST_BYTES: usize = 1 << 20;
/// How many ends the reader keeps before it forgets them all.
const MOST_READ: usize = 1 << 12;

/// A record without its time.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Key([u64; 3]);

impl Key {
    pub(super) fn of(record: &Record) -> Key {
        let [_time_ns, a, b, c] = bytemuck::cast(*record);
        Key([a, b, c])
    }

    fn place(self) -> usize {
        let [a, b, c] = self.0;
        mix(mix(a, b), c) as usize & (PLACES - 1)
    }
}

/// The ends that the writer keeps.
#[derive(Default)]
pub(super) struct Tails {
    /// The key, and where its end is in `words`. An empty end stands for a free place.
    places: Vec<(Key, usize, usize)>,
    words: String,
}

impl Tails {
    /// The end of the lines with this key, if it is kept.
    pub(super) fn get(&self, key: Key) -> Option<&str> {
        let &(own, begin, end) = self.places.get(key.place())?;
        (own == key && begin < end).then(|| &self.words[begin..end])
    }

    /// Keeps an end.
    pub(super) fn put(&mut self, key: Key, tail: &str) {
        if self.places.is_empty() || self.words.len() + tail.len() > MOST_BYTES {
            self.places.clear();
            self.places.resize(PLACES, (Key::default(), 0, 0));
            self.words.clear();
        }
        let begin = self.words.len();
        self.words.push_str(tail);
        self.places[key.place()] = (key, begin, self.words.len());
    }
}

/// What the reader read from an end.
pub(super) type Read = (Level, NameId, Event);

/// The ends that the reader keeps.
#[derive(Default)]
pub(super) struct ReadTails {
    known: HashMap<String, Read>,
}

impl ReadTails {
    /// What was read from this end before.
    pub(super) fn get(&self, tail: &str) -> Option<Read> {
        self.known.get(tail).copied()
    }

    /// Keeps what was read from an end.
    pub(super) fn put(&mut self, tail: &str, read: Read) {
        if self.known.len() == MOST_READ {
            self.known.clear();
        }
        self.known.insert(tail.to_owned(), read);
    }
}

/// Whether the end of an event's line may stand for later events with the same end. A mark's may
/// not, because a mark changes the times after it. A note's may not, because each note refers to
/// its own copy of its words.
pub(super) fn can_be_kept(event: &Event) -> bool {
    !matches!(event, Event::Mark(_) | Event::Note(_))
}

#[cfg(test)]
mod tests {
    use portcls_emulator::trace::Argument;

    use super::*;

    fn key(function: u16) -> Key {
        let event = Event::Call { function: NameId(function), argument: Argument::None };
        Key::of(&Record::new(u64::from(function), Level::Dispatch, NameId(1), event))
    }

    #[test]
    fn an_end_is_found_by_its_own_key_alone_however_many_there_are() {
        let mut tails = Tails::default();
        assert_eq!(tails.get(key(1)), None);
        for function in 0..u16::MAX {
            let tail = format!("a longer end of a line with the number {function}");
            tails.put(key(function), &tail);
            assert_eq!(tails.get(key(function)), Some(&*tail));
        }
        let kept = (0..u16::MAX).filter_map(|function| Some((function, tails.get(key(function))?)));
        let mut count = 0;
        for (function, tail) in kept {
            assert!(tail.ends_with(&format!(" {function}")), "{function}: {tail}");
            count += 1;
        }
        assert!((1_000..=PLACES).contains(&count), "{count}");
    }

    #[test]
    fn a_key_has_no_time() {
        let event = Event::Signal { signal: NameId(3), value: 1 };
        let at = |time_ns, level| Key::of(&Record::new(time_ns, level, NameId(2), event));
        assert!(at(5, Level::Hardware) == at(9, Level::Hardware));
        assert!(at(5, Level::Hardware) != at(5, Level::Device));
    }
}
