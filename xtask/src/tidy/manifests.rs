//! The order of every manifest, and the needs of a published crate's manifest.

use super::manifest::{Entry, Manifest};
use super::{Fault, File, find};

/// The keys of a package, in their order.
const PACKAGE_KEYS: [&str; 11] = [
    "name",
    "description",
    "version",
    "edition",
    "rust-version",
    "license",
    "publish",
    "readme",
    "keywords",
    "categories",
    "include",
];

/// The keys that a member takes from the workspace.
const SHARED_KEYS: [&str; 4] = ["version", "edition", "rust-version", "license"];

/// The categories of crates.io that the crates of the project use. crates.io drops a category that
/// it does not know. So look up a new category at crates.io before you add it here.
const CATEGORIES: [&str; 11] = [
    "command-line-utilities",
    "development-tools::debugging",
    "development-tools::testing",
    "emulators",
    "external-ffi-bindings",
    "hardware-support",
    "multimedia::audio",
    "no-std",
    "os::windows-apis",
    "parser-implementations",
    "simulation",
];

/// The most keywords that crates.io accepts.
const MAX_KEYWORDS: usize = 5;

/// The places where a manifest does not have the order or the form of all manifests.
pub fn disorder(manifests: &[Manifest]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for manifest in manifests {
        let is_root = manifest.path == "Cargo.toml";
        let is_member = !manifest.is_workspace();
        for section in &manifest.sections {
            if section.name == "package" {
                faults.extend(keys_out_of_order(manifest, &section.entries));
            }
            let lists_dependencies = section.kind().is_some();
            if lists_dependencies || section.name == "workspace.dependencies" {
                // Only the long list of the root has groups.
                faults.extend(unsorted(manifest, &section.entries, is_root));
            }
            if section.name.contains("dependencies.") && !section.name.ends_with("dependencies") {
                let what = "a dependency is a line of its list, not a section";
                faults.push(Fault::new(&manifest.path, section.line, what));
            }
            for entry in section.entries.iter().filter(|_| lists_dependencies && is_member) {
                if !entry.value.contains("workspace = true") {
                    let what = format!("write `workspace = true` for `{}`", entry.key);
                    faults.push(Fault::new(&manifest.path, entry.line, what));
                }
            }
            for entry in section.entries.iter().filter(|_| section.name == "workspace.dependencies")
            {
                if !has_three_numbers(&entry.value) {
                    let what = format!("write the version of `{}` as x.y.z", entry.key);
                    faults.push(Fault::new(&manifest.path, entry.line, what));
                }
            }
        }
        for key in SHARED_KEYS.iter().filter(|_| is_member) {
            if manifest.value("package", key) != Some("workspace = true") {
                faults.push(Fault::new(&manifest.path, 0, format!("`{key}.workspace = true`")));
            }
        }
        if !is_root && manifest.value("package", "description").is_none() {
            faults.push(Fault::new(&manifest.path, 0, "it has no description"));
        }
    }
    faults
}

/// The faults of published crates: no readme, or keywords and categories that are missing, too
/// many, unknown or not sorted.
pub fn unfit_to_publish(manifests: &[Manifest], files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let is_published =
        |manifest: &&Manifest| manifest.package().is_some() && manifest.is_published();
    for manifest in manifests.iter().filter(is_published) {
        let mut fault = |what: String| faults.push(Fault::new(&manifest.path, 0, what));
        let page = manifest.value("package", "readme").unwrap_or_default().trim_matches('"');
        if find(files, &format!("{}/{page}", manifest.room())).is_none() {
            fault(format!("its readme `{page}` is not there"));
        }
        let keywords = manifest.list("package", "keywords");
        if keywords.is_empty() || keywords.len() > MAX_KEYWORDS {
            fault(format!("{} keywords; write 1 to {MAX_KEYWORDS}", keywords.len()));
        }
        let categories = manifest.list("package", "categories");
        if categories.is_empty() {
            fault("it has no categories".to_owned());
        }
        for category in categories.iter().filter(|category| !CATEGORIES.contains(category)) {
            fault(format!("`{category}` is not in the list of known categories"));
        }
        for list in [&keywords, &categories].into_iter().filter(|list| !list.is_sorted()) {
            fault(format!("{list:?} is not sorted"));
        }
    }
    faults
}

fn keys_out_of_order(manifest: &Manifest, entries: &[Entry]) -> Vec<Fault> {
    let place = |entry: &Entry| PACKAGE_KEYS.iter().position(|key| *key == entry.key);
    let mut faults = Vec::new();
    for entry in entries.iter().filter(|entry| place(entry).is_none()) {
        let what = format!("`{}` has no place in the order of keys: give it one", entry.key);
        faults.push(Fault::new(&manifest.path, entry.line, what));
    }
    for pair in entries.windows(2).filter(|pair| place(&pair[0]) > place(&pair[1])) {
        let what = format!("`{}` stands before `{}`", pair[1].key, pair[0].key);
        faults.push(Fault::new(&manifest.path, pair[1].line, what));
    }
    faults
}

fn unsorted(manifest: &Manifest, entries: &[Entry], may_have_groups: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    for pair in entries.windows(2) {
        let is_new_group = may_have_groups && pair[1].begins_group;
        if !is_new_group && pair[0].key > pair[1].key {
            let what = format!("`{}` stands before `{}`", pair[1].key, pair[0].key);
            faults.push(Fault::new(&manifest.path, pair[1].line, what));
        }
    }
    faults
}

/// True for a version like `1.2.3`. Also true for a crate of the project without a version: such a
/// crate is never published.
fn has_three_numbers(value: &str) -> bool {
    let versions = value.split('"').skip(1).step_by(2);
    let is_version = |text: &&str| text.starts_with(|letter: char| letter.is_ascii_digit());
    let mut versions = versions.filter(is_version).peekable();
    let has_none = versions.peek().is_none() && value.contains("path = ");
    has_none || versions.next().is_some_and(|version| version.split('.').count() == 3)
}

#[cfg(test)]
mod tests;
