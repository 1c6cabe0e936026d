//! Files with random changes, and random bytes: never a panic.

use cpu_x86::Mode;
use portcls_driver_file::image::{FILE_LIMIT, IMAGE_LIMIT, Image, ImageError};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::builder::Builder;

/// Checks the error line of a refused file, and the promises of an image's functions.
fn check(file: &[u8]) {
    let mut image = match Image::parse(file) {
        Ok(image) => image,
        Err(error) => {
            let line = error.to_string();
            assert!(!line.contains('\n') && line.contains(';'), "one line with a mend: {line}");
            return;
        }
    };
    assert!(image.size() <= IMAGE_LIMIT);
    let held: usize = image.contents().map(|(_, bytes)| bytes.len()).sum();
    assert!(held <= image.size() as usize, "an image holds no more than its size in memory");
    let mut end = 0;
    for region in image.regions() {
        assert!(region.rva >= end && region.size > 0, "regions lie apart and in order");
        end = region.rva + region.size;
    }
    assert!(end <= image.size());
    for import in image.imports() {
        assert!(image.read_pointer(import.slot_rva).is_some());
    }
    for export in image.exports() {
        assert!(image.section_at(export.rva).is_some());
    }
    if image.relocate(0x4000_0000).is_ok() {
        assert_eq!(image.base(), 0x4000_0000);
    }
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Bits32), Just(Mode::Bits64)]
}

/// A position that is in the headers and tables more often than in code.
fn position() -> impl Strategy<Value = usize> {
    prop_oneof![0x80..0x240_usize, 0x600..0x900_usize, 0xE00..0x1200_usize, 0..0x1200_usize]
}

/// Numbers. Most numbers are extreme.
fn value() -> impl Strategy<Value = u32> {
    prop_oneof![
        Just(0),
        Just(u32::MAX),
        Just(i32::MAX as u32),
        Just(0x8000_0000),
        0..0x6000_u32,
        any::<u32>(),
        (0..32_u32).prop_map(|bit| 1 << bit),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_file_gives_an_error_or_a_sound_image(
        mode in mode(),
        changes in vec((position(), value()), 1..6),
    ) {
        let mut file = Builder::driver(mode).build();
        for (at, value) in changes {
            let at = at.min(file.len() - 4);
            file[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        check(&file);
    }

    #[test]
    fn random_bytes_give_an_error(bytes in vec(any::<u8>(), 0..600)) {
        prop_assert!(Image::parse(&bytes).is_err());
        check(&bytes);
        let mut with_header = b"MZ".to_vec();
        with_header.extend_from_slice(&bytes);
        check(&with_header);
    }
}

#[test]
fn a_file_that_ends_anywhere_gives_an_error() {
    for mode in [Mode::Bits32, Mode::Bits64] {
        let file = Builder::driver(mode).build();
        for length in 0..file.len() {
            let error = Image::parse(&file[..length]).expect_err("a part is no driver");
            assert!(
                matches!(error, ImageError::Truncated { .. } | ImageError::NotAnImage { .. }),
                "{length:X} bytes: {error}"
            );
        }
    }
}

#[test]
fn a_file_beyond_the_limit_is_not_looked_at() {
    let file = vec![b'M'; FILE_LIMIT + 1];
    assert!(matches!(Image::parse(&file), Err(ImageError::Limit { name: "FILE_LIMIT", .. })));
}
