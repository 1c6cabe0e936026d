//! A miniport of the system as a driver sees it.
//!
//! A driver gets a miniport of the system from PcNewMiniport. Most drivers give this miniport to
//! `IPort::Init`. There the guest finds the Rust object behind the pointer, and from then on the
//! port calls the object without the guest. Some drivers wrap a miniport of their own around the
//! miniport of the system. The driver's miniport then passes the port's calls on to the miniport of
//! the system.

use std::rc::Rc;

use portcls_emulator::{DevicePowerState, NtStatus};
use portcls_port::com::{ComInterface, IUnknown};
use portcls_port::guid::iid;
use portcls_port::interfaces::{
    DmusStreamRequest, DmusStreamType, IAllocatorMxf, IMasterClock, IMiniport, IMiniportDMus,
    IMiniportMidi, IMusicTechnology, IPowerNotify, IResourceList, IServiceGroup, StreamDirection,
};

use super::port::given;
use super::stream::format_at;
use crate::com::Hold;
use crate::com::descriptor::data_range_at;
use crate::com::family::Family;
use crate::com::lent_description::write_filter_descriptor;
use crate::com::this::This;
use crate::guest::Guest;
use crate::objects::pool::pool_type;
use crate::routine::{Boolean, Call, Out, Pointer, Routine, row};

pub(super) static MIDI: Family = Family {
    name: "IMiniportMidi",
    iid: iid::MINIPORT_MIDI,
    bases: &[iid::MINIPORT],
    methods: &[
        GET_DESCRIPTION,
        DATA_RANGE_INTERSECTION,
        row!("IMiniportMidi::Init", UpTo(PASSIVE_LEVEL), init_midi),
        row!("IMiniportMidi::Service", UpTo(DISPATCH_LEVEL), service_midi),
        row!("IMiniportMidi::NewStream", UpTo(PASSIVE_LEVEL), new_midi_stream),
    ],
};

pub(super) static DMUS: Family = Family {
    name: "IMiniportDMus",
    iid: iid::MINIPORT_DMUS,
    bases: &[iid::MINIPORT],
    methods: &[
        GET_DESCRIPTION,
        DATA_RANGE_INTERSECTION,
        row!("IMiniportDMus::Init", UpTo(PASSIVE_LEVEL), init_dmus),
        row!("IMiniportDMus::Service", UpTo(DISPATCH_LEVEL), service_dmus),
        row!("IMiniportDMus::NewStream", UpTo(PASSIVE_LEVEL), new_dmus_stream),
    ],
};

const GET_DESCRIPTION: Routine =
    row!("IMiniport::GetDescription", UpTo(PASSIVE_LEVEL), get_description);
const DATA_RANGE_INTERSECTION: Routine =
    row!("IMiniport::DataRangeIntersection", UpTo(PASSIVE_LEVEL), data_range_intersection);

pub(super) static TECHNOLOGY: Family = Family {
    name: "IMusicTechnology",
    iid: iid::MUSIC_TECHNOLOGY,
    bases: &[],
    methods: &[row!("IMusicTechnology::SetTechnology", UpTo(PASSIVE_LEVEL), set_technology)],
};

pub(super) static POWER: Family = Family {
    name: "IPowerNotify",
    iid: iid::POWER_NOTIFY,
    bases: &[],
    methods: &[row!("IPowerNotify::PowerChangeNotify", UpTo(PASSIVE_LEVEL), power_change_notify)],
};

/// The key under which the filter descriptor is attached to its miniport.
const DESCRIPTION_KEY: u64 = 0;

/// `NTSTATUS SetTechnology(const GUID *)`
fn set_technology(
    call: &Call<'_>,
    miniport: This<dyn IMusicTechnology>,
    technology: Pointer,
) -> Result<(), NtStatus> {
    let technology = call.guest().load_guid(technology.0);
    miniport.set_technology(call.kernel(), &technology)
}

/// `VOID PowerChangeNotify(POWER_STATE)`
fn power_change_notify(call: &Call<'_>, miniport: This<dyn IPowerNotify>, state: u32) {
    // Assumed: with a number that is not a device power state, the call changes nothing.
    if let Some(state) = DevicePowerState::from_number(state) {
        miniport.power_change_notify(call.kernel(), state);
    }
}

