//! The built-in register scripts on every card, and random scripts.

#[path = "conformance/broken.rs"]
mod broken;
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
