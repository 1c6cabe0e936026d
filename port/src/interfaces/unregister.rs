//! `IUnregisterSubdevice` and `IUnregisterPhysicalConnection`.

use std::rc::Rc;

use portcls_emulator::{DeviceObject, Kernel, NtStatus};

use crate::com::IUnknown;

/// Takes a subdevice away from clients while the device stays started.
///
/// The port implements this interface. The adapter driver queries a port for the interface and
/// calls the method. The driver can use any port of the adapter for any subdevice of the adapter.
#[doc(alias = "PUNREGISTERSUBDEVICE")]
pub trait IUnregisterSubdevice: IUnknown {
    /// Undoes `PcRegisterSubdevice`.
    ///
    /// Clients no longer find the filter. The port of the subdevice moves each open stream to STOP
    /// and releases the stream. Then this port releases its miniport. The name is free for another
    /// subdevice. The physical connections of the subdevice stay registered, until the driver
    /// unregisters them, or the device is stopped or removed.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IUnregisterSubdevice::UnregisterSubdevice; Dynamic Audio
    /// Subdevices. `Assumed:` open pins end in the same way as when the device is removed, because
    /// the pages do not say what happens to open pins.
    ///
    /// # Errors
    /// - `STATUS_INVALID_PARAMETER`: the device is not an adapter's, or the object is not a port.
    /// - `STATUS_NOT_FOUND`: the port is not registered (`Assumed:` this status, because the page
    ///   names none).
    #[doc(alias = "IUnregisterSubdevice::UnregisterSubdevice")]
    fn unregister_subdevice(
        &self,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
        subdevice: Rc<dyn IUnknown>,
    ) -> Result<(), NtStatus>;
}

/// Takes away physical connections that the driver has registered.
///
/// The port implements this interface. The adapter driver queries a port for the interface and
/// calls the methods. The driver names the same ends and pins as when it registered the connection.
/// The driver may make these calls before or after it unregisters the subdevices.
///
/// # Errors
/// Of each method:
/// - `STATUS_INVALID_PARAMETER`: the device is not an adapter's.
/// - `STATUS_NOT_FOUND`: there is no such connection (`Assumed:` this status, because the pages
///   name none).
#[doc(alias = "PUNREGISTERPHYSICALCONNECTION")]
pub trait IUnregisterPhysicalConnection: IUnknown {
    /// Undoes `PcRegisterPhysicalConnection`.
    ///
    /// IRQL: PASSIVE_LEVEL.
    /// Source: WDK, IUnregisterPhysicalConnection::UnregisterPhysicalConnection.
    #[doc(alias = "IUnregisterPhysicalConnection::UnregisterPhysicalConnection")]
    fn unregister_physical_connection(
        &self,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
        from: (Rc<dyn IUnknown>, u32),
        to: (Rc<dyn IUnknown>, u32),
    ) -> Result<(), NtStatus>;

    /// Undoes `PcRegisterPhysicalConnectionToExternal`; `to` has the symbolic link.
    ///
    /// IRQL: PASSIVE_LEVEL.
    /// Source: WDK, IUnregisterPhysicalConnection::UnregisterPhysicalConnectionToExternal.
    #[doc(alias = "IUnregisterPhysicalConnection::UnregisterPhysicalConnectionToExternal")]
    fn unregister_physical_connection_to_external(
        &self,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
        from: (Rc<dyn IUnknown>, u32),
        to: (&str, u32),
    ) -> Result<(), NtStatus>;

    /// Undoes `PcRegisterPhysicalConnectionFromExternal`; `from` has the symbolic link.
    ///
    /// IRQL: PASSIVE_LEVEL.
    /// Source: WDK, IUnregisterPhysicalConnection::UnregisterPhysicalConnectionFromExternal.
    #[doc(alias = "IUnregisterPhysicalConnection::UnregisterPhysicalConnectionFromExternal")]
    fn unregister_physical_connection_from_external(
        &self,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
        from: (&str, u32),
        to: (Rc<dyn IUnknown>, u32),
    ) -> Result<(), NtStatus>;
}
