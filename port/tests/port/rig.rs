//! A kernel with a bus, the fake driver, and a client that sends requests.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use portcls_emulator::{
    DeviceObject, DispatchRoutine, DriverObject, FileObject, Irp, Kernel, KernelConfig,
    MajorFunction, Mdl, NtStatus, Parameters, PnpRequest, Progress, Resource,
};
use portcls_port::ks::guids::{category, property_set};
use portcls_port::ks::pin_connect::{PinRequest, filter_name};
use portcls_port::ks::{KsPPin, KsProperty, KsState};

use crate::fake::{Fake, driver_entry};
use crate::frames::Frame;
use crate::plan::Plan;

/// IOCTL_KS_PROPERTY
pub const PROPERTY: u32 = 0x002F_0003;
/// IOCTL_KS_WRITE_STREAM
pub const WRITE_STREAM: u32 = 0x002F_8013;
/// IOCTL_KS_READ_STREAM
pub const READ_STREAM: u32 = 0x002F_4017;
/// IOCTL_KS_RESET_STATE
pub const RESET_STATE: u32 = 0x002F_001B;
/// KSPROPERTY_TYPE_GET
pub const GET: u32 = 1;
/// KSPROPERTY_TYPE_SET
pub const SET: u32 = 2;

/// How the bus driver answers a Plug and Play, power or system control request.
#[derive(Clone, Copy, PartialEq)]
pub enum BusAnswer {
    Success,
    Fails(NtStatus),
    /// The bus driver completes the request with success after this number of ms.
    Later(u64),
}

/// A machine with one device.
pub struct Rig {
    pub kernel: Kernel,
    pub fake: Rc<Fake>,
    pub bus_answer: Rc<Cell<BusAnswer>>,
    pub physical: Rc<DeviceObject>,
    pub driver: Rc<DriverObject>,
    files: RefCell<Vec<Rc<FileObject>>>,
    requests: Rc<RefCell<Vec<Irp>>>,
    violations: RefCell<Vec<&'static str>>,
}

/// Runs a test on a started device; then removes the device and checks that nothing is left.
pub fn on_device(test: impl FnOnce(&Rig)) {
    on_planned_device(|_| (), test);
}

/// Does the same as [`on_device`], with a plan.
pub fn on_planned_device(plan: impl FnOnce(&mut Plan), test: impl FnOnce(&Rig)) {
    on_added_device(plan, |rig| {
        assert_eq!(rig.start(), NtStatus::SUCCESS);
        test(rig);
    });
}

/// Runs a test on a device that is added and not started; then removes the device and checks that
/// nothing is left.
pub fn on_added_device(plan: impl FnOnce(&mut Plan), test: impl FnOnce(&Rig)) {
    let rig = Rig::new();
    plan(&mut rig.fake.plan.borrow_mut());
    let fdo = rig.kernel.enter(|kernel| {
        assert_eq!(rig.add_device(), Ok(()));
        let fdo = Rc::downgrade(&rig.physical.top());
        test(&rig);
        rig.end(kernel);
        fdo
    });
    let fdo: Weak<DeviceObject> = fdo.expect("nothing stops the machine");
    rig.check(&fdo);
}

impl Rig {
    /// A bus with a device, and a loaded driver.
    pub fn new() -> Rig {
        let kernel = Kernel::new(KernelConfig::default());
        let bus_answer = Rc::new(Cell::new(BusAnswer::Success));
        let fake = Fake::new();
        let bus = bus_driver(&bus_answer, &fake);
        let driver = DriverObject::new("fake");
        driver_entry(&fake, &kernel, &driver);
        *fake.kernel.borrow_mut() = Some(kernel.clone());
        Rig {
            physical: DeviceObject::new(&bus),
            kernel,
            fake,
            bus_answer,
            driver,
            files: RefCell::default(),
            requests: Rc::default(),
            violations: RefCell::default(),
        }
    }

    /// Calls AddDevice.
    pub fn add_device(&self) -> Result<(), NtStatus> {
        let add = self.driver.add_device().expect("DriverEntry set it");
        add(&self.kernel, &self.driver, &self.physical)
    }

    /// Sends a Plug and Play request to the top of the stack.
    pub fn pnp(&self, request: PnpRequest) -> NtStatus {
        let irp = Irp::new(Parameters::Pnp(request), None, Vec::new());
        let status = self.kernel.send_request(&self.physical.top(), &irp);
        assert!(irp.is_completed());
        assert_eq!(irp.status(), status);
        status
    }

