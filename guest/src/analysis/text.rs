//! The report as text.

use std::fmt;

use super::{Analysis, GuestContext, Kind};

/// The width of running text in columns.
const COLUMNS: usize = 79;

impl fmt::Display for Analysis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_banner(f)?;
        let bytes = self.context.as_ref().map_or(8, |context| context.pointer_bytes);
        match (&self.bug_check, self.kind) {
            (Some(bug), _) => writeln!(f, "{} ({:x})", bug.name, bug.code.0)?,
            (None, Kind::Hang) => writeln!(f, "HANG")?,
            (None, Kind::DriverFailure) => writeln!(f, "DRIVER PANIC")?,
            (None, _) => writeln!(f, "UNSUPPORTED")?,
        }
        write_wrapped(f, &self.description)?;
        if let Some(bug) = &self.bug_check {
            writeln!(f, "Arguments:")?;
            for (number, parameter) in (1..).zip(&bug.parameters) {
                let value = Digits(parameter.value.0, bytes);
                writeln!(f, "Arg{number}: {value}, {}", parameter.meaning)?;
            }
        }
        writeln!(f, "\nWHAT_HAPPENED:")?;
        write_wrapped(f, &self.what_happened)?;
        self.write_keys(f)?;
        if let Some(context) = &self.context {
            write_context(f, context, bytes)?;
        }
        write_lines(f, "DEVICES: what each tells of its state", &self.devices)?;
        write_lines(f, "QUEUES: what waits in the kernel", &self.queues)?;
        if !self.events.is_empty() {
            writeln!(f, "\nLAST_EVENTS: the last {} of the trace", self.events.len())?;
            for event in &self.events {
                writeln!(f, "{event}")?;
            }
        }
        if !self.notes.is_empty() {
            writeln!(f, "\nNOTES:")?;
            for note in &self.notes {
                write_wrapped(f, note)?;
            }
        }
        writeln!(f, "\nFAILURE_BUCKET_ID:  {}", self.failure_bucket_id)?;
        writeln!(f, "FAILURE_ID_HASH:  {:016x}", self.failure_id_hash.0)?;
        writeln!(f, "\nFollowup: {}", self.module)
    }
}

impl Analysis {
    fn write_keys(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ms, rest) = (self.time_ns / 1_000_000, self.time_ns % 1_000_000);
        writeln!(f, "\nMODULE_NAME:  {}", self.module)?;
        if let Some(location) = &self.location {
            writeln!(f, "FAULTING_IP:  {location}")?;
        }
        writeln!(f, "CURRENT_IRQL:  {} ({})", self.irql.level, self.irql.name)?;
        writeln!(f, "RUNNING:  {}", self.running)?;
        writeln!(f, "SYSTEM_UPTIME:  {ms}.{rest:06} ms, simulated")
    }
}

fn write_banner(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let stars = "*".repeat(COLUMNS);
    let inner = COLUMNS - 2;
    writeln!(
        f,
        "{stars}\n*{:inner$}*\n*{:^inner$}*\n*{:inner$}*\n{stars}\n",
        "", "Bugcheck Analysis", ""
    )
}

fn write_context(f: &mut fmt::Formatter<'_>, context: &GuestContext, bytes: u64) -> fmt::Result {
    writeln!(f, "\nCONTEXT:")?;
    let columns = if bytes == 8 { 3 } else { 4 };
    for line in context.registers.chunks(columns) {
        let shown = line
            .iter()
            .map(|register| format!("{:>3}={}", register.name, Digits(register.value.0, bytes)));
        writeln!(f, "{}", shown.collect::<Vec<_>>().join(" "))?;
    }
    if !context.disassembly.is_empty() {
        writeln!(f, "\nDISASSEMBLY:")?;
        for line in &context.disassembly {
            let mark = if line.is_current { '>' } else { ' ' };
            let address = Digits(line.address.0, bytes);
            writeln!(f, "{mark}{address} {}", line.text)?;
        }
    }
    writeln!(f, "\nSTACK_TEXT: return addresses that were found on the stack")?;
    for line in &context.stack {
        let stack_address = Digits(line.stack_address.0, bytes);
        let address = Digits(line.address.0, bytes);
        match (&line.symbol, line.offset) {
            (Some(symbol), Some(offset)) if symbol.function.is_some() => {
                let module = &symbol.module;
                writeln!(f, "{stack_address} {address} {module}+{:X} {}", offset.0, line.place)?;
            }
            _ => writeln!(f, "{stack_address} {address} {}", line.place)?,
        }
    }
    Ok(())
}

/// Writes a title and the lines of a part of the report. Without lines, writes nothing.
fn write_lines(f: &mut fmt::Formatter<'_>, title: &str, lines: &[String]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    lines.iter().try_for_each(|line| writeln!(f, "{line}"))
}

/// Writes words in lines of limited length.
fn write_wrapped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut column = 0;
    for word in text.split_whitespace() {
        if column > 0 && column + 1 + word.len() > COLUMNS {
            writeln!(f)?;
            column = 0;
        }
        if column > 0 {
            write!(f, " ")?;
            column += 1;
        }
        write!(f, "{word}")?;
        column += word.len();
    }
    writeln!(f)
}

/// A number with all digits of a pointer of the given size in bytes. A larger number has more
/// digits.
struct Digits(u64, u64);

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.1 as usize * 2;
        write!(f, "{:0width$x}", self.0)
    }
}
