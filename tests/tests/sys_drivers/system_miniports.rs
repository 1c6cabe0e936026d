//! C++ drivers without MIDI code: the system's miniports by PcNewMiniport.

use portcls_machine::emulator::{PnpRequest, SystemPowerState};
use portcls_machine::midi_file::default_tune;
use portcls_machine::{Application, PinFormat, capture, play};

use crate::dmus::{FORMATS, assert_captures, assert_plays, long_song};
use crate::scene::{CARDS, TARGETS, driver, live, machine, machine_with, notes};

/// The drivers, for the three classes of miniports. The interrupt comes from the miniport, from the
/// adapter driver's interrupt sync object, or from a sync object that the driver itself implements.
const DRIVERS: [&str; 7] = [
    "system_uart",
    "system_dmus",
    "system_capture",
    "system_shared",
    "system_shared_uart",
    "system_shared_capture",
    "own_interrupt_sync",
];

/// Every build of the drivers.
fn builds() -> impl Iterator<Item = String> {
    let builds_of = |name| TARGETS.map(|target| format!("{target}/{name}"));
    DRIVERS.into_iter().flat_map(builds_of)
}

/// A build of each driver whose miniport has pins for DirectMusic events.
const EVENT_BUILDS: [&str; 4] =
    ["x64/system_dmus", "x86/system_shared", "x64/system_capture", "x86/system_shared_capture"];

#[test]
fn the_tune_as_events_is_the_tune_as_bytes_when_it_is_on_the_wire() {
    for build in EVENT_BUILDS {
        for card in CARDS {
            let name = |format| format!("{build}, {card}, {format}");
            let [bytes, events] = FORMATS.map(|format| {
                let machine = machine_with(card, driver(build), format);
                assert_plays(&name(format), &machine, &default_tune())
            });
            assert_eq!(events, bytes, "{build}, {card}");
            let format = PinFormat::DirectMusic;
            let machine = machine_with(card, driver(build), format);
            assert_captures(&name(format), &machine, &default_tune());
        }
    }
}

#[test]
fn a_song_with_100_kib_of_sysex_goes_out_and_comes_in_as_events() {
    let machine =
        || machine_with("smsc-superio", driver("x64/system_dmus"), PinFormat::DirectMusic);
    assert_plays("plays", &machine(), &long_song());
    assert_captures("captures", &machine(), &long_song());
}

#[test]
fn the_tune_goes_out_byte_for_byte_on_three_cards() {
    for build in builds() {
        for card in CARDS {
            let report = play(&machine(card, driver(&build)), &default_tune()).expect("it plays");
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
    for build in builds() {
        for card in CARDS {
            let report = capture(&machine(card, driver(&build)), &default_tune());
            let report = report.expect("it captures");
            assert!(report.is_complete(), "{build}, {card}: {:?}", report.job.stop);
            assert_eq!(report.job.violations, [], "{build}, {card}");
            assert_eq!(report.job.leaks, [], "{build}, {card}");
        }
    }
}

#[test]
fn an_fm_synthesizer_is_refused_by_name_and_the_driver_goes_on() {
    for target in TARGETS {
        let build = format!("{target}/system_shared");
        let machine = machine("sb16", driver(&build));
        live(&machine);
        let refused = "PcNewMiniport refuses CLSID_MiniportDriverFmSynth, which needs an OPL3: \
                       STATUS_NOT_SUPPORTED";
        assert_eq!(notes(&machine, "PcNewMiniport"), [refused], "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

#[test]
fn a_driver_plays_and_records_after_its_device_was_stopped_and_started_again() {
    for build in builds() {
        let machine = machine("smsc-superio", driver(&build));
        machine.start().expect("the driver starts");
        machine.pnp(PnpRequest::StopDevice).expect("it stops");
        live(&machine);
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

/// Without power the card forgets UART mode. If the miniport did not set this mode again, a note
/// would not reach MIDI OUT.
#[test]
fn a_note_goes_out_after_a_sleep() {
    for build in builds() {
        let machine = machine("smsc-superio", driver(&build));
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

#[test]
fn the_drivers_own_interrupt_sync_object_runs_all_routines_of_the_miniport() {
    for target in TARGETS {
        let build = format!("{target}/own_interrupt_sync");
        let machine = machine("smsc-superio", driver(&build));
        live(&machine);
        let told = notes(&machine, "own sync:");
        let [line] = &told[..] else { panic!("{build}: {told:?}") };
        let counts: Vec<u32> = line
            .split(|letter: char| !letter.is_ascii_digit())
            .filter_map(|it| it.parse().ok())
            .collect();
        let [served, synchronized] = counts[..] else { panic!("{build}: {line}") };
        // Three bytes came in, and the start of the card alone takes several commands.
        assert!((1..=10).contains(&served), "{build}: {line}");
        assert!(synchronized > 5, "{build}: {line}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}
