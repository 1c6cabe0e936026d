//! Driver start: what `uart` does to each card.
//!
//! The card is at power-on or already in UART mode.

use portcls_machine::chip::InitialState;
use portcls_machine::report::Filter;

use crate::golden;
use crate::scene::{CARDS, machine};

fn golden_start(prefix: &str, description: &str, state: InitialState) {
    for card in CARDS {
        let machine = machine(card, state);
        machine.start().expect("the driver starts");
        let name = format!("{prefix}_{card}");
        golden(&name, description, &machine, Filter::Full, "device starts");
    }
}

#[test]
fn a_card_fresh_from_power_on_is_reset_and_put_into_uart_mode() {
    let description =
        "Driver start from power-on: FF and 3F, and the ACK of a card that sends one.";
    golden_start("start_from_power_on", description, InitialState::PowerOn);
}

#[test]
fn a_card_that_the_last_driver_left_in_uart_mode_is_reset_all_the_same() {
    let description = "Driver start with the card in UART mode, where many take FF silently.";
    golden_start("start_from_uart_mode", description, InitialState::Uart { stale: 0x40 });
}
