//! What happens on MIDI IN, MIDI OUT and the interrupt line.

use std::fmt::{self, Display, Formatter};

use super::midi_input::{self, MidiInput};
use super::{Action, Cost, Verb};
use crate::ops::bench::Bench;
use crate::ops::error::Fault;
use crate::ops::expectation::{Level, ResultKind};
use crate::ops::model::Model;
use crate::ops::recipe::Obstacle;
use crate::ops::result::Got;
use crate::ops::words::Words;

/// An action on a MIDI line or on the interrupt line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineAction {
    /// Something arrives on MIDI IN, from now on.
    MidiIn(MidiInput),
    /// Checks what has left on MIDI OUT.
    Wire(OwnClocks),
    /// Checks the interrupt line.
    InterruptLine,
}

/// Whether a `wire` line shows the clock bytes (F8) that a card sends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OwnClocks {
    /// The `wire` line leaves these clock bytes out.
    LeftOut,
    /// The `wire` line shows these clock bytes.
    Shown,
}

pub(super) const VERBS: &[Verb] = &[
    Verb {
        word: "in",
        forms: midi_input::FORMS,
        parse: |words| Ok(Action::Line(LineAction::MidiIn(MidiInput::parse(words)?))),
    },
    Verb {
        word: "wire",
        forms: &[
            ("wire", "the bytes that have left whole on MIDI OUT since the last `wire` or `init`"),
            ("wire all", "the same, with the clock bytes F8 that the card sends by itself"),
        ],
        parse: parse_wire,
    },
    Verb {
        word: "irq",
        forms: &[("irq", "the level of the interrupt line")],
        parse: |_| Ok(Action::Line(LineAction::InterruptLine)),
    },
];

fn parse_wire(words: &mut Words<'_>) -> Result<Action, Fault> {
    let own_clocks = match words.peek() {
        Some(word) if word.text == "all" => {
            words.next();
            OwnClocks::Shown
        }
        _ => OwnClocks::LeftOut,
    };
    Ok(Action::Line(LineAction::Wire(own_clocks)))
}

impl LineAction {
    pub(super) fn result_kind(&self) -> Option<ResultKind> {
        match self {
            Self::MidiIn(_) => None,
            Self::Wire(_) => Some(ResultKind::Wire),
            Self::InterruptLine => Some(ResultKind::Level),
        }
    }

    pub(super) fn cost(&self) -> Cost {
        match self {
            Self::MidiIn(input) => input.cost(),
            Self::Wire(_) | Self::InterruptLine => Cost::default(),
        }
    }

    pub(super) fn run<M: Model>(&self, bench: &mut Bench<M>) -> Got {
        match self {
            Self::MidiIn(input) => {
                bench.midi_in(&input.signals());
                Got::Nothing
            }
            Self::Wire(own_clocks) => Got::Wire(bench.take_sent(*own_clocks)),
            Self::InterruptLine => {
                let is_up = bench.model.interrupt_line();
                Got::Line(if is_up { Level::Up } else { Level::Down })
            }
        }
    }
}

impl LineAction {
    /// Why a recipe for a real card leaves the action out.
    pub(in crate::ops) fn obstacle(&self) -> Obstacle {
        match self {
            Self::MidiIn(_) => {
                Obstacle { why: "software cannot send to MIDI IN", ends_scenario: true }
            }
            Self::Wire(_) => Obstacle { why: "software cannot see MIDI OUT", ends_scenario: false },
            Self::InterruptLine => {
                Obstacle { why: "software cannot see the interrupt line", ends_scenario: false }
            }
        }
    }
}

impl Display for LineAction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::MidiIn(input) => input.fmt(f),
            Self::Wire(OwnClocks::LeftOut) => f.write_str("wire"),
            Self::Wire(OwnClocks::Shown) => f.write_str("wire all"),
            Self::InterruptLine => f.write_str("irq"),
        }
    }
}
