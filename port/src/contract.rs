//! What the port offers and calls, for `docs/contract.md`.
//!
//! This file reads from the port's own tables which accesses the port answers. It owns the names of
//! the properties and the list of their sets. Nothing in the port itself needs this file.

use std::fmt::Debug;

use crate::guid::Guid;
use crate::ks::guids::property_set;
use crate::ks::{
    KsPropertyAudio, KsPropertyConnection, KsPropertyDrmAudioStream, KsPropertyGeneral,
    KsPropertyPin, KsPropertyStream, KsPropertySynth, KsPropertySynthClock, KsPropertyTopology,
    KsPropertyType,
};
use crate::{filter, miniport_calls, pin};

/// No property in the sets below has a number greater than this.
const LAST_PROPERTY: u32 = 31;

/// A property with a name, and the accesses that a filter and a pin answer.
#[derive(Clone, Debug)]
pub struct Property {
    /// The name of the property in Microsoft's header.
    pub name: String,
    /// The name of the property in the code here.
    pub rust_name: String,
    /// The name of the property's set in the code here.
    pub set_name: &'static str,
    /// The number of the property in the set.
    pub id: u32,
    /// The accesses that the port answers on a filter; `None` when a filter does not have the
    /// property.
    pub on_filter: Option<KsPropertyType>,
    /// The accesses that the port answers on a pin; `None` when a pin does not have the property.
    pub on_pin: Option<KsPropertyType>,
}

/// The methods of a driver that the port calls, by interface and name.
pub fn driver_methods() -> impl Iterator<Item = &'static str> {
    miniport_calls::method_names()
}

/// All properties that have a name here, including the properties that no table of the port has.
#[must_use]
pub fn properties() -> Vec<Property> {
    [
        set("PIN", property_set::PIN, "KSPROPERTY_PIN", KsPropertyPin::from_u32),
        set(
            "TOPOLOGY",
            property_set::TOPOLOGY,
            "KSPROPERTY_TOPOLOGY",
            KsPropertyTopology::from_u32,
        ),
        set(
            "CONNECTION",
            property_set::CONNECTION,
            "KSPROPERTY_CONNECTION",
            KsPropertyConnection::from_u32,
        ),
        set("STREAM", property_set::STREAM, "KSPROPERTY_STREAM", KsPropertyStream::from_u32),
        set("AUDIO", property_set::AUDIO, "KSPROPERTY_AUDIO", KsPropertyAudio::from_u32),
        set(
            "DRM_AUDIO_STREAM",
            property_set::DRM_AUDIO_STREAM,
            "KSPROPERTY_DRMAUDIOSTREAM",
            KsPropertyDrmAudioStream::from_u32,
        ),
        set(
            "SYNTH_CLOCK",
            property_set::SYNTH_CLOCK,
            "KSPROPERTY_SYNTH",
            KsPropertySynthClock::from_u32,
        ),
        set("SYNTH", property_set::SYNTH, "KSPROPERTY_SYNTH", KsPropertySynth::from_u32),
        set("GENERAL", property_set::GENERAL, "KSPROPERTY_GENERAL", KsPropertyGeneral::from_u32),
    ]
    .concat()
}

/// The members of a set. Microsoft's name of a member is the prefix, an underscore and the name of
/// the member's variant in capitals.
fn set<T: Debug>(
    set_name: &'static str,
    set: Guid,
    prefix: &str,
    member: impl Fn(u32) -> Option<T>,
) -> Vec<Property> {
    let type_name = std::any::type_name::<T>();
    let type_name = type_name.rsplit("::").next().unwrap_or(type_name);
    let found = |table: &[(Guid, u32, KsPropertyType)], id| {
        table.iter().find(|row| (row.0, row.1) == (set, id)).map(|row| row.2)
    };
    let (filter, pin) = (filter::property_flags(), pin::property_flags());
    (0..=LAST_PROPERTY)
        .filter_map(|id| {
            let variant = format!("{:?}", member(id)?);
            Some(Property {
                name: format!("{prefix}_{}", variant.to_uppercase()),
                rust_name: format!("{type_name}::{variant}"),
                set_name,
                id,
                on_filter: found(&filter, id),
                on_pin: found(&pin, id),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_in_a_table_of_the_port_has_a_name() {
        let named = properties();
        let on_filter = named.iter().filter(|property| property.on_filter.is_some()).count();
        let on_pin = named.iter().filter(|property| property.on_pin.is_some()).count();
        let tables = (filter::property_flags().len(), pin::property_flags().len());
        assert_eq!((on_filter, on_pin), tables);
    }
}
