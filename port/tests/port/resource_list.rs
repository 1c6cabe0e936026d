//! Resource lists: resources found by kind, sublists with a capacity.

use std::rc::Rc;

use portcls_emulator::{
    Kernel, KernelConfig, NtStatus, PoolType, Resource, ResourceKind, Share, TriggerMode,
};
use portcls_port::interfaces::IResourceList;
use portcls_port::{pc_new_resource_list, pc_new_resource_sublist};

fn ports(start: u64) -> Resource {
    Resource::Port { start, length: 2 }
}

fn interrupt(vector: u32) -> Resource {
    let (trigger, share) = (TriggerMode::Latched, Share::Exclusive);
    Resource::Interrupt { level: 5, vector, affinity: 1, trigger, share }
}

fn kernel() -> Kernel {
    Kernel::new(KernelConfig::default())
}

/// Two ranges of ports and an interrupt; the bus knows them under other numbers.
fn parent(kernel: &Kernel) -> Rc<dyn IResourceList> {
    let translated = [ports(0x330), interrupt(0x39), ports(0x388)];
    let raw = [ports(0x1330), interrupt(9), ports(0x1388)];
    pc_new_resource_list(kernel, None, PoolType::Paged, &translated, &raw).unwrap()
}

#[test]
fn entries_are_counted_and_found_by_kind_in_both_forms() {
    let list = parent(&kernel());
    assert_eq!(list.number_of_entries(), 3);
    assert_eq!((list.number_of_ports(), list.number_of_interrupts()), (2, 1));
    assert_eq!((list.number_of_memories(), list.number_of_dmas()), (0, 0));
    assert_eq!(list.find_translated_port(1), Some(ports(0x388)));
    assert_eq!(list.find_untranslated_port(1), Some(ports(0x1388)));
    assert_eq!(list.find_untranslated_interrupt(0), Some(interrupt(9)));
    assert_eq!(list.find_translated_port(2), None);
    assert_eq!(list.find_translated_entry(ResourceKind::Dma, 0), None);
    assert_eq!(list.translated_list(), [ports(0x330), interrupt(0x39), ports(0x388)]);
    assert_eq!(list.untranslated_list(), [ports(0x1330), interrupt(9), ports(0x1388)]);
}

#[test]
fn a_resource_is_counted_found_and_taken_by_its_kind() {
    let kernel = kernel();
    let parent = parent(&kernel);
    assert_eq!(parent.number_of_entries_of_type(ResourceKind::Port), 2);
    assert_eq!(parent.find_untranslated_entry(ResourceKind::Interrupt, 0), Some(interrupt(9)));
    let list = pc_new_resource_sublist(&kernel, None, PoolType::Paged, &parent, 1).unwrap();
    let missing = list.add_entry_from_parent(&parent, ResourceKind::Port, 2);
    assert_eq!(missing, Err(NtStatus::INVALID_PARAMETER));
    assert_eq!(list.add_entry_from_parent(&parent, ResourceKind::Port, 1), Ok(()));
    assert_eq!(list.translated_list(), [ports(0x388)]);
}

#[test]
fn the_list_of_a_device_is_full() {
    let list = parent(&kernel());
    let refused = list.add_entry(ports(0x300), ports(0x300));
    assert_eq!(refused, Err(NtStatus::INSUFFICIENT_RESOURCES));
    assert_eq!(list.number_of_entries(), 3);
}

#[test]
fn two_lists_that_do_not_match_are_refused() {
    let kernel = kernel();
    for raw in [&[ports(0x330)][..], &[interrupt(9), ports(0x330)], &[]] {
        let translated = [ports(0x330), interrupt(0x39)];
        let list = pc_new_resource_list(&kernel, None, PoolType::Paged, &translated, raw);
        assert_eq!(list.err(), Some(NtStatus::INVALID_PARAMETER));
    }
}

#[test]
fn an_empty_list_is_a_list() {
    let list = pc_new_resource_list(&kernel(), None, PoolType::Paged, &[], &[]).unwrap();
    assert_eq!(list.number_of_entries(), 0);
    assert_eq!(list.find_translated_interrupt(0), None);
}

#[test]
fn a_sublist_takes_from_its_parent_up_to_its_capacity() {
    let kernel = kernel();
    let parent = parent(&kernel);
    let pool = PoolType::Paged;
    let list = pc_new_resource_sublist(&kernel, None, pool, &parent, 2).unwrap();
    assert_eq!(list.number_of_entries(), 0);
    assert_eq!(list.add_port_from_parent(&parent, 1), Ok(()));
    assert_eq!(list.add_interrupt_from_parent(&parent, 1), Err(NtStatus::INVALID_PARAMETER));
    assert_eq!(list.add_dma_from_parent(&parent, 0), Err(NtStatus::INVALID_PARAMETER));
    assert_eq!(list.add_interrupt_from_parent(&parent, 0), Ok(()));
    let full = list.add_port_from_parent(&parent, 0);
    assert_eq!(full, Err(NtStatus::INSUFFICIENT_RESOURCES));
    assert_eq!(list.translated_list(), [ports(0x388), interrupt(0x39)]);
    assert_eq!(list.untranslated_list(), [ports(0x1388), interrupt(9)]);
    assert_eq!(parent.number_of_entries(), 3);
}

#[test]
fn a_list_may_take_from_itself() {
    let kernel = kernel();
    let parent = parent(&kernel);
    let list = pc_new_resource_sublist(&kernel, None, PoolType::Paged, &parent, 3).unwrap();
    list.add_port_from_parent(&parent, 0).unwrap();
    list.add_port_from_parent(&Rc::clone(&list), 0).unwrap();
    assert_eq!(list.number_of_ports(), 2);
}

#[test]
fn a_sublist_has_at_least_one_place_and_may_have_more_than_its_parent_has_entries() {
    let kernel = kernel();
    let parent = parent(&kernel);
    let sublist =
        |maximum| pc_new_resource_sublist(&kernel, None, PoolType::Paged, &parent, maximum);
    assert_eq!(sublist(0).err(), Some(NtStatus::INVALID_PARAMETER));
    assert!(sublist(u32::MAX).is_ok());
    let list = sublist(4).unwrap();
    for (start, expected) in [(0x300, Ok(())), (0x310, Ok(())), (0x320, Ok(())), (0x330, Ok(()))] {
        assert_eq!(list.add_entry(ports(start), ports(start)), expected);
    }
    assert_eq!(list.add_entry(ports(0x340), ports(0x340)), Err(NtStatus::INSUFFICIENT_RESOURCES));
}
