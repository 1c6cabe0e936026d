//! A call's arguments, results and registers; scratch memory; shared data.

use cpu_x86::{Mode, Register};

use crate::{BOTH, CODE, call, guest};

#[test]
fn arguments_come_in_and_the_result_goes_out_by_the_convention_of_each_bitness() {
    // lea rax, [rcx+rdx]; add rax, r8; add rax, r9; add rax, [rsp+28h]; ret
    let wide = [
        0x48, 0x8D, 0x04, 0x11, 0x4C, 0x01, 0xC0, 0x4C, 0x01, 0xC8, 0x48, 0x03, 0x44, 0x24, 0x28,
        0xC3,
    ];
    assert_eq!(call(&guest(Mode::Bits64, &wide), &[1, 20, 300, 4000, 50000]), Ok(54321));
    // mov eax, [esp+4]; mov edx, [esp+8]; ret 8
    let narrow = [0x8B, 0x44, 0x24, 0x04, 0x8B, 0x54, 0x24, 0x08, 0xC2, 0x08, 0x00];
    assert_eq!(call(&guest(Mode::Bits32, &narrow), &[7, 9]), Ok(0x9_0000_0007));
}

#[test]
fn a_call_puts_every_register_back() {
    for mode in BOTH {
        // mov ebx, 77h; mov esi, 88h; ret
        let guest = guest(mode, &[0xBB, 0x77, 0, 0, 0, 0xBE, 0x88, 0, 0, 0, 0xC3]);
        guest.cpu().borrow_mut().set_register(Register::Rbx, 5);
        let before = guest.cpu().borrow().registers();
        call(&guest, &[]).unwrap();
        assert_eq!(guest.cpu().borrow().registers(), before);
    }
}

#[test]
fn scratch_memory_is_zero_and_lies_below_what_is_in_use() {
    for mode in BOTH {
        let guest = guest(mode, &[0xC3]);
        let result = guest.kernel().clone().enter(|_| {
            guest.with_scratch(24, |outer| {
                guest.store_u64(outer, u64::MAX);
                let inner = guest.with_scratch(24, |inner| {
                    assert_eq!(guest.load_u64(inner), 0);
                    inner
                });
                assert!(inner.unwrap() + 24 <= outer);
                guest.call(guest.loaded().base + CODE, &[]);
                guest.load_u64(outer)
            })
        });
        assert_eq!(result, Ok(Some(u64::MAX)), "a call writes below the scratch memory");
    }
}

#[test]
fn the_shared_data_tells_the_present_time_at_each_read() {
    // mov rax, FFFFF78000000008h; mov rax, [rax]; ret
    let wide = [0x48, 0xB8, 8, 0, 0, 0, 0x80, 0xF7, 0xFF, 0xFF, 0x48, 0x8B, 0x00, 0xC3].as_slice();
    // mov eax, [FFDF0008h]; mov edx, [FFDF000Ch]; ret
    let narrow =
        [0xA1, 0x08, 0x00, 0xDF, 0xFF, 0x8B, 0x15, 0x0C, 0x00, 0xDF, 0xFF, 0xC3].as_slice();
    for (mode, code) in [(Mode::Bits64, wide), (Mode::Bits32, narrow)] {
        let guest = guest(mode, code);
        let _ = guest.kernel().enter(|kernel| kernel.run_until(7_000_000));
        assert_eq!(call(&guest, &[]), Ok(70_000));
        let _ = guest.kernel().enter(|kernel| kernel.run_until(9_000_000));
        assert_eq!(call(&guest, &[]), Ok(90_000));
    }
}

#[test]
fn cr8_is_the_irql() {
    use portcls_emulator::Irql;
    // mov rax, cr8; mov cr8, rcx; ret
    let guest = guest(Mode::Bits64, &[0x44, 0x0F, 0x20, 0xC0, 0x44, 0x0F, 0x22, 0xC1, 0xC3]);
    assert_eq!(call(&guest, &[2]), Ok(0));
    assert_eq!(guest.kernel().current_irql(), Irql::DISPATCH_LEVEL);
    assert_eq!(call(&guest, &[0]), Ok(2));
    assert_eq!(guest.kernel().current_irql(), Irql::PASSIVE_LEVEL);
}
