//! An open pin for its client: states, write requests, read requests.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use portcls_emulator::trace::NameId;
use portcls_emulator::{Irp, Kernel, Mdl, NtStatus, Progress};
use portcls_port::ks::guids::property_set;
use portcls_port::ks::music::{Packer, records};
use portcls_port::ks::{
    KsIoctl, KsProperty, KsPropertyConnection, KsPropertyType, KsState, KsStreamHeader,
    KsStreamOptions, KsTime, read,
};

use crate::error::MachineError;
use crate::ks_client::{KsFile, PinPlace};
use crate::machine::Machine;
use crate::midi_pin::MidiPin;

/// MIDI bytes from a read request, with the time that the port gave them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// Stream time in ns: 0 is the moment when RUN was set.
    pub time_ns: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The requests that were completed, in the order of their completion.
#[derive(Default)]
struct Mailbox {
    in_flight: Cell<usize>,
    done: RefCell<VecDeque<Irp>>,
}

/// A client's open pin. Dropping it closes the pin, in any state.
pub struct PinClient<'m> {
    machine: &'m Machine,
    who: NameId,
    used: MidiPin,
    others: Vec<MidiPin>,

    pin: Option<KsFile>,
    filter: Option<KsFile>,

    mailbox: Rc<Mailbox>,
    requests: RefCell<VecDeque<Irp>>,
}

/// Size of a buffer to read into, in bytes.
const READ_BUFFER: usize = 1_024;

/// The most bytes of data that a note in the trace shows.
const NOTED_BYTES: usize = 16;

