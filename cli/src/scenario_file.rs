//! Reads a scenario for a verb: the text file, and everything that it names.

use std::path::Path;

use portcls_machine::scenario::{self, MAX_SCENARIO_BYTES, Scenario, ScenarioError};
use portcls_results::plain_text;

use crate::failure::Failure;
use crate::input::{Input, Obstacle};

/// Reads the scenarios of a file: one for each card that the file names. The paths in a scenario
/// are relative to the scenario's folder; in a scenario from stdin, to the working folder.
///
/// # Errors
/// [`Failure::CannotRead`] and [`Failure::NotAScenario`].
pub fn read(input: &Input) -> Result<Vec<Scenario>, Failure> {
    let name = input.name();
    let not_a_scenario = |what: &str, hint: &str| ScenarioError {
        file: name.clone(),
        line: 1,
        column: 1,
        what: what.to_owned(),
        hint: hint.to_owned(),
    };
    let bytes = input.bytes(MAX_SCENARIO_BYTES).map_err(|obstacle| match obstacle {
        Obstacle::System(error) => Failure::cannot_read(input, &error, "give a scenario (.toml)"),
        Obstacle::TooBig(_) => {
            not_a_scenario("the file is too long for a scenario", "leave out what is no key").into()
        }
    })?;
    let text = String::from_utf8(plain_text(bytes)).map_err(|_| {
        not_a_scenario("the file is no text", "save the file as plain text in UTF-8")
    })?;
    let folder = match input {
        Input::File(path) => path.parent().unwrap_or(Path::new("")),
        Input::Stdin => Path::new(""),
    };
    Ok(scenario::read(&name, &text, folder)?)
}
