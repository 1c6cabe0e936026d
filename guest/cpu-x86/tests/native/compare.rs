//! One case: one instruction on both processors, from the same state.

use cpu_x86::{Cpu, Mode, RFlags, Registers, Rights, Stop, X87Registers};
use iced_x86::{FlowControl, Mnemonic, OpKind, Register, RflagsBits};
use proptest::prelude::*;

use crate::forms::Form;
use crate::host::{CODE_PAGES, DATA_PAGES, Ending, Host, INSTRUCTION_OFFSET, PAGE, STACK_PAGES};

/// What an instruction works on.
#[derive(Debug, Clone)]
pub struct Operands {
    general: [u64; 16],
    xmm: [u128; 16],
    flags: u64,
    memory: [u8; 64],
    /// The place of a memory operand in the data pages.
    place: u64,
}

/// A value at or near the edges of every width, or any other value. The low bits of an arbitrary
/// number choose the kind of value.
fn value(any: u64) -> u64 {
    let rest = any >> 8;
    match any & 7 {
        0 => rest % 70,
        1 => rest as u8 as i8 as u64,
        2 => (1u64 << (rest % 64)).wrapping_add(rest >> 6 & 3).wrapping_sub(1),
        3 => u64::from(rest as u32),
        _ => any.rotate_left(32),
    }
}

/// A place in the data pages. Most places are aligned to 16, as most SSE operands must be. At some
/// places the operand crosses the page boundary.
fn place(any: u64) -> u64 {
    let rest = any >> 8;
    match any & 7 {
        0 => 0xFE8 + rest % 0x18,
        1 | 2 => 0x200 + rest % 0x600,
        _ => 0x200 + rest % 0x60 * 16,
    }
}

pub fn operands() -> impl Strategy<Value = Operands> {
    let numbers = proptest::array::uniform16(any::<u64>());
    let memory = proptest::array::uniform8(any::<u64>());
    (numbers, memory, any::<u64>(), any::<u64>()).prop_map(|(numbers, words, flags, at)| {
        let mut memory = [0; 64];
        for (bytes, word) in memory.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let xmm = std::array::from_fn(|number| {
            u128::from(words[number % 8].rotate_left(number as u32)) << 64
                | u128::from(numbers[15 - number])
        });
        Operands { general: numbers.map(value), xmm, flags, memory, place: place(at) }
    })
}

/// The result of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Both processors did the same.
    Same,
    /// The interpreter says that it does not have the instruction.
    Unsupported,
    /// Not compared: `is_skipped` names the form, `compare` has no counterpart on the host for the
    /// interpreter's stop, or the manual leaves the result undefined.
    Skipped,
}

/// Flags that a program at privilege level 3 can change without disturbing the test.
const FREE_FLAGS: RFlags = RFlags::ARITHMETIC.union(RFlags::DIRECTION);

/// Executes a form on both processors.
///
/// # Errors
/// A description of the differences.
pub fn compare(
    host: &mut Host,
    cpu: &mut Cpu,
    form: &Form,
    operands: &Operands,
) -> Result<Verdict, String> {
    if is_skipped(form) {
        return Ok(Verdict::Skipped);
    }
    let registers = prepare(host, form, operands);
    cpu.memory_mut().poke(host.code(), host.guest_bytes()).expect("it is mapped");
    cpu.set_registers(&registers);
    let start = registers.rip;
    let mut stop = cpu.step();
    // A repeated string instruction takes one step for each iteration. `prepare` allows fewer than
    // 40 iterations.
    for _ in 0..PAGE {
        if stop != Stop::Budget || cpu.rip() != start {
            break;
        }
        stop = cpu.step();
    }
    match stop {
        Stop::Budget | Stop::Fault(_) | Stop::DivideError | Stop::BoundRange => {}
        Stop::Unsupported { .. } => return Ok(Verdict::Unsupported),
        _ => return Ok(Verdict::Skipped),
    }
    if is_undefined(form, &registers) {
        return Ok(Verdict::Skipped);
    }
    let next = start + form.bytes.len() as u64;
    let mut landings = vec![next];
    if stop == Stop::Budget && cpu.rip() != next {
        let page = host.code()..host.code() + CODE_PAGES * PAGE - 16;
        if !page.contains(&cpu.rip()) {
            return Err(format!("{}: ours went astray to {:x}", form.text(), cpu.rip()));
        }
        landings.push(cpu.rip());
    }
    let mut native = registers.clone();
    let ending = host.execute(form.mode, &mut native, &mut X87Registers::default(), &landings);
    let expected = match stop {
        Stop::Budget => Ending::Landed(landings.len() - 1),
        Stop::DivideError => Ending::Signal(libc::SIGFPE),
        _ => Ending::Signal(libc::SIGSEGV),
    };
    if ending != expected {
        return Err(format!("{}: host {ending:?}, interpreter {stop:?}", form.text()));
    }
    let differences = differences(host, form, &registers, &native, cpu);
    if differences.is_empty() {
        Ok(Verdict::Same)
    } else {
        Err(format!("{}: {stop:?}\n{}", form.text(), differences.join("\n")))
    }
}

