//! Any bytes as a driver's file: an error in one line, or a sound image.

use portcls_machine::driver_file::image::{IMAGE_LIMIT, Image};
use portcls_machine::driver_file::sweep::sweep;
use portcls_machine::driver_file::symbols::Symbols;

use crate::place::check_words;
use crate::seeds::{Seed, files};

/// Reads the file, moves the image, sweeps over its code, and looks for symbols.
pub fn run(input: &[u8]) {
    let mut image = match Image::parse(input) {
        Ok(image) => image,
        Err(error) => return check_words(&error.to_string()),
    };
    let held: usize = image.contents().map(|(_, bytes)| bytes.len()).sum();
    assert!(held <= image.size() as usize && image.size() <= IMAGE_LIMIT);
    let mut end = 0;
    for region in image.regions() {
        assert!(region.rva >= end && region.size > 0, "regions lie apart and in order");
        end = region.rva + region.size;
    }
    assert!(end <= image.size());
    if image.relocate(0x8100_0000).is_ok() {
        sweep(&image).expect("it was moved to where there is room");
    }
    let mut symbols = Symbols::new("driver", &image);
    symbols.add(&image, "the driver", input);
    for export in image.exports() {
        symbols.place(&image, export.rva);
    }
}

/// The small drivers of the project for each processor and C++ ABI, and the larger ones whose names
/// end in `uart`, `services` or `dmus`.
pub fn seeds() -> Vec<Seed> {
    let folders = ["x64", "x86", "msvc-x64"];
    let all = folders.into_iter().flat_map(|folder| {
        let drivers = files(&format!("guest/drivers/bin/{folder}"), "sys");
        drivers.into_iter().map(move |(name, bytes)| (format!("{folder}-{name}"), bytes))
    });
    let is_small = |(_, bytes): &Seed| bytes.len() < 8_000;
    let named = ["uart.sys", "services.sys", "dmus.sys"];
    all.filter(|seed| is_small(seed) || named.iter().any(|name| seed.0.ends_with(name))).collect()
}
