//! The keys that set a field of a card's profile, except the latencies.
//!
//! This file defines the keys whose value is text for a person to read. The keys of everything that
//! a card does are in the table of `hw_mpu401::behaviour`. The reader and the writer use the same
//! list, so both always know the same keys.

use hw_mpu401::behaviour::{FIELDS, Kind};
use hw_mpu401::{CardProfile, Text};

/// A key of the file.
pub(super) struct Key {
    pub name: &'static str,
    /// What the key means; the writer puts this explanation into the card file.
    pub about: &'static str,
    pub value: Value,
}

/// The kind of a key's value.
pub(super) enum Value {
    /// Text for people.
    Text { get: fn(&CardProfile) -> &Text, set: fn(&mut CardProfile, Text) },
    /// The list of sources.
    Sources,
    /// Something that the card does.
    Behaviour(&'static Kind),
}

/// Every key that sets a field of the profile, except the latencies in `timing`. The writer writes
/// the keys in this order.
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
            about: "the full name, for people",
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