/// Writes code and data into the host's memory and chooses the registers.
fn prepare(host: &mut Host, form: &Form, operands: &Operands) -> Registers {
    let (code, data, stack) = (host.code(), host.data(), host.stack());
    let bytes = host.guest_bytes();
    for chunk in bytes.chunks_exact_mut(64) {
        chunk.copy_from_slice(&operands.memory);
    }
    let at = INSTRUCTION_OFFSET as usize;
    bytes[at..at + form.bytes.len()].copy_from_slice(&form.bytes);
    let mut registers = Registers {
        general: operands.general,
        xmm: operands.xmm,
        rip: code + INSTRUCTION_OFFSET,
        flags: RFlags::from_bits_truncate(operands.flags).intersection(FREE_FLAGS)
            | RFlags::INTERRUPT,
        ..Registers::default()
    };
    let pointer = data + operands.place;
    let general = &mut registers.general;
    general[4] = stack + PAGE / 2 + (operands.place & 0x38);
    let instruction = &form.instruction;
    if uses_memory(form) {
        if let Some(base) = general_number(instruction.memory_base())
            && base != 4
        {
            general[base] = pointer;
        }
        if let Some(index) = general_number(instruction.memory_index()) {
            general[index] %= 16;
        }
    }
    if instruction.is_string_instruction() || instruction.mnemonic() == Mnemonic::Maskmovdqu {
        (general[6], general[7]) = (pointer, data + 0x300);
        general[1] %= 40;
    }
    match instruction.mnemonic() {
        Mnemonic::Xlatb => general[3] = pointer,
        Mnemonic::Leave | Mnemonic::Enter => general[5] = stack + 0x700,
        Mnemonic::Bt | Mnemonic::Bts | Mnemonic::Btr | Mnemonic::Btc if uses_memory(form) => {
            // The bit number becomes a number from -2048 to 2047. So the bit lies at most 256 bytes
            // below or above the operand.
            if let Some(source) = general_number(instruction.op1_register())
                && source != 4
            {
                general[source] = (general[source] % 4096).wrapping_sub(2048);
                if Some(source) == general_number(instruction.memory_base()) {
                    general[source] = pointer;
                } else if Some(source) == general_number(instruction.memory_index()) {
                    general[source] %= 16;
                }
            }
        }
        _ => {}
    }
    aim(host, form, &mut registers);
    if form.mode == Mode::Bits32 {
        for (number, value) in registers.general.iter_mut().enumerate() {
            *value = if number < 8 { *value & 0xFFFF_FFFF } else { 0 };
        }
        registers.xmm[8..].fill(0);
    }
    registers
}