/// `NTSTATUS GetDescription(PPCFILTER_DESCRIPTOR *)`
///
/// The driver gets the same address each time, as long as the miniport lives.
fn get_description(
    call: &Call<'_>,
    miniport: This<dyn IMiniport>,
    out: Out<Pointer>,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let filter = or_null(guest, out, miniport.get_description(call.kernel()))?;
    let place = || write_filter_descriptor(guest, &filter);
    out.set(guest, Pointer(guest.attached_block(miniport.address, DESCRIPTION_KEY, place)));
    Ok(())
}

/// `NTSTATUS DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG)`
///
/// A status other than success is a usual answer of this method. So the trace has no line of a
/// refused call for it.
fn data_range_intersection(
    call: &Call<'_>,
    miniport: This<dyn IMiniport>,
    pin_id: u32,
    client_range: Pointer,
    pin_range: Pointer,
    output_length: u32,
    format: Pointer,
    format_length: Out<u32>,
) -> Result<NtStatus, NtStatus> {
    let guest = call.guest();
    let (client, mine) =
        (data_range_at(guest, client_range.0)?, data_range_at(guest, pin_range.0)?);
    let kernel = call.kernel();
    let reply = miniport.data_range_intersection(kernel, pin_id, &client, &mine, output_length);
    format_length.set_if_given(guest, reply.information);
    if !reply.bytes.is_empty() {
        guest.store(format.0, &reply.bytes);
    }
    Ok(reply.status)
}

