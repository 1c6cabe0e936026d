//! `IServiceSink` and `IServiceGroup` as a driver sees them.

use portcls_emulator::{Irql, NtStatus};
use portcls_port::guid::iid;
use portcls_port::interfaces::{IServiceGroup, IServiceSink};

use crate::com::Hold;
use crate::com::family::Family;
use crate::com::this::this;
use crate::routine::{Call, Routine, status, status_of};

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
        Routine::stdcall("IServiceGroup::AddMember", 2, Irql::HIGH_LEVEL, add_member),
        Routine::stdcall("IServiceGroup::RemoveMember", 2, Irql::HIGH_LEVEL, remove_member),
        Routine::stdcall(
            "IServiceGroup::SupportDelayedService",
            1,
            Irql::HIGH_LEVEL,
            support_delayed_service,
        ),
        Routine::stdcall(
            "IServiceGroup::RequestDelayedService",
            3,
            Irql::HIGH_LEVEL,
            request_delayed_service,
        ),
        Routine::stdcall(
            "IServiceGroup::CancelDelayedService",
            1,
            Irql::HIGH_LEVEL,
            cancel_delayed_service,
        ),
    ],
};

const REQUEST_SERVICE: Routine =
    Routine::stdcall("IServiceSink::RequestService", 1, Irql::HIGH_LEVEL, request_service);

/// `VOID RequestService()`
fn request_service(call: &Call<'_>) -> u64 {
    if let Some(sink) = this::<dyn IServiceSink>(call) {
        sink.request_service(call.kernel());
    }
    0
}

/// `NTSTATUS AddMember(PSERVICESINK)`
fn add_member(call: &Call<'_>) -> u64 {
    let group = this::<dyn IServiceGroup>(call);
    let sink = call.pointer();
    let sink = call.guest().interface_at::<dyn IServiceSink>(sink, Hold::Retain);
    match (group, sink) {
        (Some(group), Some(sink)) => status_of(&group.add_member(call.kernel(), sink)),
        _ => status(NtStatus::INVALID_PARAMETER),
    }
}

/// `VOID RemoveMember(PSERVICESINK)`
fn remove_member(call: &Call<'_>) -> u64 {
    let group = this::<dyn IServiceGroup>(call);
    let sink = call.pointer();
    let sink = call.guest().interface_at::<dyn IServiceSink>(sink, Hold::Retain);
    if let (Some(group), Some(sink)) = (group, sink) {
        group.remove_member(call.kernel(), &sink);
    }
    0
}

/// `VOID SupportDelayedService()`
fn support_delayed_service(call: &Call<'_>) -> u64 {
    if let Some(group) = this::<dyn IServiceGroup>(call) {
        group.support_delayed_service(call.kernel());
    }
    0
}

/// `VOID RequestDelayedService(ULONGLONG)`
fn request_delayed_service(call: &Call<'_>) -> u64 {
    let group = this::<dyn IServiceGroup>(call);
    let delay_100ns = call.u64() as i64;
    if let Some(group) = group {
        group.request_delayed_service(call.kernel(), delay_100ns);
    }
    0
}

/// `VOID CancelDelayedService()`
fn cancel_delayed_service(call: &Call<'_>) -> u64 {
    if let Some(group) = this::<dyn IServiceGroup>(call) {
        group.cancel_delayed_service(call.kernel());
    }
    0
}
