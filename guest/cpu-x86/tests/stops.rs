//! The reasons to stop: the report, RIP, and the number of instructions.

use cpu_x86::{
    Access, Cpu, Fault, FaultKind, Mode, PAGE_BYTES, PortWidth, RFlags, Register, Rights, Stop,
    Watchpoint,
};

const CODE: u64 = 0x1000;
const DATA: u64 = 0x4000;
const STACK_TOP: u64 = 0x8000;
const PAGE: u64 = PAGE_BYTES as u64;

fn cpu(mode: Mode, code: &[u8]) -> Cpu {
    let mut cpu = Cpu::new(mode);
    let memory = cpu.memory_mut();
    memory.map(CODE, PAGE, Rights::READ | Rights::EXECUTE).unwrap();
    memory.map(DATA, PAGE, Rights::READ | Rights::WRITE).unwrap();
    memory.map(STACK_TOP - PAGE, PAGE, Rights::READ | Rights::WRITE).unwrap();
    memory.poke(CODE, code).unwrap();
    cpu.set_rip(CODE);
    cpu.set_register(Register::Rsp, STACK_TOP);
    cpu
}

#[test]
fn a_budget_ends_exactly_at_every_instruction_of_a_block() {
    // Ten times inc eax, then jmp to the start.
    let mut code = [0xFF, 0xC0].repeat(10);
    code.extend([0xEB, 0xEA]);
    for budget in 0..40 {
        let mut cpu = cpu(Mode::Bits64, &code);
        assert_eq!(cpu.run(budget), Stop::Budget);
        assert_eq!(cpu.instruction_count(), budget);
        assert_eq!(cpu.register(Register::Rax), budget - budget / 11);
        assert_eq!(cpu.rip(), CODE + 2 * (budget % 11));
    }
}

#[test]
fn running_in_pieces_is_the_same_as_running_at_once() {
    // A loop with calls, flags and memory: mov [rdi], eax; add eax, [rdi]; adc ebx, 1; push rax;
    // pop rcx; call +0; add rsp, 8; dec edx; jnz to the start; hlt.
    let code = [
        0x89, 0x07, 0x03, 0x07, 0x83, 0xD3, 0x01, 0x50, 0x59, 0xE8, 0, 0, 0, 0, 0x48, 0x83, 0xC4,
        0x08, 0xFF, 0xCA, 0x75, 0xEA, 0xF4,
    ];
    let prepared = || {
        let mut cpu = cpu(Mode::Bits64, &code);
        cpu.set_register(Register::Rax, 3);
        cpu.set_register(Register::Rdx, 50);
        cpu.set_register(Register::Rdi, DATA);
        cpu
    };
    let mut whole = prepared();
    assert_eq!(whole.run(100_000), Stop::Halt);
    assert_eq!(whole.instruction_count(), 50 * 9 + 1);
    for piece in 1..12 {
        let mut pieces = prepared();
        while pieces.run(piece) == Stop::Budget {}
        assert_eq!(pieces.registers(), whole.registers());
        assert_eq!(pieces.instruction_count(), whole.instruction_count());
    }
}

#[test]
fn a_port_read_waits_for_its_value_behind_the_instruction() {
    // in al, dx; in ax, 40h; in eax, dx; hlt
    let mut cpu = cpu(Mode::Bits64, &[0xEC, 0x66, 0xE5, 0x40, 0xED, 0xF4]);
    cpu.set_register(Register::Rdx, 0xABCD_0331);
    cpu.set_register(Register::Rax, u64::MAX);
    let Stop::PortRead(read) = cpu.run(10) else { panic!("a port read") };
    assert_eq!((read.port, read.width, cpu.rip()), (0x331, PortWidth::Byte, CODE + 1));
    cpu.finish_port_read(&read, 0x1280).unwrap();
    assert_eq!(cpu.register(Register::Rax), 0xFFFF_FFFF_FFFF_FF80);
    let Stop::PortRead(read) = cpu.run(10) else { panic!("a port read") };
    assert_eq!((read.port, read.width), (0x40, PortWidth::Word));
    cpu.finish_port_read(&read, 0x1234).unwrap();
    assert_eq!(cpu.register(Register::Rax), 0xFFFF_FFFF_FFFF_1234);
    let Stop::PortRead(read) = cpu.run(10) else { panic!("a port read") };
    assert_eq!(read.width, PortWidth::Dword);
    cpu.finish_port_read(&read, 0x89AB_CDEF).unwrap();
    assert_eq!(cpu.register(Register::Rax), 0x89AB_CDEF);
    assert_eq!(cpu.run(10), Stop::Halt);
    assert_eq!(cpu.instruction_count(), 4);
}

