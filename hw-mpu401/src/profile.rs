//! A card as plain data: its texts for people, and how it behaves.
//!
//! A new chip turns its profile into numbers, and does not look at the profile again.

use crate::behaviour::Behaviour;
use alloc::borrow::Cow;

/// A text of a profile: part of the program, or from a file.
pub type Text = Cow<'static, str>;

/// A text that is part of the program.
pub(crate) const fn text(words: &'static str) -> Text {
    Text::Borrowed(words)
}

/// A card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardProfile {
    /// The name by which the card is chosen: lower case, words joined by `-`.
    pub name: Text,
    /// The full name, for people.
    pub title: Text,
    /// What is special about the card, in one or two sentences.
    pub description: Text,
    /// Where the numbers come from.
    pub sources: Cow<'static, [Text]>,
    /// How the card behaves.
    pub behaviour: Behaviour,
}
