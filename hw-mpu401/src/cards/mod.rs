//! The cards that are known, one file each.

mod clone_dumb;
mod roland_mpu401;
mod sb16;
mod smsc_superio;

use crate::profile::CardProfile;

/// Every card, the default one first.
static CARDS: [CardProfile; 4] =
    [roland_mpu401::PROFILE, smsc_superio::PROFILE, sb16::PROFILE, clone_dumb::PROFILE];

/// Every card that is known, the Roland unit first.
#[must_use]
pub fn cards() -> &'static [CardProfile] {
    &CARDS
}

/// The card of this name.
#[must_use]
pub fn card(name: &str) -> Option<&'static CardProfile> {
    CARDS.iter().find(|profile| profile.name == name)
}