impl<'m> PinClient<'m> {
    pub(crate) fn new(
        machine: &'m Machine,
        who: NameId,
        filter: KsFile,
        pin: KsFile,
        used: MidiPin,
        others: Vec<MidiPin>,
    ) -> PinClient<'m> {
        PinClient {
            machine,
            who,
            used,
            others,
            pin: Some(pin),
            filter: Some(filter),
            mailbox: Rc::default(),
            requests: RefCell::new(VecDeque::new()),
        }
    }

    /// The filter and the number of the pin.
    #[must_use]
    pub fn place(&self) -> &PinPlace {
        &self.used.place
    }

    /// The pin itself, with its use.
    #[must_use]
    pub fn midi_pin(&self) -> &MidiPin {
        &self.used
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
        let status = self.machine.run(|kernel| {
            let name = format!("{state:?}").to_uppercase();
            kernel.record_note(self.who, &format!("set state {name}"));
            let request = state_property(KsPropertyType::SET);
            let value = state.value().to_le_bytes();
            self.pin().map_or(Err(NtStatus::INVALID_DEVICE_STATE), |pin| {
                pin.set(bytemuck::bytes_of(&request), &value)
            })
        })?;
        status.map_err(|status| MachineError::Request { request: "setting the state", status })
    }

    /// Sets RUN. The stream time begins with 0 at this moment.
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

    /// Puts a mark into the trace, and writes bytes as one record that is due at once.
    ///
    /// # Errors
    /// [`MachineError::Request`] when the request is refused at once; [`MachineError::Stopped`].
    pub fn write_now(&self, bytes: &[u8]) -> Result<(), MachineError> {
        self.machine.run(|kernel| kernel.mark(&format!("app writes {}", hex(bytes))))?;
        let mut buffer = vec![0; bytes.len().next_multiple_of(4) + RECORD_HEAD];
        let mut packer = Packer::new(&mut buffer);
        packer.push(0, bytes);
        let used = packer.data_used();
        buffer.truncate(used);
        self.write_records(None, buffer, &format!("write {}", hex(bytes)))
    }

    /// Writes a buffer of music records. Its presentation time is `start_100ns` of stream time;
    /// with `None` it begins at once.
    ///
    /// # Errors
    /// The errors of [`PinClient::write_now`].
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
        header.presentation_time = KsTime::from_100ns(start_100ns.unwrap_or(0));
        if start_100ns.is_some() {
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
        let who = self.who;
        irp.set_completion_routine(Box::new(move |kernel, irp| {
            kernel.record_note(who, &completion(code, irp));
            mailbox.in_flight.set(mailbox.in_flight.get() - 1);
            mailbox.done.borrow_mut().push_back(irp.clone());
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

    /// Cancels the oldest request that is not complete. Returns false when there is none, or when
    /// the port can no longer cancel it.
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

    /// The statuses of the requests that were completed since the last call of this method or of
    /// [`PinClient::take_received`].
    #[must_use]
    pub fn take_statuses(&self) -> Vec<NtStatus> {
        self.requests.borrow_mut().retain(|irp| !irp.is_completed());
        self.mailbox.done.borrow_mut().drain(..).map(|irp| irp.status()).collect()
    }

    /// The bytes of the completed read requests, in the order of their completion.
    #[must_use]
    pub fn take_received(&self) -> Vec<Received> {
        self.requests.borrow_mut().retain(|irp| !irp.is_completed());
        let done = std::mem::take(&mut *self.mailbox.done.borrow_mut());
        done.iter().flat_map(unpack).collect()
    }

    /// Lets time pass until at most `count` requests are in flight, but at most until `limit_ns` on
    /// the clock. Returns false when the clock reaches `limit_ns` first, or when nothing can
    /// complete the requests any more.
    ///
    /// # Errors
    /// [`MachineError::Stopped`].
    pub fn wait_in_flight(&self, count: usize, limit_ns: u64) -> Result<bool, MachineError> {
        let mailbox = &self.mailbox;
        let wait = |kernel: &Kernel| kernel.run_while(limit_ns, || mailbox.in_flight.get() > count);
        Ok(self.machine.run(wait)? == Progress::Moved)
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

    fn close_files(&mut self) {
        drop(self.pin.take());
        drop(self.filter.take());
    }
}

impl Drop for PinClient<'_> {
    fn drop(&mut self) {
        let machine = self.machine;
        // If the machine stops while the pin closes, the machine itself reports that.
        let _ = machine.run(|_| self.close_files());
    }
}

/// The head of a music record in bytes.
const RECORD_HEAD: usize = 8;

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
fn completion(code: KsIoctl, irp: &Irp) -> String {
    let verb = if code == KsIoctl::ReadStream { "read" } else { "write" };
    let status = irp.status();
    if status != NtStatus::SUCCESS {
        return format!("{verb} completes, {status}");
    }
    match code {
        KsIoctl::ReadStream => {
            let bytes: Vec<u8> = unpack(irp).into_iter().flat_map(|chunk| chunk.bytes).collect();
            format!("{verb} completes: {}", hex(&bytes))
        }
        _ => format!("{verb} completes"),
    }
}

/// The records of a completed read request.
fn unpack(irp: &Irp) -> Vec<Received> {
    let Some(header) = read::<KsStreamHeader>(&irp.buffer().borrow()) else { return Vec::new() };
    let start_100ns = header.presentation_100ns().ok().flatten().unwrap_or(0);
    // A driver of DirectMusic can stamp an event with any time.
    let start_ns = u64::try_from(start_100ns).unwrap_or(0).saturating_mul(100);
    let data = irp.mdls()[0].borrow();
    let used = &data[..(header.data_used as usize).min(data.len())];
    let whole = records(used).map_while(Result::ok);
    whole
        .map(|record| Received {
            time_ns: start_ns.saturating_add(record.offset_ms.saturating_mul(1_000_000)),
            bytes: record.data.to_vec(),
        })
        .collect()
}

/// Bytes as text: all of them, or the first ones and how many there are.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(NOTED_BYTES)];
    let words: Vec<String> = shown.iter().map(|byte| format!("{byte:02X}")).collect();
    match bytes.len() {
        length if length > NOTED_BYTES => format!("{} ... {length} bytes", words.join(" ")),
        _ => words.join(" "),
    }
}
