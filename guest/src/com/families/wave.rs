//! `IPortWaveCyclic`, `IPortWavePci`, `IPortWaveRT` as a driver sees them.

use portcls_emulator::{NtStatus, PoolType};
use portcls_port::device_description::DeviceDescription;
use portcls_port::guid::iid;
use portcls_port::interfaces::{
    DmaAddresses, IPortWaveCyclic, IPortWavePci, IResourceList, IServiceGroup, SlaveDmaRequest,
};

use super::port::{GET_DEVICE_PROPERTY, INIT, NEW_REGISTRY_KEY, given};
use crate::com::Hold;
use crate::com::family::Family;
use crate::com::new_object::{hand_out, outer_at};
use crate::com::this::This;
use crate::objects::pool::pool_type;
use crate::routine::{Argument, Boolean, Call, Out, Pointer, Words, row};

pub(super) static CYCLIC: Family = Family {
    name: "IPortWaveCyclic",
    iid: iid::PORT_WAVE_CYCLIC,
    bases: &[iid::PORT],
    methods: &[
        INIT,
        GET_DEVICE_PROPERTY,
        NEW_REGISTRY_KEY,
        row!("IPortWaveCyclic::Notify", ByKernel, notify_cyclic),
        row!("IPortWaveCyclic::NewSlaveDmaChannel", ByKernel, new_slave_channel),
        row!("IPortWaveCyclic::NewMasterDmaChannel", ByKernel, new_master_channel),
    ],
};

pub(super) static PCI: Family = Family {
    name: "IPortWavePci",
    iid: iid::PORT_WAVE_PCI,
    bases: &[iid::PORT],
    methods: &[
        INIT,
        GET_DEVICE_PROPERTY,
        NEW_REGISTRY_KEY,
        row!("IPortWavePci::Notify", ByKernel, notify_pci),
        row!("IPortWavePci::NewMasterDmaChannel", ByKernel, new_pci_channel),
    ],
};

pub(super) static RT: Family = Family {
    name: "IPortWaveRT",
    iid: iid::PORT_WAVE_RT,
    bases: &[iid::PORT],
    methods: &[INIT, GET_DEVICE_PROPERTY, NEW_REGISTRY_KEY],
};

/// `VOID Notify(PSERVICEGROUP)`
fn notify_cyclic(call: &Call<'_>, port: This<dyn IPortWaveCyclic>, group: Pointer) {
    let group = call.guest().interface_at::<dyn IServiceGroup>(group.0, Hold::Retain);
    port.notify(call.kernel(), group.as_ref());
}

/// `VOID Notify(PSERVICEGROUP)`
fn notify_pci(call: &Call<'_>, port: This<dyn IPortWavePci>, group: Pointer) {
    let group = call.guest().interface_at::<dyn IServiceGroup>(group.0, Hold::Retain);
    port.notify(call.kernel(), group.as_ref());
}

/// `NTSTATUS NewSlaveDmaChannel(PDMACHANNELSLAVE *, PUNKNOWN, PRESOURCELIST, ULONG DmaIndex,
/// ULONG MaximumLength, BOOLEAN DemandMode, DMA_SPEED)`
fn new_slave_channel(
    call: &Call<'_>,
    port: This<dyn IPortWaveCyclic>,
    out: Out<Pointer>,
    outer: Pointer,
    resources: Pointer,
    dma_index: u32,
    maximum_length: u32,
    _demand_mode: Boolean,
    _speed: u32,
) -> Result<(), NtStatus> {
    let list = || call.guest().interface_at::<dyn IResourceList>(resources.0, Hold::Retain);
    let resources = given(resources, list)?;
    let request = SlaveDmaRequest { resources, dma_index, maximum_length };
    let made = port.new_slave_dma_channel(call.kernel(), outer_at(call, outer), &request);
    hand_out(call, out, &iid::DMA_CHANNEL_SLAVE, made, |channel| channel)
}

/// `NTSTATUS NewMasterDmaChannel(PDMACHANNEL *, PUNKNOWN, PRESOURCELIST, ULONG MaximumLength,
/// BOOLEAN Dma32BitAddresses, BOOLEAN Dma64BitAddresses, DMA_WIDTH, DMA_SPEED)`
fn new_master_channel(
    call: &Call<'_>,
    port: This<dyn IPortWaveCyclic>,
    out: Out<Pointer>,
    outer: Pointer,
    _resources: Pointer,
    maximum_length: u32,
    has_32_bits: Boolean,
    has_64_bits: Boolean,
    _width_and_speed: WidthAndSpeed,
) -> Result<(), NtStatus> {
    let (outer, addresses) = (outer_at(call, outer), addresses(has_32_bits, has_64_bits));
    let made = port.new_master_dma_channel(call.kernel(), outer, maximum_length, addresses);
    hand_out(call, out, &iid::DMA_CHANNEL, made, |channel| channel)
}

/// `NTSTATUS NewMasterDmaChannel(PDMACHANNEL *, PUNKNOWN, POOL_TYPE, PRESOURCELIST, BOOLEAN
/// ScatterGather, BOOLEAN Dma32BitAddresses, BOOLEAN Dma64BitAddresses, BOOLEAN IgnoreCount,
/// DMA_WIDTH, DMA_SPEED, ULONG MaximumLength, ULONG DmaPort)`
fn new_pci_channel(
    call: &Call<'_>,
    port: This<dyn IPortWavePci>,
    out: Out<Pointer>,
    outer: Pointer,
    wanted: PciChannel,
) -> Result<(), NtStatus> {
    let PciChannel { pool, addresses, maximum_length } = wanted;
    let outer = outer_at(call, outer);
    let made = port.new_master_dma_channel(call.kernel(), outer, pool, maximum_length, addresses);
    hand_out(call, out, &iid::DMA_CHANNEL, made, |channel| channel)
}

fn addresses(has_32_bits: Boolean, has_64_bits: Boolean) -> DmaAddresses {
    let described = DeviceDescription {
        dma_32_bit_addresses: has_32_bits.is_true(),
        dma_64_bit_addresses: has_64_bits.is_true(),
        ..DeviceDescription::default()
    };
    described.addresses()
}

/// The arguments DMA_WIDTH and DMA_SPEED, which the port ignores.
struct WidthAndSpeed;

impl Argument for WidthAndSpeed {
    const WORDS: u8 = 2;

    fn take(words: &mut Words<'_>) -> Option<WidthAndSpeed> {
        u32::take(words)?;
        u32::take(words)?;
        Some(WidthAndSpeed)
    }
}

/// The ten arguments of `IPortWavePci::NewMasterDmaChannel` after the outer object. Only the
/// arguments that the port uses are kept.
struct PciChannel {
    pool: PoolType,
    addresses: DmaAddresses,
    maximum_length: u32,
}

impl Argument for PciChannel {
    const WORDS: u8 = 10;

    fn take(words: &mut Words<'_>) -> Option<PciChannel> {
        let pool = pool_type(u32::take(words)?);
        let _resources = Pointer::take(words)?;
        let _scatter_gather = Boolean::take(words)?;
        let (has_32_bits, has_64_bits) = (Boolean::take(words)?, Boolean::take(words)?);
        let _ignore_count = Boolean::take(words)?;
        let WidthAndSpeed = WidthAndSpeed::take(words)?;
        let maximum_length = u32::take(words)?;
        let _port = u32::take(words)?;
        let addresses = addresses(has_32_bits, has_64_bits);
        Some(PciChannel { pool, addresses, maximum_length })
    }
}
