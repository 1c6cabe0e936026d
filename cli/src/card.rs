//! A card that the command line names: a built-in card, or a card file.

use std::path::{Path, PathBuf};

use portcls_machine::card_bench::card_file::{CardFile, CardFileError, MAX_CARD_FILE_BYTES};
use portcls_machine::chip::CardProfile;
use portcls_results::file_kind::Wanted;
use portcls_results::plain_text;

use crate::failure::Failure;
use crate::input::{Input, Obstacle};

/// A card as the user gives it.
#[derive(Clone, Debug)]
pub enum CardChoice {
    /// A built-in card.
    BuiltIn(&'static CardProfile),
    /// A card file.
    File(PathBuf),
}

impl CardChoice {
    /// The card's file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            CardChoice::BuiltIn(_) => None,
            CardChoice::File(path) => Some(path),
        }
    }

    /// Loads the card. If a card file is based on a built-in card, the result also has the name of
    /// the built-in card.
    ///
    /// # Errors
    /// [`Failure::CannotRead`], [`Failure::NotACard`] and [`Failure::OtherKind`].
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
        let bytes = input.bytes(MAX_CARD_FILE_BYTES).map_err(|obstacle| match obstacle {
            Obstacle::System(error) => Failure::cannot_read(
                &input,
                &error,
                "give a card file (.toml) or a name of `cards`",
            ),
            Obstacle::TooBig(_) => CardFileError {
                file: name.clone(),
                line: 1,
                column: 1,
                what: "the file is too long for a card".to_owned(),
                hint: "leave out what is no key".to_owned(),
            }
            .into(),
        })?;
        let bytes = plain_text(bytes);
        CardFile::from_bytes(&name, &bytes).map_err(|error| {
            Failure::other_kind(&name, &bytes, Wanted::Card).unwrap_or(error.into())
        })
    }
}
