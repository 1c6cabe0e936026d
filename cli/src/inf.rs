//! The INF of the option `--inf`: its file, its model, and its summary.

use std::path::PathBuf;

use portcls_machine::Machine;
use portcls_machine::inf_file::{
    Architecture, InfError, Installation, MAX_INF_BYTES, file_and_model, read_inf,
};
use serde::Serialize;

use crate::failure::Failure;
use crate::file_kind::{Wanted, other_kind};
use crate::input::{Input, Obstacle};

/// An INF as the user gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InfChoice {
    path: PathBuf,
    model: Option<String>,
}

/// What an INF gave.
#[derive(Serialize, Debug)]
pub struct InfFacts {
    /// The name of the file, as the user gave it.
    pub file: String,
    /// The description of the model.
    pub model: String,
    /// The models of the file for this processor.
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

impl InfChoice {
    /// Reads `FILE` or `FILE:MODEL`. The name of the file ends at the first `.inf:`. Without
    /// `.inf:` the whole text is the name. So the name may have a colon before its ending.
    ///
    /// # Errors
    /// The text has no file, or no model after the colon.
    pub fn parse(text: &str) -> Result<InfChoice, String> {
        let (path, model) = file_and_model(text)
            .ok_or("give FILE.inf, or FILE.inf:MODEL with the name of a model")?;
        Ok(InfChoice { path: PathBuf::from(path), model: model.map(str::to_owned) })
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`Failure::CannotRead`] and [`Failure::NotAnInf`].
    pub fn read(&self, architecture: Architecture) -> Result<Installation, Failure> {
        let input = Input::File(self.path.clone());
        let name = input.name();
        let bytes = input.bytes(MAX_INF_BYTES).map_err(|obstacle| match obstacle {
            Obstacle::System(error) => Failure::cannot_read(&input, &error, "give a driver's .inf"),
            Obstacle::TooBig(bytes) => InfError {
                file: name.clone(),
                line: 1,
                column: 1,
                what: format!("the file has {bytes} bytes, the limit is {MAX_INF_BYTES}"),
                hint: "give a driver's .inf".to_owned(),
            }
            .into(),
        })?;
        let found =
            read_inf(&name, &bytes, self.model.as_deref(), architecture).map_err(|error| {
                other_kind(&name, &bytes, Wanted::Inf).unwrap_or(Failure::NotAnInf(error))
            })?;
        log::info!("{name}: {}, {} registry values", found.description, found.values.len());
        for unused in &found.unused {
            log::debug!("{name}:{}: not used: {}", unused.line, unused.what);
        }
        Ok(found)
    }
}

impl InfFacts {
    /// The facts of the INF `found`: what the machine took from this INF, and what it did not use.
    /// If the resources do not come from the INF, `named` says who named the resources.
    pub fn new(
        choice: &InfChoice,
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
            file: Input::File(choice.path.clone()).name(),
            model: found.description.clone(),
            models: found.model_count,
            registry_values: found.values.iter().filter(|one| one.value.is_some()).count() as u64,
            resources: resources as u64,
            unused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_stands_behind_the_ending_and_a_colon() {
        let read = |text| InfChoice::parse(text).map(|found| (found.path, found.model));
        assert_eq!(read("a/uart.inf"), Ok(("a/uart.inf".into(), None)));
        let model = Some("*PNPB006".to_owned());
        assert_eq!(read(r"c:\a.INF:*PNPB006"), Ok((r"c:\a.INF".into(), model)));
        assert_eq!(read("oem.txt"), Ok(("oem.txt".into(), None)));
        for bad in ["", "a.inf:"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
