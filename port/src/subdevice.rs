//! What PortCls itself asks of a port, behind the interfaces that drivers see.

use std::rc::Rc;

use portcls_emulator::{DeviceObject, DevicePowerState, Irp, Kernel, NtStatus};

use crate::com::IUnknown;
use crate::descriptor::PcFilterDescriptor;

/// A port that can be registered as a subdevice: PortCls opens its filters through this.
///
/// Source: PortCls keeps such an interface to itself, so its identifier is our own. A driver
/// neither implements nor calls it.
pub trait ISubdevice: IUnknown {
    /// The filter's descriptor, once the port is initialised: the miniport's, with the port's
    /// categories where it names none.
    fn descriptor(&self) -> Option<Rc<PcFilterDescriptor>>;

    /// Opens a filter for a create request. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_STATE` when the port is not initialised or was released.
    fn open_filter(
        self: Rc<Self>,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
    ) -> Result<Rc<dyn KsObject>, NtStatus>;

    /// True while a client has a pin open.
    fn is_in_use(&self) -> bool;

    /// The device is about to leave D0: streams in RUN are paused until [`resume`](Self::resume).
    /// IRQL: PASSIVE_LEVEL.
    fn suspend(&self, kernel: &Kernel);

    /// Tells the streams and the miniport of a power state, if they want to know: the streams
    /// first on the way down, the miniport first on the way up. IRQL: PASSIVE_LEVEL.
    fn notify_power(&self, kernel: &Kernel, state: DevicePowerState);

    /// The device is in D0 again: the streams go on. IRQL: PASSIVE_LEVEL.
    fn resume(&self, kernel: &Kernel);

    /// Closes every pin and drops the miniport, whoever else still holds the port.
    /// IRQL: PASSIVE_LEVEL.
    fn release(&self, kernel: &Kernel);
}

/// What lies behind an open file: a filter or a pin. IRQL of every call: PASSIVE_LEVEL.
pub trait KsObject {
    /// Opens something below this object by name: a pin of a filter.
    ///
    /// # Errors
    /// As the creation of the object documents; `STATUS_INVALID_DEVICE_REQUEST` when nothing can
    /// be opened here.
    fn create(&self, kernel: &Kernel, name: &[u16]) -> Result<Rc<dyn KsObject>, NtStatus>;

    /// Serves a control request: completes it, or queues it and returns `STATUS_PENDING`.
    fn device_control(&self, kernel: &Kernel, irp: &Irp) -> NtStatus;

    /// The last handle is gone: cancels what is queued.
    fn cleanup(&self, kernel: &Kernel);

    /// The file is gone.
    fn close(&self, kernel: &Kernel);
}