#[test]
fn a_port_write_carries_its_value() {
    // out dx, al; out 43h, eax
    let mut cpu = cpu(Mode::Bits32, &[0xEE, 0xE7, 0x43]);
    cpu.set_register(Register::Rdx, 0x330);
    cpu.set_register(Register::Rax, 0x1122_33FF);
    let byte = Stop::PortWrite { port: 0x330, width: PortWidth::Byte, value: 0xFF };
    assert_eq!(cpu.run(10), byte);
    let dword = Stop::PortWrite { port: 0x43, width: PortWidth::Dword, value: 0x1122_33FF };
    assert_eq!(cpu.run(10), dword);
    assert_eq!(cpu.rip(), CODE + 3);
}

#[test]
fn something_else_may_run_while_a_port_read_is_served() {
    let mut cpu = cpu(Mode::Bits64, &[0xEC, 0xF4, 0xB8, 0x63, 0, 0, 0, 0xC3]);
    cpu.add_stop_addresses(0xF000..=0xF00F);
    let Stop::PortRead(read) = cpu.run(10) else { panic!("a port read") };
    let saved = cpu.registers();
    cpu.set_register(Register::Rsp, STACK_TOP - 0x100);
    cpu.memory_mut().write(STACK_TOP - 0x100, &0xF000u64.to_le_bytes()).unwrap();
    cpu.set_rip(CODE + 2);
    assert_eq!(cpu.run(10), Stop::Reached { address: 0xF000 });
    assert_eq!(cpu.register(Register::Rax), 0x63);
    cpu.set_registers(&saved);
    cpu.finish_port_read(&read, 0x55).unwrap();
    assert_eq!(cpu.run(10), Stop::Halt);
    assert_eq!(cpu.register(Register::Rax), 0x55);
}

#[test]
fn repeated_port_reads_stop_for_each_element() {
    // rep insb; hlt
    let mut cpu = cpu(Mode::Bits64, &[0xF3, 0x6C, 0xF4]);
    cpu.set_register(Register::Rdx, 0x330);
    cpu.set_register(Register::Rcx, 3);
    cpu.set_register(Register::Rdi, DATA + 5);
    for (value, behind) in [(0x90, CODE), (0x3C, CODE), (0x40, CODE + 2)] {
        let Stop::PortRead(read) = cpu.run(10) else { panic!("a port read") };
        assert_eq!((read.port, cpu.rip()), (0x330, behind));
        cpu.finish_port_read(&read, value).unwrap();
    }
    assert_eq!(cpu.run(10), Stop::Halt);
    let mut bytes = [0; 5];
    cpu.memory().peek(DATA + 4, &mut bytes).unwrap();
    assert_eq!(bytes, [0, 0x90, 0x3C, 0x40, 0]);
    assert_eq!(cpu.register(Register::Rcx), 0);
    assert_eq!(cpu.instruction_count(), 4);
}

#[test]
fn repeated_port_writes_stop_for_each_element() {
    // rep outsw
    let mut cpu = cpu(Mode::Bits32, &[0xF3, 0x66, 0x6F]);
    cpu.set_register(Register::Rdx, 0x300);
    cpu.set_register(Register::Rcx, 2);
    cpu.set_register(Register::Rsi, DATA);
    cpu.memory_mut().poke(DATA, &[1, 2, 3, 4]).unwrap();
    for value in [0x0201, 0x0403] {
        let expected = Stop::PortWrite { port: 0x300, width: PortWidth::Word, value };
        assert_eq!(cpu.run(10), expected);
    }
    assert_eq!(cpu.register(Register::Rsi), DATA + 4);
    assert_eq!(cpu.rip(), CODE + 3);
}

#[test]
fn cr8_is_read_and_written_by_stops() {
    // mov rax, cr8; mov cr8, rcx; mov r9, cr8
    let code = [0x44, 0x0F, 0x20, 0xC0, 0x44, 0x0F, 0x22, 0xC1, 0x45, 0x0F, 0x20, 0xC1];
    let mut cpu = cpu(Mode::Bits64, &code);
    let Stop::Cr8Read(read) = cpu.run(10) else { panic!("a read of CR8") };
    cpu.finish_cr8_read(&read, 2);
    assert_eq!(cpu.register(Register::Rax), 2);
    cpu.set_register(Register::Rcx, 9);
    assert_eq!(cpu.run(10), Stop::Cr8Write { value: 9 });
    assert_eq!(cpu.rip(), CODE + 8);
    let Stop::Cr8Read(read) = cpu.run(10) else { panic!("a read of CR8") };
    cpu.finish_cr8_read(&read, 9);
    assert_eq!(cpu.register(Register::R9), 9);
}

