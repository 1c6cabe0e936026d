//! The interpreter: code, a port read, an import call, a step, a snapshot.

use std::hint::black_box;

use cpu_x86::{Cpu, Mode, Register, Rights, Stop};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const CODE: u64 = 0x1000;
const DATA: u64 = 0x10000;
const STACK_TOP: u64 = 0x20000;

/// add rax, rcx; mov rdx, rax; mov [rbx+8], edx; mov esi, [rbx+8]; add ecx, 1;
/// cmp ecx, 7FFFFFFFh; jne to the start; jmp to the start.
const MIXED: &[u8] = &[
    0x48, 0x01, 0xC8, 0x48, 0x89, 0xC2, 0x89, 0x53, 0x08, 0x8B, 0x73, 0x08, 0x83, 0xC1, 0x01, 0x81,
    0xF9, 0xFF, 0xFF, 0xFF, 0x7F, 0x75, 0xE9, 0xEB, 0xE7,
];

/// call to the inc; jmp to the start; inc dword [rbx]; push rbx; sub rsp, 32; add rsp, 32; pop rbx;
/// ret.
const CALLS: &[u8] = &[
    0xE8, 0x02, 0, 0, 0, 0xEB, 0xF9, 0xFF, 0x03, 0x53, 0x48, 0x83, 0xEC, 0x20, 0x48, 0x83, 0xC4,
    0x20, 0x5B, 0xC3,
];

fn cpu(code: &[u8]) -> Cpu {
    let mut cpu = Cpu::new(Mode::Bits64);
    let memory = cpu.memory_mut();
    memory.map(CODE, 0x1000, Rights::READ | Rights::EXECUTE).unwrap();
    memory.map(DATA, STACK_TOP - DATA, Rights::READ | Rights::WRITE).unwrap();
    memory.poke(CODE, code).unwrap();
    cpu.set_rip(CODE);
    cpu.set_register(Register::Rsp, STACK_TOP);
    cpu.set_register(Register::Rbx, DATA);
    cpu
}

fn plain_code(c: &mut Criterion) {
    const INSTRUCTIONS: u64 = 1_000_000;
    let mut group = c.benchmark_group("guest instructions");
    group.throughput(Throughput::Elements(INSTRUCTIONS));
    for (name, code) in [("mixed loop", MIXED), ("calls", CALLS)] {
        let mut cpu = cpu(code);
        group.bench_function(name, |b| {
            b.iter(|| assert_eq!(cpu.run(black_box(INSTRUCTIONS)), Stop::Budget));
        });
    }
    group.finish();
}

fn stops(c: &mut Criterion) {
    // in al, dx; jmp to the start
    let mut reading = cpu(&[0xEC, 0xEB, 0xFD]);
    c.bench_function("port read", |b| {
        b.iter(|| {
            let Stop::PortRead(read) = reading.run(1000) else { panic!("a port read") };
            reading.finish_port_read(&read, 0x80).unwrap();
        });
    });
    // call 5000h; jmp to the start
    let mut calling = cpu(&[0xE8, 0xFB, 0x3F, 0, 0, 0xEB, 0xF9]);
    calling.add_stop_addresses(0x5000..=0x5FFF);
    c.bench_function("import call", |b| {
        b.iter(|| {
            assert_eq!(calling.run(1000), Stop::Reached { address: 0x5000 });
            let mut target = [0; 8];
            calling.memory().read(STACK_TOP - 8, &mut target).unwrap();
            calling.set_register(Register::Rsp, STACK_TOP);
            calling.set_rip(u64::from_le_bytes(target));
        });
    });
    let mut stepping = cpu(MIXED);
    c.bench_function("single step", |b| b.iter(|| stepping.step()));
}

fn snapshots(c: &mut Criterion) {
    // mov [rbx], rax; jmp to the start. The memory has 1000 more pages, and the code writes to one
    // page between a snapshot and its restore.
    let mut cpu = cpu(&[0x48, 0x89, 0x03, 0xEB, 0xFB]);
    cpu.memory_mut().map(0x100_0000, 1000 << 12, Rights::READ | Rights::WRITE).unwrap();
    for page in 0..1000 {
        cpu.memory_mut().poke(0x100_0000 + (page << 12), &[1]).unwrap();
    }
    c.bench_function("snapshot, write a page, go back", |b| {
        b.iter(|| {
            cpu.run(4);
            let snapshot = cpu.snapshot();
            cpu.run(4);
            cpu.restore(&snapshot);
        });
    });
}

criterion_group!(benches, plain_code, stops, snapshots);
criterion_main!(benches);
