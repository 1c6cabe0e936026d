//! A recipe for DEBUG of DOS: `debug < recipe.txt > results.txt`.
//!
//! DEBUG reads and writes ports with `i` and `o`. The command `h` prints the sum and the difference
//! of two numbers. So `h 7 0` prints the number 7 twice, which marks that line 7 of the script
//! comes next. All numbers of DEBUG are hexadecimal. A short routine at address 100 waits: it calls
//! interrupt 15 of the BIOS with AH = 86, which waits CX:DX us.
//! Source: MS-DOS 5.0 User's Guide, Debug; IBM AT Technical Reference, BIOS interrupt 15 hex.

use std::fmt::Write;

use hw_mpu401::Register;

use super::{Doable, InitMode, Obstacle, Part, RecipeHost, RecipePorts, mark, parts};
use crate::ops::action::{Action, HostAction, Poll};
use crate::ops::script::{Script, Step};

/// How many reads of STATUS begin a poll. One more read follows when the time of the poll is over.
const FIRST_READS: usize = 4;

/// The most bytes that a `drain` reads. DEBUG cannot stop when no byte waits.
const MOST_DRAINED: u32 = 32;

/// The time to wait after each command of an `init`, in us.
const INIT_WAIT_US: u64 = 200_000;

/// Refuses what DEBUG cannot do.
pub(super) fn check(step: &Step) -> Result<(), Obstacle> {
    let refuse = |why| Err(Obstacle { why, ends_scenario: true });
    match step.action {
        _ if u16::try_from(step.line).is_err() => refuse("DEBUG has numbers up to FFFF only"),
        Action::Host(HostAction::Poll(Poll { register: Register::Data, .. })) => {
            refuse("DEBUG cannot stop at the byte that is wanted")
        }
        _ => Ok(()),
    }
}

/// The text of the recipe. Its lines end in CR and LF, as text of DOS does.
pub(super) fn text(script: &Script, ports: RecipePorts) -> String {
    let mut recipe = Recipe { text: String::new(), ports };
    let head = [
        format!("; {} for a real card at port {:X}, made by portcls-emu.", script.file, ports.data),
        "; On an AT or later, with nothing plugged into MIDI IN:".to_owned(),
        "; debug < recipe.txt > results.txt".to_owned(),
        "; Software on the host cannot switch the card off, send to MIDI IN, or see MIDI OUT and"
            .to_owned(),
        "; the interrupt line. DEBUG keeps no times in us: every line comes some ms late."
            .to_owned(),
    ];
    recipe.line("a 100");
    head.iter().for_each(|line| recipe.comment(line));
    for line in ["mov ah,86", "int 15", "int 3", ""] {
        recipe.line(line);
    }
    recipe.line(&format!("h {:X} 1", mark(script)));
    for part in parts(script, RecipeHost::Dos) {
        match part {
            Part::Scenario(scenario) => recipe.note(&scenario.title),
            Part::Note(note) => recipe.note(&note),
            Part::Step(step, Doable::Init(mode)) => recipe.init(step.line, mode),
            Part::Step(step, Doable::Host(action)) => recipe.step(step.line, action),
        }
    }
    recipe.line("q");
    recipe.text
}

struct Recipe {
    text: String,
    ports: RecipePorts,
}

impl Recipe {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push_str("\r\n");
    }

    /// Adds a comment inside of the command `a`, whose assembler takes comments.
    fn comment(&mut self, text: &str) {
        let plain = |letter: char| if letter.is_ascii_graphic() { letter } else { ' ' };
        let text: String = text.chars().map(plain).collect();
        self.line(&text);
    }

    /// Adds a comment between two commands. Only the assembler takes comments, so the comment gets
    /// its own command `a`.
    fn note(&mut self, text: &str) {
        self.line("a 120");
        self.comment(&format!("; {text}"));
        self.line("");
    }

    fn mark(&mut self, line: usize) {
        self.line(&format!("h {line:X} 0"));
    }

    fn read(&mut self, register: Register) {
        let port = self.port(register);
        self.line(&format!("i {port:X}"));
    }

    fn write(&mut self, register: Register, byte: u8) {
        let port = self.port(register);
        self.line(&format!("o {port:X} {byte:X}"));
    }

    fn port(&self, register: Register) -> u16 {
        match register {
            Register::Data => self.ports.data,
            Register::Command => self.ports.status,
            Register::Control => self.ports.data.wrapping_add(2),
        }
    }

    fn wait(&mut self, time_us: u64) {
        for (register, half) in [("cx", time_us >> 16), ("dx", time_us)] {
            // Writing to a String cannot fail.
            let _ = write!(self.text, "r{register}\r\n{:X}\r\n", half & 0xFFFF);
        }
        self.line("g=100");
    }

    /// Resets the card twice: a card in UART mode may take the first FF only as the end of the
    /// mode. The recipe reads DATA after each command, because the card may have sent an ACK.
    fn init(&mut self, line: usize, mode: InitMode) {
        self.mark(line);
        let commands: &[u8] = match mode {
            InitMode::Intelligent => &[0xFF, 0xFF],
            InitMode::Uart => &[0xFF, 0xFF, 0x3F],
        };
        for command in commands {
            self.write(Register::Command, *command);
            self.wait(INIT_WAIT_US);
            self.read(Register::Data);
        }
    }

    fn step(&mut self, line: usize, action: &HostAction) {
        self.mark(line);
        match action {
            HostAction::Read(register) => self.read(*register),
            HostAction::Write(register, byte) => self.write(*register, *byte),
            HostAction::Wait(time_ns) => self.wait(time_ns.div_ceil(1_000)),
            HostAction::Poll(poll) => {
                (0..FIRST_READS).for_each(|_| self.read(poll.register));
                self.wait((u64::from(poll.times) * (poll.pause_ns + 1_000)).div_ceil(1_000));
                self.read(poll.register);
            }
            HostAction::Drain(most) => {
                for _ in 0..(*most).min(MOST_DRAINED) {
                    self.read(Register::Command);
                    self.read(Register::Data);
                }
            }
        }
    }
}
