//! Register scripts: accesses to a card's ports, with expected results.
//!
//! Owns: reading a script ([`Script::parse`]), running it on a card ([`run`]) or on any model of a
//! card ([`run_on`]), the report ([`RunReport`]), the built-in suite ([`suite`], [`check`]), and
//! the way of a script to a real card and back ([`recipe`](fn@recipe), [`Results`]).
//! This code never knows a driver, a kernel or a terminal.
//!
//! The documentation has a page about the format, `ops.md`. These are examples of lines:
//!
//! ```text
//! title: what the scenario shows        init power-on | idle | uart | uart stale=40
//! source: where that comes from         R S -> 80/C0      read STATUS or DATA
//! cards: CARD...                        W C FF            write COMMAND or DATA
//! differs CARD...: why                  P S 40 00 1000 10 -> ok | timeout
//! open CARD...: what is not known       wait 30000        us
//! like CARD: OTHER...                   drain 300 -> 90 3C 40 | none | count 2..3
//! repeat N ... end                      in 90 3C 40       bytes on MIDI IN
//!   @CARD... -> ...                     wire -> 90 3C 40 | none | count 290..310 ; wire all
//!                                       irq -> up | down
//! ```
//!
//! ```
//! use hw_mpu401::card;
//! use mpu401_card_bench::ops::{Script, Verdict, run};
//!
//! let script = Script::parse(
//!     "first-note.ops",
//!     "init uart
//!      W D 90
//!      P S 40 00 100 0 -> ok      # taken
//!      wait 500
//!      wire -> 90",
//! )?;
//! let report = run(&script, card("roland-mpu401").expect("a known card"));
//! assert_eq!(report.verdict(), Verdict::Passed, "{report}");
//! # Ok::<(), mpu401_card_bench::ops::OpsError>(())
//! ```

mod action;
mod bench;
mod error;
mod expectation;
mod ground;
mod model;
mod page;
mod parse;
mod recipe;
mod record;
mod report;
mod result;
mod results;
mod run;
mod script;
mod suite;
mod text;
mod words;

#[cfg(test)]
mod tests;

pub use action::{
    Action, CardAction, ControlAction, HostAction, LineAction, MidiInput, OwnClocks, Poll, actions,
};
pub use error::OpsError;
pub use expectation::{Expectation, Expected, Level, PollEnd, Span};
pub use ground::{Ground, Strength};
pub use model::Model;
pub use recipe::{RecipeHost, RecipePorts, recipe};
pub use record::Recorder;
pub use report::{Failure, LineResult, Outcome, RunReport, ScenarioReport, Verdict};
pub use results::{ComparedLine, ComparedScenario, Comparison, Results};
pub use run::{run, run_on, run_recorded, run_with};
pub use script::{
    ACCESS_LIMIT, Block, Like, MIDI_IN_LIMIT, Remark, RemarkKind, STEP_LIMIT, Scenario, Script,
    Step, TIME_LIMIT_NS,
};
pub use suite::{Cell, Row, SuiteReport, check, check_with, suite};
