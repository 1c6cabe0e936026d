//! From instruction bytes to operations, with the decoder of `iced-x86`.

use iced_x86::{
    Decoder, DecoderError, DecoderOptions, FlowControl, Instruction, IntelFormatter, OpKind,
    Register as Name,
};

use crate::cpu::{Disassembly, Support};
use crate::machine::{Exit, Machine, Outcome};
use crate::memory::Memory;
use crate::operation::Operation;
use crate::ops::string::is_repeated;
use crate::registers::{FS_BASE, GS_BASE, HIGH_BYTE, Mode, ZERO_REGISTER};
use crate::select;
use crate::stop::{Fault, Stop};

/// A block has at most this number of operations.
pub(crate) const BLOCK_OPERATIONS: usize = 32;

/// The longest instruction. Source: Intel SDM volume 2, 2.3.11.
const INSTRUCTION_BYTES: usize = 15;

/// In 64-bit mode AMD decodes a near branch with a 66h prefix as a 16-bit branch. Intel ignores the
/// prefix. The decoder here does what AMD does, and the interpreter refuses every 16-bit branch. So
/// such code ends the run with a stop, and the user learns that it depends on the maker of the
/// processor.
const DECODER_OPTIONS: u32 = DecoderOptions::AMD;

/// Decodes one block into `operations`. Returns the length of the block in bytes.
///
/// The block ends after an instruction that may branch or that this processor refuses, and after
/// [`BLOCK_OPERATIONS`] operations. It also ends before an address at which the run must stop, as
/// `is_boundary` says, and before an instruction whose bytes cannot all be fetched. A repeated
/// string instruction has a block of its own.
///
/// # Errors
/// The fault that the fetch of the first instruction gets.
pub(crate) fn block(
    memory: &Memory,
    mode: Mode,
    address: u64,
    operations: &mut Vec<Operation>,
    is_boundary: impl Fn(u64) -> bool,
) -> Result<usize, Fault> {
    let mut bytes = [0; BLOCK_OPERATIONS * INSTRUCTION_BYTES];
    let available = memory.fetch(address, &mut bytes)?;
    let mut decoder = Decoder::with_ip(mode.bits(), &bytes[..available], address, DECODER_OPTIONS);
    let mut instruction = Instruction::default();
    let mut length = 0;
    for number in 0..BLOCK_OPERATIONS {
        if number > 0 && is_boundary(instruction.next_ip() & mode.address_mask()) {
            break;
        }
        decoder.decode_out(&mut instruction);
        if decoder.last_error() == DecoderError::NoMoreBytes {
            if number == 0 {
                let missing = address.wrapping_add(available as u64) & mode.address_mask();
                memory.fetch(missing, &mut [0])?;
            }
            break;
        }
        let repeated = is_repeated(&instruction);
        if repeated && number > 0 {
            break;
        }
        let (mut operation, support) = operation(&instruction);
        operation.start = length as u16;
        let end = length + instruction.len();
        if let Some(opcode) = x87_opcode(&bytes[length..end]) {
            operation.immediate = instruction.ip();
            operation.opcode = opcode;
        }
        operations.push(operation);
        length = end;
        let ends = instruction.flow_control() != FlowControl::Next;
        if ends || repeated || support == Support::Refused {
            break;
        }
    }
    Ok(length)
}

/// The lower 11 bits of the opcode, if the bytes are an x87 instruction: three bits of the first
/// byte after the prefixes, and the whole next byte.
///
/// Source: Intel SDM volume 1, 8.1.9; volume 2, 2.1.1 (prefixes), 2.2.1 (REX).
fn x87_opcode(bytes: &[u8]) -> Option<u16> {
    let is_prefix = |byte: &u8| {
        let is_segment = matches!(byte, 0x26 | 0x2E | 0x36 | 0x3E | 0x64 | 0x65);
        is_segment || matches!(byte, 0x40..=0x4F | 0x66 | 0x67 | 0xF0 | 0xF2 | 0xF3)
    };
    let first = bytes.iter().position(|byte| !is_prefix(byte))?;
    match bytes[first..] {
        [escape @ 0xD8..=0xDF, second, ..] => Some(u16::from_be_bytes([escape & 7, second])),
        _ => None,
    }
}

/// The instruction at an address as text. `None` if no page is mapped there.
pub(crate) fn disassemble(memory: &Memory, mode: Mode, address: u64) -> Option<Disassembly> {
    let mut bytes = [0; INSTRUCTION_BYTES];
    let available = (1..=INSTRUCTION_BYTES)
        .rev()
        .find(|&length| memory.peek(address, &mut bytes[..length]).is_ok())?;
    let bytes = &bytes[..available];
    let instruction = Decoder::with_ip(mode.bits(), bytes, address, DECODER_OPTIONS).decode();
    let mut text = String::new();
    iced_x86::Formatter::format(&mut IntelFormatter::new(), &instruction, &mut text);
    let (_, support) = operation(&instruction);
    Some(Disassembly { text, length: instruction.len(), support })
}

