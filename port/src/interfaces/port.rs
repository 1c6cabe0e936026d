//! `IPort` and `IPortMidi`: what adapter and miniport drivers call on a port.

use std::rc::Rc;

use portcls_emulator::registry::KeyDisposition;
use portcls_emulator::{DeviceObject, Irp, Kernel, NtStatus};

use super::{IRegistryKey, IResourceList, IServiceGroup, KeyAccess, RegistryKeyType};
use crate::com::IUnknown;
use crate::ks::{LengthReply, wire_enum};

/// A port: the half of a subdevice that PortCls supplies.
///
/// The port implements this interface. The adapter driver and the miniport driver call it.
#[doc(alias = "PPORT")]
pub trait IPort: IUnknown {
    /// Binds the port to its miniport and starts the miniport.
    ///
    /// The adapter driver calls this once, usually inside StartDevice, before
    /// `PcRegisterSubdevice`. The port queries the miniport for the interface that the port works
    /// with. Then the port calls that interface's `Init` exactly once, with the adapter, the
    /// resources and itself. When `Init` succeeds, the port calls `GetDescription` exactly once.
    /// The port may read the resource list and never edits it.
    ///
    /// A driver that makes a subdevice after the start has no start request, so it passes no `irp`.
    /// A driver whose subdevice has no hardware of its own passes no `resources`. Then the
    /// miniport's `Init` gets no list.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IPort::Init; portcls.h, where `irp` is optional; published
    /// samples. One sample passes no resources.
    ///
    /// # Errors
    /// After each failure except the last failure below, the port has left the miniport's service
    /// group and released the miniport: no call of the miniport follows, not even of Service.
    /// - What the miniport's `QueryInterface` returned: the miniport does not have the interface.
    ///   No `Init` follows.
    /// - `STATUS_INVALID_PARAMETER`: the device object does not belong to an adapter driver. No
    ///   `Init` follows.
    /// - What the miniport's `Init` returned. No `GetDescription` follows.
    /// - What the miniport's service group returned when the port joined it after `Init`. No
    ///   `GetDescription` follows.
    /// - What the miniport's `GetDescription` returned.
    /// - `STATUS_INVALID_DEVICE_STATE`: the port is bound already. The port stays bound. `Assumed:`
    ///   this status, because the page only says that there is one call.
    #[doc(alias = "IPort::Init")]
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
        irp: Option<&Irp>,
        miniport: Rc<dyn IUnknown>,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
    ) -> Result<(), NtStatus>;

    /// Reads a property of the device, such as its description.
    ///
    /// The same service as `PcGetDeviceProperty`, for the device that the port is bound to. With
    /// `STATUS_SUCCESS` the reply has the value.
    ///
    /// IRQL: PASSIVE_LEVEL. Units: `length` in bytes. Source: WDK, IPort::GetDeviceProperty.
    ///
    /// # Errors
    /// In the reply:
    /// - `STATUS_BUFFER_TOO_SMALL`: `length` is too small; `information` has the needed length, and
    ///   there are no bytes.
    /// - `STATUS_OBJECT_NAME_NOT_FOUND`: the device has no such property.
    /// - `STATUS_INVALID_DEVICE_STATE`: before `Init`, or after the port was released.
    #[doc(alias = "IPort::GetDeviceProperty")]
    fn get_device_property(
        &self,
        kernel: &Kernel,
        property: DeviceRegistryProperty,
        length: u32,
    ) -> LengthReply;

    /// Opens a registry key: a key of the port's device, the key of the port's device interfaces,
    /// or a general key by its path.
    ///
    /// The same service as `PcNewRegistryKey`. Only this method opens a key of the type
    /// [`RegistryKeyType::DeviceInterface`].
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IPort::NewRegistryKey.
    ///
    /// # Errors
    /// - `STATUS_INVALID_DEVICE_STATE`: before `Init`, or after the port was released.
    /// - `STATUS_INVALID_DEVICE_REQUEST`: the key is of the type DeviceInterface, and the port is
    ///   not registered as a subdevice.
    /// - Every failure of [`pc_new_registry_key`](crate::pc_new_registry_key).
    #[doc(alias = "IPort::NewRegistryKey")]
    fn new_registry_key(
        &self,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        key_type: RegistryKeyType,
        access: KeyAccess,
        path: Option<&str>,
    ) -> Result<(Rc<dyn IRegistryKey>, KeyDisposition), NtStatus>;
}