#[test]
fn the_time_stamp_comes_from_outside() {
    let mut cpu = cpu(Mode::Bits64, &[0x0F, 0x31, 0xF4]);
    assert_eq!(cpu.run(10), Stop::TimestampRead);
    cpu.finish_timestamp_read(0x1_8000_0002);
    assert_eq!(cpu.register(Register::Rax), 0x8000_0002);
    assert_eq!(cpu.register(Register::Rdx), 1);
}

#[test]
fn a_change_of_the_interrupt_flag_is_a_stop_and_no_change_is_none() {
    // sti; sti; cli; hlt
    let mut cpu = cpu(Mode::Bits64, &[0xFB, 0xFB, 0xFA, 0xF4]);
    assert_eq!(cpu.run(10), Stop::InterruptFlag);
    assert!(cpu.flags().contains(RFlags::INTERRUPT));
    assert_eq!(cpu.run(10), Stop::InterruptFlag);
    assert_eq!(cpu.rip(), CODE + 3);
    assert!(!cpu.flags().contains(RFlags::INTERRUPT));
    assert_eq!(cpu.run(10), Stop::Halt);
}

#[test]
fn accusations_leave_rip_at_the_instruction() {
    let cases: [(&[u8], Stop); 6] = [
        (&[0xCC], Stop::Interrupt { vector: 3, length: 1 }),
        (&[0xCD, 0x29], Stop::Interrupt { vector: 0x29, length: 2 }),
        (&[0x0F, 0x0B], Stop::Undefined),
        (&[0x06], Stop::Undefined),
        (&[0xF7, 0xF1], Stop::DivideError),
        (&[0x0F, 0x01, 0x10], Stop::Unsupported { address: CODE + 2 }),
    ];
    for (bytes, expected) in cases {
        let code = [&[0x90, 0x90][..], bytes].concat();
        let mut cpu = cpu(Mode::Bits64, &code);
        assert_eq!(cpu.run(10), expected);
        assert_eq!((cpu.rip(), cpu.instruction_count()), (CODE + 2, 2));
    }
}

#[test]
fn an_instruction_that_is_not_there_gives_address_and_text() {
    let cases: [(&[u8], &str); 6] = [
        (&[0x0F, 0x58, 0xC1], "addps xmm0,xmm1"),
        (&[0xD9, 0xFE], "fsin"),
        (&[0xC5, 0xF1, 0xEF, 0xC2], "vpxor xmm0,xmm1,xmm2"),
        (&[0x0F, 0x30], "wrmsr"),
        (&[0xCB], "ret far"),
        (&[0x8E, 0xD8], "mov ds,ax"),
    ];
    for (bytes, text) in cases {
        let mut cpu = cpu(Mode::Bits64, &[&[0x90, 0x90][..], bytes].concat());
        let address = CODE + 2;
        assert_eq!(cpu.run(10), Stop::Unsupported { address });
        assert_eq!(cpu.disassemble(address).map(|found| found.text), Some(text.to_owned()));
    }
}

#[test]
fn a_breakpoint_stops_before_and_is_passed_by_the_next_run() {
    // inc eax three times; jmp to the start
    let mut cpu = cpu(Mode::Bits64, &[0xFF, 0xC0, 0xFF, 0xC0, 0xFF, 0xC0, 0xEB, 0xF8]);
    cpu.run(2);
    cpu.add_breakpoint(CODE + 2);
    cpu.set_rip(CODE);
    for turn in 1..4 {
        assert_eq!(cpu.run(100), Stop::Breakpoint { address: CODE + 2 });
        assert_eq!(cpu.register(Register::Rax), 2 + 3 * turn - 2);
    }
    assert_eq!(cpu.step(), Stop::Budget);
    assert_eq!(cpu.rip(), CODE + 4);
    assert!(cpu.remove_breakpoint(CODE + 2));
    assert!(!cpu.remove_breakpoint(CODE + 2));
    assert_eq!(cpu.run(100), Stop::Budget);
}

#[test]
fn a_breakpoint_under_a_repeated_instruction_is_reported_once() {
    // rep lodsb; hlt
    let mut cpu = cpu(Mode::Bits64, &[0xF3, 0xAC, 0xF4]);
    cpu.set_register(Register::Rsi, DATA);
    cpu.set_register(Register::Rcx, 5);
    cpu.add_breakpoint(CODE);
    assert_eq!(cpu.run(100), Stop::Breakpoint { address: CODE });
    for _ in 0..5 {
        assert_eq!(cpu.step(), Stop::Budget);
    }
    assert_eq!((cpu.rip(), cpu.register(Register::Rcx)), (CODE + 2, 0));
    cpu.set_rip(CODE);
    assert_eq!(cpu.run(100), Stop::Breakpoint { address: CODE });
}

