//! Whole songs out and in through the C++ drivers, on every card.

use portcls_machine::midi_file::{Song, default_tune};
use portcls_machine::{Application, capture, play};

use crate::scene::{BUILDS, driver, machine, neighbour_cards};

/// A card that takes 155 us for each byte, so that output has to wait.
const SLOW_CARD: &str = "roland-mpu401";

#[test]
fn the_tune_goes_out_through_every_build_on_every_card() {
    for build in BUILDS {
        for card in neighbour_cards() {
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
fn a_thousand_bytes_come_in_through_every_build_at_full_wire_rate() {
    let mut flood = Song::new();
    for index in 0..334_u64 {
        flood.push(index * 960_000, &[0x90, index as u8 & 0x7F, 0x40]);
    }
    for build in BUILDS {
        for card in neighbour_cards() {
            let report = capture(&machine(card, driver(build)), &flood).expect("it captures");
            assert!(report.is_complete(), "{build}, {card}: {:?}", report.job.stop);
            assert_eq!(report.job.violations, [], "{build}, {card}");
            assert_eq!(report.job.leaks, [], "{build}, {card}");
        }
    }
}

/// The driver writes the whole SysEx in one call of Write, and waits for the card inside the call.
/// Real drivers do this too. With 2,000 bytes the driver stays at DISPATCH_LEVEL for 640 ms. This
/// is bad practice, but no error: the limit of the watchdog is 20 s.
#[test]
fn a_write_that_holds_the_processor_for_a_whole_sysex_is_no_bug_check() {
    let mut sysex = vec![0x11; 2_000];
    sysex[0] = 0xF0;
    sysex[1_999] = 0xF7;
    for build in ["x64/blocking_write", "x86/blocking_write"] {
        let machine = machine(SLOW_CARD, driver(build));
        machine.start().expect("the driver starts");
        let pin = Application::new(&machine).open_render().expect("there is a render pin");
        pin.run().expect("it runs");
        pin.write_now(&sysex).expect("it is written");
        machine.run_for_ns(1_000_000_000).expect("no bug check");
        assert!(machine.cable().sent_bytes().ends_with(&sysex), "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}
