//! A guest's birth: a processor, the driver's image, the routine tables.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_driver_file::image::Image;
use portcls_emulator::Kernel;
use portcls_port::dma_memory::install_dma_memory;

use super::load::load;
use super::load_error::LoadError;
use super::routines::{faces, names};
use crate::guest::{Guest, GuestState};
use crate::objects::dma_memory::GuestDmaMemory;
use crate::processor::vm::{GuestOptions, Vm};
use crate::tables::bindings::Bindings;
use crate::tables::event_table::EventTable;
use crate::tables::guest_table::GuestTable;
use crate::tables::link_table::LinkTable;
use crate::tables::physical_table::PhysicalTable;
use crate::tables::pool_table::PoolTable;
use crate::tables::port_table::PortTable;
use crate::tables::shown_table::ShownTable;

impl Guest {
    /// Loads an image into a new guest. No code of the image runs yet.
    ///
    /// # Errors
    /// When the image cannot be moved to its address, does not fit into the guest's memory, or has
    /// too many imports.
    pub fn new(kernel: &Kernel, image: &Image, options: GuestOptions) -> Result<Guest, LoadError> {
        let vm = Vm::new(kernel, image.mode(), options)?;
        let loaded = load(&vm, image)?;
        let space = vm.space;
        let guest = Guest(Rc::new(GuestState {
            vm,
            loaded,
            pool: PoolTable::new(space),
            bindings: Bindings::default(),
            shown: ShownTable::new(space),
            port_objects: PortTable::new(space, faces()),
            guest_objects: GuestTable::default(),
            events: EventTable::new(space),
            links: LinkTable::default(),
            physical: PhysicalTable::default(),
            routine_names: names(),
            serving: Cell::new(None),
            call_site: Cell::new(None),
            left_step: RefCell::default(),
            is_transfer_taken: Cell::new(false),
            is_gone: Cell::new(false),
        }));
        install_dma_memory(kernel, Rc::new(GuestDmaMemory::new(&guest)));
        guest.tell_call_sites();
        Ok(guest)
    }
}
