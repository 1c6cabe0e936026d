//! A card as plain data: its words for people, and how it behaves.
//!
//! A profile is resolved into numbers when a chip is made and is not looked at again.

use crate::behaviour::Behaviour;
use alloc::borrow::Cow;

/// Words of a profile: of the program, or of a file.
pub type Text = Cow<'static, str>;

/// Words of the program.
pub(crate) const fn text(words: &'static str) -> Text {
    Text::Borrowed(words)
}

/// A card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardProfile {
    /// The name by which the card is chosen: lower case, words joined by `-`.
    pub name: Text,
    /// The name on the box.
    pub title: Text,
    /// What is special about it, in one or two sentences.
    pub description: Text,
    /// Where the numbers come from.
    pub sources: Cow<'static, [Text]>,
    /// How it behaves.
    pub behaviour: Behaviour,
}
