//! The built-in register scripts on every card, and random scripts.

#[path = "conformance/broken.rs"]
mod broken;
#[path = "conformance/drawn_cards.rs"]
mod drawn_cards;
#[path = "conformance/random.rs"]
mod random;
#[path = "conformance/reference.rs"]
mod reference;
#[path = "conformance/suite.rs"]
mod suite;
