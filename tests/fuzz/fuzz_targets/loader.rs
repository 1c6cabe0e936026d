//! Any bytes as a driver's file: an error in one line, or a valid image.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcls_machine::driver_file::image::{IMAGE_LIMIT, Image};
use portcls_machine::driver_file::sweep::sweep;
use portcls_machine::driver_file::symbols::Symbols;

fuzz_target!(|file: &[u8]| {
    let mut image = match Image::parse(file) {
        Ok(image) => image,
        Err(error) => {
            let line = error.to_string();
            assert!(!line.contains('\n') && line.contains(';'), "{line}");
            return;
        }
    };
    let held: usize = image.contents().map(|(_, bytes)| bytes.len()).sum();
    assert!(held <= IMAGE_LIMIT as usize);
    if image.relocate(0x8100_0000).is_ok() {
        sweep(&image).expect("it was moved to where there is room");
    }
    let mut symbols = Symbols::new("driver", &image);
    symbols.add(&image, "the driver", file);
    for export in image.exports() {
        symbols.place(&image, export.rva);
    }
});
