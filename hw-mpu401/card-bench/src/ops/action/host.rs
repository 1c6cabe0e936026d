//! What the host does: accesses to the card's ports, and waiting.

use std::fmt::{self, Display, Formatter};

use hw_mpu401::{Register, Status};

use super::{Action, Cost, Verb};
use crate::ops::bench::Bench;
use crate::ops::error::Fault;
use crate::ops::expectation::{PollEnd, ResultKind};
use crate::ops::model::Model;
use crate::ops::result::Got;
use crate::ops::script::{ACCESS_LIMIT, TIME_LIMIT_NS};
use crate::ops::text::short_us;
use crate::ops::words::{Word, Words};

const REGISTERS: &str =
    "S is STATUS, D is DATA and C, which is only written, is COMMAND; M is the register at base+2";
const POLL: &str = "write P S MASK VALUE TIMES PAUSE, like P S 40 00 1000 10";

/// An action of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostAction {
    /// One read.
    Read(Register),
    /// One write.
    Write(Register, u8),
    /// Reads until some bits have the wanted values.
    Poll(Poll),
    /// Reads STATUS, and DATA if a byte waits. Repeats this until no byte waits or this many bytes
    /// came.
    Drain(u32),
    /// No access for this time, in ns.
    Wait(u64),
}

/// Reads of a register until `value & mask == wanted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poll {
    /// The register.
    pub register: Register,
    /// The bits that count.
    pub mask: u8,
    /// The values that these bits must have.
    pub wanted: u8,
    /// The most reads, at least 1.
    pub times: u32,
    /// Time from the end of one read to the beginning of the next, in ns.
    pub pause_ns: u64,
}

