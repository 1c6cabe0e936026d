//! Requests that a driver allocates, sends to another driver, or completes.
//!
//! An IRP that the driver gets from the kernel stands for a request of the kernel. An IRP that the
//! driver allocated is only bytes. When the driver sends an IRP of either kind to another driver,
//! IofCallDriver makes a new request of the kernel with the same parameters.
//!
//! Source: WDK, IofCallDriver and IofCompleteRequest; wdm.h for the macros around them.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::rules::IRQL_RETURN;
use portcls_emulator::{
    BugCheckCode, Irp, Irql, Kernel, MajorFunction, NtStatus, ObjectType, Parameters, PnpMinor,
    PnpRequest, PowerAction, PowerRequest, PowerState, PowerStateType,
};

use super::synchronous_requests::tell_completion;
use crate::guest::Guest;
use crate::memory::at;
use crate::routine::{Boolean, Call, Pointer, Routine, row};
use crate::rules;
use crate::tables::bindings::Bound;

pub(super) static ROUTINES: &[Routine] = &[
    row!("IoAllocateIrp", UpTo(DISPATCH_LEVEL), allocate_irp),
    row!("IoFreeIrp", UpTo(DISPATCH_LEVEL), free_irp),
    row!("IofCallDriver", UpTo(DISPATCH_LEVEL), call_driver).fastcall(),
    row!("IofCompleteRequest", ByKernel, complete_request).fastcall(),
];

/// The routine in those entries of a dispatch table that the driver has not filled in.
pub(crate) static INVALID_REQUEST: Routine =
    row!("IopInvalidDeviceRequest", UpTo(DISPATCH_LEVEL), invalid_request);

/// The outcomes for which a completion routine is called. Source: wdm.h, SL_INVOKE_ON_.
const INVOKE_ON_CANCEL: u8 = 0x20;
const INVOKE_ON_SUCCESS: u8 = 0x40;
const INVOKE_ON_ERROR: u8 = 0x80;

/// Who frees a request that was allocated by or for a driver.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The driver frees the request with IoFreeIrp.
    Driver,
    /// The system frees the request when the request is complete.
    System,
}

/// A request that the driver allocated, or that the system allocated for the driver.
struct DriverRequest {
    bytes: usize,
    owner: Owner,
    is_sent: Cell<bool>,
}

impl Bound for DriverRequest {
    fn pending(&self) -> Option<&'static str> {
        self.is_sent.get().then_some("a request that is under way")
    }

    fn left(&self) -> Option<&'static str> {
        match (self.owner, self.is_sent.get()) {
            (Owner::Driver, _) => Some("IRPs of its own"),
            (Owner::System, false) => Some("IRPs that were built and not sent"),
            (Owner::System, true) => None,
        }
    }
}

/// `NTSTATUS IopInvalidDeviceRequest(PDEVICE_OBJECT, PIRP)`, and KsDispatchInvalidDeviceRequest
pub(crate) fn invalid_request(call: &Call<'_>, _device: Pointer, irp: Pointer) -> NtStatus {
    if let Some(irp) = call.guest().irp_at(irp.0) {
        irp.set_status(NtStatus::INVALID_DEVICE_REQUEST);
        call.kernel().complete_request(&irp);
    }
    NtStatus::INVALID_DEVICE_REQUEST
}

/// `PIRP IoAllocateIrp(CCHAR StackSize, BOOLEAN ChargeQuota)`
fn allocate_irp(call: &Call<'_>, locations: i8, _charge_quota: Boolean) -> Pointer {
    new_request(call, locations, Owner::Driver).map_or(Pointer::NULL, Pointer)
}

/// Allocates an IRP; `None` when an oracle refuses the memory, or when `locations` is less than 1.
pub(super) fn new_request(call: &Call<'_>, locations: i8, owner: Owner) -> Option<u64> {
    let locations = u8::try_from(locations).ok().filter(|&locations| locations > 0)?;
    let guest = call.guest();
    call.kernel().ask_allocation().ok()?;
    let fields = &guest.layout().irp;
    let location = guest.layout().io_stack_location.size_of as usize;
    let bytes = fields.size_of as usize + usize::from(locations) * location;
    let address = guest.new_object_block(&vec![0; bytes]);
    guest.store_u16(at(address, fields.type_), ObjectType::Irp.number());
    guest.store_u16(at(address, fields.size), bytes as u16);
    guest.store_u8(at(address, fields.stack_count), locations);
    guest.store_u8(at(address, fields.current_location), locations + 1);
    let behind = address + bytes as u64;
    guest.store_word(at(address, fields.tail_overlay_current_stack_location), behind);
    guest.bind(address, Rc::new(DriverRequest { bytes, owner, is_sent: Cell::new(false) }));
    Some(address)
}

