//! A card that expects an exact list of accesses, and answers from the list.
//!
//! Each line has one step, and `;` begins a remark. `R S -> 80`: the driver reads STATUS as 80.
//! `R D -> FE`: the driver reads DATA as FE. `W C FF` and `W D 90`: the driver writes COMMAND or
//! DATA. `x20` after a step means that the step comes 20 times. `+11` before a step demands that
//! the driver makes the access exactly 11 microseconds after its last access. When the step comes
//! several times, this holds for each of them. `irq up` and `irq down` move the line together with
//! the access before them. With no access before them in the list, they move the line when the
//! list gets them. `irq up +77` moves the line 77 microseconds after the last access.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use portcls_emulator::{Answer, BusDevice, DeviceReply, LineState, Outputs};

#[derive(Clone, Debug, PartialEq)]
enum Access {
    Read(u16, u8),
    Write(u16, u8),
}

#[derive(Clone, Debug)]
enum Step {
    Access { access: Access, pitch_us: Option<u64>, text: String },
    Line { line: LineState, after_us: u64 },
}

#[derive(Default)]
struct State {
    steps: VecDeque<Step>,
    line_up: bool,
    line_later: Option<(u64, LineState)>,
    last_access_ns: u64,
    complaint: Option<String>,
}

/// The card; a clone of this value is the test's handle.
#[derive(Clone, Default)]
pub struct Script(Rc<RefCell<State>>);

impl Script {
    /// Adds steps to the end of the list.
    pub fn expect(&self, text: &str) {
        let mut state = self.0.borrow_mut();
        for line in text.lines() {
            let step = line.split(';').next().unwrap_or_default().trim();
            if !step.is_empty() {
                state.steps.extend(parse(step));
            }
        }
        state.move_line_if_next();
    }

    /// Fails the test unless the driver made exactly the accesses of the list.
    pub fn check(&self) {
        let state = self.0.borrow();
        if let Some(complaint) = &state.complaint {
            panic!("{complaint}");
        }
        let left = state.steps.iter().find_map(|step| match step {
            Step::Access { text, .. } => Some(text),
            Step::Line { .. } => None,
        });
        assert_eq!(left, None, "the driver made no such access; {} left", state.steps.len());
    }
}

fn parse(text: &str) -> Vec<Step> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    if words[0] == "irq" {
        let line = if words[1] == "up" { LineState::Up } else { LineState::Down };
        let after_us = words.get(2).map_or(0, |word| number(word, '+'));
        return vec![Step::Line { line, after_us }];
    }
    let pitch_us = words[0].starts_with('+').then(|| number(words.remove(0), '+'));
    let count = match words.last() {
        Some(word) if word.starts_with('x') => number(words.pop().unwrap(), 'x'),
        _ => 1,
    };
    let value = u8::from_str_radix(words.last().unwrap(), 16).unwrap();
    let access = match (words[0], words[1]) {
        ("R", "S") => Access::Read(1, value),
        ("R", "D") => Access::Read(0, value),
        ("W", "C") => Access::Write(1, value),
        ("W", "D") => Access::Write(0, value),
        other => panic!("no such step: {other:?}"),
    };
    let step = Step::Access { access, pitch_us, text: text.to_owned() };
    vec![step; count as usize]
}

fn number(word: &str, mark: char) -> u64 {
    word.strip_prefix(mark).unwrap().parse().unwrap()
}

impl State {
    /// Takes the next step for an access; answers a read.
    fn access(&mut self, done: &str, offset: u16, written: Option<u8>, now_ns: u64) -> u8 {
        let since_us = (now_ns - self.last_access_ns) / 1_000;
        self.last_access_ns = now_ns;
        let what = format!("the driver did {done} after {since_us} us");
        let mut answer = 0xFF;
        match self.steps.pop_front() {
            Some(Step::Access { access, pitch_us, text }) => {
                let fits = match access {
                    Access::Read(port, value) => {
                        answer = value;
                        port == offset && written.is_none()
                    }
                    Access::Write(port, value) => port == offset && written == Some(value),
                };
                if !fits || pitch_us.is_some_and(|pitch_us| pitch_us != since_us) {
                    let left = self.steps.len();
                    self.complain(format!("{what} instead of {text}, with {left} steps to go"));
                }
            }
            _ => self.complain(format!("{what} after the end of the script")),
        }
        self.move_line_if_next();
        answer
    }

    fn complain(&mut self, complaint: String) {
        self.complaint.get_or_insert(complaint);
    }

    fn move_line_if_next(&mut self) {
        while let Some(Step::Line { line, after_us }) = self.steps.front().cloned() {
            self.steps.pop_front();
            match after_us {
                0 => self.line_up = line == LineState::Up,
                _ => self.line_later = Some((self.last_access_ns + after_us * 1_000, line)),
            }
        }
    }

    fn reply(&self, value: u8) -> DeviceReply {
        let outputs = Outputs {
            line: if self.line_up { LineState::Up } else { LineState::Down },
            next_event_ns: self.line_later.map_or(u64::MAX, |(time_ns, _)| time_ns),
            has_serial: false,
        };
        DeviceReply::Changed(Answer { value, note: 0 }, outputs)
    }
}

impl BusDevice for Script {
    fn notes(&self) -> &'static [&'static str] {
        &[""]
    }

    fn lanes(&self) -> &'static [&'static str] {
        &[]
    }

    fn read(&mut self, offset: u16, now_ns: u64) -> DeviceReply {
        let mut state = self.0.borrow_mut();
        let name = ["R D", "R S"][usize::from(offset)];
        let value = state.access(name, offset, None, now_ns);
        state.reply(value)
    }

    fn write(&mut self, offset: u16, value: u8, now_ns: u64) -> DeviceReply {
        let mut state = self.0.borrow_mut();
        let name = ["W D", "W C"][usize::from(offset)];
        state.access(&format!("{name} {value:02X}"), offset, Some(value), now_ns);
        state.reply(0)
    }

    fn advance(&mut self, now_ns: u64) -> DeviceReply {
        let mut state = self.0.borrow_mut();
        if let Some((time_ns, line)) = state.line_later
            && time_ns <= now_ns
        {
            state.line_up = line == LineState::Up;
            state.line_later = None;
        }
        state.reply(0)
    }
}
