//! Patterns: which events of a trace an expectation means.
//!
//! A pattern is the beginning of an event's words. The words are those in the text of a trace,
//! without the columns: `out 330 <- F8`, `call Write`, or with the actor in front, `dpc call
//! sequencer`. A `*` stands for any characters, or for none. One condition may follow the words:
//! `while busy`, `without a poll`, or `at` and a level.

use portcls_emulator::trace::{AccessEvent, Direction, Event, Level, TimedEvent, TraceLog};
use portcls_report::text::event_words;

/// A pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pattern {
    /// The pattern as it stands in the file.
    pub text: String,
    /// The pieces between the `*`, without the condition.
    pieces: Vec<String>,
    condition: Option<Condition>,
}

/// The condition after the words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Condition {
    /// The event is an access, and the last STATUS that the driver read said that the card is busy.
    WhileBusy,
    /// The event is an access, and the driver has not read STATUS since its previous access to the
    /// same port. The first access to a port counts too, if the driver has never read STATUS.
    WithoutPoll,
    /// The processor ran at this level. [`Level::Device`] means any device IRQL or above.
    At(Level),
}

const CONDITIONS: [(&str, Condition); 6] = [
    (" while busy", Condition::WhileBusy),
    (" while STATUS says busy", Condition::WhileBusy),
    (" without a poll", Condition::WithoutPoll),
    (" at PASSIVE_LEVEL", Condition::At(Level::Passive)),
    (" at DISPATCH_LEVEL", Condition::At(Level::Dispatch)),
    (" at device level", Condition::At(Level::Device)),
];

/// On the built-in cards, STATUS lies at most this number of ports above DATA.
const STATUS_REACH: u16 = 2;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong and, after a semicolon, what to write.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let found = CONDITIONS
            .iter()
            .find_map(|(words, condition)| Some((text.strip_suffix(words)?, Some(*condition))));
        let (words, condition) = found.unwrap_or((text, None));
        if found.is_none() && (text.contains(" while ") || text.contains(" without ")) {
            let known: Vec<&str> = CONDITIONS.iter().map(|(words, _)| words.trim()).collect();
            return Err(format!("'{text}' has no known condition; write {}", known.join(", ")));
        }
        let words = plain(words);
        if words.chars().all(|letter| letter == '*' || letter == ' ') {
            return Err("a pattern without words means every event; write words of an event, as \
                        in out 330 <- F8"
                .to_owned());
        }
        let pieces = words.split('*').map(str::to_owned).collect();
        Ok(Pattern { text: text.to_owned(), pieces, condition })
    }

    /// True when the words of an event begin with the pattern. The pattern may name the actor
    /// first.
    fn fits_words(&self, words: &str) -> bool {
        let without_actor = words.split_once(' ').map_or("", |(_, rest)| rest);
        self.fits_from_start(words) || self.fits_from_start(without_actor)
    }

    fn fits_from_start(&self, words: &str) -> bool {
        let Some(mut rest) = words.strip_prefix(self.pieces[0].as_str()) else { return false };
        for piece in &self.pieces[1..] {
            let Some(at) = rest.find(piece.as_str()) else { return false };
            rest = &rest[at + piece.len()..];
        }
        // The last word must fit as a whole. The event `out 330 <- F8`, for example, is not meant
        // by the pattern `out 330 <- F`.
        let ends_open = self.pieces.last().is_some_and(|piece| piece.is_empty());
        ends_open || !rest.starts_with(|letter: char| letter.is_ascii_alphanumeric())
    }
}

