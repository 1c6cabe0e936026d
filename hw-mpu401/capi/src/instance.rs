//! A card for a host in another language: chip, latest time, sent bytes.
//!
//! The chip runs in steps. After each step its sent bytes go into the queue, so that time can stop
//! at the moment at which the queue is full. This file knows no pointer and no C type: `ffi` has
//! them.

use crate::count::Count;
use hw_mpu401::{
    BYTE_TIME_NS, CardProfile, CardTiming, Click, Control, InitialState, InterruptCauses,
    LineSignal, Mpu401, SentByte, card,
};
use mpu401_card_bench::card_file::{CardFile, MAX_CARD_FILE_BYTES};
use ringbuf::{LocalRb, storage::Heap, traits::Observer};

/// The most sent bytes that wait for [`Instance::midi_out`].
pub(crate) const OUTPUT_LIMIT: usize = 4096;

/// The last moment of time, as in the chip: 292 years after the first.
pub(crate) const LAST_NS: u64 = u64::MAX / 2;

/// The time that means: there will be no event.
pub(crate) const NEVER_NS: u64 = u64::MAX;

/// The value of a read where no register answers.
///
/// Assumed: pull-ups on the data lines, as on an ISA bus.
pub(crate) const OPEN_BUS: u8 = 0xFF;

/// A card: made by mpu401_new, ended by mpu401_free.
pub struct Instance {
    // Configuration.
    status_offset: u16,
    // Links.
    chip: Mpu401,
    // State.
    /// The latest time seen.
    now_ns: u64,
    sent: LocalRb<Heap<SentByte>>,
    /// The number of bytes that were put into `sent`.
    queued: u64,
    clamped: u64,
}

impl Instance {
    /// The card of this name, powered on at time 0; `None` if there is no such card.
    ///
    /// Assumed: an emulator makes its cards when its machine is switched on.
    #[must_use]
    pub fn new(card_name: &str, timing: CardTiming) -> Option<Self> {
        card(card_name).map(|profile| Self::power_on(profile, timing))
    }

    /// The card of this card file, powered on at time 0.
    ///
    /// # Errors
    /// What is wrong with the text. For a mistake in the text, also where, and how to mend it.
    pub fn from_card_file(text: &str, timing: CardTiming) -> Result<Self, String> {
        if text.len() > MAX_CARD_FILE_BYTES {
            return Err(format!("the card file is longer than {MAX_CARD_FILE_BYTES} bytes"));
        }
        let card = CardFile::parse("card", text).map_err(|error| error.to_string())?;
        Ok(Self::power_on(&card.profile, timing))
    }

    fn power_on(profile: &CardProfile, timing: CardTiming) -> Self {
        Self {
            chip: Mpu401::with_timing(profile, InitialState::PowerOn, timing),
            now_ns: 0,
            sent: LocalRb::<Heap<SentByte>>::new(OUTPUT_LIMIT),
            queued: 0,
            clamped: 0,
            status_offset: profile.behaviour.status_offset,
        }
    }

    /// Where STATUS and COMMAND are, counted from DATA.
    #[must_use]
    pub fn status_offset(&self) -> u16 {
        self.status_offset
    }

    /// Reads the register at this offset from the base port.
    pub fn read(&mut self, offset: u16, now_ns: u64) -> u8 {
        self.catch_up(now_ns);
        match self.chip.register_at(offset) {
            Some(register) => self.chip.read(register, self.now_ns),
            None => OPEN_BUS,
        }
    }

    /// Writes the register at this offset from the base port.
    pub fn write(&mut self, offset: u16, value: u8, now_ns: u64) {
        self.catch_up(now_ns);
        if let Some(register) = self.chip.register_at(offset) {
            self.chip.write(register, value, self.now_ns);
        }
    }

    /// Lets time pass, at most until the queue of sent bytes is full. Returns the time at which
    /// something may happen next; `u64::MAX` for never. When the queue is full, the method returns
    /// the time at which time has stopped.
    pub fn advance(&mut self, now_ns: u64) -> u64 {
        let now_ns = self.clamp(now_ns);
        self.pass(now_ns);
        if self.sent.is_full() {
            return self.now_ns;
        }
        match self.chip.next_event_ns() {
            next_ns if next_ns > LAST_NS => NEVER_NS,
            next_ns => next_ns,
        }
    }

