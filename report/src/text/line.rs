//! A line of the text in its parts, for a view with a style for each part.

use portcls_emulator::trace::Level;

use super::layout::level_of;
use crate::causes::is_mistake;
use crate::timeline::is_finding;

/// What a line of the text is. The lines of [`reading`](crate::reading) have the same parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line<'a> {
    /// A remark of the head or of the end.
    Remark,
    /// A mark.
    Mark,
    /// The rest of the line before, which was too long.
    Rest,
    /// An event. Its parts together are the line.
    Event {
        /// The columns of the time.
        time: &'a str,
        /// The level of the event.
        level: Level,
        /// The columns of the level and of the actor.
        actor: &'a str,
        /// What happened.
        words: &'a str,
        /// The note of an access, with the spaces before it.
        note: &'a str,
        /// Whether the driver did something wrong, or the run ended.
        is_wrong: bool,
    },
}

impl Line<'_> {
    /// Takes a line apart. The first characters of a line tell whether it is an event.
    #[must_use]
    pub fn new(line: &str) -> Line<'_> {
        if line.starts_with('#') {
            return Line::Remark;
        }
        if line.starts_with("==") {
            return Line::Mark;
        }
        event(line).unwrap_or(Line::Rest)
    }
}

fn event(line: &str) -> Option<Line<'_>> {
    let begin = |from: usize| Some(from + line.get(from..)?.find(|letter| letter != ' ')?);
    let end = |from: usize| Some(from + line.get(from..)?.find(' ')?);
    let time_end = end(begin(0)?)?;
    let level_begin = begin(time_end)?;
    let level = level_of(line.get(level_begin..end(level_begin)?)?)?;
    let words_begin = begin(end(begin(end(level_begin)?)?)?)?;
    let (time, rest) = line.split_at(time_end);
    let (actor, rest) = rest.split_at(words_begin - time_end);
    let note_begin = rest.find(" ; ").map_or(rest.len(), |at| rest[..at].trim_end().len());
    let (words, note) = rest.split_at(note_begin);
    let said = note.trim_start().trim_start_matches("; ");
    let is_lost = words.trim_start().starts_with("out ") && is_mistake(said);
    Some(Line::Event { time, level, actor, words, note, is_wrong: is_lost || is_finding(words) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(line: &str) -> (Level, [&str; 4], bool) {
        let Line::Event { time, level, actor, words, note, is_wrong } = Line::new(line) else {
            panic!("an event: {line}");
        };
        assert_eq!([time, actor, words, note].concat(), line);
        (level, [time, actor, words, note].map(str::trim), is_wrong)
    }

    #[test]
    fn an_event_has_a_time_a_level_an_actor_and_words() {
        let access = "   26.239   D  bus       out 330 <- 3C            ; overwrites a byte";
        let words = ["26.239", "D  bus", "out 330 <- 3C", "; overwrites a byte"];
        assert_eq!(parts(access), (Level::Dispatch, words, true));
        let good = access.replace("overwrites a byte", "data");
        assert!(!parts(&good).2);
        let call = "   -1.000    I isr       call irq 9";
        assert_eq!(parts(call), (Level::Device, ["-1.000", "I isr", "call irq 9", ""], false));
        let rule = "    1.000  P   kernel    violation IrqlReturn: Write";
        assert!(parts(rule).2);
        let byte = "  320.000 -    wire      out 90";
        assert_eq!(parts(byte).0, Level::Hardware);
        assert_eq!(parts("1.000 P app a ; b").1, ["1.000", "P app", "a", "; b"]);
    }

    #[test]
    fn other_lines_are_told_by_how_they_begin() {
        assert_eq!(Line::new("# machine  driver uart"), Line::Remark);
        assert_eq!(Line::new("== 0.000 driver loads"), Line::Mark);
        for line in ["                        | more words", "", " ", "1.000", "1.000 P", "1 P app"]
        {
            assert_eq!(Line::new(line), Line::Rest, "{line:?}");
        }
    }
}
