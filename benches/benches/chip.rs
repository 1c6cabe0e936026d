//! The chip alone: a status poll, and a byte from its poll to the end of its time on the wire.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hw_mpu401::{BYTE_TIME_NS, InitialState, Mpu401, Register, cards};

fn status_poll(c: &mut Criterion) {
    let mut group = c.benchmark_group("status poll");
    for card in cards() {
        group.bench_function(BenchmarkId::from_parameter(&card.name), |b| {
            let mut chip = Mpu401::new(card, InitialState::Uart { stale: 0xFE });
            let mut now_ns = 0;
            b.iter(|| {
                now_ns += 1_000;
                black_box(chip.read(Register::Command, now_ns))
            });
        });
    }
    group.finish();
}

fn byte_out(c: &mut Criterion) {
    let mut group = c.benchmark_group("byte out: poll, write, 320 us of wire");
    group.throughput(Throughput::Elements(1));
    for card in cards() {
        group.bench_function(BenchmarkId::from_parameter(&card.name), |b| {
            let mut chip = Mpu401::new(card, InitialState::Uart { stale: 0xFE });
            let mut now_ns = 0;
            b.iter(|| {
                black_box(chip.read(Register::Command, now_ns + 1_000));
                chip.write(Register::Data, 0x55, now_ns + 2_000);
                // A card that is busy until the stop bit ends needs a little more than a byte.
                now_ns += BYTE_TIME_NS + 40_000;
                chip.advance(now_ns);
                while let Some(event) = chip.pop_wire() {
                    black_box(event);
                }
            });
            assert_eq!(chip.counters().overwritten + chip.counters().ignored, 0);
        });
    }
    group.finish();
}

criterion_group!(chip, status_poll, byte_out);
criterion_main!(chip);
