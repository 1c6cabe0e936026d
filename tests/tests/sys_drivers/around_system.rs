//! C++ drivers with their own miniport around a miniport of the system.

use portcls_machine::emulator::{NtStatus, SystemPowerState};
use portcls_machine::midi_file::default_tune;
use portcls_machine::port::guid::clsid;
use portcls_machine::port::ks::KsPropertySynth;
use portcls_machine::port::ks::guids::property_set;
use portcls_machine::{Application, capture, play};

use crate::client::{Client, Of};
use crate::scene::{TARGETS, driver, live, machine, notes};

/// The drivers, with the number of pins and of nodes that the inner miniport describes.
const DRIVERS: [(&str, &str); 2] =
    [("around_uart", "around: 4 pins, 0 nodes"), ("around_dmus", "around: 5 pins, 2 nodes")];

/// A card with a FIFO, a card that is slow to take a byte, and the MPU-401 of a sound card.
const CARDS: [&str; 3] = ["smsc-superio", "roland-mpu401", "sb16"];

/// Every build of the drivers, with the text in which the driver says what the inner miniport
/// describes.
fn builds() -> impl Iterator<Item = (String, &'static str)> {
    let of_target = |target| DRIVERS.map(|(name, said)| (format!("{target}/{name}"), said));
    TARGETS.into_iter().flat_map(of_target)
}

#[test]
fn the_tune_goes_out_and_comes_in_through_two_miniports_byte_for_byte() {
    for (build, _) in builds() {
        for card in CARDS {
            let played = play(&machine(card, driver(&build)), &default_tune()).expect("it plays");
            assert!(played.is_complete(), "{build}, {card}: {:?}", played.job.stop);
            assert_eq!(played.job.driver.failed_requests, [], "{build}, {card}");
            assert_eq!(played.job.driver.lost_in_card, 0, "{build}, {card}");
            let recorded = capture(&machine(card, driver(&build)), &default_tune());
            let recorded = recorded.expect("it captures");
            assert!(recorded.is_complete(), "{build}, {card}: {:?}", recorded.job.stop);
            for job in [played.job, recorded.job] {
                assert_eq!(job.violations, [], "{build}, {card}");
                assert_eq!(job.leaks, [], "{build}, {card}");
            }
        }
    }
}

#[test]
fn every_call_of_the_port_goes_through_the_outer_objects() {
    for (build, described) in builds() {
        let machine = machine("smsc-superio", driver(&build));
        live(&machine);
        assert_eq!(notes(&machine, "around:")[0], described, "{build}");
        let moved: Vec<String> =
            notes(&machine, "around:").into_iter().filter(|line| line.contains(" out, ")).collect();
        // 90 3C 40 F8 go out: two messages. 80 3C 00 come in: one message. A capture stream of the
        // system sends the bytes of one interrupt as one raw event. Here each byte has its own
        // interrupt.
        let expected = match build.ends_with("uart") {
            true => ["around: 4 bytes out, 0 bytes in", "around: 0 bytes out, 3 bytes in"],
            false => ["around: 2 events out, 0 events in", "around: 0 events out, 3 events in"],
        };
        assert_eq!(moved, expected, "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

#[test]
fn the_inner_miniport_hears_of_power_and_a_note_goes_out_after_a_sleep() {
    for (build, _) in builds() {
        let machine = machine("smsc-superio", driver(&build));
        machine.start().expect("the driver starts");
        machine.sleep(SystemPowerState::S3).expect("it sleeps");
        machine.wake().expect("it wakes");
        assert_eq!(notes(&machine, "around: power"), ["around: power D3", "around: power D0"]);
        let pin = Application::new(&machine).open_render().expect("there is a render pin");
        pin.run().expect("it runs");
        pin.write_now(&[0x90, 0x3C, 0x40]).expect("it is written");
        machine.run_for_ns(20_000_000).expect("the machine runs");
        assert_eq!(machine.cable().sent_bytes(), [0x90, 0x3C, 0x40], "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

/// The nodes have the tables of the inner miniport. The handlers of the inner miniport are in Rust.
#[test]
fn a_property_of_the_inner_miniport_is_answered_through_the_outer_one() {
    for target in TARGETS {
        let build = format!("{target}/around_dmus");
        let machine = machine("smsc-superio", driver(&build));
        machine.start().expect("the driver starts");
        let asked = machine.run(|kernel| {
            let client = Client::open(kernel);
            let id = KsPropertySynth::Caps.value();
            let answers = [0, 1].map(|node| {
                let irp = client.question(Of::Node(node), property_set::SYNTH, id, 296);
                let status = client.ask_and_wait(&irp);
                (status, irp.information(), irp.buffer().borrow().clone())
            });
            let short = client.question(Of::Node(0), property_set::SYNTH, id, 295);
            let too_small = client.ask_and_wait(&short);
            client.close();
            (answers, too_small)
        });
        let (answers, too_small) = asked.expect("the machine runs");
        let classes = [clsid::MINIPORT_DRIVER_DMUS_UART, clsid::MINIPORT_DRIVER_DMUS_UART_CAPTURE];
        for ((status, information, bytes), class) in answers.into_iter().zip(classes) {
            assert_eq!((status, information), (NtStatus::SUCCESS, 296), "{build}");
            assert_eq!(bytes[..16], class.to_bytes(), "{build}");
            assert_eq!(bytes[24..28], [1, 0, 0, 0], "{build}: one channel group");
        }
        assert_eq!(too_small, NtStatus::BUFFER_TOO_SMALL, "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}
