//! The adapter driver's life: driver entry, device start, subdevices, stop and removal.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use portcls_emulator::{
    AddDeviceRoutine, DeviceInterface, DeviceObject, DriverObject, Event, EventKind, FileObject,
    Irp, Irql, Kernel, MajorFunction, NtStatus, Parameters, PnpRequest, PoolType, Timeout,
};

use crate::com::{IUnknown, query};
use crate::interfaces::IResourceList;
use crate::ks::pin_connect::filter_reference;
use crate::resource_list::pc_new_resource_list;
use crate::subdevice::{ISubdevice, KsObject};

/// The driver's start routine: makes its ports and registers them. IRQL: PASSIVE_LEVEL.
#[doc(alias = "PCPFNSTARTDEVICE")]
pub type StartDevice =
    Rc<dyn Fn(&Kernel, &Rc<DeviceObject>, &Irp, Rc<dyn IResourceList>) -> Result<(), NtStatus>>;

/// The least device extension a driver may ask for, in bytes, if it asks for any: 64 pointers.
/// Source: portcls.h; the size of x64.
#[doc(alias = "PORT_CLASS_DEVICE_EXTENSION_SIZE")]
pub const MINIMUM_DEVICE_EXTENSION: u32 = 512;

/// One registered subdevice.
struct Subdevice {
    name: String,
    port: Rc<dyn ISubdevice>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PnpState {
    Stopped,
    Started,
    Removed,
}

/// What PortCls keeps with its functional device object.
struct AdapterDevice {
    start: StartDevice,
    max_objects: usize,
    physical: Rc<DeviceObject>,

