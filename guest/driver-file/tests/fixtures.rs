//! Facts that the image and the sweep give about the test drivers.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use portcls_driver_file::image::Image;
use portcls_driver_file::sweep::sweep;

fn image(name: &str) -> Image {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../drivers/bin").join(name);
    Image::parse(&fs::read(path).expect("a committed driver")).expect("a good driver")
}

/// Facts that most changes of the driver's code leave as they are.
fn facts(name: &str) -> String {
    let image = image(name);
    let entry = image.section_at(image.entry_rva()).map(|section| &section.name);
    let mut text = format!("{name}, {:?}, entry in {entry:?}\n", image.mode());
    for section in image.sections() {
        let rights: String =
            section.rights.iter_names().filter_map(|(name, _)| name.chars().next()).collect();
        let residence = section.residence;
        writeln!(text, "{:8} {rights:3} {residence:?}", section.name).expect("text");
    }
    for import in image.imports() {
        writeln!(text, "{import}").expect("text");
    }
    writeln!(text, "{:?}", image.load_config()).expect("text");
    text
}

#[test]
fn a_driver_for_x64() {
    insta::assert_snapshot!(facts("x64/uart.sys"));
}

#[test]
fn a_driver_for_x86() {
    insta::assert_snapshot!(facts("x86/uart.sys"));
}

#[test]
fn a_driver_with_the_abi_of_msvc() {
    insta::assert_snapshot!(facts("msvc-x64/uart.sys"));
}

#[test]
fn no_driver_holds_an_instruction_that_is_not_there() {
    for name in ["x64/uart.sys", "x86/uart.sys", "msvc-x64/uart.sys"] {
        let found = sweep(&image(name)).expect("it lies in the address space");
        assert!(found.reached > 1_000, "{name}: {} instructions", found.reached);
        assert_eq!(found.refusals, []);
    }
}
