//! `IDmaChannel` and `IDmaChannelSlave`: memory for a device.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};

use crate::com::IUnknown;
use crate::dma_memory::DmaBuffer;

/// A DMA channel with one buffer, which the driver and the device can both reach.
///
/// The port implements this interface, and the driver calls the methods. No device here has DMA: a
/// channel has memory, and nothing is ever transferred. So [`transfer_count`](Self::transfer_count)
/// is always 0.
///
/// The port frees the buffer at the last release of the channel. Source: WDK,
/// IDmaChannel::FreeBuffer. A driver that releases its channel leaks nothing, whether it has called
/// [`free_buffer`](Self::free_buffer) or not.
///
/// `GetAdapterObject`, which comes after [`physical_address`](Self::physical_address) in the
/// vtable, has no method here, because it hands out an object for transfers. When a `.sys` driver
/// calls `GetAdapterObject`, the run ends, and the result names the method.
#[doc(alias = "PDMACHANNEL")]
pub trait IDmaChannel: IUnknown {
    /// Allocates the buffer. The size of the buffer becomes the [allocated
    /// size](Self::allocated_buffer_size) and the [size](Self::buffer_size).
    ///
    /// With a constraint, only the bits that are set in it differ between the physical addresses of
    /// the first and the last byte: `0xFFFF` keeps the buffer from crossing a boundary of 64 KiB.
    /// The buffer also lies where the channel's addresses reach: a channel of the system's DMA
    /// controller has addresses of 24 bits. `Assumed:` the buffer begins at the start of a memory
    /// page and is zeroed; the documents do not say.
    ///
    /// IRQL: PASSIVE_LEVEL. Units: `buffer_size` in bytes. Source: WDK,
    /// IDmaChannel::AllocateBuffer.
    ///
    /// # Errors
    /// After a failure the channel is as it was before. `Assumed:` all these statuses, because the
    /// page names none.
    /// - `STATUS_UNSUCCESSFUL`: the channel has a buffer already, which is also a violation.
    /// - `STATUS_INVALID_PARAMETER`: the size is 0, or more than the
    ///   [maximum](Self::maximum_buffer_size).
    /// - `STATUS_INSUFFICIENT_RESOURCES`: no memory meets the request, or an oracle refuses the
    ///   memory. Drivers then try a smaller size.
    #[doc(alias = "IDmaChannel::AllocateBuffer")]
    fn allocate_buffer(
        &self,
        kernel: &Kernel,
        buffer_size: u32,
        constraint: Option<u64>,
    ) -> Result<(), NtStatus>;

    /// Frees the buffer, if there is one. The [size](Self::buffer_size) becomes 0.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails. Source: WDK, IDmaChannel::FreeBuffer.
    #[doc(alias = "IDmaChannel::FreeBuffer")]
    fn free_buffer(&self, kernel: &Kernel);

    /// How many bytes are being transferred: 0, because there is no transfer.
    ///
    /// IRQL: any. Source: WDK, IDmaChannel::TransferCount.
    #[doc(alias = "IDmaChannel::TransferCount")]
    fn transfer_count(&self) -> u32;

    /// The largest buffer that the channel may have, in bytes. The driver set this size when it
    /// made the channel.
    ///
    /// IRQL: any. Source: WDK, IDmaChannel::MaximumBufferSize.
    #[doc(alias = "IDmaChannel::MaximumBufferSize")]
    fn maximum_buffer_size(&self) -> u32;

    /// The size of the allocated buffer in bytes; 0 when there is no buffer.
    ///
    /// IRQL: any. Source: WDK, IDmaChannel::AllocatedBufferSize.
    #[doc(alias = "IDmaChannel::AllocatedBufferSize")]
    fn allocated_buffer_size(&self) -> u32;

    /// The size of the buffer in bytes as the driver uses it: the allocated size, until the driver
    /// sets another size. The size is 0 before the buffer is allocated and after it is freed.
    ///
    /// IRQL: any. Source: WDK, IDmaChannel::BufferSize.
    #[doc(alias = "IDmaChannel::BufferSize")]
    fn buffer_size(&self) -> u32;

    /// Stores the size of the buffer as the driver uses it. Nothing else depends on this size.
    ///
    /// IRQL: any. Units: bytes. Never fails. Source: WDK, IDmaChannel::SetBufferSize.
    #[doc(alias = "IDmaChannel::SetBufferSize")]
    fn set_buffer_size(&self, buffer_size: u32);

    /// The buffer; `None` when there is none.
    ///
    /// In C this is an address, by which the driver reads and writes the buffer. `Assumed:` the
    /// address is a null pointer when there is no buffer, because the page does not say. A driver
    /// in Rust uses the methods of the buffer.
    ///
    /// IRQL: any. Source: WDK, IDmaChannel::SystemAddress.
    #[doc(alias = "IDmaChannel::SystemAddress")]
    fn system_address(&self) -> Option<Rc<dyn DmaBuffer>>;

