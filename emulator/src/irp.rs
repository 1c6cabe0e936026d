//! I/O request packets: from the sender to completion, and cancelling.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::bug_check::BugCheckCode;
use crate::device_object::{DeviceObject, FileObject, MajorFunction};
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::numbered::numbered;
use crate::power::{DeviceCapabilities, PowerRequest};
use crate::requirements::ResourceRequirements;
use crate::resource::Resource;
use crate::rules;
use crate::status::NtStatus;
use crate::wait::{Timeout, Waitable, WaitedFor};

/// A buffer of the sender that is locked in memory during the request.
#[doc(alias = "MDL")]
pub type Mdl = Rc<RefCell<Vec<u8>>>;

numbered! {
    /// The minor function codes of IRP_MJ_PNP that this kernel knows. Source: wdm.h.
    #[doc(alias = "IRP_MN")]
    pub enum PnpMinor: u8 {
        /// Start the device.
        StartDevice = 0x00 "IRP_MN_START_DEVICE",
        /// Ask whether the device may be removed.
        QueryRemoveDevice = 0x01 "IRP_MN_QUERY_REMOVE_DEVICE",
        /// Remove the device: undo AddDevice.
        RemoveDevice = 0x02 "IRP_MN_REMOVE_DEVICE",
        /// Cancel the planned removal.
        CancelRemoveDevice = 0x03 "IRP_MN_CANCEL_REMOVE_DEVICE",
        /// Stop the device.
        StopDevice = 0x04 "IRP_MN_STOP_DEVICE",
        /// Ask whether the device may be stopped.
        QueryStopDevice = 0x05 "IRP_MN_QUERY_STOP_DEVICE",
        /// Cancel the planned stop.
        CancelStopDevice = 0x06 "IRP_MN_CANCEL_STOP_DEVICE",
        /// Ask which devices belong to the device.
        QueryDeviceRelations = 0x07 "IRP_MN_QUERY_DEVICE_RELATIONS",
        /// Ask for a table of routines that other drivers may call directly.
        QueryInterface = 0x08 "IRP_MN_QUERY_INTERFACE",
        /// Ask for the capabilities of the device.
        QueryCapabilities = 0x09 "IRP_MN_QUERY_CAPABILITIES",
        /// Let the driver change the list of resources that the device needs.
        FilterResourceRequirements = 0x0D "IRP_MN_FILTER_RESOURCE_REQUIREMENTS",
        /// Ask for the state in which the driver sees the device.
        QueryPnpDeviceState = 0x14 "IRP_MN_QUERY_PNP_DEVICE_STATE",
        /// The device is gone already.
        SurpriseRemoval = 0x17 "IRP_MN_SURPRISE_REMOVAL",
    }
}

/// A Plug and Play request: a minor function with its parameters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PnpRequest {
    /// Start with these resources.
    StartDevice {
        /// The resources as the driver uses them.
        translated: Vec<Resource>,
        /// The resources as the bus numbers them.
        raw: Vec<Resource>,
    },
    /// Ask whether the device may be stopped to get new resources.
    QueryStopDevice,
    /// The device will not be stopped after all.
    CancelStopDevice,
    /// Stop the device. Another start or a removal follows.
    StopDevice,
    /// Ask whether the device may be removed.
    QueryRemoveDevice,
    /// The device will not be removed after all.
    CancelRemoveDevice,
    /// The device is gone from the bus already.
    SurpriseRemoval,
    /// Remove the device: undo AddDevice.
    RemoveDevice,
    /// Ask which devices lie on the device, if the device is a bus.
    QueryDeviceRelations,
    /// Ask for the interface that tells where the device is: GUID_PNP_LOCATION_INTERFACE.
    QueryInterface,
    /// Let the driver change the list of resources that the device needs.
    FilterResourceRequirements(Rc<RefCell<ResourceRequirements>>),
    /// Ask whether the device failed, is disabled or must not be shown.
    QueryPnpDeviceState,
    /// Ask for the capabilities. The bus driver fills in the capabilities. The drivers above may
    /// change the capabilities.
    QueryCapabilities(Rc<RefCell<DeviceCapabilities>>),
}

