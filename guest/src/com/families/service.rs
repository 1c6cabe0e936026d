//! `IServiceSink` and `IServiceGroup` as a driver sees them.

use portcls_emulator::NtStatus;
use portcls_port::guid::iid;
use portcls_port::interfaces::{IServiceGroup, IServiceSink};

use crate::com::Hold;
use crate::com::family::Family;
use crate::com::this::This;
use crate::routine::{Call, Pointer, Routine, row};

pub(super) static SINK: Family = Family {
    name: "IServiceSink",
    iid: iid::SERVICE_SINK,
    bases: &[],
    methods: &[REQUEST_SERVICE],
};

pub(super) static GROUP: Family = Family {
    name: "IServiceGroup",
    iid: iid::SERVICE_GROUP,
    bases: &[iid::SERVICE_SINK],
    methods: &[
        REQUEST_SERVICE,
        row!("IServiceGroup::AddMember", ByKernel, add_member),
        row!("IServiceGroup::RemoveMember", ByKernel, remove_member),
        row!("IServiceGroup::SupportDelayedService", ByKernel, support_delayed_service),
        row!("IServiceGroup::RequestDelayedService", ByKernel, request_delayed_service),
        row!("IServiceGroup::CancelDelayedService", ByKernel, cancel_delayed_service),
    ],
};

const REQUEST_SERVICE: Routine = row!("IServiceSink::RequestService", ByKernel, request_service);

/// `VOID RequestService()`
fn request_service(call: &Call<'_>, sink: This<dyn IServiceSink>) {
    sink.request_service(call.kernel());
}

/// `NTSTATUS AddMember(PSERVICESINK)`
fn add_member(
    call: &Call<'_>,
    group: This<dyn IServiceGroup>,
    sink: Pointer,
) -> Result<(), NtStatus> {
    let sink = call.guest().interface_at::<dyn IServiceSink>(sink.0, Hold::Retain);
    group.add_member(call.kernel(), sink.ok_or(NtStatus::INVALID_PARAMETER)?)
}

/// `VOID RemoveMember(PSERVICESINK)`
fn remove_member(call: &Call<'_>, group: This<dyn IServiceGroup>, sink: Pointer) {
    if let Some(sink) = call.guest().interface_at::<dyn IServiceSink>(sink.0, Hold::Retain) {
        group.remove_member(call.kernel(), &sink);
    }
}

/// `VOID SupportDelayedService()`
fn support_delayed_service(call: &Call<'_>, group: This<dyn IServiceGroup>) {
    group.support_delayed_service(call.kernel());
}

/// `VOID RequestDelayedService(ULONGLONG)`
fn request_delayed_service(call: &Call<'_>, group: This<dyn IServiceGroup>, delay_100ns: i64) {
    group.request_delayed_service(call.kernel(), delay_100ns);
}

/// `VOID CancelDelayedService()`
fn cancel_delayed_service(call: &Call<'_>, group: This<dyn IServiceGroup>) {
    group.cancel_delayed_service(call.kernel());
}
