//! What acts on the MPU-401 from outside its two ports.
//!
//! These are registers of the card beside the MPU-401, and faults of the MIDI lines.

use std::fmt::{self, Display, Formatter};

use hw_mpu401::{Control, Corruption, InterruptCauses, InterruptGate, Lane};

use super::{Action, Verb};
use crate::ops::bench::Bench;
use crate::ops::error::Fault;
use crate::ops::expectation::ResultKind;
use crate::ops::model::Model;
use crate::ops::recipe::Obstacle;
use crate::ops::result::Got;
use crate::ops::text::causes_text;
use crate::ops::words::Words;

const ENABLE: &str = "write enable rx, enable tx, enable rx tx or enable none";
const GATE: &str = "write gate open or gate closed";
const CORRUPT: &str = "write corrupt out 40 3: the line, the bits to invert, and 3 for each third \
                       byte";

/// The largest distance from one changed byte to the next, in bytes.
const MOST_BYTES_BETWEEN: u64 = 1_000_000;

/// An action from outside the two ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlAction {
    /// A register of the card changes.
    Set(Control),
    /// From now on a MIDI line changes bytes.
    Corrupt(Lane, Corruption),
    /// Checks the causes of an interrupt.
    Causes,
}

pub(super) const VERBS: &[Verb] = &[
    Verb {
        word: "enable",
        forms: &[
            ("enable rx tx", "from now on these causes can raise the interrupt line"),
            ("enable none", "from now on nothing raises the interrupt line"),
        ],
        parse: parse_enable,
    },
    Verb {
        word: "gate",
        forms: &[(
            "gate open, gate closed",
            "the gate between the interrupt and the line, as in the mixer of a Solo-1",
        )],
        parse: parse_gate,
    },
    Verb {
        word: "activate",
        forms: &[("activate", "from now on the device answers at its ports")],
        parse: |_| Ok(Action::Control(ControlAction::Set(Control::Activate))),
    },
    Verb {
        word: "deactivate",
        forms: &[("deactivate", "from now on reads give FF and writes are lost")],
        parse: |_| Ok(Action::Control(ControlAction::Set(Control::Deactivate))),
    },
    Verb {
        word: "corrupt",
        forms: &[(
            "corrupt out 40 3",
            "from now on each third byte on MIDI OUT has bit 6 inverted; `in` for MIDI IN",
        )],
        parse: parse_corrupt,
    },
    Verb {
        word: "causes",
        forms: &[("causes", "the causes of an interrupt that are there, enabled or not")],
        parse: |_| Ok(Action::Control(ControlAction::Causes)),
    },
];

fn parse_enable(words: &mut Words<'_>) -> Result<Action, Fault> {
    let causes = parse_causes(words, ENABLE)?;
    Ok(Action::Control(ControlAction::Set(Control::InterruptEnables(causes))))
}

/// Reads `none`, or one or two causes.
pub(in crate::ops) fn parse_causes(
    words: &mut Words<'_>,
    hint: &str,
) -> Result<InterruptCauses, Fault> {
    let first = words.need("a cause", hint)?;
    if first.text == "none" {
        return Ok(InterruptCauses::empty());
    }
    let mut causes = InterruptCauses::empty();
    let mut next = Some(first);
    while let Some(word) = next {
        let cause = match word.text {
            "rx" => InterruptCauses::RECEIVE,
            "tx" => InterruptCauses::TRANSMIT,
            _ => return Err(word.unknown("a cause", ["rx", "tx", "none"], hint)),
        };
        if causes.contains(cause) {
            return Err(word.fault("named for the first time", hint));
        }
        causes |= cause;
        next = words.peek().filter(|word| matches!(word.text, "rx" | "tx"));
        if next.is_some() {
            words.next();
        }
    }
    Ok(causes)
}

fn parse_gate(words: &mut Words<'_>) -> Result<Action, Fault> {
    let word = words.need("the position of the gate", GATE)?;
    let gate = match word.text {
        "open" => InterruptGate::Open,
        "closed" => InterruptGate::Closed,
        _ => return Err(word.unknown("a position of the gate", ["open", "closed"], GATE)),
    };
    Ok(Action::Control(ControlAction::Set(Control::InterruptGate(gate))))
}

fn parse_corrupt(words: &mut Words<'_>) -> Result<Action, Fault> {
    let word = words.need("the line", CORRUPT)?;
    let lane = match word.text {
        "out" => Lane::Out,
        "in" => Lane::In,
        _ => return Err(word.unknown("a MIDI line", ["out", "in"], CORRUPT)),
    };
    let flips = words.need("the bits", CORRUPT)?.byte()?;
    let every = words.need("the number of bytes", CORRUPT)?.number(MOST_BYTES_BETWEEN)?;
    let every = u32::try_from(every).expect("the limit fits");
    Ok(Action::Control(ControlAction::Corrupt(lane, Corruption { flips, every })))
}

impl ControlAction {
    pub(super) fn result_kind(&self) -> Option<ResultKind> {
        match self {
            Self::Set(_) | Self::Corrupt(..) => None,
            Self::Causes => Some(ResultKind::Causes),
        }
    }

    pub(super) fn run<M: Model>(&self, bench: &mut Bench<M>) -> Got {
        match self {
            Self::Set(control) => bench.model.control(*control, bench.now_ns()),
            Self::Corrupt(lane, corruption) => bench.model.corrupt(*lane, *corruption),
            Self::Causes => return Got::Causes(bench.model.interrupt_causes()),
        }
        Got::Nothing
    }
}

impl ControlAction {
    /// Why a recipe for a real card leaves the action out.
    pub(in crate::ops) fn obstacle(&self) -> Obstacle {
        match self {
            Self::Set(_) => Obstacle {
                why: "each card has this setting in another register",
                ends_scenario: true,
            },
            Self::Corrupt(..) => {
                Obstacle { why: "software cannot disturb a MIDI line", ends_scenario: true }
            }
            Self::Causes => Obstacle {
                why: "each card shows the causes in another register",
                ends_scenario: false,
            },
        }
    }
}

impl Display for ControlAction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(Control::InterruptEnables(causes)) => {
                write!(f, "enable {}", causes_text(*causes))
            }
            Self::Set(Control::InterruptGate(gate)) => write!(f, "gate {}", gate.word()),
            Self::Set(Control::Activate) => f.write_str("activate"),
            Self::Set(Control::Deactivate) => f.write_str("deactivate"),
            Self::Corrupt(lane, Corruption { flips, every }) => {
                let line = match lane {
                    Lane::Out => "out",
                    Lane::In => "in",
                };
                write!(f, "corrupt {line} {flips:02X} {every}")
            }
            Self::Causes => f.write_str("causes"),
        }
    }
}