impl PnpRequest {
    /// The minor function of this request.
    #[must_use]
    pub fn minor(&self) -> PnpMinor {
        match self {
            PnpRequest::StartDevice { .. } => PnpMinor::StartDevice,
            PnpRequest::QueryStopDevice => PnpMinor::QueryStopDevice,
            PnpRequest::CancelStopDevice => PnpMinor::CancelStopDevice,
            PnpRequest::StopDevice => PnpMinor::StopDevice,
            PnpRequest::QueryRemoveDevice => PnpMinor::QueryRemoveDevice,
            PnpRequest::CancelRemoveDevice => PnpMinor::CancelRemoveDevice,
            PnpRequest::SurpriseRemoval => PnpMinor::SurpriseRemoval,
            PnpRequest::RemoveDevice => PnpMinor::RemoveDevice,
            PnpRequest::QueryDeviceRelations => PnpMinor::QueryDeviceRelations,
            PnpRequest::QueryInterface => PnpMinor::QueryInterface,
            PnpRequest::QueryCapabilities(_) => PnpMinor::QueryCapabilities,
            PnpRequest::FilterResourceRequirements(_) => PnpMinor::FilterResourceRequirements,
            PnpRequest::QueryPnpDeviceState => PnpMinor::QueryPnpDeviceState,
        }
    }
}

/// The parameters of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parameters {
    /// Open a file by name; the name may carry binary data after its text.
    Create {
        /// UTF-16 code units.
        name: Vec<u16>,
    },
    /// The last handle of the file was closed: the driver cancels the requests that are queued for
    /// the file.
    Cleanup,
    /// The file is closed; no more requests follow.
    Close,
    /// A control code. The output goes to [`Irp::buffer`].
    DeviceControl {
        /// The code.
        code: u32,
        /// A copy of the sender's input buffer, also for METHOD_NEITHER.
        input: Vec<u8>,
        /// Length of the output buffer in bytes, as the sender states it. The memory that the
        /// sender really has is in [`Irp::buffer`].
        output_length: u32,
    },
    /// Plug and Play.
    Pnp(PnpRequest),
    /// Power.
    Power(PowerRequest),
    /// Windows Management Instrumentation.
    SystemControl {
        /// The minor function code.
        minor: u8,
    },
    /// A request whose parameters no code here reads, such as a read or a question for the security
    /// descriptor. The major function must have no variant of its own above.
    Other(MajorFunction),
}

impl Parameters {
    /// The major function of these parameters.
    #[must_use]
    pub fn major(&self) -> MajorFunction {
        match self {
            Parameters::Create { .. } => MajorFunction::Create,
            Parameters::Cleanup => MajorFunction::Cleanup,
            Parameters::Close => MajorFunction::Close,
            Parameters::DeviceControl { .. } => MajorFunction::DeviceControl,
            Parameters::Pnp(_) => MajorFunction::Pnp,
            Parameters::Power(_) => MajorFunction::Power,
            Parameters::SystemControl { .. } => MajorFunction::SystemControl,
            Parameters::Other(major) => *major,
        }
    }

    /// The number of the minor function; 0 for a major function without minor functions.
    #[must_use]
    pub fn minor_number(&self) -> u8 {
        match self {
            Parameters::Pnp(request) => request.minor().number(),
            Parameters::Power(request) => request.action.number(),
            Parameters::SystemControl { minor } => *minor,
            _ => 0,
        }
    }
}

/// A function that is called when a queued request is cancelled, and must complete the request.
/// IRQL: DISPATCH_LEVEL.
#[doc(alias = "PDRIVER_CANCEL")]
pub type CancelRoutine = Rc<dyn Fn(&Kernel, &Irp)>;

/// A function that is called when a request is complete. IRQL: up to DISPATCH_LEVEL.
#[doc(alias = "PIO_COMPLETION_ROUTINE")]
pub type CompletionRoutine = Box<dyn FnOnce(&Kernel, &Irp)>;

struct IrpObject {
    parameters: Parameters,
    file: Option<Rc<FileObject>>,
    mdls: Vec<Mdl>,

    buffer: RefCell<Vec<u8>>,
    status: Cell<NtStatus>,
    information: Cell<u64>,
    pending: Cell<bool>,
    completed: Cell<bool>,
    cancelled: Cell<bool>,
    cancel_routine: RefCell<Option<CancelRoutine>>,
    completion: RefCell<Option<CompletionRoutine>>,
}

/// A request; cloning this value copies the handle, not the request.
#[doc(alias = "IRP")]
#[derive(Clone)]
pub struct Irp(Rc<IrpObject>);

