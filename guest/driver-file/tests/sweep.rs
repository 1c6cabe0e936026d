//! The sweep over code: it finds refused instructions before the driver runs.

use cpu_x86::Mode;
use portcls_driver_file::image::Image;
use portcls_driver_file::sweep::{Reach, Refusal, sweep};

#[path = "image/builder.rs"]
mod builder;

use builder::{BASE, Builder};

fn refusals(builder: &Builder) -> Vec<Refusal> {
    let image = Image::parse(&builder.build()).expect("a good image");
    sweep(&image).expect("it lies in the address space").refusals
}

fn refusal(rva: u32, text: &str, reach: Reach) -> Refusal {
    Refusal { rva, text: text.to_owned(), reach }
}

/// A driver whose entry is `code`. It has no exports and no relocations, so no other code is known.
fn driver(mode: Mode, code: &[u8]) -> Builder {
    let mut builder = Builder::driver(mode);
    builder.directories[0] = (0, 0);
    builder.directories[5] = (0, 0);
    builder.put(0x1000, code);
    builder
}

#[test]
fn a_refused_instruction_is_named_with_its_address() {
    // fsin; ret
    let builder = driver(Mode::Bits64, &[0xD9, 0xFE, 0xC3]);
    assert_eq!(refusals(&builder), [refusal(0x1000, "fsin", Reach::Reached)]);
}

#[test]
fn calls_and_branches_are_followed() {
    // jz 1010; call 1018; jmp 1020
    let mut builder = driver(Mode::Bits32, &[0x74, 0x0E, 0xE8, 0x11, 0, 0, 0, 0xE9, 0x14, 0, 0, 0]);
    builder.put(0x1010, &[0xD9, 0xFE, 0xC3]);
    builder.put(0x1018, &[0xD9, 0xFF, 0xC3]);
    builder.put(0x1020, &[0xD9, 0xF2, 0xC3]);
    let expected = [
        refusal(0x1010, "fsin", Reach::Reached),
        refusal(0x1018, "fcos", Reach::Reached),
        refusal(0x1020, "fptan", Reach::Reached),
    ];
    assert_eq!(refusals(&builder), expected);
}

#[test]
fn what_only_lies_between_is_told_apart() {
    // ret, then bytes that no instruction leads to
    let builder = driver(Mode::Bits64, &[0xC3, 0xD9, 0xFE]);
    assert_eq!(refusals(&builder), [refusal(0x1001, "fsin", Reach::Between)]);
}

#[test]
fn functions_known_by_their_pointers_are_followed() {
    for mode in [Mode::Bits32, Mode::Bits64] {
        let mut builder = Builder::driver(mode);
        builder.directories[0] = (0, 0);
        builder.put_pointer(0x2100, BASE + 0x1010);
        builder.put(0x1010, &[0xD9, 0xFE]);
        assert_eq!(refusals(&builder), [refusal(0x1010, "fsin", Reach::Reached)]);
    }
    // lea rax, [1010]; ret
    let mut builder = driver(Mode::Bits64, &[0x48, 0x8D, 0x05, 9, 0, 0, 0, 0xC3]);
    builder.put(0x1010, &[0xD9, 0xFE]);
    assert_eq!(refusals(&builder), [refusal(0x1010, "fsin", Reach::Reached)]);
}

#[test]
fn exports_and_the_exception_table_begin_functions() {
    let mut builder = Builder::driver(Mode::Bits64);
    builder.put(0x1020, &[0xD9, 0xFE]);
    assert_eq!(refusals(&builder), [refusal(0x1020, "fsin", Reach::Reached)]);
    builder.directories[0] = (0, 0);
    assert_eq!(refusals(&builder), [refusal(0x1020, "fsin", Reach::Between)]);
    builder.directories[3] = (0x2400, 12);
    builder.put_u32(0x2400, 0x1020);
    builder.put_u32(0x2404, 0x1030);
    assert_eq!(refusals(&builder), [refusal(0x1020, "fsin", Reach::Reached)]);
}
