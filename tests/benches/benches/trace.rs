//! Recording: an event, an access that folds, an access that does not fold.

use criterion::{Criterion, criterion_group, criterion_main};
use portcls_benches::{EVENTS, read_of};
use portcls_emulator::trace::{Argument, Event, Layer, Level, NameId, Trace, TraceConfig};

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

criterion_group!(benches, trace);
criterion_main!(benches);
