//! A summary for people: a title, the result, one paragraph for each subject.
//!
//! A line has at most 100 columns, but the command in the line `explain` is never broken.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use portcls_machine::{
    ApplicationFigures, Hint, MidiPin, PinFormat, RangeFigures, WireFigures, at_place,
};

use super::inf::InfFacts;
use super::{Flow, Outcome, Summary};
use crate::exit::Exit;
use crate::numbers::{counted, duration, grouped, hundredths, wrapped};
use crate::trace_colour::coloured;

const TITLE: Style = Style::new().bold();
const LABEL: Style = AnsiColor::Cyan.on_default();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const NOTED: Style = AnsiColor::Yellow.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const QUIET: Style = Style::new().dimmed();

/// Columns of a label, with the space after it.
const LABEL_COLUMNS: usize = 12;
/// Columns for the text beside a label.
const TEXT_COLUMNS: usize = 100 - LABEL_COLUMNS;
/// The most columns of a song's name in the title.
const NAME_COLUMNS: usize = 60;
/// The most violations that the text shows.
const SHOWN_VIOLATIONS: usize = 5;
/// The most unused parts of an INF that the text shows; the JSON has all parts.
const SHOWN_UNUSED: usize = 8;
/// The most offsets of a range that the text shows; the JSON has all offsets.
const SHOWN_OFFSETS: usize = 8;

