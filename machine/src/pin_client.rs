//! An open pin for its client: states, write requests, read requests.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use portcls_emulator::trace::{NameId, WaitEnd};
use portcls_emulator::{Irp, Kernel, Mdl, NtStatus, Progress};
use portcls_midi_file::messages_from_wire;
use portcls_port::ks::guids::property_set;
use portcls_port::ks::{
    KsIoctl, KsProperty, KsPropertyConnection, KsPropertyType, KsState, KsStreamHeader,
    KsStreamOptions, KsTime, read,
};

use crate::error::MachineError;
use crate::ks_client::{KsFile, PinPlace};
use crate::machine::Machine;
use crate::midi_pin::MidiPin;
use crate::noted_bytes::{NotedBytes, hex};
use crate::pin_format::PinFormat;
use crate::pin_records::{RecordPacker, each_record};

/// MIDI bytes from a read request, with the time that the port gave them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// Time in ns from time 0 of the pin, see [`PinClient::run`]. In PAUSE this time stands still
    /// in [`PinFormat::Midi`], and goes on in [`PinFormat::DirectMusic`].
    pub time_ns: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// When the read request was completed, in ns since power-on.
    pub completed_ns: u64,
}

/// The requests that were completed and not taken yet, in the order of their completion, and the
/// number of requests in flight.
#[derive(Default)]
pub(crate) struct Mailbox {
    format: PinFormat,
    in_flight: Cell<usize>,
    done: RefCell<VecDeque<Done>>,
    /// Time 0 of the pin in [`PinFormat::DirectMusic`]. `None` until code needs this time, and
    /// again after a state below PAUSE.
    zero: Cell<Option<Zero>>,
}

impl Mailbox {
    /// Takes the requests out, and appends their statuses and the bytes of read requests.
    pub(crate) fn append_completed(
        &self,
        statuses: &mut Vec<NtStatus>,
        received: &mut Vec<Received>,
    ) {
        for Done { irp, code, zero_100ns, completed_ns } in self.done.borrow_mut().drain(..) {
            statuses.push(irp.status());
            if code != KsIoctl::ReadStream {
                continue;
            }
            each_received(&irp, self.format, zero_100ns, |since_100ns, data| {
                // A driver of DirectMusic can stamp an event with any time, even with a time before
                // time 0 of the pin.
                let time_ns = u64::try_from(since_100ns).unwrap_or(0).saturating_mul(100);
                received.push(Received { time_ns, bytes: data.to_vec(), completed_ns });
            });
        }
    }
}

/// A request that was completed.
struct Done {
    irp: Irp,
    code: KsIoctl,
    /// Time 0 of the pin when the request was completed, by the clock of the pin's buffers.
    zero_100ns: i64,
    /// When the request was completed, in ns since power-on.
    completed_ns: u64,
}

/// Time 0 of a pin whose buffers have times of the master clock.
#[derive(Clone, Copy)]
struct Zero {
    /// Time 0 by the master clock.
    clock_100ns: i64,
    /// Time 0 by the machine's clock.
    now_ns: u64,
}

/// A client's open pin. Dropping it closes the pin and its filter, in any state.
pub struct PinClient<'m> {
    machine: &'m Machine,
    who: NameId,
    format: PinFormat,
    used: MidiPin,
    others: Vec<MidiPin>,

    pin: Option<KsFile>,
    filter: Option<KsFile>,

    mailbox: Rc<Mailbox>,
    requests: RefCell<VecDeque<Irp>>,
}

/// Size of a buffer to read into, in bytes.
const READ_BUFFER: usize = 1_024;

