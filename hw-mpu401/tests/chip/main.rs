//! The chip from outside: register truths, the cards, the drivers' sequences, and what always
//! holds.

mod bus;
mod clones;
mod drivers;
mod properties;
mod registers;
mod roland;
mod timing;
