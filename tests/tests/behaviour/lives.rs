//! A driver on one machine: several loads, a restart, a pin that stays open.

use portcls_machine::emulator::PnpRequest;
use portcls_machine::{Application, Machine};

use crate::{CARDS, machine};

/// Sends a note out and a byte in through the driver.
fn use_driver(machine: &Machine) {
    let application = Application::new(machine);
    let output = application.open_render().unwrap();
    let input = application.open_capture().unwrap();
    output.run().unwrap();
    input.run().unwrap();
    input.queue_read().unwrap();
    let before = machine.cable().sent_count();
    output.write_now(&[0x90, 0x3C, 0x40]).unwrap();
    machine.cable().send(&[0xFE]);
    machine.run_for_ns(5_000_000).unwrap();
    assert_eq!(machine.cable().sent_bytes()[before..], [0x90, 0x3C, 0x40]);
    assert_eq!(input.take_received()[0].bytes, [0xFE]);
}

#[test]
fn a_driver_that_is_loaded_three_times_works_each_time_and_leaves_nothing() {
    for card in CARDS {
        let machine = machine(card);
        for life in 1..=3 {
            machine.start().unwrap_or_else(|error| panic!("{card}, life {life}: {error}"));
            use_driver(&machine);
            assert_eq!(machine.unload().unwrap(), [], "{card}, life {life}");
        }
        assert_eq!(machine.kernel().violations(), [], "{card}");
    }
}

#[test]
fn a_device_that_is_stopped_and_started_goes_on_without_a_reload() {
    for card in CARDS {
        let machine = machine(card);
        machine.start().unwrap();
        use_driver(&machine);
        machine.pnp(PnpRequest::StopDevice).unwrap();
        machine.start().unwrap_or_else(|error| panic!("{card}: {error}"));
        use_driver(&machine);
        assert_eq!(machine.unload().unwrap(), [], "{card}");
    }
}

#[test]
fn an_application_that_never_closes_its_pin_holds_nothing_back() {
    for card in CARDS {
        let machine = machine(card);
        machine.start().unwrap();
        let pin = Application::new(&machine).open_capture().unwrap();
        pin.run().unwrap();
        pin.queue_read().unwrap();
        assert_eq!(machine.unload().unwrap(), [], "{card}");
        assert_eq!(pin.in_flight(), 0, "{card}");
    }
}