impl<'m> PinClient<'m> {
    pub(crate) fn new(
        machine: &'m Machine,
        who: NameId,
        format: PinFormat,
        filter: KsFile,
        pin: KsFile,
        used: MidiPin,
        others: Vec<MidiPin>,
    ) -> PinClient<'m> {
        PinClient {
            machine,
            who,
            format,
            used,
            others,
            pin: Some(pin),
            filter: Some(filter),
            mailbox: Rc::new(Mailbox { format, ..Mailbox::default() }),
            requests: RefCell::new(VecDeque::new()),
        }
    }

    /// The filter and the number of the pin.
    #[must_use]
    pub fn place(&self) -> &PinPlace {
        &self.used.place
    }

    /// The pin itself, with the pin's use.
    #[must_use]
    pub fn midi_pin(&self) -> &MidiPin {
        &self.used
    }

    /// The format with which the pin was opened.
    #[must_use]
    pub fn format(&self) -> PinFormat {
        self.format
    }

    /// The other pins for MIDI that the driver has.
    #[must_use]
    pub fn other_midi_pins(&self) -> &[MidiPin] {
        &self.others
    }

    /// Sets the state of the pin. The port goes through the states between.
    ///
    /// # Errors
    /// [`MachineError::Request`] with the status; [`MachineError::Stopped`].
    pub fn set_state(&self, state: KsState) -> Result<(), MachineError> {
        let zero_before = self.mailbox.zero.get();
        if state == KsState::Run {
            self.zero()?;
        }
        let status = self.machine.run(|kernel| {
            let name = format!("{state:?}").to_uppercase();
            kernel.record_note(self.who, &format!("set state {name}"));
            let request = state_property(KsPropertyType::SET);
            let value = state.value().to_le_bytes();
            self.pin().map_or(Err(NtStatus::INVALID_DEVICE_STATE), |pin| {
                pin.set(bytemuck::bytes_of(&request), &value)
            })
        })?;
        if state < KsState::Pause {
            self.mailbox.zero.set(None);
        } else if status.is_err() {
            self.mailbox.zero.set(zero_before);
        }
        status.map_err(|status| MachineError::Request { request: "setting the state", status })
    }

    /// Sets RUN. The first RUN after the pin was opened or stopped is time 0 of the pin.
    ///
    /// In [`PinFormat::DirectMusic`] time 0 may be earlier. If the client wrote timed buffers
    /// before this RUN, time 0 is the moment when the client wrote the first of them.
    ///
    /// # Errors
    /// The errors of [`PinClient::set_state`].
    pub fn run(&self) -> Result<(), MachineError> {
        self.set_state(KsState::Run)
    }

    /// The state of the pin.
    ///
    /// # Errors
    /// The errors of [`PinClient::set_state`].
    pub fn state(&self) -> Result<KsState, MachineError> {
        let failed = |status| MachineError::Request { request: "getting the state", status };
        let value = self.machine.run(|_| {
            let request = state_property(KsPropertyType::GET);
            self.pin().map_or(Err(NtStatus::INVALID_DEVICE_STATE), |pin| {
                pin.get(bytemuck::bytes_of(&request))
            })
        })?;
        let state = read(&value.map_err(failed)?).and_then(KsState::from_u32);
        state.ok_or(failed(NtStatus::INVALID_BUFFER_SIZE))
    }

    /// Puts a mark into the trace, and writes bytes that are due at once.
    ///
    /// In [`PinFormat::Midi`] the bytes are one record. In [`PinFormat::DirectMusic`] each message
    /// is a record, and a message under running status gets its status byte.
    ///
    /// # Errors
    /// [`MachineError::Request`] when the request is refused at once; [`MachineError::Stopped`].
    pub fn write_now(&self, bytes: &[u8]) -> Result<(), MachineError> {
        self.machine.run(|kernel| kernel.mark(&format!("app writes {}", hex(bytes))))?;
        self.write_records(None, self.records_of(bytes), &format!("write {}", hex(bytes)))
    }

    /// A buffer with these bytes, all due at once.
    fn records_of(&self, bytes: &[u8]) -> Vec<u8> {
        let messages: Vec<Vec<u8>> = match self.format {
            PinFormat::Midi => vec![bytes.to_vec()],
            PinFormat::DirectMusic => {
                let timed: Vec<(u64, u8)> = bytes.iter().map(|byte| (0, *byte)).collect();
                messages_from_wire(&timed).iter().map(|message| message.bytes.to_vec()).collect()
            }
        };
        let sizes = messages.iter().map(|message| self.format.record_size(message.len()));
        let mut buffer = vec![0; sizes.sum()];
        let mut packer = RecordPacker::new(self.format, &mut buffer);
        for message in &messages {
            packer.push(0, message);
        }
        let used = packer.data_used();
        buffer.truncate(used);
        buffer
    }

    /// Writes a buffer of records in the format of the pin. The presentation time of the buffer is
    /// `start_100ns` by the time of the pin; [`PinClient::run`] tells when this time is 0. With
    /// `None` the buffer begins at once. The trace shows the text `note` for the write.
    ///
    /// # Errors
    /// The errors of [`PinClient::write_now`]. In [`PinFormat::DirectMusic`] also
    /// [`MachineError::Request`] when the filter does not tell the time of its master clock.
    pub fn write_records(
        &self,
        start_100ns: Option<i64>,
        records: Vec<u8>,
        note: &str,
    ) -> Result<(), MachineError> {
        let mut header = KsStreamHeader {
            size: KsStreamHeader::SIZE,
            frame_extent: records.len() as u32,
            data_used: records.len() as u32,
            ..bytemuck::Zeroable::zeroed()
        };
        header.presentation_time = KsTime::from_100ns(0);
        if let Some(start_100ns) = start_100ns {
            let zero_100ns = self.zero()?.map_or(0, |zero| zero.clock_100ns);
            header.presentation_time = KsTime::from_100ns(zero_100ns.saturating_add(start_100ns));
            header.options_flags = KsStreamOptions::TIMEVALID.bits();
        }
        let status = self.machine.run(|kernel| {
            kernel.record_note(self.who, note);
            self.send_stream(kernel, KsIoctl::WriteStream, header, records)
        })?;
        refused("writing", status)
    }

    /// Queues a read request.
    ///
    /// # Errors
    /// The errors of [`PinClient::write_now`].
    pub fn queue_read(&self) -> Result<(), MachineError> {
        let header = KsStreamHeader {
            size: KsStreamHeader::SIZE,
            frame_extent: READ_BUFFER as u32,
            ..bytemuck::Zeroable::zeroed()
        };
        let status = self.machine.run(|kernel| {
            self.send_stream(kernel, KsIoctl::ReadStream, header, vec![0; READ_BUFFER])
        })?;
        refused("reading", status)
    }

    fn send_stream(
        &self,
        kernel: &Kernel,
        code: KsIoctl,
        header: KsStreamHeader,
        data: Vec<u8>,
    ) -> NtStatus {
        let Some(pin) = self.pin() else { return NtStatus::INVALID_DEVICE_STATE };
        let data: Mdl = Rc::new(RefCell::new(data));
        let buffer = bytemuck::bytes_of(&header).to_vec();
        let irp = pin.control(code, Vec::new(), KsStreamHeader::SIZE, buffer, vec![data]);
        let mailbox = Rc::clone(&self.mailbox);
        mailbox.in_flight.set(mailbox.in_flight.get() + 1);
        let (who, format) = (self.who, self.format);
        irp.set_completion_routine(Box::new(move |kernel, irp| {
            if kernel.trace().is_recording() {
                kernel.record_note(who, &completion(code, format, irp));
            }
            mailbox.in_flight.set(mailbox.in_flight.get() - 1);
            let zero_100ns = mailbox.zero.get().map_or(0, |zero| zero.clock_100ns);
            let completed_ns = kernel.now_ns();
            let done = Done { irp: irp.clone(), code, zero_100ns, completed_ns };
            mailbox.done.borrow_mut().push_back(done);
        }));
        self.requests.borrow_mut().push_back(irp.clone());
        let status = pin.send(&irp);
        if status != NtStatus::PENDING && kernel.is_frozen() {
            return NtStatus::UNSUCCESSFUL;
        }
        status
    }

    /// The number of requests that are not complete yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.mailbox.in_flight.get()
    }

    /// Cancels the oldest request that is not complete. Returns false when there is no such
    /// request, or when the port can no longer cancel it.
    ///
    /// # Errors
    /// [`MachineError::Stopped`].
    pub fn cancel_oldest(&self) -> Result<bool, MachineError> {
        self.machine.run(|kernel| {
            self.requests.borrow_mut().retain(|irp| !irp.is_completed());
            let oldest = self.requests.borrow().front().cloned();
            kernel.record_note(self.who, "cancel a request");
            oldest.is_some_and(|irp| kernel.cancel_request(&irp))
        })
    }

    /// Takes the requests that were completed since the last call of this method or of
    /// [`PinClient::take_received`], and returns their statuses. The bytes of the read requests
    /// among them are lost.
    #[must_use]
    pub fn take_statuses(&self) -> Vec<NtStatus> {
        self.requests.borrow_mut().retain(|irp| !irp.is_completed());
        self.mailbox.done.borrow_mut().drain(..).map(|done| done.irp.status()).collect()
    }

    /// Takes the requests that were completed since the last call of this method or of
    /// [`PinClient::take_statuses`]. Returns the bytes of the read requests among them, in the
    /// order of their completion.
    #[must_use]
    pub fn take_received(&self) -> Vec<Received> {
        let mut received = Vec::new();
        self.append_completed(&mut Vec::new(), &mut received);
        received
    }

    /// Takes the completed requests out, and appends their statuses and the received bytes.
    pub(crate) fn append_completed(
        &self,
        statuses: &mut Vec<NtStatus>,
        received: &mut Vec<Received>,
    ) {
        self.requests.borrow_mut().retain(|irp| !irp.is_completed());
        self.mailbox.append_completed(statuses, received);
    }

    /// The mailbox with the requests that were completed. The mailbox outlives the client.
    pub(crate) fn mailbox(&self) -> Rc<Mailbox> {
        Rc::clone(&self.mailbox)
    }

    /// Lets time pass until at most `count` requests are in flight, but no longer than until
    /// `limit_ns` on the clock. Returns false when the clock reaches `limit_ns` first, or when
    /// nothing can complete the requests any more.
    ///
    /// # Errors
    /// [`MachineError::Stopped`].
    pub fn wait_in_flight(&self, count: usize, limit_ns: u64) -> Result<bool, MachineError> {
        if self.in_flight() <= count {
            return Ok(true);
        }
        let mailbox = &self.mailbox;
        let since_ns = self.machine.now_ns();
        let wait = |kernel: &Kernel| kernel.run_while(limit_ns, || mailbox.in_flight.get() > count);
        let is_over = self.machine.run(wait)? == Progress::Moved;
        let (end, counted_ns) = match is_over {
            true => (WaitEnd::Over, 0),
            false => (WaitEnd::TimedOut, self.machine.now_ns() - since_ns),
        };
        self.record_wait("requests", end, counted_ns)?;
        Ok(is_over)
    }

    /// Records that a wait of the application ended. [`Event::Wait`] says what `counted_ns` means.
    ///
    /// [`Event::Wait`]: portcls_emulator::trace::Event::Wait
    pub(crate) fn record_wait(
        &self,
        object: &str,
        end: WaitEnd,
        counted_ns: u64,
    ) -> Result<(), MachineError> {
        self.machine.run(|kernel| kernel.record_wait(self.who, object, end, counted_ns))
    }

    /// Closes the pin and its filter.
    ///
    /// # Errors
    /// [`MachineError::Stopped`].
    pub fn close(mut self) -> Result<(), MachineError> {
        let machine = self.machine;
        machine.run(|kernel| {
            kernel.record_note(self.who, "close the pin");
            self.close_files();
        })
    }

    fn pin(&self) -> Option<&KsFile> {
        self.pin.as_ref()
    }

    /// When the time of the pin begins, by the machine's clock, if the client sets RUN now.
    ///
    /// # Errors
    /// [`MachineError::Request`] when the filter does not tell the time of its master clock.
    pub(crate) fn zero_ns(&self) -> Result<u64, MachineError> {
        Ok(self.zero()?.map_or(self.machine.now_ns(), |zero| zero.now_ns))
    }

    /// Time 0 of the pin. When the pin has no time 0 yet, the present time becomes its time 0.
    /// `None` when the clock of the stream counts from 0 by itself.
    fn zero(&self) -> Result<Option<Zero>, MachineError> {
        let zero = &self.mailbox.zero;
        if self.format == PinFormat::Midi || zero.get().is_some() {
            return Ok(zero.get());
        }
        let told = self.machine.run(|kernel| {
            let filter = self.filter.as_ref().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
            let clock_100ns = filter.master_clock_100ns()?;
            // The clock has no smaller unit than 100 ns.
            Ok(Zero { clock_100ns, now_ns: kernel.now_ns() / 100 * 100 })
        })?;
        let failed = |status| MachineError::Request { request: "reading the master clock", status };
        zero.set(Some(told.map_err(failed)?));
        Ok(zero.get())
    }

    fn close_files(&mut self) {
        drop(self.pin.take());
        drop(self.filter.take());
    }
}

