//! A driver that looks for its sound card before it starts the card's MPU-401.

use portcls_machine::report::Filter;
use portcls_machine::{CardResource, Driver, GuestOptions, MachineBuilder};

use crate::golden;

#[test]
fn a_driver_resets_the_dsp_of_its_card_and_reads_its_version() {
    let file = include_bytes!("../../../guest/drivers/bin/x64/second_range.sys");
    let driver = Driver::from_sys("second_range", file, GuestOptions::default());
    let words = "port:220+16,sb-dsp mpu401 port:388+4 dma:1 dma:5 irq:5 irq:9".split(' ');
    let resources: Vec<CardResource> = words.map(|word| word.parse().expect(word)).collect();
    let builder = MachineBuilder::new().card("sb16").expect("the card is in the table");
    let builder = builder.driver(driver.expect("the driver is a good file"));
    let machine = builder.resources(resources).build().expect("the machine can be built");
    machine.start().expect("the driver starts");
    let description = "The MPU-401 has the second range; the first range answers as a DSP does.";
    golden("second_range", description, &machine, Filter::Registers, "device starts");
}