    /// Starts the device with one range of ports.
    pub fn start(&self) -> NtStatus {
        let ports = vec![Resource::Port { start: 0x330, length: 2 }];
        self.pnp(PnpRequest::StartDevice { translated: ports.clone(), raw: ports })
    }

    /// Names the rules that the test breaks, in order. At the end, the rig checks that exactly
    /// these rules were broken.
    pub fn expect_violations(&self, rules: &[&'static str]) {
        self.violations.borrow_mut().extend(rules);
    }

    /// Opens the first filter of the category audio.
    pub fn open_filter(&self) -> Result<File<'_>, NtStatus> {
        let found = self.kernel.device_interfaces(bytemuck::cast(category::AUDIO));
        let interface = found.first().ok_or(NtStatus::NOT_FOUND)?;
        self.open(&interface.device, None, &filter_name(&interface.reference))
    }

    /// Opens a file.
    pub fn open(
        &self,
        device: &Rc<DeviceObject>,
        related: Option<Rc<FileObject>>,
        name: &[u16],
    ) -> Result<File<'_>, NtStatus> {
        let irp = self.send_create(device, related, name);
        assert!(irp.is_completed());
        self.opened(&irp)
    }

    /// A request to open a file, not sent yet; the rig checks at the end that it was completed.
    pub fn prepare_create(
        &self,
        device: &Rc<DeviceObject>,
        related: Option<Rc<FileObject>>,
        name: &[u16],
    ) -> Irp {
        let file = FileObject::new(device, related);
        let parameters = Parameters::Create { name: name.to_vec() };
        let irp = Irp::new(parameters, Some(file), Vec::new());
        self.requests.borrow_mut().push(irp.clone());
        irp
    }

    /// Sends a request to open a file.
    pub fn send_create(
        &self,
        device: &Rc<DeviceObject>,
        related: Option<Rc<FileObject>>,
        name: &[u16],
    ) -> Irp {
        let irp = self.prepare_create(device, related, name);
        let status = self.kernel.send_request(device, &irp);
        assert_eq!(status == NtStatus::PENDING, !irp.is_completed());
        irp
    }

    /// The file that a request has opened; the request must be complete.
    pub fn opened(&self, irp: &Irp) -> Result<File<'_>, NtStatus> {
        let file = Rc::clone(irp.file().expect("it opens one"));
        if irp.status() != NtStatus::SUCCESS {
            assert!(file.context().is_none());
            return Err(irp.status());
        }
        self.files.borrow_mut().push(Rc::clone(&file));
        Ok(File { rig: self, file })
    }

    /// A filter with one of its pins.
    pub fn open_pin(&self, pin_id: u32) -> (File<'_>, File<'_>) {
        let filter = self.open_filter().expect("the filter is there");
        let pin = filter.pin(pin_id).expect("the pin can be opened");
        (filter, pin)
    }

    /// A pin in RUN. The filter of the pin stays open.
    pub fn run_pin(&self, pin_id: u32) -> File<'_> {
        let (_, pin) = self.open_pin(pin_id);
        assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS);
        pin
    }

    /// Lets time pass.
    pub fn pass_ms(&self, time_ms: u64) {
        self.kernel.run_until(self.kernel.now_ns() + time_ms * 1_000_000);
    }

    fn close_file(&self, file: &Rc<FileObject>) {
        assert_eq!(self.kernel.close_file(file), NtStatus::SUCCESS);
    }

    /// Closes the client's files, then removes the device. Checks that every request was completed,
    /// and that nothing is left that can happen.
    fn end(&self, kernel: &Kernel) {
        let files = self.files.take();
        for file in files.iter().rev() {
            self.close_file(file);
        }
        self.pnp(PnpRequest::RemoveDevice);
        for irp in self.requests.borrow().iter() {
            assert!(irp.is_completed(), "a request was never completed");
        }
        self.requests.borrow_mut().clear();
        assert_eq!(kernel.turn(u64::MAX), Progress::Idle, "something is left that can happen");
    }

    fn check(&self, fdo: &Weak<DeviceObject>) {
        let broken: Vec<_> = self.kernel.violations().iter().map(|it| it.rule.id).collect();
        assert_eq!(broken, *self.violations.borrow(), "{:?}", self.kernel.violations());
        assert!(self.kernel.device_interfaces(bytemuck::cast(category::AUDIO)).is_empty());
        assert_eq!(self.fake.left(), 0, "something of the driver is left");
        assert_eq!(fdo.strong_count(), 0, "the device object is left");
    }

    /// A sender of stream requests to a file.
    pub fn sender(&self, file: &File<'_>, code: u32) -> Sender {
        let file = Rc::clone(&file.file);
        Sender { file, code, requests: Rc::clone(&self.requests) }
    }
}

