//! The part of a trace between the two places that a command line names.

use std::borrow::Cow;
use std::ops::Range;

use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::report::marks::find_mark;

use crate::arguments::Place;
use crate::failure::Failure;

/// The part of a trace that a verb uses. Without `from` the part begins with the trace, and without
/// `until` it ends with the trace.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// The part begins with the first event at this place or later.
    pub from: Option<&'a Place>,
    /// The part ends before the first event at this place or later. The search for this event
    /// begins at the first event of the part, or after it if `from` is a mark.
    pub until: Option<&'a Place>,
}

impl Section<'_> {
    /// The numbers of the part's events, from 0. `name` is the name of the trace, for a message.
    ///
    /// # Errors
    /// [`Failure::NoMark`] and [`Failure::NothingBetween`].
    pub fn range(self, log: &TraceLog, name: &str) -> Result<Range<usize>, Failure> {
        let all = 0..log.records().len();
        if self.is_all() {
            return Ok(all);
        }
        let start = self.from.map_or(Ok(all.start), |place| find(log, place, 0, name))?;
        let behind = if matches!(self.from, Some(Place::Mark(_))) { start + 1 } else { start };
        let end = self.until.map_or(Ok(all.end), |place| find(log, place, behind, name))?;
        if start >= end {
            return Err(Failure::NothingBetween { name: name.to_owned() });
        }
        Ok(start..end)
    }

    /// The part. A whole trace is not copied.
    ///
    /// # Errors
    /// The errors of [`Section::range`].
    pub fn part<'l>(self, log: &'l TraceLog, name: &str) -> Result<Cow<'l, TraceLog>, Failure> {
        let range = self.range(log, name)?;
        Ok(if self.is_all() { Cow::Borrowed(log) } else { Cow::Owned(log.part(range)) })
    }

    fn is_all(self) -> bool {
        (self.from, self.until) == (None, None)
    }
}

/// The number of the first event, from the event `after` on, that is at a place or later. For a
/// time after all events, the number of events.
///
/// # Errors
/// [`Failure::NoMark`].
fn find(log: &TraceLog, place: &Place, after: usize, name: &str) -> Result<usize, Failure> {
    match place {
        Place::Time(time_ns) => {
            let records = log.records();
            let rest = records.get(after..).unwrap_or(&[]);
            let found = rest.iter().position(|record| record.time_ns() >= *time_ns);
            Ok(found.map_or(records.len(), |index| after + index))
        }
        Place::Mark(words) => find_mark(log, words, after)
            .ok_or_else(|| Failure::NoMark { name: name.to_owned(), mark: words.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use portcls_machine::report::text::parse;

    use super::*;

    const TEXT: &str = "# portcls-emu trace 2\n== 0.000 first\n1.000 P app a\n== 5.000 second\n\
                        1.000 P app b\n== 9.000 first again\n1.000 P app c\n";

    fn between(from: Option<&str>, until: Option<&str>) -> Result<Range<usize>, String> {
        let (_, log) = parse(TEXT).unwrap();
        let place = |text: &str| Place::parse(text).unwrap();
        let (from, until) = (from.map(place), until.map(place));
        let section = Section { from: from.as_ref(), until: until.as_ref() };
        section.range(&log, "t.txt").map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_part_goes_from_a_place_up_to_the_next_one() {
        assert_eq!(between(None, None), Ok(0..6));
        assert_eq!(between(Some("second"), None), Ok(2..6));
        assert_eq!(between(Some("first"), Some("first")), Ok(0..4), "the mark behind");
        assert_eq!(between(None, Some("first")).unwrap_err(), NOTHING);
        assert_eq!(between(Some("6us"), Some("10us")), Ok(3..5));
        assert_eq!(between(Some("second"), Some("6us")), Ok(2..3), "a time ends before itself");
        assert_eq!(
            between(Some("9us"), Some("second")).unwrap_err(),
            "t.txt: no mark begins with 'second': the lines with == are the marks"
        );
        assert_eq!(between(Some("1h"), None).unwrap_err(), NOTHING);
    }

    const NOTHING: &str = "t.txt: nothing happened between --from and --until: give other places";
}
