//! A stream of the UART miniport: one open pin, render or capture.
//!
//! This file owns the stream's state. `hardware.rs` and `card.rs` keep and move the bytes.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};
use portcls_port::answer_query;
use portcls_port::com::{IUnknown, Interface};
use portcls_port::guid::Guid;
use portcls_port::interfaces::{IMiniportMidiStream, StreamDirection};
use portcls_port::ks::guids::data_format;
use portcls_port::ks::{KsDataFormat, KsState};

use crate::busy_or_dead::BusyOrDead;
use crate::card::Capture;
use crate::descriptor::{CAPTURE_PIN, RENDER_PIN};
use crate::hardware::Hardware;

/// Checks that a format is MIDI, the only format of the MIDI miniport.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` for any other format.
pub(crate) fn require_midi(format: &KsDataFormat) -> Result<(), NtStatus> {
    let is_midi =
        format.major_format == data_format::MUSIC && format.sub_format == data_format::MIDI;
    is_midi.then_some(()).ok_or(NtStatus::INVALID_PARAMETER)
}

/// One open pin. The stream is in STOP at first.
pub(crate) struct UartStream {
    direction: StreamDirection,

    kernel: Kernel,
    hardware: Rc<Hardware>,

    state: Cell<KsState>,
    busy_or_dead: BusyOrDead,
}

impl UartStream {
    /// Takes the only stream of a direction.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_REQUEST` when the stream is taken already.
    pub fn open(
        kernel: &Kernel,
        hardware: &Rc<Hardware>,
        direction: StreamDirection,
    ) -> Result<Rc<UartStream>, NtStatus> {
        hardware.open(pin_of(direction))?;
        Ok(Rc::new(UartStream {
            direction,
            kernel: kernel.clone(),
            hardware: Rc::clone(hardware),
            state: Cell::new(KsState::Stop),
            busy_or_dead: BusyOrDead::default(),
        }))
    }

    /// Sets what happens to input. In RUN the driver keeps input. In PAUSE the driver discards new
    /// input, and the port can still read the kept bytes. Below PAUSE the driver drops the kept
    /// bytes too.
    ///
    /// `Assumed:` a paused stream takes no new input, because its clock stands still.
    fn capture_in(&self, kernel: &Kernel, state: KsState) {
        let capture = if state == KsState::Run { Capture::Keep } else { Capture::Discard };
        self.hardware.set_capture(kernel, capture);
        if state < KsState::Pause {
            self.hardware.clear_captured(kernel);
        }
    }

    fn require(&self, direction: StreamDirection) -> Result<(), NtStatus> {
        (self.direction == direction).then_some(()).ok_or(NtStatus::INVALID_DEVICE_REQUEST)
    }
}

/// The pin of a direction.
fn pin_of(direction: StreamDirection) -> u32 {
    match direction {
        StreamDirection::Render => RENDER_PIN,
        StreamDirection::Capture => CAPTURE_PIN,
    }
}

impl Drop for UartStream {
    /// Stops capture first, because a client can close its pin, or die, in any state.
    fn drop(&mut self) {
        if self.direction == StreamDirection::Capture {
            self.capture_in(&self.kernel, KsState::Stop);
        }
        self.hardware.close(pin_of(self.direction));
    }
}

impl IUnknown for UartStream {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniportMidiStream)
    }
}

impl IMiniportMidiStream for UartStream {
    fn set_format(&self, _kernel: &Kernel, format: &KsDataFormat) -> Result<(), NtStatus> {
        require_midi(format)
    }

    fn set_state(&self, kernel: &Kernel, state: KsState) -> Result<(), NtStatus> {
        if state == KsState::Run && !self.hardware.is_ready() {
            return Err(NtStatus::INVALID_DEVICE_STATE);
        }
        if self.direction == StreamDirection::Capture {
            self.capture_in(kernel, state);
        }
        self.state.set(state);
        Ok(())
    }

    fn read(&self, kernel: &Kernel, buffer: &mut [u8]) -> Result<u32, NtStatus> {
        self.require(StreamDirection::Capture)?;
        Ok(self.hardware.take_captured(kernel, buffer) as u32)
    }

    /// Writes the bytes that the card takes in the time of one call.
    ///
    /// `Assumed:` the number of bytes that the method takes need not be a multiple of 4. The page
    /// of IMiniportMidiStream::Write asks for a multiple of 4, but the published sample uses
    /// multiples of 3. The method cannot round the number down, because a byte that the card has
    /// taken cannot be taken back.
    ///
    /// Outside RUN the method takes no bytes and does not access the card.
    fn write(&self, kernel: &Kernel, data: &[u8]) -> Result<u32, NtStatus> {
        self.require(StreamDirection::Render)?;
        if self.state.get() != KsState::Run || data.is_empty() {
            return Ok(0);
        }
        match self.busy_or_dead.write(kernel, &self.hardware, data) {
            0 if self.busy_or_dead.is_dead() => Err(NtStatus::IO_DEVICE_ERROR),
            written => Ok(written as u32),
        }
    }
}
