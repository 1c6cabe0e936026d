//! The things in the repository that a document can name.
//!
//! These things are files, documents, packages with their targets, and the verbs of xtask. The tree
//! is read once, into lists. All answers come from these lists, so a test can make its own small
//! repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::page::Page;

/// The repository.
#[derive(Debug, Default)]
pub struct Repository {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
    pages: BTreeMap<String, Page>,
    /// The folders that programs write and git does not keep. `/target/` is one folder of the root;
    /// `corpus/` is a folder of this name anywhere.
    generated: Vec<String>,
    packages: Vec<Package>,
    /// The source of `xtask/`. The source has the names of the verbs as literals.
    xtask: String,
}

/// A package of one of the workspaces.
#[derive(Debug)]
pub struct Package {
    /// The name of the package.
    pub name: String,
    /// The targets of the package.
    pub targets: Vec<Target>,
}

/// A target of a package: a library, a program, a test or another.
#[derive(Debug, Default)]
pub struct Target {
    /// `example`, `bench`, `test`, `bin` or another.
    pub kind: String,
    /// The name of the target.
    pub name: String,
    /// The names of the functions and modules in the source of the target.
    pub names: BTreeSet<String>,
}

impl Repository {
    /// Reads the repository that this file belongs to.
    pub fn here() -> Repository {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let mut repository = Repository::default();
        repository.add_folder(root, "");
        let files: Vec<String> = repository.files.iter().cloned().collect();
        let read = |name: &String| fs::read_to_string(root.join(name)).expect(name);
        for name in files.iter().filter(|name| name.ends_with(".md")) {
            repository.pages.insert(name.clone(), Page::parse(&read(name)));
        }
        for name in files.iter().filter(|name| name.ends_with("Cargo.toml")) {
            if read(name).lines().any(|line| line == "[workspace]") {
                repository.packages.extend(packages(&root.join(name)));
            }
        }
        let is_xtask = |name: &&String| name.starts_with("xtask/") && name.ends_with(".rs");
        repository.xtask = files.iter().filter(is_xtask).map(read).collect();
        repository
    }

    /// Makes a repository with these files and documents.
    pub fn with(files: &[&str], pages: &[(&str, &str)]) -> Repository {
        let mut repository = Repository::default();
        files.iter().for_each(|name| repository.add_file(name));
        for (name, text) in pages {
            repository.add_file(name);
            repository.pages.insert((*name).to_owned(), Page::parse(text));
        }
        repository
    }

    /// Adds the rules of a `.gitignore` at the root.
    pub fn and_ignored(mut self, rules: &str) -> Repository {
        self.add_ignored("", rules);
        self
    }

    /// Adds a package and its targets. Each target has its kind, its name and its source.
    pub fn and_package(mut self, name: &str, targets: &[(&str, &str, &str)]) -> Repository {
        let target = |&(kind, name, source): &(&str, &str, &str)| {
            let mut target = Target { kind: kind.into(), name: name.into(), ..Target::default() };
            target.add_names(source);
            target
        };
        let targets = targets.iter().map(target).collect();
        self.packages.push(Package { name: name.to_owned(), targets });
        self
    }

    /// Sets the source of xtask.
    pub fn and_xtask(mut self, source: &str) -> Repository {
        self.xtask = source.to_owned();
        self
    }

    fn add_file(&mut self, name: &str) {
        self.files.insert(name.to_owned());
        let ends = name.match_indices('/').map(|(end, _)| name[..end].to_owned());
        self.folders.extend(ends);
    }

    fn add_folder(&mut self, root: &Path, folder: &str) {
        if let Ok(rules) = fs::read_to_string(root.join(folder).join(".gitignore")) {
            self.add_ignored(folder, &rules);
        }
        for entry in fs::read_dir(root.join(folder)).expect(folder) {
            let entry = entry.expect("an entry of a folder");
            let name = join(folder, &entry.file_name().to_string_lossy());
            let kind = entry.file_type().expect(&name);
            let is_cache = entry.path().join("CACHEDIR.TAG").exists();
            if name == ".git" || is_cache || self.is_generated(&name) {
                continue;
            }
            if kind.is_dir() {
                self.add_folder(root, &name);
            } else {
                self.add_file(&name);
            }
        }
    }

    /// Adds the plain names of a `.gitignore`. It skips rules with a `*`, because no document names
    /// the files of these rules.
    fn add_ignored(&mut self, folder: &str, rules: &str) {
        for rule in rules.lines().filter(|rule| !rule.contains('*') && !rule.is_empty()) {
            let is_one_place = rule.trim_end_matches('/').contains('/');
            let place = join(folder, rule.trim_matches('/'));
            self.generated.push(match is_one_place {
                true => format!("/{place}/"),
                false => format!("{}/", rule.trim_matches('/')),
            });
        }
    }

    /// Whether this name is in a folder that programs write and git does not keep.
    pub fn is_generated(&self, name: &str) -> bool {
        let name = format!("/{}/", name.trim_end_matches('/'));
        self.generated.iter().any(|place| match place.starts_with('/') {
            true => name.starts_with(place),
            false => name.contains(&format!("/{place}")),
        })
    }