impl Irp {
    /// A request on `file` with the sender's locked buffers, and with an empty output buffer.
    #[doc(alias = "IoAllocateIrp")]
    #[must_use]
    pub fn new(parameters: Parameters, file: Option<Rc<FileObject>>, mdls: Vec<Mdl>) -> Irp {
        Irp(Rc::new(IrpObject {
            parameters,
            file,
            mdls,
            buffer: RefCell::new(Vec::new()),
            status: Cell::new(NtStatus::PENDING),
            information: Cell::new(0),
            pending: Cell::new(false),
            completed: Cell::new(false),
            cancelled: Cell::new(false),
            cancel_routine: RefCell::new(None),
            completion: RefCell::new(None),
        }))
    }

    /// The parameters of the request.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.0.parameters
    }

    /// The open file; a Plug and Play or power request has no file.
    #[must_use]
    pub fn file(&self) -> Option<&Rc<FileObject>> {
        self.0.file.as_ref()
    }

    /// The sender's locked buffers: one for each stream header of a stream request. Other requests
    /// have no such buffers.
    #[must_use]
    pub fn mdls(&self) -> &[Mdl] {
        &self.0.mdls
    }

    /// The sender's output buffer. The sender sets its bytes before it sends the request. A driver
    /// may write into the buffer, or put a shorter answer in its place.
    #[must_use]
    pub fn buffer(&self) -> &RefCell<Vec<u8>> {
        &self.0.buffer
    }

    /// The status: `PENDING` until a driver sets another status, and final when the request is
    /// complete.
    #[doc(alias = "IoStatus.Status")]
    #[must_use]
    pub fn status(&self) -> NtStatus {
        self.0.status.get()
    }

    /// Sets the status with which the request will complete.
    pub fn set_status(&self, status: NtStatus) {
        self.0.status.set(status);
    }

    /// The number of bytes that the driver transferred, or another number that the request
    /// defines.
    #[doc(alias = "IoStatus.Information")]
    #[must_use]
    pub fn information(&self) -> u64 {
        self.0.information.get()
    }

    /// Sets the information that goes with the status.
    pub fn set_information(&self, information: u64) {
        self.0.information.set(information);
    }

    /// Marks the request: its dispatch routine will return `STATUS_PENDING`. IRQL: any.
    #[doc(alias = "IoMarkIrpPending")]
    pub fn mark_pending(&self) {
        self.0.pending.set(true);
    }

    /// True when a driver has marked the request as pending.
    #[doc(alias = "Irp->PendingReturned")]
    #[must_use]
    pub fn is_marked_pending(&self) -> bool {
        self.0.pending.get()
    }

    /// True when the request is complete.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.0.completed.get()
    }

    /// True when a caller has asked to cancel the request.
    #[doc(alias = "Irp->Cancel")]
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.get()
    }

    /// Sets or clears the cancel routine and returns the old one.
    #[doc(alias = "IoSetCancelRoutine")]
    pub fn set_cancel_routine(&self, routine: Option<CancelRoutine>) -> Option<CancelRoutine> {
        self.0.cancel_routine.replace(routine)
    }

    /// Sets the function that the sender wants called at completion.
    #[doc(alias = "IoSetCompletionRoutine")]
    pub fn set_completion_routine(&self, routine: CompletionRoutine) {
        *self.0.completion.borrow_mut() = Some(routine);
    }

    /// True when both handles are of the same request.
    #[must_use]
    pub fn is(&self, other: &Irp) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// The completion of a request: an object that a thread can wait for.
struct Completion<'a>(&'a Irp);

impl Waitable for Completion<'_> {
    fn try_acquire(&self) -> bool {
        self.can_acquire()
    }

    fn can_acquire(&self) -> bool {
        self.0.is_completed()
    }

    fn describe(&self) -> WaitedFor {
        WaitedFor::Completion(self.0.parameters().major())
    }
}

impl Kernel {
    /// Sends a request to a device's driver and returns what its dispatch routine returned.
    ///
    /// If the driver has no dispatch routine for the request, the request completes with
    /// `STATUS_INVALID_DEVICE_REQUEST`.
    #[doc(alias = "IoCallDriver")]
    pub fn call_driver(&self, device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
        if self.is_frozen() {
            return NtStatus::UNSUCCESSFUL;
        }
        match device.driver().major_function(irp.parameters().major()) {
            Some(dispatch) => dispatch(self, device, irp),
            None => {
                irp.set_status(NtStatus::INVALID_DEVICE_REQUEST);
                self.complete_request(irp);
                NtStatus::INVALID_DEVICE_REQUEST
            }
        }
    }

