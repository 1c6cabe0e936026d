//! The columns of the text and the breaking of long lines.

use portcls_emulator::trace::Level;

/// The first line of a text without its version.
pub(super) const FORMAT: &str = "# portcls-emu trace ";
/// The version of the format that this crate writes.
pub(super) const VERSION: &str = "2";

/// A version of the format that this crate reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Version {
    /// Without the events of DPCs, timers and waits, and without the bytes that a device makes by
    /// itself. A text that looks like one of these events is a note.
    One,
    /// The version that this crate writes.
    #[default]
    Two,
}

/// The lines of the header that are the same in every text.
pub(super) const TIME_AND_LEVEL: &str = "\
# time     us since the last mark (==); a mark shows its own time on the clock before it
# level    - hardware  P passive  D dispatch  I device interrupt  R raised to device level
";
/// The last lines of the header.
pub(super) const COLUMNS: &str = "#\n#    time -PDI who       event\n";

/// The words after `wait ` at the end of a delay. At the end of a wait, the name of the object
/// stands there.
pub(super) const DELAY: &str = "a delay of ";

/// Columns of the longest line.
pub(super) const LINE_COLUMNS: usize = 100;
/// Columns of a time; a longer time takes more columns.
pub(super) const TIME_COLUMNS: usize = 9;
/// Columns of an actor; a longer name takes more columns.
pub(super) const WHO_COLUMNS: usize = 9;
/// The column of the note's semicolon in the text of an access. A longer access moves the
/// semicolon.
pub(super) const NOTE_COLUMN: usize = 25;

/// The beginning of a continuation of an event or a mark; the words stay in their column.
pub(super) const CONTINUATION: &str = "                        |";
/// The beginning of a continuation of a remark.
pub(super) const REMARK_CONTINUATION: &str = "#         |";

/// The actors that are hardware without a `# hardware` line.
pub(super) const HARDWARE: [&str; 4] = ["bus", "line", "wire", "hw"];
/// The actor whose serial bytes are written without a keyword.
pub(super) const WIRE: &str = "wire";
/// The actor of a mark without an actor in its line.
pub(super) const MARKER: &str = "kernel";
/// The level of a mark without a level in its line.
pub(super) const MARK_LEVEL: Level = Level::Passive;

/// Length of a bit when the text gives no length. Source: MIDI 1.0 Detailed Specification, 31 250
/// bit/s.
pub(super) const USUAL_BIT_NS: u32 = 32_000;

/// The letter of a level.
pub(super) fn level_letter(level: Level) -> char {
    match level {
        Level::Hardware => '-',
        Level::Passive => 'P',
        Level::Dispatch => 'D',
        Level::Device => 'I',
        Level::Raised => 'R',
    }
}

/// The four columns of a level.
pub(crate) fn level_columns(level: Level) -> &'static str {
    match level {
        Level::Hardware => "-   ",
        Level::Passive => " P  ",
        Level::Dispatch => "  D ",
        Level::Device => "   I",
        Level::Raised => "   R",
    }
}

/// The level with this letter.
pub(super) fn level_of(letter: &str) -> Option<Level> {
    Some(match letter {
        "-" => Level::Hardware,
        "P" => Level::Passive,
        "D" => Level::Dispatch,
        "I" => Level::Device,
        "R" => Level::Raised,
        _ => return None,
    })
}

/// Breaks the line that begins at `start` of `out` if the line is too long.
pub(super) fn wrap(out: &mut String, start: usize, continuation: &str) {
    if out.len() - start > LINE_COLUMNS {
        wrap_long(out, start, continuation);
    }
}

#[cold]
fn wrap_long(out: &mut String, start: usize, continuation: &str) {
    let line = out.split_off(start);
    let mut rest = line.as_str();
    let mut columns = LINE_COLUMNS;
    while rest.len() > columns {
        let (piece, next) = rest.split_at(break_column(rest.as_bytes(), columns));
        out.push_str(piece);
        out.push('\n');
        out.push_str(continuation);
        rest = next;
        columns = LINE_COLUMNS - continuation.len();
    }
    out.push_str(rest);
}

/// The column of the break: before a space in the second half of the line, else at the line's end.
///
/// No piece ends in a space, because an editor could remove such a space. Such a break is always
/// possible, because spaces in a row fill less than half a line: the columns before the words are
/// narrower than half a line, and words hold at most eight spaces in a row.
fn break_column(line: &[u8], columns: usize) -> usize {
    let ends_word = |at: usize| line[at - 1] != b' ';
    (columns / 2..=columns)
        .rev()
        .find(|&at| line[at] == b' ' && ends_word(at))
        .or_else(|| (1..=columns).rev().find(|&at| ends_word(at)))
        .unwrap_or(columns)
}
