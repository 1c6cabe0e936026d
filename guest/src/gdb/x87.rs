//! The x87 registers in the form of gdb, which is the same for both bitnesses.
//!
//! Source: gdb, features/i386/32bit-core.xml: ST(0) to ST(7), then the control registers. The
//! processor keeps no selectors, so gdb sees them as 0.

use cpu_x86::X87Registers;
use gdbstub_arch::x86::reg::{F80, X87FpuInternalRegs};

/// The part of the instruction pointer and of the data pointer that gdb sees: the lower half.
const POINTER_MASK: u64 = 0xFFFF_FFFF;

/// The numbers in ST(0) to ST(7).
pub(super) fn stack_to_gdb(x87: &X87Registers) -> [F80; 8] {
    std::array::from_fn(|number| {
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&x87.registers[x87.place(number as u8)].to_le_bytes()[..10]);
        bytes
    })
}

pub(super) fn control_to_gdb(x87: &X87Registers) -> X87FpuInternalRegs {
    X87FpuInternalRegs {
        fctrl: x87.control.into(),
        fstat: x87.status.into(),
        ftag: x87.tag_word().into(),
        fiseg: 0,
        fioff: x87.instruction_pointer as u32,
        foseg: 0,
        fooff: x87.data_pointer as u32,
        fop: x87.opcode.into(),
    }
}

/// Writes the changes of gdb into the registers.
pub(super) fn from_gdb(stack: &[F80; 8], control: &X87FpuInternalRegs, x87: &mut X87Registers) {
    let pointer = |old: u64, low: u32| old & !POINTER_MASK | u64::from(low);
    x87.control = control.fctrl as u16;
    x87.status = control.fstat as u16;
    x87.set_tag_word(control.ftag as u16);
    x87.opcode = control.fop as u16;
    x87.instruction_pointer = pointer(x87.instruction_pointer, control.fioff);
    x87.data_pointer = pointer(x87.data_pointer, control.fooff);
    for (number, changed) in (0..).zip(stack) {
        let mut bytes = [0; 16];
        bytes[..10].copy_from_slice(changed);
        x87.registers[x87.place(number)] = u128::from_le_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use cpu_x86::X87Registers;

    use super::{control_to_gdb, from_gdb, stack_to_gdb};

    #[test]
    fn what_gdb_reads_and_writes_back_changes_nothing() {
        let x87 = X87Registers {
            registers: std::array::from_fn(|number| number as u128 + 1),
            control: 0x027F,
            status: 5 << 11 | 0x4100,
            occupied: 0b1110_0000,
            opcode: 0x0F1,
            instruction_pointer: 0xFFFF_F800_1000_2000,
            data_pointer: 0xFFFF_D000_2000_5F00,
        };
        let (stack, control) = (stack_to_gdb(&x87), control_to_gdb(&x87));
        assert_eq!(stack[0][0], 6, "ST(0) is R5");
        // R5 to R7 hold denormals. The other registers are empty.
        assert_eq!(control.ftag, 0b10_10_10_11_11_11_11_11);
        let mut written = x87;
        from_gdb(&stack, &control, &mut written);
        assert_eq!(written, x87);
    }

    #[test]
    fn a_number_that_gdb_writes_is_in_the_register_that_top_names() {
        let mut x87 = X87Registers { status: 7 << 11, ..X87Registers::default() };
        let mut stack = stack_to_gdb(&x87);
        stack[1] = [0, 0, 0, 0, 0, 0, 0, 0x80, 0xFF, 0x3F];
        from_gdb(&stack, &control_to_gdb(&x87), &mut x87);
        assert_eq!(x87.registers[0], 0x3FFF_8000_0000_0000_0000);
    }
}
