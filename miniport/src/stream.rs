//! A stream of the UART miniport: one open pin, render or capture.
//!
//! Owns the stream's state and the decision whether a card that takes no bytes is busy or dead.
//! `hardware.rs` and `card.rs` keep and move the bytes.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus};
use portcls_port::answer_query;
use portcls_port::com::{IUnknown, Interface};
use portcls_port::guid::Guid;
use portcls_port::interfaces::{IMiniportMidiStream, StreamDirection};
use portcls_port::ks::guids::data_format;
use portcls_port::ks::{KsDataFormat, KsState};

use crate::card::Capture;
use crate::hardware::{Hardware, Patience};

/// The number of writes in a row that took no byte, after which the card counts as dead.
///
/// Each write waits 0.4 ms, so this is 80 ms at least: more than the 34.7 ms in which a card enters
/// UART mode and the 70.1 ms of its longest reset. Measured: Roland MPU-401, firmware 1.5A.
const DEAD_AFTER_CALLS: u32 = 200;

/// Checks that a format is MIDI, the only one that the driver has.
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
    /// Writes in a row that took nothing, up to [`DEAD_AFTER_CALLS`].
    fruitless_calls: Cell<u32>,
}

impl UartStream {
    /// Takes the one stream of a direction.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_REQUEST` when the stream is taken already.
    pub fn open(
        kernel: &Kernel,
        hardware: &Rc<Hardware>,
        direction: StreamDirection,
    ) -> Result<Rc<UartStream>, NtStatus> {
        hardware.open(direction)?;
        Ok(Rc::new(UartStream {
            direction,
            kernel: kernel.clone(),
            hardware: Rc::clone(hardware),
            state: Cell::new(KsState::Stop),
            fruitless_calls: Cell::new(0),
        }))
    }

    /// Sets what happens to input: in RUN it is kept; in PAUSE new input is discarded, and the port
    /// can still read what was kept; below PAUSE all of it is dropped.
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

    fn is_dead(&self) -> bool {
        self.fruitless_calls.get() >= DEAD_AFTER_CALLS
    }

    /// Counts a write that took nothing.
    ///
    /// # Errors
    /// `STATUS_IO_DEVICE_ERROR` from write number [`DEAD_AFTER_CALLS`] on.
    fn count_fruitless(&self, kernel: &Kernel) -> Result<u32, NtStatus> {
        if !self.is_dead() {
            self.fruitless_calls.set(self.fruitless_calls.get() + 1);
            if self.is_dead() {
                let base = self.hardware.card().registers().base();
                kernel.debug_print(format_args!(
                    "MPU-401 at {base:X}: took nothing in {DEAD_AFTER_CALLS} writes, given up"
                ));
            }
        }
        if self.is_dead() { Err(NtStatus::IO_DEVICE_ERROR) } else { Ok(0) }
    }
}

impl Drop for UartStream {
    /// Stops capture first, because a client can close its pin, or die, in any state.
    fn drop(&mut self) {
        if self.direction == StreamDirection::Capture {
            self.capture_in(&self.kernel, KsState::Stop);
        }
        self.hardware.close(self.direction);
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

    /// Writes as many bytes as the card takes in the time of one call.
    ///
    /// `Assumed:` the count need not be a multiple of 4. The page asks for a multiple, but the
    /// published sample counts in threes, and bytes that are out cannot come back.
    /// Outside RUN the method takes no bytes and does not access the card.
    fn write(&self, kernel: &Kernel, data: &[u8]) -> Result<u32, NtStatus> {
        self.require(StreamDirection::Render)?;
        if self.state.get() != KsState::Run || data.is_empty() {
            return Ok(0);
        }
        let patience = if self.is_dead() { Patience::None } else { Patience::Full };
        let written = self.hardware.write(kernel, data, patience);
        if written == 0 {
            return self.count_fruitless(kernel);
        }
        self.fruitless_calls.set(0);
        Ok(written as u32)
    }
}
