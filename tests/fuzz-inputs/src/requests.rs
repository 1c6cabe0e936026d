//! Any bytes as the requests of a client to a machine with a correct driver.
//!
//! Owns the meaning of the bytes, and these rules for any bytes. Nothing panics or stops, and no
//! rule of a driver is broken. No answer is longer than the client's own buffer. Every request has
//! come back when its file is closed, and the driver leaves nothing behind.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_machine::emulator::{
    DeviceInterface, DeviceObject, DriverObject, Event, EventKind, FileObject, HandleTarget, Irp,
    Kernel, KernelConfig, NtStatus, Parameters, Semaphore,
};
use portcls_machine::port::guid::{Guid, clsid};
use portcls_machine::port::interfaces::IResourceList;
use portcls_machine::port::ks::guids::{category, event_set, property_set};
use portcls_machine::port::ks::pin_connect::{PinRequest, filter_name};
use portcls_machine::port::ks::{
    KsEvent, KsEventData, KsEventType, KsIoctl, KsNodeEvent, KsProperty, KsPropertyConnection,
    KsPropertyType, KsStreamHeader, KsTime,
};
use portcls_machine::port::{
    pc_add_adapter_device, pc_initialize_adapter_driver, pc_new_miniport, pc_new_port,
    pc_register_subdevice,
};
use portcls_machine::{Driver, Machine, MachineBuilder};

use crate::seeds::Seed;

mod mixer;

/// The most requests of one sequence.
const MOST_STEPS: usize = 100;

/// The most files that are open at once.
const MOST_FILES: usize = 12;

/// How long the machine runs after the last file was closed, in ns.
const REST_NS: u64 = 100_000_000;

/// The sets that a request for a property names.
const SETS: [Guid; 9] = [
    property_set::PIN,
    property_set::TOPOLOGY,
    property_set::CONNECTION,
    property_set::STREAM,
    property_set::AUDIO,
    property_set::DRM_AUDIO_STREAM,
    property_set::SYNTH_CLOCK,
    property_set::SYNTH,
    property_set::GENERAL,
];

/// How much a sequence has done. A test can demand some progress, because a sequence that does
/// nothing must not pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reached {
    /// Files that were opened.
    pub files: usize,
    /// Requests about a property that succeeded.
    pub properties: usize,
    /// Requests about an event that succeeded.
    pub events: usize,
    /// Requests with data that the driver served, or kept to serve them later.
    pub streams: usize,
    /// Requests that were refused or failed at once.
    pub refused: usize,
}

/// Runs one sequence. The first byte chooses the driver.
pub fn run(input: &[u8]) -> Reached {
    let mut bytes = Bytes(input);
    let driver = match bytes.byte() % 3 {
        0 => Driver::named("uart").expect("the reference driver"),
        1 => Driver::new("directmusic", driver_entry),
        _ => Driver::new("mixer", mixer::driver_entry),
    };
    let machine = MachineBuilder::new().driver(driver).kernel(KernelConfig::default());
    let machine = machine.build().expect("a machine with the usual card");
    machine.start().expect("a correct driver starts");
    let mut client = Client::new(&machine);
    for _ in 0..MOST_STEPS {
        if bytes.0.is_empty() {
            break;
        }
        client.step(&mut bytes);
    }
    client.end()
}

/// Sequences for the drivers `uart` and `directmusic`, one for each pin and format. A sequence has
/// the steps of a usual client: a filter, a pin in RUN, a write, time, a read, data, time, and a
/// cancel. After the last step [`run`] closes the files.
#[must_use]
pub fn usual_lives() -> Vec<Vec<u8>> {
    let mut lives = Vec::new();
    for driver in [0, 1] {
        for pin in 0..6 {
            for format in [0, 1] {
                let filter = [0, 0];
                let open = [2, 0, 0, pin, format, 0];
                let run = [13, 0, 0, 0, 4];
                // One buffer with one note: the form of the records, one record, the message, its
                // time, and no changes.
                let note = [0, 1 - format, 1, 0, 0x3C, 0x40, 0, 0];
                let write = [&[9][..], &note, &[0, 0, 0, 0, 0, 0, 4]].concat();
                let read = [11, 0, 40, 0, 0, 0, 0, 0, 0, 4];
                let data = [18, 3, 0x90, 0x3C, 0x40];
                let time = [19, 100];
                let parts: [&[u8]; 9] =
                    [&filter, &open, &run, &write, &time, &read, &data, &time, &[15, 0]];
                lives.push([&[driver][..], &parts.concat()].concat());
            }
        }
    }
    lives
}