pub(super) fn render(summary: &Summary) -> String {
    let mut page = Page::default();
    page.title(summary);
    page.result(summary);
    match &summary.flow {
        Flow::Wire(wire) => page.wire(wire),
        Flow::Application(application) => page.application(application),
    }
    page.machine(summary);
    page.unmodelled(summary);
    page.driver(summary);
    page.violations(summary);
    page.outputs(summary);
    page.first_lines(summary);
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.text.write_fmt(line);
        self.text.push('\n');
    }

    /// Adds lines beside a label. Only the first line has the label before it.
    fn paragraph(&mut self, label: &str, style: Style, lines: &[String]) {
        let mut label = label;
        for line in lines.iter().flat_map(|line| wrapped(line, TEXT_COLUMNS)) {
            self.line(format_args!(
                "{LABEL}{label:<LABEL_COLUMNS$}{LABEL:#}{style}{line}{style:#}"
            ));
            label = "";
        }
    }

    fn title(&mut self, summary: &Summary) {
        let input = &summary.input;
        let name = shortened(&input.name);
        let verb = summary.verb;
        self.line(format_args!("{TITLE}{verb} {name}{TITLE:#}"));
        let song = format!(
            "{}, {}, {} long",
            counted(input.messages, "message"),
            counted(input.bytes, "byte"),
            duration(input.duration_ns)
        );
        self.paragraph("song", Style::new(), &[song]);
        let machine = &summary.machine;
        let words = format!(
            "card {}, driver {}, port {}, irq {}",
            machine.card, machine.driver, machine.port, machine.irq
        );
        let mut lines = vec![words];
        if !machine.resources.is_empty() {
            lines.push(format!("resources {}", machine.resources.join(", ")));
        }
        self.paragraph("machine", Style::new(), &lines);
        if let Some(inf) = &summary.inf {
            self.paragraph("inf", Style::new(), &inf_lines(inf));
        }
        if let Some(pin) = &summary.pin {
            self.paragraph("pin", Style::new(), &[pin_words(pin, summary)]);
        }
    }

    fn result(&mut self, summary: &Summary) {
        let style = match (summary.exit(), summary.outcome) {
            (Exit::Good, Outcome::Complete) => GOOD,
            (Exit::Good, _) => NOTED,
            _ => BAD,
        };
        self.paragraph("result", style, std::slice::from_ref(&summary.reason));
    }

    fn wire(&mut self, wire: &WireFigures) {
        self.text.push('\n');
        let mut lines = vec![format!(
            "{} on MIDI OUT: {} of the song, {} sent by the card itself",
            counted(wire.bytes, "byte"),
            grouped(wire.song_bytes),
            grouped(wire.own_bytes)
        )];
        if let Some(start_ns) = wire.song_start_ns {
            lines.push(format!(
                "the song began {} after power-on and kept the wire busy for {}.{} % of its time",
                duration(start_ns),
                wire.busy_permille / 10,
                wire.busy_permille % 10
            ));
        }
        let late = &wire.late;
        if late.messages > 0 {
            lines.push(format!(
                "behind the song by {} on average, {} at least, {} at most",
                duration(late.mean_ns),
                duration(late.least_ns),
                duration(late.most_ns)
            ));
        }
        if late.early > 0 {
            lines.push(format!("{} began before the song's time", counted(late.early, "message")));
        }
        self.paragraph("wire", Style::new(), &lines);
    }

    fn application(&mut self, application: &ApplicationFigures) {
        self.text.push('\n');
        let lines = [
            format!("{} arrived on MIDI IN", counted(application.arrived_bytes, "byte")),
            format!(
                "{} read, {} of the song in order and unchanged",
                counted(application.bytes, "byte"),
                grouped(application.song_bytes)
            ),
        ];
        self.paragraph("application", Style::new(), &lines);
    }

    fn machine(&mut self, summary: &Summary) {
        let processor = &summary.processor;
        let simulated = duration(summary.simulated_ns);
        self.paragraph("time", Style::new(), &[format!("{simulated} simulated")]);
        let with_longest = |count, thing, longest_ns| match longest_ns {
            0 => counted(count, thing),
            _ => format!("{}, the longest {}", counted(count, thing), duration(longest_ns)),
        };
        let advice = |what| {
            let warning = summary.warnings.iter().find(|warning| warning.what == what)?;
            Some((grouped(warning.count), duration(warning.advised_ns), warning.longest_ns))
        };
        let with_advice = |line: String, what| match advice(what) {
            Some((count, advised, _)) => format!("{line}; {count} over the advised {advised}"),
            None => line,
        };
        let interrupts = with_longest(processor.interrupts, "interrupt", processor.longest_isr_ns);
        let dpcs = with_longest(processor.dpcs, "DPC", processor.longest_dpc_ns);
        let stalls = advice("stall").map(|(count, advised, longest_ns)| {
            let longest = duration(longest_ns);
            format!("stalls over the advised {advised}: {count}, the longest {longest}")
        });
        let mut lines = vec![with_advice(interrupts, "isr"), with_advice(dpcs, "dpc")];
        lines.extend(stalls);
        self.paragraph("processor", Style::new(), &lines);
    }

    fn driver(&mut self, summary: &Summary) {
        let driver = &summary.driver;
        let polls = match driver.polls_per_byte_permille {
            Some(permille) => format!(" for the song, {} a byte", hundredths(permille)),
            None => String::new(),
        };
        let reads = counted(driver.status_reads, "poll");
        let mut lines = vec![format!("{reads} of the status register{polls}")];
        if driver.lost_in_card > 0 {
            lines.push(format!("{} lost in the card", counted(driver.lost_in_card, "byte")));
        }
        if summary.violation_count == 0 && summary.exit() != Exit::DriverDied {
            lines.push("no violation of a documented rule".to_owned());
        }
        self.paragraph("driver", Style::new(), &lines);
        let hints: Vec<String> = summary.hints.iter().map(Hint::to_string).collect();
        self.paragraph("hints", NOTED, &hints);
    }

    fn unmodelled(&mut self, summary: &Summary) {
        let lines: Vec<String> = summary.unmodelled.iter().map(range_line).collect();
        self.paragraph("unmodelled", Style::new(), &lines);
    }

    fn violations(&mut self, summary: &Summary) {
        let shown = summary.violations.iter().take(SHOWN_VIOLATIONS);
        let mut lines: Vec<String> = shown
            .map(|one| {
                let message = at_place(&one.message, one.call_site.as_ref());
                format!("{} at {}: {message}", one.rule, duration(one.time_ns))
            })
            .collect();
        let more = summary.violation_count.saturating_sub(lines.len() as u64);
        if more > 0 {
            lines.push(format!("and {} more", grouped(more)));
        }
        self.paragraph("violations", BAD, &lines);
        let mut rules: Vec<String> = Vec::new();
        for one in summary.violations.iter().take(SHOWN_VIOLATIONS) {
            let line = format!("{}: {}", one.rule, one.meaning);
            if !rules.contains(&line) {
                rules.push(line);
            }
        }
        self.paragraph("rules", Style::new(), &rules);
        let leaks: Vec<String> = summary.leaks.iter().map(|leak| leak.text.clone()).collect();
        self.paragraph("left behind", BAD, &leaks);
    }

    fn outputs(&mut self, summary: &Summary) {
        let outputs = summary.outputs.iter();
        let lines: Vec<String> =
            outputs.map(|output| format!("{}: {}", output.what, output.path)).collect();
        self.paragraph("written", Style::new(), &lines);
        if let Some(command) = &summary.explain {
            // The user copies this command into a shell, so it must stay in one line.
            self.line(format_args!("{LABEL}{:<LABEL_COLUMNS$}{LABEL:#}{command}", "explain"));
        }
    }

    fn first_lines(&mut self, summary: &Summary) {
        let Some(lines) = &summary.first_lines else { return };
        self.line(format_args!(
            "\n{TITLE}The trace begins{TITLE:#} {QUIET}(--trace - shows all of it){QUIET:#}"
        ));
        for line in lines.lines() {
            self.line(format_args!("{}", coloured(line)));
        }
    }
}

