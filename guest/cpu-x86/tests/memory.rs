//! Pages: rights, guard pages, wrong mappings, snapshots, code that changes.

use cpu_x86::{
    Access, Cpu, Fault, FaultKind, MapError, Mode, PAGE_BYTES, PAGE_LIMIT, Register, Rights, Stop,
};
use proptest::prelude::*;

const PAGE: u64 = PAGE_BYTES as u64;
const CODE: u64 = 0x10000;
const DATA: u64 = 0x20000;
const ALL: Rights = Rights::READ.union(Rights::WRITE).union(Rights::EXECUTE);

/// A processor with code in a writable page, and with a data page.
fn cpu(code: &[u8]) -> Cpu {
    let mut cpu = Cpu::new(Mode::Bits64);
    cpu.memory_mut().map(CODE, PAGE, ALL).unwrap();
    cpu.memory_mut().map(DATA, PAGE, Rights::READ | Rights::WRITE).unwrap();
    cpu.memory_mut().poke(CODE, code).unwrap();
    cpu.set_rip(CODE);
    cpu.set_register(Register::Rdi, DATA);
    cpu
}

fn byte(cpu: &Cpu, address: u64) -> u8 {
    let mut byte = [0];
    cpu.memory().peek(address, &mut byte).unwrap();
    byte[0]
}

fn fault(address: u64, access: Access, kind: FaultKind) -> Stop {
    Stop::Fault(Fault { address, access, kind })
}

#[test]
fn each_right_is_needed_for_its_access() {
    // Three pieces of code, each with hlt after it: mov al, [rdi], and mov [rdi], al, and inc byte
    // [rdi].
    let read = [0x8A, 0x07, 0xF4];
    let write = [0x88, 0x07, 0xF4];
    let both = [0xFE, 0x07, 0xF4];
    for (code, access, allowed) in [
        (read, Access::Read, Rights::READ),
        (write, Access::Write, Rights::WRITE),
        (both, Access::Write, Rights::WRITE | Rights::READ),
    ] {
        let mut cpu = cpu(&code);
        cpu.memory_mut().protect(DATA, PAGE, allowed).unwrap();
        assert_eq!(cpu.run(10), Stop::Halt);
        // The first run has left a translation in the cache. The change of the rights must still
        // have its effect at once.
        cpu.memory_mut().protect(DATA, PAGE, Rights::EXECUTE).unwrap();
        cpu.set_rip(CODE);
        assert_eq!(cpu.run(10), fault(DATA, access, FaultKind::Rights));
    }
}

#[test]
fn code_needs_the_right_to_be_executed() {
    let mut cpu = cpu(&[0xEB, 0xFE]);
    assert_eq!(cpu.run(10), Stop::Budget);
    cpu.memory_mut().protect(CODE, PAGE, Rights::READ | Rights::WRITE).unwrap();
    assert_eq!(cpu.run(10), fault(CODE, Access::Execute, FaultKind::Rights));
}

#[test]
fn an_instruction_that_runs_out_of_its_page_faults_behind_it() {
    let mut cpu = cpu(&[]);
    // The first two bytes of mov eax, imm32.
    cpu.memory_mut().poke(CODE + PAGE - 2, &[0xB8, 0x01]).unwrap();
    cpu.set_rip(CODE + PAGE - 2);
    let missing = fault(CODE + PAGE, Access::Execute, FaultKind::NotMapped);
    assert_eq!(cpu.run(10), missing);
    assert_eq!(cpu.rip(), CODE + PAGE - 2);
    cpu.memory_mut().map(CODE + PAGE, PAGE, ALL).unwrap();
    cpu.memory_mut().poke(CODE + PAGE, &[0, 0, 0, 0xF4]).unwrap();
    assert_eq!(cpu.run(10), Stop::Halt);
    assert_eq!(cpu.register(Register::Rax), 1);
}

#[test]
fn a_guard_page_faults_by_its_own_name() {
    let mut cpu = cpu(&[0xF3, 0xAA]);
    cpu.memory_mut().map(DATA + PAGE, PAGE, ALL | Rights::GUARD).unwrap();
    cpu.set_register(Register::Rdi, DATA + PAGE - 3);
    cpu.set_register(Register::Rcx, 10);
    assert_eq!(cpu.run(100), fault(DATA + PAGE, Access::Write, FaultKind::Guard));
    assert_eq!(cpu.register(Register::Rcx), 7);
}

#[test]
fn an_access_over_two_pages_needs_both_and_works_with_both() {
    // mov [rdi], rax; mov rbx, [rdi]; hlt
    let mut cpu = cpu(&[0x48, 0x89, 0x07, 0x48, 0x8B, 0x1F, 0xF4]);
    cpu.memory_mut().map(DATA + PAGE, PAGE, Rights::READ | Rights::WRITE).unwrap();
    cpu.set_register(Register::Rdi, DATA + PAGE - 3);
    cpu.set_register(Register::Rax, 0x1122_3344_5566_7788);
    assert_eq!(cpu.run(10), Stop::Halt);
    assert_eq!(cpu.register(Register::Rbx), 0x1122_3344_5566_7788);
    assert_eq!((byte(&cpu, DATA + PAGE - 1), byte(&cpu, DATA + PAGE)), (0x66, 0x55));
}

