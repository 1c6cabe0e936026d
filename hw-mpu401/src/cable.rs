//! The MIDI IN cable: signals on their way to the unit, and their wire events.
//!
//! This file does not know what happens to a byte that has arrived.

use crate::line::{Frame, LineSignal};
use crate::receiver::{Receiver, Reception};
use crate::ring::Ring;
use crate::timing::NEVER_NS;
use crate::wire::{Lane, Source, WireEdge, WireEvent, WireLog};
use ringbuf::storage::Heap;

/// The most bytes and breaks that can be on the MIDI IN cable or wait for it. A further one is
/// refused and counted.
pub const MIDI_IN_LIMIT: usize = 4096;

/// The most ended frames that the cable keeps, because the receiver may still need them. The
/// receiver needs only the frames that are on the line during the ten bits of one byte. The
/// shortest frame lasts one bit, so these are fewer frames than this number.
const ENDED_LIMIT: usize = 16;

/// The MIDI IN cable: the signal on the cable, and the signals that come later, with or without
/// gaps.
#[derive(Clone)]
pub(crate) struct Cable {
    /// When a frame next starts or ends on the line; [`NEVER_NS`] if the line stays idle.
    line_due_ns: u64,
    /// When the last frame given so far ends.
    taken_until_ns: u64,
    /// Whether the last frame given so far ends with a mark.
    ends_with_mark: bool,
    /// The frame on the line.
    arriving: Option<Frame>,
    /// The frames in the order of time: first the ended frames, then the frame on the line if there
    /// is one, then the frames that come later.
    frames: Ring<Heap<Frame>>,
    /// The number of ended frames that are still in `frames`.
    ended: usize,
    waiting: usize,
    refused: u64,
    receiver: Receiver,
    wire: WireLog,
}

impl Cable {
    /// An idle cable.
    pub(crate) fn new() -> Self {
        Self {
            line_due_ns: NEVER_NS,
            taken_until_ns: 0,
            ends_with_mark: true,
            arriving: None,
            frames: Ring::with_capacity(MIDI_IN_LIMIT + ENDED_LIMIT),
            ended: 0,
            waiting: 0,
            refused: 0,
            receiver: Receiver::IDLE,
            wire: WireLog::default(),
        }
    }

    /// When the line changes next or a byte is complete; [`NEVER_NS`] for never.
    pub(crate) fn due_ns(&self) -> u64 {
        self.line_due_ns.min(self.receiver.due_ns())
    }

    /// The number of signals that the caller has given and that have not ended.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// The byte on the line, or 0 for a break, and the time at which it ends.
    pub(crate) fn arriving(&self) -> Option<(u8, u64)> {
        self.arriving.map(|frame| (frame.signal.byte(), frame.end_ns))
    }

    /// The number of signals refused so far.
    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }

    /// The oldest wire event that the caller has not fetched.
    #[inline]
    pub(crate) fn first_event(&mut self) -> Option<WireEvent> {
        self.wire.first()
    }

    /// Fetches the oldest wire event.
    pub(crate) fn pop_event(&mut self) -> Option<WireEvent> {
        self.wire.pop()
    }

    /// The number of wire events that the caller did not fetch in time.
    pub(crate) fn dropped_events(&self) -> u64 {
        self.wire.dropped()
    }

    /// Queues a signal that begins at `start_ns`, but not before the end of the last signal given
    /// so far. Refuses the signal if too many signals wait.
    pub(crate) fn push(&mut self, start_ns: u64, signal: LineSignal) {
        let frame_start_ns = start_ns.max(self.taken_until_ns);
        let frame = Frame {
            signal,
            start_ns: frame_start_ns,
            end_ns: frame_start_ns.saturating_add(signal.duration_ns()),
            follows_space: !self.ends_with_mark && frame_start_ns == self.taken_until_ns,
        };
        if self.waiting >= MIDI_IN_LIMIT || self.frames.try_push(frame).is_err() {
            self.refused += 1;
            return;
        }
        self.waiting += 1;
        self.taken_until_ns = frame.end_ns;
        self.ends_with_mark = signal.ends_with_mark();
        if self.waiting == 1 {
            self.line_due_ns = frame.start_ns;
        }
        self.receiver.look(core::iter::once(&frame));
    }

    /// Does what is due at `time_ns`, and returns the byte that arrives at that time, if one does.
    pub(crate) fn run(&mut self, time_ns: u64) -> Option<Reception> {
        if self.line_due_ns == time_ns {
            self.change_line(time_ns);
        }
        let mut arrived = None;
        if self.receiver.due_ns() == time_ns {
            arrived = self.receiver.finish(self.frames.iter());
            self.receiver.look(self.frames.iter());
        }
        self.forget_frames();
        arrived
    }

    /// Drops the frames that have ended and that the receiver does not need.
    fn forget_frames(&mut self) {
        let needs_from_ns = self.receiver.needs_from_ns();
        while self.ended > 0 && self.frames.first().is_some_and(|f| f.end_ns <= needs_from_ns) {
            self.frames.try_pop();
            self.ended -= 1;
        }
    }

    /// Ends the frame on the line, and starts the frame whose time has come.
    fn change_line(&mut self, time_ns: u64) {
        if let Some(frame) = self.arriving.take() {
            self.wire.push(in_event(time_ns, frame.signal.byte(), WireEdge::End));
            self.waiting -= 1;
            self.ended += 1;
        }
        let next = self.frames.iter().nth(self.ended).copied();
        self.line_due_ns = match next {
            None => NEVER_NS,
            Some(next) if next.start_ns > time_ns => next.start_ns,
            Some(next) => {
                self.wire.push(in_event(time_ns, next.signal.byte(), WireEdge::Start));
                self.arriving = Some(next);
                next.end_ns
            }
        };
    }
}

fn in_event(time_ns: u64, byte: u8, edge: WireEdge) -> WireEvent {
    WireEvent { time_ns, byte, lane: Lane::In, edge, source: Source::Cable }
}
