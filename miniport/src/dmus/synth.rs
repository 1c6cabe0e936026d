//! The properties of the two synthesizer nodes.
//!
//! This file owns the structures of dmusprop.h in which the driver answers, and the values for an
//! MPU-401: a device outside the computer with one group of 16 channels. The driver knows nothing
//! more of the device.
//! Source: WDK, KSPROPSETID_Synth; the values of the published MPU-401 sample (DMusUART).

use std::rc::{Rc, Weak};

use portcls_emulator::{Kernel, NtStatus};
use portcls_port::automation::{PcAutomationTable, PcPropertyItem, PcPropertyRequest};
use portcls_port::guid::{Guid, clsid};
use portcls_port::ks::guids::property_set;
use portcls_port::ks::{KsPropertySynth, KsPropertyType};

use crate::card::Card;

/// The node between the DirectMusic pin and the MIDI OUT cable.
pub(super) const OUT_NODE: u32 = 0;
/// The node between the MIDI IN cable and the capture pin.
pub(super) const IN_NODE: u32 = 1;

/// The device is outside the computer. Source: WDK dmusprop.h, SYNTH_PC_EXTERNAL.
const EXTERNAL: u32 = 0x2;
/// A number that is not known. Source: WDK, SYNTHCAPS.
const UNKNOWN: u32 = 0xFFFF_FFFF;
/// The number of groups of 16 channels.
const CHANNEL_GROUPS: u32 = 1;
/// Characters of room for the description in SYNTHCAPS, the final zero among them.
const DESCRIPTION_LENGTH: usize = 128;

/// The size of SYNTH_PORTPARAMS in bytes: seven ULONGs.
const PORT_PARAMETERS_SIZE: usize = 28;
/// The place of ChannelGroups in SYNTH_PORTPARAMS, in bytes; ValidParams is the first member.
const CHANNEL_GROUPS_AT: usize = 8;
/// The flag of ChannelGroups in ValidParams. Source: WDK dmusprop.h.
const CHANNEL_GROUPS_VALID: u32 = 0x2;

/// The table of a synthesizer node.
pub(super) fn synth_properties(card: &Rc<Card>) -> Rc<PcAutomationTable> {
    let (get, set) = (KsPropertyType::GET, KsPropertyType::SET);
    let property = |id: KsPropertySynth, access: KsPropertyType, handler: Handler| {
        let card = Rc::downgrade(card);
        PcPropertyItem {
            set: property_set::SYNTH,
            id: id.value(),
            flags: access | KsPropertyType::BASICSUPPORT,
            handler: Some(Rc::new(move |kernel, request| {
                serve(kernel, &card, request, access, handler)
            })),
        }
    };
    Rc::new(PcAutomationTable {
        properties: vec![
            property(KsPropertySynth::Caps, get, caps),
            property(KsPropertySynth::PortParameters, get, port_parameters),
            property(KsPropertySynth::ChannelGroups, get | set, channel_groups),
            property(KsPropertySynth::LatencyClock, get, latency_clock),
        ],
        events: Vec::new(),
    })
}

/// Serves a GET or SET of one property.
type Handler = fn(&Kernel, &Card, &PcPropertyRequest) -> NtStatus;

/// Answers a question for basic support, or calls the handler of the property.
///
/// PortParameters and LatencyClock belong to a pin. For a request to the filter, the answer about
/// these two properties is that only basic support is possible.
fn serve(
    kernel: &Kernel,
    card: &Weak<Card>,
    request: &PcPropertyRequest,
    access: KsPropertyType,
    handler: Handler,
) -> NtStatus {
    if request.verb.contains(KsPropertyType::BASICSUPPORT) {
        let needs_stream = [KsPropertySynth::PortParameters, KsPropertySynth::LatencyClock]
            .map(|id| id.value())
            .contains(&request.property_item.id);
        let access = if needs_stream && request.minor_target.is_none() {
            KsPropertyType::empty()
        } else {
            access
        };
        return request.answer(&(access | KsPropertyType::BASICSUPPORT).bits().to_le_bytes());
    }
    match card.upgrade() {
        Some(card) => handler(kernel, &card, request),
        None => NtStatus::INVALID_DEVICE_STATE,
    }
}

