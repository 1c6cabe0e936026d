//! Reads the action of a line, and what the line expects.

use hw_mpu401::{ACK, InitialState, Register};

use super::error::Fault;
use super::script::{
    ACCESS_LIMIT, Action, Expectation, Expected, Level, MIDI_IN_LIMIT, OwnClocks, Poll, PollEnd,
    TIME_LIMIT_NS,
};
use super::words::{Word, Words};

const ACTIONS: &str = "a line begins with init, R, W, P, wait, in, wire, irq, repeat or end, \
                       or with title:, source:, cards:, differs, open or like";
const STATES: &str = "write init power-on, init idle, init uart or init uart stale=40";
const REGISTERS: &str =
    "S is STATUS, D is DATA and C, which is only written, is COMMAND; M is the register at base+2";
const POLL: &str = "write P S MASK VALUE TIMES PAUSE, like P S 40 00 1000 10";
const MORE: &str = "end the line here, or begin a comment with #";
const BYTE_RESULT: &str = "write a byte, like 80, or a byte and a mask, like 80/C0";

/// Reads an action. `first` is its first word, and `words` are the words after `first`.
pub(super) fn parse_action(first: Word<'_>, words: &mut Words<'_>) -> Result<Action, Fault> {
    match first.text {
        "init" => parse_init(words),
        "R" => parse_register(words, Access::Read).map(Action::Read),
        "W" => {
            let register = parse_register(words, Access::Write)?;
            Ok(Action::Write(register, words.need("the byte", "write W C FF")?.byte()?))
        }
        "P" => parse_poll(words),
        "wait" => {
            let word = words.need("the time", "write wait 30000, in us")?;
            let time_ns = word.time_ns()?;
            if time_ns > TIME_LIMIT_NS {
                return Err(word.fault("a time that a scenario may take", "wait an hour at most"));
            }
            Ok(Action::Wait(time_ns))
        }
        "in" => parse_bytes(words),
        "wire" => Ok(Action::Wire(match words.peek() {
            Some(word) if word.text == "all" => {
                words.next();
                OwnClocks::Shown
            }
            _ => OwnClocks::LeftOut,
        })),
        "irq" => Ok(Action::InterruptLine),
        _ => Err(first.fault("a thing to do", ACTIONS)),
    }
}

fn parse_init(words: &mut Words<'_>) -> Result<Action, Fault> {
    let state = words.need("the state", STATES)?;
    Ok(Action::Init(match state.text {
        "power-on" => InitialState::PowerOn,
        "idle" => InitialState::Idle,
        "uart" => InitialState::Uart { stale: parse_stale(words)? },
        _ => return Err(state.fault("a state of the card", STATES)),
    }))
}

