//! Habits of published drivers, each shown by a driver of this project.
//!
//! `docs/sys-drivers.md` lists them all; those of drivers without MIDI code and of DirectMusic
//! drivers are in `system_miniports.rs` and `dmus.rs`.

use portcls_machine::emulator::PnpRequest;
use portcls_machine::midi_file::default_tune;
use portcls_machine::{Application, PinUse, capture, play};

use crate::scene::{driver, live, machine};

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
