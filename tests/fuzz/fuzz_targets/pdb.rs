//! Any bytes as the PDB beside a driver: a note, or names and lines.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portcls_machine::driver_file::image::Image;
use portcls_machine::driver_file::symbols::Symbols;

const DRIVER: &[u8] = include_bytes!("../../../guest/drivers/bin/msvc-x64/null_adapter.sys");

static IMAGE: LazyLock<Image> = LazyLock::new(|| Image::parse(DRIVER).expect("a good driver"));

fuzz_target!(|pdb: &[u8]| {
    let image = &*IMAGE;
    let mut symbols = Symbols::new("driver", image);
    symbols.add(image, "driver.pdb", pdb);
    for section in image.sections() {
        for rva in (section.rva..section.rva + section.size).step_by(16) {
            assert!(symbols.place(image, rva).lines.len() <= 16);
        }
    }
});
