//! What a device's note says about an access, as far as causes need it.
//!
//! Each device has its own words for notes. If a device uses other words than these, the causes
//! only lose precision. Writes are then matched with bytes by their values alone, and a read of a
//! state counts as a read that takes a byte.

/// What happened to a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// The device took the value.
    Taken,
    /// The device took the value, and lost the value of the write before it.
    TakenOverOlder,
    /// The value is lost.
    Lost,
}

/// Whether a read with this note, such as `status: can write`, only told a state and took nothing
/// from the device.
pub(crate) fn tells_state(note: &str) -> bool {
    note.contains(": ")
}

/// What happened to a write with this note.
pub(super) fn fate(note: &str) -> Fate {
    match note {
        "ignored" | "not arrived" | "no power" => Fate::Lost,
        _ if note.ends_with("overwrites a byte") => Fate::TakenOverOlder,
        _ => Fate::Taken,
    }
}

/// Whether a note says that this access lost a value: its own, or that of the write before it.
pub(crate) fn is_mistake(note: &str) -> bool {
    fate(note) != Fate::Taken
}
