//! Mutexes and fast mutexes.

use portcls_emulator::{Irql, NtStatus, Stop};

use super::{BOTH, Bench};

#[test]
fn a_mutex_is_waited_for_and_given_back_as_often() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let mutex = bench.memory(u64::from(bench.guest.layout().kmutex.size_of));
        bench.call("KeInitializeMutex", &[mutex, 0]);
        let wait = || bench.status("KeWaitForSingleObject", &[mutex, 0, 0, 0, 0]);
        assert_eq!([wait(), wait()], [NtStatus::SUCCESS; 2]);
        assert_eq!(bench.call("KeReleaseMutex", &[mutex, 0]), 1);
        assert_eq!(bench.call("KeReleaseMutex", &[mutex, 0]), 0);
        assert_eq!(bench.bug_check("KeReleaseMutex", &[mutex, 0]), (0x1E, 0xC000_0046));
    }
}

#[test]
fn a_fast_mutex_needs_no_routine_to_be_initialised() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let mutex = bench.memory(u64::from(bench.guest.layout().fast_mutex.size_of));
        bench.guest.store_u32(mutex, 1);
        bench.call("ExAcquireFastMutex", &[mutex]);
        assert_eq!(bench.kernel.current_irql(), Irql::APC_LEVEL);
        assert_eq!(bench.guest.load_u32(mutex), 0);
        bench.call("ExReleaseFastMutex", &[mutex]);
        assert_eq!(bench.kernel.current_irql(), Irql::PASSIVE_LEVEL);
        assert_eq!(bench.guest.load_u32(mutex), 1);
        bench.call("ExAcquireFastMutex", &[mutex]);
        let twice = bench.try_call("ExAcquireFastMutex", &[mutex]);
        assert!(matches!(twice, Err(Stop::Hang(_))), "{twice:?}");
    }
}

#[test]
fn memory_with_an_owned_mutex_in_it_cannot_be_freed() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let mutex = bench.memory(u64::from(bench.guest.layout().kmutex.size_of));
        bench.call("KeInitializeMutex", &[mutex, 0]);
        bench.status("KeWaitForSingleObject", &[mutex, 0, 0, 0, 0]);
        assert_eq!(bench.bug_check("ExFreePool", &[mutex]).0, 0xC7);
    }
}
