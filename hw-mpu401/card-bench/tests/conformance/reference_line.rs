//! The MIDI IN line and its receiver, sampled once in each microsecond.

use std::collections::VecDeque;

use hw_mpu401::{Lane, LineSignal, Source, WireEdge, WireEvent};

/// From the fall of the line to the middle of the start bit.
const MIDDLE_US: u64 = 16;
/// From the fall of the line to the end of the byte.
const BYTE_US: u64 = 320;

/// A byte that the receiver is reading.
#[derive(Clone, Copy)]
struct Reading {
    start_us: u64,
    byte: u8,
}

/// A byte that has been read.
#[derive(Clone, Copy)]
pub struct Read {
    pub byte: u8,
    pub has_stop: bool,
    heard_us: u64,
}

/// The line.
pub struct Line {
    queue: VecDeque<(LineSignal, u64)>,
    /// The signal on the line, and when it began.
    sending: Option<(LineSignal, u64)>,
    was_mark: bool,
    reading: Option<Reading>,
    read: Option<Read>,
}

impl Line {
    pub fn new() -> Self {
        Line { queue: VecDeque::new(), sending: None, was_mark: true, reading: None, read: None }
    }

    pub fn push(&mut self, signal: LineSignal, start_us: u64) {
        self.queue.push_back((signal, start_us));
    }

    /// Looks at the level of the line, after everything that happens in this microsecond.
    pub fn look(&mut self, now_us: u64) {
        let is_mark = self.sending.is_none_or(|(signal, start_us)| {
            let bit = |bits_per_second: u64| (now_us - start_us) * bits_per_second / 1_000_000;
            let (byte, bit, stop) = match signal {
                LineSignal::Byte(byte) => (byte, bit(31_250), true),
                LineSignal::WithoutStop(byte) => (byte, bit(31_250), false),
                LineSignal::AtSpeed { byte, bits_per_second } => {
                    (byte, bit(bits_per_second.into()), true)
                }
                LineSignal::Break { .. } => return false,
            };
            match bit {
                0 => false,
                1..=8 => byte & (1 << (bit - 1)) != 0,
                _ => stop,
            }
        });
        match &mut self.reading {
            None if self.was_mark && !is_mark => {
                self.reading = Some(Reading { start_us: now_us, byte: 0 });
            }
            None => {}
            Some(reading) => match now_us - reading.start_us {
                MIDDLE_US if is_mark => self.reading = None,
                48 | 80 | 112 | 144 | 176 | 208 | 240 | 272 => {
                    reading.byte = reading.byte >> 1 | u8::from(is_mark) << 7;
                }
                304 => {
                    let Reading { start_us, byte } = *reading;
                    let heard_us = start_us + BYTE_US;
                    self.read = Some(Read { byte, has_stop: is_mark, heard_us });
                    self.reading = None;
                }
                _ => {}
            },
        }
        self.was_mark = is_mark;
    }

    /// Ends the signal on the line if it is over, and returns its event.
    pub fn end(&mut self, now_us: u64) -> Option<WireEvent> {
        let (signal, start_us) = self.sending?;
        let time_ns = start_us * 1_000 + duration_ns(signal);
        if now_us * 1_000 < time_ns {
            return None;
        }
        self.sending = None;
        Some(event(signal, time_ns, WireEdge::End))
    }

    /// Starts the next signal if its time has come, and returns its event.
    pub fn start(&mut self, now_us: u64) -> Option<WireEvent> {
        let (signal, start_us) = *self.queue.front()?;
        if self.sending.is_some() || start_us > now_us {
            return None;
        }
        self.queue.pop_front();
        self.sending = Some((signal, now_us));
        Some(event(signal, now_us * 1_000, WireEdge::Start))
    }

    /// The byte that the card hears in this microsecond.
    pub fn heard(&mut self, now_us: u64) -> Option<Read> {
        let is_due = self.read.is_some_and(|read| read.heard_us == now_us);
        if is_due { self.read.take() } else { None }
    }
}

fn duration_ns(signal: LineSignal) -> u64 {
    match signal {
        LineSignal::Byte(_) | LineSignal::WithoutStop(_) => BYTE_US * 1_000,
        LineSignal::AtSpeed { bits_per_second, .. } => {
            10_000_000_000_u64.div_ceil(bits_per_second.into())
        }
        LineSignal::Break { duration_ns } => duration_ns,
    }
}

fn event(signal: LineSignal, time_ns: u64, edge: WireEdge) -> WireEvent {
    let byte = match signal {
        LineSignal::Byte(byte)
        | LineSignal::WithoutStop(byte)
        | LineSignal::AtSpeed { byte, .. } => byte,
        LineSignal::Break { .. } => 0,
    };
    WireEvent { time_ns, byte, lane: Lane::In, edge, source: Source::Cable }
}
