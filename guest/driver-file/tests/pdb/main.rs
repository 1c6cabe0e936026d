//! Names and lines from a PDB, and the choice of the PDB.
//!
//! The fixture is a driver from clang and lld, with the C++ ABI of MSVC.

mod damaged;
mod judge;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use portcls_driver_file::image::{FILE_LIMIT, Image, Rights};
use portcls_driver_file::symbols::Symbols;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../drivers/bin/msvc-x64").join(name)
}

fn driver() -> Vec<u8> {
    fs::read(fixture("null_adapter.sys")).expect("the committed driver")
}

fn pdb() -> Vec<u8> {
    fs::read(fixture("null_adapter.pdb")).expect("the committed PDB")
}

/// The driver, with the symbols from its own file and the committed PDB.
fn loaded() -> (Image, Symbols) {
    let image = Image::parse(&driver()).expect("a good driver");
    let symbols = Symbols::beside(&fixture("null_adapter.sys"), &image, &driver());
    assert_eq!(symbols.notes(), [""; 0]);
    (image, symbols)
}

/// The driver, with the symbols from the given PDB.
fn with_pdb(pdb: &[u8]) -> (Image, Symbols) {
    let image = Image::parse(&driver()).expect("a good driver");
    let mut symbols = Symbols::new("null_adapter", &image);
    symbols.add(&image, "null_adapter.pdb", pdb);
    (image, symbols)
}

fn code(image: &Image) -> impl Iterator<Item = u32> {
    let code = image.sections().iter().filter(|section| section.rights.contains(Rights::EXECUTE));
    code.flat_map(|section| section.rva..section.rva + section.size)
}

/// A text such as `file.cpp:12` for each line of an address. The line of the function itself is
/// first.
fn lines_at(image: &Image, symbols: &Symbols, rva: u32) -> Vec<String> {
    let lines = symbols.place(image, rva).lines;
    lines.iter().rev().map(|line| format!("{}:{}", line.file, line.line)).collect()
}

#[test]
fn a_place_is_told_with_function_offset_and_line() {
    let (image, symbols) = loaded();
    let place = symbols.place(&image, image.entry_rva());
    assert_eq!(place.to_string(), "null_adapter!DriverEntry [adapter.cpp @ 56]");
    let inside = symbols.place(&image, image.entry_rva() + 7);
    assert!(
        inside.to_string().starts_with("null_adapter!DriverEntry+7 [adapter.cpp @ "),
        "{inside}"
    );
    let names: BTreeSet<String> = code(&image)
        .filter_map(|rva| symbols.place(&image, rva).function)
        .map(|function| function.name)
        .collect();
    for name in ["NullAdapter::Init", "UartStream::Write", "StartDevice", "operator delete"] {
        assert!(names.contains(name), "{name} is not among {names:#?}");
    }
    assert!(!names.iter().any(|name| name.starts_with('?')), "{names:#?}");
}

#[test]
fn inlined_functions_are_told_innermost_first() {
    let (image, symbols) = loaded();
    // The deepest place: ServeInterrupt calls Drain, Drain calls ReadStatus, ReadStatus calls a
    // function in wdm.h, and this function calls the intrinsic for IN.
    let input = code(&image).find(|&rva| symbols.place(&image, rva).lines.len() == 5);
    let place = symbols.place(&image, input.expect("five functions deep"));
    let files: Vec<&str> = place.lines.iter().map(|line| line.file.as_str()).collect();
    assert_eq!(files, ["intrin.h", "wdm.h", "registers.h", "card.cpp", "card.cpp"]);
    assert_eq!(place.lines[3].line, 32);
    assert_eq!(place.lines[4].line, 23);
    assert_eq!(place.function.expect("a name").name, "Card::ServeInterrupt");
}

