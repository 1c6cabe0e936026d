//! Habits of published drivers, each shown by a driver of this project.
//!
//! `docs/sys-drivers.md` lists all habits. The habits of drivers without MIDI code are in
//! `system_miniports.rs`, the habits of DirectMusic drivers in `dmus.rs`, and drivers that use more
//! routines of the kernel in `kernel_routines.rs`.

use portcls_machine::emulator::{Irp, NtStatus, PnpRequest, SystemPowerState};
use portcls_machine::port::guid::Guid;
use portcls_machine::port::ks::guids::property_set;
use portcls_machine::port::ks::{
    DataAttribute, DataRange, KsDataRangeMusic, KsPropertyPin, read_list_of_ranges,
};
use portcls_machine::{Application, PinUse};

use crate::client::{Client, Of};
use crate::scene::{CARDS, driver, live, machine, notes, play_and_record};

const TWO_FILTERS: [&str; 3] = ["x64/two_filters", "x86/two_filters", "msvc-x64/two_filters"];

#[test]
fn the_tune_goes_through_a_driver_whose_filter_names_no_categories() {
    play_and_record(&["x64/no_categories", "x86/no_categories", "msvc-x64/no_categories"]);
}

#[test]
fn the_tune_goes_through_a_midi_driver_on_the_port_of_the_directmusic_class() {
    play_and_record(&["x64/midi_on_dmus", "x86/midi_on_dmus", "msvc-x64/midi_on_dmus"]);
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

const PENDING_PROPERTY: [&str; 3] =
    ["x64/pending_property", "x86/pending_property", "msvc-x64/pending_property"];

/// The property set of the driver, as in its source.
const CARD_PROPERTIES: Guid = Guid {
    data1: 0x0A6E_51C7,
    data2: 0x93D2,
    data3: 0x4B18,
    data4: [0x8F, 0x35, 0x71, 0xC2, 0x4E, 0xD0, 0x96, 0x1B],
};

/// The time that the driver takes to answer, in ns.
const ANSWER_TIME_NS: u64 = 5_000_000;

/// A client's question for the card's port, with this much room for the answer.
fn question(client: &Client<'_>, room: u32) -> Irp {
    client.question(Of::Filter, CARD_PROPERTIES, 1, room)
}

#[test]
fn the_tune_goes_through_a_driver_with_a_property_that_takes_a_while() {
    play_and_record(&PENDING_PROPERTY);
}

#[test]
fn a_client_waits_for_a_property_that_a_timer_of_the_driver_answers() {
    for build in PENDING_PROPERTY {
        let machine = machine("smsc-superio", driver(build));
        machine.start().expect("the driver starts");
        let asked = machine.run(|kernel| {
            let client = Client::open(kernel);
            let length = question(&client, 0);
            assert_eq!(client.ask_and_wait(&length), NtStatus::BUFFER_OVERFLOW, "{build}");
            assert_eq!(length.information(), 4, "{build}");
            let short = question(&client, 2);
            assert_eq!(client.ask_and_wait(&short), NtStatus::BUFFER_TOO_SMALL, "{build}");
            let before_ns = kernel.now_ns();
            for _ in 0..2 {
                let question = question(&client, 4);
                assert_eq!(client.ask_and_wait(&question), NtStatus::SUCCESS, "{build}");
                assert_eq!(question.information(), 4, "{build}");
                assert_eq!(*question.buffer().borrow(), 0x330_u32.to_le_bytes(), "{build}");
            }
            assert!(kernel.now_ns() - before_ns >= 2 * ANSWER_TIME_NS, "{build}");
            client.close();
        });
        asked.expect("the machine does not stop");
        assert_eq!(machine.unload().expect("it goes"), [], "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

#[test]
fn a_property_is_answered_while_the_tune_of_another_client_goes_on() {
    for build in PENDING_PROPERTY {
        let machine = machine("roland-mpu401", driver(build));
        machine.start().expect("the driver starts");
        let pin = Application::new(&machine).open_render().expect("there is a render pin");
        pin.run().expect("it runs");
        machine.run_for_ns(100_000_000).expect("the machine runs");
        let client = machine.run(|_| Client::open(machine.kernel())).expect("it opens");
        let (first, second) = (question(&client, 4), question(&client, 4));
        let answers = machine.run(|_| [client.ask(&first), client.ask(&second)]);
        let expected = [NtStatus::PENDING, NtStatus::DEVICE_BUSY];
        assert_eq!(answers.expect("the machine does not stop"), expected, "{build}");
        assert!(!first.is_completed(), "{build}");
        let notes: Vec<u8> = [0x90, 0x3C, 0x40].repeat(20);
        pin.write_now(&notes).expect("it is written");
        machine.run_for_ns(50_000_000).expect("the machine runs");
        assert!(first.is_completed(), "{build}");
        assert_eq!(first.status(), NtStatus::SUCCESS, "{build}");
        assert!(machine.cable().sent_bytes().ends_with(&notes), "{build}");
        machine.run(|_| client.close()).expect("it closes");
        drop(pin);
        assert_eq!(machine.unload().expect("it goes"), [], "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

const ATTRIBUTES: [&str; 3] = ["x64/attributes", "x86/attributes", "msvc-x64/attributes"];

#[test]
fn the_tune_goes_through_a_driver_whose_range_has_attributes() {
    play_and_record(&ATTRIBUTES);
}

/// The array of the driver has a range, the attribute list of this range, and a range without an
/// attribute list.
#[test]
fn an_attribute_list_of_a_driver_is_an_item_behind_its_range_and_no_range() {
    for build in ATTRIBUTES {
        let machine = machine("smsc-superio", driver(build));
        machine.start().expect("the driver starts");
        let list = machine.run(|kernel| {
            let client = Client::open(kernel);
            let id = KsPropertyPin::DataRanges.value();
            let ask = |room| client.question(Of::Pin(0), property_set::PIN, id, room);
            let length = ask(0);
            assert_eq!(client.ask_and_wait(&length), NtStatus::BUFFER_OVERFLOW, "{build}");
            let list = ask(length.information() as u32);
            assert_eq!(client.ask_and_wait(&list), NtStatus::SUCCESS, "{build}");
            client.close();
            list.buffer().borrow().clone()
        });
        let list = list.expect("the machine runs");
        assert_eq!(list[4], 3, "{build}: the attribute list is an item too");
        let ranges = read_list_of_ranges(&list).expect("it is good");
        assert_eq!(ranges.len(), 2, "{build}");
        assert_eq!(ranges[1], KsDataRangeMusic::MIDI_PORT.into(), "{build}");
        let own = Guid {
            data1: 0x3C1B_70E2,
            data2: 0x5A64,
            data3: 0x4D0F,
            data4: [0x9E, 0x21, 0x0C, 0x44, 0xB7, 0x1A, 0xE5, 0x68],
        };
        let required = Guid {
            data1: 0x8D90_A3F4,
            data2: 0x1B5C,
            data3: 0x4FE8,
            data4: [0xA7, 0x33, 0x52, 0x60, 0xCE, 0x19, 0x0B, 0x7D],
        };
        let required =
            DataAttribute { flags: DataAttribute::REQUIRED, ..DataAttribute::new(required) };
        let attributes = vec![DataAttribute::new(own), required];
        let first = DataRange::from(KsDataRangeMusic::MIDI_PORT).with_attributes(attributes);
        assert_eq!(ranges[0], first, "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}
