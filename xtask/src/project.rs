//! Where the project is, and what cargo says of its packages.

use std::path::Path;

use serde_json::Value;

use crate::program::{Failure, cargo, output_of};

/// The manifests of all workspaces: the project, and what has to stand alone.
pub const WORKSPACES: [&str; 4] =
    ["Cargo.toml", "template/Cargo.toml", "tests/fuzz/Cargo.toml", "hw-mpu401/no-std/Cargo.toml"];

/// The root of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate is a folder of the project")
}

/// What `cargo metadata` says of a workspace, its dependencies included.
///
/// # Errors
/// When cargo fails, such as without a network when a dependency was never fetched.
pub fn metadata(manifest: &str) -> Result<Value, Failure> {
    let arguments = ["metadata", "--locked", "--format-version", "1", "--manifest-path", manifest];
    parse(&output_of(cargo(&arguments))?)
}

/// What `cargo metadata` says of the project's own packages; it needs no network.
///
/// # Errors
/// When cargo fails.
pub fn own_packages() -> Result<Vec<Value>, Failure> {
    let arguments = ["metadata", "--offline", "--no-deps", "--format-version", "1"];
    Ok(list(&parse(&output_of(cargo(&arguments))?)?["packages"]).to_vec())
}

/// The text of a field, empty where there is none.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The values of a list, none where there is no list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn parse(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Failed(format!("cargo metadata: {error}")))
}
