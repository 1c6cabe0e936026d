//! `IPinName`: names of pins that a miniport computes itself.

use portcls_emulator::{Irp, Kernel};

use crate::com::IUnknown;
use crate::ks::{KsPPin, LengthReply};

/// Lets a miniport name its pins; optional.
///
/// The driver implements this interface on the miniport. The port queries the miniport for the
/// interface.
#[doc(alias = "PPINNAME")]
pub trait IPinName: IUnknown {
    /// Names a pin, for a request of KSPROPERTY_PIN_NAME.
    ///
    /// `irp` is the request, `pin` its input, and `length` the room for the answer: UTF-16 with a
    /// null at the end. In C the room is the argument `Data`; the miniport takes the length of the
    /// room from the request's stack location, and leaves the length of the answer in the request's
    /// status block.
    ///
    /// IRQL: PASSIVE_LEVEL. Units: `length` in bytes. Source: WDK, IPinName::GetPinName. `Assumed:`
    /// the rules for lengths are the rules of a property handler, because the page does not speak
    /// of lengths.
    ///
    /// # Errors
    /// In the reply:
    /// - `STATUS_BUFFER_OVERFLOW`: `length` is 0; the reply has the needed length.
    /// - `STATUS_BUFFER_TOO_SMALL`: `length` is not 0 and less than needed.
    /// - Any other failure: the miniport has no name for the pin, and the port looks for a name in
    ///   the registry.
    #[doc(alias = "IPinName::GetPinName")]
    fn get_pin_name(&self, kernel: &Kernel, irp: &Irp, pin: &KsPPin, length: u32) -> LengthReply;
}
