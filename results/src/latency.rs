//! The latencies of runs, for programs.

use portcls_machine::report::latency::{Breach, Budget, Latency, Span};
use serde::Serialize;

/// The version of the JSON.
const VERSION: u32 = 1;

/// The latencies of some runs, for programs.
#[derive(Serialize)]
pub struct Latencies {
    version: u32,
    runs: Vec<RunFacts>,
}

#[derive(Serialize)]
struct RunFacts {
    /// The name of the trace or of the card.
    name: String,
    /// Why there are no latencies.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The budgets that are broken.
    breaches: Vec<Breach>,
    /// The spans that have a budget but no time in the trace.
    unmeasured: Vec<Span>,
    #[serde(flatten)]
    latency: Option<Latency>,
}

/// The name of a trace or of a card, with the latencies or the reason why there are none.
pub type Measured = (String, Result<Latency, String>);

impl Latencies {
    /// Puts the facts of some runs together, with the budgets that they break.
    #[must_use]
    pub fn new(runs: Vec<Measured>, budgets: &[Budget]) -> Latencies {
        let runs = runs.into_iter().map(|(name, run)| match run {
            Ok(latency) => RunFacts {
                name,
                reason: None,
                breaches: latency.breaches(budgets),
                unmeasured: latency.unmeasured(budgets),
                latency: Some(latency),
            },
            Err(reason) => RunFacts {
                name,
                reason: Some(reason),
                breaches: Vec::new(),
                unmeasured: Vec::new(),
                latency: None,
            },
        });
        Latencies { version: VERSION, runs: runs.collect() }
    }
}
