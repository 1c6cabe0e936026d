//! What cards have in common: three families, with the ground of each value.
//!
//! The values of a family are the values of the plainest card that belongs to the family. No real
//! card has to be exactly like this card. A card names the values that differ or that have another
//! ground, and takes all other values from a family.
//!
//! | family | what is behind the two ports |
//! |---|---|
//! | `uart-chip` | a UART with one or two registers for each direction, and two commands |
//! | `fifo-chip` | a UART with a FIFO for each direction, and two commands |
//! | `roland-firmware` | a microcontroller with Roland's firmware behind two mailboxes |

use crate::answers::{
    AckInterrupt, AckPosition, AckSet, Activation, CommandPort, CommandStart, ControlPort,
    EmptyRead, Fifos, FirmwareId, FramingError, HostPort, IntelligentMode, InterruptCauses,
    InterruptGate, InterruptKind, Overrun, ResetAck, ResetOutput, RxOutsideUart, RxWhileBusy,
    TransmitInterrupt, TxOutsideUart, TxWhileBusy, UnreadInput, WaitsAfterReset,
};
use crate::behaviour::Behaviour;
use crate::fixed_answers::FixedAnswers;
use crate::profile::{CardProfile, text};
use crate::spec::BIT_TIME_NS;
use crate::timing::{Spread, Timing};
use alloc::borrow::Cow;

/// Every family.
static FAMILIES: [CardProfile; 3] = [
    CardProfile {
        name: text("uart-chip"),
        title: text("A UART chip"),
        description: text("UART mode only, with a register or two each way and no firmware."),
        sources: Cow::Borrowed(&[
            text("Drivers for such chips"),
            text("Lists of buffer sizes of sound cards"),
        ]),
        behaviour: UART_CHIP,
    },
    CardProfile {
        name: text("fifo-chip"),
        title: text("A UART chip with FIFOs"),
        description: text("UART mode only, with 16 bytes each way and no firmware."),
        sources: Cow::Borrowed(&[text("SMSC LPC47M and LPC47B27x data sheets, MPU-401 MIDI UART")]),
        behaviour: FIFO_CHIP,
    },
    CardProfile {
        name: text("roland-firmware"),
        title: text("A unit with Roland's firmware"),
        description: text(
            "A microcontroller behind two one-byte mailboxes, with intelligent mode.",
        ),
        sources: Cow::Borrowed(&[text("Measured: Roland MPU-401 firmware 1.5A")]),
        behaviour: ROLAND_FIRMWARE,
    },
];

/// Every family that cards belong to. Each family has the values of its plainest card.
#[must_use]
pub fn families() -> &'static [CardProfile] {
    &FAMILIES
}

/// The family of this name.
#[must_use]
pub fn family(name: &str) -> Option<&'static CardProfile> {
    FAMILIES.iter().find(|family| family.name == name)
}