#[test]
fn a_stop_address_needs_no_memory() {
    // call 702000
    let mut cpu = cpu(Mode::Bits64, &[0xE8, 0xFB, 0x0F, 0x70, 0]);
    cpu.add_stop_addresses(0x70_2000..=0x70_2FFF);
    assert_eq!(cpu.run(10), Stop::Reached { address: 0x70_2000 });
    assert_eq!(cpu.run(10), Stop::Reached { address: 0x70_2000 });
    assert_eq!(cpu.instruction_count(), 1);
}

#[test]
fn a_watchpoint_stops_behind_the_access() {
    // mov eax, [rdi]; mov [rdi + 4], eax; inc eax; hlt
    let mut cpu = cpu(Mode::Bits64, &[0x8B, 0x07, 0x89, 0x47, 0x04, 0xFF, 0xC0, 0xF4]);
    cpu.set_register(Register::Rdi, DATA);
    let written = Watchpoint { address: DATA + 6, length: 1, access: Access::Write };
    cpu.memory_mut().add_watchpoint(written);
    assert_eq!(cpu.run(10), Stop::Watchpoint { address: DATA + 6, access: Access::Write });
    assert_eq!((cpu.rip(), cpu.instruction_count()), (CODE + 5, 2));
    let read = Watchpoint { address: DATA, length: 4, access: Access::Read };
    cpu.memory_mut().add_watchpoint(read);
    cpu.set_rip(CODE);
    assert_eq!(cpu.run(10), Stop::Watchpoint { address: DATA, access: Access::Read });
    assert_eq!(cpu.rip(), CODE + 2);
    assert!(cpu.memory_mut().remove_watchpoint(written));
    assert_eq!(cpu.run(10), Stop::Halt);
}

#[test]
fn a_fault_names_the_first_byte_and_changes_nothing() {
    // add [rdi], eax, across the end of the data page
    let mut cpu = cpu(Mode::Bits64, &[0x01, 0x07]);
    cpu.set_register(Register::Rdi, DATA + PAGE - 2);
    cpu.set_register(Register::Rax, 0x0101_0101);
    let before = cpu.registers();
    let fault = Fault { address: DATA + PAGE, access: Access::Write, kind: FaultKind::NotMapped };
    assert_eq!(cpu.run(10), Stop::Fault(fault));
    assert_eq!(cpu.registers(), before);
    let mut bytes = [9; 2];
    cpu.memory().peek(DATA + PAGE - 2, &mut bytes).unwrap();
    assert_eq!(bytes, [0, 0]);
}

#[test]
fn a_repeated_store_keeps_what_it_did_before_a_fault() {
    // rep stosd
    let mut cpu = cpu(Mode::Bits64, &[0xF3, 0xAB]);
    cpu.set_register(Register::Rdi, DATA + PAGE - 12);
    cpu.set_register(Register::Rcx, 10);
    let Stop::Fault(fault) = cpu.run(100) else { panic!("a fault") };
    assert_eq!(fault.address, DATA + PAGE);
    assert_eq!(cpu.register(Register::Rcx), 7);
    assert_eq!(cpu.register(Register::Rdi), DATA + PAGE);
    assert_eq!((cpu.rip(), cpu.instruction_count()), (CODE, 3));
}

#[test]
fn a_budget_can_end_inside_a_repeated_instruction() {
    // rep movsb; hlt
    let mut cpu = cpu(Mode::Bits64, &[0xF3, 0xA4, 0xF4]);
    cpu.set_register(Register::Rsi, DATA);
    cpu.set_register(Register::Rdi, DATA + 0x800);
    cpu.set_register(Register::Rcx, 100);
    assert_eq!(cpu.run(30), Stop::Budget);
    assert_eq!((cpu.rip(), cpu.register(Register::Rcx)), (CODE, 70));
    assert_eq!(cpu.run(1000), Stop::Halt);
    assert_eq!(cpu.instruction_count(), 101);
}

#[test]
fn cpuid_describes_the_interpreter_and_not_the_host() {
    let mut cpu = cpu(Mode::Bits64, &[0x0F, 0xA2, 0xF4]);
    assert_eq!(cpu.run(10), Stop::Halt);
    let words = [Register::Rbx, Register::Rdx, Register::Rcx].map(|name| cpu.register(name));
    let name: Vec<u8> = words.iter().flat_map(|&word| (word as u32).to_le_bytes()).collect();
    assert_eq!(name, b"cpu-x86 Rust");
    cpu.set_register(Register::Rax, 1);
    cpu.set_rip(CODE);
    cpu.run(10);
    // SSE2, SSE, FXSR, CMOV and x87, but no MMX.
    assert_eq!(cpu.register(Register::Rdx) & 0x0780_8001, 0x0700_8001);
}
