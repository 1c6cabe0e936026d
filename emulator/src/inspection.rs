//! The facts that a part of the machine tells about its state, in words.
//!
//! A debugger and the report of a hang show these facts. An inspection is no access and changes
//! nothing, so it is not in the trace. Each part of the machine chooses its own facts.

use std::fmt;

use crate::clock::NEVER;

/// The facts of one part of the machine, in the order in which the part told them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inspection {
    title: String,
    facts: Vec<Fact>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Fact {
    name: &'static str,
    value: String,
}

/// A time on the clock in ns. The text has the time in µs since power-on, or the word "never".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment(pub u64);

/// Columns for the name of a fact: the length of the longest name.
const NAME_COLUMNS: usize = 14;

impl Inspection {
    /// Begins the inspection of a part, without facts. The title is the line above the facts.
    #[must_use]
    pub fn new(title: String) -> Inspection {
        Inspection { title, facts: Vec::new() }
    }

    /// Adds a fact. The value of the fact must be a single line.
    pub fn tell(&mut self, name: &'static str, value: impl fmt::Display) {
        self.facts.push(Fact { name, value: value.to_string() });
    }

    /// Adds a fact with several values, one line for each. Without values, the fact has the value
    /// "none".
    pub fn tell_all(&mut self, name: &'static str, values: impl IntoIterator<Item = String>) {
        let before = self.facts.len();
        for value in values {
            let name = if self.facts.len() == before { name } else { "" };
            self.facts.push(Fact { name, value });
        }
        if self.facts.len() == before {
            self.tell(name, "none");
        }
    }

    /// The text of several parts, each part below the part before.
    #[must_use]
    pub fn text_of(parts: &[Inspection]) -> String {
        parts.iter().map(Inspection::to_string).collect::<Vec<_>>().join("\n")
    }

    /// The line above the facts.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The names and values of the facts. The second and later values of a fact have an empty name.
    pub fn facts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.facts.iter().map(|fact| (fact.name, fact.value.as_str()))
    }

    /// The first value of a fact; `None` when there is no fact of this name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.facts().find(|(told, _)| *told == name).map(|(_, value)| value)
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)?;
        for (name, value) in self.facts() {
            write!(f, "\n  {name:<NAME_COLUMNS$} {value}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            NEVER => f.write_str("never"),
            time_ns => write!(f, "{}.{:03} us", time_ns / 1_000, time_ns % 1_000),
        }
    }
}
