//! Habits of published drivers, each shown by a driver of this project.
//!
//! `docs/sys-drivers.md` lists them all; those of drivers without MIDI code and of DirectMusic
//! drivers are in `system_miniports.rs` and `dmus.rs`.

use portcls_machine::emulator::{PnpRequest, SystemPowerState};
use portcls_machine::midi_file::default_tune;
use portcls_machine::{Application, PinUse, capture, play};

use crate::scene::{driver, live, machine, notes};

/// A card with a FIFO, one that is slow to take a byte, and one of a sound card.
const CARDS: [&str; 3] = ["smsc-superio", "roland-mpu401", "sb16"];

const TWO_FILTERS: [&str; 3] = ["x64/two_filters", "x86/two_filters", "msvc-x64/two_filters"];

/// Plays and records the tune with each build on each card, byte for byte.
fn play_and_record(builds: &[&str]) {
    for build in builds {
        for card in CARDS {
            let played = play(&machine(card, driver(build)), &default_tune()).expect("it plays");
            assert!(played.is_complete(), "{build}, {card}: {:?}", played.job.stop);
            assert_eq!(played.job.driver.failed_requests, [], "{build}, {card}");
            assert_eq!(played.job.driver.lost_in_card, 0, "{build}, {card}");
            let recorded = capture(&machine(card, driver(build)), &default_tune());
            let recorded = recorded.expect("it captures");
            assert!(recorded.is_complete(), "{build}, {card}: {:?}", recorded.job.stop);
            for job in [played.job, recorded.job] {
                assert_eq!(job.violations, [], "{build}, {card}");
                assert_eq!(job.leaks, [], "{build}, {card}");
                let pin = job.pin.expect("a pin was opened");
                assert_eq!(pin.place.filter, "Uart", "{build}, {card}");
            }
        }
    }
}

#[test]
fn the_tune_goes_through_a_driver_whose_filter_names_no_categories() {
    play_and_record(&["x64/no_categories", "x86/no_categories"]);
}

#[test]
fn the_tune_goes_through_the_second_filter_whose_port_got_no_request_and_no_resources() {
    play_and_record(&TWO_FILTERS);
}

#[test]
fn of_two_filters_the_first_has_a_midi_pin_that_does_not_open() {
    for build in TWO_FILTERS {
        let machine = machine("smsc-superio", driver(build));
        machine.start().expect("the driver starts");
        let filters = Application::new(&machine).filters().expect("they are told");
        let pins = filters.iter().flat_map(|filter| {
            let midi = filter.pins.iter().filter_map(|pin| pin.midi.as_ref());
            midi.map(|midi| (&*filter.reference, midi.pin_use, midi.obstacle.is_none()))
        });
        let expected = [
            ("Synth", PinUse::Render, false),
            ("Uart", PinUse::Render, true),
            ("Uart", PinUse::Capture, true),
        ];
        assert_eq!(pins.collect::<Vec<_>>(), expected, "{build}");
    }
}

#[test]
fn a_driver_with_two_filters_plays_and_records_after_a_second_start() {
    for build in TWO_FILTERS {
        let machine = machine("smsc-superio", driver(build));
        machine.start().expect("the driver starts");
        machine.pnp(PnpRequest::StopDevice).expect("it stops");
        live(&machine);
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

const POWER_IN_START: [&str; 3] =
    ["x64/power_in_start", "x86/power_in_start", "msvc-x64/power_in_start"];

#[test]
fn the_tune_goes_through_a_driver_that_registers_for_power_in_start_device() {
    play_and_record(&POWER_IN_START);
}

#[test]
fn a_driver_that_registers_for_power_at_each_start_plays_and_records_after_the_second() {
    for build in POWER_IN_START {
        for card in CARDS {
            let machine = machine(card, driver(build));
            machine.start().expect("the driver starts");
            machine.pnp(PnpRequest::StopDevice).expect("it stops");
            live(&machine);
            assert_eq!(machine.kernel().violations(), [], "{build}, {card}");
        }
    }
}

#[test]
fn the_object_of_the_last_start_is_told_of_power_and_a_note_goes_out_after_a_sleep() {
    for build in POWER_IN_START {
        let machine = machine("smsc-superio", driver(build));
        machine.start().expect("the driver starts");
        machine.pnp(PnpRequest::StopDevice).expect("it stops");
        machine.start().expect("the driver starts again");
        machine.sleep(SystemPowerState::S3).expect("it sleeps");
        machine.wake().expect("it wakes");
        let told = ["power of start 2: D3", "power of start 2: D0"];
        assert_eq!(notes(&machine, "power of start"), told, "{build}");
        let pin = Application::new(&machine).open_render().expect("there is a render pin");
        pin.run().expect("it runs");
        pin.write_now(&[0x90, 0x3C, 0x40]).expect("it is written");
        machine.run_for_ns(20_000_000).expect("the machine runs");
        assert_eq!(machine.cable().sent_bytes(), [0x90, 0x3C, 0x40], "{build}");
        drop(pin);
        assert_eq!(machine.unload().expect("it goes"), [], "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}
