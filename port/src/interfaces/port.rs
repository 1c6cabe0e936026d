//! What a port offers to adapter and miniport drivers: `IPort` and `IPortMidi`.

use std::rc::Rc;

use portcls_emulator::registry::KeyDisposition;
use portcls_emulator::{DeviceObject, Irp, Kernel, NtStatus};

use super::{IRegistryKey, IResourceList, IServiceGroup, KeyAccess, RegistryKeyType};
use crate::com::IUnknown;
use crate::ks::{LengthReply, wire_enum};

/// A port: the half of a subdevice that PortCls brings along.
///
/// Implemented by the port, called by the adapter driver.
#[doc(alias = "PPORT")]
pub trait IPort: IUnknown {
    /// Binds the port to its miniport and starts the miniport.
    ///
    /// Called once, by the adapter driver inside StartDevice, before `PcRegisterSubdevice`. The
    /// port asks the miniport for the interface it works with, calls that interface's `Init` with
    /// the adapter, the resources and itself, then reads the filter descriptor. It may read the
    /// resource list and never edits it. When the call fails the port lets go of the miniport and
    /// is good for nothing but its release.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IPort::Init.
    ///
    /// # Errors
    /// The failure of the query when the miniport lacks the interface; what the miniport's `Init`
    /// or `GetDescription` returned; `STATUS_INVALID_DEVICE_STATE` for a second call (`Assumed:`
    /// the page only says that there is one).
    #[doc(alias = "IPort::Init")]
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
        irp: &Irp,
        miniport: Rc<dyn IUnknown>,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Rc<dyn IResourceList>,
    ) -> Result<(), NtStatus>;

    /// Reads a property of the device, such as its description.
    ///
    /// The same service as `PcGetDeviceProperty`, for the device the port was bound to. The reply
    /// is the value with `STATUS_SUCCESS`; `STATUS_BUFFER_TOO_SMALL` with the needed length in
    /// `information` and no bytes; or the failure of the lookup.
    ///
    /// IRQL: PASSIVE_LEVEL. Units: `length` in bytes. Source: WDK, IPort::GetDeviceProperty.
    #[doc(alias = "IPort::GetDeviceProperty")]
    fn get_device_property(
        &self,
        kernel: &Kernel,
        property: DeviceRegistryProperty,
        length: u32,
    ) -> LengthReply;

    /// Opens a registry key that belongs to the port's device, or to its device interface.
    ///
    /// The same service as `PcNewRegistryKey`, and the only one for
    /// [`RegistryKeyType::DeviceInterface`].
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IPort::NewRegistryKey.
    ///
    /// # Errors
    /// As `PcNewRegistryKey`; `STATUS_INVALID_DEVICE_STATE` before `Init`;
    /// `STATUS_INVALID_DEVICE_REQUEST` for the key of an interface of a port that is not
    /// registered.
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
/// Implemented by the port, called by the miniport.
#[doc(alias = "PPORTMIDI")]
pub trait IPortMidi: IPort {
    /// Tells the port that hardware wants service; the miniport's ISR calls this.
    ///
    /// With a group the request goes to that group. Without one it goes to the miniport's group
    /// and to the group of every open stream. The caller has cleared the interrupt source before.
    /// Nothing of the driver is called inside: each group queues a DPC, in which the port calls
    /// [`IMiniportMidi::service`](super::IMiniportMidi::service) and
    /// [`IMiniportMidiStream::read`](super::IMiniportMidiStream::read).
    ///
    /// IRQL: any; usually DIRQL, with the interrupt lock held by the caller. Never fails.
    /// Source: WDK, IPortMidi::Notify and IPortDMus::Notify.
    #[doc(alias = "IPortMidi::Notify")]
    fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>);

    /// Makes the miniport's group known to the port before `Init` has returned it.
    ///
    /// The miniport calls this from its `Init`, before the device can interrupt, so that the
    /// port's own sink is a member of the group when the first request comes.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails. Source: WDK, IPortMidi::RegisterServiceGroup.
    #[doc(alias = "IPortMidi::RegisterServiceGroup")]
    fn register_service_group(&self, kernel: &Kernel, group: Rc<dyn IServiceGroup>);
}

wire_enum! {
    /// Which property of a device is wanted.
    ///
    /// Source: WDK wdm.h. The Code Analysis bits above the number are not part of the value.
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
        /// The same, translated.
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
        /// ULONG: which bus of its type.
        BusNumber = 14,
        /// Text: who found the device.
        EnumeratorName = 15,
        /// ULONG: the address on the bus.
        Address = 16,
        /// ULONG: a number for the user interface.
        UiNumber = 17,
        /// DEVICE_INSTALL_STATE: how far the installation is.
        InstallState = 18,
        /// DEVICE_REMOVAL_POLICY: what removal may be expected.
        RemovalPolicy = 19,
        /// The resources the device asks for.
        ResourceRequirements = 20,
        /// The resources the device has.
        AllocatedResources = 21,
        /// Text: the GUID of the container.
        ContainerId = 22,
    }
}
