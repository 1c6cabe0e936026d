//! A property request as the port answers it: its head, its room, the allowed accesses.

use portcls_emulator::NtStatus;

use crate::ks::{KsProperty, KsPropertyType, LengthReply, read};

/// A property request with the room for its answer.
pub(crate) struct PropertyRequest<'a> {
    pub property: KsProperty,
    pub input: &'a [u8],
    pub length: u32,
}

impl<'a> PropertyRequest<'a> {
    /// Reads the head of a request.
    ///
    /// # Errors
    /// `STATUS_INVALID_BUFFER_SIZE` when it is shorter than a KSPROPERTY.
    pub fn read(input: &'a [u8], length: u32) -> Result<PropertyRequest<'a>, NtStatus> {
        let property = read(input).ok_or(NtStatus::INVALID_BUFFER_SIZE)?;
        Ok(PropertyRequest { property, input, length })
    }

    /// True for the question whether the set is there at all.
    pub fn asks_for_set(&self) -> bool {
        self.property.property_type().contains(KsPropertyType::SETSUPPORT)
    }

    pub fn value(&self, value: &[u8]) -> LengthReply {
        LengthReply::of_value(value, self.length)
    }

    pub fn list(&self, list: &[u8]) -> LengthReply {
        LengthReply::of_list(list, self.length)
    }
}

/// What a request wants of a property's value.
pub(crate) enum Access {
    Get,
    Set,
}

/// Serves the request types that every property has: its support, and the allowed accesses.
///
/// Assumed: an access that the property does not have is STATUS_INVALID_DEVICE_REQUEST.
pub(crate) fn access(
    request: &PropertyRequest<'_>,
    allowed: KsPropertyType,
    serve: impl FnOnce(Access) -> LengthReply,
) -> LengthReply {
    let wanted = request.property.property_type();
    if wanted.contains(KsPropertyType::BASICSUPPORT) {
        return request.value(&allowed.bits().to_le_bytes());
    }
    let get_or_set = wanted & (KsPropertyType::GET | KsPropertyType::SET);
    if !allowed.contains(get_or_set) {
        return LengthReply::of_status(NtStatus::INVALID_DEVICE_REQUEST);
    }
    match get_or_set {
        KsPropertyType::GET => serve(Access::Get),
        KsPropertyType::SET => serve(Access::Set),
        _ => LengthReply::of_status(NtStatus::INVALID_PARAMETER),
    }
}

/// Whether the port has no such property, so that a table of the miniport may.
pub(crate) fn may_be_the_miniports(status: NtStatus) -> bool {
    status == NtStatus::PROPSET_NOT_FOUND || status == NtStatus::NOT_FOUND
}
