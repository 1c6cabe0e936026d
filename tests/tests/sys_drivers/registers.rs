//! The register accesses of the good driver and of the reference driver.

use std::fmt::Write as _;

use portcls_machine::Driver;
use portcls_machine::emulator::trace::Direction;

use crate::scene::{Access, BUILDS, accesses, driver, live, machine, neighbour_cards};

fn accesses_of(card: &str, driver: Driver) -> Vec<Access> {
    let machine = machine(card, driver);
    live(&machine);
    assert_eq!(machine.kernel().violations(), [], "{card}");
    accesses(&machine)
}

fn rust() -> Driver {
    Driver::named("uart").expect("it comes with the project")
}

#[test]
fn every_build_makes_the_accesses_of_the_reference_driver_on_every_card() {
    for card in neighbour_cards() {
        let reference: Vec<_> = accesses_of(card, rust()).iter().map(Access::what).collect();
        for build in BUILDS {
            let own: Vec<_> = accesses_of(card, driver(build)).iter().map(Access::what).collect();
            assert_eq!(own, reference, "{card}, {build}");
        }
    }
}

#[test]
fn every_build_refuses_a_card_whose_registers_are_apart() {
    for build in BUILDS {
        let refusal = machine("pc98-mpu", driver(build)).start().expect_err("it takes one range");
        let words = refusal.to_string();
        assert!(words.contains("STATUS_DEVICE_CONFIGURATION_ERROR"), "{build}: {words}");
    }
}

#[test]
fn the_drivers_in_rust_and_in_cpp_side_by_side() {
    let card = "smsc-superio";
    let reference = accesses_of(card, rust());
    let own = accesses_of(card, driver("x64/uart"));
    assert_eq!(reference.len(), own.len());
    let mut table = String::from("   Rust, us     C++, us   access\n");
    for (reference, own) in reference.iter().zip(&own) {
        let (arrow, name) = match own.direction {
            Direction::Read => ("->", "in "),
            Direction::Write => ("<-", "out"),
        };
        let (port, value) = (own.port, own.value);
        let (first, second) = (micros(reference.time_ns), micros(own.time_ns));
        writeln!(table, "{first} {second}   {name} {port:X} {arrow} {value:02X}").unwrap();
    }
    let description = "The register accesses of a whole life on an SMSC card: the reference \
                       driver in Rust, and the C++ driver of x64, whose instructions take time. \
                       Of equal reads one after the other the first is shown.";
    insta::with_settings!({description => description, omit_expression => true}, {
        insta::assert_snapshot!("registers_of_rust_and_cpp", table);
    });
}

/// A time in us with three decimals.
fn micros(time_ns: u64) -> String {
    format!("{:>7}.{:03}", time_ns / 1_000, time_ns % 1_000)
}
