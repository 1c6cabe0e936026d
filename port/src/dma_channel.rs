//! DMA channels: memory that a device could reach, without transfers.
//!
//! Owns the single kind of object behind `IDmaChannel` and `IDmaChannelSlave`. This file never
//! knows where the bytes of a buffer lie. `dma_memory.rs` knows this.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::trace::Layer;
use portcls_emulator::{
    DeviceObject, Irql, Kernel, Need, NtStatus, PhysicalRequest, PoolType, ResourceKind,
};

use crate::adapter::is_adapter_device;
use crate::answer_query;
use crate::com::{IUnknown, Interface};
use crate::device_description::DeviceDescription;
use crate::dma_memory::{self, DmaBuffer};
use crate::guid::{Guid, iid};
use crate::interfaces::{
    DmaAddresses, DmaDirection, IDmaChannel, IDmaChannelSlave, SlaveDmaRequest,
};
use crate::refusal::Told;
use crate::rules::{self, require_irql_at_most};

/// Who would move the data of a channel.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mover {
    /// The device itself.
    Device,
    /// The system's DMA controller.
    Controller,
}

/// A DMA channel.
pub(crate) struct DmaChannel {
    mover: Mover,
    maximum_length: u32,
    addresses: DmaAddresses,

    buffer: RefCell<Option<Rc<dyn DmaBuffer>>>,
    size: Cell<u32>,
    is_started: Cell<bool>,
}

/// Makes a DMA channel from the description of a device. The methods of the wave ports have taken
/// the place of this routine.
///
/// If the description is of a device that is not a bus master, the channel also has
/// `IDmaChannelSlave`.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcNewDmaChannel.
///
/// # Errors
/// - `STATUS_INVALID_DEVICE_REQUEST`: there is an outer object; aggregation is not offered.
/// - `STATUS_INVALID_PARAMETER`: the device is not an adapter's, or the description has a version
///   that does not exist. `Assumed:` this status, because the page names none.
/// - `STATUS_INSUFFICIENT_RESOURCES`: an oracle refuses the memory.
#[doc(alias = "PcNewDmaChannel")]
pub fn pc_new_dma_channel(
    kernel: &Kernel,
    outer: Option<Rc<dyn IUnknown>>,
    pool: PoolType,
    description: &DeviceDescription,
    device: &Rc<DeviceObject>,
) -> Result<Rc<dyn IDmaChannel>, NtStatus> {
    const ROUTINE: &str = "PcNewDmaChannel";
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, ROUTINE);
    let usable = if !is_adapter_device(device) {
        Err("a device that PcAddAdapterDevice did not make".to_owned())
    } else if description.version > DeviceDescription::NEWEST_VERSION {
        Err(format!("a DEVICE_DESCRIPTION of version {}", description.version))
    } else {
        Ok(())
    };
    if let Err(what) = usable {
        let refused = Err(NtStatus::INVALID_PARAMETER);
        return refused.told(kernel, Need::Required, ROUTINE, || what);
    }
    require_nonpaged(kernel, pool, ROUTINE);
    let mover = if description.master { Mover::Device } else { Mover::Controller };
    // A channel of the system's controller has the controller's addresses, whatever the description
    // says of the device.
    let addresses = match mover {
        Mover::Device => description.addresses(),
        Mover::Controller => DmaAddresses::Bits24,
    };
    let channel = DmaChannel::new(kernel, outer, mover, description.maximum_length, addresses);
    Ok(channel.told(kernel, Need::Required, ROUTINE, || "a DMA channel".to_owned())?)
}

/// Makes a channel for a device that reads and writes memory by itself, for a method of a port.
///
/// IRQL: PASSIVE_LEVEL.
///
/// # Errors
/// - `STATUS_INVALID_DEVICE_REQUEST`: there is an outer object.
/// - `STATUS_INSUFFICIENT_RESOURCES`: an oracle refuses the memory.
pub(crate) fn new_master_channel(
    kernel: &Kernel,
    method: &str,
    outer: Option<Rc<dyn IUnknown>>,
    maximum_length: u32,
    addresses: DmaAddresses,
) -> Result<Rc<dyn IDmaChannel>, NtStatus> {
    let channel = DmaChannel::new(kernel, outer, Mover::Device, maximum_length, addresses);
    Ok(channel.told(kernel, Need::Required, method, || "a DMA channel".to_owned())?)
}

