//! `new`: a crate for a driver of the user, made from the project's template.
//!
//! This file owns the files of the new crate, its name, and the place where the new crate finds the
//! crates of this program. The text of the files is in `new/template.txt`. A test makes
//! `template.txt` from the folder `template/` of the project, because a published crate has only
//! its own folder.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::arguments::NewArguments;
use crate::console;
use crate::failure::{Exit, Failure};

/// The files of the template: a line `==== PATH` before each file.
const TEMPLATE: &str = include_str!("new/template.txt");

/// The beginning of the line before a file of the template.
const MARK: &str = "==== ";

/// The name of the template's package, and the same name in code.
const TEMPLATE_NAME: [&str; 2] = ["my-mpu401", "my_mpu401"];

/// The crates that the template uses, each with its folder in the project.
const CRATES: [(&str, &str); 3] =
    [("portcls-emulator", "emulator"), ("portcls-port", "port"), ("portcls-machine", "machine")];

/// The folder of the project from which this program was built. Empty in a program that `cargo
/// xtask release` built: such a program contains no paths of the computer that built it.
const BUILT_FROM: &str = match option_env!("PORTCLS_PREBUILT") {
    Some(_) => "",
    None => concat!(env!("CARGO_MANIFEST_DIR"), "/.."),
};

/// Makes the crate.
///
/// # Errors
/// [`Failure::NotANewFolder`], [`Failure::NotACrateName`], [`Failure::NoCrates`] and
/// [`Failure::CannotWrite`].
pub fn run(arguments: &NewArguments) -> Result<Exit, Failure> {
    let folder = &arguments.folder;
    let shown = folder.display().to_string();
    let name = crate_name(folder)?;
    let origin = Origin::find(arguments.crates.as_deref())?;
    make_empty(folder, &shown)?;
    for (path, text) in files() {
        let path = folder.join(path);
        let write = || {
            fs::create_dir_all(path.parent().expect("a file is in a folder"))?;
            fs::write(&path, fill_in(text, &name, &origin))
        };
        write().map_err(|error| Failure::cannot_write(path.display().to_string(), &error))?;
    }
    console::note(&format_args!(
        "{shown} has a driver with its test; its crates come from {}; next: cargo test \
         --manifest-path {}",
        origin.in_words(),
        folder.join("Cargo.toml").display()
    ));
    Ok(Exit::Good)
}

/// Where the new crate finds the crates of this program.
enum Origin {
    /// A folder with the project, as an absolute path.
    Folder(PathBuf),
    /// The registry of cargo, in the version of this program.
    Registry,
}

impl Origin {
    /// The folder that the user named. If the user named none, the folder from which this program
    /// was built, or the registry if that folder is not there.
    ///
    /// # Errors
    /// [`Failure::NoCrates`] if the folder that the user named does not have the crates.
    fn find(named: Option<&Path>) -> Result<Origin, Failure> {
        let absolute = |folder: &Path| absolute(folder).unwrap_or(folder.to_owned());
        match named {
            Some(folder) if is_project(folder) => Ok(Origin::Folder(absolute(folder))),
            Some(folder) => Err(Failure::NoCrates { folder: folder.display().to_string() }),
            None if !BUILT_FROM.is_empty() && is_project(Path::new(BUILT_FROM)) => {
                Ok(Origin::Folder(absolute(Path::new(BUILT_FROM))))
            }
            None => Ok(Origin::Registry),
        }
    }

    fn in_words(&self) -> String {
        match self {
            Origin::Folder(folder) => folder.display().to_string(),
            Origin::Registry => format!("crates.io, version {}", env!("CARGO_PKG_VERSION")),
        }
    }

    /// The text in a manifest for the dependency on a crate of this program.
    fn dependency(&self, crate_folder: &str) -> String {
        match self {
            Origin::Folder(folder) => {
                let path = folder.join(crate_folder).display().to_string();
                format!("{{ path = {} }}", toml_text(&path))
            }
            Origin::Registry => format!("\"{}\"", env!("CARGO_PKG_VERSION")),
        }
    }
}

