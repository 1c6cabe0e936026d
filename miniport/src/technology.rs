//! The technology of music data ranges: how the device makes its sound.

use std::cell::Cell;

use portcls_emulator::NtStatus;
use portcls_port::guid::Guid;
use portcls_port::ks::guids::technology;
use portcls_port::ks::{DataRange, KsDataRangeMusic};

/// The technology of a miniport. The adapter driver can set it before `Init`.
pub(crate) struct Technology(Cell<Guid>);

impl Default for Technology {
    /// A MIDI port: the device behind the cable is not known.
    fn default() -> Technology {
        Technology(Cell::new(technology::PORT))
    }
}

impl Technology {
    /// Sets the technology of a miniport that has no hardware yet.
    ///
    /// # Errors
    /// `STATUS_UNSUCCESSFUL` when the miniport has hardware. Source: the published MPU-401 sample.
    pub fn set(&self, technology: &Guid, has_hardware: HasHardware) -> Result<(), NtStatus> {
        match has_hardware {
            HasHardware::Yes => Err(NtStatus::UNSUCCESSFUL),
            HasHardware::No => {
                self.0.set(*technology);
                Ok(())
            }
        }
    }

    /// A music range of this technology.
    pub fn range(&self, range: KsDataRangeMusic) -> DataRange {
        KsDataRangeMusic { technology: self.0.get(), ..range }.into()
    }
}

/// Whether the miniport's `Init` has succeeded.
pub(crate) enum HasHardware {
    Yes,
    No,
}

impl<T> From<Option<T>> for HasHardware {
    fn from(hardware: Option<T>) -> HasHardware {
        if hardware.is_some() { HasHardware::Yes } else { HasHardware::No }
    }
}
