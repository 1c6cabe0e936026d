//! The crates that are published, in the form that crates.io would get.
//!
//! `cargo package` builds each crate alone, and this takes minutes. The verb here unpacks all
//! packages side by side. Then it checks the packages as one workspace, with dependencies that are
//! already built.

use std::path::Path;
use std::process::Command;
use std::{fs, io};

use serde_json::Value;

use crate::program::{Failure, Outcome, cargo, no_arguments, run, target_folder};
use crate::project::{own_packages, root, text};

/// Packages the published crates, and checks the content of the packages.
pub fn package(arguments: &[String]) -> Outcome {
    no_arguments("package", arguments)?;
    let packages = own_packages()?;
    let published: Vec<&Value> = packages.iter().filter(|package| is_published(package)).collect();
    // The packages may have changes that are not committed, because this verb publishes nothing.
    let options = ["package", "--quiet", "--offline", "--no-verify", "--allow-dirty"];
    let mut command = cargo(&options);
    for package in &published {
        command.args(["-p", text(package, "name")]);
    }
    run(command)?;

    let folder = target_folder().join("package/unpacked");
    unpack(&published, &folder)?;
    let manifest = folder.join("Cargo.toml");
    let mut command = cargo(&["check", "--quiet", "--offline", "--workspace", "--manifest-path"]);
    command.arg(manifest);
    run(command)?;
    println!("{} crates can be published as they are", published.len());
    Ok(())
}

/// Unpacks the packages into a folder and makes one workspace of all packages.
fn unpack(packages: &[&Value], folder: &Path) -> Outcome {
    make_empty(folder).map_err(Failure::failed)?;
    let mut names = Vec::new();
    for package in packages {
        let titled = format!("{}-{}", text(package, "name"), text(package, "version"));
        let mut command = Command::new("tar");
        command.current_dir(folder).arg("-xzf").arg(format!("../{titled}.crate"));
        run(command)?;
        names.push((text(package, "name"), titled));
    }
    // The workspace uses the same versions of the dependencies as the project, because cargo has
    // them already.
    let lock = fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"));
    lock.map_err(Failure::failed)?;
    fs::write(folder.join("Cargo.toml"), workspace(&names)).map_err(Failure::failed)
}

fn make_empty(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)
}

/// The manifest of a workspace in which each crate replaces the same crate of crates.io.
fn workspace(crates: &[(&str, String)]) -> String {
    let members: Vec<String> = crates.iter().map(|(_, folder)| format!("{folder:?}")).collect();
    let patches: Vec<String> =
        crates.iter().map(|(name, folder)| format!("{name} = {{ path = {folder:?} }}\n")).collect();
    // With the profile of the project, cargo does not check the dependencies again.
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n[patch.crates-io]\n{}\n\
         [profile.dev]\nopt-level = 1\n",
        members.join(", "),
        patches.concat()
    )
}

fn is_published(package: &Value) -> bool {
    package["publish"].as_array().is_none_or(|registries| !registries.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_crate_is_published_unless_its_manifest_says_that_it_is_not() {
        assert!(is_published(&json!({"publish": null})));
        assert!(!is_published(&json!({"publish": []})));
        assert!(is_published(&json!({"publish": ["crates-io"]})));
    }

    #[test]
    fn each_unpacked_crate_is_a_member_and_stands_for_its_published_version() {
        let text =
            workspace(&[("chip", "chip-1.0.0".to_owned()), ("port", "port-2.0.0".to_owned())]);
        assert!(text.contains("members = [\"chip-1.0.0\", \"port-2.0.0\"]"), "{text}");
        assert!(text.contains("\nport = { path = \"port-2.0.0\" }\n"), "{text}");
    }
}
