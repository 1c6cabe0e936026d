//! Registry values that no registry can hold are an error of the machine.

use portcls_machine::emulator::registry::RegistryValue;
use portcls_machine::{MachineBuilder, MachineError, RegistryPlace, read_registry};

/// The error of a machine with the registry values of `file`.
fn error_of(file: &str) -> MachineError {
    let settings = read_registry(file.as_bytes()).expect("a file of values");
    let builder = settings.into_iter().fold(MachineBuilder::new(), |builder, setting| {
        builder.registry_value(setting.place, &setting.subkey, setting.value)
    });
    builder.build().map(|_| ()).expect_err("no registry holds that")
}

#[test]
fn a_path_that_is_too_deep_is_refused_and_not_built() {
    let error = error_of(&format!("{}X=dword:1", r"a\".repeat(200_000))).to_string();
    let name = format!("{}...", r"a\".repeat(20));
    let what = "its name or its path is too long; a name of a key has at most 255 characters, of a \
                value 16383, and a path at most 512 keys";
    assert_eq!(error, format!("the registry value {name}: {what}"));
}

#[test]
fn more_values_than_a_key_holds_are_refused() {
    let lines = (0..16_384).map(|number| format!("{number}=dword:1\n"));
    let error = error_of(&lines.collect::<String>()).to_string();
    let begin = r"the registry value \16383: the registry has no room for it; a key has at most ";
    assert!(error.starts_with(begin), "{error}");
}

#[test]
fn a_value_of_more_than_a_mebibyte_is_refused() {
    // A text takes two bytes for each letter, and two for its final zero.
    let error = error_of(&format!("Long=string:{}", "a".repeat(1 << 19)));
    assert!(matches!(error, MachineError::BadRegistryValue { .. }), "{error}");
    let long = "a".repeat((1 << 19) - 1);
    let fits = RegistryValue::string("Long", &long);
    let builder = MachineBuilder::new().registry_value(RegistryPlace::Service, "", fits);
    assert!(builder.build().is_ok());
}

/// The resident memory of this process, in KiB. A page has 4 KiB.
#[cfg(target_os = "linux")]
fn memory_kib() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("the process has its file");
    let resident = pages.split(' ').nth(1).expect("the second number is the resident set");
    4 * resident.parse::<u64>().expect("a number of pages")
}

/// A machine takes about 30 KiB, so 4 000 machines that keep their memory take about 117 MiB. The
/// other tests of this file, which may run at the same time, take a few MiB.
#[cfg(target_os = "linux")]
#[test]
fn a_machine_that_is_refused_gives_its_memory_back() {
    let name = "a".repeat(256);
    let file = format!("{name}\\X=dword:1\n");
    error_of(&file);
    let before = memory_kib();
    (0..4_000).for_each(|_| drop(error_of(&file)));
    let more = memory_kib().saturating_sub(before);
    assert!(more < 60_000, "{more} KiB are not given back");
}