/// Makes an operation from an instruction.
pub(crate) fn operation(instruction: &Instruction) -> (Operation, Support) {
    let (handler, support) = match select::handler(instruction) {
        Some(handler) => (handler, Support::Emulated),
        None => (unsupported as crate::machine::Handler, Support::Refused),
    };
    let mut operation = Operation::new(handler);
    operation.length = instruction.len() as u8;
    for number in 0..instruction.op_count() {
        set_operand(&mut operation, instruction, number);
    }
    (operation, support)
}

/// The operation at a stop address. No instruction need be there. The operation has a length of 0
/// bytes, so RIP has the stop address while the operation runs.
pub(crate) fn stop_address() -> Operation {
    Operation::new(reach)
}

fn reach(machine: &mut Machine, _: &Operation) -> Outcome {
    machine.accuse(Stop::Reached { address: machine.rip })
}

fn unsupported(_: &mut Machine, _: &Operation) -> Outcome {
    Err(Exit::Unsupported)
}

fn set_operand(operation: &mut Operation, instruction: &Instruction, number: u32) {
    match instruction.op_kind(number) {
        OpKind::Register => {
            let code = register_code(instruction.op_register(number));
            match number {
                0 => operation.target = code,
                1 => operation.source = code,
                // The mask of MASKMOVDQU, which is operand 2. Operand 0 of this instruction is
                // memory, so `target` is free for the mask.
                _ if instruction.op_register(number).is_xmm() => {
                    operation.target = code;
                }
                // CL as the count of SHLD or SHRD. The handlers of these forms read CL themselves.
                _ => {}
            }
        }
        OpKind::Memory => set_memory(operation, instruction),
        OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64 => {
            operation.immediate = instruction.near_branch_target();
        }
        OpKind::Immediate8_2nd => operation.source = instruction.immediate8_2nd() % 32,
        OpKind::MemorySegSI | OpKind::MemorySegDI => {
            set_string(operation, 48, instruction.memory_segment());
        }
        OpKind::MemorySegESI | OpKind::MemorySegEDI => {
            set_string(operation, 32, instruction.memory_segment());
        }
        OpKind::MemorySegRSI | OpKind::MemorySegRDI => {
            set_string(operation, 0, instruction.memory_segment());
        }
        // The target's segment is ES, which is flat. If the other operand has set a segment for the
        // source, this segment stays.
        OpKind::MemoryESDI => operation.unused_address_bits = 48,
        OpKind::MemoryESEDI => operation.unused_address_bits = 32,
        OpKind::MemoryESRDI => operation.unused_address_bits = 0,
        OpKind::FarBranch16 | OpKind::FarBranch32 => {}
        _ => operation.immediate = instruction.immediate(number),
    }
}

fn set_string(operation: &mut Operation, unused_address_bits: u8, segment: Name) {
    operation.unused_address_bits = unused_address_bits;
    operation.segment = segment_code(segment);
}

fn set_memory(operation: &mut Operation, instruction: &Instruction) {
    let (base, index) = (instruction.memory_base(), instruction.memory_index());
    operation.segment = segment_code(instruction.memory_segment());
    operation.displacement = instruction.memory_displacement64();
    operation.scale = instruction.memory_index_scale().trailing_zeros() as u8;
    // The decoder has already added RIP to the displacement.
    if !base.is_ip() {
        operation.base = register_code(base);
    }
    // XLAT has AL as index. The operation has no index, because the handler of XLAT adds AL.
    if index != Name::AL {
        operation.index = register_code(index);
    }
    let address_bytes = if base != Name::None {
        base.size()
    } else if index != Name::None {
        index.size()
    } else {
        instruction.memory_displ_size() as usize
    };
    operation.unused_address_bits = 64 - 8 * address_bytes as u8;
}

fn segment_code(segment: Name) -> u8 {
    match segment {
        Name::FS => FS_BASE,
        Name::GS => GS_BASE,
        _ => ZERO_REGISTER,
    }
}

fn register_code(register: Name) -> u8 {
    if register.is_xmm() || register.is_st() {
        return register.number() as u8;
    }
    if !register.is_gpr() {
        return ZERO_REGISTER;
    }
    let number = register.full_register().number() as u8;
    match register {
        Name::AH | Name::CH | Name::DH | Name::BH => number | HIGH_BYTE,
        _ => number,
    }
}
