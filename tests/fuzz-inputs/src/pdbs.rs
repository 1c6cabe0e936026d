//! Any bytes as the PDB beside a driver: a note, or names and lines.

use std::sync::LazyLock;

use portcls_machine::driver_file::image::Image;
use portcls_machine::driver_file::symbols::Symbols;

use crate::seeds::{Seed, files};

const DRIVER: &[u8] = include_bytes!("../../../guest/drivers/bin/msvc-x64/null_adapter.sys");

static IMAGE: LazyLock<Image> = LazyLock::new(|| Image::parse(DRIVER).expect("a good driver"));

/// Reads the PDB, and asks for the names of places in the driver.
pub fn run(input: &[u8]) {
    let image = &*IMAGE;
    let mut symbols = Symbols::new("driver", image);
    symbols.add(image, "driver.pdb", input);
    assert!(symbols.notes().iter().all(|note| !note.contains('\n')));
    for section in image.sections() {
        for rva in (section.rva..section.rva + section.size).step_by(64) {
            assert!(symbols.place(image, rva).lines.len() <= 16);
        }
    }
}

/// The PDB of a driver of the project.
pub fn seeds() -> Vec<Seed> {
    files("guest/drivers/bin/msvc-x64", "pdb")
}