/// SYNTHCAPS: the kind and the abilities of the node.
fn caps(_kernel: &Kernel, card: &Card, request: &PcPropertyRequest) -> NtStatus {
    // A client that names no node gets the first node.
    let (class, name): (Guid, _) = if request.node == IN_NODE {
        (clsid::MINIPORT_DRIVER_DMUS_UART_CAPTURE, "DMusic MPU-401 In")
    } else {
        (clsid::MINIPORT_DRIVER_DMUS_UART, "DMusic MPU-401 Out")
    };
    let memory_size = 0_u32;
    let effect_flags = 0_u32;
    let numbers = [EXTERNAL, memory_size, CHANNEL_GROUPS, UNKNOWN, UNKNOWN, effect_flags];
    // The published sample takes the number of characters as the number of bytes, so it copies half
    // of the UTF-16 text. Assumed: the sample means the whole text.
    let text = format!("{name} [{:03X}]", card.registers().base());
    let mut description = [0_u16; DESCRIPTION_LENGTH];
    for (place, unit) in description.iter_mut().zip(text.encode_utf16()) {
        *place = unit;
    }
    let mut value = bytemuck::bytes_of(&class).to_vec();
    value.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    value.extend(description.iter().flat_map(|unit| unit.to_le_bytes()));
    request.answer(&value)
}

/// SYNTH_PORTPARAMS: a client asks for parameters of its pin, and gets the channel groups only.
///
/// Assumed: the status for an instance that is shorter than the structure is
/// `STATUS_INVALID_BUFFER_SIZE`.
fn port_parameters(_kernel: &Kernel, _card: &Card, request: &PcPropertyRequest) -> NtStatus {
    if request.minor_target.is_none() {
        request.value_size.set(0);
        return NtStatus::INVALID_DEVICE_REQUEST;
    }
    let Some(wanted) = request.instance.first_chunk::<PORT_PARAMETERS_SIZE>() else {
        request.value_size.set(0);
        return NtStatus::INVALID_BUFFER_SIZE;
    };
    let mut granted = *wanted;
    let valid = u32::from_le_bytes([wanted[0], wanted[1], wanted[2], wanted[3]]);
    granted[..4].copy_from_slice(&(valid & CHANNEL_GROUPS_VALID).to_le_bytes());
    granted[CHANNEL_GROUPS_AT..][..4].copy_from_slice(&CHANNEL_GROUPS.to_le_bytes());
    request.answer(&granted)
}

/// ULONG: the number of channel groups. The client can set it only to 1, its present value.
///
/// Assumed: the status for another number is `STATUS_INVALID_PARAMETER`; no page names a status.
fn channel_groups(_kernel: &Kernel, _card: &Card, request: &PcPropertyRequest) -> NtStatus {
    if !request.verb.contains(KsPropertyType::SET) {
        return request.answer(&CHANNEL_GROUPS.to_le_bytes());
    }
    let value = request.value.borrow();
    let Some(wanted) = value.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes)) else {
        request.value_size.set(0);
        return NtStatus::BUFFER_TOO_SMALL;
    };
    if wanted == CHANNEL_GROUPS { NtStatus::SUCCESS } else { NtStatus::INVALID_PARAMETER }
}

/// ULONGLONG: the time of the master clock in 100 ns. Only a pin answers this property.
fn latency_clock(kernel: &Kernel, card: &Card, request: &PcPropertyRequest) -> NtStatus {
    let clock = request.minor_target.as_ref().and_then(|_| card.clock());
    match clock.map(|clock| clock.get_time(kernel)) {
        Some(Ok(time_100ns)) => request.answer(&time_100ns.to_le_bytes()),
        Some(Err(status)) => status,
        None => {
            request.value_size.set(0);
            NtStatus::INVALID_DEVICE_REQUEST
        }
    }
}
