//! The causal diff of two long traces: a million events each.
//!
//! Criterion shows the time of one diff, and how many events of both traces are compared per
//! second.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use portcls_benches::long_trace;
use portcls_machine::report::diff::{DiffOptions, diff};

/// Events of one trace.
const EVENTS: usize = 1_000_000;

fn million_events(criterion: &mut Criterion) {
    let traces = [0, 0, 7].map(|late| long_trace(EVENTS, late));
    let mut group = criterion.benchmark_group("diff");
    group.sample_size(10);
    group.throughput(Throughput::Elements(2 * EVENTS as u64));
    group.bench_function("equal", |bencher| {
        bencher.iter(|| diff(&traces[0], &traces[1], DiffOptions::default()).findings.len());
    });
    group.bench_function("every_7th_interrupt_later", |bencher| {
        bencher.iter(|| diff(&traces[0], &traces[2], DiffOptions::default()).findings.len());
    });
    group.finish();
}

criterion_group!(benches, million_events);
criterion_main!(benches);
