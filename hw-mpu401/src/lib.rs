//! The Roland MPU-401 and its clones: cycle-approximate and event-driven.
//!
//! The model needs no operating system.
//!
//! ```text
//!            base+0 DATA          base+1 STATUS (read), COMMAND (write)
//!               |                     |
//!          +----+---------------------+----+
//!          |  latch from host   DRR = full |        every latch holds one byte;
//!          |  latch to host     DSR = full |------> interrupt line
//!          +----+---------------------+----+
//!               | take                ^ give
//!          +----v---------------------+----+
//!          |  unit: one main loop, mode    |        intelligent (after FF), UART (after 3F)
//!          +----+---------------------+----+
//!               v                     ^
//!          output FIFO            input FIFO
//!               v                     ^
//!            shifter              shift register
//!               v                     ^
//!           MIDI OUT               MIDI IN            31 250 bit/s, 320 us a byte
//! ```
//!
//! A byte on its way to MIDI OUT passes these files: `chip` moves time on to the access and hands
//! the byte to `host_port`. `host_port` puts the byte into the latch (`latches`). `main_loop` says
//! when the unit takes the byte, and `firmware` says what the unit does with the byte.
//! `transmitter` keeps the byte until its stop bit has ended. When nothing else goes on, `stream`
//! does the work of all these files at once.
//!
//! A byte from MIDI IN passes `cable`, `receiver` and `firmware` to the FIFO in `input`.
//! `main_loop` says when the unit fetches the byte from the FIFO. The byte then waits in `latches`,
//! until the host reads DATA through `host_port`. `interrupt` says when the interrupt line is up.
//!
//! # Use
//!
//! ```
//! use hw_mpu401::{InitialState, Mpu401, Register, Status, card};
//!
//! let profile = card("roland-mpu401").expect("a known card");
//! let mut chip = Mpu401::new(profile, InitialState::Uart { stale: 0xFE });
//! chip.write(Register::Data, 0xF8, 0);
//! assert_eq!(chip.next_event_ns(), 112_000, "taken after 21 us, on the wire 91 us later");
//! let status = Status::from_bits_retain(chip.read(Register::Command, 30_000));
//! assert!(status.can_write());
//! ```
//!
//! The caller owns time. The caller gives the time of each register access. The caller samples
//! [`Mpu401::interrupt_line`] after each access and at each [`Mpu401::next_event_ns`]. The caller
//! fetches what has passed on the wires with [`Mpu401::pop_wire`], or only the bytes of MIDI OUT
//! with [`Mpu401::pop_sent`].
//!
//! Architecture invariants: nothing ticks, so an idle chip costs nothing, and the cost grows with
//! the number of bytes. What the chip does follows only from its state, the time and the access.
//! The chip cannot fail and cannot panic: a mistake of the host shows as a register value, a lost
//! byte or a counter. The chip knows no bus, no operating system and no file.
//!
//! # Emulated
//!
//! - One-byte mailboxes with DRR and DSR; a byte written while DRR is set replaces the byte in the
//!   mailbox.
//! - FIFO cards, where DRR is set while the output is full.
//! - Reads of an empty DATA port: the last byte, the last byte from MIDI IN, or a fixed value.
//! - UART mode in both directions and for all byte values, with the depths of the buffers, with
//!   overruns and with the speed of the wire.
//! - Unread input that blocks output, and an ACK that waits until the host has read the byte before
//!   it.
//! - The ACK that comes before the work of its command, and the busy times after power-on, FF, 3F
//!   and FF in UART mode.
//! - MIDI IN bytes lost while the unit enters UART mode, output lost after a reset.
//! - FC at a reset and MIDI clock F8 in intelligent mode.
//! - Intelligent mode of a card with firmware: all commands except those for tape and SMPTE. Play:
//!   eight tracks and the conductor, for each of which the unit holds the next event; requests in
//!   their order, deferred commands, and note-offs after a stop. Input: record, MIDI IN to the host
//!   while record is off, filters, reference tables and thru. Time: tempo, relative tempo,
//!   graduation and timebase with the firmware's own rounding, clock to host, and MIDI sync. While
//!   the unit waits for a data byte that the host owes it, ticks and requests wait too. A caller
//!   fetches the metronome's clicks with [`Mpu401::pop_click`].
//! - On any other card outside UART mode: the ACKs that the card gives, the work of FF and 3F, and
//!   fixed answers to commands that ask for a value. Some of these cards also hear MIDI IN and send
//!   data outside UART mode.
//! - ACKs and answers as entries of the receive FIFO, or an ACK before the entries.
//! - A bus chip with two latches and an 8052 that carries the bytes, as on a Sound Blaster 16;
//!   other work that holds the 8052, see [`Mpu401::hold_midi`].
//! - Faults that a test switches on, see [`Mpu401::inject`] and [`Mpu401::corrupt`].
//! - The interrupt line: an edge for each byte, or a level. The causes of an interrupt: a byte for
//!   the host, with a threshold for input, and room for output. What registers outside the two
//!   ports do to the line: they enable causes, open and close a gate, and activate the card.
//! - MIDI IN as a level over time: breaks, missing stop bits, and senders at another speed.
//!
//! # Not emulated
//!
//! - Tape sync: with command 81 no tick comes. Music Quest extensions, except the timebases of 216
//!   and 240 ticks a beat: a card has these timebases if its revision says so.
//! - The registers outside the two ports, such as the SB16 mixer register that shows the interrupt.
//!   [`Mpu401::interrupt_causes`] says what they show, and [`Mpu401::control`] does what a write to
//!   them does.
//! - In the control register of National's chips: the loop from MIDI OUT to MIDI IN, MIDI thru, and
//!   the fast clock. The data sheet does not say what happens to the bytes that are on their way.
//!
//! # Known inaccuracies
//!
//! - Some latencies vary on a real unit with the phase of its main loop and of its timer. Each of
//!   these latencies has a single value here, unless the chip draws its times, with
//!   [`CardTiming::Seeded`]. Drawn times have the median and the 95th percentile of their
//!   [`Spread`]. Between these points they are spread evenly, which was not measured. On the Roland
//!   unit the 95th percentile was measured for few latencies. [`Spread::between`] says which 95th
//!   percentile is assumed for the other latencies.
//! - Drawn times of different latencies do not depend on each other. Of 20 times in a row that are
//!   drawn for one latency, one is in the shortest twentieth, one in the next twentieth, and so on.
//!   An exception is the time until an idle unit with a sequencer takes a byte in intelligent mode.
//!   After each tick of its timer such a unit works for a while, and takes bytes late during this
//!   work. Therefore two bytes that come during the same work are both late. The pace of this timer
//!   does not follow the tempo here.
//! - The receive interrupt inside the unit's microcontroller is not modelled separately, so it has
//!   no duration of its own. The whole service of a MIDI IN byte, from its stop bit to DSR, delays
//!   the next host byte, as was measured.
//! - The busy time after FF in UART mode has two values here: a value for a reset that drops
//!   waiting output, and a value for a reset while no output waits. A real unit may have values in
//!   between.
//! - It was not measured whether F8 goes on while a request for track data is open: here F8 waits.
//! - The bytes of a system exclusive message from MIDI IN to MIDI OUT do not stay together:
//!   messages of tracks may come between them.
//! - The parts of the Roland unit outside its microcontroller were not measured: low STATUS bits,
//!   and whether the interrupt follows every byte.
//!
//! # Sources
//!
//! Roland MPU-401 technical reference, as quoted by others; measurements of Roland firmware 1.5A at
//! its host port and MIDI OUT; SMSC LPC47M and LPC47B27x data sheets; Creative's programming guide
//! of the Sound Blaster series; comments on public listings of the Sound Blaster 16's DSP firmware;
//! Intel, MCS-51, serial interface; MIDI 1.0 Detailed Specification. The ground of each value is
//! beside the value in `cards`. A value that a family of cards has in common is there only once.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod after_reset;
mod answers;
pub mod behaviour;
mod cable;
mod cards;
mod chip;
#[cfg(feature = "ops")]
pub mod conformance;
mod control;
mod corruption;
mod counters;
mod fault;
mod firmware;
mod fixed_answers;
mod host_port;
mod input;
mod interrupt;
mod latches;
mod line;
mod main_loop;
mod note;
mod own_output;
mod parts;
mod profile;
mod receiver;
mod reply;
mod ring;
mod rules;
mod sequencer;
mod spec;
mod stream;
mod timing;
mod transmitter;
mod unit;
mod wire;