/// A UART behind the two ports. This UART has one or two registers for each direction, and no
/// firmware.
///
/// For most such chips no document is known. The values come from what drivers do with the chips,
/// and from lists of buffer sizes.
pub(super) const UART_CHIP: Behaviour = Behaviour {
    // Source: the drivers for these chips use only FF and 3F.
    firmware: None,
    intelligent_mode: IntelligentMode::AnswersOnly,
    answers: FixedAnswers::NONE,
    // Source: the drivers for these chips write COMMAND at base+1.
    command_port: CommandPort::Present,
    status_offset: 1,
    // Assumed: there is no control register, because the drivers use only two ports.
    control_port: ControlPort::Absent,
    // Assumed: the port that programs try first.
    usual_port: 0x330,
    // Assumed: the ports are the ends of two buffers, as the data sheet says of the super-I/O.
    host_port: HostPort::Fifo,
    // Source: SMSC LPC47M102S data sheet, p. 69, and the sheet of the VIA VT1211: the bits read 0.
    // Assumed: the chips without a sheet are like these. Their STATUS cannot be FF while they are
    // busy, because drivers of NetBSD and OSS take FF for an empty bus.
    status_low_bits: 0x00,
    // Assumed: no source says that one of these bits changes.
    status_rx_full_bits: 0,
    status_uart_bits: 0,
    status_command_bits: 0,
    // Assumed: a receive register keeps its last byte.
    empty_read: EmptyRead::Stale,
    // Source: lists of buffer sizes: one byte is common. Assumed: one more byte in the shifter.
    tx_depth: 2,
    // Source: lists of buffer sizes: one byte is common.
    rx_depth: 1,
    // Assumed: a single register is overwritten by the next byte.
    rx_overrun: Overrun::DropOld,
    // Assumed: the chip has no busy time after 3F, so no byte can come while it is busy.
    rx_while_busy: RxWhileBusy::Kept,
    // Source: 16550 data sheet: a character with a framing error goes into the FIFO as it was
    // read, and a break as 00. Assumed: so does a UART behind the two ports. The ports have no line
    // status, so the host cannot see the error.
    framing_error: FramingError::Kept,
    // The next two values have no effect, because the chip has no busy time.
    tx_while_busy: TxWhileBusy::Waits,
    waits_after_reset: WaitsAfterReset::All,
    // Source: SMSC data sheets: after a reset the card ignores MIDI IN and data. Assumed: other
    // chips do the same.
    rx_outside_uart: RxOutsideUart::Deaf,
    tx_outside_uart: TxOutsideUart::Ignored,
    // Source: SMSC data sheets: commands are executed at once.
    command_start: CommandStart::AtOnce,
    // Assumed: input and output are independent.
    unread_input: UnreadInput::Harmless,
    // Source: the drivers for these chips use only FF and 3F.
    ack_set: AckSet::ResetAndUart,
    // Assumed: the chip does not acknowledge FF in UART mode, like the super-I/O and Roland's own
    // unit.
    ack_reset_in_uart: ResetAck::Silent,
    // Assumed: the host gets bytes in the order in which the card made them.
    ack_position: AckPosition::Tail,
    // Assumed: any byte that is available interrupts.
    ack_interrupt: AckInterrupt::Raised,
    // Assumed: the line is a level, like that of the super-I/O, because a line for several sources
    // cannot be a pulse.
    interrupt: InterruptKind::Level,
    // Source: SMSC data sheets: any byte in the FIFO interrupts.
    rx_threshold: 1,
    // Source: SMSC data sheets: the interrupt says that a byte can be read, and nothing else.
    transmit_interrupt: TransmitInterrupt::None,
    // Assumed: no register outside the two ports holds the interrupt back.
    interrupt_enables: InterruptCauses::RECEIVE,
    interrupt_gate: InterruptGate::Open,
    // Assumed: the system software has activated the card before a driver uses it.
    activation: Activation::Active,
    // Assumed: FF and 3F empty the same buffers as in the super-I/O.
    cleared_by_reset: Fifos::RX,
    cleared_by_uart_entry: Fifos::RX.union(Fifos::TX),
    // Assumed: the card has no sequencer, so it sends nothing by itself.
    reset_output: None,
    // Assumed: there is no firmware, so the only wait is for the baud clock: half a bit to one and
    // a half bits, as in a 16550.
    timing: Timing {
        tx_start_ns: Spread::between(BIT_TIME_NS / 2, BIT_TIME_NS, BIT_TIME_NS * 3 / 2),
        ..Timing::AT_ONCE
    },
    // Assumed: an 8-bit ISA cycle with its recovery time. A PCI or LPC cycle to a slow device takes
    // the same time, if the time in the bridge is included.
    access_ns: 1_000,
};