/// Makes sure that returns, indirect branches and POPF find harmless values.
fn aim(host: &mut Host, form: &Form, registers: &mut Registers) {
    let instruction = &form.instruction;
    let target = host.code() + 0x100;
    let stack_offset = (registers.general[4] - host.code()) as usize;
    match instruction.flow_control() {
        FlowControl::Return => {
            let bytes = target.to_le_bytes();
            host.guest_bytes()[stack_offset..stack_offset + 8].copy_from_slice(&bytes);
        }
        FlowControl::IndirectBranch | FlowControl::IndirectCall => {
            if let Some(register) = general_number(instruction.op0_register()) {
                registers.general[register] = target;
            } else {
                let width = instruction.memory_size().size().min(8);
                let chunk = &target.to_le_bytes()[..width];
                if let Some(place) = effective_place(host, form, registers) {
                    host.guest_bytes()[place..place + width].copy_from_slice(chunk);
                }
            }
        }
        _ => {}
    }
    if matches!(instruction.mnemonic(), Mnemonic::Popf | Mnemonic::Popfd | Mnemonic::Popfq) {
        let bytes = &mut host.guest_bytes()[stack_offset..stack_offset + 8];
        let mut word = [0; 8];
        word.copy_from_slice(bytes);
        let flags = RFlags::from_bits_truncate(u64::from_le_bytes(word));
        let harmless = flags.intersection(FREE_FLAGS) | RFlags::INTERRUPT;
        bytes.copy_from_slice(&harmless.bits().to_le_bytes());
    }
}

/// The place of the memory operand in the guest's bytes.
fn effective_place(host: &Host, form: &Form, registers: &Registers) -> Option<usize> {
    let address = form.instruction.virtual_address(0, 0, |register, _, _| {
        if register.is_segment_register() {
            return Some(0);
        }
        general_number(register).map(|number| registers.general[number])
    })?;
    address.checked_sub(host.code()).map(|place| place as usize)
}

/// An interpreter with the host's pages.
pub fn interpreter(host: &Host, mode: Mode) -> Cpu {
    let mut cpu = Cpu::new(mode);
    let length = (CODE_PAGES + DATA_PAGES + STACK_PAGES) * PAGE;
    let rights = Rights::all() - Rights::GUARD;
    cpu.memory_mut().map(host.code(), length, rights).expect("nothing is mapped");
    cpu
}

fn uses_memory(form: &Form) -> bool {
    form.instruction.op_kinds().any(|kind| kind == OpKind::Memory)
}

fn general_number(register: Register) -> Option<usize> {
    register.is_gpr().then(|| register.full_register().number())
}

/// Whether a form is not compared here.
fn is_skipped(form: &Form) -> bool {
    match form.instruction.mnemonic() {
        // CPUID differs on purpose; the other instructions need privilege level 0.
        Mnemonic::Cpuid | Mnemonic::Cli | Mnemonic::Sti => true,
        // On a host without these instructions, the same bytes are another instruction or
        // undefined.
        Mnemonic::Lzcnt => !is_x86_feature_detected!("lzcnt"),
        Mnemonic::Tzcnt => !is_x86_feature_detected!("bmi1"),
        Mnemonic::Popcnt => !is_x86_feature_detected!("popcnt"),
        Mnemonic::Movbe => !is_x86_feature_detected!("movbe"),
        _ => crate::x87_forms::is_x87(form),
    }
}

/// The count of a shift; `None` if the instruction is not a shift.
fn shift_count(form: &Form, registers: &Registers) -> Option<u64> {
    let instruction = &form.instruction;
    let operand = match instruction.mnemonic() {
        Mnemonic::Shl
        | Mnemonic::Sal
        | Mnemonic::Shr
        | Mnemonic::Sar
        | Mnemonic::Rol
        | Mnemonic::Ror
        | Mnemonic::Rcl
        | Mnemonic::Rcr => 1,
        Mnemonic::Shld | Mnemonic::Shrd => 2,
        _ => return None,
    };
    let count = match instruction.op_kind(operand) {
        OpKind::Register => registers.general[1],
        _ => instruction.immediate(operand),
    };
    let wide = operand_bits(form) == 64;
    Some(count & if wide { 63 } else { 31 })
}

