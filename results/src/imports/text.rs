//! What a driver needs, as text for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::{DriverNeeds, ImportFacts, Status};
use crate::numbers::{counted, grouped};

/// The most places that the text lists for one missing instruction.
const SHOWN_PLACES: usize = 3;

/// The most missing instructions that the text lists of those that the sweep did not reach. Their
/// bytes may be data.
const SHOWN_BETWEEN: usize = 10;

const NAME: Style = Style::new().bold();
const MISSING: Style = AnsiColor::Red.on_default().bold();

pub(super) fn render(needs: &DriverNeeds) -> String {
    needs.render()
}

impl DriverNeeds {
    fn render(&self) -> String {
        let mut text = format!("{NAME}{}{NAME:#}  a driver for {}\n", self.file, self.machine);
        let mut module = "";
        for import in &self.imports {
            if import.module != module {
                module = &import.module;
                let _ = writeln!(text, "\n{NAME}{module}{NAME:#}");
            }
            let name = shown_name(import);
            let _ = match import.status {
                Status::Supported => writeln!(text, "  {name:<44}supported"),
                Status::Data => writeln!(text, "  {name:<44}data"),
                Status::Refuses => writeln!(text, "  {name:<44}{MISSING}refuses{MISSING:#}"),
                Status::Missing => writeln!(text, "  {name:<44}{MISSING}missing{MISSING:#}"),
            };
        }
        self.push_identifiers(&mut text);
        self.push_instructions(&mut text);
        let with = |status| self.imports.iter().filter(|import| import.status == status).count();
        let refusing = match with(Status::Refuses) {
            0 => String::new(),
            1 => ", 1 refuses".to_owned(),
            several => format!(", {several} refuse"),
        };
        let _ = writeln!(
            text,
            "\n{} imported, {} missing{refusing}; {} named, {} not served; {} read, {} missing",
            counted(self.imports.len() as u64, "name"),
            with(Status::Missing),
            counted(self.identifiers.len() as u64, "identifier"),
            self.identifiers.iter().filter(|known| !known.is_served).count(),
            counted(self.instructions.reached, "instruction"),
            self.instructions.missing.iter().filter(|missing| missing.is_reached).count(),
        );
        text
    }

    fn push_identifiers(&self, text: &mut String) {
        if !self.identifiers.is_empty() {
            let _ = writeln!(text, "\n{NAME}classes and interfaces{NAME:#}");
        }
        for known in &self.identifiers {
            let name = known.name;
            let _ = match (known.is_served, known.is_class) {
                (true, _) => writeln!(text, "  {name:<44}served"),
                (false, true) => writeln!(text, "  {name:<44}{MISSING}not served{MISSING:#}"),
                // Drivers also ask for interfaces that some systems do not have. A driver goes on
                // without such an interface, so this line is not red.
                (false, false) => writeln!(text, "  {name:<44}not served"),
            };
        }
    }

    fn push_instructions(&self, text: &mut String) {
        let (reached, between) = (self.by_text(true), self.by_text(false));
        if !reached.is_empty() {
            let _ = writeln!(text, "\n{NAME}instructions{NAME:#}");
        }
        for (instruction, places) in &reached {
            push_instruction(text, instruction, places, "missing");
        }
        if !between.is_empty() {
            let _ = writeln!(text, "\n{NAME}between the code{NAME:#}, and perhaps data");
        }
        for (instruction, places) in between.iter().take(SHOWN_BETWEEN) {
            push_instruction(text, instruction, places, "missing?");
        }
        let more = between.len().saturating_sub(SHOWN_BETWEEN) as u64 + self.instructions.more;
        if more > 0 {
            let _ = writeln!(text, "  and {} more; --format json has them", grouped(more));
        }
    }

    /// The missing instructions by their text, each with its places. `is_reached` chooses between
    /// the instructions that the sweep reached and the others.
    fn by_text(&self, is_reached: bool) -> BTreeMap<&str, Vec<&str>> {
        let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let missing = self.instructions.missing.iter();
        for missing in missing.filter(|missing| missing.is_reached == is_reached) {
            places.entry(&missing.text).or_default().push(&missing.place);
        }
        places
    }
}

fn push_instruction(text: &mut String, instruction: &str, places: &[&str], word: &str) {
    let shown: Vec<&str> = places.iter().copied().take(SHOWN_PLACES).collect();
    let more = match places.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let _ = writeln!(text, "  {instruction:<44}{MISSING}{word}{MISSING:#}");
    let _ = writeln!(text, "    at {}{more}", shown.join(", "));
}

/// The name of an import, or the number of an import without a name.
fn shown_name(import: &ImportFacts) -> String {
    let number = || format!("#{}", import.ordinal.unwrap_or_default());
    import.name.clone().unwrap_or_else(number)
}
