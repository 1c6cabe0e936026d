//! Budgets: the longest times that a trace may have.

use serde::Serialize;

use super::{Latency, Span};

/// The longest time that a span may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// What is measured.
    pub span: Span,
    /// The longest time in ns.
    pub limit_ns: u64,
}

/// A budget that a series breaks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Breach {
    /// What was measured.
    pub span: Span,
    /// The routine, line or lane; `app` for [`Span::Read`].
    pub name: String,
    /// The longest time, in ns.
    pub max_ns: u64,
    /// The budget, in ns: the smallest one of several.
    pub limit_ns: u64,
    /// How many times are longer than the budget.
    pub above: u64,
    /// How many times were measured.
    pub count: u64,
}

impl Latency {
    /// The series that break a budget, in the order of the report.
    #[must_use]
    pub fn breaches(&self, budgets: &[Budget]) -> Vec<Breach> {
        let breach = |series: &super::Series| {
            let limits = budgets.iter().filter(|budget| budget.span == series.span);
            let limit_ns = limits.map(|budget| budget.limit_ns).min()?;
            (series.max_ns > limit_ns).then(|| Breach {
                span: series.span,
                name: series.name.clone(),
                max_ns: series.max_ns,
                limit_ns,
                above: series.above(limit_ns),
                count: series.count,
            })
        };
        self.series.iter().filter_map(breach).collect()
    }

    /// The spans that have a budget, but no measured time in the trace.
    #[must_use]
    pub fn unmeasured(&self, budgets: &[Budget]) -> Vec<Span> {
        let is_measured = |span: Span| self.series.iter().any(|series| series.span == span);
        budgets.iter().map(|budget| budget.span).filter(|span| !is_measured(*span)).collect()
    }
}