/// Makes a channel of the system's DMA controller, for a method of a port.
///
/// IRQL: PASSIVE_LEVEL.
///
/// # Errors
/// - `STATUS_INVALID_PARAMETER`: the list has no DMA resource with the index of the request, or
///   there is no list.
/// - The errors of [`new_master_channel`].
pub(crate) fn new_slave_channel(
    kernel: &Kernel,
    method: &str,
    outer: Option<Rc<dyn IUnknown>>,
    request: &SlaveDmaRequest,
) -> Result<Rc<dyn IDmaChannelSlave>, NtStatus> {
    let index = request.dma_index;
    let resource = match &request.resources {
        None => Err("a DMA channel without a list of resources".to_owned()),
        Some(list) => {
            let entry = list.find_translated_entry(ResourceKind::Dma, index);
            entry.ok_or_else(|| {
                let count = list.number_of_entries_of_type(ResourceKind::Dma);
                format!("DMA resource {index} of a list with {count} of them")
            })
        }
    };
    if let Err(what) = resource {
        let refused = Err(NtStatus::INVALID_PARAMETER);
        return refused.told(kernel, Need::Required, method, || what);
    }
    let (length, addresses) = (request.maximum_length, DmaAddresses::Bits24);
    let channel = DmaChannel::new(kernel, outer, Mover::Controller, length, addresses);
    Ok(channel.told(kernel, Need::Required, method, || "a DMA channel".to_owned())?)
}

/// Reports a violation when a driver wants its channel in paged pool.
pub(crate) fn require_nonpaged(kernel: &Kernel, pool: PoolType, routine: &str) {
    if pool == PoolType::Paged {
        let message = format!("{routine} was called with a paged pool");
        kernel.report_violation(&rules::DMA_CHANNEL_PAGED, &message);
    }
}

impl DmaChannel {
    fn new(
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        mover: Mover,
        maximum_length: u32,
        addresses: DmaAddresses,
    ) -> Result<Rc<DmaChannel>, NtStatus> {
        if outer.is_some() {
            return Err(NtStatus::INVALID_DEVICE_REQUEST);
        }
        kernel.ask_allocation()?;
        Ok(Rc::new(DmaChannel {
            mover,
            maximum_length,
            addresses,
            buffer: RefCell::new(None),
            size: Cell::new(0),
            is_started: Cell::new(false),
        }))
    }

    fn buffer(&self) -> Option<Rc<dyn DmaBuffer>> {
        self.buffer.borrow().clone()
    }

    /// The buffer, and how many of the `wanted` bytes the buffer has from `offset` on. `None` when
    /// the channel has no buffer, or when the buffer ends before `offset`.
    fn part(&self, offset: u32, wanted: usize) -> Option<(Rc<dyn DmaBuffer>, usize)> {
        let buffer = self.buffer()?;
        let room = buffer.size().checked_sub(offset)? as usize;
        Some((buffer, wanted.min(room)))
    }
}

impl IUnknown for DmaChannel {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        match (self.mover, *iid) {
            (Mover::Controller, iid::DMA_CHANNEL_SLAVE) => Ok(Interface::DmaChannelSlave(self)),
            _ => answer_query!(self, iid, IDmaChannel),
        }
    }
}

