//! A guest: instructions, port reads, calls, a snapshot, a driver's start.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use portcls_benches::{driver_file, guest_on};
use portcls_machine::emulator::KernelConfig;
use portcls_machine::emulator::trace::{Hold, TraceConfig};
use portcls_machine::guest::Guest;
use portcls_machine::{Driver, GuestOptions, MachineBuilder};

/// How often a loop in the guest runs in one call.
const ROUNDS: u64 = 10_000;

/// Instructions of one round of [`MIXED`].
const MIXED_INSTRUCTIONS: u64 = 7;

/// add rax, rcx; mov rdx, rax; mov [rsp+8], edx; mov r8d, [rsp+8]; test ecx, ecx; dec ecx;
/// jnz to the start; ret.
const MIXED: &[u8] = &[
    0x48, 0x01, 0xC8, 0x48, 0x89, 0xC2, 0x89, 0x54, 0x24, 0x08, 0x44, 0x8B, 0x44, 0x24, 0x08, 0x85,
    0xC9, 0xFF, 0xC9, 0x75, 0xEB, 0xC3,
];

/// How often [`READS`] and [`CALLS`] repeat their work in a round. So the loop itself costs little.
const REPEATS: u64 = 16;

/// in al, dx, 16 times; dec ecx; jnz to the start; ret.
const READS: &[u8] = &[
    0xEC, 0xEC, 0xEC, 0xEC, 0xEC, 0xEC, 0xEC, 0xEC, 0xEC, 0xEC, 0xEC, 0xEC, 0xEC, 0xEC, 0xEC, 0xEC,
    0xFF, 0xC9, 0x75, 0xEC, 0xC3,
];

/// push rsi; push rbx; sub rsp, 28h; mov ebx, ecx; mov rsi, rdx; call rsi, 16 times; dec ebx; jnz
/// to the first call; add rsp, 28h; pop rbx; pop rsi; ret.
const CALLS: &[u8] = &[
    0x56, 0x53, 0x48, 0x83, 0xEC, 0x28, 0x89, 0xCB, 0x48, 0x89, 0xD6, 0xFF, 0xD6, 0xFF, 0xD6, 0xFF,
    0xD6, 0xFF, 0xD6, 0xFF, 0xD6, 0xFF, 0xD6, 0xFF, 0xD6, 0xFF, 0xD6, 0xFF, 0xD6, 0xFF, 0xD6, 0xFF,
    0xD6, 0xFF, 0xD6, 0xFF, 0xD6, 0xFF, 0xD6, 0xFF, 0xD6, 0xFF, 0xD6, 0xFF, 0xCB, 0x75, 0xDC, 0x48,
    0x83, 0xC4, 0x28, 0x5B, 0x5E, 0xC3,
];

fn guest_with(code: &[u8]) -> (Guest, u64) {
    guest_on(KernelConfig::default(), code)
}

fn code(c: &mut Criterion) {
    let mut group = c.benchmark_group("driver");
    let (guest, address) = guest_with(MIXED);
    group.throughput(Throughput::Elements(MIXED_INSTRUCTIONS * ROUNDS));
    group.bench_function("instruction", |b| {
        b.iter(|| guest.call(address, &[black_box(ROUNDS), 0]));
    });
    group.throughput(Throughput::Elements(REPEATS * ROUNDS));
    let (guest, address) = guest_with(READS);
    group.bench_function("IN with the bus", |b| {
        b.iter(|| guest.call(address, &[black_box(ROUNDS), 0x331]));
    });
    let nothing = TraceConfig { hold: Hold::Nothing, ..TraceConfig::default() };
    let silent = KernelConfig { trace: nothing, ..KernelConfig::default() };
    let (guest, address) = guest_on(silent, READS);
    group.bench_function("IN with the bus, unrecorded", |b| {
        b.iter(|| guest.call(address, &[black_box(ROUNDS), 0x331]));
    });
    let (guest, address) = guest_with(CALLS);
    let routine = guest.routine_address("ntoskrnl.exe", "KeGetCurrentIrql").expect("it is there");
    group.bench_function("import call", |b| {
        b.iter(|| guest.call(address, &[black_box(ROUNDS), routine]));
    });
    group.finish();
    let (guest, address) = guest_with(&[0xC3]);
    c.bench_function("call into the driver", |b| b.iter(|| guest.call(address, &[])));
}

fn snapshot(c: &mut Criterion) {
    // mov [rsp+8], rcx; ret
    let (guest, address) = guest_with(&[0x48, 0x89, 0x4C, 0x24, 0x08, 0xC3]);
    let saved = guest.cpu().borrow_mut().snapshot();
    c.bench_function("snapshot, a call that writes a page, rollback", |b| {
        b.iter(|| {
            let mut cpu = guest.cpu().borrow_mut();
            let now = cpu.snapshot();
            drop(cpu);
            guest.call(address, &[1]);
            guest.cpu().borrow_mut().restore(&now);
        });
    });
    guest.cpu().borrow_mut().restore(&saved);
}

fn start(c: &mut Criterion) {
    let driver =
        Driver::from_sys("uart.sys", &driver_file(), GuestOptions::default()).expect("it is good");
    c.bench_function("load and start of a driver", |b| {
        b.iter(|| {
            let builder = MachineBuilder::new().driver(driver.clone());
            let machine = builder.card("smsc-superio").unwrap().build().unwrap();
            machine.start().unwrap();
        });
    });
}

criterion_group!(benches, code, snapshot, start);
criterion_main!(benches);
