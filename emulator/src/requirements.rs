//! Resources that a device could use: lists that a driver may change.
//!
//! This file never knows which resources a machine has, or which resources of a changed list the
//! machine grants.

use crate::resource::{Resource, ResourceKind, Share, TriggerMode};

/// What a device needs: one or more lists. The Plug and Play manager grants one of these lists.
#[doc(alias = "IO_RESOURCE_REQUIREMENTS_LIST")]
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ResourceRequirements {
    /// The lists, the most wanted list first.
    pub alternatives: Vec<Vec<Requirement>>,
}

/// A resource that a device needs, with all values that the device can use.
#[doc(alias = "IO_RESOURCE_DESCRIPTOR")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Requirement {
    /// Bits of `Option`. 0 means that the device needs the resource. 8 means that the resource may
    /// take the place of the resource before it.
    pub option: u8,
    /// The kind of the resource, and the values that the device can use.
    pub range: RequirementRange,
    /// Whether the resource is shared.
    pub share: Share,
}

/// The values of one resource that a device can use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequirementRange {
    /// A range of I/O ports.
    Port(AddressRange),
    /// A range of memory.
    Memory(AddressRange),
    /// One interrupt line out of a row of lines.
    Interrupt {
        /// The lowest line.
        minimum: u32,
        /// The highest line.
        maximum: u32,
        /// Edge or level.
        trigger: TriggerMode,
    },
    /// One DMA channel out of a row of channels.
    Dma {
        /// The lowest channel.
        minimum: u32,
        /// The highest channel.
        maximum: u32,
    },
    /// A kind that this kernel does not know, by its number in CM_RESOURCE_TYPE.
    Other(u8),
}

/// A range of a fixed length that may lie anywhere between two addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AddressRange {
    /// Length in ports or bytes.
    pub length: u32,
    /// The first address is a multiple of this number.
    pub alignment: u32,
    /// The lowest address that the range may have.
    pub minimum: u64,
    /// The highest address that a byte of the range may have.
    pub maximum: u64,
}

impl AddressRange {
    /// The range that can lie only at `start`.
    fn at(start: u64, length: u32) -> AddressRange {
        let maximum = start + u64::from(length).saturating_sub(1);
        AddressRange { length, alignment: 1, minimum: start, maximum }
    }
}

impl Requirement {
    /// The requirement that only this raw resource meets.
    #[must_use]
    pub fn of(raw: &Resource) -> Requirement {
        let (range, share) = match *raw {
            Resource::Port { start, length } => {
                (RequirementRange::Port(AddressRange::at(start, length)), Share::Exclusive)
            }
            Resource::Memory { start, length } => {
                (RequirementRange::Memory(AddressRange::at(start, length)), Share::Exclusive)
            }
            Resource::Interrupt { vector, trigger, share, .. } => {
                let (minimum, maximum) = (vector, vector);
                (RequirementRange::Interrupt { minimum, maximum, trigger }, share)
            }
            Resource::Dma { channel, .. } => {
                (RequirementRange::Dma { minimum: channel, maximum: channel }, Share::Exclusive)
            }
        };
        Requirement { option: 0, range, share }
    }

    /// The kind of the resource; `None` for a kind that this kernel does not know.
    #[must_use]
    pub fn kind(&self) -> Option<ResourceKind> {
        match self.range {
            RequirementRange::Port(_) => Some(ResourceKind::Port),
            RequirementRange::Memory(_) => Some(ResourceKind::Memory),
            RequirementRange::Interrupt { .. } => Some(ResourceKind::Interrupt),
            RequirementRange::Dma { .. } => Some(ResourceKind::Dma),
            RequirementRange::Other(_) => None,
        }
    }
}

impl ResourceRequirements {
    /// One list that only these raw resources meet, in their order.
    #[must_use]
    pub fn of(raw: &[Resource]) -> ResourceRequirements {
        ResourceRequirements { alternatives: vec![raw.iter().map(Requirement::of).collect()] }
    }

    /// For each entry of the first list: the index of the equal entry in the first list of
    /// `original`.
    ///
    /// `None` when an entry of the first list is not in the first list of `original`, or is there
    /// less often. Also `None` when `self` or `original` has no list.
    #[must_use]
    pub fn order_in(&self, original: &ResourceRequirements) -> Option<Vec<usize>> {
        let known = original.alternatives.first()?;
        let mut order = Vec::new();
        for entry in self.alternatives.first()? {
            let is_free = |index: &usize| !order.contains(index);
            let index = (0..known.len()).filter(is_free).find(|&index| known[index] == *entry)?;
            order.push(index);
        }
        Some(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTS: Resource = Resource::Port { start: 0x330, length: 2 };
    const CHANNEL: Resource = Resource::Dma { channel: 5, port: 0 };

    #[test]
    fn a_fixed_resource_is_the_only_value_of_its_requirement() {
        let range = AddressRange { length: 2, alignment: 1, minimum: 0x330, maximum: 0x331 };
        assert_eq!(Requirement::of(&PORTS).range, RequirementRange::Port(range));
        let range = RequirementRange::Dma { minimum: 5, maximum: 5 };
        assert_eq!(Requirement::of(&CHANNEL).range, range);
    }

    #[test]
    fn a_list_that_drops_or_reorders_has_an_order_and_any_other_list_has_none() {
        let original = ResourceRequirements::of(&[PORTS, CHANNEL, PORTS]);
        let order = |raw: &[Resource]| ResourceRequirements::of(raw).order_in(&original);
        assert_eq!(order(&[PORTS, CHANNEL, PORTS]), Some(vec![0, 1, 2]));
        assert_eq!(order(&[CHANNEL, PORTS]), Some(vec![1, 0]));
        assert_eq!(order(&[]), Some(vec![]));
        assert_eq!(order(&[CHANNEL, CHANNEL]), None);
        assert_eq!(order(&[Resource::Port { start: 0x332, length: 2 }]), None);
        assert_eq!(ResourceRequirements::default().order_in(&original), None);
    }
}
