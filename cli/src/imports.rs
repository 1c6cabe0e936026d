//! `imports`: what a compiled driver needs, and what of it is missing here.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use portcls_machine::driver_file::image::{Image, Import, ImportName, Mode};
use portcls_machine::driver_file::sweep::{Reach, sweep};
use portcls_machine::driver_file::symbols::Symbols;
use portcls_machine::guest::import::{self, Found};
use serde::Serialize;

use crate::arguments::{Format, ImportsArguments};
use crate::console::Console;
use crate::driver::read_image;
use crate::failure::{Exit, Failure};
use crate::figures::{counted, grouped};
use crate::input::Input;
use crate::summary::json;

/// The version of the JSON.
const VERSION: u32 = 1;

/// Addresses that the text lists for one instruction; the JSON has all addresses.
const SHOWN_PLACES: usize = 3;

/// Different missing instructions that the text lists for the bytes between the code.
const SHOWN_BETWEEN: usize = 10;

const NAME: Style = Style::new().bold();
const MISSING: Style = AnsiColor::Red.on_default().bold();

/// Everything that the verb says of a driver.
#[derive(Serialize, Debug)]
struct DriverNeeds {
    version: u32,
    file: String,
    /// `x64` or `x86`.
    machine: &'static str,
    is_complete: bool,
    imports: Vec<ImportFacts>,
    instructions: InstructionFacts,
}

/// One import.
#[derive(Serialize, Debug)]
struct ImportFacts {
    module: String,
    name: Option<String>,
    ordinal: Option<u16>,
    status: Status,
}

/// Whether the emulator has an import.
#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
enum Status {
    /// A routine that the emulator has.
    Supported,
    /// A variable that the emulator has.
    Data,
    /// Neither of the two: a run ends when the driver calls the import.
    Missing,
}

/// What the sweep over the code found.
#[derive(Serialize, Debug)]
struct InstructionFacts {
    reached: u64,
    missing: Vec<MissingFacts>,
    /// The number of missing instructions beyond the limit of the list.
    more: u64,
}

/// An instruction that the emulator does not have.
#[derive(Serialize, Debug)]
struct MissingFacts {
    /// The offset in the image, in hexadecimal.
    offset: String,
    place: String,
    text: String,
    /// False for an instruction in bytes that may be data.
    is_reached: bool,
}

/// Lists what the driver needs.
///
/// # Errors
/// [`Failure`]: a file that cannot be read or is no driver; a stdout that cannot be written.
pub fn run(arguments: &ImportsArguments) -> Result<Exit, Failure> {
    let needs = needs(&arguments.file)?;
    let text = match arguments.format {
        Format::Text => needs.text(),
        Format::Json => json(&needs),
    };
    Console::Stdout.print(&text)?;
    Ok(if needs.is_complete { Exit::Good } else { Exit::CheckFailed })
}

fn needs(input: &Input) -> Result<DriverNeeds, Failure> {
    let name = input.name();
    let (image, bytes) = read_image(input)?;
    let symbols = match input {
        Input::File(path) => Symbols::beside(path, &image, &bytes),
        Input::Stdin => Symbols::new("driver", &image),
    };
    let imports: Vec<ImportFacts> = image.imports().iter().map(ImportFacts::new).collect();
    let instructions = InstructionFacts::new(&image, &symbols);
    let has_imports = imports.iter().all(|import| import.status != Status::Missing);
    let has_instructions = !instructions.missing.iter().any(|missing| missing.is_reached);
    Ok(DriverNeeds {
        version: VERSION,
        file: name,
        machine: if image.mode() == Mode::Bits64 { "x64" } else { "x86" },
        is_complete: has_imports && has_instructions,
        imports,
        instructions,
    })
}

impl ImportFacts {
    fn new(import: &Import) -> ImportFacts {
        let (name, ordinal, found) = match &import.name {
            ImportName::Name(name) => {
                (Some(name.clone()), None, import::find(&import.module, name))
            }
            ImportName::Ordinal(number) => (None, Some(*number), None),
        };
        let status = match found {
            Some(Found::Routine(_)) => Status::Supported,
            Some(Found::Data(_)) => Status::Data,
            None => Status::Missing,
        };
        ImportFacts { module: import.module.clone(), name, ordinal, status }
    }

    fn shown_name(&self) -> String {
        let number = || format!("#{}", self.ordinal.unwrap_or_default());
        self.name.clone().unwrap_or_else(number)
    }
}

impl InstructionFacts {
    fn new(image: &Image, symbols: &Symbols) -> InstructionFacts {
        // The sweep needs room above the image's base. A parsed image has that room at its
        // preferred base; if not, a copy of the image is moved.
        let mut moved = image.clone();
        let found = sweep(image).or_else(|error| {
            moved.relocate(0x1_0000).map_err(|_| error)?;
            sweep(&moved)
        });
        let Ok(found) = found else {
            return InstructionFacts { reached: 0, missing: Vec::new(), more: 0 };
        };
        let missing = found.refusals.into_iter().map(|refusal| MissingFacts {
            offset: format!("{:X}", refusal.rva),
            place: symbols.place(image, refusal.rva).to_string(),
            text: refusal.text,
            is_reached: refusal.reach == Reach::Reached,
        });
        InstructionFacts { reached: found.reached, missing: missing.collect(), more: found.more }
    }
}

impl DriverNeeds {
    fn text(&self) -> String {
        let mut text = format!("{NAME}{}{NAME:#}  a driver for {}\n", self.file, self.machine);
        let mut module = "";
        for import in &self.imports {
            if import.module != module {
                module = &import.module;
                let _ = writeln!(text, "\n{NAME}{module}{NAME:#}");
            }
            let name = import.shown_name();
            let _ = match import.status {
                Status::Supported => writeln!(text, "  {name:<44}supported"),
                Status::Data => writeln!(text, "  {name:<44}data"),
                Status::Missing => writeln!(text, "  {name:<44}{MISSING}missing{MISSING:#}"),
            };
        }
        self.push_instructions(&mut text);
        let missing = self.imports.iter().filter(|import| import.status == Status::Missing);
        let _ = writeln!(
            text,
            "\n{} imported, {} missing; {} read, {} missing",
            counted(self.imports.len() as u64, "name"),
            missing.count(),
            counted(self.instructions.reached, "instruction"),
            self.instructions.missing.iter().filter(|missing| missing.is_reached).count(),
        );
        text
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

    /// The places of each missing instruction.
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
