//! The interpreter's x87 against the host's x87: every instruction.
//!
//! Each instruction gets numbers of every class, in all roundings and precisions, with masked and
//! unmasked exceptions. Where the makers differ, the interpreter does what an AMD processor does.
//! On a host of another maker the tests compare only what both manuals promise: numbers, TOP and
//! exceptions while all exceptions are masked.

use std::collections::BTreeMap;

use cpu_x86::{Cpu, Mode, RFlags, Registers, Stop, Support, X87Registers};
use iced_x86::{MemorySize, Mnemonic};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::compare::interpreter;
use crate::forms::Form;
use crate::host::{CODE_PAGES, Ending, Host, INSTRUCTION_OFFSET, PAGE};
use crate::x87_forms::{self, X87Operands};

/// The number of operand sets for each form.
const CASES: u32 = 60;

/// How often a test tries a case at most. When the host's system switches to another thread during
/// a case, an AMD processor forgets the last instruction.
const TRIES: u32 = 3;

/// The place of the memory operand in the data pages.
const PLACE: u64 = 0x200;

/// The number of bytes of memory that a test compares: the longest operand, and some more bytes.
const COMPARED: usize = 520;

/// The masks of all exceptions in the control word.
const ALL_MASKED: u16 = 0x3F;

/// The exceptions, the stack fault and TOP in the status word.
const PROMISED_STATUS: u16 = 0x387F;

/// Executes a form on both processors and describes the differences.
fn differences(host: &mut Host, cpu: &mut Cpu, form: &Form, operands: &X87Operands) -> Vec<String> {
    let mut registers = prepare(host, form, operands);
    cpu.memory_mut().poke(host.code(), host.guest_bytes()).expect("it is mapped");
    cpu.set_registers(&registers);
    cpu.set_x87(&operands.x87);
    let stop = cpu.step();
    let expected = match stop {
        Stop::Budget => Ending::Landed(0),
        Stop::X87Exception => Ending::Signal(libc::SIGFPE),
        _ => return vec![format!("the interpreter stops: {stop:?}")],
    };
    let next = registers.rip + form.bytes.len() as u64;
    let mut x87 = operands.x87;
    let ending = host.execute(form.mode, &mut registers, &mut x87, &[next]);
    if ending != expected {
        return vec![format!("host {ending:?}, interpreter {stop:?}")];
    }
    let mut found = Vec::new();
    let ours = cpu.registers();
    if ours.general != registers.general || ours.xmm != registers.xmm {
        found.push("general or SSE registers differ".to_owned());
    }
    if ours.flags != registers.flags {
        found.push(format!("flags: host {:?}, ours {:?}", registers.flags, ours.flags));
    }
    let (mut theirs, mut ours) = (x87, cpu.x87());
    if !host.is_amd() {
        for x87 in [&mut theirs, &mut ours] {
            x87.status &= PROMISED_STATUS;
            (x87.opcode, x87.instruction_pointer, x87.data_pointer) = (0, 0, 0);
        }
    }
    compare_x87(&theirs, &ours, &mut found);
    if host.is_amd() || !is_image(form) {
        compare_memory(host, cpu, form, &mut found);
    }
    found
}

/// Whether an instruction stores the environment of the x87.
fn is_image(form: &Form) -> bool {
    use Mnemonic::{Fnsave, Fnstenv, Fxsave, Fxsave64};
    matches!(form.instruction.mnemonic(), Fnsave | Fnstenv | Fxsave | Fxsave64)
}

/// Writes code and data into the host's memory and chooses the registers.
fn prepare(host: &mut Host, form: &Form, operands: &X87Operands) -> Registers {
    let (code, data, stack) = (host.code(), host.data(), host.stack());
    let bytes = host.guest_bytes();
    let at = (CODE_PAGES * PAGE + PLACE) as usize;
    bytes[at..at + operands.memory.len()].copy_from_slice(&operands.memory);
    let at = INSTRUCTION_OFFSET as usize;
    bytes[at..at + form.bytes.len()].copy_from_slice(&form.bytes);
    let mut registers = Registers {
        xmm: std::array::from_fn(|number| 0x1111 * number as u128),
        rip: code + INSTRUCTION_OFFSET,
        flags: RFlags::from_bits_truncate(operands.flags).intersection(RFlags::ARITHMETIC)
            | RFlags::INTERRUPT,
        ..Registers::default()
    };
    let general = &mut registers.general;
    (general[4], general[6], general[7]) = (stack + PAGE / 2, data + PLACE - 8, data + PLACE);
    if form.mode == Mode::Bits32 {
        registers.xmm[8..].fill(0);
    }
    registers
}