#[test]
fn code_that_rewrites_the_next_instruction_executes_what_it_wrote() {
    // mov byte [rip], 0F4h; jmp to itself. The first instruction turns the jump into hlt.
    let mut cpu = cpu(&[0xC6, 0x05, 0, 0, 0, 0, 0xF4, 0xEB, 0xFE]);
    assert_eq!(cpu.run(100), Stop::Halt);
    assert_eq!(cpu.instruction_count(), 2);
}

#[test]
fn data_beside_code_may_be_written_without_harm() {
    // inc dword [rip + 10h]; dec ecx; jnz to the start; hlt
    let mut cpu = cpu(&[0xFF, 0x05, 0x10, 0, 0, 0, 0xFF, 0xC9, 0x75, 0xF6, 0xF4]);
    cpu.set_register(Register::Rcx, 1000);
    assert_eq!(cpu.run(10_000), Stop::Halt);
    let mut count = [0; 4];
    cpu.memory().peek(CODE + 0x16, &mut count).unwrap();
    assert_eq!(u32::from_le_bytes(count), 1000);
}

#[test]
fn a_snapshot_brings_back_memory_registers_and_rights() {
    // inc byte [rdi]; jmp to the start
    let mut cpu = cpu(&[0xFE, 0x07, 0xEB, 0xFC]);
    cpu.run(20);
    let ten = cpu.snapshot();
    cpu.run(20);
    let twenty = cpu.snapshot();
    cpu.memory_mut().unmap(DATA, PAGE).unwrap();
    cpu.memory_mut().map(0x90000, PAGE, ALL).unwrap();
    assert_eq!(cpu.run(20), fault(DATA, Access::Write, FaultKind::NotMapped));
    cpu.restore(&ten);
    assert_eq!(byte(&cpu, DATA), 10);
    assert_eq!(cpu.memory().rights(0x90000), None);
    assert_eq!(cpu.run(2), Stop::Budget);
    assert_eq!(byte(&cpu, DATA), 11);
    cpu.restore(&twenty);
    assert_eq!(byte(&cpu, DATA), 20);
    cpu.restore(&ten);
    assert_eq!(byte(&cpu, DATA), 10);
}

#[test]
fn a_snapshot_brings_back_code_that_was_rewritten() {
    let mut cpu = cpu(&[0xFF, 0xC0, 0xEB, 0xFC]);
    cpu.run(10);
    let before = cpu.snapshot();
    cpu.memory_mut().poke(CODE, &[0xF4]).unwrap();
    assert_eq!(cpu.run(10), Stop::Halt);
    cpu.restore(&before);
    assert_eq!(cpu.run(10), Stop::Budget);
    assert_eq!(cpu.register(Register::Rax), 10);
}

#[test]
fn another_processor_can_start_from_a_snapshot_on_another_thread() {
    // inc byte [rdi]; jmp to the start
    let mut first = cpu(&[0xFE, 0x07, 0xEB, 0xFC]);
    first.run(20);
    let ten = first.snapshot();
    let there = std::thread::spawn(move || {
        let mut second = Cpu::new(Mode::Bits64);
        second.memory_mut().map(DATA, PAGE, ALL).unwrap();
        second.memory_mut().poke(DATA, &[99]).unwrap();
        second.restore(&ten);
        second.run(20);
        byte(&second, DATA)
    });
    first.run(2);
    assert_eq!((there.join().unwrap(), byte(&first, DATA)), (20, 11));
}

#[test]
fn a_page_that_is_mapped_again_is_zero() {
    let mut cpu = cpu(&[]);
    cpu.memory_mut().poke(DATA, &[7]).unwrap();
    let full = cpu.snapshot();
    cpu.memory_mut().unmap(DATA, PAGE).unwrap();
    cpu.memory_mut().map(DATA, PAGE, ALL).unwrap();
    assert_eq!(byte(&cpu, DATA), 0);
    let empty = cpu.snapshot();
    cpu.restore(&full);
    assert_eq!(byte(&cpu, DATA), 7);
    cpu.restore(&empty);
    assert_eq!(byte(&cpu, DATA), 0);
}

