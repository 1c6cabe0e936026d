//! A driver that dies leaves a report that leads to the place of its mistake.

use std::path::Path;

use portcls_machine::guest::analysis::{Analysis, Kind};
use portcls_machine::{Driver, GuestOptions, Machine};

use crate::broken::live;
use crate::rebuild::build;
use crate::scene::{driver_with, folder, machine};

/// Drivers that end in a bug check or a hang, each with the beginning of its failure bucket. The
/// report also has to name a place in the code.
const DEATHS: [(&str, Kind, &str); 9] = [
    ("deep_recursion", Kind::BugCheck, "0x7F_8_"),
    ("double_free", Kind::BugCheck, "0xC2_7_"),
    ("endless_loop", Kind::Hang, "HANG_"),
    ("lock_kept", Kind::BugCheck, "0xF_"),
    ("null_adapter", Kind::BugCheck, "0x7E_C0000005_"),
    ("paged_ring", Kind::BugCheck, "0xD1_"),
    ("pool_overrun", Kind::BugCheck, "0xD6_"),
    ("use_after_free", Kind::BugCheck, "0xD5_"),
    ("wait_in_write", Kind::BugCheck, "0xB8_"),
];

/// A machine with a broken driver, built with symbols; `None` without the compilers.
fn built_with_symbols(name: &str) -> Option<Machine> {
    let into = Path::new(env!("CARGO_TARGET_TMPDIR")).join("drivers-with-symbols");
    let target = format!("x64/{name}");
    if !build(&into, &["-k", &target]) {
        return None;
    }
    let path = into.join(format!("{target}.sys"));
    let file = std::fs::read(&path).expect("the driver");
    let name = path.to_str().expect("a plain path");
    let driver = Driver::from_sys(name, &file, GuestOptions::default()).expect("a good driver");
    Some(machine("smsc-superio", driver))
}

/// The committed binaries of MinGW have no symbols. With symbols a report names functions and
/// lines.
#[test]
fn symbols_beside_the_driver_name_functions_and_lines() {
    let Some(machine) = built_with_symbols("null_adapter") else { return };
    assert!(live(&machine).is_err());
    let analysis = machine.analysis().expect("a report");
    assert_eq!(analysis.notes, [""; 0]);
    let text = analysis.to_string();
    let stack: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("STACK_TEXT"))
        .filter(|line| line.contains("null_adapter!"))
        .collect();
    assert!(stack[0].contains("null_adapter.cpp @ "), "{text}");
    assert!(stack.iter().any(|line| line.contains("!StartDevice+")), "{text}");
}

/// The report of a driver that dies, with the symbols beside its file.
pub fn report_of(path: &Path) -> Analysis {
    let file = std::fs::read(path).expect("the driver");
    let name = path.to_str().expect("a plain path");
    let driver = Driver::from_sys(name, &file, GuestOptions::default()).expect("a good driver");
    let machine = machine("smsc-superio", driver);
    assert!(live(&machine).is_err());
    machine.analysis().expect("a report")
}

#[test]
fn a_pdb_beside_the_driver_names_functions_and_lines() {
    let path = folder().join("bin/msvc-x64/null_adapter.sys");
    let analysis = report_of(&path);
    assert_eq!(analysis.notes, [""; 0]);
    let text = analysis.to_string();
    let place = "null_adapter!NullAdapter::Init+1F [null_adapter.cpp @ 9]";
    assert!(text.contains(&format!("FAULTING_IP:  {place}\n")), "{text}");
    for line in ["!StartDevice+", "[adapter.cpp @ "] {
        let stack = text.split("STACK_TEXT").nth(1).expect("a stack");
        assert!(stack.contains(line), "{text}");
    }
    let json = serde_json::to_value(&analysis).expect("JSON");
    let location = &json["location"];
    assert_eq!(location["module"], "null_adapter", "{json}");
    assert_eq!(location["function"]["name"], "NullAdapter::Init");
    assert_eq!(location["lines"][0]["file"], "null_adapter.cpp");
    assert_eq!(location["lines"][0]["line"], 9);
}

#[test]
fn a_pdb_of_another_build_is_told_in_the_report() {
    let into = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pdb-of-another-build");
    std::fs::create_dir_all(&into).expect("a folder");
    let committed = folder().join("bin/msvc-x64/null_adapter.sys");
    let path = into.join("null_adapter.sys");
    let mut driver = std::fs::read(&committed).expect("the driver");
    let record = driver.windows(4).position(|bytes| bytes == b"RSDS").expect("a CodeView record");
    driver[record + 4] ^= 0xFF;
    std::fs::write(&path, driver).expect("the driver is written");
    std::fs::copy(committed.with_extension("pdb"), path.with_extension("pdb")).expect("the PDB");
    let analysis = report_of(&path);
    assert_eq!(analysis.notes.len(), 1, "{:?}", analysis.notes);
    let text = analysis.to_string();
    assert!(text.contains("null_adapter.pdb gives no symbols: it is of another build"), "{text}");
    assert!(!text.contains("null_adapter.cpp"), "{text}");
    std::fs::remove_dir_all(into).expect("the folder for tests can be cleaned");
}

#[test]
fn every_death_has_a_report_with_its_place() {
    for place in ["x64", "x86"] {
        for (name, kind, bucket) in DEATHS {
            let options = GuestOptions { call_budget: 1_000_000, ..GuestOptions::default() };
            let machine = machine("smsc-superio", driver_with(&format!("{place}/{name}"), options));
            assert!(live(&machine).is_err(), "{place}/{name} lives");
            let analysis = machine.analysis().unwrap_or_else(|| panic!("{name} has no report"));
            assert_eq!(analysis.kind, kind, "{name}");
            assert!(analysis.failure_bucket_id.starts_with(bucket), "{analysis}");
            assert!(analysis.location.is_some(), "{place}/{name}\n{analysis}");
            assert!(!analysis.events.is_empty(), "{name}");
            let is_hang = kind == Kind::Hang;
            assert_eq!(
                (!analysis.devices.is_empty(), !analysis.queues.is_empty()),
                (is_hang, is_hang)
            );
            let context = analysis.context.as_ref().expect("a compiled driver has registers");
            let frames = context.stack.iter().filter(|line| line.symbol.is_some()).count();
            assert!(frames >= 1, "{place}/{name}\n{analysis}");
        }
    }
}
