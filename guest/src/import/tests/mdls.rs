//! MDLs: the fields, locked and mapped pages, and mistakes of drivers.

use portcls_emulator::{Irql, NtStatus, PoolType};

use super::{BOTH, Bench};
use crate::tables::pool_table::Fill;

/// MdlFlags. Source: wdm.h.
const MAPPED: u16 = 0x1;
const LOCKED: u16 = 0x2;
const NONPAGED: u16 = 0x4;

fn flags(bench: &Bench, mdl: u64) -> u16 {
    bench.guest.load_u16(mdl + u64::from(bench.guest.layout().mdl.mdl_flags))
}

/// The results of the macros MmGetMdlVirtualAddress and MmGetMdlByteCount, and the flags.
fn described(bench: &Bench, mdl: u64) -> (u64, u32, u16) {
    let fields = &bench.guest.layout().mdl;
    let at = |offset: u32| mdl + u64::from(offset);
    let start = bench.guest.load_word(at(fields.start_va));
    let offset = bench.guest.load_u32(at(fields.byte_offset));
    let bytes = bench.guest.load_u32(at(fields.byte_count));
    (start + u64::from(offset), bytes, flags(bench, mdl))
}

/// Does what the inlined MmGetSystemAddressForMdlSafe of wdm.h does.
fn system_address(bench: &Bench, mdl: u64) -> u64 {
    if flags(bench, mdl) & (MAPPED | NONPAGED) != 0 {
        let field = bench.guest.layout().mdl.mapped_system_va;
        return bench.guest.load_word(mdl + u64::from(field));
    }
    bench.call_for_pointer("MmMapLockedPagesSpecifyCache", &[mdl, 0, 1, 0, 0, 16])
}

fn frame(bench: &Bench, mdl: u64, index: u64) -> u64 {
    let frames = mdl + u64::from(bench.guest.layout().mdl.size_of);
    bench.guest.load_word(frames + index * bench.guest.pointer_bytes())
}

fn paged(bench: &Bench, bytes: u64) -> u64 {
    bench.guest.allocate_pool(PoolType::Paged, bytes, *b"tEsT", Fill::Zero)
}

fn new_mdl(bench: &Bench, address: u64, bytes: u64) -> u64 {
    bench.call_for_pointer("IoAllocateMdl", &[address, bytes, 0, 0, 0])
}

#[test]
fn an_mdl_of_nonpaged_pool_has_the_address_and_the_frames_of_its_buffer() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let buffer = bench.memory(0x1800) + 0x100;
        let mdl = new_mdl(&bench, buffer, 0x1600);
        assert_eq!(described(&bench, mdl), (buffer, 0x1600, 0));
        assert_eq!(bench.left(), ["MDLs: 1, by IoAllocateMdl before the kernel"]);
        bench.call("MmBuildMdlForNonPagedPool", &[mdl]);
        assert_eq!(described(&bench, mdl), (buffer, 0x1600, NONPAGED));
        assert_eq!(system_address(&bench, mdl), buffer);
        for index in 0..2 {
            let words = [buffer / 0x1000 * 0x1000 + index * 0x1000];
            let address = bench.call("MmGetPhysicalAddress", &words);
            assert_eq!(frame(&bench, mdl, index), u64::from(address) / 0x1000);
        }
        bench.call("IoFreeMdl", &[mdl]);
        assert_eq!((bench.left(), bench.broken_rules()), (Vec::new(), Vec::new()));
    }
}

#[test]
fn locked_pages_of_paged_pool_are_there_at_dispatch_level() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let buffer = paged(&bench, 0x1234);
        let mdl = new_mdl(&bench, buffer, 0x1234);
        bench.call("MmProbeAndLockPages", &[mdl, 0, 1]);
        assert_eq!(flags(&bench, mdl) & LOCKED, LOCKED);
        let place = "by MmProbeAndLockPages before the kernel";
        assert!(bench.left().contains(&format!("locked buffers: 1, {place}")));
        bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        let address = system_address(&bench, mdl);
        assert_eq!(flags(&bench, mdl) & MAPPED, MAPPED);
        assert_eq!(system_address(&bench, mdl), address, "it is mapped once");
        bench.call("memset", &[address, 0x5A, 0x1234]);
        bench.call("MmUnmapLockedPages", &[address, mdl]);
        bench.call("MmUnlockPages", &[mdl]);
        assert_eq!(flags(&bench, mdl), 0);
        bench.call("IoFreeMdl", &[mdl]);
        assert_eq!((bench.left(), bench.broken_rules()), (Vec::new(), Vec::new()));
        let fault = bench.bug_check("memset", &[buffer, 0, 1]);
        assert_eq!(fault.0, 0x0A, "it is paged out again");
    }
}

#[test]
fn each_mistake_with_an_mdl_breaks_its_rule() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let rule = |name: &str, words: &[u64]| {
            bench.call(name, words);
            bench.broken_rules().last().copied().unwrap_or_default()
        };
        let mdl = new_mdl(&bench, bench.memory(16), 16);
        assert_eq!(rule("MmUnlockPages", &[mdl]), "mdl-not-locked");
        assert_eq!(rule("MmMapLockedPages", &[mdl, 0]), "mdl-mapped-unlocked");
        bench.call("MmProbeAndLockPages", &[mdl, 0, 0]);
        assert_eq!(rule("MmProbeAndLockPages", &[mdl, 0, 0]), "mdl-locked-again");
        let address = system_address(&bench, mdl);
        assert_eq!(rule("MmMapLockedPages", &[mdl, 0]), "mdl-mapped-again");
        assert_eq!(rule("MmUnmapLockedPages", &[address + 1, mdl]), "mdl-not-mapped");
        assert_eq!(rule("IoFreeMdl", &[mdl]), "mdl-freed-locked");
        assert_eq!(rule("IoFreeMdl", &[bench.memory(64)]), "not-an-mdl");
        assert_eq!(rule("MmFreePagesFromMdl", &[bench.memory(64)]), "not-an-mdl");

        let mdl = new_mdl(&bench, bench.memory(16), 16);
        bench.call("MmBuildMdlForNonPagedPool", &[mdl]);
        assert_eq!(rule("MmUnlockPages", &[mdl]), "mdl-nonpaged-unlocked");
        let mdl = new_mdl(&bench, paged(&bench, 16), 16);
        assert_eq!(rule("MmBuildMdlForNonPagedPool", &[mdl]), "mdl-of-paged-memory");
    }
}

