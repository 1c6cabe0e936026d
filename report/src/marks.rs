//! The marks of a trace: places at which a part of it begins or ends.

use portcls_emulator::trace::{Event, Record, TraceLog};

/// The number of the first mark that begins with these words, from the event `after` on.
#[must_use]
pub fn find_mark(log: &TraceLog, words: &str, after: usize) -> Option<usize> {
    let begins = |record: &Record| match record.event() {
        Some(Event::Mark(text)) => log.text(text).starts_with(words),
        _ => false,
    };
    let rest = log.records().get(after..).unwrap_or(&[]);
    rest.iter().position(begins).map(|index| after + index)
}

/// The part of a trace from the first mark that begins with `from` to the next mark that begins
/// with `to`. Without `from` the part begins at the start of the trace. Without `to` the part goes
/// up to the end of the trace.
///
/// # Errors
/// The words of `from` or `to`, if no mark begins with them.
pub fn between_marks(
    log: &TraceLog,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<TraceLog, String> {
    let find = |words: &str, after| find_mark(log, words, after).ok_or_else(|| words.to_owned());
    let start = from.map_or(Ok(0), |words| find(words, 0))?;
    let behind = if from.is_some() { start + 1 } else { 0 };
    let end = to.map_or(Ok(log.records().len()), |words| find(words, behind))?;
    Ok(log.part(start..end))
}
