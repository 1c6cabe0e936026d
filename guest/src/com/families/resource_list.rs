//! `IResourceList` as a driver sees it.

use portcls_emulator::{NtStatus, Resource};
use portcls_port::guid::iid;
use portcls_port::interfaces::IResourceList;

use crate::com::Hold;
use crate::com::family::Family;
use crate::com::this::This;
use crate::objects::resources::{descriptor_at, descriptor_bytes, kind_of, list_bytes};
use crate::routine::{Call, Pointer, row};

pub(super) static FAMILY: Family = Family {
    name: "IResourceList",
    iid: iid::RESOURCE_LIST,
    bases: &[],
    methods: &[
        row!("IResourceList::NumberOfEntries", UpTo(PASSIVE_LEVEL), number_of_entries),
        row!("IResourceList::NumberOfEntriesOfType", UpTo(PASSIVE_LEVEL), number_of_type),
        row!("IResourceList::FindTranslatedEntry", UpTo(PASSIVE_LEVEL), find_translated),
        row!("IResourceList::FindUntranslatedEntry", UpTo(PASSIVE_LEVEL), find_untranslated),
        row!("IResourceList::AddEntry", UpTo(PASSIVE_LEVEL), add_entry),
        row!("IResourceList::AddEntryFromParent", UpTo(PASSIVE_LEVEL), add_from_parent),
        row!("IResourceList::TranslatedList", UpTo(PASSIVE_LEVEL), translated_list),
        row!("IResourceList::UntranslatedList", UpTo(PASSIVE_LEVEL), untranslated_list),
    ],
};

/// Which of the two lists of resources a method reads.
#[derive(Clone, Copy)]
enum Side {
    Translated = 0,
    Untranslated = 1,
}

/// `ULONG NumberOfEntries()`
fn number_of_entries(_call: &Call<'_>, list: This<dyn IResourceList>) -> u32 {
    list.number_of_entries()
}

/// `ULONG NumberOfEntriesOfType(CM_RESOURCE_TYPE)`
fn number_of_type(_call: &Call<'_>, list: This<dyn IResourceList>, kind: u32) -> u32 {
    kind_of(kind).map_or(0, |kind| list.number_of_entries_of_type(kind))
}

/// `PCM_PARTIAL_RESOURCE_DESCRIPTOR FindTranslatedEntry(CM_RESOURCE_TYPE, ULONG Index)`
fn find_translated(
    call: &Call<'_>,
    list: This<dyn IResourceList>,
    kind: u32,
    index: u32,
) -> Pointer {
    find(call, &list, Side::Translated, (kind, index))
}

/// `PCM_PARTIAL_RESOURCE_DESCRIPTOR FindUntranslatedEntry(CM_RESOURCE_TYPE, ULONG Index)`
fn find_untranslated(
    call: &Call<'_>,
    list: This<dyn IResourceList>,
    kind: u32,
    index: u32,
) -> Pointer {
    find(call, &list, Side::Untranslated, (kind, index))
}

fn find(
    call: &Call<'_>,
    list: &This<dyn IResourceList>,
    side: Side,
    (kind, index): (u32, u32),
) -> Pointer {
    let Some(kind) = kind_of(kind) else { return Pointer::NULL };
    let found = match side {
        Side::Translated => list.find_translated_entry(kind, index),
        Side::Untranslated => list.find_untranslated_entry(kind, index),
    };
    let Some(resource) = found else { return Pointer::NULL };
    let guest = call.guest();
    // The descriptor must stay valid while the list lives, so it is an attachment of the list.
    let key = 1 + side as u64 + 2 * (kind as u64) + 16 * u64::from(index);
    let descriptor = || descriptor_bytes(guest.layout(), &resource);
    Pointer(guest.attachment(list.address, key, descriptor))
}

/// `NTSTATUS AddEntry(PCM_PARTIAL_RESOURCE_DESCRIPTOR, PCM_PARTIAL_RESOURCE_DESCRIPTOR)`
fn add_entry(
    call: &Call<'_>,
    list: This<dyn IResourceList>,
    translated: Pointer,
    untranslated: Pointer,
) -> Result<(), NtStatus> {
    let read = |address: Pointer| descriptor_at(call.guest(), address.0);
    match (read(translated), read(untranslated)) {
        (Some(translated), Some(untranslated)) => list.add_entry(translated, untranslated),
        _ => Err(NtStatus::INVALID_PARAMETER),
    }
}

/// `NTSTATUS AddEntryFromParent(PRESOURCELIST, CM_RESOURCE_TYPE, ULONG Index)`
fn add_from_parent(
    call: &Call<'_>,
    list: This<dyn IResourceList>,
    parent: Pointer,
    kind: u32,
    index: u32,
) -> Result<(), NtStatus> {
    let parent = call.guest().interface_at::<dyn IResourceList>(parent.0, Hold::Retain);
    match (parent, kind_of(kind)) {
        (Some(parent), Some(kind)) => list.add_entry_from_parent(&parent, kind, index),
        _ => Err(NtStatus::INVALID_PARAMETER),
    }
}

/// `PCM_RESOURCE_LIST TranslatedList()`
fn translated_list(call: &Call<'_>, list: This<dyn IResourceList>) -> Pointer {
    whole(call, &list, Side::Translated)
}

/// `PCM_RESOURCE_LIST UntranslatedList()`
fn untranslated_list(call: &Call<'_>, list: This<dyn IResourceList>) -> Pointer {
    whole(call, &list, Side::Untranslated)
}

fn whole(call: &Call<'_>, list: &This<dyn IResourceList>, side: Side) -> Pointer {
    let resources: Vec<Resource> = match side {
        Side::Translated => list.translated_list(),
        Side::Untranslated => list.untranslated_list(),
    };
    let guest = call.guest();
    // The length is part of the key: when the list has grown, the driver gets a new block.
    let key = 1 << 40 | (resources.len() as u64) << 1 | side as u64;
    let bytes = || list_bytes(guest.layout(), &resources);
    Pointer(guest.attachment(list.address, key, bytes))
}
