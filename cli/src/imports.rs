//! `imports`: what a compiled driver needs, and what the emulator lacks.

use portcls_machine::driver_file::symbols::Symbols;
use portcls_results::imports::DriverNeeds;
use portcls_results::json;

use crate::arguments::{Format, ImportsArguments};
use crate::console::Console;
use crate::driver::read_image;
use crate::failure::{Exit, Failure};
use crate::input::Input;

/// Lists what the driver needs.
///
/// # Errors
/// [`Failure`]: the file cannot be read or is not a driver, or stdout cannot be written.
pub fn run(arguments: &ImportsArguments) -> Result<Exit, Failure> {
    let input = &arguments.file;
    let (image, bytes) = read_image(input)?;
    let symbols = match input {
        Input::File(path) => Symbols::beside(path, &image, &bytes),
        Input::Stdin => Symbols::new("driver", &image),
    };
    let needs = DriverNeeds::new(input.name(), &image, &symbols)?;
    let text = match arguments.format {
        Format::Text => needs.text(),
        Format::Json => json(&needs),
    };
    Console::Stdout.print(&text)?;
    Ok(if needs.is_complete() { Exit::Good } else { Exit::CheckFailed })
}
