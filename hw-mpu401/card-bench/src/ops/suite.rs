//! The built-in scenarios, and the results of every card in them.

use std::fmt::{self, Display, Formatter};

use hw_mpu401::conformance::SCRIPTS;
use hw_mpu401::{CardProfile, CardTiming};

use super::report::{RunReport, ScenarioReport};
use super::run::run_with;
use super::script::{Like, RemarkKind, Scenario, Script};

/// The built-in scripts.
///
/// # Panics
/// If one of the texts is not a script. A test makes sure that each text is a script.
#[must_use]
pub fn suite() -> Vec<Script> {
    let parse = |(file, text): &(&str, &str)| match Script::parse(file, text) {
        Ok(script) => script,
        Err(error) => panic!("a script of the suite is not valid: {error}"),
    };
    SCRIPTS.iter().map(parse).collect()
}

/// The result of a card in a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cell {
    /// The card behaved as the suite expects of every card.
    Pass,
    /// The card behaved unlike other cards, as the suite expects.
    Differs,
    /// The card behaved as the model assumes. A card that is assumed to be like another card
    /// behaved like that card. The behaviour was never compared with a real card.
    Open,
    /// The scenario is not meant for the card.
    NotMeant,
    /// The card did not behave as expected.
    Failed,
}

impl Cell {
    /// Every result, in the order in which a page shows them.
    pub const ALL: [Self; 5] =
        [Self::Pass, Self::Differs, Self::Open, Self::NotMeant, Self::Failed];

    /// The mark of this result in a table.
    #[must_use]
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Pass => "=",
            Self::Differs => "d",
            Self::Open => "o",
            Self::NotMeant => ".",
            Self::Failed => "F",
        }
    }

    /// What the result means, for a person.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Pass => "as every card is expected to",
            Self::Differs => "otherwise, as this card is expected to",
            Self::Open => "as the model assumes: nobody has compared it with a real card",
            Self::NotMeant => "the scenario is not meant for the card",
            Self::Failed => "not as expected",
        }
    }

    fn new(script: &Script, number: usize, result: &ScenarioReport, card: &str) -> Self {
        let remarks = &script.scenarios[number].remarks;
        let about = |kind| {
            let mut remarks = remarks.iter().filter(|remark| remark.kind == kind);
            remarks.any(|remark| remark.cards.iter().any(|name| name == card))
        };
        // A scenario may be meant for this card and not for the card that this card is like. Then
        // the scenario is about this card.
        let meant = &script.scenarios[number].cards;
        let is_about_itself =
            |like: &Like| meant.iter().any(|name| name == card) && !meant.contains(&like.known);
        let is_like = script
            .likes
            .iter()
            .any(|like| like.others.iter().any(|name| name == card) && !is_about_itself(like));
        match result.has_failed() {
            None => Self::NotMeant,
            Some(true) => Self::Failed,
            Some(false) if about(RemarkKind::Open) => Self::Open,
            Some(false) if about(RemarkKind::Differs) => Self::Differs,
            Some(false) if is_like => Self::Open,
            Some(false) => Self::Pass,
        }
    }
}

/// The results of the cards in one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The file.
    pub file: String,
    /// The scenario.
    pub scenario: Scenario,
    /// A result for each card, in the order of the report's cards.
    pub cells: Vec<Cell>,
}

/// The results of cards in the suite. `Display` writes them as a few lines for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiteReport {
    /// The names of the cards.
    pub cards: Vec<String>,
    /// Cards that are assumed to be like another card.
    pub likes: Vec<Like>,
    /// A row for each scenario.
    pub rows: Vec<Row>,
    /// The runs with everything that was seen: file by file, and for each file card by card.
    pub runs: Vec<RunReport>,
}

/// Runs the suite on these cards.
#[must_use]
pub fn check(cards: &[CardProfile]) -> SuiteReport {
    check_with(cards, CardTiming::Typical)
}

/// Runs the suite on these cards with latencies from the cards' ranges.
#[must_use]
pub fn check_with(cards: &[CardProfile], timing: CardTiming) -> SuiteReport {
    let mut report = SuiteReport {
        cards: cards.iter().map(|card| card.name.to_string()).collect(),
        likes: Vec::new(),
        rows: Vec::new(),
        runs: Vec::new(),
    };
    for script in suite() {
        let runs: Vec<RunReport> =
            cards.iter().map(|card| run_with(&script, card, timing)).collect();
        for (number, scenario) in script.scenarios.iter().enumerate() {
            let cell =
                |run: &RunReport| Cell::new(&script, number, &run.scenarios[number], &run.card);
            let cells = runs.iter().map(cell).collect();
            report.rows.push(Row { file: script.file.clone(), scenario: scenario.clone(), cells });
        }
        for like in script.likes {
            if !report.likes.contains(&like) {
                report.likes.push(like);
            }
        }
        report.runs.extend(runs);
    }
    report
}

impl SuiteReport {
    /// True when every card behaved as expected.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.rows.iter().all(|row| !row.cells.contains(&Cell::Failed))
    }

    /// The letter of a card in a table, by the card's position.
    #[must_use]
    pub fn letter(card: usize) -> char {
        u8::try_from(card).ok().filter(|card| *card < 26).map_or('?', |card| (b'A' + card).into())
    }

    /// How many scenarios had this result on this card; the card is given by its position.
    #[must_use]
    pub fn count(&self, card: usize, cell: Cell) -> usize {
        self.rows.iter().filter(|row| row.cells[card] == cell).count()
    }
}

impl Display for SuiteReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let width = self.cards.iter().map(|name| name.len()).max().unwrap_or_default().max(4);
        writeln!(f, "   {:<width$}  pass  differs  open  failed  not meant", "card")?;
        for (number, card) in self.cards.iter().enumerate() {
            let count = |cell| self.count(number, cell);
            writeln!(
                f,
                "{}  {card:<width$}  {:>4}  {:>7}  {:>4}  {:>6}  {:>9}",
                Self::letter(number),
                count(Cell::Pass),
                count(Cell::Differs),
                count(Cell::Open),
                count(Cell::Failed),
                count(Cell::NotMeant),
            )?;
        }
        for failure in self.runs.iter().flat_map(RunReport::failures) {
            writeln!(f, "{failure}")?;
        }
        Ok(())
    }
}
