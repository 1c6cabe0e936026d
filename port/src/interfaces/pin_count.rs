//! Instance limits of pins that a miniport computes itself.

use portcls_emulator::Kernel;

use crate::com::IUnknown;

/// Lets a miniport say how many instances of a pin there are and can be; optional.
///
/// Implemented by the driver, found by the port with a query.
#[doc(alias = "PPINCOUNT")]
pub trait IPinCount: IUnknown {
    /// Corrects the counts that the port has filled in.
    ///
    /// Called for the properties KSPROPERTY_PIN_CINSTANCES, GLOBALCINSTANCES and
    /// NECESSARYINSTANCES, and before each stream is created. It creates and closes no stream.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails. Source: WDK, IPinCount::PinCount.
    #[doc(alias = "IPinCount::PinCount")]
    fn pin_count(&self, kernel: &Kernel, pin_id: u32, counts: &mut PinCounts);
}

/// The counts of one pin, all of them both in and out; `u32::MAX` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PinCounts {
    /// Instances a filter needs to work.
    #[doc(alias = "FilterNecessary")]
    pub filter_necessary: u32,
    /// Instances open on this filter.
    #[doc(alias = "FilterCurrent")]
    pub filter_current: u32,
    /// Instances possible on this filter.
    #[doc(alias = "FilterPossible")]
    pub filter_possible: u32,
    /// Instances open on all filters of the subdevice.
    #[doc(alias = "GlobalCurrent")]
    pub global_current: u32,
    /// Instances possible on all filters of the subdevice.
    #[doc(alias = "GlobalPossible")]
    pub global_possible: u32,
}
