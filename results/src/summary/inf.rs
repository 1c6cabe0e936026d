//! What an INF gave to a run, and what of it was not used.

use portcls_machine::Machine;
use portcls_machine::inf_file::Installation;
use serde::Serialize;

/// What an INF gave.
#[derive(Serialize, Debug)]
pub struct InfFacts {
    /// The name of the file, as the user gave it.
    pub file: String,
    /// The description of the model.
    pub model: String,
    /// How many models for this processor the file has.
    pub models: usize,
    /// The number of registry values that the machine took.
    pub registry_values: u64,
    /// The number of resources that the machine took.
    pub resources: u64,
    /// What was not used, in the order of the file.
    pub unused: Vec<UnusedFacts>,
}

/// A part of an INF that was not used.
#[derive(Serialize, Debug)]
pub struct UnusedFacts {
    /// The line, from 1.
    pub line: usize,
    /// What the part is.
    pub what: String,
}

impl InfFacts {
    /// The facts of the INF `found`: what the machine took from the INF, and what the machine did
    /// not use. `file` is the name of the INF's file. `named` says who named the resources in place
    /// of the INF, such as `--resource`; `None` if nobody did.
    #[must_use]
    pub fn new(
        file: String,
        found: &Installation,
        named: Option<&str>,
        machine: &Machine,
    ) -> InfFacts {
        let unused = found.unused.iter();
        let mut unused: Vec<UnusedFacts> =
            unused.map(|one| UnusedFacts { line: one.line, what: one.what.clone() }).collect();
        let has_resources = !found.configurations.is_empty();
        if let (Some(who), Some(first)) = (named, found.configurations.first()) {
            let line = first.resources.first().map_or(1, |resource| resource.line);
            let what = format!("the resources of [{}], because {who} names them", first.section);
            unused.push(UnusedFacts { line, what });
            unused.sort_by_key(|one| one.line);
        }
        let resources =
            if named.is_none() && has_resources { machine.resources().len() } else { 0 };
        InfFacts {
            file,
            model: found.description.clone(),
            models: found.model_count,
            registry_values: found.values.iter().filter(|one| one.value.is_some()).count() as u64,
            resources: resources as u64,
            unused,
        }
    }
}
