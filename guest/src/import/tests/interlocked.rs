//! Interlocked operations, linked lists and lookaside lists.

use super::{BOTH, Bench};

#[test]
fn interlocked_routines_return_what_their_pages_say() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let number = bench.bytes(&5_u32.to_le_bytes());
        let value = || bench.guest.load_u32(number);
        assert_eq!((bench.call("InterlockedIncrement", &[number]), value()), (6, 6));
        assert_eq!((bench.call("InterlockedDecrement", &[number]), value()), (5, 5));
        assert_eq!((bench.call("InterlockedExchange", &[number, 40]), value()), (5, 40));
        assert_eq!((bench.call("InterlockedExchangeAdd", &[number, 2]), value()), (40, 42));
        let compare =
            |new, comparand| bench.call("InterlockedCompareExchange", &[number, new, comparand]);
        assert_eq!((compare(1, 7), value()), (42, 42));
        assert_eq!((compare(1, 42), value()), (42, 1));
        bench.guest.store_u32(number, 0);
        assert_eq!(bench.call("InterlockedDecrement", &[number]), u32::MAX);
    }
}

#[test]
fn lists_are_linked_on_both_sides() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let list = bench.memory(64);
        let width = bench.guest.pointer_bytes();
        let (head, first, second) = (list, list + 16, list + 32);
        bench.guest.store_word(head, head);
        bench.guest.store_word(head + width, head);
        let call = |name, words: &[u64]| bench.call_for_pointer(name, words);
        assert_eq!(call("ExInterlockedInsertTailList", &[head, second, 0]), 0);
        assert_eq!(call("ExfInterlockedInsertHeadList", &[head, first, 0]), second);
        assert_eq!(bench.guest.load_word(second + width), first);
        assert_eq!(bench.guest.load_word(head + width), second);
        assert_eq!(call("ExInterlockedRemoveHeadList", &[head, 0]), first);
        assert_eq!(call("ExfInterlockedRemoveHeadList", &[head, 0]), second);
        assert_eq!(call("ExInterlockedRemoveHeadList", &[head, 0]), 0);
        assert_eq!(bench.guest.load_word(head + width), head);
    }
}

#[test]
fn a_lookaside_list_is_set_up_for_the_drivers_own_code_and_emptied() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let fields = &bench.guest.layout().npaged_lookaside_list;
        let list = bench.memory(u64::from(fields.size_of));
        let tag = u64::from(u32::from_le_bytes(*b"LooK"));
        bench.call("ExInitializeNPagedLookasideList", &[list, 0, 0, 0x200, 48, tag, 0]);
        let word = |offset: u32| bench.guest.load_u32(list + u64::from(offset));
        assert_eq!((word(fields.l_size), word(fields.l_type)), (48, 0x200));
        assert_eq!(word(fields.l_tag).to_le_bytes(), *b"LooK");
        let allocate = bench.guest.load_word(list + u64::from(fields.l_allocate));
        let block = bench.run(allocate, &[0x200, 48, tag]).unwrap();
        let block = if bench.guest.pointer_bytes() == 4 { block & 0xFFFF_FFFF } else { block };
        assert_ne!(block, 0);
        bench.call("ExpInterlockedPushEntrySList", &[list, block]);
        assert_eq!(bench.call("ExQueryDepthSList", &[list]), 1);
        assert_eq!(bench.call_for_pointer("ExpInterlockedPopEntrySList", &[list]), block);
        assert_eq!(bench.call("InterlockedPopEntrySList", &[list]), 0);
        bench.call("ExInterlockedPushEntrySList", &[list, block, 0]);
        let tags = || {
            let pool = bench.kernel.pool_in_use();
            pool.into_iter().map(|leak| leak.tag).collect::<Vec<String>>()
        };
        assert!(tags().contains(&"LooK".to_owned()));
        bench.call("ExDeleteNPagedLookasideList", &[list]);
        assert!(!tags().contains(&"LooK".to_owned()));
    }
}
