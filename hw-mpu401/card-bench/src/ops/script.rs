//! A register script in memory: scenarios, steps, and expected results.

use hw_mpu401::CardProfile;

use super::action::Action;
use super::expectation::Expectation;
use super::ground::Ground;

/// The most steps that a scenario may run; the steps of a `repeat` count each time.
pub const STEP_LIMIT: u64 = 100_000;
/// The most port accesses that a scenario may need, if every poll and drain runs to its end.
pub const ACCESS_LIMIT: u64 = 10_000_000;
/// The most time in ns that a scenario may wait, if every poll runs to its end: one hour. The
/// accesses themselves do not count.
pub const TIME_LIMIT_NS: u64 = 3_600_000_000_000;
/// The most bytes and breaks that a scenario may put on MIDI IN.
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

impl Script {
    /// The cards on which the script is to run if the user names no card. These are the cards that
    /// the `cards:` lines name, or all cards if a scenario has no `cards:` line. They are in the
    /// order of `all`.
    #[must_use]
    pub fn cards<'c>(&self, all: &'c [CardProfile]) -> Vec<&'c CardProfile> {
        let is_named =
            |card: &&CardProfile| self.scenarios.iter().any(|scenario| scenario.is_for(&card.name));
        all.iter().filter(is_named).collect()
    }
}

impl Scenario {
    /// True when the scenario is meant for this card.
    #[must_use]
    pub fn is_for(&self, card: &str) -> bool {
        self.cards.is_empty() || self.cards.iter().any(|name| name == card)
    }
}

/// Cards that are assumed to be like a known card. An `@` line that names the known card also holds
/// for each of these cards, unless an `@` line of the same step names that card.
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
    pub sources: Vec<Ground>,
    /// The cards for which the scenario is meant; empty for every card.
    pub cards: Vec<String>,
    /// What is known of cards that may behave differently from most cards.
    pub remarks: Vec<Remark>,
    /// The steps, in blocks that can be repeated.
    pub blocks: Vec<Block>,
}

/// What is known of cards that may behave differently from most cards, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Whether the real cards are known to behave so.
    pub kind: RemarkKind,
    /// The cards that the remark is about, and the reason. The ground of an open remark has no
    /// [`Strength`](super::Strength).
    pub ground: Ground,
}

/// What a remark knows of the real cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RemarkKind {
    /// The real cards differ from most cards in this way.
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
    /// The expectation for a card that no following line names.
    pub expectation: Option<Expectation>,
    /// The expectations for cards that following lines name. They also hold for cards that are
    /// assumed to be like a named card.
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
