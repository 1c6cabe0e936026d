//! A register script in memory: scenarios, steps, and expected results.

use hw_mpu401::{Fault, InitialState, Register};

/// The most steps that a scenario may run; the steps of a `repeat` count each time.
pub const STEP_LIMIT: u64 = 100_000;
/// The most port accesses that a scenario may need, if every poll runs to its end.
pub const ACCESS_LIMIT: u64 = 10_000_000;
/// The most time in ns that a scenario may take, if every poll runs to its end: one hour.
pub const TIME_LIMIT_NS: u64 = 3_600_000_000_000;
/// The most bytes that a scenario may put on MIDI IN.
pub const MIDI_IN_LIMIT: u64 = hw_mpu401::MIDI_IN_LIMIT as u64;

/// A script that has been read: at least one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The name of the file, as the caller gave it.
    pub file: String,
    /// Cards that are assumed to be like another card.
    pub likes: Vec<Like>,
    /// The scenarios in the order of the file.
    pub scenarios: Vec<Scenario>,
}

/// Cards that are assumed to be like a known card. A line about only the known card also holds for
/// these cards, unless a line names these cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Like {
    /// The known card.
    pub known: String,
    /// The cards that are assumed to be like the known card.
    pub others: Vec<String>,
}

/// A sequence of accesses that tests one behaviour.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scenario {
    /// What the scenario shows; the name of the file if the script gives no title.
    pub title: String,
    /// The line on which the scenario begins, from 1.
    pub line: usize,
    /// Where the expectations come from; empty if the script gives no source.
    pub source: String,
    /// The cards for which the scenario is meant; empty for every card.
    pub cards: Vec<String>,
    /// Why some cards are expected to behave differently.
    pub remarks: Vec<Remark>,
    /// The steps, in blocks that can be repeated.
    pub blocks: Vec<Block>,
}

/// Why a card is expected to behave differently from most cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What is known of the difference.
    pub kind: RemarkKind,
    /// The cards that differ.
    pub cards: Vec<String>,
    /// The reason, with its ground.
    pub text: String,
}

/// What is known of a difference between cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RemarkKind {
    /// The real card differs in this way.
    Differs,
    /// No real card has been tested; the expectation is what the model assumes.
    Open,
}

/// Steps that run one after the other; the whole block can run several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// How often the block runs.
    pub times: u32,
    /// The steps.
    pub steps: Vec<Step>,
}

/// A line of the script that does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The line of the step, from 1.
    pub line: usize,
    /// What the step does.
    pub action: Action,
    /// What is expected of a card that no following line names.
    pub expectation: Option<Expectation>,
    /// What is expected of the cards that following lines name, including cards that are assumed to
    /// be like such a card.
    pub of_cards: Vec<(String, Expectation)>,
}

impl Step {
    /// What the step expects of this card.
    #[must_use]
    pub fn expectation_of(&self, card: &str) -> Option<&Expectation> {
        let own = self.of_cards.iter().find(|(name, _)| name == card);
        own.map(|(_, expectation)| expectation).or(self.expectation.as_ref())
    }
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A new card at time 0.
    Init(InitialState),
    /// One read.
    Read(Register),
    /// One write.
    Write(Register, u8),
    /// Reads until some bits have the wanted values.
    Poll(Poll),
    /// No access for this time, in ns.
    Wait(u64),
    /// Bytes arrive on MIDI IN, from now on.
    MidiIn(Vec<u8>),
    /// Other work holds the processor of the card for this time, in ns, from now on.
    Hold(u64),
    /// A fault hits the next bytes; 0 bytes switch the fault off.
    Fault(Fault, u32),
    /// Checks what has left on MIDI OUT.
    Wire(OwnClocks),
    /// Checks the interrupt line.
    InterruptLine,
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
    /// Time from one read to the next, in ns, without the read itself.
    pub pause_ns: u64,
}

/// Whether a `wire` line shows the clock bytes (F8) that a card sends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OwnClocks {
    /// The `wire` line leaves these clock bytes out.
    LeftOut,
    /// The `wire` line shows these clock bytes.
    Shown,
}

/// What is expected of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The result that the step must give.
    pub result: Expected,
    /// When the step must end, counted from `init`.
    pub within: Option<Span>,
    /// How long the step must take.
    pub took: Option<Span>,
}

impl Expectation {
    /// True when there is something to check.
    #[must_use]
    pub fn checks(&self) -> bool {
        self.result != Expected::Any || self.within.is_some() || self.took.is_some()
    }
}

/// The result that a step must give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Any result.
    Any,
    /// A byte that is equal to the value in all bits of the mask.
    Byte {
        /// The bits.
        value: u8,
        /// The bits that count.
        mask: u8,
    },
    /// How a poll ends.
    Poll(PollEnd),
    /// The bytes that come out on MIDI OUT.
    Bytes(Vec<u8>),
    /// A number of bytes on MIDI OUT.
    Count {
        /// The smallest number.
        least: u64,
        /// The largest number.
        most: u64,
    },
    /// The level of the interrupt line.
    Line(Level),
}

/// How a poll ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PollEnd {
    /// The bits have the wanted values.
    Ok,
    /// The last read did not give the wanted values.
    Timeout,
}

/// The level of the interrupt line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// The card requests an interrupt.
    Up,
    /// The card requests no interrupt.
    Down,
}

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The beginning, in ns.
    pub from_ns: u64,
    /// The end, in ns.
    pub to_ns: u64,
}

impl Span {
    /// True for a time inside.
    #[must_use]
    pub fn contains(self, time_ns: u64) -> bool {
        (self.from_ns..=self.to_ns).contains(&time_ns)
    }
}
