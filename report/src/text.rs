//! The golden text of a trace: one event a line, written to be read, compared and read back.
//!
//! ```text
//! # portcls-emu trace 1
//! # machine  driver uart, card roland-mpu401, port 330, irq 9
//! # time     us since the last mark (==); a mark shows its own time on the clock before it
//! # level    - hardware  P passive  D dispatch  I device interrupt
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
//! A text is ASCII, a line has at most 100 columns and ends in LF, and no line ends in a space.
//! The reader takes CRLF, spaces at the end of a line and empty lines too.
//!
//! - The first line names the format and its version.
//! - A line that begins with `#` is a remark. The reader looks at four of them only: the first
//!   line, `# machine` and `# hardware` before the first event, and `# limit:`.
//! - `# hardware` lists the actors of the hardware layer. It is written only where they are not
//!   just `bus`, `line`, `wire` and `hw`.
//! - `# limit: N events were not held` stands at the end when the log is not whole.
//! - `== CLOCK words` is a mark: a new time base, with its own time on the clock in us. A mark is
//!   set by `kernel` at passive level; where it is not, level and actor stand before the words:
//!   `== 12.000 [D port] words`.
//! - Any other line is an event: time, level, actor, and the event's own text.
//! - A line that begins with spaces and `|` goes on with the line before it: what follows the `|`
//!   joins it with nothing between. A remark goes on with `#`, spaces and `|`.
//!
//! Time is in us with three decimals, so a ns is never lost; it is negative for an event that was
//! recorded after a mark and happened before it. The level mark stands in one of four columns and
//! moves right as the IRQL rises; the reader goes by its letter.
//!
//! # Events
//!
//! | event | text |
//! |---|---|
//! | read | `in  331 -> BF`: port and value in hexadecimal, two digits a byte of width |
//! | write | `out 330 <- F8` |
//! | polls folded into one | `in  331 -> FF  x17 every 11.000`: count, and pitch in us |
//! | what the device says of an access | `; words`, after the access |
//! | call | `call Write`, `call Write, 3 bytes`, `call SetState, RUN`, `call Foo, 0xC0` |
//! | return | `return Write, 1 byte`, `return Init, STATUS_IO_DEVICE_ERROR, 0xC0` |
//! | signal | `irq 9 = 1` |
//! | byte on a lane | `out F8 start` at its start bit, `out F8` when its stop bit has ended |
//! | the same, bit time not 32 us | `out F8 start bit 31.680` |
//! | the same, actor not `wire` | `serial out F8 start` |
//! | note | its words |
//! | another answer than the usual | `choice allocation 3 = 1, refused`: what, question, answer |
//!
//! The unit of a count is in the singular in the trace: the text adds an `s` unless the count
//! is 1. `STATUS_SUCCESS` is not written; a status without a name is `NTSTATUS C0DE0001`.
//!
//! # Words
//!
//! In free words (marks, notes, `; words`, the machine) a backslash begins an escape: `\\`, `\n`,
//! `\r`, `\t` and `\u{E9}`, the number of a character in hexadecimal. All that is not ASCII is
//! escaped, and a space where it could get lost: first, last, and after eight others.
//!
//! A choice is what went another way than usual because an oracle said so: its id, the number of
//! the question among those of the choice, the number of the answer, and the answer in words. A
//! run is repeated from these numbers, so every filter keeps them.
//!
//! A name or note that could be taken for something else stands in double quotes, where `\"` is an
//! escape too: a note that reads as another event, an actor with a space, a function with a
//! comma, a word that begins with a digit. The writer decides this by reading what it has written.
//!
//! # What does not come back
//!
//! Numbers of names, and names that no event uses. An actor that was never given a layer comes
//! back as software. Assumed: an access is 1, 2 or 4 bytes wide and its value fits, as the bus
//! makes it; the digits of another width are refused.

mod error;
mod form;
mod layout;
mod names;
mod parse;
mod parse_event;
mod print;
mod words;

pub use error::ParseError;
pub use parse::parse;
pub use print::{print, print_first, write};

/// What a text says of a trace beside its events.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Header {
    /// The machine that the trace was taken on, in free words.
    pub machine: String,
}