pub use answers::{
    AckInterrupt, AckPosition, AckSet, Activation, CommandPort, CommandStart, ControlPort,
    EmptyRead, Fifos, FirmwareId, FramingError, HostPort, IntelligentMode, InterruptCauses,
    InterruptGate, InterruptKind, MAX_RX_DEPTH, MAX_TX_DEPTH, Overrun, ResetAck, ResetOutput,
    RxOutsideUart, RxWhileBusy, TransmitInterrupt, TxOutsideUart, TxWhileBusy, UnreadInput,
    WaitsAfterReset,
};
pub use behaviour::Behaviour;
pub use cable::MIDI_IN_LIMIT;
pub use cards::{CARD_NAMES, card, cards, families, family};
pub use chip::state::{DataByte, DataKind, Fill, HostByte, Phase, State, Transmission};
pub use chip::{InitialState, Mpu401};
pub use control::Control;
pub use corruption::Corruption;
pub use counters::{Counters, Waiting};
pub use fault::Fault;
pub use fixed_answers::{AnswerRow, FixedAnswers, MAX_ANSWERS};
pub use line::{LINE_SPEEDS, LineSignal};
pub use note::Note;
pub use profile::{CardProfile, Text};
pub use sequencer::{Accent, CLICK_LIMIT, Click};
pub use spec::{
    ACK, BIT_TIME_NS, BYTE_TIME_NS, ENTER_UART, Mode, Mpur2, REQUEST_REVISION, REQUEST_VERSION,
    RESET, Register, Status,
};
pub use timing::{CardTiming, NEVER_NS, Spread, Timing};
pub use transmitter::SentByte;
pub use wire::{Lane, Source, WIRE_LIMIT, WireEdge, WireEvent};
