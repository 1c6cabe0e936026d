//! The pins for MIDI, and what a client can learn of a pin without opening it.

use std::fmt;

use portcls_emulator::{Kernel, NtStatus};
use portcls_port::ks::{DataRange, KsPinCommunication, KsPinDataFlow};
use serde::Serialize;

use crate::ks_client::{KsFile, PinPlace, find_filters};
use crate::pin_format::PinFormat;

/// What a pin does for an application.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PinUse {
    /// The pin plays: data flows into the filter.
    Render,
    /// The pin captures: data flows out of the filter.
    Capture,
}

impl PinUse {
    /// The use of a pin with this data flow.
    pub(crate) fn of(data_flow: KsPinDataFlow) -> PinUse {
        match data_flow {
            KsPinDataFlow::In => PinUse::Render,
            KsPinDataFlow::Out => PinUse::Capture,
        }
    }

    /// The word for the use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            PinUse::Render => "render",
            PinUse::Capture => "capture",
        }
    }
}

/// A pin for MIDI. The text of a pin has the form `Uart:0 (render)`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct MidiPin {
    /// Where the pin is.
    #[serde(flatten)]
    pub place: PinPlace,
    /// The use of the pin.
    #[serde(rename = "use")]
    pub pin_use: PinUse,
}

impl fmt::Display for MidiPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.place, self.pin_use.word())
    }
}

/// The pins that have some format for MIDI, of all filters, in order. Open pins are in the list
/// too.
pub(crate) fn midi_pins(kernel: &Kernel) -> Vec<MidiPin> {
    pins_where(kernel, has_midi)
}

/// The pins that have this format, of all filters, in order. Open pins are in the list too.
pub(crate) fn pins_with(kernel: &Kernel, format: PinFormat) -> Vec<MidiPin> {
    pins_where(kernel, |ranges| format.fits(ranges))
}

fn pins_where(kernel: &Kernel, is_wanted: impl Fn(&[DataRange]) -> bool) -> Vec<MidiPin> {
    let mut pins = Vec::new();
    for found in find_filters(kernel) {
        let Ok(filter) = KsFile::open_filter(kernel, &found.interface) else { continue };
        for pin_id in 0..filter.pin_count().unwrap_or(0) {
            let is_wanted = filter.data_ranges(pin_id).is_ok_and(|ranges| is_wanted(&ranges));
            if let (true, Ok(flow)) = (is_wanted, filter.data_flow(pin_id)) {
                let place = PinPlace { filter: found.interface.reference.clone(), pin_id };
                pins.push(MidiPin { place, pin_use: PinUse::of(flow) });
            }
        }
    }
    pins
}

/// Whether a pin has a format for MIDI: as bytes, or as events of DirectMusic.
pub(crate) fn has_midi(ranges: &[DataRange]) -> bool {
    PinFormat::Midi.fits(ranges) || PinFormat::DirectMusic.fits(ranges)
}

/// Why an application cannot use a pin. The application learns this reason without opening the pin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Obstacle {
    /// The filter refuses a question about the pin, with this status.
    Untold(NtStatus),
    /// The pin has this use, which is not the wanted use.
    OtherUse(PinUse),
    /// No client can connect to the pin.
    NotForClients(KsPinCommunication),
    /// The pin cannot be opened with the wanted format. Perhaps it can be opened with the other
    /// format.
    NoFormat {
        /// The wanted format.
        wanted: PinFormat,
        /// The status of the DataIntersection request for this format.
        status: NtStatus,
        /// True when the pin has the other format.
        has_other: bool,
    },
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Obstacle::Untold(status) => write!(f, "the filter answers {status} about it"),
            Obstacle::OtherUse(PinUse::Render) => f.write_str("data flows into the filter"),
            Obstacle::OtherUse(PinUse::Capture) => f.write_str("data flows out of the filter"),
            Obstacle::NotForClients(communication) => {
                write!(f, "no client can connect to it: its communication is {communication:?}")
            }
            Obstacle::NoFormat { wanted, status, has_other } => {
                write!(f, "no format for {wanted} fits: DataIntersection answers {status}")?;
                if has_other {
                    write!(f, ", but the pin has a format for {}", wanted.other())?;
                }
                Ok(())
            }
        }
    }
}

/// Asks whether a pin can be opened for a use with a format. DataIntersection, which may call the
/// miniport, comes last, and only if the pin has passed the other checks.
pub(crate) fn obstacle(
    filter: &KsFile,
    pin_id: u32,
    wanted: PinUse,
    format: PinFormat,
) -> Result<(), Obstacle> {
    let is = PinUse::of(filter.data_flow(pin_id).map_err(Obstacle::Untold)?);
    let communication = filter.communication(pin_id).map_err(Obstacle::Untold)?;
    if is != wanted {
        return Err(Obstacle::OtherUse(is));
    }
    if !matches!(communication, KsPinCommunication::Sink | KsPinCommunication::Both) {
        return Err(Obstacle::NotForClients(communication));
    }
    filter.intersect(pin_id, format).map_err(|status| {
        let ranges = filter.data_ranges(pin_id).unwrap_or_default();
        Obstacle::NoFormat { wanted: format, status, has_other: format.other().fits(&ranges) }
    })
}
