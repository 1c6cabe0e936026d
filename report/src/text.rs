//! The golden text of a trace, with an event on each line.
//!
//! This module prints a trace as golden text, and reads a golden text back as a trace.
//!
//! ```text
//! # portcls-emu trace 2
//! # machine  driver uart, card roland-mpu401, port 330, irq 9
//! # time     us since the last mark (==); a mark shows its own time on the clock before it
//! # level    - hardware  P passive  D dispatch  I device interrupt  R raised to device level
//! #
//! #    time -PDI who       event
//! == 0.000 app writes F8
//!     0.000  P   app       write F8
//!     0.000   D  port      call Write, 1 byte
//!     1.000    I bus       in  331 -> BF            ; status: can write, no data
//!     2.000    I bus       out 330 <- F8            ; data
//!   104.000 -    wire      out F8 start
//!   424.000 -    wire      out F8
//! ```
//!
//! # Lines
//!
//! A text is ASCII. A line has at most 100 columns, ends in LF, and does not end in a space. The
//! reader also takes CRLF, spaces at the end of a line, and empty lines.
//!
//! - The first line names the format and its version. The reader also reads version 1. A text of
//!   version 1 has no `queue`, `timer`, `wait` and `own`; what looks like one of these is a note.
//! - A line that begins with `#` is a remark. The reader uses five remarks only: the first line,
//!   `# machine`, `# scenario` and `# hardware` before the first event, and `# limit:`.
//! - `# scenario` has the edition of the scenario that made the trace. The writer leaves it out for
//!   any other trace.
//! - `# hardware` lists the actors of the hardware layer. The writer leaves this remark out when
//!   these actors are `bus`, `line`, `wire` and `hw`.
//! - `# limit: N events were not held` is at the end if the log has lost events.
//! - `== CLOCK words` is a mark: a new time base. CLOCK is the mark's time since power-on, in us.
//!   Usually `kernel` sets the mark at passive level. If the actor or the level is another, both
//!   come before the words: `== 12.000 [D port] words`.
//! - Any other line is an event: time, level, actor, and the text of the event.
//! - A line that begins with spaces and `|` continues the line before it. The reader adds the text
//!   after the `|` to that line, and adds nothing between. A remark continues with `#`, spaces and
//!   `|`.
//!
//! Time is in us with three decimals, so that no ns is lost. The time is negative for an event that
//! happened before the last mark but was recorded after this mark. The letter of the level is in
//! one of four columns, further to the right for a higher IRQL. The reader looks only at the
//! letter.
//!
//! # Events
//!
//! | event | text |
//! |---|---|
//! | read | `in  331 -> BF`: port and value in hexadecimal, two digits for each byte |
//! | write | `out 330 <- F8` |
//! | polls folded into one | `in  331 -> FF  x17 every 11.000`: count, and distance in us |
//! | the device's note on an access | `; words`, after the access |
//! | call | `call Write`, `call Write, 3 bytes`, `call SetState, RUN`, `call Foo, 0xC0` |
//! | return | `return Write, 1 byte`, `return Init, STATUS_IO_DEVICE_ERROR, 0xC0` |
//! | signal | `irq 9 = 1` |
//! | byte on a lane | `out F8 start` at its start bit, `out F8` when its stop bit has ended |
//! | the same, bit time not 32 us | `out F8 start bit 31.680` |
//! | the same, actor not `wire` | `serial out F8 start` |
//! | the same, made by the device | `out FC own start` |
//! | place of a DPC | `queue Foo`, `queue Foo, already queued`, `queue Foo, removed` |
//! | timer set | `timer Foo, due in 2500.000, expires in 3000.000`: us from now |
//! | timer | `timer Foo, expired`, `timer Foo, cancelled` |
//! | end of a wait | `wait the event 'x', over`, `wait the event 'x', timed out after 20.000` |
//! | end of a delay | `wait a delay of 10000.000, over after 10432.100`: us asked, us taken |
//! | note | its words |
//! | an unusual answer | `choice allocation 3 = 1, refused`: what, question, answer |
//!
//! In the trace, the unit of a count is in the singular. The text adds an `s` unless the count is
//! 1, and leaves `STATUS_SUCCESS` out. A status without a name is written as `NTSTATUS C0DE0001`.
//!
//! # Words
//!
//! In free words (marks, notes, `; words`, the machine) a backslash begins an escape: `\\`, `\n`,
//! `\r`, `\t` and `\u{E9}` (the number of a character in hexadecimal). Every character that is
//! not ASCII is escaped. A space is escaped if it could get lost: as the first or the last
//! character, and after eight other spaces.
//!
//! The text shows a choice only if an oracle gave an unusual answer. It shows the id of the choice,
//! the number of the question among the questions of this choice, the number of the answer, and the
//! answer in words. These numbers are enough to repeat the run, so every filter keeps them.
//!
//! A name or note that the reader could take for something else is in double quotes. Such names and
//! notes are: a note that looks like another event, an actor with a space, a function with a comma,
//! and a word that begins with a digit. In quotes `\"` is an escape too. The writer uses the
//! reader's own function to decide whether a name or note needs quotes.
//!
//! # What is lost
//!
//! The numbers of names, and names that no event uses. An actor that never got a layer is read back
//! as software.
//! Assumed: an access is 1, 2 or 4 bytes wide and its value fits this width, because the bus makes
//! no other access. The reader refuses a number of digits that belongs to another width.

mod error;
mod form;
mod layout;
mod line;
mod names;
mod parse;
mod parse_event;
mod print;
mod tails;
mod words;

pub use error::ParseError;
pub(crate) use layout::level_columns;
pub use line::Line;
pub use parse::{Readable, parse, parse_readable};
pub use print::{event_words, print, print_first, write};

/// Facts about a trace that stand in its text beside the events.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Header {
    /// The machine on which the trace was taken, in free words.
    pub machine: String,
    /// The edition of the scenario that made the trace, in free words; empty for any other trace.
    pub scenario: String,
}

impl Header {
    /// The head of a page on which the trace stands beside the golden of this name.
    #[must_use]
    pub fn beside_golden(&self, golden: &str) -> Header {
        Header { machine: format!("{}; golden {golden}", self.machine), ..Header::default() }
    }
}
