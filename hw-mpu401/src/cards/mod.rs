//! The known cards, each with its differences from its family.

mod absent;
mod aztech_azt1605;
mod clone_dumb;
mod cs4237b;
mod es1688;
mod families;
mod lm4560;
mod megamid;
mod musicquest_mqx;
mod ns_pc87363;
mod pc98_mpu;
mod roland_mpu401;
mod sb16;
mod smsc_superio;
mod sonicvibes;

use crate::profile::{CardProfile, Text};

pub use families::{families, family};

/// Every card, the default card first: units with firmware, chips, clones.
static CARDS: [CardProfile; 18] = [
    roland_mpu401::PROFILE,
    smsc_superio::PROFILE,
    sb16::SB16,
    clone_dumb::PROFILE,
    musicquest_mqx::PROFILE,
    pc98_mpu::PROFILE,
    sb16::AWE64,
    cs4237b::PROFILE,
    es1688::PROFILE,
    sonicvibes::PROFILE,
    lm4560::PROFILE,
    ns_pc87363::PROFILE,
    aztech_azt1605::PROFILE,
    megamid::PROFILE,
    sb16::DSP404,
    sb16::DSP405,
    sb16::DSP411,
    sb16::DSP412,
];

/// The profile of no card, see [`card`].
static ABSENT: CardProfile = absent::PROFILE;

/// The names of [`cards`], in the same order.
pub const CARD_NAMES: [&str; CARDS.len()] = {
    let mut names = [""; CARDS.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = match &CARDS[index].name {
            Text::Borrowed(name) => name,
            Text::Owned(_) => panic!("the name of a built-in card is a word of the program"),
        };
        index += 1;
    }
    names
};

/// Every known card, the Roland unit first.
#[must_use]
pub fn cards() -> &'static [CardProfile] {
    &CARDS
}

/// The card of this name. The name `absent` gives empty ports, which are not one of [`cards`].
#[must_use]
pub fn card(name: &str) -> Option<&'static CardProfile> {
    CARDS.iter().chain([&ABSENT]).find(|profile| profile.name == name)
}