    /// The address that the device uses for the buffer; 0 when there is no buffer.
    ///
    /// IRQL: any. Source: WDK, IDmaChannel::PhysicalAddress. `Assumed:` the address is 0 when there
    /// is no buffer, because the page does not say.
    #[doc(alias = "IDmaChannel::PhysicalAddress")]
    fn physical_address(&self) -> u64;

    /// Copies bytes into the buffer, from `offset` on. Bytes that would lie past the end of the
    /// buffer are left out.
    ///
    /// IRQL: any. Never fails. Source: WDK, IDmaChannel::CopyTo. In C the source and the
    /// destination are addresses.
    #[doc(alias = "IDmaChannel::CopyTo")]
    fn copy_to(&self, offset: u32, source: &[u8]);

    /// Copies bytes out of the buffer, from `offset` on. When the buffer ends too early, the rest
    /// of the destination does not change.
    ///
    /// IRQL: any. Never fails. Source: WDK, IDmaChannel::CopyFrom. In C the source and the
    /// destination are addresses.
    #[doc(alias = "IDmaChannel::CopyFrom")]
    fn copy_from(&self, destination: &mut [u8], offset: u32);
}

/// A channel of the system's DMA controller, for a device that has no DMA hardware of its own.
///
/// The port implements this interface, and the driver calls the methods. Nothing is transferred: to
/// the driver it looks as if the controller had just ended its transfer. `Assumed:` this is enough,
/// because only a stream transfers data, and no stream of a wave port is ever opened.
#[doc(alias = "PDMACHANNELSLAVE")]
pub trait IDmaChannelSlave: IDmaChannel {
    /// Starts the channel for the first `map_size` bytes of the buffer. The trace notes that
    /// nothing is transferred.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IDmaChannelSlave::Start.
    ///
    /// # Errors
    /// - `STATUS_UNSUCCESSFUL`: the channel is started already.
    /// - `STATUS_INVALID_PARAMETER`: the buffer is smaller than `map_size`, which is also a
    ///   violation. `Assumed:` this status, because the page names none.
    #[doc(alias = "IDmaChannelSlave::Start")]
    fn start(
        &self,
        kernel: &Kernel,
        map_size: u32,
        direction: DmaDirection,
    ) -> Result<(), NtStatus>;

    /// Stops the channel. The call has no effect when the channel is not started.
    ///
    /// IRQL: at most DISPATCH_LEVEL. Source: WDK, IDmaChannelSlave::Stop.
    ///
    /// # Errors
    /// None. `Assumed:` a channel that is not started can be stopped too.
    #[doc(alias = "IDmaChannelSlave::Stop")]
    fn stop(&self, kernel: &Kernel) -> Result<(), NtStatus>;

    /// How many bytes the controller has still to transfer: 0.
    ///
    /// IRQL: at most DISPATCH_LEVEL. Source: WDK, IDmaChannelSlave::ReadCounter.
    #[doc(alias = "IDmaChannelSlave::ReadCounter")]
    fn read_counter(&self, kernel: &Kernel) -> u32;

    /// Waits until the controller has transferred all bytes. Here the wait ends at once.
    ///
    /// IRQL: PASSIVE_LEVEL. Units: `timeout_us` in microseconds. Source: WDK,
    /// IDmaChannelSlave::WaitForTC.
    ///
    /// # Errors
    /// No failure happens here, because there is never anything to wait for.
    #[doc(alias = "IDmaChannelSlave::WaitForTC")]
    fn wait_for_tc(&self, kernel: &Kernel, timeout_us: u32) -> Result<(), NtStatus>;
}

/// The direction in which a DMA channel moves data.
#[doc(alias = "WriteToDevice")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DmaDirection {
    /// From the buffer to the device. `WriteToDevice` is TRUE.
    ToDevice,
    /// From the device to the buffer. `WriteToDevice` is FALSE.
    FromDevice,
}

/// How far the addresses of a channel reach.
///
/// Source: WDK, DEVICE_DESCRIPTION, Dma32BitAddresses and Dma64BitAddresses. When neither field is
/// TRUE, the device has the 24 bits of the ISA bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DmaAddresses {
    /// The first 16 MiB.
    Bits24,
    /// The first 4 GiB.
    Bits32,
    /// All memory.
    Bits64,
}

impl DmaAddresses {
    /// The highest address.
    #[must_use]
    pub const fn highest(self) -> u64 {
        match self {
            DmaAddresses::Bits24 => 0xFF_FFFF,
            DmaAddresses::Bits32 => 0xFFFF_FFFF,
            DmaAddresses::Bits64 => u64::MAX,
        }
    }
}