/// A text in TOML: a literal, in which backslashes stand for themselves, or, with an apostrophe, a
/// basic string.
fn toml_text(text: &str) -> String {
    match text.contains('\'') {
        false => format!("'{text}'"),
        true => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

/// The absolute path. On Windows this is not the canonical path. A canonical path begins there with
/// `\\?\`, and cargo cannot read such a path in a manifest.
fn absolute(folder: &Path) -> io::Result<PathBuf> {
    if cfg!(windows) { std::path::absolute(folder) } else { fs::canonicalize(folder) }
}

/// Whether a folder has the crates that a driver needs.
fn is_project(folder: &Path) -> bool {
    CRATES.iter().all(|(_, crate_folder)| folder.join(crate_folder).join("Cargo.toml").is_file())
}

/// The path and the text of each file of the template.
fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    let parts = TEMPLATE.split(MARK).filter(|part| !part.is_empty());
    parts.filter_map(|part| part.split_once('\n'))
}

/// The name of the new crate: the name of its folder.
fn crate_name(folder: &Path) -> Result<String, Failure> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    let begins_well = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    if begins_well && name.chars().all(is_plain) {
        Ok(name)
    } else {
        Err(Failure::NotACrateName { name })
    }
}

/// Makes the folder, if it does not exist. A folder that exists must be empty.
fn make_empty(folder: &Path, shown: &str) -> Result<(), Failure> {
    let not_new = |reason: &str| Failure::NotANewFolder {
        folder: shown.to_owned(),
        reason: reason.to_owned(),
    };
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(not_new("it has files already")),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(folder).map_err(|error| Failure::cannot_write(shown, &error))
        }
        Err(_) => Err(not_new("it is no folder")),
    }
}

/// Puts the name of the crate and the places of its dependencies into a file of the template.
fn fill_in(text: &str, name: &str, origin: &Origin) -> String {
    let mut text =
        text.replace(TEMPLATE_NAME[0], name).replace(TEMPLATE_NAME[1], &name.replace('-', "_"));
    for (package, crate_folder) in CRATES {
        let in_template = format!("{package} = {{ path = \"../{crate_folder}\" }}");
        let here = format!("{package} = {}", origin.dependency(crate_folder));
        text = text.replace(&in_template, &here);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files of the project's template, as `new/template.txt` has them.
    fn made_from_the_folder() -> String {
        let root = Path::new(BUILT_FROM).join("template");
        let mut paths = Vec::new();
        for folder in ["tests/scenarios", "tests/snapshots"] {
            let entries = fs::read_dir(root.join(folder)).expect("a folder of the template");
            let names = entries.map(|entry| entry.expect("an entry").file_name());
            paths.extend(names.map(|name| format!("{folder}/{}", name.to_string_lossy())));
        }
        let others = ["Cargo.toml", "Cargo.lock", "README.md", "src/lib.rs", "src/miniport.rs"];
        paths.extend(others.map(str::to_owned));
        paths.extend(["src/mpu401.rs", "tests/golden.rs"].map(str::to_owned));
        paths.sort();
        let part = |path: &String| {
            let text = fs::read_to_string(root.join(path)).expect("a file of the template");
            format!("{MARK}{path}\n{}", text.replace("\r\n", "\n"))
        };
        paths.iter().map(part).collect()
    }

    /// Run this test with `UPDATE_PAGES=1` to write `new/template.txt`.
    #[test]
    fn the_template_of_the_program_is_the_folder_of_the_project() {
        let made = made_from_the_folder();
        if std::env::var_os("UPDATE_PAGES").is_some() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/new/template.txt");
            fs::write(path, &made).expect("the file can be written");
        } else {
            assert!(made == TEMPLATE, "new/template.txt is old: cargo xtask pages");
        }
    }

    #[test]
    fn every_crate_of_the_template_is_found_elsewhere() {
        let manifest = files().find(|(path, _)| *path == "Cargo.toml").expect("a manifest").1;
        let origin = Origin::Folder(PathBuf::from("/here"));
        let filled = fill_in(manifest, "a-driver", &origin);
        assert!(filled.contains("name = \"a-driver\""));
        assert!(filled.contains("portcls-port = { path = '/here/port' }"), "{filled}");
        assert!(!filled.contains("../"), "{filled}");
        let filled = fill_in(manifest, "a-driver", &Origin::Registry);
        assert!(filled.contains(&format!("portcls-machine = \"{}\"", env!("CARGO_PKG_VERSION"))));
    }
}
