//! What a compiled driver needs, and what the emulator lacks.
//!
//! `text` writes the facts as text for people.

mod text;

use portcls_machine::driver_file::image::{Image, Import, ImportName, Mode};
use portcls_machine::driver_file::sweep::{Reach, Sweep, sweep};
use portcls_machine::driver_file::symbols::Symbols;
use portcls_machine::emulator::Kernel;
use portcls_machine::guest::import::identifiers::{
    Identifier, IdentifierKind, identifiers, is_served, only_refuses,
};
use portcls_machine::guest::import::{self, Found};
use portcls_machine::{MachineBuilder, MachineError};
use serde::Serialize;

/// The version of the JSON.
const VERSION: u32 = 1;

/// Everything that the verb says about a driver.
#[derive(Serialize, Debug)]
pub struct DriverNeeds {
    version: u32,
    file: String,
    /// `x64` or `x86`.
    machine: &'static str,
    is_complete: bool,
    imports: Vec<ImportFacts>,
    /// The classes and interfaces that the code works with.
    identifiers: Vec<IdentifierFacts>,
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
    /// A routine that refuses every request of the driver.
    Refuses,
    /// The emulator does not have the import: a run ends when the driver calls it.
    Missing,
}

/// A class or an interface of PortCls that the driver works with.
#[derive(Serialize, Debug)]
struct IdentifierFacts {
    name: &'static str,
    guid: String,
    is_class: bool,
    is_served: bool,
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
    /// False if the sweep did not reach the instruction from other code. Its bytes may be data.
    is_reached: bool,
}

impl DriverNeeds {
    /// Finds what a driver needs. `file` is the name of its file; `symbols` gives names to its
    /// addresses.
    ///
    /// # Errors
    /// [`MachineError`]: the machine that lists the routines cannot be built.
    pub fn new(
        file: String,
        image: &Image,
        symbols: &Symbols,
    ) -> Result<DriverNeeds, MachineError> {
        let machine = MachineBuilder::new().build()?;
        let kernel = machine.kernel();
        let imports = image.imports().iter().map(|import| ImportFacts::new(kernel, import));
        let imports: Vec<ImportFacts> = imports.collect();
        let found = swept(image);
        let identifiers = IdentifierFacts::all(kernel, image, found.as_ref());
        let instructions = InstructionFacts::new(image, symbols, found);
        let has_imports =
            imports.iter().all(|import| matches!(import.status, Status::Supported | Status::Data));
        let has_classes = identifiers.iter().all(|known| known.is_served || !known.is_class);
        let has_instructions = !instructions.missing.iter().any(|missing| missing.is_reached);
        Ok(DriverNeeds {
            version: VERSION,
            file,
            machine: if image.mode() == Mode::Bits64 { "x64" } else { "x86" },
            is_complete: has_imports && has_classes && has_instructions,
            imports,
            identifiers,
            instructions,
        })
    }

    /// True if nothing is missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// The needs as text for people.
    #[must_use]
    pub fn text(&self) -> String {
        text::render(self)
    }
}

impl ImportFacts {
    fn new(kernel: &Kernel, import: &Import) -> ImportFacts {
        let (name, ordinal, found) = match &import.name {
            ImportName::Name(name) => {
                (Some(name.clone()), None, import::find(&import.module, name))
            }
            ImportName::Ordinal(number) => (None, Some(*number), None),
        };
        let status = match found {
            Some(found) if only_refuses(kernel, &found) => Status::Refuses,
            Some(Found::Routine(_)) => Status::Supported,
            Some(Found::Data(_)) => Status::Data,
            None => Status::Missing,
        };
        ImportFacts { module: import.module.clone(), name, ordinal, status }
    }
}

impl IdentifierFacts {
    fn all(kernel: &Kernel, image: &Image, found: Option<&Sweep>) -> Vec<IdentifierFacts> {
        let Some(Sweep { constants, .. }) = found else { return Vec::new() };
        let named =
            identifiers().filter(|known| constants.name_identifier(image, &known.guid.to_bytes()));
        named.map(|known| IdentifierFacts::new(kernel, &known)).collect()
    }

    fn new(kernel: &Kernel, known: &Identifier) -> IdentifierFacts {
        IdentifierFacts {
            name: known.name,
            guid: known.guid.to_string(),
            is_class: known.kind == IdentifierKind::Class,
            is_served: is_served(kernel, known),
        }
    }
}

/// The sweep over the code; `None` if the image fits at no base.
fn swept(image: &Image) -> Option<Sweep> {
    // The sweep needs room above the image's base. The preferred base usually leaves this room. If
    // it does not, the function moves a copy of the image to another base and sweeps the copy.
    let mut moved = image.clone();
    let found = sweep(image).or_else(|error| {
        moved.relocate(0x1_0000).map_err(|_| error)?;
        sweep(&moved)
    });
    found.ok()
}

impl InstructionFacts {
    fn new(image: &Image, symbols: &Symbols, found: Option<Sweep>) -> InstructionFacts {
        let Some(found) = found else {
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