#[test]
fn without_modules_the_public_symbols_name_functions() {
    let mut stripped = pdb();
    // The names in the entry of a module are at byte 64, and the number of the module's stream is
    // at byte 34. A module without a stream was stripped.
    for position in find_all(&stripped, b"/drivers/parts.o\0/drivers/parts.o\0") {
        stripped[position - 30..position - 28].copy_from_slice(&[0xFF, 0xFF]);
    }
    let (image, symbols) = with_pdb(&stripped);
    assert_eq!(symbols.notes(), [""; 0]);
    let (_, whole) = loaded();
    let mut compared = 0;
    for rva in code(&image) {
        let place = symbols.place(&image, rva);
        let expected = whole.place(&image, rva).function;
        if let Some((ours, expected)) =
            place.function.zip(expected).filter(|(it, _)| it.offset == 0)
            && !ours.name.contains('`')
        {
            // The reader takes underscores off the front of a public symbol, because a 32-bit
            // compiler may have added them.
            assert_eq!(ours.name, expected.name.trim_start_matches('_'), "{rva:X}");
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared}");
}

fn find_all(bytes: &[u8], wanted: &[u8]) -> Vec<usize> {
    let windows = bytes.windows(wanted.len()).enumerate();
    windows.filter(|(_, window)| *window == wanted).map(|(position, _)| position).collect()
}

#[test]
fn a_pdb_of_another_build_is_left_out_with_a_note() {
    let image = Image::parse(&driver()).expect("a good driver");
    let guid = image.pdb_reference().expect("a reference").guid;
    let mut other = pdb();
    let places = find_all(&other, &guid);
    assert!(!places.is_empty(), "the PDB holds its GUID");
    for place in places {
        other[place] ^= 0xFF;
    }
    let (image, symbols) = with_pdb(&other);
    let notes = symbols.notes().join("\n");
    let begin = "null_adapter.pdb gives no symbols: it is of another build: it is ";
    assert!(notes.starts_with(begin), "{notes}");
    assert!(notes.ends_with("; build both at once"), "{notes}");
    assert!(notes.contains(&image.pdb_reference().expect("a reference").identity()), "{notes}");
    assert_eq!(symbols.place(&image, 0x1000).to_string(), "null_adapter+1000");
}

#[test]
fn a_driver_that_names_no_pdb_takes_none() {
    let bytes = fs::read(fixture("uart.sys")).expect("a driver without a debug directory");
    let image = Image::parse(&bytes).expect("a good driver");
    assert_eq!(image.pdb_reference(), None);
    let mut symbols = Symbols::new("uart", &image);
    symbols.add(&image, "uart.pdb", &pdb());
    let note = "uart.pdb gives no symbols: the driver does not name the PDB that belongs to it; \
                link it with /DEBUG (a debug directory with a CodeView record)";
    assert_eq!(symbols.notes(), [note]);
}

/// Puts driver and PDB into a folder. Returns whether the PDB was used, and the notes.
fn beside(driver_bytes: &[u8], driver_name: &str, pdb_name: &str, pdb: &[u8]) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bin").join(driver_name);
    fs::create_dir(folder.path().join("bin")).expect("a folder");
    fs::write(&path, driver_bytes).expect("the driver is written");
    fs::write(path.with_file_name(pdb_name), pdb).expect("the PDB is written");
    let image = Image::parse(driver_bytes).expect("a good driver");
    let symbols = Symbols::beside(&path, &image, driver_bytes);
    let is_used = !symbols.place(&image, image.entry_rva()).lines.is_empty();
    (is_used, symbols.notes().join("\n"))
}

#[test]
fn the_pdb_has_the_name_of_the_driver_or_the_one_that_the_driver_tells() {
    let used = (true, String::new());
    assert_eq!(beside(&driver(), "null_adapter.sys", "null_adapter.pdb", &pdb()), used);
    assert_eq!(beside(&driver(), "renamed.sys", "renamed.pdb", &pdb()), used);
    assert_eq!(beside(&driver(), "renamed.sys", "null_adapter.pdb", &pdb()), used);
    assert_eq!(beside(&driver(), "renamed.sys", "other.pdb", &pdb()), (false, String::new()));
}

/// The driver with another name for its PDB, written over the old name.
fn driver_that_tells(name: &str) -> Vec<u8> {
    let mut driver = driver();
    let place = find_all(&driver, b"null_adapter.pdb\0")[0];
    driver[place..place + 16].fill(0);
    driver[place..place + name.len()].copy_from_slice(name.as_bytes());
    driver
}

#[test]
fn only_the_last_part_of_the_told_name_counts_and_no_other_folder_is_read() {
    let told = |name| beside(&driver_that_tells(name), "renamed.sys", "a.pdb", &pdb());
    for name in ["C:\\b\\a.pdb", "/b/c/a.pdb", "..\\..\\a.pdb", "c:a.pdb"] {
        assert_eq!(told(name), (true, String::new()), "{name}");
    }
    // No name of a PDB: a name without the ending, a folder, the driver itself, nothing, a path
    // that ends in a slash, the ending alone.
    for name in ["/etc/passwd", "..", "renamed.sys", "", "a.pdb/", ".pdb"] {
        assert_eq!(told(name), (false, String::new()), "{name}");
    }
    // A PDB in a folder that the driver names is not used.
    let (is_used, _) = beside(&driver_that_tells("../a.pdb"), "renamed.sys", "../a.pdb", &pdb());
    assert!(!is_used);
}

#[test]
fn a_pdb_that_is_too_large_is_not_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("null_adapter.sys");
    fs::write(&path, driver()).expect("the driver is written");
    let large = fs::File::create(path.with_extension("pdb")).expect("a file");
    large.set_len(FILE_LIMIT as u64 + 1).expect("a sparse file");
    let image = Image::parse(&driver()).expect("a good driver");
    let symbols = Symbols::beside(&path, &image, &driver());
    let note = "null_adapter.pdb is not read: it has 67108865 bytes, the limit is 67108864 \
                (FILE_LIMIT)";
    assert_eq!(symbols.notes(), [note]);
}
