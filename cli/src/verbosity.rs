//! How much the program prints in addition to results, warnings and errors.
//!
//! This file owns the options `-v` and `-q`. It sets which diagnostics all rooms print, from
//! these options and `RUST_LOG`. With `-q`, `console` leaves notes out, and `progress_bar` leaves
//! the bar out.

use std::io::{self, IsTerminal};

use clap::{ArgAction, Args};
use env_logger::{Builder, Env};
use log::LevelFilter;

use crate::console;
use crate::failure::Failure;

/// The variable that chooses the diagnostics if the command line does not.
const VARIABLE: &str = "RUST_LOG";

/// The options of every verb that say how much is said.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Messages")]
pub struct Verbosity {
    /// Says on stderr what the program does; -vv says more, -vvv everything.
    #[arg(short, long, global = true, action = ArgAction::Count, display_order = 900)]
    verbose: u8,
    /// Leaves out notes and the progress bar; results, warnings and errors stay.
    #[arg(short, long, global = true, display_order = 901)]
    quiet: bool,
}

/// Whether notes and the progress bar are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Talk {
    /// Notes and the progress bar are left out.
    Quiet,
    /// Notes and the progress bar are shown.
    Usual,
}

impl Verbosity {
    /// From now on the program prints as much as the options and the environment ask for.
    ///
    /// # Errors
    /// [`Failure::QuietAndVerbose`].
    pub fn begin(self) -> Result<(), Failure> {
        if self.quiet && self.verbose > 0 {
            return Err(Failure::QuietAndVerbose);
        }
        console::set_talk(if self.quiet { Talk::Quiet } else { Talk::Usual });
        let mut builder = match self.level() {
            Some(level) => {
                let mut builder = Builder::new();
                builder.filter_level(level);
                builder
            }
            None => Builder::from_env(Env::new().filter(VARIABLE)),
        };
        builder.init();
        Ok(())
    }

    /// The diagnostics that the command line asks for; `None` if `RUST_LOG` decides.
    fn level(self) -> Option<LevelFilter> {
        match self.verbose {
            0 => None,
            1 => Some(LevelFilter::Info),
            2 => Some(LevelFilter::Debug),
            _ => Some(LevelFilter::Trace),
        }
    }
}

/// Whether stderr can show a progress bar: it is a terminal whose cursor can move.
pub fn can_draw() -> bool {
    let kind = std::env::var_os("TERM");
    // The console of Windows does not set this variable.
    let can_move = kind.map_or(cfg!(windows), |kind| !kind.is_empty() && kind != "dumb");
    can_move && io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_v_says_more_and_none_leaves_it_to_the_environment() {
        let level = |verbose| Verbosity { verbose, quiet: false }.level();
        assert_eq!([0, 1, 2].map(level), [None, Some(LevelFilter::Info), Some(LevelFilter::Debug)]);
        assert_eq!([3, 255].map(level), [Some(LevelFilter::Trace); 2]);
    }
}