/// `VOID IoFreeIrp(PIRP)`
fn free_irp(call: &Call<'_>, Pointer(address): Pointer) {
    let guest = call.guest();
    match guest.bound::<DriverRequest>(address) {
        Some(request) if request.owner == Owner::System => {
            let message = "IoFreeIrp of a request that the system frees";
            call.kernel()
                .report_violation(&rules::IO_BUILD_SYNCHRONOUS_FSD_REQUEST_NO_FREE, message);
        }
        Some(request) if !request.is_sent.get() => {
            guest.unbind(address);
            guest.free_object_block(address, request.bytes);
        }
        Some(_) => {
            let code = BugCheckCode::MULTIPLE_IRP_COMPLETE_REQUESTS;
            call.kernel().bug_check_with(code, [address, 0, 0, 0], "a request under way was freed");
        }
        None => {
            let message = format!("IoFreeIrp of {address:#x}, which the driver did not allocate");
            call.kernel().report_violation(&rules::FOREIGN_IRP_FREED, &message);
        }
    }
}

/// `NTSTATUS IofCallDriver(PDEVICE_OBJECT, PIRP)`: sends a request to a device's driver.
pub(super) fn call_driver(
    call: &Call<'_>,
    Pointer(device_at): Pointer,
    Pointer(irp_at): Pointer,
) -> NtStatus {
    let guest = call.guest();
    let name = call.routine().name;
    let Some(device) = guest.device_at(device_at) else {
        let message = format!("{name} to {device_at:#x}, which is no device");
        call.kernel().report_violation(&rules::NOT_A_DEVICE, &message);
        return NtStatus::NO_SUCH_DEVICE;
    };
    let Some(location) = next_location(call, irp_at) else {
        return NtStatus::UNSUCCESSFUL;
    };
    let fields = &guest.layout().io_stack_location;
    guest.store_word(at(location, fields.device_object), device_at);
    let original = guest.irp_at(irp_at);
    let parameters = match &original {
        Some(irp) => Some(irp.parameters().clone()),
        None => read_parameters(guest, location),
    };
    let Some(parameters) = parameters else {
        let major = guest.load_u8(at(location, fields.major_function));
        let minor = guest.load_u8(at(location, fields.minor_function));
        let what = format!("{name} with major function {major:#x}, minor {minor:#x}");
        call.kernel().unsupported(&what);
        return NtStatus::NOT_SUPPORTED;
    };
    if let Some(own) = guest.bound::<DriverRequest>(irp_at) {
        own.is_sent.set(true);
    }
    let file = original.as_ref().and_then(|irp| irp.file().cloned());
    let keeps_information =
        matches!(parameters, Parameters::Pnp(PnpRequest::FilterResourceRequirements(_)));
    let request = Irp::new(parameters, file, Vec::new());
    if keeps_information {
        // The driver may already have put a list of its own into `Information`. The driver below
        // does not remove this list.
        let block = at(irp_at, guest.layout().irp.io_status);
        let information = guest.layout().io_status_block.information;
        request.set_information(guest.load_word(at(block, information)));
    }
    let caller = guest.clone();
    request.set_completion_routine(Box::new(move |kernel, request| {
        if request.is_marked_pending() {
            caller.mark_location(location);
        }
        complete_upwards(&caller, kernel, irp_at, (request.status(), request.information()));
    }));
    guest.set_irp_below(irp_at, true);
    let answer = call.kernel().call_driver(&device, &request);
    if request.is_marked_pending() && !request.is_completed() {
        // After IoSkipCurrentIrpStackLocation the driver below uses the driver's own location. So
        // the mark of the driver below is in the driver's own location, too.
        guest.mark_location(location);
    }
    answer
}

/// Moves an IRP to its next stack location. If no location is left, this is bug check
/// NO_MORE_IRP_STACK_LOCATIONS.
fn next_location(call: &Call<'_>, irp: u64) -> Option<u64> {
    let guest = call.guest();
    let fields = &guest.layout().irp;
    let current = guest.load_u8(at(irp, fields.current_location));
    if current <= 1 {
        let name = call.routine().name;
        let message = format!("{name} of a request without a stack location for the next driver");
        let code = BugCheckCode::NO_MORE_IRP_STACK_LOCATIONS;
        call.kernel().bug_check_with(code, [irp, 0, 0, 0], &message);
        return None;
    }
    Some(move_location(guest, irp, -1))
}

