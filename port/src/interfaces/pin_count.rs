//! `IPinCount`: a miniport computes the instance limits of its pins itself.

use portcls_emulator::Kernel;

use crate::com::IUnknown;

/// Lets a miniport say how many instances of a pin there are, and how many there can be. A miniport
/// need not have this interface.
///
/// The driver implements this interface on the miniport. The port queries the miniport for the
/// interface, and uses its own counts when the miniport does not have it.
#[doc(alias = "PPINCOUNT")]
pub trait IPinCount: IUnknown {
    /// Corrects the counts that the port has filled in.
    ///
    /// The port calls this once for each request of KSPROPERTY_PIN_CINSTANCES, GLOBALCINSTANCES or
    /// NECESSARYINSTANCES, and once before it creates a stream. When the counts then leave no room
    /// for the stream, the port refuses the pin and no `NewStream` follows. The method must not
    /// create or close a stream.
    ///
    /// The counts of necessary and possible instances are kept in the pin's descriptor: a change by
    /// the miniport stays there, and the next call gets the changed count. The port itself counts
    /// the open instances.
    ///
    /// `Assumed:` a change to a count of open instances holds for one request only. The page of
    /// PinCount says that the five pointers of the method all lead into the filter's description.
    /// But the page of PCPIN_DESCRIPTOR, and portcls.h, have only three counts in the description:
    /// MaxGlobalInstanceCount, MaxFilterInstanceCount and MinFilterInstanceCount. So the
    /// description has no place for the two counts of open instances. The port could not keep a
    /// change to them elsewhere either: the number of open instances changes with each pin that a
    /// client opens or closes, and no page says what an older change would then mean.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails. Source: WDK, IPinCount::PinCount and PCPIN_DESCRIPTOR.
    #[doc(alias = "IPinCount::PinCount")]
    fn pin_count(&self, kernel: &Kernel, pin_id: u32, counts: &mut PinCounts);
}

/// The counts of one pin. Each count is input and output. `u32::MAX` possible instances mean that
/// there is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PinCounts {
    /// The number of instances that must exist before the filter works.
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