/// Runs one sequence, and does not count what it has done.
pub(crate) fn run_any(input: &[u8]) {
    run(input);
}

/// The usual lives as inputs.
pub(crate) fn seeds() -> Vec<Seed> {
    let lives = usual_lives().into_iter().enumerate();
    lives.map(|(number, life)| (format!("life-{number}"), life)).collect()
}

/// The input. At its end it gives zeros.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit.max(1)
    }

    fn word(&mut self) -> u32 {
        u32::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    /// Returns up to `most` bytes; the next byte of the input gives their number.
    fn some(&mut self, most: usize) -> Vec<u8> {
        let count = self.below(most + 1).min(self.0.len());
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken.to_vec()
    }

    /// Changes a few bytes of a structure, in one case of four.
    fn spoil(&mut self, structure: &mut [u8]) {
        if self.byte() % 4 != 1 {
            return;
        }
        for _ in 0..=self.below(4) {
            let at = self.below(structure.len());
            if let Some(place) = structure.get_mut(at) {
                *place = self.byte();
            }
        }
    }

    /// The length of a buffer in a request: the true length, or any number up to 4 GiB.
    fn stated_length(&mut self, owned: usize) -> u32 {
        match self.byte() % 16 {
            0 => 0,
            1 => u32::from(self.byte()),
            2 => self.word(),
            3 => u32::MAX,
            _ => owned as u32,
        }
    }
}

/// The file for which a request is meant.
#[derive(Clone, Copy)]
enum Kind {
    Filter,
    Pin,
    Any,
}

/// A request that was sent, and the length of the client's own buffer.
struct Sent {
    irp: Irp,
    owned: usize,
}

struct Client<'m> {
    machine: &'m Machine,
    interfaces: Vec<DeviceInterface>,
    files: Vec<Rc<FileObject>>,
    sent: Vec<Sent>,
    /// A handle to an event, and a handle to a semaphore.
    handles: [u64; 2],
    reached: Reached,
}