fn operand_bits(form: &Form) -> u64 {
    let instruction = &form.instruction;
    let bytes = match instruction.op0_kind() {
        OpKind::Register => instruction.op0_register().size(),
        _ => instruction.memory_size().size(),
    };
    8 * bytes as u64
}

/// Results that the manual leaves completely undefined: 16-bit double shifts by more than 16.
fn is_undefined(form: &Form, registers: &Registers) -> bool {
    let double = matches!(form.instruction.mnemonic(), Mnemonic::Shld | Mnemonic::Shrd);
    double && shift_count(form, registers).is_some_and(|count| count > operand_bits(form))
}

/// The flags that the manual leaves undefined.
fn undefined_flags(form: &Form, registers: &Registers) -> RFlags {
    let undefined = form.instruction.rflags_undefined();
    let mut flags = RFlags::empty();
    for (bit, flag) in [
        (RflagsBits::CF, RFlags::CARRY),
        (RflagsBits::PF, RFlags::PARITY),
        (RflagsBits::AF, RFlags::ADJUST),
        (RflagsBits::ZF, RFlags::ZERO),
        (RflagsBits::SF, RFlags::SIGN),
        (RflagsBits::OF, RFlags::OVERFLOW),
    ] {
        flags.set(flag, undefined & bit != 0);
    }
    match shift_count(form, registers) {
        Some(0) => RFlags::empty(),
        Some(1) => flags - RFlags::OVERFLOW,
        Some(count) if count >= operand_bits(form) => flags | RFlags::CARRY | RFlags::OVERFLOW,
        Some(_) => flags | RFlags::OVERFLOW,
        None => flags,
    }
}

fn differences(
    host: &mut Host,
    form: &Form,
    before: &Registers,
    native: &Registers,
    cpu: &Cpu,
) -> Vec<String> {
    let ours = cpu.registers();
    let mut found = Vec::new();
    let scan = matches!(form.instruction.mnemonic(), Mnemonic::Bsf | Mnemonic::Bsr);
    let exchange = form.instruction.mnemonic() == Mnemonic::Cmpxchg && operand_bits(form) == 32;
    for number in 0..16 {
        // A scan of zero has an undefined target.
        let target = general_number(form.instruction.op0_register()) == Some(number);
        let undefined = scan && target && native.flags.contains(RFlags::ZERO);
        // A 32-bit CMPXCHG that does not store: AMD and Intel differ in the upper half of its
        // target.
        let low_half = exchange && target && !native.flags.contains(RFlags::ZERO);
        let mask = if low_half { 0xFFFF_FFFF } else { u64::MAX };
        let (theirs, mine) = (native.general[number] & mask, ours.general[number] & mask);
        if theirs != mine && !undefined {
            let old = before.general[number];
            found.push(format!("register {number}: {old:x} -> host {theirs:x}, ours {mine:x}"));
        }
        let (theirs, mine) = (native.xmm[number], ours.xmm[number]);
        if theirs != mine {
            found.push(format!("xmm{number}: host {theirs:x}, ours {mine:x}"));
        }
    }
    let compared = RFlags::all() - undefined_flags(form, before);
    let (theirs, mine) = (native.flags & compared, ours.flags & compared);
    if theirs != mine {
        found.push(format!("flags {:?}: host {theirs:?}, ours {mine:?}", before.flags));
    }
    if native.mxcsr != ours.mxcsr {
        found.push(format!("mxcsr: host {:x}, ours {:x}", native.mxcsr, ours.mxcsr));
    }
    let data = host.data();
    let mut memory = vec![0; ((DATA_PAGES + STACK_PAGES) * PAGE) as usize];
    cpu.memory().peek(data, &mut memory).expect("it is mapped");
    let native = &host.guest_bytes()[(CODE_PAGES * PAGE) as usize..];
    if memory != native {
        let at = memory.iter().zip(native).take_while(|(ours, theirs)| ours == theirs).count();
        found.push(format!(
            "memory at {:x}: host {:02x?}, ours {:02x?}",
            data + at as u64,
            &native[at..(at + 16).min(native.len())],
            &memory[at..(at + 16).min(memory.len())],
        ));
    }
    found
}
