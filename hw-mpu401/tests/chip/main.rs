//! The chip from outside: register truths, the cards, the drivers' sequences, and what always
//! holds.

mod bus;
mod clones;
mod drivers;
mod host;
mod play;
mod properties;
mod record;
mod registers;
mod roland;
mod state;
mod tempo;
mod timing;
