//! Measures how often service routines and DPCs run in a trace, and how long.

use portcls_emulator::trace::{Event, NameId, TraceLog};

/// A kind of routine, by the actor of its events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Isr,
    Dpc,
}

impl Kind {
    fn actor(self) -> &'static str {
        match self {
            Kind::Isr => "isr",
            Kind::Dpc => "dpc",
        }
    }
}

/// One run of a routine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct RoutineRun {
    pub kind: Kind,
    pub name: String,
    pub begin_ns: u64,
    /// Time of the run in ns, without the service routines and DPCs that interrupted it. `None`
    /// when the trace ends before the run ends.
    pub own_ns: Option<u64>,
}

/// A run that has not ended.
struct Open {
    index: usize,
    name: NameId,
    kind: Kind,
    /// Time that interrupting routines took from this run, in ns.
    stolen_ns: u64,
}

/// All runs of service routines and DPCs, in the order in which they began. `from` is the number of
/// the first event to look at, from 0.
pub(super) fn runs(log: &TraceLog, from: usize) -> Vec<RoutineRun> {
    let mut runs: Vec<RoutineRun> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for event in log.events().skip(from) {
        let actor = log.name(event.who);
        let Some(kind) = [Kind::Isr, Kind::Dpc].into_iter().find(|kind| kind.actor() == actor)
        else {
            continue;
        };
        match event.event {
            Event::Call { function, .. } => {
                let name = log.name(function).to_owned();
                open.push(Open { index: runs.len(), name: function, kind, stolen_ns: 0 });
                runs.push(RoutineRun { kind, name, begin_ns: event.time_ns, own_ns: None });
            }
            Event::Return { function, .. } => {
                let is_its = |open: &&Open| open.name == function && open.kind == kind;
                let Some(ended) = open.last().filter(is_its) else { continue };
                let run = &mut runs[ended.index];
                let whole_ns = event.time_ns - run.begin_ns;
                run.own_ns = Some(whole_ns.saturating_sub(ended.stolen_ns));
                open.pop();
                if let Some(outer) = open.last_mut() {
                    outer.stolen_ns += whole_ns;
                }
            }
            _ => {}
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use portcls_report::text::parse;

    use super::*;

    #[test]
    fn a_service_routine_that_interrupts_a_dpc_does_not_count_for_it() {
        let text = "\
# portcls-emu trace 2
# machine  test
== 0.000 a song
    1.000   D  dpc       call sequencer
    4.000    I isr       call irq 9
    7.000    I isr       return irq 9, claimed
   11.000   D  dpc       return sequencer
   12.000   D  dpc       call sequencer
";
        let (_, log) = parse(text).unwrap();
        let found: Vec<_> =
            runs(&log, 0).into_iter().map(|run| (run.kind, run.name, run.own_ns)).collect();
        assert_eq!(
            found,
            [
                (Kind::Dpc, "sequencer".to_owned(), Some(7_000)),
                (Kind::Isr, "irq 9".to_owned(), Some(3_000)),
                (Kind::Dpc, "sequencer".to_owned(), None),
            ]
        );
        assert_eq!(runs(&log, 5).len(), 1);
    }
}
