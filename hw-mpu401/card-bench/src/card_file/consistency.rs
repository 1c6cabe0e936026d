//! Values that exclude each other, though each value alone is possible.

use hw_mpu401::{
    AckSet, Behaviour, CommandPort, ControlPort, FixedAnswers, HostPort, IntelligentMode,
    InterruptCauses, NEVER_NS, ResetAck, RxOutsideUart, TransmitInterrupt, TxOutsideUart,
    UnreadInput,
};

/// Values of a card that exclude each other.
pub(super) struct Contradiction {
    /// The keys of these values. The message points at the first of these keys that the file has.
    pub keys: &'static [&'static str],
    pub what: String,
    pub hint: String,
}

/// The first contradiction in a card.
pub(super) fn contradiction(card: &Behaviour) -> Option<Contradiction> {
    let found = [commands(card), sequencer(card), status(card), ports(card)];
    let more = [depth(card), bus_chip(card), interrupt(card), times(card)];
    found.into_iter().chain(more).flatten().next()
}

fn found(keys: &'static [&'static str], what: &str, hint: &str) -> Option<Contradiction> {
    Some(Contradiction { keys, what: what.to_owned(), hint: hint.to_owned() })
}

fn commands(card: &Behaviour) -> Option<Contradiction> {
    let has_no_commands = card.command_port == CommandPort::StatusOnly;
    if has_no_commands && card.firmware.is_some() {
        return found(
            &["firmware", "command-port"],
            "a card without a command port cannot be asked for its firmware",
            "write firmware = \"none\", or command-port = \"present\"",
        );
    }
    if has_no_commands && card.ack_set != AckSet::None {
        return found(
            &["ack-set", "command-port"],
            "a card without a command port has nothing to acknowledge",
            "write ack-set = \"none\", or command-port = \"present\"",
        );
    }
    let knows_two = !card.ack_set.knows_all();
    if knows_two && card.firmware.is_some() {
        return found(
            &["firmware", "ack-set"],
            "a card that knows only FF and 3F cannot be asked for its firmware",
            "write firmware = \"none\", or ack-set = \"all\"",
        );
    }
    if knows_two && card.answers != FixedAnswers::NONE {
        return found(
            &["answers", "ack-set"],
            "a card that knows only FF and 3F has no answers to other commands",
            "write answers = \"none\", or ack-set = \"all\"",
        );
    }
    if card.ack_set == AckSet::None && card.ack_reset_in_uart != ResetAck::Silent {
        return found(
            &["ack-reset-in-uart", "ack-set"],
            "a card without an ACK has none in UART mode either",
            "write ack-reset-in-uart = \"silent\"",
        );
    }
    None
}

/// Finds values for a card with a sequencer whose keys say what a card without a sequencer does.
fn sequencer(card: &Behaviour) -> Option<Contradiction> {
    let has_sequencer =
        card.intelligent_mode == IntelligentMode::Sequencer && card.firmware.is_some();
    let is_said = card.answers != FixedAnswers::NONE
        || card.rx_outside_uart != RxOutsideUart::Deaf
        || card.tx_outside_uart != TxOutsideUart::Ignored;
    if has_sequencer && is_said {
        return found(
            &["answers", "rx-outside-uart", "tx-outside-uart", "intelligent-mode"],
            "a sequencer itself answers commands, hears MIDI IN and takes data",
            "write answers = \"none\", rx-outside-uart = \"deaf\", tx-outside-uart = \"ignored\", \
             or intelligent-mode = \"answers-only\"",
        );
    }
    None
}

fn status(card: &Behaviour) -> Option<Contradiction> {
    let meanings = [
        card.status_low_bits,
        card.status_rx_full_bits,
        card.status_uart_bits,
        card.status_command_bits,
    ];
    let all = meanings.iter().fold(0, |all, bits| all | bits);
    let times: u32 = meanings.iter().map(|bits| bits.count_ones()).sum();
    if times > all.count_ones() {
        return found(
            &["status-command-bits", "status-rx-full-bits", "status-uart-bits", "status-low-bits"],
            "one bit of STATUS has two meanings",
            "give each bit to one of status-low-bits, status-rx-full-bits, status-uart-bits and \
             status-command-bits",
        );
    }
    None
}

fn interrupt(card: &Behaviour) -> Option<Contradiction> {
    if card.rx_threshold > card.rx_depth {
        return found(
            &["rx-threshold", "rx-depth"],
            "the input never holds as many bytes as rx-threshold asks for",
            "write rx-threshold no larger than rx-depth",
        );
    }
    let transmits = card.transmit_interrupt != TransmitInterrupt::None;
    if transmits && card.host_port != HostPort::Fifo {
        return found(
            &["transmit-interrupt", "host-port"],
            "a card without a FIFO has no output FIFO whose state could interrupt",
            "write transmit-interrupt = \"none\", or host-port = \"fifo\"",
        );
    }
    if !transmits && card.interrupt_enables.contains(InterruptCauses::TRANSMIT) {
        return found(
            &["interrupt-enables", "transmit-interrupt"],
            "a card without a transmit interrupt has none to enable",
            "write interrupt-enables = [\"rx\"], or say what transmit-interrupt is",
        );
    }
    None
}

fn ports(card: &Behaviour) -> Option<Contradiction> {
    if card.usual_port.checked_add(card.status_offset).is_none() {
        return found(
            &["usual-port", "status-offset"],
            "STATUS would lie above port FFFF",
            "write a lower usual-port",
        );
    }
    if card.usual_port.checked_add(card.ports() - 1).is_none() {
        return found(
            &["usual-port", "control-port"],
            "the control register would lie above port FFFF",
            "write a lower usual-port",
        );
    }
    if card.control_port == ControlPort::National && card.status_offset == 2 {
        return found(
            &["control-port", "status-offset"],
            "STATUS and the control register are both at base+2",
            "write control-port = \"absent\", or status-offset = 1",
        );
    }
    None
}

fn depth(card: &Behaviour) -> Option<Contradiction> {
    if card.host_port != HostPort::Fifo && card.tx_depth < 2 {
        return found(
            &["tx-depth", "host-port"],
            "a latch at the port needs one place in the latch and one on the wire",
            "write tx-depth = 2 or more, or host-port = \"fifo\"",
        );
    }
    None
}

fn bus_chip(card: &Behaviour) -> Option<Contradiction> {
    if card.host_port == HostPort::BusChip && card.unread_input == UnreadInput::BlocksOutput {
        return found(
            &["unread-input", "host-port"],
            "behind a bus chip unread input does not stop the output",
            "write unread-input = \"harmless\", or host-port = \"mailbox\"",
        );
    }
    None
}

fn times(card: &Behaviour) -> Option<Contradiction> {
    let timing = &card.timing;
    let (empty, full) = (timing.busy_after_exit_ns, timing.busy_after_exit_full_ns);
    if full.min < empty.min || full.typ < empty.typ || full.max < empty.max {
        return found(
            &["busy-after-exit-full-ns", "busy-after-exit-ns"],
            "busy-after-exit-full-ns is shorter than busy-after-exit-ns",
            "write the same or more: output that is thrown away does not make the card faster",
        );
    }
    let drops = timing.backlog_after_exit_ns.min;
    if drops != NEVER_NS && drops > empty.min {
        return found(
            &["backlog-after-exit-ns", "busy-after-exit-ns"],
            "the card would throw its output away after it is ready again",
            "write backlog-after-exit-ns no longer than busy-after-exit-ns, or \"never\"",
        );
    }
    None
}