pub(super) const VERBS: &[Verb] = &[
    Verb {
        word: "R",
        forms: &[
            ("R S, R D", "reads STATUS or DATA"),
            (
                "R M, W M 18",
                "reads or writes the control register at base+2, where a card has one; FF \
                 without one",
            ),
        ],
        parse: parse_read,
    },
    Verb { word: "W", forms: &[("W C FF, W D 90", "writes COMMAND or DATA")], parse: parse_write },
    Verb {
        word: "P",
        forms: &[(
            "P S 40 00 1000 10",
            "reads STATUS until (STATUS AND 40) = 00, at most 1000 times, 10 us between two \
             reads; `P D` reads DATA",
        )],
        parse: parse_poll,
    },
    Verb {
        word: "drain",
        forms: &[(
            "drain 300",
            "reads STATUS and, if a byte waits (DSR is 0), DATA, again and again: until no byte \
             waits, or 300 bytes came",
        )],
        parse: parse_drain,
    },
    Verb { word: "wait", forms: &[("wait 30000", "lets time pass")], parse: parse_wait },
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// Reads the letter of a register. S and C are the same port: a read gives STATUS, and a write
/// goes to COMMAND.
fn parse_register(words: &mut Words<'_>, access: Access) -> Result<Register, Fault> {
    let word = words.need("the register", REGISTERS)?;
    match (word.text, access) {
        ("D", _) => Ok(Register::Data),
        ("M", _) => Ok(Register::Control),
        ("S", Access::Read) | ("C", Access::Write) => Ok(Register::Command),
        (_, Access::Read) => Err(word.fault("a register that is read", REGISTERS)),
        (_, Access::Write) => Err(word.fault("a register that is written", REGISTERS)),
    }
}

fn parse_read(words: &mut Words<'_>) -> Result<Action, Fault> {
    Ok(Action::Host(HostAction::Read(parse_register(words, Access::Read)?)))
}

fn parse_write(words: &mut Words<'_>) -> Result<Action, Fault> {
    let register = parse_register(words, Access::Write)?;
    let byte = words.need("the byte", "write W C FF")?.byte()?;
    Ok(Action::Host(HostAction::Write(register, byte)))
}

fn parse_poll(words: &mut Words<'_>) -> Result<Action, Fault> {
    let register = parse_register(words, Access::Read)?;
    let mask = words.need("the mask", POLL)?.byte()?;
    let wanted_word = words.need("the value", POLL)?;
    let wanted = wanted_word.byte()?;
    if wanted & !mask != 0 {
        let hint = "set no bit in the value that the mask leaves out";
        return Err(wanted_word.fault("a value that can be met", hint));
    }
    let times = words.need("the number of reads", POLL)?.number(ACCESS_LIMIT)?;
    let pause_ns = duration(words.need("the time between two reads", POLL)?)?;
    let times = u32::try_from(times).expect("the limit fits");
    Ok(Action::Host(HostAction::Poll(Poll { register, mask, wanted, times, pause_ns })))
}

fn parse_drain(words: &mut Words<'_>) -> Result<Action, Fault> {
    let most = words.need("the most bytes", "write drain 300")?.number(ACCESS_LIMIT / 2)?;
    let most = u32::try_from(most).expect("the limit fits");
    Ok(Action::Host(HostAction::Drain(most)))
}

fn parse_wait(words: &mut Words<'_>) -> Result<Action, Fault> {
    let time_ns = duration(words.need("the time", "write wait 30000, in us")?)?;
    Ok(Action::Host(HostAction::Wait(time_ns)))
}

/// Reads a time that a scenario may take, in us, and returns it in ns.
pub(super) fn duration(word: Word<'_>) -> Result<u64, Fault> {
    let time_ns = word.time_ns()?;
    if time_ns > TIME_LIMIT_NS {
        return Err(word.fault("a time that a scenario may take", "wait an hour at most"));
    }
    Ok(time_ns)
}

impl HostAction {
    pub(super) fn result_kind(&self) -> Option<ResultKind> {
        match self {
            Self::Read(_) => Some(ResultKind::Byte),
            Self::Poll(_) => Some(ResultKind::PollEnd),
            Self::Drain(_) => Some(ResultKind::Drained),
            Self::Write(..) | Self::Wait(_) => None,
        }
    }

    pub(super) fn cost(&self) -> Cost {
        match self {
            Self::Read(_) | Self::Write(..) => Cost { accesses: 1, ..Cost::default() },
            Self::Poll(poll) => {
                let accesses = u64::from(poll.times);
                let time_ns = accesses.saturating_mul(poll.pause_ns);
                Cost { accesses, time_ns, ..Cost::default() }
            }
            Self::Drain(most) => Cost { accesses: 2 * u64::from(*most), ..Cost::default() },
            Self::Wait(time_ns) => Cost { time_ns: *time_ns, ..Cost::default() },
        }
    }

    pub(super) fn run<M: Model>(&self, bench: &mut Bench<M>) -> Got {
        match self {
            Self::Read(register) => return Got::Byte(bench.read(*register)),
            Self::Write(register, byte) => bench.write(*register, *byte),
            Self::Poll(poll) => return poll.run(bench),
            Self::Drain(most) => return Got::Drained(drain(*most, bench)),
            Self::Wait(time_ns) => bench.wait(*time_ns),
        }
        Got::Nothing
    }
}

/// Reads the bytes that wait, at most this many.
fn drain<M: Model>(most: u32, bench: &mut Bench<M>) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < most as usize
        && Status::from_bits_retain(bench.read(Register::Command)).has_data()
    {
        bytes.push(bench.read(Register::Data));
    }
    bytes
}

impl Poll {
    /// True when the bits of this byte have the wanted values.
    #[must_use]
    pub fn is_met_by(&self, byte: u8) -> bool {
        byte & self.mask == self.wanted
    }

    fn run<M: Model>(&self, bench: &mut Bench<M>) -> Got {
        for reads in 1..=self.times {
            if self.is_met_by(bench.read(self.register)) {
                return Got::Poll { end: PollEnd::Ok, reads };
            }
            if reads < self.times {
                bench.wait(self.pause_ns);
            }
        }
        Got::Poll { end: PollEnd::Timeout, reads: self.times }
    }
}

/// The letter of a register in a line that reads it.
fn read_letter(register: Register) -> char {
    match register {
        Register::Data => 'D',
        Register::Command => 'S',
        Register::Control => 'M',
    }
}

impl Display for HostAction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(register) => write!(f, "R {}", read_letter(*register)),
            Self::Write(Register::Data, byte) => write!(f, "W D {byte:02X}"),
            Self::Write(Register::Command, byte) => write!(f, "W C {byte:02X}"),
            Self::Write(Register::Control, byte) => write!(f, "W M {byte:02X}"),
            Self::Poll(Poll { register, mask, wanted, times, pause_ns }) => {
                let (letter, pause) = (read_letter(*register), short_us(*pause_ns));
                write!(f, "P {letter} {mask:02X} {wanted:02X} {times} {pause}")
            }
            Self::Drain(most) => write!(f, "drain {most}"),
            Self::Wait(time_ns) => write!(f, "wait {}", short_us(*time_ns)),
        }
    }
}