/// The words, with one space instead of several.
fn plain(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the driver knows of the card behind a port.
#[derive(Clone, Copy, Default)]
struct Knowledge {
    port: u16,
    /// The last STATUS said that the card is busy.
    is_busy: bool,
    /// STATUS was read since the last access to this port.
    is_polled: bool,
}

/// An event with the words that patterns look at.
pub(super) struct Shown {
    pub event: TimedEvent,
    /// The time of the last mark before the event, in ns; 0 without a mark. For a mark its own
    /// time.
    pub mark_ns: u64,
    words: String,
    is_busy: bool,
    is_polled: bool,
}

impl Shown {
    /// True when a pattern means this event.
    pub fn fits(&self, pattern: &Pattern) -> bool {
        let holds = match pattern.condition {
            None => true,
            Some(Condition::WhileBusy) => self.is_busy,
            Some(Condition::WithoutPoll) => !self.is_polled,
            Some(Condition::At(Level::Device)) => self.event.level >= Level::Device,
            Some(Condition::At(level)) => self.event.level == level,
        };
        holds && pattern.fits_words(&self.words)
    }

    /// The words of the event.
    pub fn words(&self) -> &str {
        &self.words
    }
}

/// All events of a trace with their words.
pub(super) fn shown(log: &TraceLog) -> Vec<Shown> {
    let mut mark_ns = 0;
    let mut known: Vec<Knowledge> = Vec::new();
    let mut all = Vec::with_capacity(log.records().len());
    for event in log.events() {
        let words = match event.event {
            Event::Mark(text) => {
                mark_ns = event.time_ns;
                format!("== {}", log.text(text))
            }
            _ => format!("{} {}", log.name(event.who), plain(&event_words(log, &event))),
        };
        let (mut is_busy, mut is_polled) = (false, true);
        if let Event::Access(access) = event.event {
            let note = log.name(access.note);
            if note.starts_with("status: ") {
                learn(&mut known, &access, note.starts_with("status: busy"));
            } else {
                let before = used(&mut known, access.port);
                (is_busy, is_polled) = (before.is_busy, before.is_polled);
            }
        }
        all.push(Shown { event, mark_ns, words, is_busy, is_polled });
    }
    all
}

/// Notes what a read of STATUS told the driver. The DATA port of this STATUS is not known, so the
/// note is for each port at which it can be.
fn learn(known: &mut Vec<Knowledge>, access: &AccessEvent, is_busy: bool) {
    if access.direction != Direction::Read {
        return;
    }
    for port in access.port.saturating_sub(STATUS_REACH)..=access.port {
        let new = Knowledge { port, is_busy, is_polled: true };
        match known.iter_mut().find(|entry| entry.port == port) {
            Some(entry) => *entry = new,
            None => known.push(new),
        }
    }
}

/// Returns what the driver knew of a port before this access, and notes the access.
fn used(known: &mut Vec<Knowledge>, port: u16) -> Knowledge {
    match known.iter_mut().find(|entry| entry.port == port) {
        Some(entry) => {
            let before = *entry;
            entry.is_polled = false;
            before
        }
        None => {
            known.push(Knowledge { port, is_busy: false, is_polled: false });
            Knowledge { port, ..Knowledge::default() }
        }
    }
}

#[cfg(test)]
mod tests {
    use portcls_report::text::parse;

    use super::*;

    const TRACE: &str = "\
# portcls-emu trace 2
# machine  test
== 0.000 a song
    1.000   D  bus       in  331 -> C0            ; status: busy, no data
    2.000   D  bus       out 330 <- F8            ; overwrites a byte
    3.000   D  bus       in  331 -> 80            ; status: can write, no data
    4.000   D  bus       out 330 <- 90            ; data
    5.000   D  bus       out 330 <- 3C            ; data
    6.000    I isr       call irq 9
";

    fn found(pattern: &str) -> Vec<u64> {
        let (_, log) = parse(TRACE).unwrap();
        let pattern = Pattern::parse(pattern).unwrap();
        let all = shown(&log);
        all.iter().filter(|one| one.fits(&pattern)).map(|one| one.event.time_ns / 1_000).collect()
    }

    #[test]
    fn a_pattern_is_the_beginning_of_an_event_with_whole_words() {
        assert_eq!(found("out 330"), [2, 4, 5]);
        assert_eq!(found("bus out 330 <- 3C"), [5]);
        assert!(found("out 330 <- 3").is_empty());
        assert_eq!(found("out 330 <- 3*"), [5]);
        assert_eq!(found("in 331 -> * can write"), [3]);
        assert!(found("330").is_empty());
        assert_eq!(found("== a song"), [0]);
        assert_eq!(found("isr call irq 9"), [6]);
    }

    #[test]
    fn a_condition_looks_at_the_last_status_at_the_poll_before_and_at_the_level() {
        assert_eq!(found("out 330 while busy"), [2]);
        assert_eq!(found("out 330 without a poll"), [5]);
        assert_eq!(found("out 330 at DISPATCH_LEVEL"), [2, 4, 5]);
        assert_eq!(found("call irq 9 at device level"), [6]);
    }

    #[test]
    fn a_pattern_that_means_nothing_is_refused() {
        for text in ["", "*", " * ", "out 330 while asleep", "out 330 without shame"] {
            assert!(Pattern::parse(text).unwrap_err().contains("; write "), "{text}");
        }
    }
}
