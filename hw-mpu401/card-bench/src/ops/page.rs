//! The page of the documentation that says what each card does, and why.

use std::fmt::Write;

use super::ground::{Ground, Strength};
use super::recipe::{self, RecipeHost};
use super::script::RemarkKind;
use super::suite::{Cell, Row, SuiteReport};

const HEAD: &str = "\
# Cards by scenario

Each card is a specification that can be run. This page is made from the scripts in
`hw-mpu401/ops`, and a test compares the two. Every scenario is run on every card;
`portcls-emu cards --check` runs them on your machine. The format of the scripts is described in
[ops.md](ops.md).

A row is a behaviour, a column is a card, and a cell says how surely the card is known to behave as
the program shows it. The sources stand below each table. Where two sources differ, both stand
there.

";

const MEASURED: &str = "
*Measured* means: firmware 1.5A of the Roland MPU-401 ran in an emulator of its microcontroller, a
6801, and the host port and MIDI OUT were watched. The gate array around the microcontroller was
not there. So nothing that the gate array decides was measured: bits 5 to 0 of STATUS, how the
interrupt line follows a byte, and what happens when the host and the unit access a latch at the
same time. No unit of hardware was on the bench.

An open cell can be closed by a person who has the card. Below each table stands the command that
turns the scripts into a recipe for the real card, and [ops.md](ops.md) says how the results come
back.
";

impl SuiteReport {
    /// The page, in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = HEAD.to_owned();
        push_legend(&mut text);
        text.push_str(MEASURED);
        self.push_cards(&mut text);
        for like in &self.likes {
            let others = like.others.join(", ");
            // Writing to a String cannot fail.
            let _ = writeln!(text, "\nTaken to be like {}: {others}.", like.known);
        }
        let mut file = "";
        for (number, row) in self.rows.iter().enumerate() {
            if row.file != file {
                file = &row.file;
                self.push_table(&mut text, file);
            }
            push_row(&mut text, number + 1, row);
            let is_last = self.rows.get(number + 1).is_none_or(|next| next.file != *file);
            if is_last {
                self.push_grounds(&mut text, file);
                self.push_recipe(&mut text, file);
            }
        }
        text
    }

    /// Adds a table of the cards: the number of each card's column, and how many cells the card has
    /// of each strength, open, and not meant.
    fn push_cards(&self, text: &mut String) {
        type Count = (&'static str, fn(Cell) -> bool);
        const COUNTS: [Count; 7] = [
            ("measured", |cell| has(cell, Strength::Measured)),
            ("sheet", |cell| has(cell, Strength::Sheet)),
            ("driver", |cell| has(cell, Strength::Driver)),
            ("log", |cell| has(cell, Strength::Log)),
            ("assumed", |cell| has(cell, Strength::Assumed)),
            ("open", |cell| cell == Cell::Open),
            ("not meant", |cell| cell == Cell::NotMeant),
        ];
        let heads = COUNTS.map(|(head, _)| head);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n| | card | {} |", heads.join(" | "));
        let _ = writeln!(text, "|---|---|{}", "---|".repeat(heads.len()));
        for (number, card) in self.cards.iter().enumerate() {
            let counts = COUNTS.map(|(_, is_counted)| self.count(number, is_counted).to_string());
            let _ = writeln!(text, "| {} | {card} | {} |", number + 1, counts.join(" | "));
        }
    }

    fn push_table(&self, text: &mut String, file: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n## {file}\n");
        let numbers: Vec<String> = (1..=self.cards.len()).map(|card| card.to_string()).collect();
        let _ = writeln!(text, "| # | scenario | {} |", numbers.join(" | "));
        let _ = writeln!(text, "|---|---|{}", "---|".repeat(self.cards.len()));
    }

    /// Adds the grounds of a file's scenarios.
    fn push_grounds(&self, text: &mut String, file: &str) {
        text.push('\n');
        for (number, row) in self.rows_of(file) {
            let mut sources = row.scenario.sources.iter();
            // Writing to a String cannot fail.
            let first = sources.next().map(ground_text).unwrap_or_default();
            let _ = writeln!(text, "{}. {first}", number + 1);
            for source in sources {
                let _ = writeln!(text, "   - {}", ground_text(source));
            }
            for remark in &row.scenario.remarks {
                let kind = match remark.kind {
                    RemarkKind::Differs => "Differs",
                    RemarkKind::Open => "Open",
                };
                let _ = writeln!(text, "   - {kind}. {}", ground_text(&remark.ground));
            }
        }
    }

    /// Adds how the open cells of a file can be closed.
    fn push_recipe(&self, text: &mut String, file: &str) {
        let open = |row: &Row| row.cells.contains(&Cell::Open);
        if !self.rows_of(file).any(|(_, row)| open(row)) {
            return;
        }
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "\nTo close an open cell of this table, with the card at hand: \
             `portcls-emu ops hw-mpu401/ops/{file} --card CARD --record linux`."
        );
        let mut left_out: Vec<(&str, Vec<String>)> = Vec::new();
        for (number, row) in self.rows_of(file).filter(|(_, row)| open(row)) {
            for why in recipe::obstacles(&row.scenario, RecipeHost::Linux) {
                let number = (number + 1).to_string();
                match left_out.iter_mut().find(|(other, _)| *other == why) {
                    Some((_, numbers)) => numbers.push(number),
                    None => left_out.push((why, vec![number])),
                }
            }
        }
        for (why, numbers) in left_out {
            let _ = writeln!(text, "- Only in part, because {why}: {}.", numbers.join(", "));
        }
    }

    fn rows_of<'r>(&'r self, file: &'r str) -> impl Iterator<Item = (usize, &'r Row)> {
        self.rows.iter().enumerate().filter(move |(_, row)| row.file == file)
    }
}

fn has(cell: Cell, wanted: Strength) -> bool {
    matches!(cell, Cell::Pass(strength) | Cell::Differs(strength) if strength == Some(wanted))
}

fn push_legend(text: &mut String) {
    text.push_str("| cell | how surely |\n|---|---|\n");
    for strength in Strength::ALL {
        let mark = strength.mark();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| `{mark}` or `{}` | {}: {} |",
            mark.to_ascii_lowercase(),
            strength.word(),
            strength.meaning()
        );
    }
    for (cell, meaning) in Cell::WITHOUT_STRENGTH {
        let _ = writeln!(text, "| `{}` | {meaning} |", cell.mark());
    }
    let _ = writeln!(text, "\n{}", Cell::SMALL_LETTER);
}

/// A ground as a sentence: its strength, its cards and its text.
fn ground_text(ground: &Ground) -> String {
    let strength = ground.strength.map(|strength| capital(strength.word())).unwrap_or_default();
    let cards = ground.cards.join(", ");
    let head = match (strength.is_empty(), cards.is_empty()) {
        (true, true) => return ground.text.clone(),
        (true, false) => cards,
        (false, true) => strength,
        (false, false) => format!("{strength}, {cards}"),
    };
    format!("{head}: {}", ground.text)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

fn push_row(text: &mut String, number: usize, row: &Row) {
    // Writing to a String cannot fail.
    let _ = write!(text, "| {number} | {} |", row.scenario.title);
    for cell in &row.cells {
        let _ = write!(text, " {} |", cell.mark());
    }
    text.push('\n');
}