/// The address of the current stack location: IoGetCurrentIrpStackLocation.
pub(super) fn current_location(guest: &Guest, irp: u64) -> u64 {
    guest.load_word(at(irp, guest.layout().irp.tail_overlay_current_stack_location))
}

/// The address of the stack location for the next driver: IoGetNextIrpStackLocation.
pub(super) fn next_location_of(guest: &Guest, irp: u64) -> u64 {
    let bytes = guest.layout().io_stack_location.size_of;
    current_location(guest, irp).wrapping_sub(bytes.into())
}

/// Moves an IRP's current stack location down (-1) or up (1) and returns its address.
fn move_location(guest: &Guest, irp: u64, by: i8) -> u64 {
    let fields = &guest.layout().irp;
    let bytes = i64::from(guest.layout().io_stack_location.size_of);
    let number = at(irp, fields.current_location);
    guest.store_u8(number, guest.load_u8(number).wrapping_add_signed(by));
    let pointer = at(irp, fields.tail_overlay_current_stack_location);
    let location = guest.load_word(pointer).wrapping_add_signed(i64::from(by) * bytes);
    guest.store_word(pointer, location);
    location
}

/// The request in a stack location; `None` for a kind of request that the emulator does not
/// support.
fn read_parameters(guest: &Guest, location: u64) -> Option<Parameters> {
    let fields = &guest.layout().io_stack_location;
    let word = |offset| guest.load_u32(at(location, offset));
    let minor = guest.load_u8(at(location, fields.minor_function));
    match MajorFunction::from_number(guest.load_u8(at(location, fields.major_function)))? {
        MajorFunction::Close => Some(Parameters::Close),
        MajorFunction::Cleanup => Some(Parameters::Cleanup),
        MajorFunction::DeviceControl => {
            let length = word(fields.parameters_device_io_control_input_buffer_length);
            let field = fields.parameters_device_io_control_type3_input_buffer;
            let input = guest.load_word(at(location, field));
            Some(Parameters::DeviceControl {
                code: word(fields.parameters_device_io_control_io_control_code),
                input: guest.load_bytes(input, length.into()),
                output_length: word(fields.parameters_device_io_control_output_buffer_length),
            })
        }
        MajorFunction::Power => {
            let kind = PowerStateType::from_number(word(fields.parameters_power_type));
            let kind = kind.unwrap_or(PowerStateType::Device);
            let state = PowerState::from_number(kind, word(fields.parameters_power_state))?;
            let action = PowerAction::from_number(minor)?;
            Some(Parameters::Power(PowerRequest { action, state }))
        }
        MajorFunction::Pnp => Some(Parameters::Pnp(match PnpMinor::from_number(minor)? {
            PnpMinor::QueryRemoveDevice => PnpRequest::QueryRemoveDevice,
            PnpMinor::CancelRemoveDevice => PnpRequest::CancelRemoveDevice,
            PnpMinor::QueryStopDevice => PnpRequest::QueryStopDevice,
            PnpMinor::CancelStopDevice => PnpRequest::CancelStopDevice,
            PnpMinor::QueryDeviceRelations => PnpRequest::QueryDeviceRelations,
            PnpMinor::QueryInterface => PnpRequest::QueryInterface,
            PnpMinor::FilterResourceRequirements => {
                PnpRequest::FilterResourceRequirements(Rc::default())
            }
            PnpMinor::QueryPnpDeviceState => PnpRequest::QueryPnpDeviceState,
            _ => return None,
        })),
        MajorFunction::SystemControl => Some(Parameters::SystemControl { minor }),
        _ => None,
    }
}

