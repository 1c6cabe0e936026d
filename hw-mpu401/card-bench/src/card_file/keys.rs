//! The keys of a card file that are no latency, each with its place in a profile.
//!
//! Words for people stand here; all that a card does is the table of `hw_mpu401::behaviour`. One
//! list serves reading and writing, so that neither can know a key that the other does not.

use hw_mpu401::behaviour::{FIELDS, Kind};
use hw_mpu401::{CardProfile, Text};

/// A key of the file.
pub(super) struct Key {
    pub name: &'static str,
    /// What it means, for the text that is written.
    pub about: &'static str,
    pub value: Value,
}

/// What stands behind a key.
pub(super) enum Value {
    /// Words for people.
    Text { get: fn(&CardProfile) -> &Text, set: fn(&mut CardProfile, Text) },
    /// The list of sources.
    Sources,
    /// Something that the card does.
    Behaviour(&'static Kind),
}

/// Every key but those of `timing`, in the order in which they are written.
pub(super) fn keys() -> impl Iterator<Item = Key> {
    let fields = FIELDS.iter();
    let behaviour = fields.map(|field| Key {
        name: field.key,
        about: field.about,
        value: Value::Behaviour(&field.kind),
    });
    words().into_iter().chain(behaviour)
}

fn words() -> [Key; 4] {
    [
        Key {
            name: "name",
            about: "lower case letters, digits and -",
            value: Value::Text { get: |card| &card.name, set: |card, text| card.name = text },
        },
        Key {
            name: "title",
            about: "the name on the box",
            value: Value::Text { get: |card| &card.title, set: |card, text| card.title = text },
        },
        Key {
            name: "description",
            about: "what is special about it",
            value: Value::Text {
                get: |card| &card.description,
                set: |card, text| card.description = text,
            },
        },
        Key { name: "sources", about: "where the numbers come from", value: Value::Sources },
    ]
}
