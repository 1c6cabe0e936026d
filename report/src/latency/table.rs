//! The latencies of several runs as a table: one line a run.

use std::fmt::Write as _;

use super::text::us;
use super::{Budget, Latency, Span};

/// The spans of the table. Each column has the longest time of a span.
const COLUMNS: [(Span, &str); 7] = [
    (Span::Isr, "ISR"),
    (Span::Dpc, "DPC"),
    (Span::Line, "line-ISR"),
    (Span::Queue, "queue-DPC"),
    (Span::Read, "in-app"),
    (Span::Poll, "polls"),
    (Span::Late, "late"),
];

/// The latencies of runs as a table. Each run has its name. A run may have, instead of latencies,
/// the reason why it has none. A time that breaks a budget has a star.
#[must_use]
pub fn table(runs: &[(String, Result<Latency, String>)], budgets: &[Budget]) -> String {
    let columns = runs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(4);
    let heads: String = COLUMNS.iter().map(|(_, head)| format!(" {head:>13}")).collect();
    let mut out = format!("{:<columns$}{heads}  polls/byte\n", "max us");
    for (name, run) in runs {
        // Writing to a String cannot fail.
        let _ = match run {
            Ok(latency) => {
                let times: String =
                    COLUMNS.iter().map(|(span, _)| cell(latency, *span, budgets)).collect();
                let polls = latency.polls_a_byte().unwrap_or_else(|| "-".to_owned());
                writeln!(out, "{name:<columns$}{times}  {polls:>10}")
            }
            Err(reason) => writeln!(out, "{name:<columns$}  {reason}"),
        };
    }
    out
}

fn cell(latency: &Latency, span: Span, budgets: &[Budget]) -> String {
    let of_span = latency.series.iter().filter(|series| series.span == span);
    let Some(max_ns) = of_span.map(|series| series.max_ns).max() else {
        return format!(" {:>12} ", "-");
    };
    let breaks = |budget: &Budget| budget.span == span && max_ns > budget.limit_ns;
    let star = if budgets.iter().any(breaks) { '*' } else { ' ' };
    format!(" {:>12}{star}", us(max_ns))
}
