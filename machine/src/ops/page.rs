//! The page of the documentation that shows how every card does in the suite.

use std::fmt::Write;

use super::script::RemarkKind;
use super::suite::{Cell, Row, SuiteReport};

const HEAD: &str = "\
# Cards by scenario

This page is made from the scripts in `hw-mpu401/ops`, and a test compares the two. Every scenario
is run on every card; `portcls-emu cards --check` runs them on your machine. The format of the
scripts is described in [ops.md](ops.md).

| cell | meaning |
|---|---|
| pass | the card does what the scenario expects of every card |
| differs | the card is made otherwise, and does as is expected of it; the ground stands below |
| open | nobody has compared it with a real card: what is expected is what the model assumes |
| - | the scenario is not meant for the card |
| FAILED | the model does not do what is expected |
";

impl SuiteReport {
    /// The page, in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = HEAD.to_owned();
        for like in &self.likes {
            let others = like.others.join(", ");
            // A String takes everything.
            let _ = writeln!(text, "\nTaken to be like {}, and so open: {others}.", like.known);
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

    fn push_table(&self, text: &mut String, file: &str) {
        // A String takes everything.
        let _ = writeln!(text, "\n## {file}\n");
        let _ = writeln!(text, "| # | scenario | {} |", self.cards.join(" | "));
        let _ = writeln!(text, "|---|---|{}", "---|".repeat(self.cards.len()));
    }

    /// The grounds of a file's scenarios.
    fn push_remarks(&self, text: &mut String, file: &str) {
        text.push('\n');
        let rows = self.rows.iter().enumerate().filter(|(_, row)| row.file == file);
        for (number, row) in rows {
            let scenario = &row.scenario;
            // A String takes everything.
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
    // A String takes everything.
    let _ = write!(text, "| {number} | {} |", row.scenario.title);
    for cell in &row.cells {
        let word = match cell {
            Cell::Pass => "pass",
            Cell::Differs => "differs",
            Cell::Open => "open",
            Cell::NotMeant => "-",
            Cell::Failed => "FAILED",
        };
        let _ = write!(text, " {word} |");
    }
    text.push('\n');
}
