//! The chip alone, without a kernel, and a host that polls it.
//!
//! ```sh
//! cargo run -p portcls-examples --example chip_alone
//! ```
//!
//! The host resets a Roland MPU-401, enters UART mode, plays a note, and sends back the bytes that
//! come in on MIDI IN. It prints each access with its value and the interrupt line, and when each
//! byte on the wires begins and ends. It prints equal polls in a row as one line.
//!
//! What it teaches: the chip has no clock. The caller gives the time of each access. From this time
//! the chip computes when a byte is on the wire. Any emulator can use the chip in this way.

use hw_mpu401::{ENTER_UART, InitialState, Lane, Mpu401, RESET, Register, Status, WireEdge, card};

// Time of one access to a port, and of the pause after a poll, in ns.
const ACCESS_NS: u64 = 1_000;
const PAUSE_NS: u64 = 10_000;
/// The host gives up after this number of polls: 0.2 s. The unit is busy for at most 35 ms.
const POLL_LIMIT: u32 = 20_000;

/// A host: the chip, the time, and the lines to print, each with its time and its repeat count.
struct Host {
    chip: Mpu401,
    now_ns: u64,
    lines: Vec<(u64, String, u32)>,
}

fn main() {
    print!("{}", report());
}

/// Runs the host, and returns the text to print.
pub fn report() -> String {
    let profile = card("roland-mpu401").expect("a card that is built in");
    let chip = Mpu401::new(profile, InitialState::Idle);
    let mut host = Host { chip, now_ns: 0, lines: Vec::new() };

    // Reset, then UART mode. The unit answers each command with FE, and then is busy.
    for command in [RESET, ENTER_UART] {
        host.send(Register::Command, command);
        host.receive();
    }
    // A note. The host waits until the unit has entered UART mode and can take a byte.
    for byte in [0x90, 0x3C, 0x40] {
        host.send(Register::Data, byte);
    }
    // The note off comes in on MIDI IN, and the host sends each of its bytes to MIDI OUT.
    for byte in [0x80, 0x3C, 0x00] {
        host.chip.midi_in(host.now_ns, byte);
        let received = host.receive();
        host.send(Register::Data, received);
    }
    host.pass_ns(1_000_000); // Until the last byte has left.
    let line = |(time_ns, text, count): &(u64, String, u32)| {
        let times = if *count > 1 { format!("  {count} times") } else { String::new() };
        format!("{:>6} us  {text}{times}\n", time_ns / 1_000)
    };
    host.lines.iter().map(line).collect()
}

impl Host {
    /// Waits until the chip can take a byte, and writes it.
    fn send(&mut self, register: Register, byte: u8) {
        self.wait_until(Status::can_write);
        self.pass_ns(ACCESS_NS);
        self.chip.write(register, byte, self.now_ns);
        let port = if register == Register::Data { "out DATA   " } else { "out COMMAND" };
        self.show_access(port, byte);
    }

    /// Waits until the chip has a byte, and reads it.
    fn receive(&mut self) -> u8 {
        self.wait_until(Status::has_data);
        self.pass_ns(ACCESS_NS);
        let byte = self.chip.read(Register::Data, self.now_ns);
        self.show_access("in  DATA   ", byte);
        byte
    }

    /// Polls STATUS until `wanted` is true for the value; panics after [`POLL_LIMIT`] polls.
    fn wait_until(&mut self, wanted: fn(Status) -> bool) {
        for _ in 0..POLL_LIMIT {
            self.pass_ns(ACCESS_NS);
            let status = self.chip.read(Register::Command, self.now_ns);
            self.show_access("in  STATUS ", status);
            if wanted(Status::from_bits_retain(status)) {
                return;
            }
            self.pass_ns(PAUSE_NS);
        }
        panic!("the chip is not ready after {POLL_LIMIT} polls");
    }

    /// Lets time pass, and adds a line for each byte that begins or ends on a wire.
    fn pass_ns(&mut self, time_ns: u64) {
        self.now_ns += time_ns;
        self.chip.advance(self.now_ns);
        while let Some(event) = self.chip.pop_wire() {
            let lane = if event.lane == Lane::Out { "MIDI OUT" } else { "MIDI IN " };
            let edge = if event.edge == WireEdge::Start { "begins" } else { "ends" };
            self.show(event.time_ns, format!("    {lane}    {:02X}  {edge}", event.byte));
        }
    }

    fn show_access(&mut self, port: &str, value: u8) {
        let met = self.chip.last_access_note().text();
        let line = if self.chip.interrupt_line() { "up" } else { "down" };
        self.show(self.now_ns, format!("{port} {value:02X}  {met:18}  irq {line}"));
    }

    /// Adds a line, or counts the last line once more if it is the same.
    fn show(&mut self, time_ns: u64, text: String) {
        match self.lines.last_mut() {
            Some((_, last, count)) if *last == text => *count += 1,
            _ => self.lines.push((time_ns, text, 1)),
        }
    }
}
