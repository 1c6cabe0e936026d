//! The application: a client that finds a MIDI pin and opens it.

use portcls_emulator::Kernel;
use portcls_emulator::trace::{Layer, NameId};
use portcls_port::ks::KsPinDataFlow;
use portcls_port::ks::pin_connect::PinRequest;

use crate::error::MachineError;
use crate::ks_client::{KsFile, PinPlace, audio_interfaces};
use crate::machine::{APPLICATION_DELAY_NS, Machine};
use crate::pin_client::PinClient;

/// An application on a machine.
pub struct Application<'m> {
    machine: &'m Machine,
    who: NameId,
}

impl<'m> Application<'m> {
    /// An application on a machine whose device was started.
    #[must_use]
    pub fn new(machine: &'m Machine) -> Application<'m> {
        let who = machine.kernel().trace().actor("app", Layer::Software);
        Application { machine, who }
    }

    /// Opens the first pin that plays MIDI.
    ///
    /// The first pin opens at least 200 ms after StartDevice returned.
    ///
    /// # Errors
    /// [`MachineError::NoPin`]; [`MachineError::Request`] when the pin cannot be opened;
    /// [`MachineError::Stopped`].
    pub fn open_render(&self) -> Result<PinClient<'m>, MachineError> {
        self.open(KsPinDataFlow::In)
    }

    /// Opens the first pin that captures MIDI; the rest as [`Application::open_render`].
    ///
    /// # Errors
    /// As [`Application::open_render`].
    pub fn open_capture(&self) -> Result<PinClient<'m>, MachineError> {
        self.open(KsPinDataFlow::Out)
    }

    fn open(&self, data_flow: KsPinDataFlow) -> Result<PinClient<'m>, MachineError> {
        let (machine, who) = (self.machine, self.who);
        machine.run(|kernel| {
            let ready_ns = machine.started_ns().unwrap_or(0) + APPLICATION_DELAY_NS;
            kernel.run_until(ready_ns);
            let wanted = direction(data_flow);
            kernel.mark(&format!("app opens a {wanted} pin"));
            let (filter, place) = find(kernel, data_flow)?;
            let text = format!("open {wanted} pin {} of {}", place.pin_id, place.filter);
            kernel.record_note(who, &text);
            let request = PinRequest::midi(place.pin_id);
            let failed = |status| MachineError::Request { request: "opening a pin", status };
            let pin = filter.open_pin(&request).map_err(failed)?;
            Ok(PinClient::new(machine, who, filter, pin, place))
        })?
    }
}

fn direction(data_flow: KsPinDataFlow) -> &'static str {
    match data_flow {
        KsPinDataFlow::In => "render",
        KsPinDataFlow::Out => "capture",
    }
}

fn find(kernel: &Kernel, data_flow: KsPinDataFlow) -> Result<(KsFile, PinPlace), MachineError> {
    for interface in audio_interfaces(kernel) {
        let Ok(filter) = KsFile::open_filter(kernel, &interface) else { continue };
        if let Ok(Some(pin_id)) = filter.find_midi_pin(data_flow) {
            let place = PinPlace { filter: interface.reference, pin_id };
            return Ok((filter, place));
        }
    }
    Err(MachineError::NoPin { wanted: direction(data_flow) })
}