impl Drop for PinClient<'_> {
    fn drop(&mut self) {
        let machine = self.machine;
        // If the machine stops while the pin closes, the machine itself reports the stop.
        let _ = machine.run(|_| self.close_files());
    }
}

fn state_property(access: KsPropertyType) -> KsProperty {
    KsProperty {
        set: property_set::CONNECTION,
        id: KsPropertyConnection::State.value(),
        flags: access.bits(),
    }
}

fn refused(request: &'static str, status: NtStatus) -> Result<(), MachineError> {
    match status {
        NtStatus::PENDING | NtStatus::SUCCESS => Ok(()),
        status => Err(MachineError::Request { request, status }),
    }
}

/// The text in the trace for a completed request.
fn completion(code: KsIoctl, format: PinFormat, irp: &Irp) -> String {
    let verb = if code == KsIoctl::ReadStream { "read" } else { "write" };
    let status = irp.status();
    if status != NtStatus::SUCCESS {
        return format!("{verb} completes, {status}");
    }
    match code {
        KsIoctl::ReadStream => {
            let mut noted = NotedBytes::after("read completes: ");
            each_received(irp, format, 0, |_, data| noted.push(data));
            noted.into_text()
        }
        _ => format!("{verb} completes"),
    }
}

/// Calls `take` for each record of a completed read request, with the bytes of the record and its
/// time since `zero_100ns` by the clock of the buffers.
fn each_received(irp: &Irp, format: PinFormat, zero_100ns: i64, mut take: impl FnMut(i64, &[u8])) {
    let Some(header) = read::<KsStreamHeader>(&irp.buffer().borrow()) else { return };
    let start_100ns = header.presentation_100ns().ok().flatten();
    let since_100ns = start_100ns.map_or(0, |start_100ns| start_100ns.saturating_sub(zero_100ns));
    let data = irp.mdls()[0].borrow();
    let used = &data[..(header.data_used as usize).min(data.len())];
    each_record(format, used, |offset_100ns, bytes| {
        take(since_100ns.saturating_add(offset_100ns), bytes);
    });
}
