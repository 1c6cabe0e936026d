//! A `Cargo.toml`: its sections, keys and dependencies, in their order.

use super::File;

/// A manifest.
#[derive(Debug)]
pub struct Manifest {
    /// The path of the manifest from the root.
    pub path: String,
    /// The sections of the manifest, in order.
    pub sections: Vec<Section>,
}

/// A section: `[name]`, and its entries.
#[derive(Debug)]
pub struct Section {
    /// The text between the brackets.
    pub name: String,
    /// The line of the section, from 1.
    pub line: usize,
    /// The entries of the section, in order.
    pub entries: Vec<Entry>,
}

/// An entry: `key = value`.
#[derive(Debug)]
pub struct Entry {
    /// The line, from 1.
    pub line: usize,
    /// The key up to the first dot of the key: `log` for `log.workspace = true`.
    pub key: String,
    /// The value, with the rest of the key after the first dot: `workspace = true`.
    pub value: String,
    /// True for the first entry of a section, and for an entry after an empty line or a comment.
    /// Such an entry begins a group.
    pub begins_group: bool,
}

/// The purpose of a dependency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// For the crate itself, or its build script.
    Crate,
    /// For tests, examples and benchmarks.
    Tests,
}

impl Manifest {
    /// Reads a manifest. The function reports no errors, because cargo reports them.
    pub fn read(file: &File) -> Manifest {
        let mut sections: Vec<Section> = Vec::new();
        let mut begins_group = true;
        let mut lines = file.lines();
        while let Some((line, text)) = lines.next() {
            if text.trim().is_empty() || text.starts_with('#') {
                begins_group = true;
            } else if text.starts_with('[') {
                let name = text.trim_matches(['[', ']']).to_owned();
                sections.push(Section { name, line, entries: Vec::new() });
                begins_group = true;
            } else if let (Some((key, value)), Some(section)) =
                (text.split_once('='), sections.last_mut())
            {
                let mut value = value.trim().to_owned();
                while value.starts_with('[') && !value.ends_with(']') {
                    let Some((_, more)) = lines.next() else { break };
                    value.push_str(more.trim());
                }
                let key = key.trim();
                if let Some((_, rest)) = key.split_once('.') {
                    value = format!("{rest} = {value}");
                }
                let key = key.split('.').next().unwrap_or_default().to_owned();
                section.entries.push(Entry { line, key, value, begins_group });
                begins_group = false;
            }
        }
        Manifest { path: file.path.clone(), sections }
    }

    /// The folder of the manifest; empty for the root.
    pub fn room(&self) -> &str {
        self.path.strip_suffix("/Cargo.toml").unwrap_or_default()
    }

    /// The value of a key, as the manifest has it.
    pub fn value(&self, section: &str, key: &str) -> Option<&str> {
        let section = self.sections.iter().find(|candidate| candidate.name == section)?;
        let entry = section.entries.iter().find(|entry| entry.key == key)?;
        Some(&entry.value)
    }

    /// The texts of a list.
    pub fn list(&self, section: &str, key: &str) -> Vec<&str> {
        let value = self.value(section, key).unwrap_or_default();
        value.split('"').skip(1).step_by(2).collect()
    }

    /// The name of the package; `None` for a manifest without a package.
    pub fn package(&self) -> Option<&str> {
        Some(self.value("package", "name")?.trim_matches('"'))
    }

    /// False if the manifest says that the package is never published.
    pub fn is_published(&self) -> bool {
        self.value("package", "publish") != Some("false")
    }

    /// True when the manifest is the root of a workspace.
    pub fn is_workspace(&self) -> bool {
        self.sections.iter().any(|section| section.name == "workspace")
    }

    /// The dependencies of the manifest, each with its kind.
    pub fn dependencies(&self) -> impl Iterator<Item = (Kind, &Entry)> {
        self.sections
            .iter()
            .filter_map(|section| Some((section.kind()?, section)))
            .flat_map(|(kind, section)| section.entries.iter().map(move |entry| (kind, entry)))
    }
}

impl Section {
    /// The kind of the dependencies in the section. `None` for a section without dependencies, and
    /// for the list of the workspace.
    pub fn kind(&self) -> Option<Kind> {
        match self.name.rsplit('.').next() {
            _ if self.name.starts_with("workspace") => None,
            Some("dependencies" | "build-dependencies") => Some(Kind::Crate),
            Some("dev-dependencies") => Some(Kind::Tests),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# A comment.
[package]
name = \"room\"
keywords = [
    \"one\",
    \"two\",
]

[dependencies]
log.workspace = true

serde = { workspace = true, features = [\"derive\"] }

[target.'cfg(unix)'.dev-dependencies]
libc.workspace = true
";

    #[test]
    fn sections_keys_lists_and_dependencies_are_read_in_order() {
        let file = File { path: "a/room/Cargo.toml".to_owned(), text: TEXT.to_owned() };
        let manifest = Manifest::read(&file);
        assert_eq!(manifest.room(), "a/room");
        assert_eq!(manifest.package(), Some("room"));
        assert_eq!(manifest.list("package", "keywords"), ["one", "two"]);
        let dependencies: Vec<_> = manifest
            .dependencies()
            .map(|(kind, entry)| (kind, entry.line, entry.key.as_str(), entry.begins_group))
            .collect();
        assert_eq!(
            dependencies,
            [
                (Kind::Crate, 10, "log", true),
                (Kind::Crate, 12, "serde", true),
                (Kind::Tests, 15, "libc", true),
            ]
        );
        assert_eq!(manifest.value("dependencies", "log"), Some("workspace = true"));
    }
}
