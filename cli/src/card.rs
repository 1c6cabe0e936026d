//! The card of the option `--card`: a built-in card, or a card in a file.

use std::path::PathBuf;
use std::str;

use portcls_machine::card_bench::card_file::{CardFile, CardFileError, MAX_CARD_FILE_BYTES};
use portcls_machine::chip::CardProfile;

use crate::failure::Failure;
use crate::input::{Input, Obstacle};

/// A card as the user gives it.
#[derive(Clone, Debug)]
pub enum CardChoice {
    /// A built-in card.
    BuiltIn(&'static CardProfile),
    /// A file.
    File(PathBuf),
}

impl CardChoice {
    /// Loads the card. If a file starts from a built-in card, the result also has the name of that
    /// card.
    ///
    /// # Errors
    /// [`Failure::CannotRead`] and [`Failure::NotACard`].
    pub fn load(&self) -> Result<CardFile, Failure> {
        let path = match self {
            CardChoice::BuiltIn(profile) => {
                return Ok(CardFile {
                    profile: (*profile).clone(),
                    based_on: None,
                    resources: Vec::new(),
                });
            }
            CardChoice::File(path) => path,
        };
        let input = Input::File(path.clone());
        let name = input.name();
        let not_a_card = |line, column, what: &str, hint: &str| CardFileError {
            file: name.clone(),
            line,
            column,
            what: what.to_owned(),
            hint: hint.to_owned(),
        };
        let bytes = input.bytes(MAX_CARD_FILE_BYTES).map_err(|obstacle| match obstacle {
            Obstacle::System(error) => {
                Failure::cannot_read(&name, &error, "give a card file (.toml) or a name of `cards`")
            }
            Obstacle::TooBig(_) => {
                not_a_card(1, 1, "the file is too long for a card", "leave out what is no key")
                    .into()
            }
        })?;
        let text = str::from_utf8(&bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            let line = before.iter().filter(|b| **b == b'\n').count() + 1;
            let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
            let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
            not_a_card(
                line,
                column,
                "a byte here is no text",
                "save the file as plain text in UTF-8",
            )
        })?;
        Ok(CardFile::parse(&name, text)?)
    }
}
