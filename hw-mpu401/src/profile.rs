//! A card as plain data: its texts for people, and how it behaves.
//!
//! A chip resolves a profile into numbers when it is made, and does not look at it again.

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
    /// The name on the box.
    pub title: Text,
    /// What is special about the card, in one or two sentences.
    pub description: Text,
    /// Where the numbers come from.
    pub sources: Cow<'static, [Text]>,
    /// How it behaves.
    pub behaviour: Behaviour,
}
