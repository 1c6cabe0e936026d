//! What a script does to the card other than by access to its two ports.

use std::fmt::{self, Display, Formatter};

use hw_mpu401::{ACK, Fault as CardFault, InitialState};

use super::host::duration;
use super::{Action, Verb};
use crate::ops::bench::Bench;
use crate::ops::error::Fault;
use crate::ops::model::Model;
use crate::ops::recipe::{InitMode, Obstacle};
use crate::ops::text::short_us;
use crate::ops::words::{Word, Words};

const FAULT: &str = "write fault hanging-note 1 for one wrong byte, or fault hanging-note off";
const STATES: &str = "write init power-on, init idle, init uart or init uart stale=40";

/// An action that changes the card other than by access to its two ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardAction {
    /// A new card at time 0.
    Init(InitialState),
    /// Other work holds the processor of the card for this time, in ns, from now on.
    Hold(u64),
    /// A fault hits the next bytes; 0 bytes switch the fault off.
    Fault(CardFault, u32),
}

pub(super) const VERBS: &[Verb] = &[
    Verb {
        word: "init",
        forms: &[
            ("init power-on", "a new card at time 0; power has just come up"),
            ("init idle", "in intelligent mode, long after a reset, its ACK read"),
            (
                "init uart",
                "in UART mode, entered by 3F, its busy time over, its ACK read: DATA still \
                 holds FE",
            ),
            ("init uart stale=40", "as init uart, but the last byte that was read is 40"),
        ],
        parse: parse_init,
    },
    Verb {
        word: "hold",
        forms: &[("hold 500", "from now, the card's own processor does other work for 500 us")],
        parse: parse_hold,
    },
    Verb {
        word: "fault",
        forms: &[
            ("fault hanging-note 2", "the next two bytes that the fault can hit are wrong"),
            ("fault ack-lost 1", "the next command is done and not acknowledged"),
            ("fault hanging-note off", "the fault hits no byte any more"),
        ],
        parse: parse_fault,
    },
];

fn parse_init(words: &mut Words<'_>) -> Result<Action, Fault> {
    let state = words.need("the state", STATES)?;
    Ok(Action::Card(CardAction::Init(match state.text {
        "power-on" => InitialState::PowerOn,
        "idle" => InitialState::Idle,
        "uart" => InitialState::Uart { stale: parse_stale(words)? },
        _ => {
            let known = ["power-on", "idle", "uart"];
            return Err(state.unknown("a state of the card", known, STATES));
        }
    })))
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

impl CardAction {
    /// The mode into which a recipe brings a real card, or why the recipe cannot do the action.
    pub(in crate::ops) fn init_mode(&self) -> Result<InitMode, Obstacle> {
        let why = match self {
            Self::Init(InitialState::Idle) => return Ok(InitMode::Intelligent),
            Self::Init(InitialState::Uart { stale: ACK }) => return Ok(InitMode::Uart),
            Self::Init(InitialState::PowerOn) => "software cannot switch the card off and on",
            Self::Init(InitialState::Uart { .. }) => "the stale byte has to come from MIDI IN",
            Self::Hold(_) => "software cannot say when the card's own processor has other work",
            Self::Fault(..) => "software cannot give the card a fault",
        };
        Err(Obstacle { why, ends_scenario: true })
    }

    /// Does the action on this bench. A new card has a new bench, so `init` does nothing here.
    pub(super) fn run<M: Model>(&self, bench: &mut Bench<M>) {
        match self {
            Self::Init(_) => {}
            Self::Hold(time_ns) => bench.model.hold_midi(bench.now_ns() + time_ns),
            Self::Fault(fault, bytes) => bench.model.inject(*fault, *bytes),
        }
    }
}

fn parse_hold(words: &mut Words<'_>) -> Result<Action, Fault> {
    let time_ns = duration(words.need("the time", "write hold 500, in us")?)?;
    Ok(Action::Card(CardAction::Hold(time_ns)))
}

fn parse_fault(words: &mut Words<'_>) -> Result<Action, Fault> {
    let word = words.need("the fault", FAULT)?;
    let fault = CardFault::ALL.iter().find(|fault| fault.word() == word.text);
    let known = CardFault::ALL.iter().map(|fault| fault.word());
    let fault = *fault.ok_or_else(|| word.unknown("a fault of a card", known, FAULT))?;
    let count = words.need("the number of bytes", FAULT)?;
    let bytes = match count.text {
        "off" => 0,
        _ => count.number(u64::from(u32::MAX))?.try_into().expect("the limit fits"),
    };
    Ok(Action::Card(CardAction::Fault(fault, bytes)))
}

impl Display for CardAction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Init(InitialState::PowerOn) => f.write_str("init power-on"),
            Self::Init(InitialState::Idle) => f.write_str("init idle"),
            Self::Init(InitialState::Uart { stale }) => write!(f, "init uart stale={stale:02X}"),
            Self::Hold(time_ns) => write!(f, "hold {}", short_us(*time_ns)),
            Self::Fault(fault, 0) => write!(f, "fault {} off", fault.word()),
            Self::Fault(fault, bytes) => write!(f, "fault {} {bytes}", fault.word()),
        }
    }
}