#[test]
fn a_buffer_that_is_not_there_cannot_be_locked() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let mdl = new_mdl(&bench, bench.memory(16) + 0x1000, 16);
        assert_eq!(bench.bug_check("MmProbeAndLockPages", &[mdl, 0, 0]).0, 0xD6);
        let bench = Bench::plain(mode);
        let mdl = new_mdl(&bench, bench.code(), 1);
        assert_eq!(bench.bug_check("MmProbeAndLockPages", &[mdl, 0, 1]).0, 0xBE);
    }
}

#[test]
fn paged_memory_is_locked_at_apc_level_at_most_and_other_memory_at_dispatch_level() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let resident = new_mdl(&bench, bench.memory(16), 16);
        bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        bench.call("MmProbeAndLockPages", &[resident, 0, 1]);
        assert_eq!(bench.broken_rules(), [""; 0]);
        bench.kernel.lower_irql(Irql::PASSIVE_LEVEL);
        let mdl = new_mdl(&bench, paged(&bench, 16), 16);
        bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        assert_eq!(bench.bug_check("MmProbeAndLockPages", &[mdl, 0, 1]).0, 0x0A);
        assert_eq!(bench.broken_rules(), ["irql-too-high"]);
    }
}

#[test]
fn the_mdls_of_a_request_are_a_chain() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let irp = bench.call_for_pointer("IoAllocateIrp", &[1, 0]);
        let buffer = bench.memory(16);
        let add =
            |secondary| bench.call_for_pointer("IoAllocateMdl", &[buffer, 16, secondary, 0, irp]);
        let (first, second, third) = (add(0), add(1), add(1));
        let head = irp + u64::from(bench.guest.layout().irp.mdl_address);
        assert_eq!(bench.guest.load_word(head), first);
        assert_eq!(bench.guest.load_word(first), second, "Next is the first field");
        assert_eq!([bench.guest.load_word(second), bench.guest.load_word(third)], [third, 0]);
    }
}

#[test]
fn pages_for_an_mdl_have_an_address_while_they_are_mapped() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (low, high, skip) = (bench.long(0), bench.long(0xFF_FFFF), bench.long(0));
        let words = [&low[..], &high, &skip, &[0x1001]].concat();
        let mdl = bench.call_for_pointer("MmAllocatePagesForMdl", &words);
        assert_eq!(described(&bench, mdl), (0, 0x2000, LOCKED));
        assert!(frame(&bench, mdl, 1) < 0x1000, "below 16 MiB");
        let address = system_address(&bench, mdl);
        assert_eq!(bench.guest.load_bytes(address, 0x2000), vec![0; 0x2000]);
        bench.guest.store_u8(address, 7);
        bench.call("MmUnmapLockedPages", &[address, mdl]);
        assert_eq!(bench.guest.load_u8(system_address(&bench, mdl)), 7);
        let place = "by MmAllocatePagesForMdl before the kernel";
        assert!(bench.left().contains(&format!("pages for an MDL: 1, {place}")));
        bench.call("MmFreePagesFromMdl", &[mdl]);
        bench.call("ExFreePool", &[mdl]);
        assert_eq!((bench.left(), bench.broken_rules()), (Vec::new(), Vec::new()));
        let none = [&low[..], &bench.long(0xFFFF), &skip, &[0x1000]].concat();
        assert_eq!(bench.call_for_pointer("MmAllocatePagesForMdl", &none), 0);
        bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        bench.call("MmAllocatePagesForMdl", &words);
        assert_eq!(bench.broken_rules(), ["IrqlMmApcLte"]);
    }
}

#[test]
fn a_mapping_into_an_application_ends_the_run_by_name() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let mdl = new_mdl(&bench, bench.memory(16), 16);
        let words = [mdl, 1, 1, 0, 0, 16];
        let stop = bench.try_call("MmMapLockedPagesSpecifyCache", &words).expect_err("refused");
        assert!(stop.to_string().contains("into an application"), "{stop}");
    }
}

#[test]
fn an_mdl_of_a_wild_address_can_be_made_and_not_locked() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let wild = u64::MAX >> if mode == cpu_x86::Mode::Bits32 { 32 } else { 0 };
        let mdl = new_mdl(&bench, wild, 16);
        assert_eq!(described(&bench, mdl), (wild, 16, 0));
        assert_eq!(bench.bug_check("MmProbeAndLockPages", &[mdl, 0, 0]), (0x50, wild));
    }
}

#[test]
fn the_longest_buffer_has_4_gib_less_a_page() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        assert_eq!(new_mdl(&bench, 0x1000, 0xFFFF_F001), 0);
        assert_eq!(bench.left(), [""; 0]);
        assert_eq!(bench.status("IoFreeMdl", &[0]), NtStatus::SUCCESS);
        assert_eq!(bench.broken_rules(), ["not-an-mdl"]);
    }
}
