//! Removal of the device: in order, with a pin open, and by surprise.

use portcls_machine::emulator::PnpRequest;
use portcls_machine::report::Filter;

use crate::golden;
use crate::scene::{CARDS, mark, render, started, wait_us};

#[test]
fn a_removed_device_leaves_the_card_reset_and_the_interrupt_disconnected() {
    for card in CARDS {
        let machine = started(card);
        wait_us(&machine, 100_000);
        assert_eq!(machine.unload().unwrap(), []);
        let name = format!("remove_{card}");
        let description = "Removal and unload: the miniport's destructor resets the card.";
        golden(&name, description, &machine, Filter::Full, "device is removed");
    }
}

#[test]
fn a_device_that_is_removed_with_a_pin_open_takes_the_pin_along() {
    let machine = started("roland-mpu401");
    let pin = render(&machine);
    mark(&machine, "device is removed, the pin is open");
    machine.pnp(PnpRequest::RemoveDevice).unwrap();
    pin.close().unwrap();
    let description = "Removal with a pin in RUN: the port stops the stream and drops it; the \
                       application's close comes afterwards.";
    let words = "device is removed, the pin is open";
    golden("remove_with_pin_open", description, &machine, Filter::Full, words);
}

#[test]
fn a_card_that_is_pulled_answers_the_application_with_an_error() {
    let machine = started("smsc-superio");
    let pin = render(&machine);
    machine.pull_card().unwrap();
    assert!(pin.write_now(&[0xF8]).is_err());
    pin.close().unwrap();
    assert_eq!(machine.unload().unwrap(), []);
    let description = "The card is pulled: the driver sees FF and gives up, a write into the dead \
                       pin, its close, and the removal that follows.";
    golden("surprise_removal", description, &machine, Filter::Full, "the card is pulled");
    assert!(!machine.cable().sent_bytes().contains(&0xF8));
}