impl<'m> Client<'m> {
    fn new(machine: &'m Machine) -> Client<'m> {
        let interfaces = machine.kernel().device_interfaces(bytemuck::cast(category::AUDIO));
        assert!(!interfaces.is_empty(), "the driver has a filter");
        let (files, sent) = (Vec::new(), Vec::new());
        let event = Event::new(EventKind::Synchronization, "a client's event");
        let targets = [HandleTarget::Event(event), HandleTarget::Semaphore(Semaphore::new(0, 100))];
        let open = |target| machine.kernel().open_handle(target).expect("there is room");
        let (handles, reached) = (targets.map(open), Reached::default());
        Client { machine, interfaces, files, sent, handles, reached }
    }

    fn run<R>(&self, work: impl FnOnce(&Kernel) -> R) -> R {
        match self.machine.run(work) {
            Ok(result) => result,
            Err(stop) => panic!("a client stopped the machine: {stop}"),
        }
    }

    fn step(&mut self, bytes: &mut Bytes<'_>) {
        match bytes.byte() % 23 {
            0..=1 => self.open_filter(bytes),
            2..=4 => self.open_pin(bytes),
            5 => self.open_any(bytes),
            6..=7 => self.ask_property(bytes),
            8 => self.send_any(bytes),
            9..=10 => self.stream(bytes, KsIoctl::WriteStream),
            11..=12 => self.stream(bytes, KsIoctl::ReadStream),
            13..=14 => self.set_state(bytes),
            15 => self.cancel(bytes),
            16 => self.close(bytes),
            17 => self.cut_a_buffer(bytes),
            18 => self.machine.cable().send(&bytes.some(30)),
            20..=21 => self.enable_event(bytes),
            22 => self.disable_event(bytes),
            _ => {
                let time_ns = u64::from(bytes.byte()) * 100_000;
                self.run(|kernel| kernel.run_until(kernel.now_ns() + time_ns));
            }
        }
    }

    /// A file of this kind. In one case of eight, or when there is no file of this kind, any file.
    fn file(&self, bytes: &mut Bytes<'_>, kind: Kind) -> Option<Rc<FileObject>> {
        let is_pin = |file: &&Rc<FileObject>| file.related().is_some();
        let mut files: Vec<&Rc<FileObject>> = match kind {
            Kind::Filter => self.files.iter().filter(|file| !is_pin(file)).collect(),
            Kind::Pin => self.files.iter().filter(is_pin).collect(),
            Kind::Any => Vec::new(),
        };
        if files.is_empty() || bytes.byte() % 8 == 7 {
            files = self.files.iter().collect();
        }
        files.get(bytes.below(files.len())).map(|file| Rc::clone(file))
    }

    fn open(&mut self, file: Rc<FileObject>, name: Vec<u16>) {
        if self.files.len() >= MOST_FILES {
            return;
        }
        let device = Rc::clone(file.device());
        let irp = Irp::new(Parameters::Create { name }, Some(Rc::clone(&file)), Vec::new());
        if self.run(|kernel| kernel.send_request_and_wait(&device, &irp)) == NtStatus::SUCCESS {
            self.files.push(file);
            self.reached.files += 1;
        } else {
            self.reached.refused += 1;
        }
    }

    fn open_filter(&mut self, bytes: &mut Bytes<'_>) {
        let interface = &self.interfaces[bytes.below(self.interfaces.len())];
        let name = filter_name(&interface.reference);
        self.open(FileObject::new(&interface.device, None), name);
    }

    /// Opens a pin, usually on a filter. The name of the pin is good, or some bytes of the name are
    /// changed.
    fn open_pin(&mut self, bytes: &mut Bytes<'_>) {
        let Some(filter) = self.file(bytes, Kind::Filter) else { return self.open_filter(bytes) };
        let pin_id = u32::from(bytes.byte() % 6);
        let request = match bytes.byte() % 2 {
            0 => PinRequest::midi(pin_id),
            _ => PinRequest::directmusic(pin_id),
        };
        let mut name = request.to_name();
        // The part of the name after the GUID and the backslash.
        let (_, connect) = name.split_at_mut(39);
        bytes.spoil(bytemuck::cast_slice_mut(connect));
        self.open(FileObject::new(filter.device(), Some(filter.clone())), name);
    }

    /// Opens a file with any bytes as its name, on a file or on the device.
    fn open_any(&mut self, bytes: &mut Bytes<'_>) {
        let related =
            if bytes.byte().is_multiple_of(2) { None } else { self.file(bytes, Kind::Any) };
        let mut name =
            if bytes.byte().is_multiple_of(2) { Vec::new() } else { PinRequest::midi(0).to_name() };
        name.truncate(bytes.below(120));
        name.extend(bytes.some(80).chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]])));
        self.open(FileObject::new(&self.interfaces[0].device, related), name);
    }

    fn ask_property(&mut self, bytes: &mut Bytes<'_>) {
        let set = SETS[bytes.below(SETS.len())];
        let id = u32::from(bytes.byte() % 16);
        let flags = match bytes.byte() % 8 {
            0..=3 => KsPropertyType::GET.bits(),
            4..=5 => KsPropertyType::SET.bits(),
            6 => 1 << (bytes.byte() % 32),
            _ => bytes.word(),
        };
        let mut input = bytemuck::bytes_of(&KsProperty { set, id, flags }).to_vec();
        // The number of a pin or a node, then any bytes.
        input.extend(u32::from(bytes.byte() % 6).to_le_bytes());
        input.extend([0; 4]);
        input.extend(bytes.some(100));
        if bytes.byte() % 8 == 7 {
            input.truncate(bytes.below(input.len()));
        }
        let buffer = value(bytes);
        if self.send(bytes, Kind::Any, (KsIoctl::Property.value(), input), buffer, Vec::new()) {
            self.reached.properties += 1;
        }
    }

    /// The way in which the client wants to learn of an event, right or wrong.
    fn event_data(&self, bytes: &mut Bytes<'_>) -> Vec<u8> {
        let data = match bytes.byte() % 2 {
            0 => KsEventData::of_event(self.handles[0]),
            _ => KsEventData::of_semaphore(self.handles[1], i32::from(bytes.byte() % 4)),
        };
        let mut data = bytemuck::bytes_of(&data).to_vec();
        bytes.spoil(&mut data);
        if bytes.byte() % 8 == 7 {
            data.truncate(bytes.below(data.len()));
        }
        data
    }

    fn enable_event(&mut self, bytes: &mut Bytes<'_>) {
        let id = u32::from(bytes.byte() % 4);
        let flags = match bytes.byte() % 8 {
            0..=2 => KsEventType::ENABLE.bits(),
            3..=4 => KsEventType::ONESHOT.bits(),
            5 => KsEventType::BASICSUPPORT.bits(),
            6 => 1 << (bytes.byte() % 32),
            _ => bytes.word(),
        };
        let topology = u32::from(bytes.byte() % 2) * KsEventType::TOPOLOGY.bits();
        let set = event_set::AUDIO_CONTROL_CHANGE;
        let event = KsEvent { set, id, flags: flags | topology };
        let node_id = u32::from(bytes.byte() % 3);
        let mut input = bytemuck::bytes_of(&KsNodeEvent { event, node_id, reserved: 0 }).to_vec();
        bytes.spoil(&mut input);
        if bytes.byte() % 8 == 7 {
            input.truncate(bytes.below(input.len()));
        }
        let data = self.event_data(bytes);
        if self.send(bytes, Kind::Any, (KsIoctl::EnableEvent.value(), input), data, Vec::new()) {
            self.reached.events += 1;
        }
    }

    fn disable_event(&mut self, bytes: &mut Bytes<'_>) {
        let data = if bytes.byte().is_multiple_of(4) { Vec::new() } else { self.event_data(bytes) };
        let code = KsIoctl::DisableEvent.value();
        if self.send(bytes, Kind::Any, (code, data), Vec::new(), Vec::new()) {
            self.reached.events += 1;
        }
    }

    /// Any control code with any content.
    fn send_any(&mut self, bytes: &mut Bytes<'_>) {
        let code = match bytes.byte() % 8 {
            0 => KsIoctl::Property.value(),
            1 => KsIoctl::EnableEvent.value(),
            2 => KsIoctl::DisableEvent.value(),
            3 => KsIoctl::Method.value(),
            4 => KsIoctl::WriteStream.value(),
            5 => KsIoctl::ReadStream.value(),
            6 => KsIoctl::ResetState.value(),
            _ => bytes.word(),
        };
        let input = match bytes.byte() % 2 {
            0 => u32::from(bytes.byte() % 3).to_le_bytes().to_vec(),
            _ => bytes.some(200),
        };
        let buffers = (0..bytes.below(3)).map(|_| Rc::new(RefCell::new(bytes.some(60)))).collect();
        let buffer = bytes.some(200);
        self.send(bytes, Kind::Any, (code, input), buffer, buffers);
    }

    /// Sends buffers with good headers, or with headers that have some changed bytes.
    fn stream(&mut self, bytes: &mut Bytes<'_>, code: KsIoctl) {
        let (mut headers, mut buffers) = (Vec::new(), Vec::new());
        for _ in 0..=bytes.below(3) {
            let data = match code {
                KsIoctl::WriteStream => records(bytes),
                _ => vec![0; 4 * bytes.below(64)],
            };
            let length = data.len() as u32;
            let header = KsStreamHeader {
                size: KsStreamHeader::SIZE,
                presentation_time: KsTime::from_100ns(i64::from(bytes.byte()) * 10_000),
                frame_extent: length,
                data_used: if code == KsIoctl::WriteStream { length } else { 0 },
                options_flags: u32::from(bytes.byte() % 2) * 0x10,
                ..bytemuck::Zeroable::zeroed()
            };
            let mut header = bytemuck::bytes_of(&header).to_vec();
            bytes.spoil(&mut header);
            headers.extend(header);
            buffers.push(Rc::new(RefCell::new(data)));
        }
        if bytes.byte() % 8 == 7 {
            headers.truncate(bytes.below(headers.len()));
        }
        if self.send(bytes, Kind::Pin, (code.value(), Vec::new()), headers, buffers) {
            self.reached.streams += 1;
        }
    }

    fn set_state(&mut self, bytes: &mut Bytes<'_>) {
        let (set, id) = (property_set::CONNECTION, KsPropertyConnection::State.value());
        let property = KsProperty { set, id, flags: KsPropertyType::SET.bits() };
        let input = bytemuck::bytes_of(&property).to_vec();
        let state = [3, 3, 2, 1, 0, 4][bytes.below(6)];
        let buffer = u32::to_le_bytes(state).to_vec();
        if self.send(bytes, Kind::Pin, (KsIoctl::Property.value(), input), buffer, Vec::new()) {
            self.reached.properties += 1;
        }
    }

    /// Sends a control request, usually to a file of this kind. Returns true if the driver served
    /// the request, or keeps it to serve it later.
    fn send(
        &mut self,
        bytes: &mut Bytes<'_>,
        kind: Kind,
        (code, input): (u32, Vec<u8>),
        buffer: Vec<u8>,
        buffers: Vec<Rc<RefCell<Vec<u8>>>>,
    ) -> bool {
        let Some(file) = self.file(bytes, kind) else { return false };
        let owned = buffer.len();
        let output_length = bytes.stated_length(owned);
        let parameters = Parameters::DeviceControl { code, input, output_length };
        let irp = Irp::new(parameters, Some(Rc::clone(&file)), buffers);
        *irp.buffer().borrow_mut() = buffer;
        let status = self.run(|kernel| kernel.send_request(file.device(), &irp));
        self.sent.push(Sent { irp, owned });
        self.check_answers();
        self.reached.refused += usize::from(!status.is_success());
        status.is_success()
    }

    fn cancel(&mut self, bytes: &mut Bytes<'_>) {
        self.check_answers();
        let Some(sent) = self.sent.get(bytes.below(self.sent.len())) else { return };
        let irp = sent.irp.clone();
        self.run(|kernel| kernel.cancel_request(&irp));
    }

    /// Acts as a client that takes a part of a buffer away while the request waits.
    fn cut_a_buffer(&mut self, bytes: &mut Bytes<'_>) {
        self.check_answers();
        let Some(sent) = self.sent.get(bytes.below(self.sent.len())) else { return };
        let Some(buffer) = sent.irp.mdls().first() else { return };
        buffer.borrow_mut().truncate(bytes.below(64));
    }

    fn close(&mut self, bytes: &mut Bytes<'_>) {
        if !self.files.is_empty() {
            let file = self.files.remove(bytes.below(self.files.len()));
            self.close_file(&file);
        }
    }

    fn close_file(&self, file: &Rc<FileObject>) {
        let status = self.run(|kernel| kernel.close_file(file));
        assert_eq!(status, NtStatus::SUCCESS, "a close");
        let is_of_it = |irp: &Irp| irp.file().is_some_and(|its| Rc::ptr_eq(its, file));
        let left = self.sent.iter().filter(|it| is_of_it(&it.irp) && !it.irp.is_completed());
        assert_eq!(left.count(), 0, "requests that stay after their file is closed");
    }

    /// Checks the length of the answers that came back, and forgets these requests.
    fn check_answers(&mut self) {
        self.sent.retain(|sent| {
            if !sent.irp.is_completed() {
                return true;
            }
            let length = sent.irp.buffer().borrow().len();
            assert!(length <= sent.owned, "an answer of {length} bytes in {} bytes", sent.owned);
            false
        });
    }

    fn end(mut self) -> Reached {
        for file in std::mem::take(&mut self.files) {
            self.close_file(&file);
        }
        self.check_answers();
        assert!(self.sent.is_empty(), "every request came back");
        self.run(|kernel| kernel.run_until(kernel.now_ns() + REST_NS));
        let leaks = self.machine.unload().expect("a correct driver is unloaded");
        assert!(leaks.is_empty(), "left behind: {leaks:?}");
        let violations = self.machine.kernel().violations();
        assert!(violations.is_empty(), "a correct driver is blamed: {violations:?}");
        self.reached
    }
}

