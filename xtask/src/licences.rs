//! The licences that a dependency may have, and a check of each dependency.
//!
//! Owns the allowed licences with the reasons, and the way from a crate of the project to a
//! dependency. `expression` reads the licence expression of a package.

mod expression;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use crate::program::{Failure, Outcome, no_arguments};
use crate::project::{WORKSPACES, list, metadata, text};

use expression::is_met;

/// Licences that a dependency may have, and why.
const ALLOWED: [(&str, &str); 9] = [
    ("0BSD", "asks for nothing"),
    ("Apache-2.0", "one of our own two"),
    ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 that asks for less of a compiled program"),
    ("BSD-2-Clause", "asks for the notice"),
    ("MIT", "one of our own two"),
    ("NCSA", "asks for the notice, as MIT and BSD do together"),
    ("Unicode-3.0", "asks for the notice with the tables of Unicode"),
    ("Unlicense", "asks for nothing"),
    ("Zlib", "asks that a changed source says so"),
];

/// Packages that published crates need only for their tests, if at all. Each has a licence that is
/// allowed only for this package, and the reason. A user of a published crate gets no part of such
/// a package.
const ONLY_IN_TESTS: [(&str, &str, &str); 1] =
    [("cbindgen", "MPL-2.0", "a test runs it to make the C header; it is not changed here")];

/// Packages that name a licence file in place of an expression, and whose file a person has read.
/// Each has the result of this reading. The table is empty, because no package needs it now.
const READ_FILES: [(&str, &str); 0] = [];

/// Checks the licences of all dependencies of all workspaces of the project.
pub fn licences(arguments: &[String]) -> Outcome {
    no_arguments("licences", arguments)?;
    let mut packages = BTreeSet::new();
    let mut faults = BTreeSet::new();
    for manifest in WORKSPACES {
        let graph = Graph::new(&metadata(manifest)?);
        faults.extend(graph.faults());
        packages.extend(graph.packages.values().map(Package::title));
    }
    if faults.is_empty() {
        println!("the licences of {} packages are allowed", packages.len());
        return Ok(());
    }
    Err(Failure::Failed(faults.into_iter().collect::<Vec<_>>().join("\n")))
}

/// The packages of a workspace with their dependencies, by the ids of cargo.
struct Graph {
    packages: BTreeMap<String, Package>,
    /// The ids of the packages of the workspace itself.
    own: Vec<String>,
}

struct Package {
    name: String,
    version: String,
    /// The licence expression of the package; empty if the package has no expression.
    licence: String,
    /// The licence file that the package names in place of an expression.
    licence_file: Option<String>,
    /// False if the manifest says that the package is never published.
    is_published: bool,
    needs: Vec<Need>,
}

struct Need {
    package: String,
    /// True when only tests, examples and benchmarks need the package.
    is_for_tests: bool,
}

impl Package {
    fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

impl Graph {
    fn new(metadata: &Value) -> Graph {
        let mut packages = BTreeMap::new();
        for package in list(&metadata["packages"]) {
            let entry = Package {
                name: text(package, "name").to_owned(),
                version: text(package, "version").to_owned(),
                licence: text(package, "license").to_owned(),
                licence_file: package["license_file"].as_str().map(str::to_owned),
                is_published: package["publish"].as_array().is_none_or(|to| !to.is_empty()),
                needs: Vec::new(),
            };
            packages.insert(text(package, "id").to_owned(), entry);
        }
        for node in list(&metadata["resolve"]["nodes"]) {
            if let Some(package) = packages.get_mut(text(node, "id")) {
                package.needs.extend(list(&node["deps"]).iter().map(Need::new));
            }
        }
        let own = list(&metadata["workspace_members"]).iter();
        let own = own.filter_map(Value::as_str).map(str::to_owned).collect();
        Graph { packages, own }
    }

    /// The packages whose licence is not allowed, each with the reason and the way to the package.
    fn faults(&self) -> Vec<String> {
        let all = self.ways(|_| true, |_| true);
        let shipped = self.ways(|package| package.is_published, |need| !need.is_for_tests);
        let mut faults = Vec::new();
        for (id, package) in &self.packages {
            let id = id.as_str();
            let way = shipped.get(id).or_else(|| all.get(id));
            let is_in_tests_only = !shipped.contains_key(id);
            if let Err(reason) = judge(package, is_in_tests_only) {
                let way = way.map_or("nothing that is known", String::as_str);
                faults.push(format!("{}: {reason}; needed by {way}", package.title()));
            }
        }
        faults
    }

    /// Each package that a way reaches, with a shortest way to it. A way begins at a package of the
    /// project for which `begins` is true. `goes` is true for each dependency on the way.
    fn ways(
        &self,
        begins: impl Fn(&Package) -> bool,
        goes: impl Fn(&Need) -> bool,
    ) -> BTreeMap<&str, String> {
        let mut ways: BTreeMap<&str, String> = BTreeMap::new();
        let mut open = VecDeque::new();
        for id in &self.own {
            if let Some(package) = self.packages.get(id).filter(|package| begins(package)) {
                ways.insert(id, package.name.clone());
                open.push_back(id.as_str());
            }
        }
        while let Some(id) = open.pop_front() {
            for need in self.packages[id].needs.iter().filter(|need| goes(need)) {
                let Some(package) = self.packages.get(&need.package) else { continue };
                if !ways.contains_key(need.package.as_str()) {
                    ways.insert(&need.package, format!("{} -> {}", ways[id], package.name));
                    open.push_back(&need.package);
                }
            }
        }
        ways
    }
}

impl Need {
    fn new(dependency: &Value) -> Need {
        let kinds = list(&dependency["dep_kinds"]);
        let is_for_tests = kinds.iter().all(|kind| text(kind, "kind") == "dev");
        Need { package: text(dependency, "pkg").to_owned(), is_for_tests }
    }
}

/// Checks that a package may be a dependency.
///
/// # Errors
/// The reason why the package cannot be a dependency, in words.
fn judge(package: &Package, is_in_tests_only: bool) -> Result<(), String> {
    if package.licence.is_empty() {
        return match &package.licence_file {
            None => Err("it says nothing of its licence".to_owned()),
            Some(_) if READ_FILES.iter().any(|(name, _)| *name == package.name) => Ok(()),
            Some(file) => Err(format!("its licence is the file {file}, which nobody has read")),
        };
    }
    let is_excused = |licence: &str| {
        is_in_tests_only
            && ONLY_IN_TESTS.iter().any(|&(name, of, _)| name == package.name && of == licence)
    };
    let is_allowed = |licence: &str| {
        ALLOWED.iter().any(|(allowed, _)| *allowed == licence) || is_excused(licence)
    };
    match is_met(&package.licence, &is_allowed) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("`{}` is not allowed", package.licence)),
        Err(reason) => Err(format!("`{}` cannot be read: {reason}", package.licence)),
    }
}

#[cfg(test)]
mod tests;
