//! The state of a compiled driver at a failure: registers, code and stack.

use cpu_x86::{Cpu, Mode, PAGE_BYTES, Registers};
use serde::Serialize;

use crate::guest::Guest;
use portcls_driver_file::symbols::{Place, Symbols};

use super::hex::Hex;
use super::stack;

/// Lines of code that are shown before the instruction, and after it.
const LINES_BEFORE: usize = 6;
const LINES_AFTER: usize = 4;

/// When decoding from the start of the function is not possible, it begins at most this number of
/// bytes before the instruction.
const BYTES_BEFORE: u64 = 48;

/// Decoding begins at the start of the function if the instruction is at most this number of bytes
/// after the start.
const FUNCTION_BYTES: u64 = 0x4000;

/// The state of a compiled driver at a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GuestContext {
    /// Bytes of a pointer: 8 or 4.
    pub pointer_bytes: u64,
    /// The address of the image in memory.
    pub image_base: Hex,
    /// The general registers, the instruction pointer and the flags, with their names.
    pub registers: Vec<RegisterValue>,
    /// The code around the instruction pointer.
    pub disassembly: Vec<CodeLine>,
    /// The place where the processor was, then its callers, innermost first.
    pub stack: Vec<StackLine>,
}

/// A register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisterValue {
    /// The name in small letters.
    pub name: &'static str,
    /// The value.
    pub value: Hex,
}

/// An instruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeLine {
    /// The address.
    pub address: Hex,
    /// The address in words.
    pub place: String,
    /// The instruction in Intel syntax.
    pub text: String,
    /// Whether the processor was at this instruction.
    pub is_current: bool,
}

/// A return address. In the first line the address is the place where the processor was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackLine {
    /// The address of the stack's word that holds the return address. In the first line, the stack
    /// pointer.
    pub stack_address: Hex,
    /// The address in the code.
    pub address: Hex,
    /// The offset in the image, if the address is inside the image.
    pub offset: Option<Hex>,
    /// The address in words.
    pub place: String,
    /// The place in parts, for an address in the driver.
    pub symbol: Option<Place>,
}

impl GuestContext {
    /// The innermost place in the driver.
    pub(super) fn location(&self) -> Option<Place> {
        self.stack.iter().find_map(|line| line.symbol.clone())
    }
}

/// Reads the current state of the driver. The result is `None` while the processor is borrowed.
pub(super) fn read(guest: &Guest, symbols: &Symbols) -> Option<GuestContext> {
    let cpu = guest.cpu().try_borrow().ok()?;
    let registers = cpu.registers();
    Some(GuestContext {
        pointer_bytes: guest.pointer_bytes(),
        image_base: Hex(guest.loaded().base),
        disassembly: disassembly(guest, symbols, &cpu, registers.rip),
        stack: stack_lines(guest, symbols, &cpu, &registers),
        registers: register_values(cpu.mode(), &registers),
    })
}