    /// Whether the interrupt line is up, at the latest time seen.
    #[must_use]
    pub fn interrupt_line(&self) -> bool {
        self.chip.interrupt_line()
    }

    /// The causes of an interrupt that are there at the latest time seen, enabled or not.
    #[must_use]
    pub fn interrupt_causes(&self) -> InterruptCauses {
        self.chip.interrupt_causes()
    }

    /// Changes what the rest of the card sets on the MPU-401.
    pub fn control(&mut self, control: Control, now_ns: u64) {
        self.catch_up(now_ns);
        self.chip.control(control, self.now_ns);
    }

    /// Puts a signal on MIDI IN, after the signals that were given before.
    pub fn midi_in(&mut self, start_ns: u64, signal: LineSignal) {
        let start_ns = self.clamp(start_ns);
        self.chip.midi_in_signal(start_ns, signal);
    }

    /// Fetches the oldest click of the metronome.
    pub fn click(&mut self) -> Option<Click> {
        self.chip.pop_click()
    }

    /// Fetches the oldest byte that has left on MIDI OUT, stop bit included.
    pub fn midi_out(&mut self) -> Option<SentByte> {
        self.sent.try_pop()
    }

    /// How often this has happened since the card was made.
    #[must_use]
    pub fn count(&self, which: Count) -> u64 {
        let counters = self.chip.counters();
        match which {
            Count::DataReads => counters.data_reads,
            Count::StatusReads => counters.status_reads,
            Count::DataWrites => counters.data_writes,
            Count::CommandWrites => counters.command_writes,
            Count::BytesSent => counters.sent,
            Count::BytesReceived => counters.received,
            Count::BytesDropped => {
                let from_driver =
                    counters.overwritten + counters.ignored + counters.dropped_by_reset;
                let at_the_card =
                    counters.rx_overrun + counters.midi_in_refused + counters.misframed;
                let in_the_card = counters.lost_in_busy + counters.unheard + counters.input_cleared;
                let to_host = counters.sent.saturating_sub(self.queued);
                from_driver + at_the_card + in_the_card + counters.thru_lost + to_host
            }
            Count::ClampedTimes => self.clamped,
        }
    }

    /// Returns the nearest time that the chip can take, and counts a time that had to change.
    fn clamp(&mut self, time_ns: u64) -> u64 {
        let clamped_ns = time_ns.clamp(self.now_ns, LAST_NS);
        self.clamped += u64::from(clamped_ns != time_ns);
        clamped_ns
    }

    /// Lets time pass until an access. The access happens at its time even if the queue is full.
    /// The bytes that leave after the queue is full and up to the access are lost.
    fn catch_up(&mut self, now_ns: u64) {
        let now_ns = self.clamp(now_ns);
        self.pass(now_ns);
        if self.now_ns < now_ns {
            self.chip.advance(now_ns);
            self.now_ns = now_ns;
            while self.chip.pop_sent().is_some() {}
        }
    }

    /// Lets time pass until `until_ns`, or until the queue is full if that is earlier.
    fn pass(&mut self, until_ns: u64) {
        while self.now_ns < until_ns && !self.sent.is_full() {
            // With N free places, the queue cannot get full within N - 1 byte times, because at
            // most one byte ends in each. It cannot get full before the next event either, because
            // no byte ends earlier. So the chip runs to the later of these two times, or to
            // `until_ns` if that is earlier.
            let places = self.sent.vacant_len() as u64 - 1;
            let not_full_ns = self.now_ns.saturating_add(places * BYTE_TIME_NS);
            let next_ns = if not_full_ns < until_ns { self.chip.next_event_ns() } else { until_ns };
            self.now_ns = next_ns.max(not_full_ns).min(until_ns);
            self.chip.advance(self.now_ns);
            self.collect();
        }
    }

    /// Queues the bytes that have left on MIDI OUT by now.
    fn collect(&mut self) {
        while let Some(sent) = self.chip.pop_sent() {
            self.queued += u64::from(self.sent.try_push(sent).is_ok());
        }
    }
}

#[cfg(test)]
mod tests;
