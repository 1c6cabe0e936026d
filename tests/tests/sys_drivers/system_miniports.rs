//! C++ drivers without MIDI code: the system's miniports by PcNewMiniport.

use portcls_machine::emulator::{PnpRequest, SystemPowerState};
use portcls_machine::midi_file::default_tune;
use portcls_machine::{Application, capture, play};

use crate::scene::{driver, live, machine, notes};

/// A card with a FIFO, a card that is slow to take a byte, and the MPU-401 of a sound card.
const CARDS: [&str; 3] = ["smsc-superio", "roland-mpu401", "sb16"];

/// Every build of the drivers: three classes, each with its own interrupt or with the adapter's.
const BUILDS: [&str; 13] = [
    "x64/system_uart",
    "x86/system_uart",
    "x64/system_dmus",
    "x86/system_dmus",
    "x64/system_shared",
    "x86/system_shared",
    "msvc-x64/system_shared",
    "x64/system_capture",
    "x86/system_capture",
    "x64/system_shared_uart",
    "x86/system_shared_uart",
    "x64/system_shared_capture",
    "x86/system_shared_capture",
];

#[test]
fn the_tune_goes_out_byte_for_byte_on_three_cards() {
    for build in BUILDS {
        for card in CARDS {
            let report = play(&machine(card, driver(build)), &default_tune()).expect("it plays");
            assert!(report.is_complete(), "{build}, {card}: {:?}", report.job.stop);
            assert_eq!(report.job.driver.failed_requests, [], "{build}, {card}");
            assert_eq!(report.job.violations, [], "{build}, {card}");
            assert_eq!(report.job.leaks, [], "{build}, {card}");
            assert_eq!(report.job.driver.lost_in_card, 0, "{build}, {card}");
        }
    }
}

#[test]
fn the_tune_comes_in_byte_for_byte_on_three_cards() {
    for build in BUILDS {
        for card in CARDS {
            let report = capture(&machine(card, driver(build)), &default_tune());
            let report = report.expect("it captures");
            assert!(report.is_complete(), "{build}, {card}: {:?}", report.job.stop);
            assert_eq!(report.job.violations, [], "{build}, {card}");
            assert_eq!(report.job.leaks, [], "{build}, {card}");
        }
    }
}

#[test]
fn an_fm_synthesizer_is_refused_by_name_and_the_driver_goes_on() {
    for build in ["x64/system_shared", "x86/system_shared", "msvc-x64/system_shared"] {
        let machine = machine("sb16", driver(build));
        live(&machine);
        let refused = "PcNewMiniport refuses CLSID_MiniportDriverFmSynth, which needs an OPL3: \
                       STATUS_NOT_SUPPORTED";
        assert_eq!(notes(&machine, "PcNewMiniport"), [refused], "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

#[test]
fn a_driver_plays_and_records_after_its_device_was_stopped_and_started_again() {
    for build in BUILDS {
        let machine = machine("smsc-superio", driver(build));
        machine.start().expect("the driver starts");
        machine.pnp(PnpRequest::StopDevice).expect("it stops");
        live(&machine);
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

/// Without power the card forgets UART mode, and then a note would not reach MIDI OUT.
#[test]
fn a_note_goes_out_after_a_sleep() {
    for build in BUILDS {
        let machine = machine("smsc-superio", driver(build));
        machine.start().expect("the driver starts");
        machine.sleep(SystemPowerState::S3).expect("it sleeps");
        machine.wake().expect("it wakes");
        let pin = Application::new(&machine).open_render().expect("there is a render pin");
        pin.run().expect("it runs");
        pin.write_now(&[0x90, 0x3C, 0x40]).expect("it is written");
        machine.run_for_ns(20_000_000).expect("the machine runs");
        assert_eq!(machine.cable().sent_bytes(), [0x90, 0x3C, 0x40], "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}
