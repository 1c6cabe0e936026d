//! Contiguous memory and physical addresses.

use portcls_emulator::Irql;

use super::{BOTH, Bench};

fn allocate(bench: &Bench, bytes: u64, highest: u64) -> u64 {
    let words = [&[bytes][..], &bench.long(highest)].concat();
    bench.call_for_pointer("MmAllocateContiguousMemory", &words)
}

/// The physical address, which has 64 bits on both bitnesses.
fn physical(bench: &Bench, address: u64) -> u64 {
    bench.try_call("MmGetPhysicalAddress", &[address]).expect("it returns")
}

#[test]
fn contiguous_memory_is_one_range_of_physical_addresses_below_its_limit() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let block = allocate(&bench, 0x2001, 0xFF_FFFF);
        assert_eq!(block % 0x1000, 0);
        let first = physical(&bench, block);
        assert_eq!(first % 0x1000, 0);
        assert!(first + 0x2FFF <= 0xFF_FFFF);
        for offset in [1, 0xFFF, 0x1000, 0x2000] {
            assert_eq!(physical(&bench, block + offset), first + offset);
        }
        bench.call("memset", &[block, 0, 0x2001]);
        let other = physical(&bench, allocate(&bench, 1, u64::MAX >> 1));
        assert!(!(first..first + 0x3000).contains(&other));
        assert_eq!(allocate(&bench, 0x100_0000, 0xFF_FFFF), 0, "1 MiB is no such RAM");
        assert_eq!(allocate(&bench, 0, 0xFF_FFFF), 0);
    }
}

#[test]
fn the_longer_routine_keeps_to_its_lower_limit_and_its_boundary() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let allocate = |pages: u64| {
            let (low, high, boundary) =
                (bench.long(0x40_F000), bench.long(0x7F_FFFF), bench.long(0x1_0000));
            let words = [&[pages * 0x1000][..], &low, &high, &boundary, &[0]].concat();
            bench.call_for_pointer("MmAllocateContiguousMemorySpecifyCache", &words)
        };
        let block = allocate(2);
        assert_eq!(physical(&bench, block), 0x41_0000, "not across 41 0000");
        assert_eq!(allocate(17), 0);
        bench.call("MmFreeContiguousMemorySpecifyCache", &[block, 0x2000, 0]);
        assert_eq!((bench.left(), bench.broken_rules()), (Vec::new(), Vec::new()));
    }
}

#[test]
fn a_block_is_listed_until_it_is_freed_by_its_beginning() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let block = allocate(&bench, 0x1000, u64::MAX >> 1);
        let place = "by MmAllocateContiguousMemory before the kernel";
        assert_eq!(bench.left(), [format!("blocks of contiguous memory: 1, {place}")]);
        bench.call("MmFreeContiguousMemory", &[block + 16]);
        assert_eq!(bench.broken_rules(), ["not-contiguous-memory"]);
        bench.kernel.raise_irql(Irql::LOWEST_DEVICE_LEVEL);
        bench.call("MmFreeContiguousMemory", &[block]);
        assert_eq!(bench.broken_rules().last(), Some(&"IrqlMmDispatch"));
        assert_eq!(bench.left(), [""; 0]);
        assert_eq!(physical(&bench, block), 0, "no memory is there any more");
    }
}

#[test]
fn two_pages_of_pool_have_two_physical_addresses_and_keep_them() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (one, other) = (bench.memory(0x1000), bench.memory(0x1000));
        let first = physical(&bench, one);
        assert_ne!(first, physical(&bench, other));
        assert_eq!(physical(&bench, one + 5), first + 5);
        assert_eq!(physical(&bench, one + 0x1000), 0, "behind the block is no memory");
    }
}