    subdevices: RefCell<Vec<Subdevice>>,
    /// Every port that was initialised for the device, registered or not: a port and its
    /// miniport hold each other, and PortCls is who ends that.
    ports: RefCell<Vec<Weak<dyn ISubdevice>>>,
    state: Cell<PnpState>,
}

/// The context of an open file.
struct OpenFile(Rc<dyn KsObject>);

/// Makes a driver an adapter driver: its AddDevice and its dispatch table. IRQL: PASSIVE_LEVEL.
///
/// The driver may replace entries of the table afterwards.
///
/// # Errors
/// None here; the C routine returns an NTSTATUS.
#[doc(alias = "PcInitializeAdapterDriver")]
pub fn pc_initialize_adapter_driver(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    _registry_path: &str,
    add_device: AddDeviceRoutine,
) -> Result<(), NtStatus> {
    kernel.require_irql_at_most(Irql::PASSIVE_LEVEL, "PcInitializeAdapterDriver");
    driver.set_add_device(add_device);
    driver.set_major_function(MajorFunction::Create, Rc::new(dispatch_create));
    driver.set_major_function(MajorFunction::Cleanup, Rc::new(dispatch_cleanup));
    driver.set_major_function(MajorFunction::Close, Rc::new(dispatch_close));
    driver.set_major_function(MajorFunction::DeviceControl, Rc::new(dispatch_device_control));
    driver.set_major_function(MajorFunction::Pnp, Rc::new(dispatch_pnp));
    Ok(())
}

/// Makes the functional device object of an adapter and attaches it. IRQL: PASSIVE_LEVEL.
///
/// `start` runs at every IRP_MN_START_DEVICE; `max_objects` is the most subdevices.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` for an extension size that is neither 0 nor at least
/// [`MINIMUM_DEVICE_EXTENSION`] (rule PcAddAdapterDevice, also noted as a violation).
#[doc(alias = "PcAddAdapterDevice")]
pub fn pc_add_adapter_device(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    physical: &Rc<DeviceObject>,
    start: StartDevice,
    max_objects: u32,
    device_extension_size: u32,
) -> Result<(), NtStatus> {
    kernel.require_irql_at_most(Irql::PASSIVE_LEVEL, "PcAddAdapterDevice");
    if device_extension_size != 0 && device_extension_size < MINIMUM_DEVICE_EXTENSION {
        let message = format!(
            "device extension of {device_extension_size} bytes; 0 or at least \
             {MINIMUM_DEVICE_EXTENSION} are allowed"
        );
        kernel.report_violation("PcAddAdapterDevice", &message);
        return Err(NtStatus::INVALID_PARAMETER);
    }
    let device = DeviceObject::new(driver);
    device.set_extension(Some(Rc::new(AdapterDevice {
        start,
        max_objects: max_objects as usize,
        physical: Rc::clone(physical),
        subdevices: RefCell::new(Vec::new()),
        ports: RefCell::new(Vec::new()),
        state: Cell::new(PnpState::Stopped),
    })));
    device.attach_to(physical);
    Ok(())
}

/// Publishes a port as a filter under a name, and as a device interface of each category of its
/// descriptor. IRQL: PASSIVE_LEVEL.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` for a device or a port that is not PortCls' own, or a port that is
/// not initialised; `STATUS_OBJECT_NAME_COLLISION` for a name that is taken;
/// `STATUS_ALLOTTED_SPACE_EXCEEDED` beyond the `max_objects` of the device.
#[doc(alias = "PcRegisterSubdevice")]
pub fn pc_register_subdevice(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    name: &str,
    subdevice: Rc<dyn IUnknown>,
) -> Result<(), NtStatus> {
    kernel.require_irql_at_most(Irql::PASSIVE_LEVEL, "PcRegisterSubdevice");
    let adapter = device.extension::<AdapterDevice>().ok_or(NtStatus::INVALID_PARAMETER)?;
    let port = query::<dyn ISubdevice>(&subdevice).map_err(|_| NtStatus::INVALID_PARAMETER)?;
    let descriptor = port.descriptor().ok_or(NtStatus::INVALID_PARAMETER)?;
    let mut subdevices = adapter.subdevices.borrow_mut();
    if subdevices.iter().any(|other| other.name.eq_ignore_ascii_case(name)) {
        return Err(NtStatus::OBJECT_NAME_COLLISION);
    }
    if subdevices.len() >= adapter.max_objects {
        return Err(NtStatus::ALLOTTED_SPACE_EXCEEDED);
    }
    subdevices.push(Subdevice { name: name.to_owned(), port });
    drop(subdevices);
    for category in &descriptor.categories {
        kernel.enable_device_interface(DeviceInterface {
            class: bytemuck::cast(*category),
            device: Rc::clone(device),
            reference: name.to_owned(),
        });
    }
    Ok(())
}

impl AdapterDevice {
    /// Takes every subdevice away from clients and lets it go.
    fn release_subdevices(&self, kernel: &Kernel, device: &Rc<DeviceObject>) {
        let subdevices = std::mem::take(&mut *self.subdevices.borrow_mut());
        for subdevice in &subdevices {
            kernel.disable_device_interfaces(device, &subdevice.name);
        }
        let ports = std::mem::take(&mut *self.ports.borrow_mut());
        for port in ports.iter().filter_map(Weak::upgrade) {
            port.release(kernel);
        }
    }

    fn is_in_use(&self) -> bool {
        self.subdevices.borrow().iter().any(|subdevice| subdevice.port.is_in_use())
    }