fn bus_driver(answer: &Rc<Cell<BusAnswer>>, fake: &Rc<Fake>) -> Rc<DriverObject> {
    let (answer, fake) = (Rc::clone(answer), Rc::clone(fake));
    let bus = DriverObject::new("bus");
    let serve = move |kernel: &Kernel, _device: &Rc<DeviceObject>, irp: &Irp| {
        if let Parameters::Power(request) = irp.parameters()
            && fake.has_power_interfaces()
        {
            fake.note(format!("bus {:?} {:?}", request.action, request.state));
        }
        let status = match answer.get() {
            BusAnswer::Success => NtStatus::SUCCESS,
            BusAnswer::Fails(status) => status,
            BusAnswer::Later(time_ms) => {
                irp.mark_pending();
                complete_later(kernel, irp, time_ms);
                return NtStatus::PENDING;
            }
        };
        irp.set_status(status);
        kernel.complete_request(irp);
        status
    };
    let serve: DispatchRoutine = Rc::new(serve);
    bus.set_major_function(MajorFunction::Pnp, Rc::clone(&serve));
    bus.set_major_function(MajorFunction::SystemControl, Rc::clone(&serve));
    bus.set_major_function(MajorFunction::Power, serve);
    bus
}

fn complete_later(kernel: &Kernel, irp: &Irp, time_ms: u64) {
    use portcls_emulator::{Dpc, DueTime, Timer, TimerKind};
    let irp = irp.clone();
    let routine = move |kernel: &Kernel| {
        irp.set_status(NtStatus::SUCCESS);
        kernel.complete_request(&irp);
    };
    let dpc = Dpc::new(kernel, "bus", Rc::new(routine));
    let timer = Timer::new(TimerKind::Notification);
    kernel.set_timer(&timer, DueTime::Relative(time_ms * 10_000), 0, Some(&dpc));
}

/// Sends stream requests to one file. A completion routine, which has no rig, can use it too.
#[derive(Clone)]
pub struct Sender {
    file: Rc<FileObject>,
    code: u32,
    requests: Rc<RefCell<Vec<Irp>>>,
}

impl Sender {
    /// A request that is not sent yet.
    pub fn prepare(&self, frames: &[Frame]) -> Irp {
        let headers: Vec<u8> =
            frames.iter().flat_map(|frame| bytemuck::bytes_of(&frame.header).to_vec()).collect();
        let mdls = frames.iter().map(|frame| Mdl::new(RefCell::new(frame.data.clone()))).collect();
        self.prepare_raw(headers, mdls)
    }

    /// A request that is not sent yet, with any bytes as its headers.
    pub fn prepare_raw(&self, headers: Vec<u8>, mdls: Vec<Mdl>) -> Irp {
        let output_length = headers.len() as u32;
        let parameters =
            Parameters::DeviceControl { code: self.code, input: Vec::new(), output_length };
        let irp = Irp::new(parameters, Some(Rc::clone(&self.file)), mdls);
        *irp.buffer().borrow_mut() = headers;
        irp
    }

    /// Sends a request; the rig checks at the end that it was completed.
    pub fn send(&self, kernel: &Kernel, irp: &Irp) -> NtStatus {
        self.requests.borrow_mut().push(irp.clone());
        let status = kernel.send_request(self.file.device(), irp);
        assert!(status == NtStatus::PENDING || irp.is_completed());
        status
    }
}

/// An open filter or pin.
pub struct File<'a> {
    rig: &'a Rig,
    pub file: Rc<FileObject>,
}