/// The values of the registers. Source: WinDbg shows the registers in this order.
fn register_values(mode: Mode, registers: &Registers) -> Vec<RegisterValue> {
    const WIDE: [(&str, usize); 16] = [
        ("rax", 0),
        ("rbx", 3),
        ("rcx", 1),
        ("rdx", 2),
        ("rsi", 6),
        ("rdi", 7),
        ("rsp", 4),
        ("rbp", 5),
        ("r8", 8),
        ("r9", 9),
        ("r10", 10),
        ("r11", 11),
        ("r12", 12),
        ("r13", 13),
        ("r14", 14),
        ("r15", 15),
    ];
    const NARROW: [(&str, usize); 8] = [
        ("eax", 0),
        ("ebx", 3),
        ("ecx", 1),
        ("edx", 2),
        ("esi", 6),
        ("edi", 7),
        ("esp", 4),
        ("ebp", 5),
    ];
    let (general, instruction_pointer): (&[(&'static str, usize)], _) = match mode {
        Mode::Bits64 => (&WIDE, "rip"),
        Mode::Bits32 => (&NARROW, "eip"),
    };
    let values = general.iter().map(|&(name, index)| (name, registers.general[index]));
    let last = [(instruction_pointer, registers.rip), ("efl", registers.flags.bits())];
    values.chain(last).map(|(name, value)| RegisterValue { name, value: Hex(value) }).collect()
}

/// The code around an address in the driver. For an address elsewhere the result is empty.
fn disassembly(guest: &Guest, symbols: &Symbols, cpu: &Cpu, rip: u64) -> Vec<CodeLine> {
    let Some(rva) = guest.loaded().rva(rip) else { return Vec::new() };
    let place = symbols.place(&guest.loaded().image, rva);
    let into_function = place.function.map(|function| u64::from(function.offset));
    let known = into_function.filter(|offset| *offset <= FUNCTION_BYTES);
    let starts = known.map(|offset| rip - offset).into_iter();
    let guesses = (1..=BYTES_BEFORE).rev().map(|offset| rip.wrapping_sub(offset));
    let before = starts.chain(guesses).find_map(|start| addresses(cpu, start, rip));
    let before = before.unwrap_or_default();
    let mut address = before[before.len().saturating_sub(LINES_BEFORE)..].first().copied();
    let mut lines = Vec::new();
    let mut after = 0;
    while after <= LINES_AFTER {
        let at = address.unwrap_or(rip);
        let Some(line) = cpu.disassemble(at) else { break };
        lines.push(CodeLine {
            address: Hex(at),
            place: describe(guest, symbols, at).0,
            text: line.text,
            is_current: at == rip,
        });
        after += usize::from(at >= rip);
        address = Some(at.wrapping_add(line.length as u64));
    }
    lines
}

/// The addresses of the instructions from `start` on, if an instruction ends exactly at `end`.
fn addresses(cpu: &Cpu, start: u64, end: u64) -> Option<Vec<u64>> {
    let mut addresses = Vec::new();
    let mut at = start;
    while at < end {
        addresses.push(at);
        at = at.checked_add(cpu.disassemble(at)?.length as u64)?;
    }
    (at == end).then_some(addresses)
}

fn stack_lines(
    guest: &Guest,
    symbols: &Symbols,
    cpu: &Cpu,
    registers: &Registers,
) -> Vec<StackLine> {
    let stack_pointer = registers.general[cpu_x86::Register::Rsp as usize];
    let image = &guest.loaded().image;
    let caller = |found: &stack::Return| {
        let rva = guest.loaded().rva(found.address);
        let symbol = rva.map(|rva| symbols.place_of_return(image, rva));
        stack_line(guest, found.stack_address, found.address, symbol)
    };
    let (start, words) = stack_words(guest, cpu, stack_pointer);
    let is_kernel = |address| guest.name_of_thunk(address).is_some();
    let returns = stack::returns(image, start, &words, is_kernel);
    let (_, symbol) = describe(guest, symbols, registers.rip);
    let innermost = stack_line(guest, stack_pointer, registers.rip, symbol);
    std::iter::once(innermost).chain(returns.iter().map(caller)).collect()
}

fn stack_line(guest: &Guest, stack_address: u64, address: u64, symbol: Option<Place>) -> StackLine {
    StackLine {
        stack_address: Hex(stack_address),
        address: Hex(address),
        offset: guest.loaded().rva(address).map(|rva| Hex(rva.into())),
        place: symbol.as_ref().map_or_else(|| guest.describe_address(address), ToString::to_string),
        symbol,
    }
}

/// The words from the stack pointer to the end of its stack, with the address of the first word. If
/// the pointer is on no stack, the words go to the end of its page.
fn stack_words(guest: &Guest, cpu: &Cpu, stack_pointer: u64) -> (u64, Vec<u64>) {
    let page = PAGE_BYTES as u64;
    let width = guest.pointer_bytes();
    let stack = guest.stack_around(stack_pointer);
    // After a stack overflow, the pointer is below the stack, in the guard page.
    let start = stack.as_ref().map_or(stack_pointer, |stack| stack_pointer.max(stack.start));
    let end = stack.map_or_else(|| (start & !(page - 1)).saturating_add(page), |stack| stack.end);
    let mut word = [0; 8];
    let words = (start..end).step_by(width as usize).map_while(|address| {
        cpu.memory().peek(address, &mut word[..width as usize]).ok()?;
        Some(u64::from_le_bytes(word))
    });
    (start, words.collect())
}

/// An address in words, and also in parts when it is in the driver.
fn describe(guest: &Guest, symbols: &Symbols, address: u64) -> (String, Option<Place>) {
    match guest.loaded().rva(address) {
        Some(rva) => {
            let place = symbols.place(&guest.loaded().image, rva);
            (place.to_string(), Some(place))
        }
        None => (guest.describe_address(address), None),
    }
}
