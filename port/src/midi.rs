//! The MIDI port: what it does in its own way with a MIDI miniport and its streams.

pub(crate) mod capture;
pub(crate) mod render;
