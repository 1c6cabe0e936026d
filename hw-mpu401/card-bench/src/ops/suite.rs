//! The built-in scenarios, and the results of cards in them.

use std::fmt::{self, Display, Formatter};

use hw_mpu401::conformance::SCRIPTS;
use hw_mpu401::{CardProfile, CardTiming};

use super::ground::{Ground, Strength};
use super::report::{RunReport, ScenarioReport};
use super::run::run_with;
use super::script::{Like, Remark, RemarkKind, Scenario, Script};

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
///
/// A strength is `None` if the script names no ground for the result, or only grounds without a
/// strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cell {
    /// The card behaved as expected, and no remark is about the card.
    Pass(Option<Strength>),
    /// The card behaved unlike other cards, as the suite expects.
    Differs(Option<Strength>),
    /// The card behaved as the model assumes, and no source says whether a real card does.
    Open,
    /// The scenario is not meant for the card.
    NotMeant,
    /// The card did not behave as expected.
    Failed,
}

impl Cell {
    /// The results that have no strength, each with its meaning, for the legend of a table.
    pub const WITHOUT_STRENGTH: [(Self, &str); 3] = [
        (Self::Open, "open: no source says whether a real card does this"),
        (Self::NotMeant, "the scenario is not meant for the card"),
        (Self::Failed, "the program does not do what is expected"),
    ];

    /// What a small letter means, for the legend of a table.
    pub const SMALL_LETTER: &str =
        "A small letter means: this card does otherwise than most cards.";

    /// The mark of this result in a table: the letter of the strength, which is small for a card
    /// that differs. A result without a strength has a mark of its own.
    #[must_use]
    pub fn mark(self) -> char {
        match self {
            Self::Pass(strength) => strength.map_or('=', Strength::mark),
            Self::Differs(strength) => strength.map_or('d', Strength::mark).to_ascii_lowercase(),
            Self::Open => 'o',
            Self::NotMeant => '.',
            Self::Failed => 'F',
        }
    }

    /// Whether the card behaved as expected, and the result is not open.
    #[must_use]
    pub fn has_ground(self) -> bool {
        matches!(self, Self::Pass(_) | Self::Differs(_))
    }

    fn new(scenario: &Scenario, result: &ScenarioReport, card: &str) -> Self {
        match result.has_failed() {
            None => Self::NotMeant,
            Some(true) => Self::Failed,
            Some(false) => Self::of_card(scenario, card),
        }
    }

    /// The result of a card that behaved as expected. A ground counts only for the cards that it
    /// names. A ground that names no card counts for every card.
    fn of_card(scenario: &Scenario, card: &str) -> Self {
        let remarks = |kind| {
            let about = move |remark: &&Remark| remark.kind == kind && remark.ground.is_about(card);
            scenario.remarks.iter().filter(about).map(|remark| &remark.ground)
        };
        if remarks(RemarkKind::Open).next().is_some() {
            return Self::Open;
        }
        if let Some(strength) = strongest(remarks(RemarkKind::Differs)) {
            return Self::Differs(strength);
        }
        let sources = scenario.sources.iter().filter(|source| source.is_about(card));
        match strongest(sources) {
            Some(strength) => Self::Pass(strength),
            None if scenario.sources.is_empty() => Self::Pass(None),
            None => Self::Open,
        }
    }
}

/// The strength of the strongest of these grounds; `None` if there is no ground.
fn strongest<'g>(grounds: impl Iterator<Item = &'g Ground>) -> Option<Option<Strength>> {
    grounds.map(|ground| ground.strength).min_by_key(|strength| (strength.is_none(), *strength))
}

/// The results of the cards in one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The name of the script's file.
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
            let cell = |run: &RunReport| Cell::new(scenario, &run.scenarios[number], &run.card);
            let cells = runs.iter().map(cell).collect();
            report.rows.push(Row { file: script.file.clone(), scenario: scenario.clone(), cells });
        }
        for like in script.likes {
            match report.likes.iter_mut().find(|other| other.known == like.known) {
                None => report.likes.push(like),
                Some(known) => {
                    let new = like.others.into_iter().filter(|card| !known.others.contains(card));
                    let new: Vec<String> = new.collect();
                    known.others.extend(new);
                }
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

    /// How many scenarios gave a card a result for which `is_counted` is true. `card` is the
    /// position of the card among the cards of the report.
    pub fn count(&self, card: usize, is_counted: impl Fn(Cell) -> bool) -> usize {
        self.rows.iter().filter(|row| is_counted(row.cells[card])).count()
    }
}

impl Display for SuiteReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let width = self.cards.iter().map(|name| name.len()).max().unwrap_or_default().max(4);
        writeln!(f, "    {:<width$}  pass  differs  open  failed  not meant", "card")?;
        for (number, card) in self.cards.iter().enumerate() {
            writeln!(
                f,
                "{:>2}  {card:<width$}  {:>4}  {:>7}  {:>4}  {:>6}  {:>9}",
                number + 1,
                self.count(number, |cell| matches!(cell, Cell::Pass(_))),
                self.count(number, |cell| matches!(cell, Cell::Differs(_))),
                self.count(number, |cell| cell == Cell::Open),
                self.count(number, |cell| cell == Cell::Failed),
                self.count(number, |cell| cell == Cell::NotMeant),
            )?;
        }
        for failure in self.runs.iter().flat_map(RunReport::failures) {
            writeln!(f, "{failure}")?;
        }
        Ok(())
    }
}
