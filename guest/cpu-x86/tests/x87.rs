//! The x87 against Rust's own `f32` and `f64`; the rule for NaNs; stops.

use cpu_x86::{Cpu, FaultKind, Mode, PAGE_BYTES, Registers, Rights, Stop, Support, X87Registers};
use proptest::prelude::*;

const PAGE: u64 = PAGE_BYTES as u64;
const CODE: u64 = 0x1000;
const DATA: u64 = 0x4000;

/// The status bits of the exceptions: invalid, zero divide, stack fault, and ES with B.
const INVALID: u16 = 1;
const ZERO_DIVIDE: u16 = 4;
const STACK_FAULT: u16 = 0x40;
const WAITING: u16 = 0x8080;

fn cpu(mode: Mode, code: &[u8]) -> Cpu {
    let mut cpu = Cpu::new(mode);
    cpu.memory_mut().map(CODE, PAGE, Rights::READ | Rights::EXECUTE).unwrap();
    cpu.memory_mut().map(DATA, PAGE, Rights::READ | Rights::WRITE).unwrap();
    cpu.memory_mut().poke(CODE, code).unwrap();
    cpu.set_registers(&Registers { rip: CODE, ..Registers::default() });
    let mut general = cpu.registers();
    (general.general[6], general.general[7]) = (DATA, DATA + 0x100);
    cpu.set_registers(&general);
    cpu
}

fn bytes<const N: usize>(cpu: &Cpu, address: u64) -> [u8; N] {
    let mut bytes = [0; N];
    cpu.memory().peek(address, &mut bytes).unwrap();
    bytes
}

/// An x87 with these numbers in ST(0) and ST(1).
fn stack(control: u16, numbers: [u128; 2]) -> X87Registers {
    let mut x87 = X87Registers { control, occupied: 0xC0, status: 6 << 11, ..Default::default() };
    x87.registers[6..].copy_from_slice(&numbers);
    x87
}

/// Runs `fld [rsi]; OPERATION [rsi + 8]; fstp [rdi]; hlt` in one precision.
fn calculate(control: u16, escapes: [u8; 2], operation: u8, operands: [[u8; 8]; 2]) -> [u8; 8] {
    let [load, arithmetic] = escapes;
    let code = [load, 0x06, arithmetic, 0x46 | operation << 3, 8, load, 0x1F, 0xF4];
    let mut cpu = cpu(Mode::Bits64, &code);
    cpu.set_x87(&X87Registers { control, ..X87Registers::default() });
    cpu.memory_mut().poke(DATA, &operands.concat()).unwrap();
    assert_eq!(cpu.run(10), Stop::Halt);
    assert_eq!(cpu.x87().occupied, 0);
    bytes(&cpu, DATA + 0x100)
}

/// The numbers of FADD, FMUL, FSUB, FSUBR, FDIV and FDIVR in their addressing byte.
const OPERATIONS: [u8; 6] = [0, 1, 4, 5, 6, 7];

macro_rules! apply {
    ($operation:expr, $left:expr, $right:expr) => {
        match $operation {
            0 => $left + $right,
            1 => $left * $right,
            4 => $left - $right,
            5 => $right - $left,
            6 => $left / $right,
            _ => $right / $left,
        }
    };
}

/// The NaN that the x87 gives for two NaNs.
///
/// Source: Intel SDM volume 1, table 4-7: a quiet NaN comes before a signaling NaN, and then the
/// greater significand comes first. The result is quiet.
fn expected_nan(left: u128, right: u128) -> u128 {
    const QUIET: u128 = 1 << 62;
    let (left_is_quiet, right_is_quiet) = (left & QUIET != 0, right & QUIET != 0);
    let significand = |nan: u128| nan as u64 | QUIET as u64;
    let chosen = if left_is_quiet != right_is_quiet {
        if left_is_quiet { left } else { right }
    } else if significand(left) != significand(right) {
        if significand(left) > significand(right) { left } else { right }
    } else {
        // The two NaNs can differ only in the sign. The positive NaN is chosen.
        left & right
    };
    chosen | QUIET
}

