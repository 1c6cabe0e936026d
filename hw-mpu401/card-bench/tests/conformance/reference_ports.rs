//! The two ports and the two wires of the slow model.

use hw_mpu401::{
    AckInterrupt, CommandPort, CommandStart, ControlPort, EmptyRead, HostPort, Mode, Register,
    WireEvent,
};
use mpu401_card_bench::ops::Model;

use super::{Kind, Reference, us};

impl Reference {
    fn has_fifo_port_full(&self) -> bool {
        self.card.host_port == HostPort::Fifo && self.output_is_full()
    }

    fn status(&self) -> u8 {
        let is_busy = self.inbox.is_some() || self.has_fifo_port_full();
        let drr = if is_busy { 0x40 } else { 0 };
        let dsr = if self.outbox.is_none() { 0x80 } else { 0 };
        let full = if self.input_is_full() { self.card.status_rx_full_bits } else { 0 };
        let uart = if self.mode == Mode::Uart { self.card.status_uart_bits } else { 0 };
        self.card.status_low_bits | full | uart | drr | dsr
    }

    fn control_value(&self) -> u8 {
        if self.card.control_port == ControlPort::Absent {
            return 0xFF;
        }
        let sends = !self.output.is_empty() || self.shifter.is_some();
        self.control | u8::from(sends) << 1 | u8::from(self.outbox.is_some())
    }

    fn read_data(&mut self) -> u8 {
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
            if self.card.control_port == ControlPort::National {
                self.control = value & 0xF8;
            }
            self.run_unit();
            return;
        }
        let is_data = register == Register::Data;
        if !is_data && self.card.command_port == CommandPort::StatusOnly {
            return;
        }
        let is_fifo = self.card.host_port == HostPort::Fifo;
        if is_data && is_fifo && (self.inbox.is_some() || self.output_is_full()) {
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

    fn midi_in(&mut self, start_ns: u64, byte: u8) {
        self.cable.push_back((byte, us(start_ns)));
        self.run_cable();
    }

    fn interrupt_line(&self) -> bool {
        match self.outbox {
            None | Some(Kind::QuietAck) => false,
            _ if self.control & 0x08 != 0 => false,
            Some(Kind::Midi | Kind::Answer) => true,
            Some(Kind::Ack) => self.card.ack_interrupt == AckInterrupt::Raised,
        }
    }

    fn pop_wire(&mut self) -> Option<WireEvent> {
        self.wire.pop_front()
    }

    fn mode(&self) -> Mode {
        self.mode
    }
}
