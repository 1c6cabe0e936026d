//! Why a card is expected to do something, and how strong the reason is.
//!
//! Lines of a script name the grounds of a scenario. On the page of the cards, a cell shows the
//! strength of the strongest ground for its card. This file does not know scenarios.

/// How strong a ground is. The order is from the strongest to the weakest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// The behaviour was measured.
    Measured,
    /// A document says it: the maker's data sheet or manual, or a published standard.
    Sheet,
    /// A published driver relies on it.
    Driver,
    /// A user's log or report shows it.
    Log,
    /// No source says it, and the model assumes it for a reason.
    Assumed,
}

impl Strength {
    /// Every strength, the strongest first.
    pub const ALL: [Self; 5] =
        [Self::Measured, Self::Sheet, Self::Driver, Self::Log, Self::Assumed];

    /// The word in a script.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Sheet => "sheet",
            Self::Driver => "driver",
            Self::Log => "log",
            Self::Assumed => "assumed",
        }
    }

    /// The mark in a table, as a capital letter.
    #[must_use]
    pub const fn mark(self) -> char {
        match self {
            Self::Measured => 'M',
            Self::Sheet => 'S',
            Self::Driver => 'D',
            Self::Log => 'L',
            Self::Assumed => 'A',
        }
    }

    /// What the strength means, for a person.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Measured => "it was watched on the unit's own firmware",
            Self::Sheet => "a data sheet, a manual or a standard says it",
            Self::Driver => "a published driver relies on it",
            Self::Log => "a user's log or report shows it",
            Self::Assumed => "no source says it: the model assumes it for a reason",
        }
    }

    /// The strength with this word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strength| strength.word() == word)
    }
}

/// A ground: what is known, of which cards, and how surely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// How strong the ground is; `None` if the script does not say so.
    pub strength: Option<Strength>,
    /// The cards that the ground is about; empty for every card.
    pub cards: Vec<String>,
    /// The source, or the reason.
    pub text: String,
}

impl Ground {
    /// Whether the ground is about this card.
    #[must_use]
    pub fn is_about(&self, card: &str) -> bool {
        self.cards.is_empty() || self.cards.iter().any(|name| name == card)
    }
}