/// NaNs that often differ only in the sign or the quiet bit.
fn nan() -> impl Strategy<Value = u128> {
    (any::<bool>(), any::<bool>(), prop_oneof![1u64..4, any::<u64>()]).prop_map(
        |(sign, quiet, payload)| {
            let payload = payload & 0x3FFF_FFFF_FFFF_FFFF;
            u128::from(sign) << 79
                | 0x7FFF << 64
                | 1 << 63
                | u128::from(quiet) << 62
                | u128::from(payload.max(1))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// With a precision of 53 bits, the x87 has the results of Rust's `f64`, if operands and result
    /// are normal numbers or zeros.
    #[test]
    fn doubles_in_double_precision_are_those_of_rust(
        left in any::<u64>(), right in any::<u64>(), operation in 0usize..6, near in any::<bool>(),
    ) {
        let operation = OPERATIONS[operation];
        let double = |bits: u64| {
            let exponent = if near { 0x3E0 + (bits >> 52) % 0x40 } else { bits >> 52 & 0x7FF };
            f64::from_bits(bits & 0x800F_FFFF_FFFF_FFFF | exponent << 52)
        };
        let (left, right) = (double(left), double(right));
        let expected: f64 = apply!(operation, left, right);
        let is_ordinary = |value: f64| value.is_normal() || value == 0.0;
        prop_assume!(is_ordinary(left) && is_ordinary(right) && is_ordinary(expected));
        let operands = [left.to_bits().to_le_bytes(), right.to_bits().to_le_bytes()];
        let result = calculate(0x027F, [0xDD, 0xDC], operation, operands);
        prop_assert_eq!(f64::from_le_bytes(result).to_bits(), expected.to_bits());
    }

    /// With a precision of 24 bits, the x87 has the results of Rust's `f32`, if operands and result
    /// are normal numbers.
    #[test]
    fn floats_in_single_precision_are_those_of_rust(
        left in any::<u32>(), right in any::<u32>(), operation in 0usize..6,
    ) {
        let operation = OPERATIONS[operation];
        let (left, right) = (f32::from_bits(left), f32::from_bits(right));
        let expected: f32 = apply!(operation, left, right);
        prop_assume!(left.is_normal() && right.is_normal() && expected.is_normal());
        let operand = |value: f32| u64::from(value.to_bits()).to_le_bytes();
        let result = calculate(0x007F, [0xD9, 0xD8], operation, [operand(left), operand(right)]);
        prop_assert_eq!(&result[..4], &expected.to_bits().to_le_bytes()[..]);
    }

    /// Every arithmetic instruction chooses between two NaNs by one rule.
    #[test]
    fn two_nans_give_the_quiet_one_with_the_greater_significand(
        left in nan(), right in nan(), operation in 0usize..6,
    ) {
        // fadd st, st(1) and the other instructions
        let mut cpu = cpu(Mode::Bits32, &[0xD8, 0xC1 | OPERATIONS[operation] << 3]);
        cpu.set_x87(&stack(0x037F, [left, right]));
        prop_assert_eq!(cpu.step(), Stop::Budget);
        prop_assert_eq!(cpu.x87().registers[6], expected_nan(left, right));
        let has_signaling = [left, right].iter().any(|nan| nan & 1 << 62 == 0);
        prop_assert_eq!(cpu.x87().status & 0x7F, u16::from(has_signaling));
    }

    /// FRSTOR loads what FNSAVE has stored, and FXRSTOR loads what FXSAVE has stored.
    #[test]
    fn a_saved_x87_is_restored(
        numbers in proptest::array::uniform8(any::<u128>()), words in any::<[u16; 2]>(),
        occupied in any::<u8>(), whole in any::<bool>(),
    ) {
        // fnsave [rdi]; frstor [rdi], or fxsave [rdi]; fninit; fxrstor [rdi]
        let code: &[u8] = match whole {
            false => &[0xDD, 0x37, 0xDD, 0x27],
            true => &[0x0F, 0xAE, 0x07, 0xDB, 0xE3, 0x0F, 0xAE, 0x0F],
        };
        let mut cpu = cpu(Mode::Bits32, code);
        cpu.set_x87(&X87Registers {
            registers: numbers.map(|number| number >> 48),
            control: words[0] | 0x3F,
            status: words[1],
            occupied,
            ..X87Registers::default()
        });
        let before = cpu.x87();
        let steps = if whole { 3 } else { 2 };
        prop_assert_eq!(cpu.run(steps), Stop::Budget);
        prop_assert_eq!(cpu.x87(), before);
    }
}

#[test]
fn an_exception_that_is_not_masked_stops_the_next_waiting_instruction() {
    // fldz; fld1; fdiv st, st(1); nop; fnstsw ax; fchs
    let code = [0xD9, 0xEE, 0xD9, 0xE8, 0xD8, 0xF1, 0x90, 0xDF, 0xE0, 0xD9, 0xE0];
    for mode in [Mode::Bits32, Mode::Bits64] {
        let mut cpu = cpu(mode, &code);
        let control = 0x037F & !ZERO_DIVIDE;
        cpu.set_x87(&X87Registers { control, ..X87Registers::default() });
        assert_eq!(cpu.run(100), Stop::X87Exception);
        assert_eq!((cpu.rip(), cpu.instruction_count()), (CODE + 9, 5));
        let x87 = cpu.x87();
        assert_eq!(x87.status & 0x80FF, WAITING | ZERO_DIVIDE);
        assert_eq!((x87.instruction_pointer, x87.opcode), (CODE + 4, 0x0F1));
        assert_eq!(cpu.registers().general[0] & 0xFFFF, u64::from(x87.status));
        assert_eq!(x87.registers[6], 0x3FFF_u128 << 64 | 1 << 63, "the dividend is still there");
        // With the exception masked, the instruction goes on.
        cpu.set_x87(&X87Registers { control: 0x037F, ..x87 });
        assert_eq!(cpu.step(), Stop::Budget);
        assert_eq!(cpu.rip(), CODE + 11);
    }
}

#[test]
fn an_empty_register_gives_the_default_nan_and_a_full_stack_too() {
    // fchs; eight times fldz; the last fldz finds a full stack
    let mut code = vec![0xD9, 0xE0];
    code.extend([0xD9, 0xEE].repeat(8));
    let mut cpu = cpu(Mode::Bits32, &code);
    assert_eq!(cpu.step(), Stop::Budget);
    assert_eq!(cpu.x87().status & 0xFF, INVALID | STACK_FAULT);
    assert_eq!(cpu.x87().registers[0], 0xFFFF_C000_0000_0000_0000);
    assert_eq!(cpu.run(7), Stop::Budget);
    assert_eq!(cpu.x87().status >> 9 & 1, 0, "C1 after an underflow");
    assert_eq!(cpu.step(), Stop::Budget);
    assert_eq!(cpu.x87().status >> 9 & 1, 1, "C1 after an overflow");
    assert_eq!(cpu.x87().registers[0], 0xFFFF_C000_0000_0000_0000);
}

#[test]
fn a_refused_store_leaves_the_stack_alone() {
    // fld1; fstp qword [rdi]
    let mut cpu = cpu(Mode::Bits32, &[0xD9, 0xE8, 0xDD, 0x1F]);
    cpu.memory_mut().protect(DATA, PAGE, Rights::READ).unwrap();
    assert_eq!(cpu.step(), Stop::Budget);
    let before = cpu.x87();
    let Stop::Fault(fault) = cpu.step() else { panic!("the page cannot be written") };
    assert_eq!((fault.address, fault.kind), (DATA + 0x100, FaultKind::Rights));
    assert_eq!(cpu.x87(), before);
    cpu.memory_mut().protect(DATA, PAGE, Rights::READ | Rights::WRITE).unwrap();
    assert_eq!(cpu.step(), Stop::Budget);
    assert_eq!(f64::from_le_bytes(bytes(&cpu, DATA + 0x100)), 1.0);
}

#[test]
fn fxsave_needs_an_address_that_is_a_multiple_of_16() {
    // fxsave [rdi + 8]
    let mut cpu = cpu(Mode::Bits64, &[0x0F, 0xAE, 0x47, 0x08]);
    let Stop::Fault(fault) = cpu.step() else { panic!("the address is odd") };
    assert_eq!((fault.address, fault.kind), (DATA + 0x108, FaultKind::Misaligned));
}

#[test]
fn a_snapshot_has_the_x87_and_the_plain_registers_do_not() {
    // fldpi
    let mut cpu = cpu(Mode::Bits32, &[0xD9, 0xEB]);
    let (snapshot, registers) = (cpu.snapshot(), cpu.registers());
    assert_eq!(cpu.step(), Stop::Budget);
    let loaded = cpu.x87();
    assert_eq!(loaded.registers[7], 0x4000_C90F_DAA2_2168_C235);
    cpu.set_registers(&registers);
    assert_eq!(cpu.x87(), loaded);
    cpu.restore(&snapshot);
    assert_eq!(cpu.x87(), X87Registers::default());
}

#[test]
fn the_transcendental_instructions_are_refused() {
    // f2xm1, fyl2x, fptan, fpatan, fyl2xp1, fsincos, fsin, fcos
    for second in [0xF0, 0xF1, 0xF2, 0xF3, 0xF9, 0xFB, 0xFE, 0xFF] {
        let mut cpu = cpu(Mode::Bits32, &[0xD9, second]);
        assert_eq!(cpu.disassemble(CODE).unwrap().support, Support::Refused);
        assert_eq!(cpu.step(), Stop::Unsupported { address: CODE });
    }
}
