//! A driver tests the kernel from inside: `drivers/source/services.cpp`.

use portcls_driver_file::image::Image;
use portcls_emulator::trace::Event;
use portcls_emulator::{DriverObject, Kernel, KernelConfig};
use portcls_guest::{Guest, GuestOptions};

fn driver(target: &str) -> Image {
    let path = format!("{}/drivers/bin/{target}/services.sys", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    Image::parse(&file).expect("the driver is a good file")
}

/// The messages of the driver.
fn messages(kernel: &Kernel) -> Vec<String> {
    let log = kernel.trace().log();
    let notes = log.events().filter_map(|event| match event.event {
        Event::Note(text) => Some(log.text(text).to_owned()),
        _ => None,
    });
    notes.collect()
}

/// The driver's last line tests the formats. When no test of the driver fails, the driver prints no
/// other line.
#[test]
fn the_kernel_keeps_its_promises_to_drivers_of_both_bitnesses() {
    for target in ["x64", "x86", "msvc-x64"] {
        let kernel = Kernel::new(KernelConfig::default());
        let guest = Guest::new(&kernel, &driver(target), GuestOptions::default()).expect("fits");
        let object = DriverObject::new("services");
        let answer = kernel.enter(|_| guest.run_entry(&object, "services"));
        let formats = "text -1 BEEF wide words 123456789abcdef c 100%";
        assert_eq!(messages(&kernel), [formats], "{target}: {answer:?}");
        assert_eq!(answer, Ok(Ok(())), "{target}");
        assert_eq!(kernel.violations(), [], "{target}");
        guest.end();
    }
}