/// The MIDI port; since Windows XP one object serves `CLSID_PortMidi` and `CLSID_PortDMus`.
///
/// The port implements this interface, and the miniport calls it.
#[doc(alias = "PPORTMIDI")]
pub trait IPortMidi: IPort {
    /// Tells the port that the hardware needs service; the miniport's ISR calls this.
    ///
    /// With a group the request goes to that group. Without a group the request goes to the
    /// miniport's group and to the group of every open stream. Before this call, the ISR has
    /// cleared the interrupt source. The port does not call the driver inside this call: each group
    /// queues its DPC, in which the port calls the driver.
    ///
    /// All calls of Notify before the DPC of a group begins count as one call. One group may be the
    /// group of the miniport and of its streams. When the DPC runs, the port does the following for
    /// each of them, once:
    /// - the miniport whose group it is: exactly one call of
    ///   [`IMiniportMidi::service`](super::IMiniportMidi::service);
    /// - a capture stream whose group it is: [`read`](super::IMiniportMidiStream::read), until it
    ///   returns 0 or fails;
    /// - a render stream whose group it is, in RUN: [`write`](super::IMiniportMidiStream::write),
    ///   when bytes are due.
    ///
    /// IRQL: any. Usually the IRQL is DIRQL, and the caller holds the interrupt lock. Never fails.
    /// Source: WDK, IPortMidi::Notify and IPortDMus::Notify.
    #[doc(alias = "IPortMidi::Notify")]
    fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>);

    /// Makes the miniport's group known to the port before `Init` has returned it.
    ///
    /// The miniport calls this from its `Init`, before the device can interrupt. So the port's own
    /// sink is a member of the group when the first request comes. After the port has joined a
    /// group, it joins no other group, not even a group that `Init` returns. When the group refuses
    /// the port's sink, the trace notes the group's status, and the port tries again with the group
    /// that `Init` returns.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails. Source: WDK, IPortMidi::RegisterServiceGroup.
    #[doc(alias = "IPortMidi::RegisterServiceGroup")]
    fn register_service_group(&self, kernel: &Kernel, group: Rc<dyn IServiceGroup>);
}

wire_enum! {
    /// The property of a device that a driver reads.
    ///
    /// Source: WDK wdm.h. In the header a member also has bits for Code Analysis above its number.
    /// These bits are not part of the value.
    #[doc(alias = "DEVICE_REGISTRY_PROPERTY")]
    pub enum DeviceRegistryProperty {
        /// Text: what the device is.
        DeviceDescription = 0,
        /// Texts: the hardware identifiers.
        HardwareId = 1,
        /// Texts: the compatible identifiers.
        CompatibleIds = 2,
        /// The resources the firmware assigned.
        BootConfiguration = 3,
        /// The resources the firmware assigned, translated.
        BootConfigurationTranslated = 4,
        /// Text: the setup class.
        ClassName = 5,
        /// Text: the GUID of the setup class.
        ClassGuid = 6,
        /// Text: the driver's key in the registry.
        DriverKeyName = 7,
        /// Text: who made the device.
        Manufacturer = 8,
        /// Text: the name a user reads.
        FriendlyName = 9,
        /// Text: where the device is.
        LocationInformation = 10,
        /// Text: the name of the physical device object.
        PhysicalDeviceObjectName = 11,
        /// GUID: the type of the bus.
        BusTypeGuid = 12,
        /// INTERFACE_TYPE: the bus in the old numbering.
        LegacyBusType = 13,
        /// ULONG: the number of the bus among the buses of its type.
        BusNumber = 14,
        /// Text: who found the device.
        EnumeratorName = 15,
        /// ULONG: the address on the bus.
        Address = 16,
        /// ULONG: a number for the user interface.
        UiNumber = 17,
        /// DEVICE_INSTALL_STATE: how far the installation has come.
        InstallState = 18,
        /// DEVICE_REMOVAL_POLICY: which kind of removal the system expects.
        RemovalPolicy = 19,
        /// The resources the device asks for.
        ResourceRequirements = 20,
        /// The resources the device has.
        AllocatedResources = 21,
        /// Text: the GUID of the container.
        ContainerId = 22,
    }
}