/// A UART with FIFOs, as in the super-I/O. Most values come from the data sheet of the super-I/O.
///
/// Source: SMSC LPC47M and LPC47B27x data sheets, MPU-401 MIDI UART. The data sheets are also the
/// ground of values that this family takes from `UART_CHIP`. The ports are the ends of two
/// independent FIFOs. The only commands are FF and 3F; the card ignores any other command, without
/// an ACK. Any available byte interrupts, by level, until the FIFO is empty. FF clears the receive
/// FIFO, and 3F clears both FIFOs. Only a full FIFO sets DRR.
pub(super) const FIFO_CHIP: Behaviour = Behaviour {
    // Source: data sheet: 16 bytes in the FIFO. Assumed: one more byte in the shifter, as in a
    // 16550.
    tx_depth: 17,
    // Source: data sheet: 16 bytes in the FIFO.
    rx_depth: 16,
    // Source: data sheet: overrun as in a 16550: the newest byte is lost, and STATUS does not show
    // the loss.
    rx_overrun: Overrun::DropNew,
    // Source: data sheet: the card executes the reset, but does not acknowledge it.
    ack_reset_in_uart: ResetAck::Silent,
    // Source: data sheet: an ACK comes before unread FIFO data.
    ack_position: AckPosition::Front,
    ..UART_CHIP
};

/// A microcontroller with Roland's firmware behind two mailboxes.
///
/// Measured: firmware 1.5A at its host port and MIDI OUT. Where a range was measured, its usual
/// time is the median or a point of the range. The gate array around the microcontroller was not
/// measured.
pub(super) const ROLAND_FIRMWARE: Behaviour = Behaviour {
    // Measured: the answers to AC and AD.
    firmware: Some(FirmwareId { version: 0x15, revision: 0x01 }),
    // Measured: the unit obeys all commands of the technical reference.
    intelligent_mode: IntelligentMode::Sequencer,
    // These three values have no effect. In intelligent mode the sequencer answers the commands
    // that ask for a value, and decides what happens to data and MIDI IN.
    answers: FixedAnswers::NONE,
    rx_outside_uart: RxOutsideUart::Deaf,
    tx_outside_uart: TxOutsideUart::Ignored,
    // Measured: a command is taken while output waits.
    command_start: CommandStart::AtOnce,
    // Source: technical reference, ports.
    command_port: CommandPort::Present,
    status_offset: 1,
    control_port: ControlPort::Absent,
    // Source: technical reference: 330h is the default.
    usual_port: 0x330,
    // Measured: if the host writes a second byte before the unit takes the first, the second
    // replaces the first.
    host_port: HostPort::Mailbox,
    // Assumed: the gate array does not drive these bits; the bits of an open bus with pull-ups read
    // as 1.
    status_low_bits: 0x3F,
    // Assumed: no source says that one of these bits changes.
    status_rx_full_bits: 0,
    status_uart_bits: 0,
    status_command_bits: 0,
    // Measured: the mailbox keeps its last byte.
    empty_read: EmptyRead::Stale,
    // Measured: a ring of 255 bytes, and one byte each in the transmit register, in the shifter and
    // in the latch from the host.
    tx_depth: 258,
    // Measured: a ring of 1744 bytes, and one byte in the latch to the host.
    rx_depth: 1745,
    // Measured: the first 1745 bytes stay intact, the newest bytes are lost without a flag.
    rx_overrun: Overrun::DropNew,
    // Measured: MIDI IN between 3F and the end of the busy time never reaches the host.
    rx_while_busy: RxWhileBusy::Lost,
    // Assumed: the serial port of the microcontroller marks a byte without a stop bit with ORFE and
    // not with RDRF, and the firmware keeps only bytes with RDRF.
    framing_error: FramingError::Dropped,
    // Measured: the first byte written waits, DRR stays set.
    tx_while_busy: TxWhileBusy::Waits,
    // Measured: the first byte written waits, DRR stays set.
    waits_after_reset: WaitsAfterReset::All,
    // Measured: from the second unread byte on, the unit takes nothing, not even FF.
    unread_input: UnreadInput::BlocksOutput,
    // Measured: the unit acknowledges all 256 codes, also undefined codes.
    ack_set: AckSet::All,
    // Measured: the unit does not acknowledge FF in UART mode. Source: technical reference, reset
    // in UART mode.
    ack_reset_in_uart: ResetAck::Silent,
    // Measured: an ACK waits until the byte in the mailbox has been read.
    ack_position: AckPosition::Tail,
    // Assumed: the line follows the mailbox, for any byte in it.
    ack_interrupt: AckInterrupt::Raised,
    // Assumed: the line follows the mailbox. The next byte comes at least 9 us after a read, so
    // the line goes low in between.
    interrupt: InterruptKind::LatchEdge,
    // Assumed: the line follows the mailbox, and the unit has no other cause, enable or gate.
    rx_threshold: 1,
    transmit_interrupt: TransmitInterrupt::None,
    interrupt_enables: InterruptCauses::RECEIVE,
    interrupt_gate: InterruptGate::Open,
    // Assumed: the address decoder of the interface card has no enable bit.
    activation: Activation::Active,
    // Assumed: the input ring is emptied. Measured: output goes on for a while, see
    // `backlog_after_exit_ns`.
    cleared_by_reset: Fifos::RX,
    // Assumed: both rings are emptied.
    cleared_by_uart_entry: Fifos::RX.union(Fifos::TX),
    reset_output: Some(ROLAND_RESET_OUTPUT),
    timing: ROLAND_TIMING,
    // Assumed: an 8-bit cycle of the bus with its recovery time.
    access_ns: 1_000,
};

