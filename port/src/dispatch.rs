//! The dispatch routines of an adapter driver: files, requests, PnP.

use std::any::Any;
use std::rc::Rc;

use portcls_emulator::{
    AddDeviceRoutine, DeviceObject, DriverObject, FileObject, Irp, Irql, Kernel, MajorFunction,
    NtStatus, Parameters, PnpRequest, PoolType,
};

use crate::adapter::{AdapterDevice, PnpState};
use crate::irp::{complete, pc_forward_irp_synchronous};
use crate::ks::pin_connect::filter_reference;
use crate::power::{dispatch_power, wake_for_access};
use crate::resource_list::pc_new_resource_list;
use crate::rules::require_irql_at_most;
use crate::subdevice::KsObject;

/// Makes a driver an adapter driver: sets its AddDevice and its dispatch table.
///
/// The driver may replace entries of the table afterwards. The page of PcInitializeAdapterDriver
/// does not list IRP_MJ_CLEANUP, so this entry stays the driver's own. Assumed: when the last
/// handle of a file is closed, PortCls cancels the requests queued for the file, without a call
/// through the driver's table. No page says which step cancels these requests.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcInitializeAdapterDriver.
///
/// # Errors
/// This function has no errors. The C routine returns an NTSTATUS.
#[doc(alias = "PcInitializeAdapterDriver")]
pub fn pc_initialize_adapter_driver(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    _registry_path: &str,
    add_device: AddDeviceRoutine,
) -> Result<(), NtStatus> {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcInitializeAdapterDriver");
    driver.set_add_device(add_device);
    driver.set_major_function(MajorFunction::Create, Rc::new(dispatch_create));
    driver.set_major_function(MajorFunction::Close, Rc::new(dispatch_close));
    driver.set_major_function(MajorFunction::DeviceControl, Rc::new(dispatch_device_control));
    driver.set_major_function(MajorFunction::Pnp, Rc::new(dispatch_pnp));
    driver.set_major_function(MajorFunction::Power, Rc::new(dispatch_power));
    driver.set_major_function(MajorFunction::SystemControl, Rc::new(dispatch_system_control));
    Ok(())
}

/// The context of an open file.
struct OpenFile(Rc<dyn KsObject>);

/// Passes a request to PortCls. A driver calls this from its own dispatch routine.
///
/// Returns the status of PortCls' own dispatch routine. PortCls must have made the device. PortCls
/// has no routine for IRP_MJ_CLEANUP and refuses this request with `STATUS_INVALID_DEVICE_REQUEST`.
/// `Assumed:` PortCls refuses reads, writes, flushes and questions about security with the same
/// status. The page of PcInitializeAdapterDriver lists these entries of the table and does not say
/// what the entries do. A client of a pin moves data by the control codes of the pin.
///
/// IRQL: PASSIVE_LEVEL. Source: WDK, PcDispatchIrp.
#[doc(alias = "PcDispatchIrp")]
#[must_use]
pub fn pc_dispatch_irp(kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
    require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, "PcDispatchIrp");
    match irp.parameters() {
        Parameters::Create { .. } => dispatch_create(kernel, device, irp),
        Parameters::Cleanup | Parameters::Other(_) => {
            complete(kernel, irp, NtStatus::INVALID_DEVICE_REQUEST)
        }
        Parameters::Close => dispatch_close(kernel, device, irp),
        Parameters::DeviceControl { .. } => dispatch_device_control(kernel, device, irp),
        Parameters::Pnp(_) => dispatch_pnp(kernel, device, irp),
        Parameters::Power(_) => dispatch_power(kernel, device, irp),
        Parameters::SystemControl { .. } => dispatch_system_control(kernel, device, irp),
    }
}

