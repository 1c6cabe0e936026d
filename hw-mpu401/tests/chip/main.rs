//! The chip from outside: registers, cards, drivers' sequences, and laws.

mod bus;
mod clones;
mod drivers;
mod fifo_sequencer;
mod host;
mod play;
mod properties;
mod record;
mod registers;
mod roland;
mod state;
mod tempo;
mod timing;
