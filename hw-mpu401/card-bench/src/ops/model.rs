//! What a card must offer so that scripts can drive it.

use hw_mpu401::{
    Control, Corruption, Fault, InterruptCauses, Lane, LineSignal, Mode, Mpu401, Register,
    WireEvent,
};

/// A model of a card. Implement this trait for another emulator's card to run the same scripts on
/// that card.
///
/// Times are in ns since the model was made. From call to call `now_ns` never goes back. `start_ns`
/// may lie in the future.
pub trait Model {
    /// Reads a register; the access ends at `now_ns`.
    fn read(&mut self, register: Register, now_ns: u64) -> u8;

    /// Writes a register; the access ends at `now_ns`.
    fn write(&mut self, register: Register, value: u8, now_ns: u64);

    /// Lets time pass.
    fn advance(&mut self, now_ns: u64);

    /// Puts a signal on MIDI IN, from `start_ns` on. A signal never starts before the end of the
    /// previous one.
    fn midi_in_signal(&mut self, start_ns: u64, signal: LineSignal);

    /// Puts a byte on MIDI IN as [`midi_in_signal`](Self::midi_in_signal) does.
    fn midi_in(&mut self, start_ns: u64, byte: u8) {
        self.midi_in_signal(start_ns, LineSignal::Byte(byte));
    }

    /// Changes what the rest of the card sets on the MPU-401.
    fn control(&mut self, control: Control, now_ns: u64);

    /// Gives a MIDI line a fault that changes bytes, from the next byte on.
    fn corrupt(&mut self, lane: Lane, corruption: Corruption);

    /// Keeps the card's processor busy with other work, from the time of the latest call to
    /// `until_ns`, see [`Mpu401::hold_midi`].
    fn hold_midi(&mut self, until_ns: u64);

    /// Lets a fault hit the next `bytes` bytes, see [`Mpu401::inject`].
    fn inject(&mut self, fault: Fault, bytes: u32);

    /// Whether the interrupt line is up, at the time of the latest call.
    fn interrupt_line(&self) -> bool;

    /// The causes of an interrupt that are there at the time of the latest call, enabled or not.
    fn interrupt_causes(&self) -> InterruptCauses;

    /// Fetches the oldest event on a MIDI line, up to the time of the latest call. A byte has two
    /// events: one where its start bit begins, and one where it ends.
    fn pop_wire(&mut self) -> Option<WireEvent>;

    /// The mode: whether data written now is MIDI. The bench needs the mode to distinguish the
    /// host's clock bytes from clock bytes that the card sends by itself.
    fn mode(&self) -> Mode;
}

impl Model for Mpu401 {
    fn read(&mut self, register: Register, now_ns: u64) -> u8 {
        Mpu401::read(self, register, now_ns)
    }

    fn write(&mut self, register: Register, value: u8, now_ns: u64) {
        Mpu401::write(self, register, value, now_ns);
    }

    fn advance(&mut self, now_ns: u64) {
        Mpu401::advance(self, now_ns);
    }

    fn midi_in_signal(&mut self, start_ns: u64, signal: LineSignal) {
        Mpu401::midi_in_signal(self, start_ns, signal);
    }

    fn control(&mut self, control: Control, now_ns: u64) {
        Mpu401::control(self, control, now_ns);
    }

    fn corrupt(&mut self, lane: Lane, corruption: Corruption) {
        Mpu401::corrupt(self, lane, corruption);
    }

    fn hold_midi(&mut self, until_ns: u64) {
        Mpu401::hold_midi(self, until_ns);
    }

    fn inject(&mut self, fault: Fault, bytes: u32) {
        Mpu401::inject(self, fault, bytes);
    }

    fn interrupt_line(&self) -> bool {
        Mpu401::interrupt_line(self)
    }

    fn interrupt_causes(&self) -> InterruptCauses {
        Mpu401::interrupt_causes(self)
    }

    fn pop_wire(&mut self) -> Option<WireEvent> {
        Mpu401::pop_wire(self)
    }

    fn mode(&self) -> Mode {
        Mpu401::mode(self)
    }
}
