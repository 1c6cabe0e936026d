//! Recipes: a script as a program for the owner of a real card.
//!
//! A recipe does the accesses of a script at a base port and prints what was read. `dos` makes a
//! recipe for the program DEBUG of DOS, and `linux` makes a recipe in Python. `results` reads what
//! a recipe printed. Software on the host cannot do everything that a script can. Comments in the
//! recipe say what the recipe leaves out.

mod dos;
mod linux;

use super::action::{Action, CardAction, HostAction};
use super::script::{Scenario, Script, Step};

/// The most steps of a script that a recipe does. The recipe leaves out the scenario that would
/// exceed this number, and all scenarios after it.
const MOST_STEPS: usize = 10_000;

/// The system on which a recipe runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecipeHost {
    /// DEBUG of DOS, with its commands `i` and `o`.
    Dos,
    /// Python 3 on Linux, with `/dev/port`.
    Linux,
}

/// The ports of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecipePorts {
    /// The port of DATA.
    pub data: u16,
    /// The port of STATUS and COMMAND.
    pub status: u16,
}

/// A script as a program for this host, with the card at these ports.
#[must_use]
pub fn recipe(script: &Script, host: RecipeHost, ports: RecipePorts) -> String {
    match host {
        RecipeHost::Dos => dos::text(script, ports),
        RecipeHost::Linux => linux::text(script, ports),
    }
}

/// A part of a recipe.
pub(super) enum Part<'s> {
    /// A scenario begins.
    Scenario(&'s Scenario),
    /// A step that the recipe does.
    Step(&'s Step, Doable<'s>),
    /// What the recipe leaves out, and why.
    Note(String),
}

/// What a recipe can do.
#[derive(Clone, Copy)]
pub(super) enum Doable<'s> {
    /// Bring the card into intelligent mode, or into UART mode.
    Init(InitMode),
    /// An access, or waiting.
    Host(&'s HostAction),
}

/// The mode into which a recipe brings the card.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum InitMode {
    Intelligent,
    Uart,
}

/// The parts of a script's recipe for this host. The parts of a repeated block are there once for
/// each of its runs.
pub(super) fn parts(script: &Script, host: RecipeHost) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut steps = 0;
    for scenario in &script.scenarios {
        parts.push(Part::Scenario(scenario));
        let unrolled: usize =
            scenario.blocks.iter().map(|block| block.times as usize * block.steps.len()).sum();
        steps += unrolled;
        if steps > MOST_STEPS {
            parts.push(Part::Note(format!(
                "this scenario is left out: a recipe has at most {MOST_STEPS} steps"
            )));
            continue;
        }
        push_scenario(&mut parts, scenario, host);
    }
    parts
}

fn push_scenario<'s>(parts: &mut Vec<Part<'s>>, scenario: &'s Scenario, host: RecipeHost) {
    let mut is_left_out = false;
    for step in unrolled(scenario) {
        let is_init = matches!(step.action, Action::Card(CardAction::Init(_)));
        if is_left_out && !is_init {
            continue;
        }
        match doable(step, host) {
            Ok(doable) => {
                is_left_out = false;
                parts.push(Part::Step(step, doable));
            }
            Err(obstacle) => {
                is_left_out = obstacle.ends_scenario;
                let rest = match is_left_out {
                    true => ", and neither are the lines up to the next init",
                    false => "",
                };
                parts.push(Part::Note(format!(
                    "line {}, '{}', is not done{rest}: {}",
                    step.line, step.action, obstacle.why
                )));
            }
        }
    }
}

/// The steps of a scenario in the order in which they run.
pub(super) fn unrolled(scenario: &Scenario) -> impl Iterator<Item = &Step> {
    scenario.blocks.iter().flat_map(|block| (0..block.times).flat_map(|_| &block.steps))
}

/// Why a recipe cannot do all of a scenario: each reason once.
pub(super) fn obstacles(scenario: &Scenario, host: RecipeHost) -> Vec<&'static str> {
    let mut reasons = Vec::new();
    for obstacle in unrolled(scenario).filter_map(|step| doable(step, host).err()) {
        if !reasons.contains(&obstacle.why) {
            reasons.push(obstacle.why);
        }
    }
    reasons
}

/// Why a recipe cannot do a step.
pub(super) struct Obstacle {
    pub why: &'static str,
    /// True if the steps after this step may give other results when this step is left out. The
    /// recipe then also leaves out the steps up to the next `init`.
    pub ends_scenario: bool,
}

fn doable(step: &Step, host: RecipeHost) -> Result<Doable<'_>, Obstacle> {
    if host == RecipeHost::Dos {
        dos::check(step)?;
    }
    match &step.action {
        Action::Card(action) => action.init_mode().map(Doable::Init),
        Action::Host(action) => Ok(Doable::Host(action)),
        Action::Line(action) => Err(action.obstacle()),
        Action::Control(action) => Err(action.obstacle()),
    }
}

/// A hash of the line numbers and the actions of a script. Results with another hash belong to
/// another script, or to this script before a change.
pub(super) fn mark(script: &Script) -> u16 {
    let steps = script.scenarios.iter().flat_map(unrolled);
    // FNV-1a of 32 bits, folded to 16.
    let mut hash = 0x811C_9DC5_u32;
    for step in steps {
        for byte in format!("{} {}\n", step.line, step.action).bytes() {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }
    (hash >> 16) as u16 ^ hash as u16
}