impl<'a> File<'a> {
    /// Opens a MIDI pin of this filter.
    pub fn pin(&self, pin_id: u32) -> Result<File<'a>, NtStatus> {
        self.open(&PinRequest::midi(pin_id).to_name())
    }

    /// Opens a DirectMusic pin of this filter.
    pub fn dmus_pin(&self, pin_id: u32) -> Result<File<'a>, NtStatus> {
        self.open(&PinRequest::directmusic(pin_id).to_name())
    }

    /// Opens something relative to this file.
    pub fn open(&self, name: &[u16]) -> Result<File<'a>, NtStatus> {
        self.rig.open(self.file.device(), Some(Rc::clone(&self.file)), name)
    }

    /// Closes the file, like the end of the file's last handle.
    pub fn close(self) {
        self.rig.files.borrow_mut().retain(|other| !Rc::ptr_eq(other, &self.file));
        self.rig.close_file(&self.file);
    }

    /// Sends a control request that is answered at once. The client's buffer begins with the bytes
    /// of `buffer`, and is at least as long as the room that the client states. When the status is
    /// not success and the request did not change the buffer, the result has an empty buffer.
    pub fn control(&self, code: u32, input: &[u8], buffer: &[u8], output_length: u32) -> Irp {
        let mut owned = buffer.to_vec();
        owned.resize(buffer.len().max(output_length as usize), 0);
        let irp = self.control_with(code, input, owned.clone(), output_length);
        let mut left = irp.buffer().borrow_mut();
        if irp.status() != NtStatus::SUCCESS && *left == owned {
            left.clear();
        }
        drop(left);
        irp
    }

    /// Sends a control request that is answered at once, from a client that owns this buffer and
    /// states this length.
    pub fn control_with(&self, code: u32, input: &[u8], buffer: Vec<u8>, stated: u32) -> Irp {
        let (input, output_length) = (input.to_vec(), stated);
        let parameters = Parameters::DeviceControl { code, input, output_length };
        let irp = Irp::new(parameters, Some(Rc::clone(&self.file)), Vec::new());
        *irp.buffer().borrow_mut() = buffer;
        let status = self.rig.kernel.send_request(self.file.device(), &irp);
        assert!(irp.is_completed());
        assert_eq!(irp.status(), status);
        irp
    }

    /// Sets the state.
    pub fn set_state(&self, state: KsState) -> NtStatus {
        self.set_raw_state(&(state as u32).to_le_bytes())
    }

    /// Sets the state to any bytes.
    pub fn set_raw_state(&self, value: &[u8]) -> NtStatus {
        let property = KsProperty { set: property_set::CONNECTION, id: 0, flags: SET };
        self.control(PROPERTY, bytemuck::bytes_of(&property), value, value.len() as u32).status()
    }

    /// The state's number.
    pub fn state(&self) -> u32 {
        let property = KsProperty { set: property_set::CONNECTION, id: 0, flags: GET };
        let irp = self.control(PROPERTY, bytemuck::bytes_of(&property), &[], 4);
        assert_eq!((irp.status(), irp.information()), (NtStatus::SUCCESS, 4));
        let value = irp.buffer().borrow();
        u32::from_le_bytes(value[..].try_into().unwrap())
    }

    /// Asks for a pin property of this filter.
    pub fn pin_property(&self, id: u32, pin_id: u32, rest: &[u8], output_length: u32) -> Irp {
        let property = KsProperty { set: property_set::PIN, id, flags: GET };
        let request = KsPPin { property, pin_id, flags: 0 };
        let input = [bytemuck::bytes_of(&request), rest].concat();
        self.control(PROPERTY, &input, &[], output_length)
    }

    /// Sends a reset request: 0 begins the reset of the stream, 1 ends it.
    pub fn reset(&self, reset: u32) -> NtStatus {
        self.control(RESET_STATE, &reset.to_le_bytes(), &[], 0).status()
    }

    /// Sends a write request, which is queued.
    pub fn write(&self, frames: &[Frame]) -> Irp {
        self.queue(WRITE_STREAM, frames)
    }

    /// Sends a read request, which is queued.
    pub fn read(&self, frames: &[Frame]) -> Irp {
        self.queue(READ_STREAM, frames)
    }

    fn queue(&self, code: u32, frames: &[Frame]) -> Irp {
        let (irp, status) = self.stream(code, frames);
        assert_eq!(status, NtStatus::PENDING);
        irp
    }

    /// Sends a stream request; returns it with the status of the dispatch routine.
    pub fn stream(&self, code: u32, frames: &[Frame]) -> (Irp, NtStatus) {
        let sender = self.rig.sender(self, code);
        let irp = sender.prepare(frames);
        let status = sender.send(&self.rig.kernel, &irp);
        (irp, status)
    }
}