    fn find(&self, name: &str) -> Option<Rc<dyn ISubdevice>> {
        let subdevices = self.subdevices.borrow();
        let found = subdevices.iter().find(|other| other.name.eq_ignore_ascii_case(name))?;
        Some(Rc::clone(&found.port))
    }
}

/// Makes the device the one that ends a port.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` for a device that is not an adapter's.
pub(crate) fn adopt_port(
    device: &Rc<DeviceObject>,
    port: Weak<dyn ISubdevice>,
) -> Result<(), NtStatus> {
    let adapter = device.extension::<AdapterDevice>().ok_or(NtStatus::INVALID_PARAMETER)?;
    adapter.ports.borrow_mut().push(port);
    Ok(())
}

/// Completes a request with a status and returns that status.
pub(crate) fn complete(kernel: &Kernel, irp: &Irp, status: NtStatus) -> NtStatus {
    irp.set_status(status);
    kernel.complete_request(irp);
    status
}

fn dispatch_create(kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
    let status = NtStatus::of(&create(kernel, device, irp));
    complete(kernel, irp, status)
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
    port.open_filter(kernel, device)
}

fn open_object(file: &FileObject) -> Option<Rc<dyn KsObject>> {
    let open = file.context()?.downcast::<OpenFile>().ok()?;
    Some(Rc::clone(&open.0))
}

fn dispatch_cleanup(kernel: &Kernel, _device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
    if let Some(object) = irp.file().and_then(|file| open_object(file)) {
        object.cleanup(kernel);
    }
    complete(kernel, irp, NtStatus::SUCCESS)
}

fn dispatch_close(kernel: &Kernel, _device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
    if let Some(file) = irp.file() {
        if let Some(object) = open_object(file) {
            object.close(kernel);
        }
        file.set_context(None);
    }
    complete(kernel, irp, NtStatus::SUCCESS)
}

fn dispatch_device_control(kernel: &Kernel, _device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
    match irp.file().and_then(|file| open_object(file)) {
        Some(object) => object.device_control(kernel, irp),
        None => complete(kernel, irp, NtStatus::INVALID_PARAMETER),
    }
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
        PnpRequest::StopDevice => {
            adapter.release_subdevices(kernel, device);
            adapter.state.set(PnpState::Stopped);
            forward(kernel, device, irp)
        }
        PnpRequest::SurpriseRemoval => {
            adapter.release_subdevices(kernel, device);
            adapter.state.set(PnpState::Removed);
            forward(kernel, device, irp)
        }
        PnpRequest::RemoveDevice => {
            adapter.release_subdevices(kernel, device);
            adapter.state.set(PnpState::Removed);
            let status = forward(kernel, device, irp);
            device.detach();
            device.delete();
            status
        }
        PnpRequest::QueryStopDevice
        | PnpRequest::CancelStopDevice
        | PnpRequest::QueryRemoveDevice
        | PnpRequest::CancelRemoveDevice => forward(kernel, device, irp),
    };
    complete(kernel, irp, status)
}

/// Sends a Plug and Play request to the device below and waits for it, without completing it.
///
/// Assumed: a request has one stack location here, so the lower device gets a request of its own
/// with the same parameters.
#[doc(alias = "PcForwardIrpSynchronous")]
fn forward(kernel: &Kernel, device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
    let Some(lower) = device.lower() else { return NtStatus::SUCCESS };
    let request = Irp::new(irp.parameters().clone(), None, Vec::new());
    let done = Event::new(EventKind::Notification, "completion of a request by the bus driver");
    let signal = done.clone();
    request.set_completion_routine(Box::new(move |kernel, _| {
        kernel.set_event(&signal);
    }));
    match kernel.call_driver(&lower, &request) {
        NtStatus::PENDING => {
            kernel.wait_for_single_object(&done, Timeout::Never);
            request.status()
        }
        status => status,
    }
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
    let status = forward(kernel, device, irp);
    if !status.is_success() {
        return Err(status);
    }
    let Parameters::Pnp(PnpRequest::StartDevice { translated, raw }) = irp.parameters() else {
        return Err(NtStatus::INVALID_PARAMETER);
    };
    let resources = pc_new_resource_list(kernel, None, PoolType::Paged, translated, raw)?;
    // Subdevices are registered inside the start routine and can be opened only after it.
    let result =
        kernel.call_driver_code("StartDevice", || (adapter.start)(kernel, device, irp, resources));
    match result {
        Ok(()) => adapter.state.set(PnpState::Started),
        Err(_) => adapter.release_subdevices(kernel, device),
    }
    result
}

/// The physical device object below an adapter's functional device object.
#[doc(alias = "PcGetPhysicalDeviceObject")]
#[must_use]
pub fn pc_get_physical_device_object(device: &Rc<DeviceObject>) -> Option<Rc<DeviceObject>> {
    Some(Rc::clone(&device.extension::<AdapterDevice>()?.physical))
}