    /// Sends a request as the I/O manager does for an application, and returns the status of the
    /// dispatch routine. The dispatch routine must return `STATUS_PENDING` when it marked the
    /// request pending, and only then. Any other request must be complete when the dispatch routine
    /// returns. Otherwise the kernel reports a violation.
    pub fn send_request(&self, device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
        self.follow_request(irp);
        let status = self.call_driver(device, irp);
        if self.is_frozen() {
            return NtStatus::UNSUCCESSFUL;
        }
        let marked = irp.0.pending.get();
        let (rule, message) = match status {
            NtStatus::PENDING if !marked => {
                let message = "STATUS_PENDING was returned for an unmarked request";
                (&rules::MARK_IRP_PENDING_2, message)
            }
            NtStatus::PENDING => return status,
            _ if marked => {
                let message = "a request was marked pending and another status returned";
                (&rules::MARK_IRP_PENDING, message)
            }
            _ if !irp.is_completed() => {
                let message = "a dispatch routine neither completed nor queued a request";
                (&rules::REQUEST_FORGOTTEN, message)
            }
            _ => return status,
        };
        self.report_violation(rule, message);
        status
    }

    /// Sends a request like [`Kernel::send_request`]. When the driver keeps the request, waits
    /// until it is complete. Returns the final status. IRQL: PASSIVE_LEVEL.
    ///
    /// When no driver completes the request, the run stops as a hang.
    pub fn send_request_and_wait(&self, device: &Rc<DeviceObject>, irp: &Irp) -> NtStatus {
        let status = self.send_request(device, irp);
        if status != NtStatus::PENDING {
            return status;
        }
        match self.wait_for_single_object(&Completion(irp), Timeout::Never) {
            NtStatus::SUCCESS => irp.status(),
            failure => failure,
        }
    }

    /// Closes the last handle of a file, as the I/O manager does for an application: sends
    /// IRP_MJ_CLEANUP, lets the routine of [`FileObject::set_last_handle_routine`] end the queued
    /// requests, and sends IRP_MJ_CLOSE. Returns the final status of the close. IRQL:
    /// PASSIVE_LEVEL.
    pub fn close_file(&self, file: &Rc<FileObject>) -> NtStatus {
        let send = |parameters| {
            let irp = Irp::new(parameters, Some(Rc::clone(file)), Vec::new());
            self.send_request_and_wait(file.device(), &irp)
        };
        send(Parameters::Cleanup);
        if !self.is_frozen() {
            file.run_last_handle_routine(self);
        }
        send(Parameters::Close)
    }

    /// Completes a request with the status that the driver set. IRQL: up to DISPATCH_LEVEL.
    ///
    /// Completing a request twice is bug check MULTIPLE_IRP_COMPLETE_REQUESTS.
    #[doc(alias = "IoCompleteRequest")]
    pub fn complete_request(&self, irp: &Irp) {
        if self.is_frozen() {
            return;
        }
        self.require_irql_at_most(Irql::DISPATCH_LEVEL, "IoCompleteRequest");
        if irp.0.completed.replace(true) {
            let code = BugCheckCode::MULTIPLE_IRP_COMPLETE_REQUESTS;
            self.bug_check_with(code, [0; 4], "a request was completed twice");
            return;
        }
        if irp.status() == NtStatus::PENDING {
            let message = "a request was completed with STATUS_PENDING";
            self.report_violation(&rules::COMPLETED_AS_PENDING, message);
        }
        if irp.set_cancel_routine(None).is_some() {
            let message = "a request was completed with its cancel routine still set";
            self.report_violation(&rules::COMPLETED_CANCELLABLE, message);
        }
        self.leave_request(irp);
        let completion = irp.0.completion.borrow_mut().take();
        if let Some(completion) = completion {
            completion(self, irp);
        }
    }

    /// Asks to cancel a request; returns true when its cancel routine was called.
    ///
    /// IRQL: up to DISPATCH_LEVEL.
    #[doc(alias = "IoCancelIrp")]
    pub fn cancel_request(&self, irp: &Irp) -> bool {
        if self.is_frozen() {
            return false;
        }
        irp.0.cancelled.set(true);
        let Some(routine) = irp.set_cancel_routine(None) else { return false };
        let old = self.raise_irql(Irql::DISPATCH_LEVEL);
        routine(self, irp);
        self.lower_irql(old);
        true
    }
}
