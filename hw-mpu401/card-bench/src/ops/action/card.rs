//! What a script does to the card otherwise than through its two ports.

use std::fmt::{self, Display, Formatter};

use hw_mpu401::{ACK, InitialState};

use super::{Action, Verb};
use crate::ops::error::Fault;
use crate::ops::recipe::{InitMode, Obstacle};
use crate::ops::words::{Word, Words};

const STATES: &str = "write init power-on, init idle, init uart or init uart stale=40";

/// An action that changes the card otherwise than through its two ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardAction {
    /// A new card at time 0.
    Init(InitialState),
}

pub(super) const VERBS: &[Verb] = &[Verb {
    word: "init",
    forms: &[
        ("init power-on", "a new card at time 0; power has just come up"),
        ("init idle", "in intelligent mode, long after a reset, its ACK read"),
        (
            "init uart",
            "in UART mode, entered by 3F, its busy time over, its ACK read: DATA still holds FE",
        ),
        ("init uart stale=40", "the same, but the byte read last was 40"),
    ],
    parse: parse_init,
}];

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
    /// The mode into which a recipe brings a real card.
    pub(in crate::ops) fn init_mode(&self) -> Result<InitMode, Obstacle> {
        let why = match self {
            Self::Init(InitialState::Idle) => return Ok(InitMode::Intelligent),
            Self::Init(InitialState::Uart { stale: ACK }) => return Ok(InitMode::Uart),
            Self::Init(InitialState::PowerOn) => "software cannot switch the card off and on",
            Self::Init(InitialState::Uart { .. }) => "the stale byte has to come from MIDI IN",
        };
        Err(Obstacle { why, ends_scenario: true })
    }
}

impl Display for CardAction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self::Init(state) = self;
        match state {
            InitialState::PowerOn => f.write_str("init power-on"),
            InitialState::Idle => f.write_str("init idle"),
            InitialState::Uart { stale } => write!(f, "init uart stale={stale:02X}"),
        }
    }
}
