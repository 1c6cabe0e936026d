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

/// The driver dies of a jump to nowhere that is written over the beginning of a function.
#[test]
fn a_failure_is_reported_with_the_place_and_the_last_events() {
    let path = format!("{}/../guest/drivers/bin/x64/uart.sys", env!("CARGO_MANIFEST_DIR"));
    let mut file = std::fs::read(path).expect("the test drivers are part of the project");
    let image = portcls_machine::guest::image::Image::parse(&file).expect("a good file");
    let entry = image.section_at(image.entry_rva()).expect("code");
    let in_file = file
        .windows(16)
        .position(|bytes| bytes == &entry.bytes[(image.entry_rva() - entry.rva) as usize..][..16]);
    let place = in_file.expect("the entry is in the file");
    // xor eax, eax; mov eax, [rax + 8]
    file[place..place + 5].copy_from_slice(&[0x31, 0xC0, 0x8B, 0x40, 0x08]);
    let driver = Driver::from_sys("odd.sys", &file, GuestOptions::default()).unwrap();
    let machine = MachineBuilder::new().driver(driver).build().unwrap();
    assert!(machine.start().is_err());

    let analysis = machine.analysis().expect("a failure has a report");
    assert_eq!(analysis.failure_bucket_id, "0x7E_C0000005_odd!DriverEntry+2");
    let events = analysis.events.join("\n");
    assert!(events.starts_with("== 0.000 driver loads\n"), "{events}");
    assert!(events.contains("stop: SYSTEM_THREAD_EXCEPTION_NOT_HANDLED (7E)"), "{events}");
    let text = analysis.to_string();
    assert!(text.contains("\n>fffff800100"), "the code is marked: {text}");
    assert!(text.contains("CURRENT_IRQL:  0 (PASSIVE_LEVEL)"), "{text}");
}

#[test]
fn a_run_that_ends_well_has_no_report() {
    let machine = MachineBuilder::new().driver(driver("x64")).build().unwrap();
    machine.start().unwrap();
    assert_eq!(machine.unload().unwrap(), []);
    assert_eq!(machine.analysis(), None);
}
