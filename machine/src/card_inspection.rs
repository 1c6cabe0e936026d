//! The state of a card for a debugger, in the words of the card's manual.
//!
//! Most of the facts come from `Mpu401::state`. This file puts them into words.

use hw_mpu401::{
    Counters, DataByte, DataKind, HostByte, Mode, Phase, Register, State, Status, Transmission,
};
use portcls_emulator::{Inspection, Moment};

use crate::card_device::{CardPower, CardState};

impl CardState {
    /// Tells the state of the card at `now_ns`.
    pub fn inspect(&self, now_ns: u64, told: &mut Inspection) {
        told.tell("card", &self.name);
        if self.power == CardPower::Off {
            told.tell("power", "off: its registers read FF, and nothing leaves it");
            return;
        }
        // The chip itself may be behind the clock, because its time stands still between two
        // accesses or events. An inspection must not change the chip, so time passes in a copy.
        let mut chip = self.chip.clone();
        chip.advance(now_ns);
        tell_state(&chip.state(), told);
        let late = self.faults.as_ref().map_or(0, |faults| faults.late_writes());
        if late > 0 {
            told.tell("late writes", format_args!("{late} on their way to the card"));
        }
    }
}

fn tell_state(state: &State, told: &mut Inspection) {
    told.tell("mode", mode(state));
    told.tell("STATUS", status(state.status));
    told.tell("from the host", from_host(state.from_host));
    told.tell("DATA", data(state));
    if let Some(reply) = state.reply {
        told.tell("next in DATA", data_byte(reply));
    }
    told.tell("output", format_args!("{} of {} bytes", state.output.bytes, state.output.limit));
    told.tell("MIDI OUT", transmission(state.transmission));
    told.tell("input", format_args!("{} of {} bytes unread", state.input.bytes, state.input.limit));
    told.tell("MIDI IN", midi_in(state));
    told.tell("lost", lost(&state.counters));
}

fn mode(state: &State) -> String {
    let mode = match state.mode {
        Mode::Intelligent => "intelligent",
        Mode::Uart => "UART",
    };
    let until = |time_ns: Option<u64>| match time_ns {
        Some(time_ns) => format!("until {}", Moment(time_ns)),
        None => "once its ACK is in DATA".to_owned(),
    };
    match state.phase {
        Phase::Ready => format!("{mode}, ready"),
        Phase::Busy(time_ns) => format!("{mode}, busy until {}", Moment(time_ns)),
        Phase::Resets(time_ns) => format!("{mode}, resets {}", until(time_ns)),
        Phase::EntersUart(time_ns) => format!("{mode}, enters UART mode {}", until(time_ns)),
    }
}

fn status(status: Status) -> String {
    let drr = if status.can_write() { "DRR clear, can write" } else { "DRR set, busy" };
    let dsr = if status.has_data() { "DSR clear, data" } else { "DSR set, no data" };
    format!("{:02X}: {drr}; {dsr}", status.bits())
}

fn from_host(byte: Option<HostByte>) -> String {
    let Some(HostByte { register, byte, taken_ns }) = byte else { return "nothing".to_owned() };
    let register = match register {
        Register::Data => "data",
        Register::Command => "command",
        Register::Control => "control",
    };
    match taken_ns {
        Some(time_ns) => format!("{register} {byte:02X}, taken at {}", Moment(time_ns)),
        None => format!("{register} {byte:02X}, waits"),
    }
}

fn data(state: &State) -> String {
    match state.to_host {
        Some(byte) => format!("{} waits to be read", data_byte(byte)),
        None => format!("empty, a read gives {:02X}", state.data),
    }
}

fn data_byte(DataByte { kind, byte }: DataByte) -> String {
    let kind = match kind {
        DataKind::Ack => "the ACK",
        DataKind::Answer => "the answer",
        DataKind::Request => "the request",
        DataKind::MidiIn => "the MIDI IN byte",
    };
    format!("{kind} {byte:02X}")
}

fn transmission(transmission: Transmission) -> String {
    match transmission {
        Transmission::Idle => "idle".to_owned(),
        Transmission::Starts { byte, start_ns } => {
            format!("idle, {byte:02X} starts at {}", Moment(start_ns))
        }
        Transmission::Sends { byte, end_ns } => {
            format!("sends {byte:02X} until {}", Moment(end_ns))
        }
    }
}

fn midi_in(state: &State) -> String {
    match (state.arriving, state.cable_bytes) {
        (None, 0) => "idle".to_owned(),
        (None, bytes) => format!("idle, {bytes} bytes to come"),
        (Some((byte, end_ns)), bytes) => {
            format!("{byte:02X} arrives until {}, {} behind it", Moment(end_ns), bytes - 1)
        }
    }
}

/// The numbers of lost bytes, for each way in which bytes were lost.
fn lost(counters: &Counters) -> String {
    let kinds = [
        (counters.overwritten, "overwritten before they were taken"),
        (counters.ignored, "ignored"),
        (counters.dropped_by_reset, "of the output thrown away"),
        (counters.thru_lost, "to go through that found the output full"),
        (counters.rx_overrun, "of the input overrun"),
        (counters.lost_in_busy, "of the input lost while UART mode was entered"),
        (counters.misframed, "of the input dropped, because they had no stop bit"),
        (counters.unheard, "of the input unheard in intelligent mode"),
        (counters.input_cleared, "of the input thrown away"),
        (counters.midi_in_refused, "refused by the full MIDI IN cable"),
    ];
    let told = kinds.iter().filter(|(bytes, _)| *bytes > 0);
    let words: Vec<String> = told.map(|(bytes, kind)| format!("{bytes} {kind}")).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}