    /// The documents with their names.
    pub fn pages(&self) -> impl Iterator<Item = (&str, &Page)> {
        self.pages.iter().map(|(name, page)| (name.as_str(), page))
    }

    /// A document.
    pub fn page(&self, name: &str) -> Option<&Page> {
        self.pages.get(name)
    }

    /// Whether there is a file or a folder of this name. A name with a `/` at its end can only be a
    /// folder.
    pub fn has(&self, name: &str) -> bool {
        match name.strip_suffix('/') {
            Some(folder) => self.folders.contains(folder),
            None => self.files.contains(name) || self.folders.contains(name),
        }
    }

    /// Whether there is a folder of this name. The empty name is the root.
    pub fn has_folder(&self, name: &str) -> bool {
        name.is_empty() || self.folders.contains(name)
    }

    /// The names of all files.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// The packages of all workspaces.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// Whether xtask has a verb.
    pub fn has_verb(&self, verb: &str) -> bool {
        self.xtask.contains(&format!("\"{verb}\""))
    }
}

impl Target {
    /// Adds the names in a source file and in the files below it. For `main.rs` these are the files
    /// of its folder, and for `golden.rs` the files of the folder `golden` beside it.
    fn add_source(&mut self, file: &Path) {
        self.add_names(&fs::read_to_string(file).expect("the source of a target"));
        let is_root = |path: &Path| ["main.rs", "lib.rs"].iter().any(|name| path.ends_with(name));
        let folder = if is_root(file) { file.with_file_name("") } else { file.with_extension("") };
        let Ok(entries) = fs::read_dir(&folder) else { return };
        let paths = entries.map(|entry| entry.expect("an entry of a folder").path());
        // Each file of the folder adds the files below it in the same way. `main.rs` and `lib.rs`
        // are left out: each is this file, or belongs to another target.
        let is_below =
            |path: &PathBuf| !is_root(path) && path.extension().is_some_and(|it| it == "rs");
        for path in paths.filter(is_below) {
            self.add_source(&path);
        }
    }

    fn add_names(&mut self, source: &str) {
        let words: Vec<&str> =
            source.split(|it: char| !it.is_alphanumeric() && it != '_').collect();
        let is_name = |pair: &&[&str]| ["fn", "mod"].contains(&pair[0]);
        self.names.extend(words.windows(2).filter(is_name).map(|pair| pair[1].to_owned()));
    }
}

/// Resolves a name from a folder. The empty folder is the root, and `..` goes up. `None` for a
/// place above the root.
pub fn resolve(folder: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.trim_end_matches('/').split('/').filter(|part| *part != ".") {
        match part {
            ".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    let end = if name.ends_with('/') { "/" } else { "" };
    Some(parts.join("/") + end)
}

/// The folder that holds a file or folder; empty for the root.
pub fn folder_of(name: &str) -> &str {
    name.trim_end_matches('/').rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The packages of a workspace, as cargo knows them.
fn packages(manifest: &Path) -> Vec<Package> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let output = command.arg("--manifest-path").arg(manifest).output().expect("cargo runs");
    let error = String::from_utf8_lossy(&output.stderr);
    let metadata: Value = serde_json::from_slice(&output.stdout).expect(&error);
    let text = |value: &Value| value.as_str().expect("a text of cargo").to_owned();
    let list = |value: &Value| value.as_array().expect("a list of cargo").clone();
    let target = |target: &Value| {
        let (kind, name) = (text(&target["kind"][0]), text(&target["name"]));
        let mut made = Target { kind, name, ..Target::default() };
        made.add_source(Path::new(&text(&target["src_path"])));
        made
    };
    let package = |package: &Value| Package {
        name: text(&package["name"]),
        targets: list(&package["targets"]).iter().map(target).collect(),
    };
    list(&metadata["packages"]).iter().map(package).collect()
}

#[test]
fn a_name_is_resolved_from_its_folder() {
    assert_eq!(resolve("docs", "../guest/x.rs").as_deref(), Some("guest/x.rs"));
    assert_eq!(resolve("", "./a/").as_deref(), Some("a/"));
    assert_eq!(resolve("docs", "../../x"), None);
    assert_eq!([folder_of("a/b/c.md"), folder_of("a.md"), folder_of("a/b/")], ["a/b", "", "a"]);
}

#[test]
fn what_git_does_not_keep_is_no_part_of_the_tree() {
    let repository = Repository::with(&["a/b.rs"], &[]).and_ignored("/target\n*.new\ncorpus\n");
    let generated = ["target/debug", "a/corpus/b", "corpus/"];
    assert!(generated.iter().all(|name| repository.is_generated(name)));
    assert!(!["a/target", "a/b.rs", "corpus.rs"].iter().any(|name| repository.is_generated(name)));
    assert!(repository.has("a/") && repository.has("a/b.rs") && !repository.has("a/b.rs/"));
}
