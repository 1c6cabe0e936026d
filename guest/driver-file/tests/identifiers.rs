//! An identifier counts if code or a pointer leads to it.

use cpu_x86::Mode;
use portcls_driver_file::identifiers::Identifier;
use portcls_driver_file::image::Image;
use portcls_driver_file::sweep::sweep;

#[path = "image/builder.rs"]
#[allow(dead_code, reason = "shared with the tests of the image")]
mod builder;

use builder::{BASE, Builder};

/// CLSID_PortTopology.
const TOPOLOGY: Identifier = [
    0x32, 0x0A, 0xC9, 0xB4, 0x91, 0x57, 0xD0, 0x11, 0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44,
];

/// Whether a driver works with the identifier, which lies at 2300. The code at the driver's entry
/// is `code`, and the driver has a relocated pointer at 2100 with the value `pointer`.
fn is_named(mode: Mode, pointer: u64, code: &[u8]) -> bool {
    let mut builder = Builder::driver(mode);
    builder.put(0x2300, &TOPOLOGY);
    builder.put_pointer(0x2100, pointer);
    builder.put(0x1000, code);
    let image = Image::parse(&builder.build()).expect("a good image");
    let found = sweep(&image).expect("it lies in the address space");
    found.constants.name_identifier(&image, &TOPOLOGY)
}

#[test]
fn an_identifier_that_only_lies_in_the_image_is_not_named() {
    for mode in [Mode::Bits32, Mode::Bits64] {
        assert!(!is_named(mode, BASE + 0x1010, &[0xC3]));
        // A pointer into the middle of the identifier does not point to the identifier.
        assert!(!is_named(mode, BASE + 0x2304, &[0xC3]));
    }
}

#[test]
fn a_pointer_to_an_identifier_names_it() {
    for mode in [Mode::Bits32, Mode::Bits64] {
        assert!(is_named(mode, BASE + 0x2300, &[0xC3]));
    }
}

#[test]
fn an_instruction_with_the_address_of_an_identifier_names_it() {
    // lea rdx, [2300]; ret; and cmp rax, [2300]; ret
    assert!(is_named(Mode::Bits64, BASE + 0x1010, &[0x48, 0x8D, 0x15, 0xF9, 0x12, 0, 0, 0xC3]));
    assert!(is_named(Mode::Bits64, BASE + 0x1010, &[0x48, 0x3B, 0x05, 0xF9, 0x12, 0, 0, 0xC3]));
    // The lea after the end of the function: no branch leads to it.
    assert!(!is_named(
        Mode::Bits64,
        BASE + 0x1010,
        &[0xC3, 0x48, 0x8D, 0x15, 0xF8, 0x12, 0, 0, 0xC3]
    ));
}

#[test]
fn an_identifier_in_the_numbers_of_the_code_is_named() {
    // mov rax, the first half; ret
    let wide = [&[0x48, 0xB8][..], &TOPOLOGY[..8], &[0xC3]].concat();
    assert!(is_named(Mode::Bits64, BASE + 0x1010, &wide));
    // cmp eax, each quarter; ret
    let compared = |quarters: usize| {
        let quarters = TOPOLOGY.chunks(4).take(quarters);
        let mut code: Vec<u8> = quarters.flat_map(|quarter| [&[0x3D], quarter].concat()).collect();
        code.push(0xC3);
        code
    };
    assert!(is_named(Mode::Bits32, BASE + 0x1010, &compared(4)));
    assert!(!is_named(Mode::Bits32, BASE + 0x1010, &compared(3)), "another one begins so too");
}
