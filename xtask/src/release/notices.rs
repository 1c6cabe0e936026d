//! The licences of the crates that are in the program.
//!
//! A licence such as MIT demands that each copy of the program has the text of the licence. This
//! file owns the choice of the texts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::PROGRAM;
use crate::program::{Failure, cargo, output_of};
use crate::project::{list, metadata, text};

/// How the names of files with licences begin, in upper case.
const FILES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"];

/// The text of the file with the notices.
///
/// # Errors
/// Cargo failed, or the folder or a licence file of a package cannot be read.
pub fn notices() -> Result<String, Failure> {
    let in_program = in_program()?;
    let metadata = metadata("Cargo.toml")?;
    let is_of_others = |one: &&Value| in_program.contains(&title(one)) && !one["source"].is_null();
    let others = list(&metadata["packages"]).iter().filter(is_of_others);
    // Many crates have the same text, letter for letter.
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut heads = Vec::new();
    for package in others {
        heads.push(format!("{}, {}", title(package), text(package, "license")));
        let manifest = Path::new(text(package, "manifest_path"));
        for text in texts_in(manifest.parent().unwrap_or(manifest)).map_err(Failure::failed)? {
            texts.entry(text).or_default().push(title(package));
        }
    }
    heads.sort();
    let mut notices = format!(
        "{PROGRAM} contains these crates of others, under these licences:\n\n  {}\n",
        heads.join("\n  ")
    );
    for (text, titles) in texts {
        notices.push_str(&format!("\n==== {}\n\n{}\n", titles.join(", "), text.trim_end()));
    }
    Ok(notices)
}

/// The packages that are linked into the program on this system, each with its version.
fn in_program() -> Result<BTreeSet<String>, Failure> {
    let arguments = [
        "tree",
        "--offline",
        "--locked",
        "--prefix",
        "none",
        "--edges",
        "normal",
        "--format",
        "{p}",
        "-p",
        PROGRAM,
    ];
    let tree = output_of(cargo(&arguments))?;
    Ok(tree.lines().filter_map(package_of_line).collect())
}

/// Turns a line such as `name v1.2.3 (*)` into `name 1.2.3`. `None` for a line with `(proc-macro)`,
/// because a crate of macros is not a part of the program.
fn package_of_line(line: &str) -> Option<String> {
    let mut words = line.split(' ');
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    let is_macro = words.any(|word| word == "(proc-macro)");
    (!is_macro).then(|| format!("{name} {version}"))
}

fn title(package: &Value) -> String {
    format!("{} {}", text(package, "name"), text(package, "version"))
}

/// The texts of the licences in the folder of a package, in the order of their names.
fn texts_in(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        if path.is_file() && FILES.iter().any(|begin| name.starts_with(begin)) {
            paths.push(path);
        }
    }
    paths.sort();
    let text = |path| Ok(String::from_utf8_lossy(&fs::read(path)?).replace("\r\n", "\n"));
    paths.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_tree_names_a_package_unless_it_is_a_macro() {
        assert_eq!(package_of_line("clap v4.6.7"), Some("clap 4.6.7".to_owned()));
        assert_eq!(package_of_line("clap v4.6.7 (*)"), Some("clap 4.6.7".to_owned()));
        assert_eq!(package_of_line("clap_derive v4.6.9 (proc-macro) (*)"), None);
        assert_eq!(package_of_line(""), None);
    }
}
