//! Names in a trace: words and actors, numbered in the order of first use.

use std::collections::BTreeMap;

/// The number of a name in one trace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[repr(transparent)]
pub struct NameId(pub u16);

impl NameId {
    /// The empty name: no note, no word.
    pub const NONE: NameId = NameId(0);
}

/// The side of the hardware registers on which an actor stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layer {
    /// The hardware: bus, lines, wires and the device itself. If a driver is rewritten and makes
    /// the same accesses at the same times, the events of the hardware stay the same.
    Hardware,
    /// Everything that runs on the processor.
    Software,
}

/// One entry of the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    /// The text as it is shown.
    pub text: String,
    /// For an actor, the layer it belongs to.
    pub layer: Option<Layer>,
}

/// The table of names of one trace.
#[derive(Clone, Debug)]
pub struct Names {
    entries: Vec<Name>,
    numbers: BTreeMap<String, NameId>,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Names { entries: Vec::new(), numbers: BTreeMap::new() };
        names.intern("", None);
        names
    }
}

impl Names {
    /// The id of `text`. A new text gets a new entry. When the caller gives a layer, the entry of
    /// `text` gets this layer.
    pub fn intern(&mut self, text: &str, layer: Option<Layer>) -> NameId {
        if let Some(&id) = self.numbers.get(text) {
            if layer.is_some() {
                self.entries[usize::from(id.0)].layer = layer;
            }
            return id;
        }
        let number = u16::try_from(self.entries.len())
            .expect("a trace has at most 65 536 names: names are words, not data");
        self.entries.push(Name { text: text.to_owned(), layer });
        self.numbers.insert(text.to_owned(), NameId(number));
        NameId(number)
    }

    /// The text of a name. An id that is not in the table gives a question mark.
    #[must_use]
    pub fn text(&self, id: NameId) -> &str {
        self.entries.get(usize::from(id.0)).map_or("?", |name| name.text.as_str())
    }

    /// The layer of an actor.
    #[must_use]
    pub fn layer(&self, id: NameId) -> Option<Layer> {
        self.entries.get(usize::from(id.0)).and_then(|name| name.layer)
    }
}
