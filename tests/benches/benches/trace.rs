//! Recording: one event, one access that folds, one that does not.

use criterion::{Criterion, criterion_group, criterion_main};
use portcls_emulator::trace::{
    AccessEvent, Argument, Direction, Event, Layer, Level, NameId, Trace, TraceConfig,
};

fn poll(value: u32) -> AccessEvent {
    AccessEvent {
        direction: Direction::Read,
        port: 0x331,
        width: 1,
        value,
        note: NameId::NONE,
        count: 1,
        pitch_ns: 0,
    }
}

/// Events for one recorder before it is made anew, so that the benchmark stays in memory.
const EVENTS: u64 = 100_000;

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
        trace.record_access(index * 1_000, Level::Dispatch, who, poll(index as u32 & 1));
    });
    recording(c, "fold a poll", |trace, who, index| {
        trace.record_access(index * 1_000, Level::Dispatch, who, poll(0xFF));
    });
}

criterion_group!(benches, trace);
criterion_main!(benches);
