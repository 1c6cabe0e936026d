//! A client that opens a pin and sends requests, with a kernel and a bus.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_machine::emulator::{
    DeviceObject, DriverObject, FileObject, Irp, Kernel, KernelConfig, MajorFunction, Mdl,
    NtStatus, Parameters, PnpRequest,
};
use portcls_machine::port::ks::guids::{category, property_set};
use portcls_machine::port::ks::music::Packer;
use portcls_machine::port::ks::pin_connect::{PinRequest, filter_name};
use portcls_machine::port::ks::{
    KsIoctl, KsProperty, KsPropertyConnection, KsPropertyType, KsState, KsStreamHeader,
};

use crate::driver::{Class, Driver, MESSAGE};

/// Bytes of a record with one message.
const RECORD_LENGTH: usize = 12;

/// The least room for a read, in bytes: the room that the application of the machine gives.
const READ_BUFFER: usize = 1_024;

/// The client, on a device that is started.
pub struct Client {
    kernel: Kernel,
    driver: Rc<Driver>,
    /// The device stays on the bus as long as this object lives.
    _bus: Rc<DeviceObject>,
}

/// An open pin, with its filter.
pub struct Pin {
    file: Rc<FileObject>,
    _filter: Rc<FileObject>,
}

impl Client {
    /// Starts a device with a driver of this class.
    pub fn new(class: Class) -> Client {
        let kernel = Kernel::new(KernelConfig::default());
        let object = DriverObject::new("driver");
        let driver = Driver::load(&kernel, &object, class);
        let bus = DeviceObject::new(&bus_driver());
        let add_device = object.add_device().expect("the driver has set it");
        add_device(&kernel, &object, &bus).expect("the device fits");
        let start = PnpRequest::StartDevice { translated: Vec::new(), raw: Vec::new() };
        let irp = Irp::new(Parameters::Pnp(start), None, Vec::new());
        assert_eq!(kernel.send_request(&bus.top(), &irp), NtStatus::SUCCESS);
        Client { kernel, driver, _bus: bus }
    }

    pub fn driver(&self) -> &Driver {
        &self.driver
    }

    /// Opens a pin and sets it to RUN.
    pub fn open_pin(&self, pin_id: u32) -> Pin {
        let found = self.kernel.device_interfaces(bytemuck::cast(category::AUDIO));
        let interface = found.first().expect("the filter is registered");
        let filter = FileObject::new(&interface.device, None);
        self.open(&filter, filter_name(&interface.reference));
        let file = FileObject::new(filter.device(), Some(Rc::clone(&filter)));
        self.open(&file, PinRequest::midi(pin_id).to_name());
        let property = KsProperty {
            set: property_set::CONNECTION,
            id: KsPropertyConnection::State.value(),
            flags: KsPropertyType::SET.bits(),
        };
        let value = KsState::Run.value().to_le_bytes().to_vec();
        let input = bytemuck::bytes_of(&property).to_vec();
        let irp = control(&file, KsIoctl::Property, input, value, Vec::new());
        assert_eq!(self.kernel.send_request(file.device(), &irp), NtStatus::SUCCESS);
        Pin { file, _filter: filter }
    }

    fn open(&self, file: &Rc<FileObject>, name: Vec<u16>) {
        let irp = Irp::new(Parameters::Create { name }, Some(Rc::clone(file)), Vec::new());
        assert_eq!(self.kernel.send_request(file.device(), &irp), NtStatus::SUCCESS);
    }

    /// Writes messages that are due at once, in one request. The request is complete at the end of
    /// this call.
    pub fn write(&self, pin: &Pin, messages: u64) {
        let mut data = vec![0; messages as usize * RECORD_LENGTH];
        let mut packer = Packer::new(&mut data);
        for _ in 0..messages {
            packer.push(0, &MESSAGE);
        }
        let irp = self.stream(pin, KsIoctl::WriteStream, data.len(), data);
        assert!(irp.is_completed());
    }

    /// Queues a request to read, lets messages come in, and returns the number of MIDI bytes that
    /// the request got.
    pub fn read(&self, pin: &Pin, messages: u64) -> u64 {
        let room = READ_BUFFER.max(messages as usize * RECORD_LENGTH);
        let irp = self.stream(pin, KsIoctl::ReadStream, 0, vec![0; room]);
        self.driver.receive(&self.kernel, messages);
        assert!(irp.is_completed());
        let buffer = irp.buffer().borrow();
        let header: KsStreamHeader = bytemuck::pod_read_unaligned(&buffer);
        u64::from(header.data_used) / RECORD_LENGTH as u64 * MESSAGE.len() as u64
    }

    fn stream(&self, pin: &Pin, code: KsIoctl, used: usize, data: Vec<u8>) -> Irp {
        let header = KsStreamHeader {
            size: KsStreamHeader::SIZE,
            frame_extent: data.len() as u32,
            data_used: used as u32,
            ..bytemuck::Zeroable::zeroed()
        };
        let header = bytemuck::bytes_of(&header).to_vec();
        let data = Mdl::new(RefCell::new(data));
        let irp = control(&pin.file, code, Vec::new(), header, vec![data]);
        assert_eq!(self.kernel.send_request(pin.file.device(), &irp), NtStatus::PENDING);
        irp
    }
}

fn control(
    file: &Rc<FileObject>,
    code: KsIoctl,
    input: Vec<u8>,
    buffer: Vec<u8>,
    mdls: Vec<Mdl>,
) -> Irp {
    let output_length = buffer.len() as u32;
    let parameters = Parameters::DeviceControl { code: code.value(), input, output_length };
    let irp = Irp::new(parameters, Some(Rc::clone(file)), mdls);
    *irp.buffer().borrow_mut() = buffer;
    irp
}

/// A bus driver that answers every PnP request with success.
fn bus_driver() -> Rc<DriverObject> {
    let bus = DriverObject::new("bus");
    let serve = |kernel: &Kernel, _device: &Rc<DeviceObject>, irp: &Irp| {
        irp.set_status(NtStatus::SUCCESS);
        kernel.complete_request(irp);
        NtStatus::SUCCESS
    };
    bus.set_major_function(MajorFunction::Pnp, Rc::new(serve));
    bus
}
