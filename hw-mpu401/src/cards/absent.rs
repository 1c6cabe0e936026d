//! No card: what a driver meets where the two ports are empty.
//!
//! Source: a report on the list linux-audio-user, November 2006: STATUS of a device that was not
//! activated read as FF, and the driver gave up. Assumed: DATA reads as FF too, because of the
//! pull-ups on the data lines.

use super::families::UART_CHIP;
use crate::answers::{Activation, EmptyRead};
use crate::behaviour::Behaviour;
use crate::profile::{CardProfile, text};
use alloc::borrow::Cow;

pub(super) const PROFILE: CardProfile = CardProfile {
    name: text("absent"),
    title: text("No card"),
    description: text("The ports without a card behind them: all reads give FF, writes are lost."),
    sources: Cow::Borrowed(&[text("A report on linux-audio-user, November 2006: STATUS FF")]),
    behaviour: Behaviour {
        activation: Activation::Absent,
        empty_read: EmptyRead::Value(0xFF),
        ..UART_CHIP
    },
};