impl IDmaChannel for DmaChannel {
    fn allocate_buffer(
        &self,
        kernel: &Kernel,
        buffer_size: u32,
        constraint: Option<u64>,
    ) -> Result<(), NtStatus> {
        const METHOD: &str = "IDmaChannel::AllocateBuffer";
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, METHOD);
        if self.buffer.borrow().is_some() {
            let message = format!("{METHOD} on a channel that has a buffer");
            kernel.report_violation(&rules::DMA_BUFFER_TWICE, &message);
            return Err(NtStatus::UNSUCCESSFUL);
        }
        let what = || {
            let of = constraint.map(|bits| format!(" with the constraint {bits:X}"));
            format!("{buffer_size} bytes{}", of.unwrap_or_default())
        };
        if buffer_size == 0 || buffer_size > self.maximum_length {
            let refused = Err(NtStatus::INVALID_PARAMETER);
            return refused.told(kernel, Need::Optional, METHOD, || {
                format!("{} on a channel for at most {}", what(), self.maximum_length)
            });
        }
        let request = PhysicalRequest {
            highest: self.addresses.highest(),
            varying_bits: constraint.unwrap_or(u64::MAX),
            ..PhysicalRequest::anywhere(buffer_size.into())
        };
        let room = kernel.ask_allocation();
        let made = room.ok().and_then(|()| dma_memory::allocate(kernel, &request));
        let made = made.ok_or(NtStatus::INSUFFICIENT_RESOURCES);
        let buffer = made.told(kernel, Need::Optional, METHOD, what)?;
        *self.buffer.borrow_mut() = Some(buffer);
        self.size.set(buffer_size);
        Ok(())
    }

    fn free_buffer(&self, kernel: &Kernel) {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "IDmaChannel::FreeBuffer");
        let buffer = self.buffer.take();
        self.size.set(0);
        drop(buffer);
    }

    fn transfer_count(&self) -> u32 {
        0
    }

    fn maximum_buffer_size(&self) -> u32 {
        self.maximum_length
    }

    fn allocated_buffer_size(&self) -> u32 {
        self.buffer().map_or(0, |buffer| buffer.size())
    }

    fn buffer_size(&self) -> u32 {
        self.size.get()
    }

    fn set_buffer_size(&self, buffer_size: u32) {
        self.size.set(buffer_size);
    }

    fn system_address(&self) -> Option<Rc<dyn DmaBuffer>> {
        self.buffer()
    }

    fn physical_address(&self) -> u64 {
        self.buffer().map_or(0, |buffer| buffer.physical_address())
    }

    fn copy_to(&self, offset: u32, source: &[u8]) {
        if let Some((buffer, count)) = self.part(offset, source.len()) {
            buffer.write(offset, &source[..count]);
        }
    }

    fn copy_from(&self, destination: &mut [u8], offset: u32) {
        if let Some((buffer, count)) = self.part(offset, destination.len()) {
            buffer.read(offset, &mut destination[..count]);
        }
    }
}

impl IDmaChannelSlave for DmaChannel {
    fn start(
        &self,
        kernel: &Kernel,
        map_size: u32,
        _direction: DmaDirection,
    ) -> Result<(), NtStatus> {
        const METHOD: &str = "IDmaChannelSlave::Start";
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, METHOD);
        if self.is_started.get() {
            return Err(NtStatus::UNSUCCESSFUL);
        }
        let allocated = self.allocated_buffer_size();
        if map_size > allocated {
            let message = format!("{METHOD} for {map_size} bytes of a buffer of {allocated}");
            kernel.report_violation(&rules::DMA_MAP_BEYOND_BUFFER, &message);
            return Err(NtStatus::INVALID_PARAMETER);
        }
        self.is_started.set(true);
        let who = kernel.trace().actor("port", Layer::Software);
        kernel.record_note(who, "a DMA channel was started; nothing is transferred");
        Ok(())
    }

    fn stop(&self, kernel: &Kernel) -> Result<(), NtStatus> {
        require_irql_at_most(kernel, Irql::DISPATCH_LEVEL, "IDmaChannelSlave::Stop");
        self.is_started.set(false);
        Ok(())
    }

    fn read_counter(&self, kernel: &Kernel) -> u32 {
        require_irql_at_most(kernel, Irql::DISPATCH_LEVEL, "IDmaChannelSlave::ReadCounter");
        0
    }

    fn wait_for_tc(&self, kernel: &Kernel, _timeout_us: u32) -> Result<(), NtStatus> {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "IDmaChannelSlave::WaitForTC");
        Ok(())
    }
}
