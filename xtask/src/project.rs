//! The folder of the project, and cargo's facts about its packages.

use std::env;
use std::path::PathBuf;

use serde_json::Value;

use crate::program::{Failure, cargo, output_of};

/// The manifests of all workspaces: the project, and the crates that must stand alone.
pub const WORKSPACES: [&str; 5] = [
    "Cargo.toml",
    "lab/Cargo.toml",
    "template/Cargo.toml",
    "tests/fuzz/Cargo.toml",
    "hw-mpu401/no-std/Cargo.toml",
];

/// The root of the project.
///
/// The function asks cargo at run time where this crate is, because two copies of the project may
/// share a target folder. So a program that was built from one copy also works on the other copy,
/// if a user runs it there with `cargo xtask`.
pub fn root() -> PathBuf {
    let built_for = || env!("CARGO_MANIFEST_DIR").into();
    let room = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(built_for));
    room.parent().expect("this crate is a folder of the project").to_owned()
}

/// The output of `cargo metadata` for a workspace, with its dependencies.
///
/// # Errors
/// Cargo failed. For example, a dependency was never fetched, and there is no network.
pub fn metadata(manifest: &str) -> Result<Value, Failure> {
    let arguments = ["metadata", "--locked", "--format-version", "1", "--manifest-path", manifest];
    parse(&output_of(cargo(&arguments))?)
}

/// The output of `cargo metadata` for the project's own packages. This needs no network.
///
/// # Errors
/// Cargo failed.
pub fn own_packages() -> Result<Vec<Value>, Failure> {
    let arguments = ["metadata", "--offline", "--no-deps", "--format-version", "1"];
    Ok(list(&parse(&output_of(cargo(&arguments))?)?["packages"]).to_vec())
}

/// The text of a field; empty if there is no such field.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The values of a list; no values if the value is not a list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn parse(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Failed(format!("cargo metadata: {error}")))
}
