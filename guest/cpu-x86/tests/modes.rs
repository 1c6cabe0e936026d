//! What the native tests leave out: segments, 16-bit addresses, any bytes.
//!
//! The disassembly is also here, and the fast way through repeated moves and fills.

use cpu_x86::{Cpu, Mode, PAGE_BYTES, RFlags, Register, Registers, Rights, Stop, Support};
use proptest::prelude::*;

const PAGE: u64 = PAGE_BYTES as u64;
const CODE: u64 = 0x1000;
const DATA: u64 = 0x8000;

fn cpu(mode: Mode, code: &[u8]) -> Cpu {
    let mut cpu = Cpu::new(mode);
    cpu.memory_mut().map(CODE, PAGE, Rights::READ | Rights::EXECUTE).unwrap();
    cpu.memory_mut().map(DATA, 2 * PAGE, Rights::READ | Rights::WRITE).unwrap();
    cpu.memory_mut().poke(CODE, code).unwrap();
    cpu.set_rip(CODE);
    cpu
}

#[test]
fn gs_and_fs_add_their_bases() {
    // mov rax, gs:[20h]; mov ecx, fs:[rbx]; hlt
    let code = [0x65, 0x48, 0x8B, 0x04, 0x25, 0x20, 0, 0, 0, 0x64, 0x8B, 0x0B, 0xF4];
    let mut cpu = cpu(Mode::Bits64, &code);
    let registers =
        Registers { rip: CODE, gs_base: DATA, fs_base: DATA + 0x100, ..cpu.registers() };
    cpu.set_registers(&registers);
    cpu.set_register(Register::Rbx, 0x10);
    cpu.memory_mut().poke(DATA + 0x20, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
    cpu.memory_mut().poke(DATA + 0x110, &[9, 0, 0, 1]).unwrap();
    assert_eq!(cpu.run(10), Stop::Halt);
    assert_eq!(cpu.register(Register::Rax), 0x0807_0605_0403_0201);
    assert_eq!(cpu.register(Register::Rcx), 0x0100_0009);
}

#[test]
fn fs_reaches_the_processor_block_of_32_bit_code() {
    // mov eax, fs:[1Ch]; mov fs:[0], eax; hlt
    let code = [0x64, 0xA1, 0x1C, 0, 0, 0, 0x64, 0xA3, 0, 0, 0, 0, 0xF4];
    let mut cpu = cpu(Mode::Bits32, &code);
    let registers = Registers { rip: CODE, fs_base: DATA + 0x800, ..cpu.registers() };
    cpu.set_registers(&registers);
    cpu.memory_mut().poke(DATA + 0x81C, &[0xEF, 0xBE, 0xAD, 0xDE]).unwrap();
    assert_eq!(cpu.run(10), Stop::Halt);
    let mut bytes = [0; 4];
    cpu.memory().peek(DATA + 0x800, &mut bytes).unwrap();
    assert_eq!(bytes, [0xEF, 0xBE, 0xAD, 0xDE]);
}

#[test]
fn addresses_of_16_bits_wrap_at_64_kib() {
    // mov al, [bx + si + 4]; rep stosb with 16-bit addresses; jcxz over the hlt
    let code = [0x67, 0x8A, 0x40, 0x04, 0x67, 0xF3, 0xAA, 0x67, 0xE3, 0x01, 0xF4, 0xCC];
    let mut cpu = cpu(Mode::Bits32, &code);
    cpu.set_register(Register::Rbx, 0xABCD_F000);
    cpu.set_register(Register::Rsi, 0x1234_9000);
    cpu.set_register(Register::Rdi, 0x5555_8010);
    cpu.set_register(Register::Rcx, 0x7777_0002);
    cpu.memory_mut().poke(DATA + 4, &[0x42]).unwrap();
    assert_eq!(cpu.run(20), Stop::Interrupt { vector: 3, length: 1 });
    assert_eq!(cpu.register(Register::Rax), 0x42);
    assert_eq!(cpu.register(Register::Rdi), 0x5555_8012);
    assert_eq!(cpu.register(Register::Rcx), 0x7777_0000);
    let mut bytes = [0; 3];
    cpu.memory().peek(DATA + 0x10, &mut bytes).unwrap();
    assert_eq!(bytes, [0x42, 0x42, 0]);
}

#[test]
fn registers_of_32_bit_mode_have_no_upper_half() {
    let mut cpu = cpu(Mode::Bits32, &[0x48, 0xF4]);
    cpu.set_register(Register::Rax, 0xFFFF_FFFF_0000_0000);
    assert_eq!(cpu.run(10), Stop::Halt);
    assert_eq!(cpu.register(Register::Rax), 0xFFFF_FFFF);
}

#[test]
fn stack_and_addresses_of_32_bit_mode_wrap_at_4_gib() {
    // push eax with ESP 0; mov ebx, [ecx + 8], which reads the last four bytes of the address space
    let mut cpu = cpu(Mode::Bits32, &[0x50, 0x8B, 0x59, 0x08, 0xF4]);
    cpu.memory_mut().map(0xFFFF_F000, PAGE, Rights::READ | Rights::WRITE).unwrap();
    cpu.set_register(Register::Rax, 0x1234_5678);
    cpu.set_register(Register::Rsp, 0);
    cpu.set_register(Register::Rcx, 0xFFFF_FFF4);
    assert_eq!(cpu.run(10), Stop::Halt);
    assert_eq!(cpu.register(Register::Rsp), 0xFFFF_FFFC);
    assert_eq!(cpu.register(Register::Rbx), 0x1234_5678);
}

#[test]
fn the_disassembly_shows_what_lies_at_an_address() {
    let cpu = cpu(Mode::Bits64, &[0x48, 0x8B, 0x44, 0x24, 0x08]);
    let instruction = cpu.disassemble(CODE).unwrap();
    assert_eq!((instruction.text.as_str(), instruction.length), ("mov rax,[rsp+8]", 5));
    assert_eq!(instruction.support, Support::Emulated);
    assert_eq!(cpu.disassemble(0x5_0000), None);
}

#[test]
fn a_walk_over_code_tells_what_would_be_refused() {
    // in al, dx; fninit; fsin; cpuid; lidt [rax]; ret
    let code = [0xEC, 0xDB, 0xE3, 0xD9, 0xFE, 0x0F, 0xA2, 0x0F, 0x01, 0x18, 0xC3];
    let cpu = cpu(Mode::Bits64, &code);
    let (mut address, mut refused) = (CODE, Vec::new());
    while address < CODE + code.len() as u64 {
        let instruction = cpu.disassemble(address).unwrap();
        address += instruction.length as u64;
        if instruction.support == Support::Refused {
            refused.push(instruction.text);
        }
    }
    assert_eq!(refused, ["fsin", "lidt [rax]"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// For any bytes and registers, a run does not panic. It ends within its budget, and it counts
    /// every instruction.
    #[test]
    fn arbitrary_bytes_never_panic_and_always_stop(
        code in proptest::collection::vec(any::<u8>(), 1..200),
        general in proptest::array::uniform16(any::<u64>()),
        small in any::<u16>(),
        wide in any::<bool>(),
    ) {
        let mode = if wide { Mode::Bits64 } else { Mode::Bits32 };
        let mut cpu = cpu(mode, &code);
        cpu.memory_mut().protect(CODE, PAGE, Rights::all() - Rights::GUARD).unwrap();
        // About half of the registers point between the beginning of the code and the end of the
        // data. Not every page there is mapped.
        let near = |number: usize| CODE + u64::from(small).rotate_left(number as u32) % 0x9000;
        let general = std::array::from_fn(|number| {
            if general[number] & 1 == 0 { near(number) } else { general[number] }
        });
        cpu.set_registers(&Registers { general, rip: CODE, ..Registers::default() });
        let mut left: u64 = 2000;
        while left > 0 {
            let before = cpu.instruction_count();
            let stop = cpu.run(left);
            let done = cpu.instruction_count() - before;
            prop_assert!(done <= left);
            left -= done;
            match stop {
                Stop::Budget => prop_assert_eq!(left, 0),
                Stop::PortRead(read) => {
                    prop_assert!(cpu.finish_port_read(&read, 0x5A5A_5A5A).is_ok());
                }
                Stop::Cr8Read(read) => cpu.finish_cr8_read(&read, 0),
                Stop::TimestampRead => cpu.finish_timestamp_read(u64::MAX),
                Stop::PortWrite { .. }
                | Stop::Cr8Write { .. }
                | Stop::InterruptFlag
                | Stop::Halt => {}
                _ => break,
            }
        }
    }

    /// For any bytes, a run in single steps is the same as a run at once.
    #[test]
    fn single_steps_equal_one_run_on_arbitrary_bytes(
        code in proptest::collection::vec(any::<u8>(), 1..60),
        general in proptest::array::uniform16(CODE..0x9F00),
    ) {
        let prepared = || {
            let mut cpu = cpu(Mode::Bits64, &code);
            cpu.memory_mut().protect(CODE, PAGE, Rights::all() - Rights::GUARD).unwrap();
            cpu.set_registers(&Registers { general, rip: CODE, ..Registers::default() });
            cpu
        };
        let (mut whole, mut steps) = (prepared(), prepared());
        let stop = whole.run(500);
        let mut last = Stop::Budget;
        while last == Stop::Budget && steps.instruction_count() < 500 {
            last = steps.step();
        }
        prop_assert_eq!(last, stop);
        prop_assert_eq!(steps.registers(), whole.registers());
        prop_assert_eq!(steps.instruction_count(), whole.instruction_count());
    }

    /// The fast way through repeated moves and fills has the same result as single iterations.
    #[test]
    fn repeated_moves_and_fills_at_once_equal_single_iterations(
        fill in any::<bool>(),
        opcode_width in 0usize..3,
        from in 0u64..PAGE + 0x800,
        distance in -80i64..80,
        count in 0u64..700,
        upwards in any::<bool>(),
        budget in 1u64..900,
    ) {
        let string = if fill { [0xAA, 0xAB] } else { [0xA4, 0xA5] };
        let code: &[u8] = match opcode_width {
            0 => &[0xF3, string[0], 0xF4],
            1 => &[0xF3, string[1], 0xF4],
            _ => &[0xF3, 0x48, string[1], 0xF4],
        };
        let contents: Vec<u8> = (0..2 * PAGE).map(|at| (at * 7 + at / 256) as u8).collect();
        let run = |budget: u64| {
            let mut cpu = cpu(Mode::Bits64, code);
            cpu.memory_mut().poke(DATA, &contents).unwrap();
            cpu.set_register(Register::Rax, 0x1122_3344_5566_7788);
            cpu.set_register(Register::Rcx, count);
            cpu.set_register(Register::Rsi, DATA + from);
            cpu.set_register(Register::Rdi, (DATA + from).wrapping_add_signed(distance));
            if !upwards {
                cpu.set_flags(RFlags::DIRECTION);
            }
            let stop = std::iter::repeat_with(|| cpu.run(budget))
                .find(|stop| *stop != Stop::Budget)
                .expect("the iterator is endless");
            let mut memory = vec![0; 2 * PAGE_BYTES];
            cpu.memory().peek(DATA, &mut memory).unwrap();
            (stop, cpu.registers(), cpu.instruction_count(), memory)
        };
        prop_assert_eq!(run(1), run(budget));
    }
}