/// The pin that was opened, and the driver's other pins for MIDI.
fn pin_words(pin: &MidiPin, summary: &Summary) -> String {
    let events = match summary.pin_format {
        PinFormat::Midi => "",
        PinFormat::DirectMusic => " with DirectMusic events",
    };
    let others: Vec<String> = summary.other_pins.iter().map(MidiPin::to_string).collect();
    match others.len() {
        0 => format!("{pin}{events}, the only one for MIDI"),
        _ => format!("{pin}{events}; also for MIDI: {}", others.join(", ")),
    }
}

/// The lines about an INF: what the machine took from the INF, and which parts of the INF it did
/// not use.
fn inf_lines(inf: &InfFacts) -> Vec<String> {
    let of = match inf.models {
        1 => "the only one".to_owned(),
        models => format!("one of {models}"),
    };
    let mut lines = vec![format!(
        "{}, model \"{}\" ({of}); {} and {} taken",
        inf.file,
        inf.model,
        counted(inf.registry_values, "registry value"),
        counted(inf.resources, "resource")
    )];
    let shown = inf.unused.iter().take(SHOWN_UNUSED);
    let mut unused: Vec<String> =
        shown.map(|one| format!("line {}: {}", one.line, one.what)).collect();
    match inf.unused.len().saturating_sub(unused.len()) {
        0 => {}
        more => unused.push(format!("and {more} more")),
    }
    if !unused.is_empty() {
        lines.push(format!("not used: {}", unused.join("; ")));
    }
    lines
}

/// What the driver did in one range of ports that are not modelled.
fn range_line(range: &RangeFigures) -> String {
    let mut parts = Vec::new();
    let missed = range.offsets.iter().map(|port| {
        let counts = [(port.reads, "read"), (port.writes, "write")];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, thing)| counted(count, thing)).collect();
        format!("{} at +{:X}", counts.join(" and "), port.offset)
    });
    let mut missed: Vec<String> = missed.collect();
    if missed.len() > SHOWN_OFFSETS {
        let more = missed.split_off(SHOWN_OFFSETS).len();
        missed.push(format!("more at {}", counted(more as u64, "other offset")));
    }
    if !missed.is_empty() {
        parts.push(format!("{} met nothing", missed.join(", ")));
    }
    if range.answered > 0 {
        let accesses = if range.answered == 1 { "access" } else { "accesses" };
        parts.push(format!("{} {accesses} answered", grouped(range.answered)));
    }
    if parts.is_empty() {
        parts.push("no access".to_owned());
    }
    format!("{}: {}", range.range, parts.join("; "))
}

/// A name that fits into the title. A long name loses its beginning, because the end of a name says
/// more.
fn shortened(name: &str) -> String {
    let letters = name.chars().count();
    if letters <= NAME_COLUMNS {
        return name.to_owned();
    }
    let end: String = name.chars().skip(letters - (NAME_COLUMNS - 3)).collect();
    format!("...{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_name_the_end_is_shown() {
        assert_eq!(shortened("song.mid"), "song.mid");
        let long = format!("{}/song.mid", "x".repeat(80));
        assert_eq!(shortened(&long).len(), NAME_COLUMNS);
        assert!(shortened(&long).starts_with("...xx"));
        assert!(shortened(&long).ends_with("x/song.mid"));
    }
}
