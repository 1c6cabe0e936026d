//! The x87: registers, control and status, the last instruction.
//!
//! This file has the state and the answers to exceptions. The arithmetic is in the folder `x87/`,
//! and the instructions are in `ops/x87/`.
//!
//! Source: Intel SDM volume 1, chapter 8.

pub(crate) mod arithmetic;
pub(crate) mod convert;
pub(crate) mod exact;
pub(crate) mod number;
pub(crate) mod remainder;
pub(crate) mod round;
pub(crate) mod words;

use number::{Class, Exact, Number, Operand};
use round::{Format, Rounded, round};
use words::{Control, Status, TOP_SHIFT};

/// The x87 as one value to save and restore.
///
/// This value is apart from [`Registers`](crate::Registers). So a user who runs other code during a
/// stop can save `Registers` alone. An interrupt on a real processor does not save the x87 either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct X87Registers {
    /// The registers R0 to R7 by their fixed numbers, 80 bits each: bits 0 to 63 the significand,
    /// 64 to 78 the exponent, 79 the sign. ST(0) is the register that TOP names.
    pub registers: [u128; 8],
    /// The control word.
    pub control: u16,
    /// The status word; bits 11 to 13 are TOP.
    pub status: u16,
    /// Which registers hold a number: bit n for Rn, as in the tag byte of FXSAVE.
    pub occupied: u8,
    /// The lower 11 bits of the opcode of the last instruction that was not a control instruction.
    pub opcode: u16,
    /// The address of the last instruction that was not a control instruction.
    pub instruction_pointer: u64,
    /// The address of the last memory operand of an instruction that was not a control instruction,
    /// without its segment base.
    pub data_pointer: u64,
}

impl Default for X87Registers {
    /// The state after FNINIT.
    fn default() -> X87Registers {
        X87::new().registers()
    }
}

impl X87Registers {
    /// The number of the register that is ST(`number`).
    pub fn place(&self, number: u8) -> usize {
        usize::from((self.status >> TOP_SHIFT) as u8 + number) % 8
    }

    /// The tag word: two bits for each register; R0 has the lowest bits. 0 is a normal number, 1 is
    /// zero, 2 is any other value, 3 is an empty register.
    pub fn tag_word(&self) -> u16 {
        let mut x87 = X87::new();
        x87.set_registers(self);
        x87.tag_word()
    }

    /// Sets which registers hold a number, from a tag word.
    pub fn set_tag_word(&mut self, word: u16) {
        self.occupied = occupied(word);
    }
}

/// The registers that a tag word does not call empty.
fn occupied(word: u16) -> u8 {
    (0..8).filter(|place| word >> (2 * place) & 3 != 3).map(|place| 1 << place).sum()
}

/// The state of the x87.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct X87 {
    registers: [Number; 8],
    occupied: u8,
    top: u8,
    pub(crate) control: Control,
    pub(crate) status: Status,
    pub(crate) opcode: u16,
    pub(crate) instruction_pointer: u64,
    pub(crate) data_pointer: u64,
}

/// What the x87 does after exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Response {
    /// All exceptions are masked: the instruction has a result.
    Masked,
    /// An exception is not masked: it waits until an instruction looks for exceptions.
    Unmasked,
}

/// The instruction has no result, because of an exception that is not masked. The exception comes
/// before the calculation, or is an overflow or underflow of a store. The instruction notes the
/// exception, and changes no number in a register or in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Abandoned;

impl X87 {
    /// The state after FNINIT, with all registers zero.
    pub(crate) fn new() -> X87 {
        X87 {
            registers: [Number::zero(0); 8],
            occupied: 0,
            top: 0,
            control: Control::INITIAL,
            status: Status::empty(),
            opcode: 0,
            instruction_pointer: 0,
            data_pointer: 0,
        }
    }

    /// FNINIT: the registers keep their contents, but all become empty.
    pub(crate) fn initialize(&mut self) {
        *self = X87 { registers: self.registers, ..X87::new() };
    }

