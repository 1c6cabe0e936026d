//! The INF of the option `--inf`: its file and its model.

use std::path::{Path, PathBuf};

use portcls_machine::inf_file::{
    Architecture, InfError, Installation, MAX_INF_BYTES, file_and_model, read_inf,
};
use portcls_results::file_kind::Wanted;

use crate::failure::Failure;
use crate::input::{Input, Obstacle};

/// An INF as the user gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InfChoice {
    path: PathBuf,
    model: Option<String>,
}

impl InfChoice {
    /// Reads `FILE` or `FILE.inf:MODEL`. The name of the file ends at the first `.inf:`, so it may
    /// contain a colon before that. Without `.inf:` the whole text is the name.
    ///
    /// # Errors
    /// The text has no file, or no model after the colon.
    pub fn parse(text: &str) -> Result<InfChoice, String> {
        let (path, model) = file_and_model(text)
            .ok_or("give FILE.inf, or FILE.inf:MODEL with the name of a model")?;
        Ok(InfChoice { path: PathBuf::from(path), model: model.map(str::to_owned) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name of the file for messages.
    pub fn file_name(&self) -> String {
        Input::File(self.path.clone()).name()
    }

    /// Reads what the INF installs for the model on a processor of this architecture.
    ///
    /// # Errors
    /// [`Failure::CannotRead`], [`Failure::NotAnInf`] and [`Failure::OtherKind`].
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
                Failure::other_kind(&name, &bytes, Wanted::Inf).unwrap_or(Failure::NotAnInf(error))
            })?;
        log::info!("{name}: {}, {} registry values", found.description, found.values.len());
        for unused in &found.unused {
            log::debug!("{name}:{}: not used: {}", unused.line, unused.what);
        }
        Ok(found)
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
