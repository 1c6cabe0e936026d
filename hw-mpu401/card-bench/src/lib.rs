//! A bench for MPU-401 cards: one card alone, without a machine.
//!
//! Owns: cards from files ([`card_file`]); the other resources of a card's device ([`resources`]);
//! register scripts with their expectations, and the suite for every card ([`ops`]); the names of a
//! card's signals in a trace ([`signals`]); how a trace of a card becomes waveforms
//! ([`vcd_options`]); what the names in such a trace mean ([`legend`](fn@legend)); the known word
//! that a wrong word was probably meant to be ([`near`]); the line and column of a mistake
//! ([`line_and_column`]); and how a message shows a user's text ([`shown`](fn@shown)).
//! Of `portcls_emulator` this crate uses only the trace. This crate never knows Windows, a bus, a
//! driver or a terminal, and opens no file itself.
//!
//! Without the feature `bench`, which is on by default, there are no scripts, no signals, no
//! waveforms and no legend.

#[cfg(feature = "bench")]
mod byte_words;
pub mod card_file;
#[cfg(feature = "bench")]
mod legend;
mod nearest;
#[cfg(feature = "bench")]
pub mod ops;
mod place;
pub mod resources;
mod shown;
#[cfg(feature = "bench")]
pub mod signals;
#[cfg(feature = "bench")]
mod waves;

#[cfg(feature = "bench")]
pub use legend::legend;
pub use nearest::{near, nearest};
pub use place::line_and_column;
pub use shown::{shown, shown_up_to};
#[cfg(feature = "bench")]
pub use waves::vcd_options;