/// Completes a request from its current stack location upwards. Each completion routine that is set
/// for the outcome is called, until a routine keeps the request with
/// STATUS_MORE_PROCESSING_REQUIRED. If the kernel made the request, only the routine in the current
/// location can be called. After this location the kernel completes the request.
///
/// When the routine of a location is not called, the mark of a pending request is copied to the
/// location above. IoCompleteRequest of Windows also copies the mark in this way.
fn complete_upwards(
    guest: &Guest,
    kernel: &Kernel,
    irp: u64,
    (answer, information): (NtStatus, u64),
) {
    let fields = &guest.layout().irp;
    let block = at(irp, fields.io_status);
    guest.store_u32(at(block, guest.layout().io_status_block.status), answer.0);
    guest.store_word(at(block, guest.layout().io_status_block.information), information);
    guest.set_irp_below(irp, false);
    let own = guest.bound::<DriverRequest>(irp);
    if let Some(own) = &own {
        own.is_sent.set(false);
    }
    let locations = guest.load_u8(at(irp, fields.stack_count));
    while guest.load_u8(at(irp, fields.current_location)) <= locations && !kernel.is_frozen() {
        let pointer = at(irp, fields.tail_overlay_current_stack_location);
        let location = guest.load_word(pointer);
        let above = move_location(guest, irp, 1);
        let is_marked = guest.is_location_marked(location);
        guest.store_u8(at(irp, fields.pending_returned), u8::from(is_marked));
        match completion_routine(guest, kernel, irp, location) {
            Some(NtStatus::MORE_PROCESSING_REQUIRED) => return,
            Some(_) => {}
            None if is_marked && guest.load_u8(at(irp, fields.current_location)) <= locations => {
                guest.mark_location(above);
            }
            None => {}
        }
        // If the kernel made the request, the locations above are the kernel's.
        if let Some(original) = guest.irp_at(irp) {
            finish(guest, kernel, irp, &original);
            return;
        }
    }
    let Some(own) = own else { return };
    if own.owner == Owner::System {
        tell_completion(guest, irp);
        guest.unbind(irp);
        guest.free_object_block(irp, own.bytes);
    } else {
        let message = "a request that the driver allocated was completed and not kept";
        kernel.report_violation(&rules::OWN_IRP_NOT_KEPT, message);
    }
}

/// Completes the kernel's request with the status that is in its IRP, unless the request is
/// complete already.
fn finish(guest: &Guest, kernel: &Kernel, irp: u64, original: &Irp) {
    guest.take_irp(irp, original);
    if !original.is_completed() {
        kernel.complete_request(original);
    }
    guest.free_completed_irps();
}

/// Calls the completion routine of a location; `None` if the location has no routine for this
/// outcome.
fn completion_routine(guest: &Guest, kernel: &Kernel, irp: u64, location: u64) -> Option<NtStatus> {
    let fields = &guest.layout().io_stack_location;
    let routine = guest.load_word(at(location, fields.completion_routine));
    let control = guest.load_u8(at(location, fields.control));
    let block = at(irp, guest.layout().irp.io_status);
    let answer = NtStatus(guest.load_u32(at(block, guest.layout().io_status_block.status)));
    let wanted = match answer {
        NtStatus::CANCELLED => INVOKE_ON_CANCEL | INVOKE_ON_ERROR,
        answer if answer.is_success() => INVOKE_ON_SUCCESS,
        _ => INVOKE_ON_ERROR,
    };
    if routine == 0 || control & wanted == 0 {
        return None;
    }
    let context = guest.load_word(at(location, fields.context));
    // The routine gets the device of the driver that set the routine: the device in the location
    // above. Above the top location there is no device, and the routine gets a null pointer.
    let device =
        guest.load_word(at(location.wrapping_add(u64::from(fields.size_of)), fields.device_object));
    let is_top = guest.load_u8(at(irp, guest.layout().irp.current_location))
        > guest.load_u8(at(irp, guest.layout().irp.stack_count));
    let device = if is_top { 0 } else { device };
    let irql = kernel.current_irql();
    let result = NtStatus(guest.call(routine, &[device, irp, context]) as u32);
    if kernel.current_irql() != irql {
        let message = format!("a completion routine returned at {}", kernel.current_irql());
        kernel.report_violation(&IRQL_RETURN, &message);
        kernel.restore_irql(irql.min(Irql::DISPATCH_LEVEL));
    }
    Some(result)
}

/// `VOID IofCompleteRequest(PIRP, CCHAR PriorityBoost)`
fn complete_request(call: &Call<'_>, Pointer(address): Pointer, _boost: i8) {
    let guest = call.guest();
    if let Some(irp) = guest.irp_at(address) {
        guest.take_irp(address, &irp);
        call.kernel().complete_request(&irp);
        guest.free_completed_irps();
        return;
    }
    let code = BugCheckCode::MULTIPLE_IRP_COMPLETE_REQUESTS;
    let message = format!("IofCompleteRequest of {address:#x}, which is no request under way");
    call.kernel().bug_check_with(code, [address, 0, 0, 0], &message);
}
