//! `MiniportMidiUart`: the MPU-401 in UART mode as an `IMiniportMidi`.
//!
//! This file owns the miniport's methods: start on the assigned resources, streams, service, power.

use std::cell::OnceCell;
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType};
use portcls_port::answer_query;
use portcls_port::com::{IUnknown, Interface};
use portcls_port::descriptor::PcFilterDescriptor;
use portcls_port::guid::Guid;
use portcls_port::interfaces::{
    DevicePowerState, IMiniport, IMiniportMidi, IMusicTechnology, IPortMidi, IPowerNotify,
    IResourceList, IServiceGroup, NewStream, StreamDirection,
};
use portcls_port::ks::{DataRange, KsDataFormat, KsDataRangeMusic, LengthReply};

use crate::card::NotifiedPort;
use crate::descriptor::{CAPTURE_PIN, RENDER_PIN, duplex_filter, render_filter};
use crate::hardware::Hardware;
use crate::stream::{UartStream, require_midi};
use crate::technology::Technology;

/// The miniport of an MPU-401 that is used as a UART: MIDI bytes out, MIDI bytes in.
///
/// The miniport offers `IMiniportMidi`, `IPowerNotify` and `IMusicTechnology`. One render and one
/// capture stream can be open at a time. Without an interrupt the miniport only renders.
pub struct MiniportMidiUart {
    /// The card, after `Init` has succeeded. The card holds the counted reference to the port.
    hardware: OnceCell<Rc<Hardware>>,

    technology: Technology,
}

impl MiniportMidiUart {
    /// A miniport without hardware; `Init` gives it the card.
    #[must_use]
    pub fn new() -> Rc<MiniportMidiUart> {
        Rc::new(MiniportMidiUart { hardware: OnceCell::new(), technology: Technology::default() })
    }

    /// The number of captured bytes that were lost because the port read them too late.
    /// IRQL: any.
    #[must_use]
    pub fn overruns(&self) -> u64 {
        self.hardware.get().map_or(0, |hardware| hardware.card().overruns())
    }

    fn hardware(&self) -> Result<&Rc<Hardware>, NtStatus> {
        self.hardware.get().ok_or(NtStatus::INVALID_DEVICE_STATE)
    }
}

impl IUnknown for MiniportMidiUart {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniport, IMiniportMidi, IMusicTechnology, IPowerNotify)
    }
}

impl IMiniport for MiniportMidiUart {
    fn get_description(&self, _kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        let range = self.technology.range(KsDataRangeMusic::MIDI_PORT);
        let filter = if self.hardware()?.has_interrupt() {
            duplex_filter(&range)
        } else {
            render_filter(&range)
        };
        Ok(Rc::new(filter))
    }

    /// Leaves the two ranges to the port's own rule, because a MIDI range has only one format.
    fn data_range_intersection(
        &self,
        _kernel: &Kernel,
        _pin_id: u32,
        _client_range: &DataRange,
        _pin_range: &DataRange,
        _output_length: u32,
    ) -> LengthReply {
        LengthReply::of_status(NtStatus::NOT_IMPLEMENTED)
    }
}

impl IMiniportMidi for MiniportMidiUart {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortMidi>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        let (hardware, group) =
            Hardware::bring_up(kernel, adapter.as_ref(), resources, NotifiedPort::Midi(port))?;
        self.hardware.set(hardware).map_err(|_| NtStatus::INVALID_DEVICE_STATE)?;
        Ok(Some(group))
    }

    /// Reports lost bytes. The port reads the capture stream by itself, so this method has no other
    /// work.
    fn service(&self, kernel: &Kernel) {
        if let Ok(hardware) = self.hardware() {
            hardware.report_overruns(kernel);
        }
    }

    fn new_stream(
        self: Rc<Self>,
        kernel: &Kernel,
        _outer: Option<Rc<dyn IUnknown>>,
        _pool: PoolType,
        pin: u32,
        direction: StreamDirection,
        format: &KsDataFormat,
    ) -> Result<NewStream, NtStatus> {
        let hardware = self.hardware()?;
        let service_group = match (pin, direction) {
            (RENDER_PIN, StreamDirection::Render) => None,
            (CAPTURE_PIN, StreamDirection::Capture) if hardware.has_interrupt() => {
                Some(Rc::clone(hardware.card().group()))
            }
            _ => return Err(NtStatus::INVALID_DEVICE_REQUEST),
        };
        require_midi(format)?;
        let stream = UartStream::open(kernel, hardware, direction)?;
        Ok(NewStream { stream, service_group })
    }
}

impl IMusicTechnology for MiniportMidiUart {
    fn set_technology(&self, _kernel: &Kernel, technology: &Guid) -> Result<(), NtStatus> {
        self.technology.set(technology, self.hardware.get().into())
    }
}

impl IPowerNotify for MiniportMidiUart {
    /// When the device leaves D0, the driver silences the card, and does not access it until D0 is
    /// back. When D0 is back, the driver starts the card again, because a card that lost power is
    /// in intelligent mode.
    fn power_change_notify(&self, kernel: &Kernel, state: DevicePowerState) {
        let Ok(hardware) = self.hardware() else { return };
        match state {
            DevicePowerState::D0 if hardware.is_ready() => (),
            DevicePowerState::D0 => {
                if let Err(status) = hardware.start(kernel) {
                    kernel.debug_print(format_args!("MPU-401: not back after sleep: {status}"));
                }
            }
            DevicePowerState::D1 | DevicePowerState::D2 | DevicePowerState::D3 => {
                hardware.silence(kernel);
            }
        }
    }
}
