//! The register scripts that come with the program, on every card, and random ones.

#[path = "conformance/broken.rs"]
mod broken;
#[path = "conformance/random.rs"]
mod random;
#[path = "conformance/reference.rs"]
mod reference;
#[path = "conformance/suite.rs"]
mod suite;
