//! Recording: one event, accesses that fold or not, and a whole run.
//!
//! The run is recorded with and without the events that are there for the causes: queues, timers
//! and waits.

use criterion::{Criterion, criterion_group, criterion_main};
use portcls_benches::{EVENTS, read_of};
use portcls_emulator::trace::{
    Argument, Event, Layer, Level, NameId, TimedEvent, Trace, TraceConfig, TraceLog,
};
use portcls_machine::midi_file::default_tune;
use portcls_machine::{MachineBuilder, capture};

fn recording(c: &mut Criterion, name: &str, mut record: impl FnMut(&Trace, NameId, u64)) {
    c.bench_function(name, |b| {
        b.iter_custom(|iterations| {
            let mut left = iterations;
            let mut elapsed = std::time::Duration::ZERO;
            while left > 0 {
                let events = left.min(EVENTS);
                let trace = Trace::new(TraceConfig::default());
                let who = trace.actor("bus", Layer::Hardware);
                let begin = std::time::Instant::now();
                for index in 0..events {
                    record(&trace, who, index);
                }
                elapsed += begin.elapsed();
                left -= events;
            }
            elapsed
        });
    });
}

fn trace(c: &mut Criterion) {
    recording(c, "record a call", |trace, who, index| {
        let event = Event::Call { function: NameId(3), argument: Argument::Count(3, NameId(4)) };
        trace.record(index * 100, Level::Dispatch, who, event);
    });
    recording(c, "record an access", |trace, who, index| {
        trace.record_access(index * 1_000, Level::Dispatch, who, read_of(index as u32 & 1));
    });
    recording(c, "fold a poll", |trace, who, index| {
        trace.record_access(index * 1_000, Level::Dispatch, who, read_of(0xFF));
    });
}

/// The events of a song that comes in.
fn captured() -> TraceLog {
    let machine = MachineBuilder::new().build().expect("the machine can be built");
    capture(&machine, &default_tune()).expect("the tune is captured");
    machine.trace_log()
}

fn a_run(c: &mut Criterion) {
    let all = captured();
    for (name, log) in
        [("record a run", &all), ("record a run without queues", &all.without_cause_facts())]
    {
        let events: Vec<TimedEvent> = log.events().collect();
        c.bench_function(name, |b| {
            b.iter_custom(|iterations| {
                let mut elapsed = std::time::Duration::ZERO;
                for _ in 0..iterations {
                    let trace = Trace::new(TraceConfig::default());
                    let begin = std::time::Instant::now();
                    for event in &events {
                        trace.record(event.time_ns, event.level, event.who, event.event);
                    }
                    elapsed += begin.elapsed();
                }
                elapsed
            });
        });
    }
}

criterion_group!(benches, trace, a_run);
criterion_main!(benches);
