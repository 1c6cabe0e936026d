//! What `monitor` answers, without gdb.
//!
//! `machine/tests/debug.rs` asks some of these questions through gdb itself.

use portcls_emulator::{DevicePowerState, Inspection};
use portcls_guest::GuestOptions;
use portcls_report::Filter;

use super::{HELP, facts};
use crate::application::Application;
use crate::builder::MachineBuilder;
use crate::driver::Driver;
use crate::machine::Machine;

fn machine(card: &str) -> Machine {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest/drivers/bin/x64/uart.sys");
    let file = std::fs::read(path).expect("the test drivers are part of the project");
    let driver = Driver::from_sys("uart.sys", &file, GuestOptions::default());
    let driver = driver.expect("a good file");
    MachineBuilder::new().card(card).expect("a card").driver(driver).build().expect("it fits")
}

fn ask(machine: &Machine, question: &str) -> Option<String> {
    let guest = machine.guest().expect("a driver of Windows");
    facts(machine, &guest)(question)
}

fn has(text: &str, line: &str) -> bool {
    text.lines().any(|other| other.trim() == line)
}

#[test]
fn the_card_is_told_before_the_driver_is_loaded() {
    let machine = machine("roland-mpu401");
    let told = ask(&machine, "card").expect("an answer");
    assert!(told.starts_with("the device at ports 330 to 331, irq 9\n"), "{told}");
    assert!(has(&told, "card           roland-mpu401"), "{told}");
    assert!(has(&told, "MIDI OUT       idle"), "{told}");
    assert!(told.contains("  mode           intelligent, resets until "), "{told}");
    assert_eq!(ask(&machine, "!card"), Some(told), "as WinDbg would write it");
}

#[test]
fn the_words_are_those_of_the_kernel_and_of_the_bus() {
    let machine = machine("smsc-superio");
    machine.start().expect("it starts");
    let application = Application::new(&machine);
    let pin = application.open_render().expect("a pin");
    pin.run().expect("it runs");
    pin.write_now(&[0x90, 0x3C, 0x40]).expect("it is queued");
    machine.run_for_ns(400_000).expect("nothing stops it");
    let (devices, queues) = (machine.kernel().inspect_devices(), machine.kernel().inspect_queues());
    assert_eq!(ask(&machine, "card"), Some(Inspection::text_of(&devices)));
    assert_eq!(ask(&machine, "queues"), Some(queues.to_string()));
    assert_eq!(devices[0].value("mode"), Some("UART, ready"));
    assert_eq!(devices[0].value("STATUS"), Some("80: DRR clear, can write; DSR set, no data"));
    let sending = devices[0].value("MIDI OUT").expect("it is told");
    assert!(sending.starts_with("sends 3C until "), "{sending}");
}

#[test]
fn a_card_without_power_and_one_that_was_pulled_tell_nothing_else() {
    let machine = machine("smsc-superio");
    machine.start().expect("it starts");
    machine.set_device_power(DevicePowerState::D3).expect("it sleeps");
    let told = ask(&machine, "card").expect("an answer");
    let power = "power          off: its registers read FF, and nothing leaves it";
    assert!(has(&told, power) && !told.contains("STATUS"), "{told}");
    machine.set_device_power(DevicePowerState::D0).expect("it wakes");
    machine.pull_card().expect("the driver takes it");
    let told = ask(&machine, "card").expect("an answer");
    assert!(has(&told, "bus            it was pulled off: its ports read FF"), "{told}");
    assert!(!told.contains("STATUS"), "{told}");
}

#[test]
fn filters_pins_and_requests_are_told_as_they_are_at_this_moment() {
    let machine = machine("smsc-superio");
    for question in ["filters", "pins", "irps"] {
        assert_eq!(ask(&machine, question).as_deref(), Some("none"), "before the driver starts");
    }
    machine.start().expect("it starts");
    let application = Application::new(&machine);
    let pin = application.open_render().expect("a pin");
    let before = machine.trace_text(Filter::Full);
    let filters = ask(&machine, "filters").expect("an answer");
    assert!(filters.starts_with("the filter 'Uart'\n"), "{filters}");
    assert!(has(&filters, "pins           0: data into the filter, 1 of 1 open"), "{filters}");
    let pins = ask(&machine, "pins").expect("an answer");
    assert!(pins.starts_with("pin 0 of the filter 'Uart'\n"), "{pins}");
    assert!(has(&pins, "stream         render") && has(&pins, "state          STOP"), "{pins}");
    assert!(has(&pins, "requests       0"), "{pins}");
    assert_eq!(machine.trace_text(Filter::Full), before, "an inspection is not in the trace");
    let input = application.open_capture().expect("a pin");
    input.run().expect("it runs");
    input.queue_read().expect("it is queued");
    input.queue_read().expect("it is queued");
    let irps = ask(&machine, "irps").expect("an answer");
    assert!(irps.contains("the requests of pin 0 of the filter 'Uart'\n  queue          none\n"));
    assert!(irps.contains("IOCTL_KS_READ_STREAM, 0 of "), "{irps}");
    assert!(irps.contains(", served now\n") && irps.ends_with(", waits"), "{irps}");
    drop(pin);
    let pins = ask(&machine, "pins").expect("an answer");
    assert!(!pins.contains("render") && has(&pins, "state          RUN"), "{pins}");
}

#[test]
fn a_word_that_is_none_has_no_answer() {
    let machine = machine("smsc-superio");
    for word in
        ["car", "cards", "c", "queue", "q", "CARD", "card 1", "queues all", "dpcs", "\u{e4}"]
    {
        assert_eq!(ask(&machine, word), None, "{word}");
    }
}

#[test]
fn the_help_has_every_word_and_each_of_them_an_answer() {
    let machine = machine("smsc-superio");
    assert_eq!(ask(&machine, "help").as_deref(), Some(HELP));
    assert_eq!(ask(&machine, "").as_deref(), Some(HELP));
    let words: Vec<&str> = HELP.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(
        words,
        ["irql", "time", "running", "card", "queues", "filters", "pins", "irps", "trace", "lm"]
    );
    for word in words {
        assert!(ask(&machine, word).is_some(), "{word}");
    }
}
