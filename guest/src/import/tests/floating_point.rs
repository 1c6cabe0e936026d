//! Saving and restoring the floating-point state.

use cpu_x86::Mode;
use portcls_emulator::{Irql, NtStatus};

use super::{BOTH, Bench};

const SAVE: &str = "KeSaveFloatingPointState";
const RESTORE: &str = "KeRestoreFloatingPointState";

/// Code that fills XMM0, calls the routine `calls[0]`, and then calls the routine `calls[1]`. In
/// EDX the code returns the value that XMM0 has between the calls. In EAX it returns the value of
/// XMM0 at the end. A test cannot look at XMM0 itself, because the guest gets back its old
/// registers at the end of each call from outside.
fn code_of_32_bits(save: u64, calls: [u64; 2]) -> Vec<u8> {
    let [first, second] = calls.map(|address| (address as u32).to_le_bytes());
    let save = (save as u32).to_le_bytes();
    [
        // mov eax, 5A5A5A5A; movd xmm0, eax
        &[0xB8, 0x5A, 0x5A, 0x5A, 0x5A, 0x66, 0x0F, 0x6E, 0xC0][..],
        // push save; mov eax, first; call eax
        &[0x68],
        &save,
        &[0xB8],
        &first,
        &[0xFF, 0xD0],
        // movd ecx, xmm0; push ecx
        &[0x66, 0x0F, 0x7E, 0xC1, 0x51],
        // push save; mov eax, second; call eax
        &[0x68],
        &save,
        &[0xB8],
        &second,
        &[0xFF, 0xD0],
        // pop edx; movd eax, xmm0; ret
        &[0x5A, 0x66, 0x0F, 0x7E, 0xC0, 0xC3],
    ]
    .concat()
}

#[test]
fn on_x86_the_caller_gets_a_fresh_state_and_then_the_one_before() {
    let bench = Bench::plain(Mode::Bits32);
    let save = bench.memory(32);
    let calls = [SAVE, RESTORE].map(|name| {
        bench.guest.routine_address("ntoskrnl.exe", name).expect("the routine is there")
    });
    let code = code_of_32_bits(save, calls);
    let at = bench.code_block(&code);
    let result = bench.run(at, &[]).expect("it returns");
    assert_eq!((result >> 32, result as u32), (0, 0x5A5A_5A5A), "between the calls, at the end");
    assert_eq!(bench.kernel.violation_count(), 0);
}

#[test]
fn a_state_is_listed_until_it_is_restored() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let save = bench.memory(32);
        assert_eq!(bench.status(SAVE, &[save]), NtStatus::SUCCESS);
        let kind = "floating-point states that were not restored: 1";
        let place = "by KeSaveFloatingPointState before the kernel";
        let expected = format!("{kind}, {place}");
        let left = if mode == Mode::Bits32 { vec![expected] } else { Vec::new() };
        assert_eq!(bench.left(), left);
        assert_eq!(bench.status(RESTORE, &[save]), NtStatus::SUCCESS);
        assert_eq!(bench.left(), [""; 0]);
        assert_eq!(bench.broken_rules(), [""; 0]);
    }
}

#[test]
fn on_x86_a_state_that_was_not_saved_here_and_now_is_bug_check_e7() {
    let bench = Bench::plain(Mode::Bits32);
    let save = bench.memory(32);
    assert_eq!(bench.bug_check(RESTORE, &[save]), (0xE7, 0));

    let bench = Bench::plain(Mode::Bits32);
    let save = bench.memory(32);
    bench.call(SAVE, &[save]);
    bench.guest.store(save, &[0; 32]);
    assert_eq!(bench.bug_check(RESTORE, &[save]), (0xE7, 0), "it was overwritten");

    let bench = Bench::plain(Mode::Bits32);
    let save = bench.memory(32);
    bench.call(SAVE, &[save]);
    bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
    assert_eq!(bench.bug_check(RESTORE, &[save]), (0xE7, 1));
}

