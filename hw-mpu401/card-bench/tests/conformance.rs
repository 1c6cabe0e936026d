//! Register scripts: the built-in suite on every card, scripts for other
//! cards, random scripts, and recipes for real cards.

#[path = "conformance/broken.rs"]
mod broken;
#[path = "conformance/bus_chip_cards.rs"]
mod bus_chip_cards;
#[path = "conformance/drawn_cards.rs"]
mod drawn_cards;
#[path = "conformance/outside.rs"]
mod outside;
#[path = "conformance/random.rs"]
mod random;
#[path = "conformance/recipes.rs"]
mod recipes;
#[path = "conformance/reference.rs"]
mod reference;
#[path = "conformance/suite.rs"]
mod suite;
