//! Mistakes in driver code, and how each ends the run.

use cpu_x86::Mode;
use portcls_emulator::{Irql, PoolType, Stop};
use portcls_guest::{Fill, Guest, GuestOptions};

use crate::{BOTH, CODE, bug_check, call, guest, guest_with};

/// `mov eax, [first argument]; ret`
fn reader(mode: Mode) -> Guest {
    match mode {
        Mode::Bits64 => guest(mode, &[0x8B, 0x01, 0xC3]),
        Mode::Bits32 => guest(mode, &[0x8B, 0x4C, 0x24, 0x04, 0x8B, 0x01, 0xC3]),
    }
}

/// The address of the instruction of `reader` that reads at the first argument.
fn reading(guest: &Guest) -> u64 {
    guest.loaded().base + CODE + if guest.mode() == Mode::Bits64 { 0 } else { 4 }
}

fn at_dispatch(guest: &Guest) {
    guest.kernel().raise_irql(Irql::DISPATCH_LEVEL);
}

#[test]
fn a_null_pointer_is_an_exception_below_dispatch_level_and_d1_at_it() {
    for mode in BOTH {
        let guest = reader(mode);
        let (code, parameters, message) = bug_check(&guest, &[8]);
        assert_eq!((code, parameters[0]), (0x7E, 0xC000_0005));
        assert_eq!(parameters[1], reading(&guest));
        assert!(message.ends_with("read at 0x8, near the null pointer"), "{message}");

        let guest = reader(mode);
        at_dispatch(&guest);
        let (code, parameters, _) = bug_check(&guest, &[8]);
        assert_eq!((code, parameters), (0xD1, [8, 2, 0, reading(&guest)]));
    }
}

#[test]
fn a_wild_kernel_pointer_is_50() {
    for (mode, wild) in [(Mode::Bits32, 0xDEAD_0000), (Mode::Bits64, 0xFFFF_9999_0000_0000)] {
        let guest = reader(mode);
        let (code, parameters, _) = bug_check(&guest, &[wild]);
        assert_eq!((code, parameters), (0x50, [wild, 0, reading(&guest), 2]));
    }
}

#[test]
fn pool_is_guarded_at_its_end_and_after_its_life() {
    for mode in BOTH {
        let allocate = |guest: &Guest| {
            let block = guest.allocate_pool(PoolType::NonPagedNx, 16, *b"tEsT", Fill::Zero);
            assert_ne!(block, 0);
            block
        };
        let guest = reader(mode);
        let block = allocate(&guest);
        assert_eq!(call(&guest, &[block + 12]).map(|value| value as u32), Ok(0));
        let (code, parameters, message) = bug_check(&guest, &[block + 16]);
        assert_eq!((code, parameters[0]), (0xD6, block + 16));
        assert!(message.contains("beside the pool block 'tEsT' of 16 bytes"), "{message}");

        let guest = reader(mode);
        let block = allocate(&guest);
        guest.free_pool(block, Some(*b"tEsT"));
        let (code, parameters, message) = bug_check(&guest, &[block]);
        assert_eq!((code, parameters[0]), (0xD5, block));
        assert!(message.contains("which was freed"), "{message}");
    }
}

#[test]
fn a_block_is_checked_on_both_sides_when_it_is_freed() {
    for (offset, kind) in [(-1_i64, 0x23), (13, 0x24)] {
        let guest = reader(Mode::Bits64);
        let kernel = guest.kernel().clone();
        let result = kernel.enter(|_| {
            let block = guest.allocate_pool(PoolType::NonPagedNx, 13, *b"tEsT", Fill::Garbage);
            guest.store_u8(block.wrapping_add_signed(offset), 0);
            guest.free_pool(block, None);
        });
        let Err(Stop::BugCheck(bug)) = result else { panic!("{result:?}") };
        assert_eq!((bug.code.number(), bug.parameters[3]), (0xC1, kind));
    }
}

