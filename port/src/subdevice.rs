//! `ISubdevice`: the calls that only PortCls makes on a port.

use std::rc::Rc;

use portcls_emulator::{DeviceObject, DevicePowerState, Irp, Kernel, NtStatus};

use crate::com::IUnknown;
use crate::descriptor::PcFilterDescriptor;
use crate::inspection::PortInspection;

/// Whether the device goes to a deeper sleep or to a lighter sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerDirection {
    /// From D0 towards D3.
    Down,
    /// From D3 towards D0, even when the device does not reach D0.
    Up,
}

/// A port that can be registered as a subdevice: PortCls opens its filters through this trait.
///
/// Source: PortCls keeps such an interface to itself, so the identifier of this interface is our
/// own. No driver implements this interface or calls it.
pub trait ISubdevice: IUnknown {
    /// The filter's descriptor; `None` before the port is initialised and after its release. The
    /// descriptor comes from the miniport. When the miniport names no categories, the descriptor
    /// has the port's categories.
    fn descriptor(&self) -> Option<Rc<PcFilterDescriptor>>;

    /// Opens a filter for a create request.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_STATE` when the port is not initialised or was released.
    fn open_filter(
        self: Rc<Self>,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
    ) -> Result<Rc<dyn KsObject>, NtStatus>;

    /// Adds to `told` what the port says about its filter, about its open pins and about their
    /// requests. The filter is registered under `name`.
    ///
    /// IRQL: any. The call is also allowed after the machine has stopped.
    fn inspect(&self, kernel: &Kernel, name: &str, told: &mut PortInspection);

    /// True while a client has a pin open.
    fn is_in_use(&self) -> bool;

    /// True while a stream is in RUN.
    fn is_running(&self) -> bool;

    /// Pauses the streams that are in RUN, because the device is about to leave D0. No stream goes
    /// to RUN until [`resume`](Self::resume).
    ///
    /// IRQL: PASSIVE_LEVEL.
    fn suspend(&self, kernel: &Kernel);

    /// Tells a power state to each stream and to the miniport. A stream or miniport without
    /// `IPowerNotify` gets no call. On the way down the streams come first; on the way up the
    /// miniport comes first.
    ///
    /// IRQL: PASSIVE_LEVEL.
    fn notify_power(&self, kernel: &Kernel, state: DevicePowerState, direction: PowerDirection);

    /// Lets the streams go on when the device is in D0 again.
    ///
    /// IRQL: PASSIVE_LEVEL.
    fn resume(&self, kernel: &Kernel);

    /// Closes every pin and releases the miniport, even while other objects still hold the port.
    ///
    /// IRQL: PASSIVE_LEVEL.
    fn release(&self, kernel: &Kernel);
}

/// The object of an open file: a filter or a pin.
pub trait KsObject {
    /// Opens a pin of a filter by its name.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// The errors of the creation of the new object. `STATUS_INVALID_DEVICE_REQUEST` when a client
    /// can open nothing on this object.
    fn create(&self, kernel: &Kernel, name: &[u16]) -> Result<Rc<dyn KsObject>, NtStatus>;

    /// Serves a control request: completes it, or queues it and returns `STATUS_PENDING`.
    ///
    /// IRQL: PASSIVE_LEVEL. A request for data can also come at DISPATCH_LEVEL.
    fn device_control(&self, kernel: &Kernel, irp: &Irp) -> NtStatus;

    /// True while the client of this file has events enabled. In this case [`close`](Self::close)
    /// calls the miniport's handlers of these events.
    fn has_enabled_events(&self) -> bool;

    /// Cancels the queued requests when the last handle is closed.
    ///
    /// IRQL: PASSIVE_LEVEL.
    fn cleanup(&self, kernel: &Kernel);

    /// Ends the object when its file is closed.
    ///
    /// IRQL: PASSIVE_LEVEL.
    fn close(&self, kernel: &Kernel);
}
