//! Names and lines of the test drivers. The lines are compared with addr2line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use portcls_driver_file::image::Image;
use portcls_driver_file::symbols::Symbols;

fn drivers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../drivers")
}

/// A folder with the driver uart, built for x64 and x86, each with its symbols in a file beside it.
struct Built {
    folder: tempfile::TempDir,
}

/// A target, its compiler, and the judge from the same package.
const TARGETS: [(&str, &str, &str); 2] = [
    ("x64", "x86_64-w64-mingw32-g++-win32", "x86_64-w64-mingw32-addr2line"),
    ("x86", "i686-w64-mingw32-g++-win32", "i686-w64-mingw32-addr2line"),
];

/// The drivers, built once for all tests. `None` if a compiler is missing, and `has_program` then
/// reports this.
fn built() -> Option<&'static Built> {
    static BUILT: OnceLock<Option<Built>> = OnceLock::new();
    BUILT.get_or_init(Built::new).as_ref()
}

impl Built {
    fn new() -> Option<Built> {
        for (_, compiler, _) in TARGETS {
            if !portcls_test_tools::has_program(compiler, "--version", ".ci/run installs it") {
                return None;
            }
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let output = Command::new("bash")
            .arg(drivers().join("build.sh"))
            .args(["-k", "-o"])
            .arg(folder.path())
            .args(TARGETS.map(|(target, _, _)| format!("{target}/uart")))
            .output()
            .expect("bash is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(Built { folder })
    }

    fn file(&self, target: &str, name: &str) -> PathBuf {
        self.folder.path().join(target).join(name)
    }

    fn load(&self, target: &str) -> (Image, Symbols) {
        let path = self.file(target, "uart.sys");
        let driver = fs::read(&path).expect("the driver");
        let image = Image::parse(&driver).expect("a good driver");
        let symbols = Symbols::beside(&path, &image, &driver);
        (image, symbols)
    }
}

#[test]
fn every_line_is_the_one_that_binutils_tells() {
    let Some(built) = built() else { return };
    for (target, _, judge) in TARGETS {
        let (image, symbols) = built.load(target);
        assert_eq!(symbols.notes(), [""; 0]);
        let code: Vec<u32> = image
            .sections()
            .iter()
            .filter(|section| [".text", "PAGE"].contains(&section.name.as_str()))
            .flat_map(|section| (section.rva..section.rva + section.size).step_by(7))
            .collect();
        let addresses = code.iter().map(|rva| image.preferred_base() + u64::from(*rva));
        let output = Command::new(judge)
            .arg("-e")
            .arg(built.file(target, "uart.debug"))
            .args(addresses.map(|address| format!("{address:#x}")))
            .output()
            .expect("it comes with the compiler");
        let answers = String::from_utf8(output.stdout).expect("text");
        let mut compared = 0;
        for (rva, answer) in code.iter().zip(answers.lines()) {
            let answer = answer.split(" (discriminator").next().unwrap_or_default();
            let theirs = answer.rsplit('/').next().unwrap_or_default();
            let place = symbols.place(&image, *rva);
            let Some(ours) = place.lines.first() else { continue };
            if !theirs.ends_with(":?") && !theirs.ends_with(":0") {
                assert_eq!(format!("{}:{}", ours.file, ours.line), theirs, "{target} {place}");
                compared += 1;
            }
        }
        assert!(compared > 500, "{compared} lines were compared");
    }
}

#[test]
fn functions_carry_their_programmers_names() {
    let Some(built) = built() else { return };
    for (target, _, _) in TARGETS {
        let (image, symbols) = built.load(target);
        let place = symbols.place(&image, image.entry_rva());
        assert!(place.to_string().starts_with("uart!DriverEntry [adapter.cpp @ "), "{place}");
        let inside = symbols.place(&image, image.entry_rva() + 4);
        assert!(inside.to_string().starts_with("uart!DriverEntry+4 [adapter.cpp @ "), "{inside}");
        let text = image.section_at(0x1000).expect("code");
        let names: std::collections::BTreeSet<String> = (text.rva..text.rva + text.size)
            .filter_map(|rva| symbols.place(&image, rva).function)
            .map(|function| function.name)
            .collect();
        assert!(names.contains("UartStream::Write"), "{names:?}");
    }
}

#[test]
fn symbols_of_another_build_are_left_out_with_a_note() {
    let Some(built) = built() else { return };
    let driver = fs::read(built.file("x64", "uart.sys")).expect("the driver");
    let image = Image::parse(&driver).expect("a good driver");
    let mut other = fs::read(built.file("x64", "uart.debug")).expect("the symbols");
    other[0x650] ^= 0xFF;
    let mut symbols = Symbols::new("uart", &image);
    symbols.add(&image, "uart.debug", &other);
    let note = "uart.debug gives no symbols: it is of another build: the code of .text differs; \
                build both at once";
    assert_eq!(symbols.notes(), [note]);
    symbols.add(&image, "uart.debug", &other[..0x4000]);
    symbols.add(&image, "noise.debug", &[0x55; 100]);
    let notes = symbols.notes()[1..].join("\n");
    assert_eq!(notes.lines().count(), 2, "{notes}");
    assert!(notes.contains("noise.debug gives no symbols: it is no 64-bit image"), "{notes}");
}

#[test]
fn without_symbols_an_address_is_an_offset() {
    let driver = fs::read(drivers().join("bin/x64/uart.sys")).expect("the committed driver");
    let image = Image::parse(&driver).expect("a good driver");
    let symbols = Symbols::new("uart", &image);
    assert_eq!(symbols.place(&image, 0x1020).to_string(), "uart+1020");
    assert_eq!(symbols.place(&image, image.entry_rva()).to_string(), "uart!DriverEntry");
    assert_eq!(symbols.place(&image, 0x5010).to_string(), "uart+5010");
}
