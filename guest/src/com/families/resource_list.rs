//! `IResourceList` as a driver sees it.

use portcls_emulator::{Irql, NtStatus, Resource, ResourceKind};
use portcls_port::guid::iid;
use portcls_port::interfaces::IResourceList;

use crate::com::Hold;
use crate::com::family::Family;
use crate::com::this::this;
use crate::guest::Guest;
use crate::objects::resources::{descriptor_at, descriptor_bytes, kind_of, list_bytes};
use crate::routine::{Call, Routine, status, status_of};

pub(super) static FAMILY: Family = Family {
    name: "IResourceList",
    iid: iid::RESOURCE_LIST,
    bases: &[],
    methods: &[
        Routine::stdcall("IResourceList::NumberOfEntries", 1, PASSIVE, number_of_entries),
        Routine::stdcall("IResourceList::NumberOfEntriesOfType", 2, PASSIVE, number_of_type),
        Routine::stdcall("IResourceList::FindTranslatedEntry", 3, PASSIVE, find_translated),
        Routine::stdcall("IResourceList::FindUntranslatedEntry", 3, PASSIVE, find_untranslated),
        Routine::stdcall("IResourceList::AddEntry", 3, PASSIVE, add_entry),
        Routine::stdcall("IResourceList::AddEntryFromParent", 4, PASSIVE, add_from_parent),
        Routine::stdcall("IResourceList::TranslatedList", 1, PASSIVE, translated_list),
        Routine::stdcall("IResourceList::UntranslatedList", 1, PASSIVE, untranslated_list),
    ],
};

const PASSIVE: Irql = Irql::PASSIVE_LEVEL;

/// Which of the two lists a pointer points into.
#[derive(Clone, Copy)]
enum Side {
    Translated = 0,
    Untranslated = 1,
}

/// `ULONG NumberOfEntries()`
fn number_of_entries(call: &Call<'_>) -> u64 {
    this::<dyn IResourceList>(call).map_or(0, |list| list.number_of_entries().into())
}

/// `ULONG NumberOfEntriesOfType(CM_RESOURCE_TYPE)`
fn number_of_type(call: &Call<'_>) -> u64 {
    let list = this::<dyn IResourceList>(call);
    match (list, kind_of(call.u32())) {
        (Some(list), Some(kind)) => list.number_of_entries_of_type(kind).into(),
        _ => 0,
    }
}

/// `PCM_PARTIAL_RESOURCE_DESCRIPTOR FindTranslatedEntry(CM_RESOURCE_TYPE, ULONG Index)`
fn find_translated(call: &Call<'_>) -> u64 {
    find(call, Side::Translated)
}

/// `PCM_PARTIAL_RESOURCE_DESCRIPTOR FindUntranslatedEntry(CM_RESOURCE_TYPE, ULONG Index)`
fn find_untranslated(call: &Call<'_>) -> u64 {
    find(call, Side::Untranslated)
}

fn find(call: &Call<'_>, side: Side) -> u64 {
    let guest = call.guest();
    let address = call.pointer();
    let (kind, index) = (call.u32(), call.u32());
    let Some(list) = list_at(guest, address) else { return 0 };
    let Some(kind) = kind_of(kind) else { return 0 };
    let found = match side {
        Side::Translated => list.find_translated_entry(kind, index),
        Side::Untranslated => list.find_untranslated_entry(kind, index),
    };
    let Some(resource) = found else { return 0 };
    // The pointer lives as long as the list.
    let key = 1 + side as u64 + 2 * (kind as u64) + 16 * u64::from(index);
    guest.attachment(address, key, || descriptor_bytes(guest.layout(), &resource))
}

fn list_at(guest: &Guest, address: u64) -> Option<std::rc::Rc<dyn IResourceList>> {
    let object = guest.port_object(address)?;
    portcls_port::com::query::<dyn IResourceList>(&object).ok()
}

/// `NTSTATUS AddEntry(PCM_PARTIAL_RESOURCE_DESCRIPTOR, PCM_PARTIAL_RESOURCE_DESCRIPTOR)`
fn add_entry(call: &Call<'_>) -> u64 {
    let list = this::<dyn IResourceList>(call);
    let (translated, untranslated) = (call.pointer(), call.pointer());
    let read = |address| descriptor_at(call.guest(), address);
    match (list, read(translated), read(untranslated)) {
        (Some(list), Some(translated), Some(untranslated)) => {
            status_of(&list.add_entry(translated, untranslated))
        }
        _ => status(NtStatus::INVALID_PARAMETER),
    }
}

/// `NTSTATUS AddEntryFromParent(PRESOURCELIST, CM_RESOURCE_TYPE, ULONG Index)`
fn add_from_parent(call: &Call<'_>) -> u64 {
    let list = this::<dyn IResourceList>(call);
    let (parent, kind, index) = (call.pointer(), call.u32(), call.u32());
    let parent = call.guest().interface_at::<dyn IResourceList>(parent, Hold::Retain);
    let kind: Option<ResourceKind> = kind_of(kind);
    match (list, parent, kind) {
        (Some(list), Some(parent), Some(kind)) => {
            status_of(&list.add_entry_from_parent(&parent, kind, index))
        }
        _ => status(NtStatus::INVALID_PARAMETER),
    }
}

/// `PCM_RESOURCE_LIST TranslatedList()`
fn translated_list(call: &Call<'_>) -> u64 {
    whole(call, Side::Translated)
}

/// `PCM_RESOURCE_LIST UntranslatedList()`
fn untranslated_list(call: &Call<'_>) -> u64 {
    whole(call, Side::Untranslated)
}

fn whole(call: &Call<'_>, side: Side) -> u64 {
    let guest = call.guest();
    let address = call.pointer();
    let Some(list) = list_at(guest, address) else { return 0 };
    let resources: Vec<Resource> = match side {
        Side::Translated => list.translated_list(),
        Side::Untranslated => list.untranslated_list(),
    };
    // A list that has grown since is another block.
    let key = 1 << 40 | (resources.len() as u64) << 1 | side as u64;
    guest.attachment(address, key, || list_bytes(guest.layout(), &resources))
}