/// How long Roland's firmware takes.
const ROLAND_TIMING: Timing = Timing {
    // Measured: at 400 random phases of the main loop.
    drr_clear_intelligent_ns: Spread::measured(17_000, 52_000, 129_000, 243_000),
    // Measured: at 400 random phases of the main loop.
    drr_clear_uart_ns: Spread::measured(11_000, 21_000, 32_000, 32_000),
    // Measured while the buffer has room.
    tx_accept_ns: Spread::exactly(155_000),
    // Measured.
    tx_start_ns: Spread::exactly(91_000),
    // Measured.
    ack_latency_ns: Spread::exactly(25_000),
    // Measured.
    reply_latency_ns: Spread::between(81_000, 85_000, 88_000),
    // Measured.
    rx_to_dsr_ns: Spread::measured(129_000, 139_000, 149_000, 149_000),
    // Measured: 9 us when the unit already has the byte and waits for the read.
    next_byte_ns: Spread::exactly(9_000),
    // Measured.
    busy_after_power_on_ns: Spread::exactly(27_010_000),
    // Measured.
    busy_after_reset_ns: Spread::between(27_180_000, 27_200_000, 27_230_000),
    // Measured on a unit whose clock already runs.
    busy_after_uart_entry_ns: Spread::between(34_600_000, 34_700_000, 34_730_000),
    // Measured.
    busy_after_exit_ns: Spread::exactly(60_460_000),
    // Measured with a full buffer.
    busy_after_exit_full_ns: Spread::between(70_110_000, 70_140_000, 70_180_000),
    // Measured: sending goes on for about 43 ms, up to 137 bytes. The first of these bytes is
    // already on the wire, and the other 136 bytes start in the next 136 byte times.
    backlog_after_exit_ns: Spread::exactly(43_520_000),
    // Measured when 3F directly follows a reset. Assumed: the time is the same for any unit whose
    // clock does not run yet.
    busy_after_early_uart_entry_ns: Spread::exactly(33_450_000),
    // Measured: if the next byte is not ready at a read of DATA, it comes 140 to 200 us later. When
    // many bytes wait, the host gets about 7200 bytes a second: one byte in 139 us.
    rx_queued_to_dsr_ns: Spread::between(139_000, 139_000, 200_000),
    // Measured for a command that the unit defers.
    awaited_take_ns: Spread::exactly(17_000),
    // Measured: the ACK of FF comes about 53 us after the write: 17 us until the unit takes FF, and
    // 25 us as for any other command. The rest is this latency.
    reset_break_ns: Spread::exactly(11_000),
    // Measured: the unit executes and acknowledges any other command in about 65 us, which include
    // the same 17 us and 25 us. The rest is this latency.
    command_break_ns: Spread::exactly(23_000),
    // Measured: about 100 us.
    deferred_ack_ns: Spread::exactly(100_000),
    // Measured: with a prompt host 180 to 215 us from request to request. In the model the four
    // bytes of the answer take 74 us of these. The rest is this latency.
    request_ns: Spread::between(106_000, 130_000, 141_000),
    // Measured: about 600 us.
    look_ahead_ns: Spread::exactly(600_000),
    // Measured: within about 160 us. Assumed: FC comes no sooner than a request usually comes.
    all_end_ns: Spread::between(130_000, 150_000, 160_000),
    // Measured: 0.8 ms.
    clock_to_host_ns: Spread::exactly(800_000),
    // Measured: at ticks of 5 ms the first request comes 5.98 ms after the ACK of 0A. These are
    // 5 ms for the tick, 130 us as for a usual request, and this latency.
    first_tick_ns: Spread::exactly(850_000),
    // Measured: FC goes out with the next MIDI clock after command 05, and the note-offs come about
    // 10 ms after that clock.
    silence_after_stop_ns: Spread::exactly(10_000_000),
    // Measured: the note-offs come 12 to 27 ms after the end of the last track. They seemed to
    // follow the next MIDI clock. Assumed: the time counts from the end of the track, because a
    // time that counts from the next clock would vary by a whole clock, 25 ms. Assumed: a time near
    // the middle is usual.
    silence_after_end_ns: Spread::between(12_000_000, 20_000_000, 27_000_000),
    // Measured.
    tempo_reply_ns: Spread::between(950_000, 1_000_000, 1_060_000),
    // Measured: if a command follows E0 and its data at once, its ACK comes up to about 1 ms after
    // the unit took the data. The last 25 us of this time lead from the command to its ACK.
    // Assumed: usually the work is shorter.
    tempo_work_ns: Spread::between(850_000, 850_000, 970_000),
    // Measured: if a command follows B8 at once, its ACK comes up to about 400 us after the unit
    // took B8. Assumed: usually the work is shorter, as for a new tempo.
    clear_work_ns: Spread::between(300_000, 300_000, 370_000),
    // Measured: about 570 us.
    thru_ns: Spread::exactly(570_000),
    // Measured: the time between two F8s on the wire is up to about 50 us shorter or longer than a
    // clock, because the timer's interrupt waits for the main loop. Assumed: each F8 is 0 to 50 us
    // later than its tick. Assumed: at least half of the F8s do not wait.
    clock_delay_ns: Spread::between(0, 0, 50_000),
    // Measured: with a full buffer the unit takes the next byte after 294 or 330 us, 320 us in the
    // mean. Assumed: it looks for room 294 us after it has taken a byte and every 36 us from then
    // on, because this gives the two times and the mean.
    tx_full_accept_ns: Spread::exactly(294_000),
    tx_full_look_ns: Spread::exactly(36_000),
    // Measured: the ACK of 3F comes no later than other ACKs.
    uart_entry_ns: Spread::exactly(0),
};

/// What Roland's firmware sends by itself after a reset.
const ROLAND_RESET_OUTPUT: ResetOutput = ResetOutput {
    // Measured: FC ends 26.95 ms after FF was taken, and the unit is ready 27.2 ms after FF was
    // taken. FC itself takes 320 us.
    stop_before_ready_ns: 570_000,
    // Measured: the first F8 comes about 39 ms after a reset. The unit is ready 27.2 ms after the
    // reset.
    clock_after_ready_ns: 11_800_000,
    // Measured: 24 F8s in each beat, at the default tempo of 100 beats a minute.
    clock_period_ns: 25_000_000,
};