#[test]
fn wrong_mappings_are_refused_with_the_reason() {
    let mut cpu = cpu(&[]);
    let memory = cpu.memory_mut();
    let unaligned = MapError::Unaligned { address: 0x123, length: PAGE };
    assert_eq!(memory.map(0x123, PAGE, ALL), Err(unaligned));
    assert_eq!(memory.map(DATA, PAGE, ALL), Err(MapError::Overlap { address: DATA }));
    let missing = Err(MapError::NotMapped { address: DATA + PAGE });
    assert_eq!(memory.protect(DATA, 2 * PAGE, ALL), missing);
    assert_eq!(memory.unmap(DATA, 2 * PAGE), missing);
    assert_eq!(memory.map(1 << 32, (PAGE_LIMIT as u64) * PAGE, ALL), Err(MapError::Full));
    let last = u64::MAX - PAGE + 1;
    assert_eq!(memory.map(last, PAGE, ALL), Ok(()));
    let wraps = MapError::Unaligned { address: last, length: 2 * PAGE };
    assert_eq!(memory.map(last, 2 * PAGE, ALL), Err(wraps));
    assert_eq!(memory.page_count(), 3);
}

/// What may happen to memory in the test.
#[derive(Debug, Clone)]
enum Event {
    /// The host writes.
    Write(u64, u8),
    /// The guest writes.
    Store(u64, u8),
    Map(u64),
    Unmap(u64),
    Protect(u64, Rights),
    Save,
    Restore(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let page = || 0..PAGES;
    let place = || (0..PAGES * PAGE, any::<u8>());
    prop_oneof![
        4 => place().prop_map(|(at, value)| Event::Write(at, value)),
        4 => place().prop_map(|(at, value)| Event::Store(at, value)),
        2 => page().prop_map(Event::Map),
        1 => page().prop_map(Event::Unmap),
        1 => (page(), 0u8..8).prop_map(|(page, bits)| {
            Event::Protect(page, Rights::from_bits_truncate(bits))
        }),
        2 => Just(Event::Save),
        2 => any::<usize>().prop_map(Event::Restore),
    ]
}

/// How many pages the events use.
const PAGES: u64 = 6;

/// The model of memory: plain copies.
type Model = Vec<Option<(Vec<u8>, Rights)>>;

/// Writes a byte in the model, if the page is writable. Returns whether it is.
fn write(model: &mut Model, at: u64, value: u8) -> bool {
    match &mut model[(at / PAGE) as usize] {
        Some((bytes, rights)) if rights.contains(Rights::WRITE) => {
            bytes[(at % PAGE) as usize] = value;
            true
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The model copies everything. The memory shares pages, and caches which accesses it has
    /// allowed. Both must give the same results.
    #[test]
    fn any_history_equals_plain_copies(
        events in proptest::collection::vec(event(), 1..60)
    ) {
        // mov [rdi], al
        let mut cpu = cpu(&[0x88, 0x07]);
        let mut model: Model = vec![None; PAGES as usize];
        let mut saved = Vec::new();
        for event in events {
            match event {
                Event::Write(at, value) => {
                    let written = cpu.memory_mut().write(at, &[value]).is_ok();
                    prop_assert_eq!(written, write(&mut model, at, value));
                }
                Event::Store(at, value) => {
                    cpu.set_rip(CODE);
                    cpu.set_register(Register::Rdi, at);
                    cpu.set_register(Register::Rax, value.into());
                    let written = cpu.step() == Stop::Budget;
                    prop_assert_eq!(written, write(&mut model, at, value));
                }
                Event::Map(page) => {
                    if cpu.memory_mut().map(page * PAGE, PAGE, ALL).is_ok() {
                        model[page as usize] = Some((vec![0; PAGE_BYTES], ALL));
                    }
                }
                Event::Unmap(page) => {
                    let unmapped = cpu.memory_mut().unmap(page * PAGE, PAGE).is_ok();
                    prop_assert_eq!(unmapped, model[page as usize].take().is_some());
                }
                Event::Protect(page, new) => {
                    let protected = cpu.memory_mut().protect(page * PAGE, PAGE, new).is_ok();
                    let entry = &mut model[page as usize];
                    prop_assert_eq!(protected, entry.is_some());
                    if let Some((_, rights)) = entry {
                        *rights = new;
                    }
                }
                Event::Save => saved.push((cpu.snapshot(), model.clone())),
                Event::Restore(which) if !saved.is_empty() => {
                    let (snapshot, contents) = &saved[which % saved.len()];
                    cpu.restore(snapshot);
                    model.clone_from(contents);
                }
                Event::Restore(_) => {}
            }
            for (number, expected) in (0..PAGES).zip(&model) {
                let mut bytes = vec![0; PAGE_BYTES];
                let there = cpu.memory().peek(number * PAGE, &mut bytes).is_ok();
                let contents = expected.as_ref().map(|(bytes, _)| bytes);
                prop_assert_eq!(there.then_some(&bytes), contents);
                let mut bytes = vec![0; PAGE_BYTES];
                let readable = cpu.memory().read(number * PAGE, &mut bytes).is_ok();
                let is_readable = |page: &&(Vec<u8>, Rights)| page.1.contains(Rights::READ);
                let expected = expected.as_ref().filter(is_readable);
                prop_assert_eq!(readable.then_some(&bytes), expected.map(|(bytes, _)| bytes));
            }
        }
    }
}
