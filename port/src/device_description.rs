//! `DEVICE_DESCRIPTION`: what a driver says of its device's DMA.

use crate::interfaces::DmaAddresses;

/// The description of a device that wants DMA. A driver gives it to `PcNewDmaChannel`.
///
/// Source: WDK wdm.h. The port checks [`version`](Self::version). Of the other fields, only those
/// that decide about the channel's memory have an effect here, because nothing is transferred:
/// [`master`](Self::master), the two fields about addresses, and
/// [`maximum_length`](Self::maximum_length).
#[doc(alias = "DEVICE_DESCRIPTION")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceDescription {
    /// The version of this structure: 0 to 3.
    pub version: u32,
    /// Whether the device reads and writes memory by itself.
    pub master: bool,
    /// Whether one transfer of the device can go to several pieces of memory.
    pub scatter_gather: bool,
    /// Whether the device holds the bus for more than one transfer.
    pub demand_mode: bool,
    /// Whether the controller begins again at the end of the buffer.
    pub auto_initialize: bool,
    /// Whether the device has addresses of 32 bits.
    #[doc(alias = "Dma32BitAddresses")]
    pub dma_32_bit_addresses: bool,
    /// Whether the controller's counter must not be relied on.
    pub ignore_count: bool,
    /// Whether the device has addresses of 64 bits.
    #[doc(alias = "Dma64BitAddresses")]
    pub dma_64_bit_addresses: bool,
    /// The number of the bus.
    pub bus_number: u32,
    /// The channel of the system's DMA controller.
    pub dma_channel: u32,
    /// The kind of the bus: an INTERFACE_TYPE.
    pub interface_type: u32,
    /// The width of a transfer: a DMA_WIDTH.
    pub dma_width: u32,
    /// The timing of a transfer: a DMA_SPEED.
    pub dma_speed: u32,
    /// The longest transfer in bytes.
    pub maximum_length: u32,
    /// The port of a Micro Channel device.
    pub dma_port: u32,
}

impl DeviceDescription {
    /// The newest version of the structure. Source: WDK wdm.h, DEVICE_DESCRIPTION_VERSION3.
    pub const NEWEST_VERSION: u32 = 3;

    /// How far the addresses of the device reach.
    #[must_use]
    pub const fn addresses(&self) -> DmaAddresses {
        match (self.dma_32_bit_addresses, self.dma_64_bit_addresses) {
            (_, true) => DmaAddresses::Bits64,
            (true, false) => DmaAddresses::Bits32,
            (false, false) => DmaAddresses::Bits24,
        }
    }
}
