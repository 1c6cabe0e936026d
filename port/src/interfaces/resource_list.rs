//! The resources of a device, as the bus assigned them.

use std::rc::Rc;

use portcls_emulator::{NtStatus, Resource, ResourceKind};

use crate::com::IUnknown;

/// Two lists of the same resources: translated for the processor, and untranslated for the bus.
///
/// PortCls implements this interface. A driver reads the list that its StartDevice gets, and
/// divides it with `PcNewResourceSublist`. The methods after
/// [`untranslated_list`](Self::untranslated_list) are the helper macros of the header.
///
/// IRQL of every method: PASSIVE_LEVEL. Source: WDK, IResourceList.
#[doc(alias = "PRESOURCELIST")]
pub trait IResourceList: IUnknown {
    /// The number of resources of all kinds.
    #[doc(alias = "IResourceList::NumberOfEntries")]
    fn number_of_entries(&self) -> u32;

    /// The number of resources of a kind.
    #[doc(alias = "IResourceList::NumberOfEntriesOfType")]
    fn number_of_entries_of_type(&self, kind: ResourceKind) -> u32;

    /// The translated resource number `index` of its kind, from 0.
    #[doc(alias = "IResourceList::FindTranslatedEntry")]
    fn find_translated_entry(&self, kind: ResourceKind, index: u32) -> Option<Resource>;

    /// The untranslated resource number `index` of its kind, from 0.
    #[doc(alias = "IResourceList::FindUntranslatedEntry")]
    fn find_untranslated_entry(&self, kind: ResourceKind, index: u32) -> Option<Resource>;

    /// Appends a resource in both of its forms.
    ///
    /// # Errors
    /// - `STATUS_INSUFFICIENT_RESOURCES`: the list is full, and stays as it is.
    #[doc(alias = "IResourceList::AddEntry")]
    fn add_entry(&self, translated: Resource, untranslated: Resource) -> Result<(), NtStatus>;

    /// Appends the resource number `index` of its kind, from 0, of the list `parent`.
    ///
    /// # Errors
    /// After a failure this list stays as it is.
    /// - `STATUS_INSUFFICIENT_RESOURCES`: this list is full.
    /// - `STATUS_INVALID_PARAMETER`: `parent` has no such resource.
    #[doc(alias = "IResourceList::AddEntryFromParent")]
    fn add_entry_from_parent(
        &self,
        parent: &Rc<dyn IResourceList>,
        kind: ResourceKind,
        index: u32,
    ) -> Result<(), NtStatus>;

    /// All translated resources.
    #[doc(alias = "IResourceList::TranslatedList")]
    fn translated_list(&self) -> Vec<Resource>;

    /// All untranslated resources.
    #[doc(alias = "IResourceList::UntranslatedList")]
    fn untranslated_list(&self) -> Vec<Resource>;

    /// The number of ranges of I/O ports.
    #[doc(alias = "NumberOfPorts")]
    fn number_of_ports(&self) -> u32 {
        self.number_of_entries_of_type(ResourceKind::Port)
    }

    /// The number of interrupts.
    #[doc(alias = "NumberOfInterrupts")]
    fn number_of_interrupts(&self) -> u32 {
        self.number_of_entries_of_type(ResourceKind::Interrupt)
    }

    /// The number of ranges of memory.
    #[doc(alias = "NumberOfMemories")]
    fn number_of_memories(&self) -> u32 {
        self.number_of_entries_of_type(ResourceKind::Memory)
    }

    /// The number of DMA channels.
    #[doc(alias = "NumberOfDmas")]
    fn number_of_dmas(&self) -> u32 {
        self.number_of_entries_of_type(ResourceKind::Dma)
    }

    /// The translated range of I/O ports number `index`, from 0.
    #[doc(alias = "FindTranslatedPort")]
    fn find_translated_port(&self, index: u32) -> Option<Resource> {
        self.find_translated_entry(ResourceKind::Port, index)
    }

    /// The translated interrupt number `index`, from 0.
    #[doc(alias = "FindTranslatedInterrupt")]
    fn find_translated_interrupt(&self, index: u32) -> Option<Resource> {
        self.find_translated_entry(ResourceKind::Interrupt, index)
    }

    /// The translated range of memory number `index`, from 0.
    #[doc(alias = "FindTranslatedMemory")]
    fn find_translated_memory(&self, index: u32) -> Option<Resource> {
        self.find_translated_entry(ResourceKind::Memory, index)
    }

    /// The translated DMA channel number `index`, from 0.
    #[doc(alias = "FindTranslatedDma")]
    fn find_translated_dma(&self, index: u32) -> Option<Resource> {
        self.find_translated_entry(ResourceKind::Dma, index)
    }

    /// The untranslated range of I/O ports number `index`, from 0.
    #[doc(alias = "FindUntranslatedPort")]
    fn find_untranslated_port(&self, index: u32) -> Option<Resource> {
        self.find_untranslated_entry(ResourceKind::Port, index)
    }

    /// The untranslated interrupt number `index`, from 0.
    #[doc(alias = "FindUntranslatedInterrupt")]
    fn find_untranslated_interrupt(&self, index: u32) -> Option<Resource> {
        self.find_untranslated_entry(ResourceKind::Interrupt, index)
    }

    /// The untranslated range of memory number `index`, from 0.
    #[doc(alias = "FindUntranslatedMemory")]
    fn find_untranslated_memory(&self, index: u32) -> Option<Resource> {
        self.find_untranslated_entry(ResourceKind::Memory, index)
    }

    /// The untranslated DMA channel number `index`, from 0.
    #[doc(alias = "FindUntranslatedDma")]
    fn find_untranslated_dma(&self, index: u32) -> Option<Resource> {
        self.find_untranslated_entry(ResourceKind::Dma, index)
    }

    /// Appends a range of I/O ports of another list.
    ///
    /// # Errors
    /// The errors of [`Self::add_entry_from_parent`].
    #[doc(alias = "AddPortFromParent")]
    fn add_port_from_parent(
        &self,
        parent: &Rc<dyn IResourceList>,
        index: u32,
    ) -> Result<(), NtStatus> {
        self.add_entry_from_parent(parent, ResourceKind::Port, index)
    }

    /// Appends an interrupt of another list.
    ///
    /// # Errors
    /// The errors of [`Self::add_entry_from_parent`].
    #[doc(alias = "AddInterruptFromParent")]
    fn add_interrupt_from_parent(
        &self,
        parent: &Rc<dyn IResourceList>,
        index: u32,
    ) -> Result<(), NtStatus> {
        self.add_entry_from_parent(parent, ResourceKind::Interrupt, index)
    }

    /// Appends a range of memory of another list.
    ///
    /// # Errors
    /// The errors of [`Self::add_entry_from_parent`].
    #[doc(alias = "AddMemoryFromParent")]
    fn add_memory_from_parent(
        &self,
        parent: &Rc<dyn IResourceList>,
        index: u32,
    ) -> Result<(), NtStatus> {
        self.add_entry_from_parent(parent, ResourceKind::Memory, index)
    }

    /// Appends a DMA channel of another list.
    ///
    /// # Errors
    /// The errors of [`Self::add_entry_from_parent`].
    #[doc(alias = "AddDmaFromParent")]
    fn add_dma_from_parent(
        &self,
        parent: &Rc<dyn IResourceList>,
        index: u32,
    ) -> Result<(), NtStatus> {
        self.add_entry_from_parent(parent, ResourceKind::Dma, index)
    }
}