#[test]
fn a_double_free_and_a_free_of_no_block_are_c2() {
    for twice in [true, false] {
        let guest = reader(Mode::Bits32);
        let kernel = guest.kernel().clone();
        let result = kernel.enter(|_| {
            let block = guest.allocate_pool(PoolType::Paged, 100, *b"tEsT", Fill::Garbage);
            if twice {
                guest.free_pool(block, None);
                guest.free_pool(block, None);
            } else {
                guest.free_pool(block + 8, None);
            }
        });
        let Err(Stop::BugCheck(bug)) = result else { panic!("{result:?}") };
        assert_eq!((bug.code.number(), bug.parameters[0]), (0xC2, 7));
        let words = if twice { "freed twice" } else { "is no pool block" };
        assert!(bug.message.contains(words), "{}", bug.message);
    }
}

#[test]
fn paged_pool_is_out_at_dispatch_level_and_in_again_below() {
    for mode in BOTH {
        let guest = reader(mode);
        let block = guest.allocate_pool(PoolType::Paged, 64, *b"tEsT", Fill::Zero);
        at_dispatch(&guest);
        let kernel = guest.kernel().clone();
        kernel.lower_irql(Irql::PASSIVE_LEVEL);
        assert_eq!(call(&guest, &[block]).map(|value| value as u32), Ok(0));
        at_dispatch(&guest);
        let (code, parameters, message) = bug_check(&guest, &[block]);
        assert_eq!((code, parameters[..3].to_vec()), (0xD1, vec![block, 2, 0]));
        assert!(message.contains("pageable memory at DISPATCH_LEVEL"), "{message}");
    }
}

#[test]
fn an_endless_recursion_is_a_double_fault() {
    for mode in BOTH {
        // call $
        let guest = guest(mode, &[0xE8, 0xFB, 0xFF, 0xFF, 0xFF]);
        let (code, parameters, message) = bug_check(&guest, &[]);
        assert_eq!((code, parameters[0]), (0x7F, 8));
        assert!(message.ends_with("the stack has overflowed"), "{message}");
    }
}

