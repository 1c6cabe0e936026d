//! The PortCls interfaces between ports and drivers, one file for each family.
//!
//! Each trait is a COM interface. The methods of a trait stand in the order of the C++ header,
//! which is the order of the vtable (the reference pages list them alphabetically). A declaration
//! in C becomes one in Rust by these rules: `NTSTATUS f(in, OUT x)` is
//! `fn f(&self, kernel, in) -> Result<X, NtStatus>`; a call that can also answer how many bytes it
//! needs returns a [`LengthReply`](crate::ks::LengthReply); a BOOLEAN is an enum of two values; a
//! base interface is a supertrait. Objects have interior mutability, so a method takes `&self`, or
//! `Rc<Self>` when the object gives out a reference to itself.
//!
//! When a driver calls a method of PortCls at too high an IRQL, the trace shows a violation, and
//! the call goes on. "An oracle" in a list of errors is the fault injection of the emulator. On
//! Windows a real cause leads to the same status.
//!
//! Architecture invariants: no trait here knows whether a driver is written in Rust or is a `.sys`
//! file. A method here has a body only where the C header has one too, or where the C header does
//! not have the method.

mod dma_channel;
mod dmus;
mod interrupt_sync;
mod miniport;
mod music_technology;
mod pin_count;
mod pin_name;
mod port;
mod port_events;
mod port_version;
mod power;
mod registry_key;
mod resource_list;
mod service;
mod topology;
mod unregister;
mod wave_cyclic;
mod wave_pci;
mod wave_rt;

pub use dma_channel::{DmaAddresses, DmaDirection, IDmaChannel, IDmaChannelSlave};
pub use dmus::{
    DmusStreamRequest, DmusStreamType, IAllocatorMxf, IMasterClock, IMiniportDMus, IMxf, IPortDMus,
    NewDmusStream,
};
pub use interrupt_sync::{IInterruptSync, InterruptSyncMode, RoutinePosition, ServiceRoutine};
pub use miniport::{IMiniport, IMiniportMidi, IMiniportMidiStream, NewStream, StreamDirection};
pub use music_technology::IMusicTechnology;
pub use pin_count::{IPinCount, PinCounts};
pub use pin_name::IPinName;
pub use port::{DeviceRegistryProperty, IPort, IPortMidi};
pub use port_events::IPortEvents;
pub use port_version::{IPortClsVersion, PortClsVersion};
pub use portcls_emulator::{DeviceCapabilities, DevicePowerState};
pub use power::{
    IAdapterPowerManagement, IAdapterPowerManagement2, IAdapterPowerManagement3, IPowerNotify,
    PcExitLatency,
};
pub use registry_key::{IRegistryKey, KeyAccess, RegistryAnswer, RegistryKeyType};
pub use resource_list::IResourceList;
pub use service::{IServiceGroup, IServiceSink};
pub use topology::{IMiniportTopology, IPortTopology};
pub use unregister::{IUnregisterPhysicalConnection, IUnregisterSubdevice};
pub use wave_cyclic::{IMiniportWaveCyclic, IPortWaveCyclic, SlaveDmaRequest};
pub use wave_pci::{IMiniportWavePci, IPortWavePci};
pub use wave_rt::{IMiniportWaveRT, IPortWaveRT};
