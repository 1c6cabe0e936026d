//! A machine with an unmodified Windows driver.

use portcls_machine::report::Filter;
use portcls_machine::{Application, Driver, GuestOptions, MachineBuilder};

fn driver(place: &str) -> Driver {
    let path = format!("{}/../guest/drivers/bin/{place}/uart.sys", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::read(&path).expect("the test drivers are part of the project");
    Driver::from_sys("uart.sys", &file, GuestOptions::default()).expect("it is a good file")
}

#[test]
fn the_test_driver_starts_plays_and_unloads_on_every_bitness() {
    for place in ["x64", "x86", "msvc-x64"] {
        let builder = MachineBuilder::new().card("smsc-superio").unwrap();
        let machine = builder.driver(driver(place)).build().unwrap();
        if let Err(error) = machine.start() {
            panic!("{place}: {error}\n{}", machine.trace_text(Filter::Full));
        }
        let application = Application::new(&machine);
        machine.run_for_ns(200_000_000).unwrap();
        let pin = application.open_render().unwrap();
        pin.run().unwrap();
        pin.write_now(&[0x90, 0x3C, 0x40]).unwrap();
        machine.run_for_ns(3_000_000).unwrap();
        assert_eq!(machine.cable().sent_bytes(), [0x90, 0x3C, 0x40], "{place}");
        drop(pin);
        assert_eq!(machine.unload().unwrap(), [], "{place}");
    }
}
