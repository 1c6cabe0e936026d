//! Pool, spin locks, the IRQL, blocks of memory, and bug checks of a driver.

use cpu_x86::Mode;
use portcls_emulator::Irql;

use super::{BOTH, Bench};

const TAG: u64 = 0x7465_5374;

#[test]
fn pool_comes_from_each_routine_and_goes_back_by_its_tag() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let plain = bench.call_for_pointer("ExAllocatePool", &[0x200, 40]);
        let tagged = bench.call_for_pointer("ExAllocatePoolWithTag", &[1, 40, TAG]);
        let in_use = bench.kernel.pool_in_use().len();
        assert_eq!(in_use, 2);
        bench.call("ExFreePool", &[plain]);
        bench.call("ExFreePoolWithTag", &[tagged, TAG]);
        assert!(bench.kernel.pool_in_use().is_empty());
        assert_eq!(bench.kernel.violation_count(), 0);
    }
}

#[test]
fn a_driver_that_asks_for_more_than_there_is_gets_none_and_small_blocks_still_fit() {
    // A failed request must not fill memory or use up addresses. Measured: a driver that the fuzzer
    // had changed asked for pool without end, and its run took minutes.
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let allocate = |bytes| bench.call_for_pointer("ExAllocatePoolWithTag", &[0, bytes, TAG]);
        let blocks: Vec<u64> = (0..200).map(|_| allocate(0x7A0_8000)).collect();
        assert_ne!(blocks[0], 0);
        assert_eq!(blocks[199], 0);
        assert_ne!(allocate(40), 0);
        bench.call("ExFreePool", &[blocks[0]]);
        assert_ne!(allocate(0x7A0_8000), 0);
    }
}

#[test]
fn the_new_routine_zeroes_and_refuses_flags_that_name_no_pool() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let allocate = |flags: u64| {
            let words: Vec<u64> = match mode {
                Mode::Bits64 => vec![flags, 24, TAG],
                Mode::Bits32 => vec![flags, 0, 24, TAG],
            };
            bench.call_for_pointer("ExAllocatePool2", &words)
        };
        let block = allocate(0x40);
        assert_eq!(bench.guest.load_bytes(block, 24), [0; 24]);
        assert_ne!(bench.guest.load_bytes(allocate(0x42), 24), [0; 24]);
        assert_eq!(allocate(0), 0);
    }
}

#[test]
fn mistakes_with_pool_are_bug_check_c2() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let block = bench.call_for_pointer("ExAllocatePoolWithTag", &[0x200, 40, TAG]);
        assert_eq!(bench.bug_check("ExFreePoolWithTag", &[block, 0x1234]), (0xC2, 0x0A));

        let bench = Bench::plain(mode);
        let block = bench.call_for_pointer("ExAllocatePool", &[0x200, 40]);
        bench.call("ExFreePool", &[block]);
        assert_eq!(bench.bug_check("ExFreePool", &[block]), (0xC2, 7));

        assert_eq!(Bench::plain(mode).bug_check("ExFreePool", &[0x1234]), (0xC2, 7));
    }
}

#[test]
fn spin_locks_raise_and_lower_and_know_their_owner() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let lock = bench.memory(8);
        bench.call("KeInitializeSpinLock", &[lock]);
        let irql = || bench.kernel.current_irql();
        assert_eq!(bench.call("KeAcquireSpinLockRaiseToDpc", &[lock]), 0);
        assert_eq!(irql(), Irql::DISPATCH_LEVEL);
        bench.call("KeReleaseSpinLockFromDpcLevel", &[lock]);
        bench.call("KeAcquireSpinLockAtDpcLevel", &[lock]);
        bench.call("KeReleaseSpinLock", &[lock, 0]);
        assert_eq!(irql(), Irql::PASSIVE_LEVEL);
        assert_eq!(bench.call("KfAcquireSpinLock", &[lock]), 0);
        assert_eq!(bench.bug_check("KfAcquireSpinLock", &[lock]).0, 0x0F);
    }
}

#[test]
fn the_irql_is_raised_and_lowered_by_every_routine_for_it() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let old = bench.memory(1);
        bench.call("KeRaiseIrql", &[2, old]);
        assert_eq!((bench.call("KeGetCurrentIrql", &[]), bench.guest.load_u8(old)), (2, 0));
        assert_eq!(bench.call("KfRaiseIrql", &[5]), 2);
        bench.call("KfLowerIrql", &[2]);
        bench.call("KeLowerIrql", &[0]);
        assert_eq!(bench.call("KeGetCurrentIrql", &[]), 0);
        assert_eq!(bench.bug_check("KeLowerIrql", &[2]), (0xC4, 0x31));
    }
}

#[test]
fn blocks_are_moved_compared_and_filled() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (one, other) = (bench.bytes(b"abcdefgh"), bench.bytes(b"abcxefgh"));
        assert_eq!(bench.call("RtlCompareMemory", &[one, other, 8]), 3);
        assert_eq!(bench.call("memcmp", &[one, other, 3]), 0);
        assert!((bench.call("memcmp", &[one, other, 8]) as i32) < 0);
        assert_eq!(bench.call_for_pointer("memmove", &[one + 2, one, 6]), one + 2);
        assert_eq!(bench.guest.load_bytes(one, 8), *b"ababcdef");
        assert_eq!(bench.call_for_pointer("memcpy", &[one, other, 4]), one);
        assert_eq!(bench.call_for_pointer("memset", &[one, 0x41, 2]), one);
        assert_eq!(bench.guest.load_bytes(one, 4), *b"AAcx");
        let (code, _) = bench.bug_check("memset", &[one, 0, 1 << 20]);
        assert_eq!(code, 0xD6);
    }
}

/// A host with 32-bit addresses must not cut a length to 32 bits. The lower 32 bits of `LENGTH` are
/// 8, and 8 would be a good length.
#[test]
fn a_length_of_more_than_32_bits_is_taken_as_it_is() {
    const LENGTH: u64 = 1 << 32 | 8;
    for routine in ["RtlCompareMemory", "memcmp", "memmove", "strncmp"] {
        let bench = Bench::plain(Mode::Bits64);
        let (one, other) = (bench.bytes(b"abcdefgh"), bench.bytes(b"abcdefgh"));
        let (code, _) = bench.bug_check(routine, &[one, other, LENGTH]);
        assert_eq!(code, 0xD6, "{routine}");
    }
    for routine in ["RtlZeroMemory", "memset"] {
        let bench = Bench::plain(Mode::Bits64);
        let one = bench.bytes(b"abcdefgh");
        let words = if routine == "memset" { [one, 0, LENGTH] } else { [one, LENGTH, 0] };
        assert_eq!(bench.bug_check(routine, &words).0, 0xD6, "{routine}");
    }
}

#[test]
fn bug_checks_of_the_driver_keep_their_parameters() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        assert_eq!(bench.bug_check("KeBugCheckEx", &[0xDEAD, 1, 2, 3, 4]), (0xDEAD, 1));
        assert_eq!(Bench::plain(mode).bug_check("KeBugCheck", &[0xE2]), (0xE2, 0));
    }
}
