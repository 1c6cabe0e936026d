//! The IRQL that a driver's code reads, and fastcall release of a lock.

use cpu_x86::Mode;
use portcls_emulator::Irql;

use super::{BOTH, Bench};

/// movzx eax, byte fs:[24h] or gs:[50h]: reads the IRQL in the control region.
const NARROW: [u8; 8] = [0x64, 0x0F, 0xB6, 0x05, 0x24, 0, 0, 0];
const WIDE: [u8; 9] = [0x65, 0x0F, 0xB6, 0x04, 0x25, 0x50, 0, 0, 0];

/// A guest whose code returns the IRQL in the control region.
fn reader(mode: Mode) -> Bench {
    let (narrow, wide) = ([&NARROW[..], &[0xC3]].concat(), [&WIDE[..], &[0xC3]].concat());
    Bench::new(mode, [&narrow, &wide])
}

#[test]
fn the_control_region_shows_the_level_at_which_the_guest_is_entered() {
    for mode in BOTH {
        let bench = reader(mode);
        let read = || bench.run(bench.code(), &[]).expect("it returns") as u32;
        assert_eq!(read(), 0);
        bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        assert_eq!(read(), 2);
        bench.kernel.raise_irql(Irql(9));
        assert_eq!(read(), 9);
        bench.kernel.lower_irql(Irql::DISPATCH_LEVEL);
        let _ = bench.kernel.enter(|kernel| kernel.lower_irql(Irql::PASSIVE_LEVEL));
        assert_eq!(read(), 0);
    }
}

#[test]
fn the_control_region_follows_a_routine_that_raises_the_level_and_one_that_lowers_it() {
    // On x86: mov cl, 2; call [slot]; movzx eax, byte fs:[24h]; ret
    let slot = Bench::plain(Mode::Bits32).guest.loaded().base as u32 + 0x2040;
    let call = [&[0xB1, 0x02, 0xFF, 0x15][..], &slot.to_le_bytes()].concat();
    let code = [&call[..], &NARROW, &[0xC3]].concat();
    for (routine, before) in [("KfRaiseIrql", Irql::PASSIVE_LEVEL), ("KfLowerIrql", Irql(9))] {
        let bench = Bench::importing(Mode::Bits32, [&code, &code], routine);
        bench.kernel.raise_irql(before);
        assert_eq!(bench.run(bench.code(), &[]).map(|level| level as u32), Ok(2), "{routine}");
    }
}

#[test]
fn a_spin_lock_raises_the_level_and_its_release_takes_the_old_one_back() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let lock = bench.memory(8);
        bench.call("KeInitializeSpinLock", &[lock]);
        bench.kernel.raise_irql(Irql::APC_LEVEL);
        let old = bench.call("KfAcquireSpinLock", &[lock]) & 0xFF;
        assert_eq!((old, bench.kernel.current_irql()), (1, Irql::DISPATCH_LEVEL));
        // The second argument, the old level, is in DL on x86.
        bench.call("KfReleaseSpinLock", &[lock, old.into()]);
        assert_eq!(bench.kernel.current_irql(), Irql::APC_LEVEL);
        bench.call("KfAcquireSpinLock", &[lock]);
        bench.call("KfReleaseSpinLock", &[lock, 1]);
        assert_eq!(bench.kernel.violation_count(), 0);
        assert_eq!(bench.bug_check("KfReleaseSpinLock", &[lock, 1]).0, 0x10);
    }
}
