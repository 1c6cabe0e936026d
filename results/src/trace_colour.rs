//! Colours of the text of a trace, for a terminal.
//!
//! The level and the actor of an event have the colour of the level, as on the page of a trace:
//! grey for PASSIVE_LEVEL, blue for DISPATCH_LEVEL, and orange for a device level and above. A
//! trace that the program writes into a file has no colours. When the program reads a trace, it
//! removes colours.

use std::io::{self, Write};

use anstyle::{Ansi256Color, AnsiColor, Color, Style};
use portcls_machine::emulator::trace::Level;
use portcls_machine::report::text::Line;

const QUIET: Style = Style::new().dimmed();
const MARK: Style = Style::new().bold();
const WRONG: Style = AnsiColor::Red.on_default().bold();

/// The colour of a level.
fn level_style(level: Level) -> Style {
    let colour = |number| Some(Color::Ansi256(Ansi256Color(number)));
    match level {
        Level::Hardware => Style::new(),
        Level::Passive => Style::new().fg_color(colour(245)),
        Level::Dispatch => Style::new().fg_color(colour(75)),
        Level::Device | Level::Raised => Style::new().fg_color(colour(208)),
    }
}

/// Adds a line of the text with its colours to `out`. `rest` is the style for a continuation line.
/// The function sets it for the lines that follow.
fn push(out: &mut Vec<u8>, line: &str, rest: &mut Style) {
    let mut styled = |style: Style, text: &str| {
        // Writing to a Vec cannot fail.
        let _ = match text {
            "" => Ok(()),
            _ => write!(out, "{style}{text}{style:#}"),
        };
    };
    *rest = match Line::new(line) {
        Line::Remark => QUIET,
        Line::Mark => MARK,
        Line::Rest => *rest,
        Line::Event { time, level, actor, words, note, is_wrong } => {
            let (said, noted) = if is_wrong { (WRONG, WRONG) } else { (Style::new(), QUIET) };
            styled(QUIET, time);
            styled(level_style(level), actor);
            styled(said, words);
            styled(noted, note);
            *rest = said;
            return;
        }
    };
    styled(*rest, line);
}

/// A writer that gives the text of a trace its colours.
pub struct Coloured<W: Write> {
    to: W,

    /// The style of a continuation line.
    rest: Style,
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    out: Vec<u8>,
}

impl<W: Write> Coloured<W> {
    /// A writer that passes the text with its colours on to `to`.
    pub fn new(to: W) -> Coloured<W> {
        Coloured { to, rest: Style::new(), line: Vec::new(), out: Vec::new() }
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&self.line);
        push(&mut self.out, &line, &mut self.rest);
        self.line.clear();
    }
}

impl<W: Write> Write for Coloured<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    self.line.extend_from_slice(end);
                    self.end_line();
                    self.out.push(b'\n');
                }
                None => self.line.extend_from_slice(piece),
            }
        }
        self.to.write_all(&self.out)?;
        self.out.clear();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.to.write_all(&self.out)?;
        self.out.clear();
        self.to.flush()
    }
}

/// A line with its colours.
pub fn coloured(line: &str) -> String {
    let mut out = Vec::new();
    push(&mut out, line, &mut Style::new());
    String::from_utf8(out).expect("text with colours is text")
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_bytes;

    use super::*;

    const TEXT: &str = "# machine  driver uart\n== 0.000 driver loads\n    1.000  P   app  a\n\
                        \n    2.000    I isr       call irq 9\n   26.239   D  bus       out 330\
                        \x20<- 3C          ; overwrites a byte\n                        | and more";

    #[test]
    fn colours_change_nothing_else_however_the_text_is_cut() {
        for size in [1, 7, 64, TEXT.len()] {
            let mut writer = Coloured::new(Vec::new());
            TEXT.as_bytes().chunks(size).for_each(|piece| writer.write_all(piece).unwrap());
            writer.flush().unwrap();
            let shown = writer.to;
            assert!(shown.len() > TEXT.len() + 40);
            assert_eq!(strip_bytes(&shown).into_vec(), TEXT.as_bytes());
        }
    }

    #[test]
    fn a_level_has_its_colour_and_a_mistake_is_red() {
        let isr = coloured("    2.000    I isr       call irq 9");
        assert!(isr.contains("\u{1b}[38;5;208m    I isr       \u{1b}[0mcall irq 9"), "{isr:?}");
        let lost = coloured("   26.239   D  bus       out 330 <- 3C    ; overwrites a byte");
        assert!(lost.contains("\u{1b}[31m") && lost.contains("38;5;75m"), "{lost:?}");
    }
}