    pub(crate) fn registers(&self) -> X87Registers {
        X87Registers {
            registers: self.registers.map(|number| {
                u128::from(number.sign_exponent) << 64 | u128::from(number.significand)
            }),
            control: self.control.bits(),
            status: self.status_word(),
            occupied: self.occupied,
            opcode: self.opcode,
            instruction_pointer: self.instruction_pointer,
            data_pointer: self.data_pointer,
        }
    }

    pub(crate) fn set_registers(&mut self, registers: &X87Registers) {
        self.registers = registers
            .registers
            .map(|bits| Number { sign_exponent: (bits >> 64) as u16, significand: bits as u64 });
        self.occupied = registers.occupied;
        self.set_opcode(registers.opcode);
        self.instruction_pointer = registers.instruction_pointer;
        self.data_pointer = registers.data_pointer;
        self.set_status_word(registers.status);
        self.set_control(Control::from_bits(registers.control));
    }

    /// The status word with TOP.
    pub(crate) fn status_word(&self) -> u16 {
        self.status.bits() | u16::from(self.top) << TOP_SHIFT
    }

    pub(crate) fn set_status_word(&mut self, word: u16) {
        self.top = (word >> TOP_SHIFT) as u8 & 7;
        self.status = Status::from_bits_truncate(word);
        self.settle();
    }

    /// Sets the control word. If the new word unmasks an exception that is set, the exception
    /// begins to wait. If the new word masks an exception, the exception stops waiting.
    pub(crate) fn set_control(&mut self, control: Control) {
        self.control = control;
        self.settle();
    }

    /// Makes ES and B say whether an exception waits.
    fn settle(&mut self) {
        let waits = !self.control.unmasked(self.status).is_empty();
        self.status.set(Status::WAITING, waits);
    }

    /// Sets the opcode of the last instruction.
    pub(crate) fn set_opcode(&mut self, opcode: u16) {
        self.opcode = opcode & OPCODE_MASK;
    }

    /// FNCLEX.
    pub(crate) fn clear_exceptions(&mut self) {
        self.status &= !(Status::EXCEPTIONS | Status::STACK_FAULT | Status::WAITING);
    }

    /// Whether an exception that is not masked waits.
    pub(crate) fn has_waiting(&self) -> bool {
        self.status.contains(Status::SUMMARY)
    }

    /// Notes exceptions.
    pub(crate) fn raise(&mut self, exceptions: Status) -> Response {
        self.status |= exceptions;
        if self.control.unmasked(exceptions).is_empty() {
            return Response::Masked;
        }
        self.status |= Status::WAITING;
        Response::Unmasked
    }

    /// Notes exceptions that come before the calculation.
    pub(crate) fn raise_before(&mut self, exceptions: Status) -> Result<(), Abandoned> {
        match self.raise(exceptions) {
            Response::Masked => Ok(()),
            Response::Unmasked => Err(Abandoned),
        }
    }

    /// An invalid operation: the result is the default NaN.
    pub(crate) fn invalid(&mut self) -> Result<Number, Abandoned> {
        self.raise_before(Status::INVALID)?;
        Ok(Number::DEFAULT_NAN)
    }

    /// Notes a stack underflow: a register that has to hold a number is empty. The result is the
    /// default NaN.
    pub(crate) fn stack_underflow(&mut self) -> Result<Number, Abandoned> {
        self.status &= !Status::C1;
        self.raise_before(Status::INVALID | Status::STACK_FAULT)?;
        Ok(Number::DEFAULT_NAN)
    }

    /// Sets C1 and leaves the other condition codes alone.
    pub(crate) fn set_c1(&mut self, state: bool) {
        self.status.set(Status::C1, state);
    }

    /// Sets C3, C2 and C0.
    pub(crate) fn set_comparison(&mut self, codes: Status) {
        self.status = self.status & !Status::COMPARISON | codes;
    }

    fn place(&self, number: u8) -> u8 {
        self.top.wrapping_add(number) & 7
    }

    /// Whether ST(number) is empty.
    pub(crate) fn is_empty(&self, number: u8) -> bool {
        self.occupied >> self.place(number) & 1 == 0
    }

