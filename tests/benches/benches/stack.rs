//! The whole stack with the full trace recorded, from driver load to unload.
//!
//! An element is one simulated nanosecond: N Gelem/s is N times real time.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hw_mpu401::cards;
use portcls_machine::midi_file::{Song, default_tune};
use portcls_machine::{Machine, MachineBuilder, capture, play};

/// Messages of three bytes at the speed of the wire, for 10 s.
fn wire_rate() -> Song {
    let mut song = Song::new();
    for index in 0..10_416 {
        song.push(index * 960_000, &[0x90, 36 + (index % 60) as u8, (index % 100) as u8]);
    }
    song
}

/// The messages of `wire_rate`, all due at once: the driver polls a full card all the time.
fn flood() -> Song {
    let mut song = Song::new();
    for message in &wire_rate() {
        song.push(0, message.bytes);
    }
    song
}

fn machine(card: &str) -> Machine {
    MachineBuilder::new().card(card).and_then(MachineBuilder::build).expect("a machine")
}

fn run(c: &mut Criterion, name: &str, song: &Song, job: impl Fn(&Machine, &Song) -> u64) {
    let mut group = c.benchmark_group(name);
    group.sample_size(20);
    for card in cards() {
        let simulated_ns = job(&machine(&card.name), song);
        group.throughput(Throughput::Elements(simulated_ns));
        group.bench_function(BenchmarkId::from_parameter(&card.name), |b| {
            let setup = || machine(&card.name);
            b.iter_batched(
                setup,
                |machine| (job(&machine, song), machine),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn play_job(machine: &Machine, song: &Song) -> u64 {
    let report = play(machine, song).expect("the driver starts");
    assert!(report.is_complete() && report.job.stop.is_none());
    report.job.simulated_ns
}

fn capture_job(machine: &Machine, song: &Song) -> u64 {
    let report = capture(machine, song).expect("the driver starts");
    assert!(report.is_complete() && report.job.stop.is_none());
    report.job.simulated_ns
}

fn stack(c: &mut Criterion) {
    run(c, "play at wire rate", &wire_rate(), play_job);
    run(c, "play a flood", &flood(), play_job);
    run(c, "capture at wire rate", &wire_rate(), capture_job);
    run(c, "play the default tune", &default_tune(), play_job);
}

criterion_group!(benches, stack);
criterion_main!(benches);
