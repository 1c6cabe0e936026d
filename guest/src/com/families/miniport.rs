//! A miniport of the system as a driver sees it.
//!
//! A driver gets such a miniport from PcNewMiniport and gives it to `IPort::Init`. There the guest
//! finds the object in Rust by the pointer. The port calls this object without the guest. The
//! driver itself may not call it, for example from a miniport of its own around it: the run then
//! ends with the name of the method.

use portcls_emulator::NtStatus;
use portcls_port::guid::iid;
use portcls_port::interfaces::{IMiniport, IMiniportDMus, IMiniportMidi, IMusicTechnology};

use crate::com::family::Family;
use crate::com::this::This;
use crate::routine::{Call, Pointer, row};

pub(super) static MIDI: Family = Family {
    name: "IMiniportMidi",
    iid: iid::MINIPORT_MIDI,
    bases: &[iid::MINIPORT],
    methods: &[
        row!("IMiniport::GetDescription", UpTo(PASSIVE_LEVEL), get_description),
        row!("IMiniport::DataRangeIntersection", UpTo(PASSIVE_LEVEL), data_range_intersection),
        row!("IMiniportMidi::Init", UpTo(PASSIVE_LEVEL), init),
        row!("IMiniportMidi::Service", UpTo(DISPATCH_LEVEL), service_midi),
        row!("IMiniportMidi::NewStream", UpTo(PASSIVE_LEVEL), new_stream),
    ],
};

pub(super) static DMUS: Family = Family {
    name: "IMiniportDMus",
    iid: iid::MINIPORT_DMUS,
    bases: &[iid::MINIPORT],
    methods: &[
        row!("IMiniport::GetDescription", UpTo(PASSIVE_LEVEL), get_description),
        row!("IMiniport::DataRangeIntersection", UpTo(PASSIVE_LEVEL), data_range_intersection),
        row!("IMiniportDMus::Init", UpTo(PASSIVE_LEVEL), init),
        row!("IMiniportDMus::Service", UpTo(DISPATCH_LEVEL), service_dmus),
        row!("IMiniportDMus::NewStream", UpTo(PASSIVE_LEVEL), new_stream),
    ],
};

pub(super) static TECHNOLOGY: Family = Family {
    name: "IMusicTechnology",
    iid: iid::MUSIC_TECHNOLOGY,
    bases: &[],
    methods: &[row!("IMusicTechnology::SetTechnology", UpTo(PASSIVE_LEVEL), set_technology)],
};

/// `NTSTATUS SetTechnology(const GUID *)`
fn set_technology(
    call: &Call<'_>,
    miniport: This<dyn IMusicTechnology>,
    technology: Pointer,
) -> Result<(), NtStatus> {
    let technology = call.guest().load_guid(technology.0);
    miniport.set_technology(call.kernel(), &technology)
}

/// `NTSTATUS GetDescription(PPCFILTER_DESCRIPTOR *)`
fn get_description(call: &Call<'_>, _miniport: This<dyn IMiniport>) {
    refuse(call, "IMiniport::GetDescription");
}

/// `NTSTATUS DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG)`
fn data_range_intersection(call: &Call<'_>, _miniport: This<dyn IMiniport>) {
    refuse(call, "IMiniport::DataRangeIntersection");
}

/// `NTSTATUS Init(PUNKNOWN, PRESOURCELIST, PPORTMIDI or PPORTDMUS, PSERVICEGROUP *)`
fn init(call: &Call<'_>, _miniport: This<dyn IMiniport>) {
    refuse(call, "Init");
}

/// `NTSTATUS NewStream(...)`
fn new_stream(call: &Call<'_>, _miniport: This<dyn IMiniport>) {
    refuse(call, "NewStream");
}

/// `VOID Service()`
fn service_midi(call: &Call<'_>, miniport: This<dyn IMiniportMidi>) {
    miniport.service(call.kernel());
}

/// `VOID Service()`
fn service_dmus(call: &Call<'_>, miniport: This<dyn IMiniportDMus>) {
    miniport.service(call.kernel());
}

/// Ends the run. These rows do not take the arguments off the stack, so the driver cannot go on.
fn refuse(call: &Call<'_>, method: &str) {
    call.kernel().unsupported(&format!("{method} of a miniport of the system, called by a driver"));
}
