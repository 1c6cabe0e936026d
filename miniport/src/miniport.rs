//! `MiniportMidiUart`: the MPU-401 in UART mode as an `IMiniportMidi`.
//!
//! Owns what PortCls asks of a miniport: start on the assigned resources, streams, service, power.
//! The order inside `Init` is the contract: everything that an interrupt touches exists before the
//! interrupt is connected, and the interrupt is connected before the card is first spoken to.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType, Resource};
use portcls_port::answer_query;
use portcls_port::com::{IUnknown, Interface};
use portcls_port::descriptor::PcFilterDescriptor;
use portcls_port::guid::Guid;
use portcls_port::interfaces::{
    DevicePowerState, IInterruptSync, IMiniport, IMiniportMidi, IPortMidi, IPowerNotify,
    IResourceList, IServiceGroup, InterruptSyncMode, NewStream, RoutinePosition, StreamDirection,
};
use portcls_port::ks::{DataRange, KsDataFormat, LengthReply};
use portcls_port::{pc_new_interrupt_sync, pc_new_service_group};

use crate::card::Card;
use crate::descriptor::{CAPTURE_PIN, RENDER_PIN, duplex_filter, render_filter};
use crate::hardware::Hardware;
use crate::registers::{PORT_COUNT, Registers};
use crate::stream::{UartStream, require_midi};

/// The miniport of an MPU-401 that is used as a UART: MIDI bytes out, MIDI bytes in.
///
/// It offers `IMiniportMidi` and `IPowerNotify`. One render and one capture stream can be open at
/// a time. Without an interrupt it renders only.
pub struct MiniportMidiUart {
    /// The card, from a good `Init` on; with it goes the counted reference to the port.
    hardware: OnceCell<Rc<Hardware>>,

    /// How many lost bytes were reported.
    reported_overruns: Cell<u64>,
}

impl MiniportMidiUart {
    /// A miniport without hardware; `Init` gives it some.
    #[must_use]
    pub fn new() -> Rc<MiniportMidiUart> {
        Rc::new(MiniportMidiUart { hardware: OnceCell::new(), reported_overruns: Cell::new(0) })
    }

    /// Captured bytes that were lost because nobody read them in time. IRQL: any.
    #[must_use]
    pub fn overruns(&self) -> u64 {
        self.hardware.get().map_or(0, |hardware| hardware.card().overruns())
    }

    fn hardware(&self) -> Result<&Rc<Hardware>, NtStatus> {
        self.hardware.get().ok_or(NtStatus::INVALID_DEVICE_STATE)
    }
}

/// The registers that were assigned: one range of ports that is wide enough, or one port for
/// DATA and one for STATUS; at most one interrupt, and nothing that an MPU-401 has no use for.
fn assigned_registers(resources: &dyn IResourceList) -> Result<Registers, NtStatus> {
    let others = resources.number_of_dmas() + resources.number_of_memories();
    let registers = match [0, 1, 2].map(|index| resources.find_translated_port(index)) {
        _ if resources.number_of_interrupts() > 1 || others > 0 => None,
        [Some(Resource::Port { start, length }), None, None] if length >= PORT_COUNT => {
            Registers::new(start)
        }
        [
            Some(Resource::Port { start: data, length: 1 }),
            Some(Resource::Port { start: command, length: 1 }),
            None,
        ] => Registers::apart(data, command),
        _ => None,
    };
    registers.ok_or(NtStatus::DEVICE_CONFIGURATION_ERROR)
}

/// Connects the service routine of a card to the assigned interrupt.
fn connect(
    kernel: &Kernel,
    card: &Rc<Card>,
    resources: &Rc<dyn IResourceList>,
) -> Result<Rc<dyn IInterruptSync>, NtStatus> {
    let mode = InterruptSyncMode::Normal;
    let interrupt = pc_new_interrupt_sync(kernel, None, resources, 0, mode)?;
    let served = Rc::clone(card);
    let routine = Rc::new(move |kernel: &Kernel| served.serve_interrupt(kernel));
    interrupt.register_service_routine(kernel, routine, RoutinePosition::Head)?;
    interrupt.connect(kernel)?;
    Ok(interrupt)
}

impl IUnknown for MiniportMidiUart {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniport, IMiniportMidi, IPowerNotify)
    }
}

impl IMiniport for MiniportMidiUart {
    fn get_description(&self, _kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        let filter =
            if self.hardware()?.has_interrupt() { duplex_filter() } else { render_filter() };
        Ok(Rc::new(filter))
    }

    /// Leaves it to the port: a MIDI range has nothing to choose from.
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
        _adapter: Option<Rc<dyn IUnknown>>,
        resources: Rc<dyn IResourceList>,
        port: Rc<dyn IPortMidi>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        let registers = assigned_registers(&*resources)?;
        let group = pc_new_service_group(kernel, None)?;
        port.register_service_group(kernel, Rc::clone(&group));
        let card = Card::new(registers, port, Rc::clone(&group));
        let interrupt = match resources.number_of_interrupts() {
            0 => None,
            _ => Some(connect(kernel, &card, &resources)?),
        };
        // From here on a failure drops the hardware, and with it the connection.
        let hardware = Hardware::new(kernel, card, interrupt);
        hardware.start(kernel)?;
        self.hardware.set(Rc::new(hardware)).map_err(|_| NtStatus::INVALID_DEVICE_STATE)?;
        Ok(Some(group))
    }

    /// The pins read their streams themselves; what is left is to say what was lost.
    fn service(&self, kernel: &Kernel) {
        let overruns = self.overruns();
        let news = overruns - self.reported_overruns.replace(overruns);
        if news > 0 {
            kernel.debug_print(format_args!("MPU-401: {news} bytes of MIDI IN lost, ring full"));
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

impl IPowerNotify for MiniportMidiUart {
    /// A card that lost power is back in intelligent mode, so it is started anew. On the way down
    /// it is silenced while that can still be done, and not touched until it is back.
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
