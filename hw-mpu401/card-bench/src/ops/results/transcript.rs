//! Reads the screen of DEBUG after a recipe for DOS.
//!
//! Only two forms of lines count: two numbers of four digits, which a command `h` printed, and one
//! number of two digits, which a command `i` printed. All other lines do not count, such as echoes
//! of commands, or registers that a command `g` shows.

use hw_mpu401::Status;

use super::{GIVE_RESULTS, Read, check_mark, no_reads, reading_steps};
use crate::ops::action::HostAction;
use crate::ops::error::Fault;
use crate::ops::expectation::PollEnd;
use crate::ops::recipe::RecipeHost;
use crate::ops::result::Got;
use crate::ops::script::Script;

/// What DEBUG printed after a mark.
struct Group {
    /// The line of the text that has the mark, from 1.
    at: usize,
    /// The line of the script.
    line: usize,
    /// The bytes that were read.
    bytes: Vec<u8>,
}

pub(super) fn read(text: &str, script: &Script) -> Result<Vec<Vec<Read>>, (usize, Fault)> {
    let mut scenarios = no_reads(script);
    let groups = groups(text, script)?;
    let mut groups = groups.iter();
    for (scenario, step, action) in reading_steps(script, RecipeHost::Dos) {
        // Between the marks of steps that read, there are marks of steps that read nothing.
        let Some(group) = groups.find(|group| group.line == step.line) else { break };
        let got = got(action, &group.bytes).map_err(|fault| (group.at, fault))?;
        scenarios[scenario].push(Read { line: step.line, got });
    }
    Ok(scenarios)
}

/// The marks of the steps in the text, and the bytes after each of these marks. The first mark, of
/// the whole script, is only checked.
fn groups(text: &str, script: &Script) -> Result<Vec<Group>, (usize, Fault)> {
    let mut groups: Option<Vec<Group>> = None;
    for (index, line) in text.lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |word: &str, digits| {
            let is_hex = word.len() == digits && word.bytes().all(|b| b.is_ascii_hexdigit());
            u16::from_str_radix(word, 16).ok().filter(|_| is_hex)
        };
        match (&mut groups, words.as_slice()) {
            (None, [sum, difference]) => {
                // The first mark is `h MARK 1`.
                let ends = number(sum, 4).zip(number(difference, 4));
                let Some((sum, _)) = ends.filter(|(sum, other)| sum.wrapping_sub(*other) == 2)
                else {
                    continue;
                };
                let found = format!("{:04X}", sum.wrapping_sub(1));
                check_mark(&found, 1, script).map_err(|fault| (index + 1, fault))?;
                groups = Some(Vec::new());
            }
            (Some(groups), [one, other]) if one == other => {
                if let Some(line) = number(one, 4) {
                    let line = usize::from(line);
                    groups.push(Group { at: index + 1, line, bytes: Vec::new() });
                }
            }
            (Some(groups), [word]) => {
                if let Some((byte, group)) = number(word, 2).zip(groups.last_mut()) {
                    group.bytes.push(byte as u8);
                }
            }
            _ => {}
        }
    }
    groups.ok_or_else(|| (1, Fault::new(1, "these are not the results of a recipe", GIVE_RESULTS)))
}

/// The result of a step with these bytes.
fn got(action: &HostAction, bytes: &[u8]) -> Result<Got, Fault> {
    let last = *bytes.last().ok_or_else(|| Fault::new(1, "a byte is missing", GIVE_RESULTS))?;
    Ok(match action {
        HostAction::Poll(poll) => {
            let met = bytes.iter().position(|byte| poll.is_met_by(*byte));
            let reads = met.map_or(bytes.len(), |met| met + 1);
            let end = if met.is_some() { PollEnd::Ok } else { PollEnd::Timeout };
            Got::Poll { end, reads: u32::try_from(reads).unwrap_or(u32::MAX) }
        }
        HostAction::Drain(_) => {
            let has_data = |pair: &&[u8]| Status::from_bits_retain(pair[0]).has_data();
            let pairs = bytes.chunks_exact(2).take_while(has_data);
            Got::Drained(pairs.map(|pair| pair[1]).collect())
        }
        _ => Got::Byte(last),
    })
}
