//! Each broken driver ends as its row in `guest/drivers/README.md` says.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcls_machine::emulator::{Irql, Stop};
use portcls_machine::{Application, GuestOptions, Leak, Left, Machine, MachineError};

use crate::scene::{driver_with, folder, machine};

/// The song that goes out: a note, and a SysEx that is longer than a card's FIFO.
const NOTE: [u8; 3] = [0x90, 0x3C, 0x40];
const SYSEX_BYTES: usize = 40;

/// The bytes that come in while another driver's work holds back the interrupt.
const INPUT: [u8; 4] = [0x80, 0x3C, 0x00, 0xFE];

/// Longest stall in one call, in us. Source: WDK, KeStallExecutionProcessor.
const STALL_US: u32 = 50;

/// The results of a driver's complete life.
pub struct Life {
    received: Vec<u8>,
    leaks: Vec<Leak>,
}

fn sysex() -> Vec<u8> {
    let mut bytes = vec![0x11; SYSEX_BYTES];
    bytes[0] = 0xF0;
    bytes[SYSEX_BYTES - 1] = 0xF7;
    bytes
}

/// Runs a life: start, bytes out, bytes in, a byte after the streams are closed, removal.
pub fn live(machine: &Machine) -> Result<Life, MachineError> {
    machine.start()?;
    let application = Application::new(machine);
    let output = application.open_render()?;
    let input = application.open_capture()?;
    output.run()?;
    input.run()?;
    for _ in 0..8 {
        input.queue_read()?;
    }
    machine.run_for_ns(100_000_000)?;
    output.write_now(&NOTE)?;
    machine.run_for_ns(20_000_000)?;
    output.write_now(&sysex())?;
    machine.run_for_ns(40_000_000)?;
    machine.cable().send(&INPUT);
    machine.run(|kernel| {
        let old = kernel.raise_irql(Irql::HIGH_LEVEL);
        (0..1_500 / STALL_US).for_each(|_| kernel.stall_us(STALL_US));
        kernel.lower_irql(old);
    })?;
    machine.run_for_ns(20_000_000)?;
    let received = input.take_received().into_iter().flat_map(|chunk| chunk.bytes).collect();
    drop((output, input));
    machine.cable().send(&[0xFE]);
    machine.run_for_ns(20_000_000)?;
    Ok(Life { received, leaks: machine.unload()? })
}

/// How a life ended, in the words of the table.
fn verdict(machine: &Machine, life: Result<Life, MachineError>) -> String {
    match life {
        Err(MachineError::Stopped(Stop::BugCheck(bug))) => {
            format!(
                "bug check {:X} {}",
                bug.code.number(),
                bug.code.name().unwrap_or("without a name")
            )
        }
        Err(MachineError::Stopped(Stop::Hang(hang))) => format!("hang: {}", hang.waits_for),
        Err(MachineError::DriverRefused { stage, status, .. }) => {
            format!("{stage} refused: {status}")
        }
        Err(other) => other.to_string(),
        Ok(life) => {
            let mut parts = lost_bytes(machine, &life);
            parts.extend(left_behind(&life.leaks));
            let mut rules = Vec::new();
            for violation in machine.kernel().violations() {
                if !rules.contains(&violation.rule.id) {
                    rules.push(violation.rule.id);
                }
            }
            parts.extend(rules.iter().map(|rule| format!("violation {rule}")));
            if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
        }
    }
}

fn lost_bytes(machine: &Machine, life: &Life) -> Vec<String> {
    let mut parts = Vec::new();
    let expected = [&NOTE[..], &sysex()].concat();
    let sent = machine.cable().sent_bytes();
    if sent != expected {
        parts.push(format!("{} of {} bytes out", sent.len(), expected.len()));
    }
    if life.received != INPUT {
        parts.push(format!("{} of {} bytes in", life.received.len(), INPUT.len()));
    }
    parts
}

fn left_behind(leaks: &[Leak]) -> Option<String> {
    let blocks: u64 = leaks.iter().filter(|leak| is_pool(leak)).map(|leak| leak.count).sum();
    let pool = (blocks > 0).then(|| format!("{blocks} blocks of pool"));
    let others = leaks.iter().filter_map(|leak| match &leak.what {
        Left::Pool { .. } => None,
        Left::Reference { interface } => Some((*interface).to_owned()),
        Left::Object { kind } => Some((*kind).to_owned()),
    });
    let names: Vec<String> = pool.into_iter().chain(others).collect();
    (!names.is_empty()).then(|| format!("leak of {}", names.join(", ")))
}

fn is_pool(leak: &Leak) -> bool {
    matches!(leak.what, Left::Pool { .. })
}

fn end_of(build: &str) -> String {
    // A call that runs ten million instructions counts as an endless loop.
    let options = GuestOptions { call_budget: 10_000_000, ..GuestOptions::default() };
    let machine = machine("smsc-superio", driver_with(build, options));
    let processor = machine.guest().map(|guest| Rc::downgrade(guest.cpu())).expect("a guest");
    let life = live(&machine);
    let end = verdict(&machine, life);
    drop(machine);
    assert!(processor.upgrade().is_none(), "{build}: its memory goes with the machine");
    end
}

/// The rows of the table: the name of a driver and how it ends.
fn rows() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder().join("README.md")).expect("the table");
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, _mistake, end] = cells[..] else { return None };
        Some((name.strip_prefix('`')?.strip_suffix('`')?.to_owned(), end.to_owned()))
    });
    rows.collect()
}

/// The names of all broken drivers.
fn broken_drivers() -> Vec<String> {
    let files = std::fs::read_dir(folder().join("source/broken")).expect("the sources");
    let paths = files.map(|file| file.expect("a file").path());
    let sources = paths.filter(|path| path.extension().is_some_and(|ending| ending == "cpp"));
    let mut names: Vec<String> = sources
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn each_broken_driver_ends_as_its_row_says_on_both_bitnesses() {
    let rows = rows();
    let named: Vec<&String> = rows.keys().collect();
    assert_eq!(named, broken_drivers().iter().collect::<Vec<_>>(), "one row a driver");
    let mut wrong = String::new();
    for (name, end) in &rows {
        for target in ["x64", "x86"] {
            let found = end_of(&format!("{target}/{name}"));
            if found != *end {
                wrong += &format!("{target}/{name}: {found}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "not as in guest/drivers/README.md:\n{wrong}");
}

#[test]
fn the_good_driver_lives_through_the_same() {
    for build in crate::scene::BUILDS {
        assert_eq!(end_of(build), "nothing", "{build}");
    }
}