    /// The contents of ST(number), even if the register is empty.
    pub(crate) fn contents(&self, number: u8) -> Number {
        self.registers[usize::from(self.place(number))]
    }

    /// ST(number), unless the register is empty.
    pub(crate) fn operand(&self, number: u8) -> Option<Operand> {
        (!self.is_empty(number)).then(|| Operand::of(self.contents(number)))
    }

    /// Sets the contents of ST(number). An empty register stays empty.
    pub(crate) fn set_contents(&mut self, number: u8, value: Number) {
        self.registers[usize::from(self.place(number))] = value;
    }

    /// Sets ST(number) and marks it as not empty.
    pub(crate) fn set(&mut self, number: u8, value: Number) {
        let place = self.place(number);
        self.registers[usize::from(place)] = value;
        self.occupied |= 1 << place;
    }

    /// Makes ST(number) empty.
    pub(crate) fn free(&mut self, number: u8) {
        self.occupied &= !(1 << self.place(number));
    }

    /// Sets TOP. The contents of R0 to R7 do not change.
    pub(crate) fn set_top(&mut self, top: u8) {
        self.top = top & 7;
    }

    /// Adds a number of steps to TOP, modulo 8: 1 step is FINCSTP, 7 steps are FDECSTP.
    pub(crate) fn rotate(&mut self, steps: u8) {
        self.top = self.place(steps);
    }

    /// Removes ST(0).
    pub(crate) fn pop(&mut self) {
        self.free(0);
        self.rotate(1);
    }

    /// Pushes a number. On a masked stack overflow the default NaN is pushed instead. If the
    /// exception is not masked, nothing is pushed.
    pub(crate) fn push(&mut self, value: Number) {
        self.set_c1(false);
        let mut value = value;
        if !self.is_empty(7) {
            if self.overflow_stack() == Response::Unmasked {
                return;
            }
            value = Number::DEFAULT_NAN;
        }
        self.push_over(value);
    }

    /// Pushes a number, even over a register that is not empty.
    pub(crate) fn push_over(&mut self, value: Number) {
        self.rotate(7);
        self.set(0, value);
    }

    /// Notes a stack overflow.
    pub(crate) fn overflow_stack(&mut self) -> Response {
        self.set_c1(true);
        self.raise(Status::INVALID | Status::STACK_FAULT)
    }

    /// Marks each register as empty, or as holding a number.
    pub(crate) fn set_occupied(&mut self, occupied: u8) {
        self.occupied = occupied;
    }

    pub(crate) fn occupied(&self) -> u8 {
        self.occupied
    }

    /// The tag word: two bits for each register.
    pub(crate) fn tag_word(&self) -> u16 {
        (0..8).rev().fold(0, |word, place| {
            let tag = if self.occupied >> place & 1 == 0 {
                3
            } else {
                match self.registers[place].class() {
                    Class::Normal => 0,
                    Class::Zero => 1,
                    _ => 2,
                }
            };
            word << 2 | tag
        })
    }

    /// Sets which registers are empty, from a tag word. The other tags are not kept, because each
    /// of them follows from the number in the register.
    pub(crate) fn set_tag_word(&mut self, word: u16) {
        self.occupied = occupied(word);
    }

    /// Rounds a result to `precision_bits` bits and to the exponents of a register, and notes the
    /// exceptions.
    pub(crate) fn round_result(&mut self, value: Exact, precision_bits: u32) -> Number {
        let unmasked = self.control.unmasked(Status::EXCEPTIONS);
        let format = Format::register(precision_bits);
        let rounded = round(value, format, self.control.rounding(), unmasked);
        self.note(rounded);
        rounded.number
    }

    /// Notes the exceptions of a rounding, and in C1 whether the magnitude became greater.
    pub(crate) fn note(&mut self, rounded: Rounded) -> Response {
        self.set_c1(rounded.is_up);
        self.raise(rounded.exceptions)
    }
}

/// The bits of an opcode that the x87 keeps.
const OPCODE_MASK: u16 = 0x7FF;