/// Reads the arguments of Init, calls `init` with them, and hands out the service group. `P` is the
/// interface of the port.
fn init<P: ComInterface + ?Sized>(
    call: &Call<'_>,
    [adapter, resources, port]: [Pointer; 3],
    group: Out<Pointer>,
    init: impl FnOnce(
        Option<Rc<dyn IUnknown>>,
        Option<Rc<dyn IResourceList>>,
        Rc<P>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus>,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let adapter = guest.object_at(adapter.0, &iid::UNKNOWN, Hold::Retain);
    let resources = resources_at(guest, resources)?;
    let port = guest.interface_at::<P>(port.0, Hold::Retain);
    let made = init(adapter, resources, port.ok_or(NtStatus::INVALID_PARAMETER)?);
    set_group(guest, group, or_null(guest, group, made)?);
    Ok(())
}

/// `NTSTATUS Init(PUNKNOWN, PRESOURCELIST, PPORTMIDI, PSERVICEGROUP *)`
fn init_midi(
    call: &Call<'_>,
    miniport: This<dyn IMiniportMidi>,
    adapter: Pointer,
    resources: Pointer,
    port: Pointer,
    group: Out<Pointer>,
) -> Result<(), NtStatus> {
    let kernel = call.kernel();
    init(call, [adapter, resources, port], group, |adapter, resources, port| {
        Rc::clone(&miniport.object).init(kernel, adapter, resources, port)
    })
}

/// `NTSTATUS Init(PUNKNOWN, PRESOURCELIST, PPORTDMUS, PSERVICEGROUP *)`
fn init_dmus(
    call: &Call<'_>,
    miniport: This<dyn IMiniportDMus>,
    adapter: Pointer,
    resources: Pointer,
    port: Pointer,
    group: Out<Pointer>,
) -> Result<(), NtStatus> {
    let kernel = call.kernel();
    init(call, [adapter, resources, port], group, |adapter, resources, port| {
        Rc::clone(&miniport.object).init(kernel, adapter, resources, port)
    })
}

/// `NTSTATUS NewStream(PMINIPORTMIDISTREAM *, PUNKNOWN, POOL_TYPE, ULONG Pin, BOOLEAN Capture,
/// PKSDATAFORMAT, PSERVICEGROUP *)`
fn new_midi_stream(
    call: &Call<'_>,
    miniport: This<dyn IMiniportMidi>,
    out: Out<Pointer>,
    outer: Pointer,
    pool: u32,
    pin: u32,
    capture: Boolean,
    format: Pointer,
    group: Out<Pointer>,
) -> Result<(), NtStatus> {
    let (guest, kernel) = (call.guest(), call.kernel());
    let outer = guest.object_at(outer.0, &iid::UNKNOWN, Hold::Retain);
    let direction = match capture.is_true() {
        true => StreamDirection::Capture,
        false => StreamDirection::Render,
    };
    let format = format_at(guest, format)?;
    let miniport = Rc::clone(&miniport.object);
    let made = miniport.new_stream(kernel, outer, pool_type(pool), pin, direction, &format);
    let made = or_null(guest, out, made)?;
    let stream: Rc<dyn IUnknown> = made.stream;
    out.set(guest, Pointer(guest.give(&stream, &iid::MINIPORT_MIDI_STREAM)));
    set_group(guest, group, made.service_group);
    Ok(())
}

/// `NTSTATUS NewStream(PMXF *, PUNKNOWN, POOL_TYPE, ULONG Pin, DMUS_STREAM_TYPE, PKSDATAFORMAT,
/// PSERVICEGROUP *, PAllocatorMXF, PMASTERCLOCK, PULONGLONG SchedulePreFetch)`
fn new_dmus_stream(
    call: &Call<'_>,
    miniport: This<dyn IMiniportDMus>,
    out: Out<Pointer>,
    outer: Pointer,
    pool: u32,
    pin: u32,
    stream_type: u32,
    format: Pointer,
    group: Out<Pointer>,
    allocator: Pointer,
    clock: Pointer,
    schedule_pre_fetch: Out<u64>,
) -> Result<(), NtStatus> {
    let (guest, kernel) = (call.guest(), call.kernel());
    let outer = guest.object_at(outer.0, &iid::UNKNOWN, Hold::Retain);
    let lent_allocator = guest.interface_at::<dyn IAllocatorMxf>(allocator.0, Hold::Retain);
    let lent_clock = guest.interface_at::<dyn IMasterClock>(clock.0, Hold::Retain);
    let (Some(stream_type), Some(lent_allocator), Some(lent_clock)) =
        (DmusStreamType::from_number(stream_type), lent_allocator, lent_clock)
    else {
        return Err(NtStatus::INVALID_PARAMETER);
    };
    let request = DmusStreamRequest {
        pin,
        stream_type,
        format: &format_at(guest, format)?,
        allocator: &lent_allocator,
        clock: &lent_clock,
    };
    let made = Rc::clone(&miniport.object).new_stream(kernel, outer, pool_type(pool), &request);
    let made = or_null(guest, out, made)?;
    let stream: Rc<dyn IUnknown> = made.stream;
    let stream = guest.give(&stream, &iid::MXF);
    guest.0.events.note_sink(stream, allocator.0);
    out.set(guest, Pointer(stream));
    set_group(guest, group, made.service_group);
    schedule_pre_fetch.set_if_given(guest, made.schedule_pre_fetch_100ns);
    Ok(())
}

/// `VOID Service()`
fn service_midi(call: &Call<'_>, miniport: This<dyn IMiniportMidi>) {
    miniport.service(call.kernel());
}

/// `VOID Service()`
fn service_dmus(call: &Call<'_>, miniport: This<dyn IMiniportDMus>) {
    miniport.service(call.kernel());
}

/// The resource list of Init, which may be null.
fn resources_at(
    guest: &Guest,
    resources: Pointer,
) -> Result<Option<Rc<dyn IResourceList>>, NtStatus> {
    given(resources, || guest.interface_at::<dyn IResourceList>(resources.0, Hold::Retain))
}

/// The result of a call, with a null pointer in the out parameter after a failure.
fn or_null<T>(
    guest: &Guest,
    out: Out<Pointer>,
    result: Result<T, NtStatus>,
) -> Result<T, NtStatus> {
    if result.is_err() {
        out.set(guest, Pointer::NULL);
    }
    result
}

/// Gives the driver a service group with one reference. Without a group the driver gets a null
/// pointer.
fn set_group(guest: &Guest, out: Out<Pointer>, group: Option<Rc<dyn IServiceGroup>>) {
    let group = group.map_or(0, |group| {
        let group: Rc<dyn IUnknown> = group;
        guest.give(&group, &iid::SERVICE_GROUP)
    });
    out.set(guest, Pointer(group));
}