fn compare_x87(theirs: &X87Registers, ours: &X87Registers, found: &mut Vec<String>) {
    for (number, (theirs, ours)) in theirs.registers.iter().zip(ours.registers).enumerate() {
        if *theirs != ours {
            found.push(format!("R{number}: host {theirs:020x}, ours {ours:020x}"));
        }
    }
    let words = |x87: &X87Registers| [x87.control, x87.status, x87.occupied.into()];
    if words(theirs) != words(ours) {
        let (theirs, ours) = (words(theirs), words(ours));
        found.push(format!("control, status, occupied: host {theirs:04x?}, ours {ours:04x?}"));
    }
    // The host gives 32 bits of each pointer.
    let last = |x87: &X87Registers| {
        [x87.opcode.into(), x87.instruction_pointer as u32, x87.data_pointer as u32]
    };
    if last(theirs) != last(ours) {
        let (theirs, ours) = (last(theirs), last(ours));
        found.push(format!("the last instruction: host {theirs:x?}, ours {ours:x?}"));
    }
}

fn compare_memory(host: &mut Host, cpu: &Cpu, form: &Form, found: &mut Vec<String>) {
    let mut ours = [0; COMPARED];
    cpu.memory().peek(host.data() + PLACE, &mut ours).expect("it is mapped");
    let at = (CODE_PAGES * PAGE + PLACE) as usize;
    let theirs = &host.guest_bytes()[at..at + COMPARED];
    let has_mask = matches!(
        form.instruction.memory_size(),
        MemorySize::Fxsave_512Byte | MemorySize::Fxsave64_512Byte
    );
    for (offset, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
        // The host's mask of MXCSR may have bits that the interpreter does not have.
        let is_mask = has_mask && matches!(offset, 28..32);
        if *theirs != ours && !is_mask {
            found.push(format!("memory at {offset}: host {theirs:02x}, ours {ours:02x}"));
        }
    }
}

/// Describes a case that differs.
fn describe(form: &Form, operands: &X87Operands, found: &[String]) -> String {
    let x87 = operands.x87;
    let top = usize::from(x87.status >> 11 & 7);
    let stack: Vec<String> =
        (0..8).map(|number| format!("{:020x}", x87.registers[(top + number) % 8])).collect();
    format!(
        "{}\n  control {:04x} status {:04x} occupied {:08b} memory {:02x?}\n  stack {}\n  {}",
        form.text(),
        x87.control,
        x87.status,
        x87.occupied,
        &operands.memory[..10],
        stack.join(" "),
        found.join("\n  ")
    )
}

/// Compares every form of a mode; returns how many forms agreed, by mnemonic.
fn sweep(mode: Mode, host: &mut Host) -> BTreeMap<String, u32> {
    let mut cpu = interpreter(host, mode);
    let mut agreed: BTreeMap<String, u32> = BTreeMap::new();
    let mut failures: BTreeMap<Mnemonic, String> = BTreeMap::new();
    for form in x87_forms::all(mode, host) {
        let address = host.code() + INSTRUCTION_OFFSET;
        cpu.memory_mut().poke(address, &form.bytes).expect("it is mapped");
        let known = cpu.disassemble(address).expect("it is mapped");
        if known.support == Support::Refused {
            continue;
        }
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let strategy = x87_forms::operands(form.instruction.memory_size());
        for _ in 0..CASES {
            let tree = strategy.new_tree(&mut runner).expect("nothing is rejected");
            let mut operands = tree.current();
            if !host.is_amd() {
                operands.x87.control |= ALL_MASKED;
            }
            let mut tries = (0..TRIES).map(|_| differences(host, &mut cpu, &form, &operands));
            let last = tries.try_fold(Vec::new(), |_, found| (!found.is_empty()).then_some(found));
            if let Some(found) = last {
                let text = describe(&form, &operands, &found);
                failures.entry(form.instruction.mnemonic()).or_insert(text);
            }
        }
        *agreed.entry(format!("{:?}", form.instruction.mnemonic())).or_default() += 1;
    }
    let texts: Vec<String> = failures.into_values().collect();
    assert!(texts.is_empty(), "{} mnemonics differ:\n{}", texts.len(), texts.join("\n\n"));
    agreed
}

/// Fails if an instruction of the list `covered_x87.txt` was not compared.
fn expect_covered(agreed: &BTreeMap<String, u32>, mode: Mode) {
    let only_64 = |name: &str| mode == Mode::Bits32 && name.ends_with("64");
    let missing: Vec<&str> = include_str!("covered_x87.txt")
        .split_whitespace()
        .filter(|name| !only_64(name) && !agreed.contains_key(*name))
        .collect();
    assert!(missing.is_empty(), "not compared any more: {missing:?}");
}

#[test]
fn every_x87_instruction_does_in_64_bit_mode_what_the_host_does() {
    expect_covered(&sweep(Mode::Bits64, &mut Host::lock()), Mode::Bits64);
}

#[test]
fn every_x87_instruction_does_in_32_bit_mode_what_the_host_does() {
    let mut host = Host::lock();
    if !host.runs_32_bit_code() {
        println!("skipped: this host does not run 32-bit code");
        return;
    }
    expect_covered(&sweep(Mode::Bits32, &mut host), Mode::Bits32);
}