/// Opens a file, or holds the request until a pending stop is decided.
fn dispatch_create(kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
    let adapter = device.extension::<AdapterDevice>();
    if let Some(adapter) = adapter.filter(|adapter| adapter.held_creates.is_stop_pending()) {
        let this = Rc::downgrade(&adapter);
        let cancel = move |kernel: &Kernel, irp: &Irp| {
            if let Some(adapter) = this.upgrade() {
                adapter.held_creates.cancel(kernel, irp);
            }
        };
        return adapter.held_creates.hold(kernel, irp, Rc::new(cancel));
    }
    let status = NtStatus::of(&create(kernel, device, irp));
    complete(kernel, irp, status)
}

/// Serves the create requests that were held while a stop was pending.
///
/// Source: WDK, IAdapterPnpManagement::PnpQueryStop and PnpCancelStop. Assumed: when the device was
/// stopped, the held requests fail like any create request to a stopped device.
fn serve_held_creates(kernel: &Kernel, device: &Rc<DeviceObject>, adapter: &AdapterDevice) {
    for irp in adapter.held_creates.end() {
        let status = NtStatus::of(&create(kernel, device, &irp));
        complete(kernel, &irp, status);
    }
}

fn create(kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp) -> Result<(), NtStatus> {
    let Parameters::Create { name } = irp.parameters() else {
        return Err(NtStatus::INVALID_PARAMETER);
    };
    let file = irp.file().ok_or(NtStatus::INVALID_PARAMETER)?;
    let object = match file.related() {
        Some(related) => {
            let parent = open_object(related).ok_or(NtStatus::INVALID_PARAMETER)?;
            parent.create(kernel, name)?
        }
        None => open_subdevice(kernel, device, name)?,
    };
    let queued = Rc::clone(&object);
    file.set_last_handle_routine(Some(Rc::new(move |kernel| queued.cleanup(kernel))));
    let context: Rc<dyn Any> = Rc::new(OpenFile(object));
    file.set_context(Some(context));
    Ok(())
}

fn open_subdevice(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    name: &[u16],
) -> Result<Rc<dyn KsObject>, NtStatus> {
    let adapter = device.extension::<AdapterDevice>().ok_or(NtStatus::NO_SUCH_DEVICE)?;
    if adapter.state.get() != PnpState::Started {
        return Err(NtStatus::DEVICE_NOT_READY);
    }
    let name = filter_reference(name)?;
    let port = adapter.find(&name).ok_or(NtStatus::OBJECT_NAME_NOT_FOUND)?;
    wake_for_access(kernel, device)?;
    adapter.note_access(kernel);
    port.open_filter(kernel, device)
}

fn open_object(file: &FileObject) -> Option<Rc<dyn KsObject>> {
    let open = file.context()?.downcast::<OpenFile>().ok()?;
    Some(Rc::clone(&open.0))
}

fn dispatch_close(kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
    if let Some(file) = irp.file() {
        if let Some(object) = open_object(file) {
            if object.has_enabled_events() {
                // The handlers of the enabled events are called, and they may access the card. So
                // the device must be awake. A close request cannot fail, so the handlers are called
                // even if the device does not wake.
                let _ = wake_for_access(kernel, device);
            }
            object.close(kernel);
        }
        file.set_last_handle_routine(None);
        file.set_context(None);
    }
    device.read_extension(|adapter: &AdapterDevice| adapter.note_access(kernel));
    complete(kernel, irp, NtStatus::SUCCESS)
}

/// Passes a request of Windows Management Instrumentation down; PortCls has no data for it.
fn dispatch_system_control(kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
    let status = pc_forward_irp_synchronous(kernel, device, irp);
    complete(kernel, irp, status)
}

fn dispatch_device_control(kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
    let Some(object) = irp.file().and_then(|file| open_object(file)) else {
        return complete(kernel, irp, NtStatus::INVALID_PARAMETER);
    };
    let status = match wake_for_access(kernel, device) {
        Ok(()) => object.device_control(kernel, irp),
        Err(status) => complete(kernel, irp, status),
    };
    device.read_extension(|adapter: &AdapterDevice| adapter.note_access(kernel));
    status
}

