//! The page of the documentation with the results of every card in the suite.

use std::fmt::Write;

use super::script::RemarkKind;
use super::suite::{Cell, Row, SuiteReport};

const HEAD: &str = "\
# Cards by scenario

This page is made from the scripts in `hw-mpu401/ops`, and a test compares the two. Every scenario
is run on every card; `portcls-emu cards --check` runs them on your machine. The format of the
scripts is described in [ops.md](ops.md).

Each card has a letter, and each cell says how the card does in the scenario. The grounds stand
below each table.

";

impl SuiteReport {
    /// The page, in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = HEAD.to_owned();
        self.push_cards(&mut text);
        for like in &self.likes {
            let others = like.others.join(", ");
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "\nTaken to be like {}, and so open where nothing else is said: {others}.",
                like.known
            );
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
                self.push_remarks(&mut text, file);
            }
        }
        text
    }

    /// Adds what the marks mean, and how often each card has each mark.
    fn push_cards(&self, text: &mut String) {
        let heads: Vec<String> =
            Cell::ALL.iter().map(|cell| format!("`{}`", cell.mark())).collect();
        text.push_str("| cell | the card does |\n|---|---|\n");
        for (head, cell) in heads.iter().zip(Cell::ALL) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "| {head} | {} |", cell.meaning());
        }
        let _ = writeln!(text, "\n| | card | {} |", heads.join(" | "));
        let _ = writeln!(text, "|---|---|{}", "---|".repeat(heads.len()));
        for (number, card) in self.cards.iter().enumerate() {
            let counts = Cell::ALL.map(|cell| self.count(number, cell).to_string());
            let _ =
                writeln!(text, "| {} | {card} | {} |", Self::letter(number), counts.join(" | "));
        }
    }

    fn push_table(&self, text: &mut String, file: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n## {file}\n");
        let letters: Vec<String> =
            (0..self.cards.len()).map(|card| Self::letter(card).to_string()).collect();
        let _ = writeln!(text, "| # | scenario | {} |", letters.join(" | "));
        let _ = writeln!(text, "|---|---|{}", "---|".repeat(self.cards.len()));
    }

    /// Adds the grounds of a file's scenarios.
    fn push_remarks(&self, text: &mut String, file: &str) {
        text.push('\n');
        let rows = self.rows.iter().enumerate().filter(|(_, row)| row.file == file);
        for (number, row) in rows {
            let scenario = &row.scenario;
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}. {}", number + 1, scenario.source);
            for remark in &scenario.remarks {
                let kind = match remark.kind {
                    RemarkKind::Differs => "Differs",
                    RemarkKind::Open => "Open",
                };
                let cards = remark.cards.join(", ");
                let _ = writeln!(text, "   - {kind}, {cards}: {}", remark.text);
            }
        }
    }
}

fn push_row(text: &mut String, number: usize, row: &Row) {
    // Writing to a String cannot fail.
    let _ = write!(text, "| {number} | {} |", row.scenario.title);
    for cell in &row.cells {
        let _ = write!(text, " {} |", cell.mark());
    }
    text.push('\n');
}
