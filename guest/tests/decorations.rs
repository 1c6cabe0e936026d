//! Words and conventions of the routines, compared with x86 import libraries.
//!
//! A library decorates the name of a routine with the bytes of its arguments: `_KeSetEvent@12` is
//! stdcall, `@IofCallDriver@8` is fastcall. mingw-w64 has such libraries for the kernel, the HAL
//! and kernel streaming. For PortCls, our test drivers are linked with `portcls.def`.

use std::process::Command;

use portcls_guest::Convention;
use portcls_guest::import::{Found, find};

const NM: &str = "i686-w64-mingw32-nm";

/// The parts of a decorated name: the name, the convention, the number of 32-bit words. `None` for
/// a symbol of another form.
fn taken_apart(symbol: &str) -> Option<(&str, Convention, u8)> {
    let (decorated, bytes) = symbol.rsplit_once('@')?;
    let words = bytes.parse::<u8>().ok()? / 4;
    match decorated.strip_prefix('@') {
        Some(name) => Some((name, Convention::Fastcall, words)),
        None => Some((decorated.strip_prefix('_')?, Convention::Stdcall, words)),
    }
}

/// Checks each routine of a module that has one of these names. Returns how many were checked.
fn judged<'a>(module: &str, symbols: impl Iterator<Item = &'a str>) -> usize {
    let mut count = 0;
    for (name, convention, words) in symbols.filter_map(taken_apart) {
        if let Some(Found::Routine(routine)) = find(module, name) {
            assert_eq!((routine.convention, routine.words), (convention, words), "{name}");
            count += 1;
        }
    }
    count
}

#[test]
fn the_routines_of_the_kernel_take_what_their_import_libraries_say() {
    if !portcls_test_tools::has_program(NM, "--version", "binutils of mingw-w64 for i686") {
        return;
    }
    for (module, library, at_least) in
        [("ntoskrnl.exe", "ntoskrnl", 80), ("hal.dll", "hal", 10), ("ks.sys", "ks", 5)]
    {
        let path = format!("/usr/i686-w64-mingw32/lib/lib{library}.a");
        let output = Command::new(NM).arg(&path).output().expect("it starts");
        assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
        let listing = String::from_utf8(output.stdout).expect("a listing");
        let symbols = listing.lines().filter_map(|line| line.split_once(" T ")).map(|row| row.1);
        let count = judged(module, symbols);
        assert!(count >= at_least, "{module}: only {count} routines were found in {path}");
    }
}

#[test]
fn the_routines_of_portcls_take_what_the_drivers_are_linked_with() {
    let names = include_str!("../drivers/portcls.def").lines().skip(2);
    let symbols: Vec<String> = names.map(|name| format!("_{name}")).collect();
    assert_eq!(judged("portcls.sys", symbols.iter().map(String::as_str)), symbols.len());
}
