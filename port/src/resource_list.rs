//! Resource lists: a device's resources, and sublists for subdevices.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::{Irql, Kernel, NtStatus, PoolType, Resource, ResourceKind};

use crate::answer_query;
use crate::com::{IUnknown, Interface};
use crate::guid::Guid;
use crate::interfaces::IResourceList;
use crate::rules::require_irql_at_most;

#[derive(Clone, Copy)]
struct Entry {
    translated: Resource,
    untranslated: Resource,
}

/// The list that `PcNewResourceList` and `PcNewResourceSublist` make.
struct ResourceList {
    capacity: usize,
    entries: RefCell<Vec<Entry>>,
}

/// Makes the list of a device from the resources that the bus assigned. The list has no room for
/// further resources.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcNewResourceList.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: the two lists do not have the same kinds in the same order.
/// - `STATUS_INVALID_DEVICE_REQUEST`: there is an outer object; aggregation is not offered.
/// - `STATUS_INSUFFICIENT_RESOURCES`: an oracle refuses the memory.
#[doc(alias = "PcNewResourceList")]
pub fn pc_new_resource_list(
    kernel: &Kernel,
    outer: Option<Rc<dyn IUnknown>>,
    _pool: PoolType,
    translated: &[Resource],
    untranslated: &[Resource],
) -> Result<Rc<dyn IResourceList>, NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcNewResourceList");
    if outer.is_some() {
        return Err(NtStatus::INVALID_DEVICE_REQUEST);
    }
    let kinds_agree = translated.len() == untranslated.len()
        && translated.iter().zip(untranslated).all(|(a, b)| a.kind() == b.kind());
    if !kinds_agree {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    kernel.ask_allocation()?;
    let entries: Vec<Entry> = translated
        .iter()
        .zip(untranslated)
        .map(|(&translated, &untranslated)| Entry { translated, untranslated })
        .collect();
    Ok(Rc::new(ResourceList { capacity: entries.len(), entries: RefCell::new(entries) }))
}

/// Makes an empty list with room for `maximum_entries`.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcNewResourceSublist.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: `maximum_entries` is 0. `maximum_entries` may be greater than the
///   number of entries of the parent, because the page sets no such limit.
/// - `STATUS_INVALID_DEVICE_REQUEST`: there is an outer object; aggregation is not offered.
/// - `STATUS_INSUFFICIENT_RESOURCES`: an oracle refuses the memory.
#[doc(alias = "PcNewResourceSublist")]
pub fn pc_new_resource_sublist(
    kernel: &Kernel,
    outer: Option<Rc<dyn IUnknown>>,
    _pool: PoolType,
    _parent: &Rc<dyn IResourceList>,
    maximum_entries: u32,
) -> Result<Rc<dyn IResourceList>, NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcNewResourceSublist");
    if outer.is_some() {
        return Err(NtStatus::INVALID_DEVICE_REQUEST);
    }
    if maximum_entries == 0 {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    kernel.ask_allocation()?;
    let capacity = maximum_entries as usize;
    Ok(Rc::new(ResourceList { capacity, entries: RefCell::default() }))
}

impl ResourceList {
    fn find(&self, kind: ResourceKind, index: u32) -> Option<Entry> {
        let entries = self.entries.borrow();
        let mut of_kind = entries.iter().filter(|entry| entry.translated.kind() == kind);
        of_kind.nth(index as usize).copied()
    }
}

impl IUnknown for ResourceList {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IResourceList)
    }
}

impl IResourceList for ResourceList {
    fn number_of_entries(&self) -> u32 {
        self.entries.borrow().len() as u32
    }

    fn number_of_entries_of_type(&self, kind: ResourceKind) -> u32 {
        let entries = self.entries.borrow();
        entries.iter().filter(|entry| entry.translated.kind() == kind).count() as u32
    }

    fn find_translated_entry(&self, kind: ResourceKind, index: u32) -> Option<Resource> {
        self.find(kind, index).map(|entry| entry.translated)
    }

    fn find_untranslated_entry(&self, kind: ResourceKind, index: u32) -> Option<Resource> {
        self.find(kind, index).map(|entry| entry.untranslated)
    }

    fn add_entry(&self, translated: Resource, untranslated: Resource) -> Result<(), NtStatus> {
        let mut entries = self.entries.borrow_mut();
        if entries.len() >= self.capacity {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        entries.push(Entry { translated, untranslated });
        Ok(())
    }

    fn add_entry_from_parent(
        &self,
        parent: &Rc<dyn IResourceList>,
        kind: ResourceKind,
        index: u32,
    ) -> Result<(), NtStatus> {
        let translated = parent.find_translated_entry(kind, index);
        let untranslated = parent.find_untranslated_entry(kind, index);
        match (translated, untranslated) {
            (Some(translated), Some(untranslated)) => self.add_entry(translated, untranslated),
            _ => Err(NtStatus::INVALID_PARAMETER),
        }
    }

    fn translated_list(&self) -> Vec<Resource> {
        self.entries.borrow().iter().map(|entry| entry.translated).collect()
    }

    fn untranslated_list(&self) -> Vec<Resource> {
        self.entries.borrow().iter().map(|entry| entry.untranslated).collect()
    }
}
