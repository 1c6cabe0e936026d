//! A script's parts, written in the words of a script.

use std::fmt::{self, Display, Formatter};

use hw_mpu401::{InitialState, Register};

use super::script::{Action, Expectation, Expected, Level, OwnClocks, Poll, PollEnd, Span};

/// The most bytes that the text shows. For further bytes the text has only their number.
const MOST_BYTES: usize = 24;

/// A time in us.
pub(super) fn us(time_ns: u64) -> String {
    format!("{}.{:03}", time_ns / 1_000, time_ns % 1_000)
}

/// A time in us without zeros at its end.
fn short_us(time_ns: u64) -> String {
    let text = us(time_ns);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Bytes that left on MIDI OUT.
pub(super) fn bytes_text(bytes: &[u8]) -> String {
    match bytes.len() {
        0 => "none".to_owned(),
        1..=MOST_BYTES => hex(bytes),
        count => format!("count {count}"),
    }
}

/// The text of the bytes that left on MIDI OUT, if the script wanted other bytes. It shows as many
/// bytes as the script wanted, and a few more.
pub(super) fn bytes_beside(bytes: &[u8], wanted: &[u8]) -> String {
    let shown = bytes.len().min(wanted.len().max(MOST_BYTES));
    let rest = bytes.len() - shown;
    let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    hex(&bytes[..shown]) + &more
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ")
}

/// The letter of a register in a read.
fn read_letter(register: Register) -> char {
    match register {
        Register::Data => 'D',
        Register::Command => 'S',
        Register::Control => 'M',
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Action::Init(InitialState::PowerOn) => f.write_str("init power-on"),
            Action::Init(InitialState::Idle) => f.write_str("init idle"),
            Action::Init(InitialState::Uart { stale }) => write!(f, "init uart stale={stale:02X}"),
            Action::Read(register) => write!(f, "R {}", read_letter(*register)),
            Action::Write(Register::Data, byte) => write!(f, "W D {byte:02X}"),
            Action::Write(Register::Command, byte) => write!(f, "W C {byte:02X}"),
            Action::Write(Register::Control, byte) => write!(f, "W M {byte:02X}"),
            Action::Poll(Poll { register, mask, wanted, times, pause_ns }) => {
                let (letter, pause) = (read_letter(*register), short_us(*pause_ns));
                write!(f, "P {letter} {mask:02X} {wanted:02X} {times} {pause}")
            }
            Action::Wait(time_ns) => write!(f, "wait {}", short_us(*time_ns)),
            Action::MidiIn(bytes) if bytes.len() > MOST_BYTES => {
                write!(f, "in {} ... ({} bytes)", hex(&bytes[..3]), bytes.len())
            }
            Action::MidiIn(bytes) => write!(f, "in {}", hex(bytes)),
            Action::Wire(OwnClocks::LeftOut) => f.write_str("wire"),
            Action::Wire(OwnClocks::Shown) => f.write_str("wire all"),
            Action::InterruptLine => f.write_str("irq"),
        }
    }
}

impl Display for Expectation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.result)?;
        if let Some(span) = self.within {
            write!(f, " within {span}")?;
        }
        if let Some(span) = self.took {
            write!(f, " took {span}")?;
        }
        Ok(())
    }
}

impl Display for Expected {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Expected::Any => f.write_str("any"),
            Expected::Byte { value, mask: 0xFF } => write!(f, "{value:02X}"),
            Expected::Byte { value, mask } => write!(f, "{value:02X}/{mask:02X}"),
            Expected::Poll(end) => end.fmt(f),
            Expected::Bytes(bytes) if bytes.is_empty() => f.write_str("none"),
            Expected::Bytes(bytes) => f.write_str(&hex(bytes)),
            Expected::Count { least, most } if least == most => write!(f, "count {least}"),
            Expected::Count { least, most } => write!(f, "count {least}..{most}"),
            Expected::Line(level) => level.fmt(f),
        }
    }
}

impl Display for PollEnd {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PollEnd::Ok => "ok",
            PollEnd::Timeout => "timeout",
        })
    }
}

impl Display for Level {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Up => "up",
            Level::Down => "down",
        })
    }
}

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", short_us(self.from_ns), short_us(self.to_ns))
    }
}