/// A value to set, or room for a value.
fn value(bytes: &mut Bytes<'_>) -> Vec<u8> {
    match bytes.byte() % 4 {
        0 => bytes.some(100),
        1 => u32::from(bytes.byte() % 5).to_le_bytes().to_vec(),
        2 => vec![0; 8 * bytes.below(100)],
        _ => Vec::new(),
    }
}

/// Data to write: records of music, records of DirectMusic, or any bytes.
fn records(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let form = bytes.byte() % 4;
    if form == 3 {
        return bytes.some(100);
    }
    let mut data = Vec::new();
    for _ in 0..bytes.below(5) {
        let message = match bytes.byte() % 3 {
            0 => vec![0x90, bytes.byte() & 0x7F, bytes.byte() & 0x7F],
            1 => [vec![0xF0], bytes.some(40), vec![0xF7]].concat(),
            _ => bytes.some(12),
        };
        let (length, delay) = (message.len() as u32, u32::from(bytes.byte()));
        if form == 0 {
            data.extend([u32::to_le_bytes(length), [1, 0, 0, 0]].concat());
            data.extend([u32::to_le_bytes(delay * 1_000), [0; 4], [1, 0, 0, 0]].concat());
            data.extend(message);
            data.resize(data.len().next_multiple_of(8), 0);
        } else {
            data.extend([delay.to_le_bytes(), length.to_le_bytes()].concat());
            data.extend(message);
            data.resize(data.len().next_multiple_of(4), 0);
        }
    }
    bytes.spoil(&mut data);
    data
}

/// DriverEntry of a driver whose port and miniport are those of the system.
fn driver_entry(
    kernel: &Kernel,
    driver: &Rc<DriverObject>,
    registry_path: &str,
) -> Result<(), NtStatus> {
    let add_device = |kernel: &Kernel, driver: &Rc<DriverObject>, physical: &Rc<DeviceObject>| {
        pc_add_adapter_device(kernel, driver, physical, Rc::new(start_device), 1, 0)
    };
    pc_initialize_adapter_driver(kernel, driver, registry_path, Rc::new(add_device))?;
    driver.set_unload(Rc::new(|_, _| ()));
    Ok(())
}

fn start_device(
    kernel: &Kernel,
    device: &Rc<DeviceObject>,
    irp: &Irp,
    resources: Rc<dyn IResourceList>,
) -> Result<(), NtStatus> {
    let port = pc_new_port(kernel, &clsid::PORT_DMUS)?;
    let miniport = pc_new_miniport(kernel, &clsid::MINIPORT_DRIVER_DMUS_UART)?;
    Rc::clone(&port).init(kernel, device, Some(irp), miniport, None, Some(resources))?;
    pc_register_subdevice(kernel, device, "Uart", port)
}
