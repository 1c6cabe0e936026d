//! `MiniportDMusUart`: the MPU-401 in UART mode as an `IMiniportDMus`.
//!
//! This file owns the miniport's methods: start on the assigned resources, streams, power. The pins
//! and nodes are in `descriptor.rs`, the properties of the nodes in `synth.rs`, the two kinds of
//! streams in `render.rs` and `capture.rs`. For the card and its interrupt, this miniport uses the
//! same code as the MIDI miniport.

use std::cell::OnceCell;
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType};
use portcls_port::answer_query;
use portcls_port::com::{IUnknown, Interface};
use portcls_port::descriptor::PcFilterDescriptor;
use portcls_port::guid::Guid;
use portcls_port::interfaces::{
    DevicePowerState, DmusStreamRequest, DmusStreamType, IMiniport, IMiniportDMus,
    IMusicTechnology, IMxf, IPortDMus, IPowerNotify, IResourceList, IServiceGroup, NewDmusStream,
};
use portcls_port::ks::guids::data_format;
use portcls_port::ks::{DataRange, KsDataFormat, LengthReply};

use crate::card::NotifiedPort;
use crate::hardware::Hardware;
use crate::technology::Technology;
use capture::CaptureStream;
use descriptor::{CAPTURE_PIN, DIRECTMUSIC_RENDER_PIN, MIDI_RENDER_PIN};
use render::RenderStream;

mod capture;
mod descriptor;
mod render;
mod retry;
mod synth;

/// The miniport of an MPU-401 that is used as a UART: DirectMusic events out and in.
///
/// The miniport offers `IMiniportDMus`, `IPowerNotify` and `IMusicTechnology`. A render stream on
/// each of two pins and one capture stream can be open at a time; messages of the two render
/// streams do not mix on the cable. Without an interrupt the miniport only renders.
pub struct MiniportDMusUart {
    /// The card, after `Init` has succeeded. The card holds the counted reference to the port.
    hardware: OnceCell<Rc<Hardware>>,

    technology: Technology,
}

impl MiniportDMusUart {
    /// A miniport without hardware; `Init` gives it the card.
    #[must_use]
    pub fn new() -> Rc<MiniportDMusUart> {
        Rc::new(MiniportDMusUart { hardware: OnceCell::new(), technology: Technology::default() })
    }

    fn hardware(&self) -> Result<&Rc<Hardware>, NtStatus> {
        self.hardware.get().ok_or(NtStatus::INVALID_DEVICE_STATE)
    }
}

/// Checks that a format is MIDI or DirectMusic. The port has checked that the format fits the pin.
fn require_music(format: &KsDataFormat) -> Result<(), NtStatus> {
    let is_music = format.major_format == data_format::MUSIC
        && [data_format::MIDI, data_format::DIRECTMUSIC].contains(&format.sub_format);
    is_music.then_some(()).ok_or(NtStatus::INVALID_PARAMETER)
}

impl IUnknown for MiniportDMusUart {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniport, IMiniportDMus, IMusicTechnology, IPowerNotify)
    }
}

impl IMiniport for MiniportDMusUart {
    fn get_description(&self, _kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        let hardware = self.hardware()?;
        let filter = if hardware.has_interrupt() {
            descriptor::duplex_filter(hardware.card(), &self.technology)
        } else {
            descriptor::render_filter(hardware.card(), &self.technology)
        };
        Ok(Rc::new(filter))
    }

    /// Leaves the two ranges to the port's own rule, because a music range has only one format.
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

impl IMiniportDMus for MiniportDMusUart {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortDMus>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        let (hardware, group) = Hardware::bring_up(
            kernel,
            adapter.as_ref(),
            resources,
            NotifiedPort::DirectMusic(port),
        )?;
        self.hardware.set(hardware).map_err(|_| NtStatus::INVALID_DEVICE_STATE)?;
        Ok(Some(group))
    }

    fn service(&self, _kernel: &Kernel) {}

    /// Opens a stream. All streams share the miniport's service group.
    ///
    /// The newest stream's master clock gives the times of received bytes. All streams of a port
    /// get the same clock from the port.
    fn new_stream(
        self: Rc<Self>,
        kernel: &Kernel,
        _outer: Option<Rc<dyn IUnknown>>,
        _pool: PoolType,
        request: &DmusStreamRequest<'_>,
    ) -> Result<NewDmusStream, NtStatus> {
        let hardware = self.hardware()?;
        let is_capture = match (request.pin, request.stream_type) {
            (MIDI_RENDER_PIN | DIRECTMUSIC_RENDER_PIN, DmusStreamType::Render) => false,
            (CAPTURE_PIN, DmusStreamType::Capture) if hardware.has_interrupt() => true,
            _ => return Err(NtStatus::INVALID_DEVICE_REQUEST),
        };
        require_music(request.format)?;
        hardware.open(request.pin)?;
        hardware.card().set_clock(request.clock);
        let (pin, allocator) = (request.pin, request.allocator);
        let stream: Rc<dyn IMxf> = if is_capture {
            CaptureStream::new(kernel, hardware, pin, allocator)
        } else {
            RenderStream::new(kernel, hardware, pin, allocator)
        };
        let service_group = Some(Rc::clone(hardware.card().group()));
        Ok(NewDmusStream { stream, service_group, schedule_pre_fetch_100ns: 0 })
    }
}

impl IMusicTechnology for MiniportDMusUart {
    fn set_technology(&self, _kernel: &Kernel, technology: &Guid) -> Result<(), NtStatus> {
        self.technology.set(technology, self.hardware.get().into())
    }
}

impl IPowerNotify for MiniportDMusUart {
    /// When the device leaves D0, the driver only stops its accesses to the card, as the published
    /// sample does. In D0 the driver starts the card again, because a card that lost power is in
    /// intelligent mode.
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
                hardware.leave_alone(kernel);
            }
        }
    }
}