#[test]
fn an_endless_loop_ends_with_its_budget() {
    for mode in BOTH {
        // jmp $
        let options = GuestOptions { call_budget: 10_000, ..GuestOptions::default() };
        let guest = guest_with(mode, &[0xEB, 0xFE], "DbgPrint", options);
        match call(&guest, &[]) {
            Err(Stop::Hang(hang)) => {
                assert_eq!(hang.waits_for, "a call into the driver to return");
                let limit = hang.limit.expect("a limit was passed");
                assert!(limit.starts_with("10000 instructions, the limit of --call-budget"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_loop_around_a_routine_that_takes_no_time_ends_after_few_calls() {
    for mode in BOTH {
        // sub rsp, 28h (only on x64); call [the import, at 2040]; jmp back to the call
        let code = match mode {
            Mode::Bits64 => {
                let displacement = (0x2040 - 0x100A_u32).to_le_bytes();
                let call = [&[0x48, 0x83, 0xEC, 0x28, 0xFF, 0x15][..], &displacement].concat();
                [&call[..], &[0xEB, 0xF8]].concat()
            }
            Mode::Bits32 => {
                let slot = (0x8100_0000 + 0x2040_u32).to_le_bytes();
                [&[0xFF, 0x15][..], &slot, &[0xEB, 0xF8]].concat()
            }
        };
        let options = GuestOptions { call_budget: 10_000, ..GuestOptions::default() };
        let guest = guest_with(mode, &code, "KeQueryTimeIncrement", options);
        let ended = call(&guest, &[]);
        assert!(matches!(ended, Err(Stop::Hang(_))), "{ended:?}");
        // A turn of the loop counts as 252 instructions, so 40 turns are the limit.
        let instructions = guest.cpu().borrow().instruction_count();
        assert!((75..85).contains(&instructions), "{instructions}");
    }
}

#[test]
fn a_missing_routine_is_named_with_its_module_and_its_caller_only_when_it_is_called() {
    for mode in BOTH {
        // sub rsp, 28h (only on x64); call [the import, at 2040]
        let base_of_slot = 0x2040;
        let code = match mode {
            Mode::Bits64 => {
                let displacement = (base_of_slot - 0x100A_u32).to_le_bytes();
                [[0x48, 0x83, 0xEC, 0x28, 0xFF, 0x15].as_slice(), &displacement].concat()
            }
            Mode::Bits32 => {
                let slot = (0x8100_0000 + base_of_slot).to_le_bytes();
                [[0xFF, 0x15].as_slice(), &slot].concat()
            }
        };
        let guest = guest_with(mode, &code, "NoSuchThing", GuestOptions::default());
        let back = CODE + code.len() as u64;
        match call(&guest, &[]) {
            Err(Stop::Unsupported { what, .. }) => {
                let expected = format!("ntoskrnl.exe, called before the driver+{back:#x}");
                assert_eq!(what, format!("NoSuchThing of {expected}"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn traps_are_the_exceptions_that_nt_makes_of_them() {
    let cases: [(&[u8], u32, u64); 4] = [
        (&[0x0F, 0x0B], 0x7E, 0xC000_001D),
        (&[0x31, 0xC9, 0xF7, 0xF1], 0x7E, 0xC000_0094),
        (&[0xCC], 0x7E, 0x8000_0003),
        (&[0xB9, 2, 0, 0, 0, 0xCD, 0x29], 0x139, 2),
    ];
    for mode in BOTH {
        for (code, expected, parameter) in cases {
            let (code, parameters, _) = bug_check(&guest(mode, code), &[]);
            assert_eq!((code, parameters[0]), (expected, parameter));
        }
    }
}

#[test]
fn an_x87_exception_that_is_not_masked_is_told_with_the_instruction_that_made_it() {
    // The low byte of the control word, the instructions, the offset of the instruction with the
    // exception, and the status.
    let cases: [(u8, &[u8], u64, u64); 4] = [
        // fld1; fldz; fdivp st(1), st; fwait
        (0x7B, &[0xD9, 0xE8, 0xD9, 0xEE, 0xDE, 0xF9, 0x9B], 4, 0xC000_008E),
        // fldz; fldz; fdivp st(1), st; fwait
        (0x7E, &[0xD9, 0xEE, 0xD9, 0xEE, 0xDE, 0xF9, 0x9B], 4, 0xC000_0090),
        // fchs, with nothing on the stack; fwait
        (0x7E, &[0xD9, 0xE0, 0x9B], 0, 0xC000_0092),
        // fldl2e; fmul st, st; fwait
        (0x5F, &[0xD9, 0xEA, 0xD8, 0xC8, 0x9B], 2, 0xC000_008F),
    ];
    for mode in BOTH {
        for (control, instructions, at, status) in cases {
            // push control word; fldcw [esp]
            let code = [&[0x68, control, 3, 0, 0, 0xD9, 0x2C, 0x24], instructions].concat();
            let guest = guest(mode, &code);
            let (code, parameters, _) = bug_check(&guest, &[]);
            let address = guest.loaded().base + CODE + 8 + at;
            assert_eq!((code, parameters[0], parameters[1]), (0x7E, status, address));
        }
    }
}

#[test]
fn the_x87_begins_with_the_precision_of_a_double() {
    for mode in BOTH {
        // push 0; fnstcw [esp]; pop eax; ret
        let guest = guest(mode, &[0x6A, 0, 0xD9, 0x3C, 0x24, 0x58, 0xC3]);
        assert_eq!(call(&guest, &[]).map(|result| result & 0xFFFF), Ok(0x027F));
    }
}

#[test]
fn a_read_only_page_may_not_be_written_and_data_not_executed() {
    // mov [rip-..], al: a write to the page of the code
    let guest_of = guest(Mode::Bits64, &[0x88, 0x05, 0xFA, 0xFF, 0xFF, 0xFF, 0xC3]);
    let (code, parameters, _) = bug_check(&guest_of, &[]);
    assert_eq!((code, parameters[0]), (0xBE, guest_of.loaded().base + CODE));
    // jmp rcx
    let guest_of = guest(Mode::Bits64, &[0xFF, 0xE1]);
    let block = guest_of.allocate_pool(PoolType::NonPagedNx, 32, *b"tEsT", Fill::Zero);
    let (code, parameters, message) = bug_check(&guest_of, &[block]);
    assert_eq!((code, parameters[0]), (0xFC, block));
    assert!(message.starts_with("the driver jumped to"), "{message}");
}
