//! The causal diff of two long traces: a million events each.
//!
//! Criterion shows the time of one diff, and the events of both traces in a second.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use portcls_machine::emulator::trace::{
    AccessEvent, Argument, Direction, Event, Layer, Level, SerialEdge, SerialSource, Trace,
    TraceConfig, TraceLog,
};
use portcls_machine::emulator::{NtStatus, trace::DpcChange};
use portcls_machine::report::diff::{DiffOptions, diff};

/// Events of one trace.
const EVENTS: usize = 1_000_000;

/// A trace of bytes that come in, each with its interrupt and its DPC. Every `late`th interrupt
/// comes 3 us later; 0 for none.
fn long_trace(late: usize) -> TraceLog {
    let trace = Trace::new(TraceConfig::default());
    let hardware = |name| trace.actor(name, Layer::Hardware);
    let software = |name| trace.actor(name, Layer::Software);
    let (bus, line, wire) = (hardware("bus"), hardware("line"), hardware("wire"));
    let (isr, dpc, kernel) = (software("isr"), software("dpc"), software("kernel"));
    let (signal, group) = (trace.name("irq 9"), trace.name("service group"));
    let (lane, claimed) = (trace.name("in"), trace.name("claimed"));
    let state = trace.name("status: can write, data");
    let read = |port, value, note| AccessEvent {
        direction: Direction::Read,
        port,
        width: 1,
        value,
        note,
        count: 1,
        pitch_ns: 0,
    };
    let data = trace.name("data");
    for number in 0..EVENTS / 11 {
        let begin_ns = number as u64 * 320_000;
        let byte = (number * 37 % 128) as u8;
        let serial = |edge| Event::Serial {
            lane,
            byte,
            edge,
            bit_ns: 32_000,
            source: SerialSource::Outside,
        };
        trace.record(begin_ns, Level::Hardware, wire, serial(SerialEdge::Start));
        trace.record(begin_ns + 320_000, Level::Hardware, wire, serial(SerialEdge::End));
        let is_late = late > 0 && number % late == 0;
        let at_ns = begin_ns + 320_000 + if is_late { 3_000 } else { 0 };
        let on = |level, who, event| trace.record(at_ns, level, who, event);
        on(Level::Hardware, line, Event::Signal { signal, value: 1 });
        let none = Argument::None;
        on(Level::Device, isr, Event::Call { function: signal, argument: none });
        on(Level::Device, bus, Event::Access(read(0x331, 0x3F, state)));
        on(Level::Device, bus, Event::Access(read(0x330, u32::from(byte), data)));
        on(Level::Hardware, line, Event::Signal { signal, value: 0 });
        on(Level::Device, kernel, Event::Dpc { dpc: group, change: DpcChange::Queued });
        let status = NtStatus::SUCCESS;
        let argument = Argument::Word(claimed);
        on(Level::Device, isr, Event::Return { function: signal, status, argument });
        on(Level::Dispatch, dpc, Event::Call { function: group, argument: none });
        on(Level::Dispatch, dpc, Event::Return { function: group, status, argument: none });
    }
    trace.log()
}

fn million_events(criterion: &mut Criterion) {
    let traces = [long_trace(0), long_trace(0), long_trace(7)];
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