fn parse_stale(words: &mut Words<'_>) -> Result<u8, Fault> {
    let Some(word) = words.next() else {
        return Ok(ACK);
    };
    match word.text.strip_prefix("stale=") {
        Some(byte) => Word { text: byte, column: word.column + "stale=".len() }.byte(),
        None => Err(word.fault("expected here", STATES)),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// S and C are the same port: a read gives STATUS, and a write goes to COMMAND.
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
    let pause = words.need("the time between two reads", POLL)?;
    let pause_ns = pause.time_ns()?;
    if pause_ns > TIME_LIMIT_NS {
        return Err(pause.fault("a time that a scenario may take", "wait an hour at most"));
    }
    let times = u32::try_from(times).expect("the limit fits");
    Ok(Action::Poll(Poll { register, mask, wanted, times, pause_ns }))
}

fn parse_bytes(words: &mut Words<'_>) -> Result<Action, Fault> {
    let mut bytes = vec![words.need("the first byte", "write in 90 3C 40")?.byte()?];
    while let Some(word) = words.next() {
        bytes.push(word.byte()?);
    }
    Ok(Action::MidiIn(bytes))
}

/// Reads the end of a line, after its action: nothing, or `->` and the expected result.
pub(super) fn parse_outcome(
    action: &Action,
    words: &mut Words<'_>,
) -> Result<Option<Expectation>, Fault> {
    let Some(arrow) = words.peek() else {
        return Ok(None);
    };
    if arrow.text != "->" {
        return Err(arrow.fault("expected here", "write -> before what is expected, with spaces"));
    }
    words.next();
    if !gives_result(action) {
        return Err(arrow.fault("expected here", "nothing can be expected of this line"));
    }
    parse_expectation(action, words).map(Some)
}

/// True when the action has a result that a script can expect.
pub(super) fn gives_result(action: &Action) -> bool {
    match action {
        Action::Read(_) | Action::Poll(_) | Action::Wire(_) | Action::InterruptLine => true,
        Action::Init(_) | Action::Write(..) | Action::Wait(_) | Action::MidiIn(_) => false,
    }
}

/// Reads the expected result, after the arrow.
pub(super) fn parse_expectation(
    action: &Action,
    words: &mut Words<'_>,
) -> Result<Expectation, Fault> {
    let result = parse_expected(action, words)?;
    let mut expectation = Expectation { result, within: None, took: None };
    while let Some(word) = words.next() {
        let place = match word.text {
            "within" if expectation.within.is_none() => &mut expectation.within,
            "took" if expectation.took.is_none() => &mut expectation.took,
            _ => return Err(word.fault("expected here", MORE)),
        };
        *place = Some(words.need("the span", "write within 26000..28000, in us")?.span()?);
    }
    Ok(expectation)
}

fn parse_expected(action: &Action, words: &mut Words<'_>) -> Result<Expected, Fault> {
    let wanted = match action {
        Action::Read(_) => BYTE_RESULT,
        Action::Poll(_) => "write -> ok or -> timeout",
        Action::InterruptLine => "write -> up or -> down",
        _ => "write bytes, none, or count and a number",
    };
    let word = words.need("what is expected", wanted)?;
    if word.text == "any" {
        return Ok(Expected::Any);
    }
    let is_wire = matches!(action, Action::Wire(_));
    Ok(match (action, word.text) {
        (Action::Read(_), _) => parse_masked(word)?,
        (Action::Poll(_), "ok") => Expected::Poll(PollEnd::Ok),
        (Action::Poll(_), "timeout") => Expected::Poll(PollEnd::Timeout),
        (Action::InterruptLine, "up") => Expected::Line(Level::Up),
        (Action::InterruptLine, "down") => Expected::Line(Level::Down),
        (_, "none") if is_wire => Expected::Bytes(Vec::new()),
        (_, "count") if is_wire => {
            let (least, most) = words.need("the number", "write -> count 300")?.count()?;
            Expected::Count { least, most }
        }
        _ if is_wire => parse_wire_bytes(word, words)?,
        _ => return Err(word.fault("a result of this line", format!("{wanted}, or -> any"))),
    })
}

fn parse_masked(word: Word<'_>) -> Result<Expected, Fault> {
    let Some((value, mask)) = word.text.split_once('/') else {
        return Ok(Expected::Byte { value: word.byte()?, mask: 0xFF });
    };
    let value = Word { text: value, ..word }.byte()?;
    let mask = Word { text: mask, column: word.column + 3 }.byte()?;
    if value & !mask != 0 {
        let hint = "set no bit before the / that the mask behind it leaves out";
        return Err(word.fault("a value that can be met", hint));
    }
    Ok(Expected::Byte { value, mask })
}

fn parse_wire_bytes(first: Word<'_>, words: &mut Words<'_>) -> Result<Expected, Fault> {
    let mut bytes = vec![first.byte()?];
    while let Some(word) = words.peek() {
        if matches!(word.text, "within" | "took") {
            break;
        }
        bytes.push(word.byte()?);
        words.next();
    }
    Ok(Expected::Bytes(bytes))
}

/// The largest cost of a step: the number of accesses, the waiting time between them, and the bytes
/// on MIDI IN.
pub(super) fn cost(action: &Action) -> (u64, u64, u64) {
    match action {
        Action::Read(_) | Action::Write(..) => (1, 0, 0),
        Action::Poll(poll) => {
            let times = u64::from(poll.times);
            (times, times.saturating_mul(poll.pause_ns), 0)
        }
        Action::Wait(time_ns) => (0, *time_ns, 0),
        Action::MidiIn(bytes) => (0, 0, (bytes.len() as u64).min(MIDI_IN_LIMIT + 1)),
        Action::Init(_) | Action::Wire(_) | Action::InterruptLine => (0, 0, 0),
    }
}