fn dispatch_pnp(kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
    let Some(adapter) = device.extension::<AdapterDevice>() else {
        return complete(kernel, irp, NtStatus::NO_SUCH_DEVICE);
    };
    let Parameters::Pnp(request) = irp.parameters() else {
        return complete(kernel, irp, NtStatus::INVALID_PARAMETER);
    };
    let status = match request {
        PnpRequest::StartDevice { .. } => NtStatus::of(&start(kernel, device, &adapter, irp)),
        PnpRequest::QueryStopDevice if adapter.is_in_use() => NtStatus::DEVICE_BUSY,
        PnpRequest::QueryStopDevice if adapter.state.get() == PnpState::Started => {
            adapter.held_creates.begin();
            let status = pc_forward_irp_synchronous(kernel, device, irp);
            if !status.is_success() {
                serve_held_creates(kernel, device, &adapter);
            }
            status
        }
        PnpRequest::CancelStopDevice => {
            let status = pc_forward_irp_synchronous(kernel, device, irp);
            serve_held_creates(kernel, device, &adapter);
            status
        }
        PnpRequest::StopDevice => {
            adapter.release_subdevices(kernel, device);
            adapter.power.end_start();
            adapter.state.set(PnpState::Stopped);
            serve_held_creates(kernel, device, &adapter);
            pc_forward_irp_synchronous(kernel, device, irp)
        }
        PnpRequest::SurpriseRemoval => {
            adapter.release_subdevices(kernel, device);
            adapter.state.set(PnpState::Removed);
            serve_held_creates(kernel, device, &adapter);
            pc_forward_irp_synchronous(kernel, device, irp)
        }
        PnpRequest::RemoveDevice => {
            adapter.release_subdevices(kernel, device);
            adapter.power.release();
            adapter.timeouts.release(kernel);
            adapter.state.set(PnpState::Removed);
            serve_held_creates(kernel, device, &adapter);
            let status = pc_forward_irp_synchronous(kernel, device, irp);
            device.detach();
            device.delete();
            status
        }
        PnpRequest::QueryCapabilities(_) => adapter.query_capabilities(kernel, device, irp),
        PnpRequest::QueryStopDevice
        | PnpRequest::QueryRemoveDevice
        | PnpRequest::CancelRemoveDevice
        | PnpRequest::QueryDeviceRelations
        | PnpRequest::QueryInterface
        | PnpRequest::FilterResourceRequirements(_)
        | PnpRequest::QueryPnpDeviceState => pc_forward_irp_synchronous(kernel, device, irp),
    };
    complete(kernel, irp, status)
}

fn start(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    adapter: &AdapterDevice,
    irp: &Irp,
) -> Result<(), NtStatus> {
    if adapter.state.get() != PnpState::Stopped {
        return Err(NtStatus::INVALID_DEVICE_STATE);
    }
    let status = pc_forward_irp_synchronous(kernel, device, irp);
    if !status.is_success() {
        return Err(status);
    }
    let Parameters::Pnp(PnpRequest::StartDevice { translated, raw }) = irp.parameters() else {
        return Err(NtStatus::INVALID_PARAMETER);
    };
    let resources = pc_new_resource_list(kernel, None, PoolType::Paged, translated, raw)?;
    // The driver registers its subdevices inside the start routine; clients can open them only
    // after this routine returns.
    adapter.power.begin_start();
    let result =
        kernel.call_driver_code("StartDevice", || (adapter.start)(kernel, device, irp, resources));
    match result {
        Ok(()) => {
            adapter.state.set(PnpState::Started);
            adapter.timeouts.start(kernel, device);
            adapter.start_idle_detection(kernel, device);
        }
        Err(_) => {
            adapter.release_subdevices(kernel, device);
            adapter.power.end_start();
        }
    }
    result
}
