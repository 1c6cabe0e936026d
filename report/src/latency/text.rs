//! The latencies as text. The conclusion comes first.

use std::fmt::Write as _;

use super::{Breach, Budget, Latency, Series, Span, Worst};

/// What the times are, for a reader who compares them with a real computer.
const SIMULATED: &str = "simulated time: port accesses and the instructions of a driver take time, \
                         caches and other drivers do not exist";

/// For each longest time the text tells at most this number of causes. JSON has all causes.
const MOST_CAUSES: usize = 4;

/// The most columns of a name.
const NAME_COLUMNS: usize = 22;

impl Latency {
    /// The latencies as text, with what `budgets` say of them.
    #[must_use]
    pub fn text(&self, budgets: &[Budget]) -> String {
        let mut out = String::new();
        let breaches = self.breaches(budgets);
        let mut line = |key: &str, words: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{}", format!("{key:<11}{words}").trim_end());
        };
        line("conclusion", &self.conclusion(budgets, &breaches));
        for breach in &breaches {
            line("", &breach_words(breach));
        }
        line("time", SIMULATED);
        line("run", &format!("{} us", us(self.run_ns)));
        line("processor", &self.level_words());
        for lane in &self.lanes {
            let share = permille(lane.busy_ns, self.run_ns);
            line("wire", &format!("{}: {} bytes, busy {share}", lane.lane, lane.bytes));
        }
        if let Some(polls) = self.polls_a_byte() {
            line("driver", &format!("{polls} polls a byte, {} bytes", self.bytes_written));
        }
        out.push('\n');
        self.table(&mut out);
        self.histogram(&mut out);
        self.worst_cases(&mut out, &breaches);
        out
    }

    /// The mean number of polls before a byte, with two decimals; `None` if the driver wrote no
    /// byte.
    pub(super) fn polls_a_byte(&self) -> Option<String> {
        let hundredths = (self.polls * 100).checked_div(self.bytes_written)?;
        Some(format!("{}.{:02}", hundredths / 100, hundredths % 100))
    }

    fn conclusion(&self, budgets: &[Budget], breaches: &[Breach]) -> String {
        if budgets.is_empty() {
            return match self.longest_routine() {
                Some(series) => format!(
                    "the longest routine is {} {}, {} us; no budget is given",
                    series.span.words(),
                    series.name,
                    us(series.max_ns)
                ),
                None => "no service routine and no DPC ran; no budget is given".to_owned(),
            };
        }
        let unmeasured = self.unmeasured(budgets);
        let nothing = |span: &Span| format!("; nothing to measure for {}", span.name());
        let nothing: String = unmeasured.iter().map(nothing).collect();
        let broken = budgets
            .iter()
            .filter(|budget| breaches.iter().any(|breach| breach.span == budget.span))
            .count();
        match (broken, budgets.len()) {
            (0, 1) => format!("the budget is kept{nothing}"),
            (0, count) => format!("all {count} budgets are kept{nothing}"),
            (broken, count) => format!("{broken} of {count} budgets broken{nothing}"),
        }
    }

    fn longest_routine(&self) -> Option<&Series> {
        let routines = self.series.iter().filter(|it| matches!(it.span, Span::Isr | Span::Dpc));
        routines.max_by_key(|series| series.max_ns)
    }

    fn level_words(&self) -> String {
        let words = self.levels.iter().map(|at| {
            format!("{} {} us ({})", at.level, us(at.time_ns), permille(at.time_ns, self.run_ns))
        });
        words.collect::<Vec<_>>().join(", ")
    }

    fn table(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "{:<23}{:<NAME_COLUMNS$} {:>7} {:>12} {:>12} {:>12} {:>14} {:>7}  worst at",
            "times in us", "", "count", "max", "average", "p99", "total", "of run"
        );
        for series in &self.series {
            let is_routine = matches!(series.span, Span::Isr | Span::Dpc);
            let share = match is_routine {
                true => permille(series.total_ns, self.run_ns),
                false => String::new(),
            };
            let _ = writeln!(
                out,
                "{:<23}{:<NAME_COLUMNS$} {:>7} {:>12} {:>12} {:>12} {:>14} {share:>7}  {}",
                series.span.words(),
                cut(&series.name),
                series.count,
                us(series.max_ns),
                us(series.average_ns),
                us(series.p99_ns),
                us(series.total_ns),
                us(series.worst.at_ns),
            );
        }
    }

    fn histogram(&self, out: &mut String) {
        let edges = self.bin_edges_ns.iter().map(|edge_ns| format!("<{}", short(*edge_ns)));
        let last =
            self.bin_edges_ns.last().map_or("all".to_owned(), |edge| format!(">={}", short(*edge)));
        let heads: String = edges.chain([last]).map(|head| format!(" {head:>8}")).collect();
        let _ = writeln!(out, "\n{:<23}{:<NAME_COLUMNS$}{heads}", "how many", "");
        for series in &self.series {
            let bins: String = series.bins.iter().map(|count| format!(" {count:>8}")).collect();
            let (words, name) = (series.span.words(), cut(&series.name));
            let _ = writeln!(out, "{words:<23}{name:<NAME_COLUMNS$}{bins}");
        }
    }

    /// The longest time that the text explains first. `None` if the text explains none.
    #[must_use]
    pub fn worst(&self, budgets: &[Budget]) -> Option<&Worst> {
        self.told(&self.breaches(budgets)).first().map(|series| &series.worst)
    }

    /// The series whose longest time the text explains: all series that break a budget, or else the
    /// longest routine.
    fn told(&self, breaches: &[Breach]) -> Vec<&Series> {
        if breaches.is_empty() {
            return self.longest_routine().into_iter().collect();
        }
        let is_broken = |series: &&Series| {
            breaches.iter().any(|breach| (breach.span, &breach.name) == (series.span, &series.name))
        };
        self.series.iter().filter(is_broken).collect()
    }

    fn worst_cases(&self, out: &mut String, breaches: &[Breach]) {
        for series in self.told(breaches) {
            let worst = &series.worst;
            let place = match worst.mark.is_empty() {
                true => String::new(),
                false => {
                    format!(", at {} us after \"{}\"", us(worst.since_mark_ns), worst.mark)
                }
            };
            let _ = writeln!(
                out,
                "\nworst      {} {}: {} us{place}",
                series.span.words(),
                series.name,
                us(series.max_ns),
            );
            for why in worst.why.iter().take(MOST_CAUSES) {
                let _ = writeln!(out, "           {why}");
            }
        }
    }
}

fn breach_words(breach: &Breach) -> String {
    format!(
        "{} {}: {} us > {} us ({} of {})",
        breach.span.words(),
        breach.name,
        us(breach.max_ns),
        us(breach.limit_ns),
        breach.above,
        breach.count
    )
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(NAME_COLUMNS) {
        None => name.to_owned(),
        Some(_) => name.chars().take(NAME_COLUMNS - 3).chain("...".chars()).collect(),
    }
}

/// A time in us, with three decimals.
pub(super) fn us(ns: u64) -> String {
    format!("{}.{:03}", ns / 1_000, ns % 1_000)
}

/// A time in its largest whole unit.
fn short(ns: u64) -> String {
    match ns {
        _ if ns >= 1_000_000 && ns.is_multiple_of(1_000_000) => format!("{}ms", ns / 1_000_000),
        _ if ns >= 1_000 && ns.is_multiple_of(1_000) => format!("{}us", ns / 1_000),
        _ => format!("{ns}ns"),
    }
}

/// A share of the run in per cent, with one decimal.
fn permille(part_ns: u64, whole_ns: u64) -> String {
    let permille = u128::from(part_ns) * 1_000 / u128::from(whole_ns.max(1));
    format!("{}.{} %", permille / 10, permille % 10)
}
