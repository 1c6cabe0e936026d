//! The driver on a whole machine: golden traces, and a tune on every card.

use my_mpu401::driver_entry;
use portcls_machine::chip::cards;
use portcls_machine::emulator::NtStatus;
use portcls_machine::judgement::assert_scenarios;
use portcls_machine::midi_file::default_tune;
use portcls_machine::report::Filter;
use portcls_machine::{
    Application, Driver, Machine, MachineBuilder, MachineError, assert_trace, play,
};

fn machine(card: &str) -> Result<Machine, MachineError> {
    MachineBuilder::new().card(card)?.driver(Driver::new("my-mpu401", driver_entry)).build()
}

#[test]
fn a_note_on_is_three_polls_and_three_writes() -> Result<(), MachineError> {
    let machine = machine("smsc-superio")?;
    machine.start()?;
    let pin = Application::new(&machine).open_render()?;
    pin.run()?;
    pin.write_now(&[0x90, 0x3C, 0x40])?;
    machine.run_for_ns(2_000_000)?;
    pin.close()?;
    assert_eq!(machine.unload()?, [], "the driver leaves nothing behind");
    assert_eq!(machine.kernel().violations(), [], "the driver keeps to the rules");
    assert_trace!(machine, filter = Filter::Registers);
    Ok(())
}

/// Runs each scenario of `tests/scenarios` against the golden beside it. `PORTCLS_ACCEPT=1 cargo
/// test` takes the traces as the new goldens: read the difference first.
#[test]
fn every_scenario_is_as_its_golden() {
    let driver = Driver::new("my-mpu401", driver_entry);
    assert_scenarios(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios"), &driver);
}

#[test]
fn the_tune_plays_on_every_card_with_two_ports_in_a_row() -> Result<(), MachineError> {
    for card in cards().iter().filter(|card| card.behaviour.status_offset == 1) {
        let report = play(&machine(&card.name)?, &default_tune())?;
        assert!(report.is_complete(), "{}: {report:?}", card.name);
        assert_eq!(report.job.violations, [], "{}", card.name);
        assert_eq!(report.job.leaks, [], "{}", card.name);
    }
    Ok(())
}

#[test]
fn a_card_with_its_ports_apart_is_refused() -> Result<(), MachineError> {
    let stage = "StartDevice";
    let status = NtStatus::DEVICE_CONFIGURATION_ERROR;
    let refused = MachineError::DriverRefused { stage, status, cause: None, hint: None };
    assert_eq!(machine("pc98-mpu")?.start(), Err(refused));
    Ok(())
}
