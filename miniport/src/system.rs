//! The miniports that come with the system, for `PcNewMiniport`.
//!
//! The maker of a machine hands this table to
//! [`install_system_miniports`](portcls_port::install_system_miniports).

use std::rc::Rc;

use portcls_port::SystemMiniport;
use portcls_port::guid::clsid;
use portcls_port::interfaces::IMiniport;

use crate::dmus::MiniportDMusUart;
use crate::miniport::MiniportMidiUart;

/// The miniports for an MPU-401.
///
/// Source: WDK, PcNewMiniport; dmusicks.h. Assumed: both DirectMusic classes, with and without
/// capture, have the same miniport, because the published sample has one miniport for both.
pub const SYSTEM_MINIPORTS: &[SystemMiniport] = &[
    SystemMiniport { class: clsid::MINIPORT_DRIVER_UART, make: midi },
    SystemMiniport { class: clsid::MINIPORT_DRIVER_DMUS_UART, make: directmusic },
    SystemMiniport { class: clsid::MINIPORT_DRIVER_DMUS_UART_CAPTURE, make: directmusic },
];

fn midi() -> Rc<dyn IMiniport> {
    MiniportMidiUart::new()
}

fn directmusic() -> Rc<dyn IMiniport> {
    MiniportDMusUart::new()
}
