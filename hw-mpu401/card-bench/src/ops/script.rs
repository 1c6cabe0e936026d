//! A register script in memory: scenarios, their steps, and what is expected of each card.

use hw_mpu401::{InitialState, Register};

/// Steps that a scenario may run, those of a `repeat` counted each time.
pub const STEP_LIMIT: u64 = 100_000;
/// Port accesses that a scenario may need, if every poll runs to its end.
pub const ACCESS_LIMIT: u64 = 10_000_000;
/// Time in ns that a scenario may let pass, if every poll runs to its end: one hour.
pub const TIME_LIMIT_NS: u64 = 3_600_000_000_000;
/// Bytes that a scenario may put on MIDI IN.
pub const MIDI_IN_LIMIT: u64 = hw_mpu401::MIDI_IN_LIMIT as u64;

/// A script that has been read: at least one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The name of the file, as it was given.
    pub file: String,
    /// Cards that are taken to be like others.
    pub likes: Vec<Like>,
    /// The scenarios in the order of the file.
    pub scenarios: Vec<Scenario>,
}

/// Cards that are taken to be like another one: what a line says of that one alone holds for
/// them too, unless a line names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Like {
    /// The one that is known.
    pub known: String,
    /// Those that are taken to be like it.
    pub others: Vec<String>,
}

/// A sequence of accesses that shows one thing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scenario {
    /// What it shows; the name of the file where the script says nothing.
    pub title: String,
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Where the expectations come from; empty where the script says nothing.
    pub source: String,
    /// The cards it is meant for; empty for every card.
    pub cards: Vec<String>,
    /// Why some cards are expected to do otherwise.
    pub remarks: Vec<Remark>,
    /// The steps, in blocks that are repeated.
    pub blocks: Vec<Block>,
}

/// Why a card is expected to do otherwise than most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What is known of it.
    pub kind: RemarkKind,
    /// The cards that it is about.
    pub cards: Vec<String>,
    /// The reason, with its ground.
    pub text: String,
}

/// What is known of a difference between cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RemarkKind {
    /// The card is made so.
    Differs,
    /// Nobody has looked at a real card; what is expected is what the model assumes.
    Open,
}

/// Steps that are run one after the other, and that several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// How often.
    pub times: u32,
    /// The steps.
    pub steps: Vec<Step>,
}

/// A line of the script that does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its line, from 1.
    pub line: usize,
    /// What it does.
    pub action: Action,
    /// What is expected of a card that no line below names.
    pub expectation: Option<Expectation>,
    /// What is expected of one card alone, those that are taken to be like others included.
    pub of_cards: Vec<(String, Expectation)>,
}

impl Step {
    /// What is expected of this card.
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
    /// Reads until some bits are as wanted.
    Poll(Poll),
    /// Nothing, for this many ns.
    Wait(u64),
    /// Bytes arrive on MIDI IN, from now on.
    MidiIn(Vec<u8>),
    /// A look at what has left on MIDI OUT.
    Wire(OwnClocks),
    /// A look at the interrupt line.
    InterruptLine,
}

/// Reads of a register until `value & mask == wanted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poll {
    /// What is read.
    pub register: Register,
    /// The bits that count.
    pub mask: u8,
    /// How they have to be.
    pub wanted: u8,
    /// Reads at most, 1 or more.
    pub times: u32,
    /// From one read to the next, in ns, the read itself not counted.
    pub pause_ns: u64,
}

/// What a look at MIDI OUT does with the clock bytes F8 that a card sends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OwnClocks {
    /// They are left out.
    LeftOut,
    /// They are shown.
    Shown,
}

/// What is expected of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// What it gives.
    pub result: Expected,
    /// When it ends, since `init`.
    pub within: Option<Span>,
    /// How long it takes.
    pub took: Option<Span>,
}

impl Expectation {
    /// True when there is something to check.
    #[must_use]
    pub fn checks(&self) -> bool {
        self.result != Expected::Any || self.within.is_some() || self.took.is_some()
    }
}

/// What a step is to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Whatever it may be.
    Any,
    /// A byte of which the bits of the mask are as given.
    Byte {
        /// The bits.
        value: u8,
        /// Which of them count.
        mask: u8,
    },
    /// How a poll ends.
    Poll(PollEnd),
    /// These bytes on MIDI OUT.
    Bytes(Vec<u8>),
    /// So many bytes on MIDI OUT.
    Count {
        /// At least.
        least: u64,
        /// At most.
        most: u64,
    },
    /// The level of the interrupt line.
    Line(Level),
}

/// How a poll ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PollEnd {
    /// The bits came as wanted.
    Ok,
    /// The last read was in vain.
    Timeout,
}

/// The level of the interrupt line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// An interrupt is asked for.
    Up,
    /// None is.
    Down,
}

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// From, in ns.
    pub from_ns: u64,
    /// To, in ns.
    pub to_ns: u64,
}

impl Span {
    /// True for a time inside.
    #[must_use]
    pub fn contains(self, time_ns: u64) -> bool {
        (self.from_ns..=self.to_ns).contains(&time_ns)
    }
}
