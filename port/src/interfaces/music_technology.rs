//! `IMusicTechnology`: an adapter driver says how the device makes its sound.

use portcls_emulator::{Kernel, NtStatus};

use crate::com::IUnknown;
use crate::guid::Guid;

/// Lets an adapter driver set the technology of a miniport's music data ranges; optional.
///
/// A miniport that comes with the system implements this interface, and the adapter driver queries
/// the miniport for it. Without a call every range says `KSMUSIC_TECHNOLOGY_PORT`.
///
/// Source: WDK, Music Technology GUIDs. Another page says that the port makes the query.
#[doc(alias = "PMUSICTECHNOLOGY")]
pub trait IMusicTechnology: IUnknown {
    /// Sets the technology of all music data ranges of the filter.
    ///
    /// The adapter driver calls this between `PcNewMiniport` and `IPort::Init`. The descriptor that
    /// the port reads in `Init` has the technology then.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMusicTechnology::SetTechnology.
    ///
    /// # Errors
    /// - `STATUS_UNSUCCESSFUL`: the caller calls this method after `Init`. Then nothing changes.
    ///   Source: the published UART sample.
    #[doc(alias = "IMusicTechnology::SetTechnology")]
    fn set_technology(&self, kernel: &Kernel, technology: &Guid) -> Result<(), NtStatus>;
}
