//! A recipe in Python 3, for Linux on a PC.

use std::fmt::Write;

use super::{Doable, InitMode, Part, RecipeHost, RecipePorts, mark, parts};
use crate::ops::script::Script;

/// The program that does the steps. It prints a line for each step that reads: the line of the
/// script, the letter of the step, and what was read.
const PROGRAM: &str = include_str!("linux.py");

/// The text of the recipe.
pub(super) fn text(script: &Script, ports: RecipePorts) -> String {
    let RecipePorts { data, status } = ports;
    let mut text = format!(
        "#!/usr/bin/env python3
# {file} for a real card at port {data:X}, made by portcls-emu.
#
# On the PC with the card, with no driver on these ports and nothing plugged into MIDI IN:
#     sudo python3 recipe.py > results.txt
# It uses /dev/port, which a kernel that is locked down for Secure Boot does not allow. Then:
#     portcls-emu ops --results results.txt --card CARD {file}
#
# Software on the host cannot switch the card off, send to MIDI IN, or see MIDI OUT and the
# interrupt line. This program keeps the times of the script only roughly, and records no times.
import os
import time

DATA, STATUS = 0x{data:X}, 0x{status:X}
MARK = \"{mark:04X}\"
STEPS = \"\"\"
",
        file = plain(&script.file),
        mark = mark(script),
    );
    for part in parts(script, RecipeHost::Linux) {
        // Writing to a String cannot fail.
        let _ = match part {
            Part::Scenario(scenario) => writeln!(text, "# {}", plain(&scenario.title)),
            Part::Note(note) => writeln!(text, "# {note}"),
            Part::Step(step, Doable::Init(InitMode::Intelligent)) => {
                writeln!(text, "{} init idle", step.line)
            }
            Part::Step(step, Doable::Init(InitMode::Uart)) => {
                writeln!(text, "{} init uart", step.line)
            }
            Part::Step(step, Doable::Host(action)) => writeln!(text, "{} {action}", step.line),
        };
    }
    text + "\"\"\"\n\n" + PROGRAM
}

/// A text of the user in a form that can stand in a comment and in a string of Python: one line,
/// without the characters that could end the string.
fn plain(text: &str) -> String {
    text.replace(['"', '\\'], "'").replace(char::is_control, " ")
}
