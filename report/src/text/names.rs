//! The names and texts that the reader collects.

use std::collections::BTreeMap;

use portcls_emulator::trace::{Layer, NameId, Names, TextRef};

use super::error::Fault;
use super::layout::HARDWARE;

/// The most names of one trace, including the empty name: one name for each 16-bit number.
const MOST_NAMES: usize = 1 << 16;

/// The names and texts of a trace that is being read.
#[derive(Default)]
pub(super) struct Collected {
    /// The hardware actors, when the text lists them.
    hardware: Option<Vec<String>>,

    names: Names,
    words: BTreeMap<String, NameId>,
    actors: BTreeMap<String, NameId>,
    texts: String,
}

impl Collected {
    /// Takes the list of hardware actors. Returns false if there was a list already.
    pub(super) fn set_hardware(&mut self, actors: Vec<String>) -> bool {
        self.hardware.replace(actors).is_none()
    }

    /// The number of a name; `at` is the piece of text with the name.
    pub(super) fn name<'t>(&mut self, name: &str, at: &'t str) -> Result<NameId, Fault<'t>> {
        if name.is_empty() {
            return Ok(NameId::NONE);
        }
        if let Some(&id) = self.words.get(name) {
            return Ok(id);
        }
        if self.words.len() + 1 == MOST_NAMES {
            let hint = "a trace holds 65 535 names; put what varies into a note";
            return Err(Fault::new(at, "this is one name too many", hint));
        }
        let id = self.names.intern(name, None);
        self.words.insert(name.to_owned(), id);
        Ok(id)
    }

    /// The number of an actor. The actor is stored with its layer.
    pub(super) fn actor<'t>(&mut self, name: &str, at: &'t str) -> Result<NameId, Fault<'t>> {
        if let Some(&id) = self.actors.get(name) {
            return Ok(id);
        }
        self.name(name, at)?;
        let hardware = match &self.hardware {
            Some(actors) => actors.iter().any(|actor| actor == name),
            None => HARDWARE.contains(&name),
        };
        let layer = if hardware { Layer::Hardware } else { Layer::Software };
        let id = self.names.intern(name, Some(layer));
        self.actors.insert(name.to_owned(), id);
        Ok(id)
    }

    /// Keeps the words of a mark or a note; `at` is the piece of text with the words.
    pub(super) fn text<'t>(&mut self, text: &str, at: &'t str) -> Result<TextRef, Fault<'t>> {
        let Ok(length) = u32::try_from(text.len()) else {
            let hint = "a mark or note holds less than 4 GiB; split it";
            return Err(Fault::new(at, "these words are too long", hint));
        };
        let offset = self.texts.len() as u64;
        self.texts.push_str(text);
        Ok(TextRef { offset, length })
    }

    /// The names and the texts.
    pub(super) fn into_parts(self) -> (Names, String) {
        (self.names, self.texts)
    }
}
