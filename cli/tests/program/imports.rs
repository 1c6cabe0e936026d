//! `imports`: what a driver needs, and the errors for other files.

use insta_cmd::assert_cmd_snapshot;
use portcls_machine::port::guid::clsid;
use serde_json::Value;

use crate::support::{Folder, driver_path};

fn driver(name: &str) -> Vec<u8> {
    std::fs::read(driver_path(name)).expect("a committed driver")
}

/// A driver whose import KeStallExecutionProcessor was renamed to a name that no module exports.
/// The driver's entry begins with an instruction that the emulator does not have.
fn odd_driver() -> Vec<u8> {
    let mut driver = driver("x64/uart.sys");
    let name = b"KeStallExecutionProcessor";
    let at = driver.windows(name.len()).position(|bytes| bytes == name).expect("it is imported");
    driver[at..at + 2].copy_from_slice(b"Xe");
    let header = u32::from_le_bytes(driver[0x3C..0x40].try_into().unwrap()) as usize;
    let word = |at: usize| u32::from_le_bytes(driver[at..at + 4].try_into().unwrap());
    let entry = word(header + 0x28);
    let sections = header + 0x18 + usize::from(driver[header + 0x14]);
    let section = (sections..)
        .step_by(40)
        .find(|at| (word(at + 12)..word(at + 12) + word(at + 8)).contains(&entry));
    let section = section.expect("the entry lies in a section");
    let place = (entry - word(section + 12) + word(section + 20)) as usize;
    driver[place..place + 2].copy_from_slice(&[0xD9, 0xFE]);
    driver
}

#[test]
fn what_is_missing_is_listed_and_exit_1() {
    let folder = Folder::new();
    folder.put("odd.sys", odd_driver());
    let ran = folder.run(&["imports", "odd.sys"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let text = ran.text();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("missing")).collect();
    assert!(lines.iter().any(|line| line.starts_with("  XeStallExecutionProcessor")), "{text}");
    assert!(lines.iter().any(|line| line.starts_with("  fsin ")), "{text}");
    assert!(text.contains("    at odd!DriverEntry\n"), "{text}");
    assert!(text.ends_with(" instructions read, 1 missing\n"), "{text}");
}

/// A driver that names a class which the emulator does not serve. This class replaces the class of
/// a MIDI port.
fn synthesizer_driver(build: &str) -> Vec<u8> {
    let mut driver = driver(&format!("{build}/uart.sys"));
    let (midi, synth) = (clsid::PORT_MIDI, clsid::MINIPORT_DRIVER_FM_SYNTH);
    let (midi, synth) = (midi.to_bytes(), synth.to_bytes());
    let places = driver.windows(16).enumerate().filter(|(_, bytes)| **bytes == midi);
    let at = places.map(|(at, _)| at).next().expect("its port is of the class MIDI");
    driver[at..at + 16].copy_from_slice(&synth);
    driver
}

#[test]
fn a_class_that_is_not_served_is_named_and_exit_1() {
    let folder = Folder::new();
    for build in ["x64", "x86", "msvc-x64"] {
        folder.put("synth.sys", synthesizer_driver(build));
        let ran = folder.run(&["imports", "synth.sys"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{build}: {}", ran.text());
        let text = ran.text();
        let named = text.split("\nclasses and interfaces\n").nth(1).expect("they are listed");
        let first = named.lines().next().expect("one a line");
        assert_eq!(first, "  CLSID_MiniportDriverFmSynth                 not served");
        assert!(text.contains("IID_IMiniportMidi                           served"), "{text}");
        assert!(text.contains(" identifiers named, 1 not served; "), "{text}");
    }
}

#[test]
fn a_driver_for_sound_and_midi_needs_nothing_more() {
    let folder = Folder::new();
    for build in ["x64/wave_first_cyclic", "x86/wave_first_pci", "msvc-x64/wave_first_rt"] {
        folder.put("wave.sys", driver(&format!("{build}.sys")));
        let ran = folder.run(&["imports", "wave.sys"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{build}: {}", ran.text());
        assert!(ran.text().contains("  CLSID_PortWave"), "{build}: {}", ran.text());
    }
}

#[test]
fn a_driver_that_needs_nothing_more_is_exit_0() {
    let folder = Folder::new();
    for build in ["x64", "x86", "msvc-x64"] {
        folder.put("uart.sys", driver(&format!("{build}/uart.sys")));
        let ran = folder.run(&["imports", "uart.sys"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.text());
        assert!(ran.text().ends_with("read, 0 missing\n"), "{}", ran.text());
    }
}

#[test]
fn programs_read_the_same_from_json() {
    let folder = Folder::new();
    folder.put("odd.sys", odd_driver());
    let ran = folder.run(&["imports", "odd.sys", "--format", "json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let needs: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    assert_eq!((&needs["version"], &needs["machine"]), (&1.into(), &"x64".into()));
    assert_eq!(needs["is_complete"], false);
    let stall = needs["imports"]
        .as_array()
        .unwrap()
        .iter()
        .find(|import| import["name"] == "XeStallExecutionProcessor");
    assert_eq!(stall.expect("it is listed")["status"], "missing");
    let class = &needs["identifiers"][0];
    assert_eq!((&class["name"], &class["is_class"]), (&"CLSID_PortMidi".into(), &true.into()));
    assert_eq!(class["guid"], "{B4C90A43-5791-11D0-86F9-00A0C911B544}");
    assert_eq!(class["is_served"], true);
    let missing = &needs["instructions"]["missing"][0];
    assert_eq!((&missing["text"], &missing["is_reached"]), (&"fsin".into(), &true.into()));
}

#[test]
fn a_driver_comes_from_stdin_too() {
    let ran = Folder::new().run_with_stdin(&["imports", "-"], &driver("x86/uart.sys"));
    assert!(ran.text().starts_with("stdin  a driver for x86\n\nportcls.sys\n"), "{ran:?}");
}

#[test]
fn a_file_that_is_no_driver_is_exit_3_with_one_line() {
    let folder = Folder::new();
    folder.put("setup.inf", "; an INF\n[Version]\n");
    folder.put("cut.sys", &driver("x64/uart.sys")[..0x81]);
    let mut arm = driver("x64/uart.sys");
    let header = u32::from_le_bytes(arm[0x3C..0x40].try_into().unwrap()) as usize;
    arm[header + 4..header + 6].copy_from_slice(&[0x64, 0xAA]);
    folder.put("arm.sys", arm);
    for (name, line) in [
        (
            "setup.inf",
            "setup.inf: not a Windows driver: this is a text file; give the .sys file, not its INF",
        ),
        (
            "cut.sys",
            "cut.sys: the file ends at 81, but the PE signature needs bytes up to 84: it is \
             truncated; copy or build it again",
        ),
        (
            "arm.sys",
            "arm.sys: the driver is built for ARM64; here run drivers for x64 (AMD64) and x86 \
             (I386): build it for one of these",
        ),
        ("no.sys", "cannot read no.sys: No such file or directory; give a driver's .sys file or -"),
    ] {
        let ran = folder.run(&["imports", name]);
        assert_eq!(ran.stderr, format!("error: {line}\n"));
        assert_eq!((ran.text(), ran.code), ("", 3));
    }
}

#[test]
fn the_help_of_imports_is_complete() {
    let folder = Folder::new();
    assert_cmd_snapshot!("help_imports", folder.command(&["imports", "--help"]));
}