#[test]
fn on_x86_the_x87_is_empty_after_a_save_and_after_the_restore_as_before() {
    let bench = Bench::plain(Mode::Bits32);
    let save = bench.memory(32);
    let used = cpu_x86::X87Registers {
        registers: [7; 8],
        control: 0x0F7F,
        status: 3 << 11,
        occupied: 0xF8,
        ..cpu_x86::X87Registers::default()
    };
    bench.guest.cpu().borrow_mut().set_x87(&used);
    bench.call(SAVE, &[save]);
    let fresh = bench.guest.cpu().borrow().x87();
    assert_eq!((fresh.control, fresh.occupied), (0x027F, 0));
    bench.call(RESTORE, &[save]);
    assert_eq!(bench.guest.cpu().borrow().x87(), used);
}

#[test]
fn on_x86_states_are_nested_and_each_is_restored() {
    let bench = Bench::plain(Mode::Bits32);
    let (outer, inner) = (bench.memory(32), bench.memory(32));
    bench.call(SAVE, &[outer]);
    bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
    bench.call(SAVE, &[inner]);
    bench.call(RESTORE, &[inner]);
    bench.kernel.lower_irql(Irql::PASSIVE_LEVEL);
    bench.call(RESTORE, &[outer]);
    assert_eq!(bench.broken_rules(), [""; 0]);
    bench.call(SAVE, &[outer]);
    bench.call(SAVE, &[inner]);
    bench.call(RESTORE, &[outer]);
    assert_eq!(
        bench.broken_rules(),
        ["floating-point-nesting"],
        "in the order in which they were saved"
    );
    bench.call(SAVE, &[inner]);
    assert_eq!(bench.broken_rules().last(), Some(&"floating-point-kept"));
}

#[test]
fn on_x86_a_second_save_at_an_address_takes_the_place_of_the_first() {
    let bench = Bench::plain(Mode::Bits32);
    let (outer, save) = (bench.memory(32), bench.memory(32));
    assert_eq!(bench.status(SAVE, &[outer]), NtStatus::SUCCESS);
    for _ in 0..100 {
        assert_eq!(bench.status(SAVE, &[save]), NtStatus::SUCCESS);
    }
    assert_eq!(bench.broken_rules(), ["floating-point-kept"; 99]);
    assert_eq!(bench.status(RESTORE, &[save]), NtStatus::SUCCESS);
    assert_eq!(bench.status(RESTORE, &[outer]), NtStatus::SUCCESS);
    assert_eq!(bench.broken_rules(), ["floating-point-kept"; 99], "each was the innermost state");
    assert_eq!(bench.left(), [""; 0]);
}

#[test]
fn on_x86_a_thread_nests_64_states_and_no_more() {
    let bench = Bench::plain(Mode::Bits32);
    let saves: Vec<u64> = (0..65).map(|_| bench.memory(32)).collect();
    let (last, fitting) = saves.split_last().expect("there are 65");
    for save in fitting {
        assert_eq!(bench.status(SAVE, &[*save]), NtStatus::SUCCESS);
    }
    assert_eq!(bench.status(SAVE, &[*last]), NtStatus::INSUFFICIENT_RESOURCES);
    for save in fitting.iter().rev() {
        assert_eq!(bench.status(RESTORE, &[*save]), NtStatus::SUCCESS);
    }
    assert_eq!(bench.status(SAVE, &[*last]), NtStatus::SUCCESS, "there is room again");
    assert_eq!(bench.broken_rules(), [""; 0]);
}

#[test]
fn the_state_is_saved_and_restored_at_dispatch_level_at_most() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let save = bench.memory(32);
        bench.kernel.raise_irql(Irql::LOWEST_DEVICE_LEVEL);
        bench.call(SAVE, &[save]);
        bench.call(RESTORE, &[save]);
        assert_eq!(bench.broken_rules(), ["IrqlKeDispatchLte"; 2]);
    }
}
