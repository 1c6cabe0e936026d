//! The registers, the two wires and the interrupts of the slow model.

use hw_mpu401::{
    AckInterrupt, Activation, CommandPort, CommandStart, Control, ControlPort, Corruption,
    EmptyRead, Fault, HostPort, InterruptCauses, InterruptGate, Lane, LineSignal, Mode, Register,
    TransmitInterrupt, WireEvent,
};
use mpu401_card_bench::ops::Model;

use super::{Kind, LineFault, Reference, us};

impl Reference {
    fn has_fifo_port_full(&self) -> bool {
        self.card.host_port == HostPort::Fifo && self.output_is_full()
    }

    fn status(&self) -> u8 {
        if !self.is_active {
            return 0xFF;
        }
        let is_busy = self.inbox.is_some() || self.has_fifo_port_full();
        let drr = if is_busy { 0x40 } else { 0 };
        let dsr = if self.outbox.is_none() { 0x80 } else { 0 };
        let full = if self.input_is_full() { self.card.status_rx_full_bits } else { 0 };
        let uart = if self.mode == Mode::Uart { self.card.status_uart_bits } else { 0 };
        let command = self.command & self.card.status_command_bits;
        self.card.status_low_bits | full | uart | command | drr | dsr
    }

    fn control_value(&self) -> u8 {
        if !self.is_active || self.card.control_port == ControlPort::Absent {
            return 0xFF;
        }
        let sends = !self.output.is_empty() || self.shifter.is_some();
        self.control | u8::from(sends) << 1 | u8::from(self.outbox.is_some())
    }

    /// The number of MIDI IN bytes that the host has not read.
    fn midi_held(&self) -> usize {
        let kinds =
            [self.outbox, self.aside.map(|(_, kind)| kind), self.hand.map(|(_, kind, _)| kind)];
        let waiting = self.fifo.iter().map(|(_, kind)| *kind);
        kinds.into_iter().flatten().chain(waiting).filter(|kind| *kind == Kind::Midi).count()
    }

    fn read_data(&mut self) -> u8 {
        if !self.is_active {
            return 0xFF;
        }
        if self.outbox.take().is_some() {
            self.read_us = self.now_us;
            return self.outbox_byte;
        }
        match self.card.empty_read {
            EmptyRead::Stale => self.outbox_byte,
            EmptyRead::LastInput => self.last_input,
            EmptyRead::Value(value) => value,
        }
    }
}

impl Model for Reference {
    fn read(&mut self, register: Register, now_ns: u64) -> u8 {
        self.advance(now_ns);
        match register {
            Register::Command => return self.status(),
            Register::Control => return self.control_value(),
            Register::Data => {}
        }
        let value = self.read_data();
        self.run_unit();
        value
    }

    fn write(&mut self, register: Register, value: u8, now_ns: u64) {
        self.advance(now_ns);
        if register == Register::Control {
            if self.is_active && self.card.control_port == ControlPort::National {
                self.control = value & 0xF8;
            }
            self.run_unit();
            return;
        }
        let is_data = register == Register::Data;
        if !self.is_active {
            return;
        }
        if !is_data {
            self.command = value;
            if self.card.command_port == CommandPort::StatusOnly {
                return;
            }
        }
        let is_fifo = self.card.host_port == HostPort::Fifo;
        if is_data && is_fifo && (self.inbox.is_some() || self.output_is_full()) {
            return;
        }
        if !is_data && self.has_bus_chip() {
            self.decode(value);
            self.run_unit();
            return;
        }
        let waits = !is_data && self.card.command_start == CommandStart::AfterByteOnWire;
        let wire_us = self.shifter.filter(|_| waits).map_or(0, |(_, end_us)| end_us);
        let seen_us = self.now_us.max(wire_us);
        let filled_us = self.inbox.map_or(seen_us, |(_, _, filled_us)| filled_us);
        self.inbox = Some((register, value, filled_us));
        self.run_unit();
    }

    fn advance(&mut self, now_ns: u64) {
        while self.now_us < us(now_ns) {
            self.tick();
        }
    }

    fn midi_in_signal(&mut self, start_ns: u64, signal: LineSignal) {
        self.line.push(signal, us(start_ns));
        self.wire.extend(self.line.start(self.now_us));
    }

    fn control(&mut self, control: Control, now_ns: u64) {
        self.advance(now_ns);
        match control {
            Control::InterruptEnables(causes) => self.enables = causes,
            Control::InterruptGate(gate) => self.gate = gate,
            Control::Activate => self.is_active = self.card.activation != Activation::Absent,
            Control::Deactivate => self.is_active = false,
        }
    }

    fn corrupt(&mut self, lane: Lane, corruption: Corruption) {
        match lane {
            Lane::Out => self.out_fault = LineFault::new(corruption),
            Lane::In => self.in_fault = LineFault::new(corruption),
        }
    }

    fn hold_midi(&mut self, until_ns: u64) {
        let before = self.is_held() && self.hold.1;
        self.hold = (self.hold.0.max(us(until_ns)), before);
        if self.has_bus_chip() && self.now_us < self.deaf_until_us {
            self.deaf_until_us = self.deaf_until_us.max(self.hold.0);
        }
    }

    fn inject(&mut self, fault: Fault, bytes: u32) {
        match fault {
            Fault::HangingNote => self.hanging_notes = bytes,
            Fault::AckLost => self.lost_acks = bytes,
        }
    }

    fn interrupt_line(&self) -> bool {
        let is_off = self.control & 0x08 != 0;
        let is_through = self.is_active && self.gate == InterruptGate::Open && !is_off;
        is_through && self.interrupt_causes().intersects(self.enables)
    }

    fn interrupt_causes(&self) -> InterruptCauses {
        let receives = match self.outbox {
            None | Some(Kind::QuietAck) => false,
            Some(Kind::Midi) => self.midi_held() >= usize::from(self.card.rx_threshold),
            Some(Kind::Answer) => true,
            Some(Kind::Ack) => self.card.ack_interrupt == AckInterrupt::Raised,
        };
        let transmits = match self.card.transmit_interrupt {
            TransmitInterrupt::None => false,
            TransmitInterrupt::NotFull => !self.output_is_full(),
            TransmitInterrupt::Empty => self.output.is_empty(),
        };
        let mut causes = InterruptCauses::empty();
        causes.set(InterruptCauses::RECEIVE, receives);
        causes.set(InterruptCauses::TRANSMIT, transmits);
        causes
    }

    fn pop_wire(&mut self) -> Option<WireEvent> {
        self.wire.pop_front()
    }

    fn mode(&self) -> Mode {
        self.mode
    }
}
