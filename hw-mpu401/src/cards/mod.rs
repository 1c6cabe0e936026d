//! The known cards, each with its differences from its family.

mod absent;
mod as_seen;
mod aureal_vortex;
mod aztech_azt1605;
mod clone_dumb;
mod cmi8738;
mod cs4237b;
mod cs4281;
mod emu10k1;
mod es1688;
mod es1869;
mod families;
mod fm801;
mod ice1712;
mod it8712f;
mod lm4560;
mod megamid;
mod musicquest_mqx;
mod ns_pc87363;
mod pc98_mpu;
mod pci;
mod picogus;
mod roland_mpu401;
mod sb16;
mod smsc_superio;
mod solo_1;
mod sonicvibes;
mod superio_ff_only;
mod trident_4dwave;
mod via_vt1211;
mod ymf724;

use crate::profile::{CardProfile, Text};

pub use families::{families, family};

/// Every card, the default card first and the emulations last.
static CARDS: [CardProfile; 34] = [
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
    via_vt1211::PROFILE,
    it8712f::PROFILE,
    superio_ff_only::PROFILE,
    es1869::PROFILE,
    solo_1::PROFILE,
    emu10k1::PROFILE,
    aureal_vortex::PROFILE,
    cmi8738::PROFILE,
    ice1712::PROFILE,
    trident_4dwave::PROFILE,
    ymf724::PROFILE,
    fm801::PROFILE,
    cs4281::PROFILE,
    picogus::PROFILE,
    as_seen::IN_86BOX,
    as_seen::IN_DOSBOX,
];

/// The profile of ports without a card, see [`card`].
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
