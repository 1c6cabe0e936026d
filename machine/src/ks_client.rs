//! A kernel streaming client: files on filters and pins, and their properties.

use std::fmt;
use std::rc::Rc;

use portcls_emulator::{DeviceInterface, FileObject, Irp, Kernel, Mdl, NtStatus, Parameters};
use portcls_port::descriptor::PcConnectionDescriptor;
use portcls_port::guid::Guid;
use portcls_port::ks::guids::{category, property_set};
use portcls_port::ks::pin_connect::{PinRequest, filter_name};
use portcls_port::ks::{
    DataRange, KsIoctl, KsPPin, KsPinCInstances, KsPinCommunication, KsPinDataFlow, KsProperty,
    KsPropertyPin, KsPropertySynthClock, KsPropertyTopology, KsPropertyType, multiple_item, read,
    read_list_of_ranges, read_multiple_item,
};
use serde::Serialize;

use crate::pin_format::PinFormat;

/// An open file; dropping it closes the file.
pub(crate) struct KsFile {
    kernel: Kernel,
    file: Rc<FileObject>,
}

/// The place of a pin. The text of a place has the form `Uart:0`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PinPlace {
    /// The reference string of the filter.
    pub filter: String,
    /// The number of the pin on that filter.
    pub pin_id: u32,
}

impl fmt::Display for PinPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.filter, self.pin_id)
    }
}

impl KsFile {
    /// Opens a filter by its device interface.
    pub fn open_filter(kernel: &Kernel, interface: &DeviceInterface) -> Result<KsFile, NtStatus> {
        let file = FileObject::new(&interface.device, None);
        KsFile::create(kernel, file, filter_name(&interface.reference))
    }

    /// Opens a filter by its symbolic link.
    pub fn open_link(kernel: &Kernel, link: &str) -> Result<KsFile, NtStatus> {
        let found = kernel.find_device_interface(link).ok_or(NtStatus::OBJECT_NAME_NOT_FOUND)?;
        KsFile::open_filter(kernel, &found)
    }

    /// Opens a pin of this filter.
    pub fn open_pin(&self, request: &PinRequest) -> Result<KsFile, NtStatus> {
        let file = FileObject::new(self.file.device(), Some(Rc::clone(&self.file)));
        KsFile::create(&self.kernel, file, request.to_name())
    }

    fn create(kernel: &Kernel, file: Rc<FileObject>, name: Vec<u16>) -> Result<KsFile, NtStatus> {
        let irp = Irp::new(Parameters::Create { name }, Some(Rc::clone(&file)), Vec::new());
        let status = kernel.send_request_and_wait(file.device(), &irp);
        if status != NtStatus::SUCCESS {
            return Err(status);
        }
        Ok(KsFile { kernel: kernel.clone(), file })
    }

    /// A control request for this file, not sent yet.
    pub fn control(
        &self,
        code: KsIoctl,
        input: Vec<u8>,
        output_length: u32,
        buffer: Vec<u8>,
        mdls: Vec<Mdl>,
    ) -> Irp {
        let parameters = Parameters::DeviceControl { code: code.value(), input, output_length };
        let irp = Irp::new(parameters, Some(Rc::clone(&self.file)), mdls);
        *irp.buffer().borrow_mut() = buffer;
        irp
    }

    /// Sends a request; returns `STATUS_PENDING` when the driver keeps it.
    pub fn send(&self, irp: &Irp) -> NtStatus {
        self.kernel.send_request(self.file.device(), irp)
    }

    /// Sends a request and waits until it is complete.
    fn send_and_wait(&self, irp: &Irp) -> NtStatus {
        self.kernel.send_request_and_wait(self.file.device(), irp)
    }

    /// Gets a property of at most 4 KiB.
    pub fn get(&self, request: &[u8]) -> Result<Vec<u8>, NtStatus> {
        self.get_within(request, LONGEST_VALUE)
    }

    /// Gets a property of at most `room` bytes.
    fn get_within(&self, request: &[u8], room: u32) -> Result<Vec<u8>, NtStatus> {
        let buffer = vec![0; room as usize];
        let irp = self.control(KsIoctl::Property, request.to_vec(), room, buffer, Vec::new());
        match self.send_and_wait(&irp) {
            NtStatus::SUCCESS => {
                let mut value = irp.buffer().take();
                value.truncate(irp.information() as usize);
                Ok(value)
            }
            status => Err(status),
        }
    }

    /// Sets a property.
    pub fn set(&self, request: &[u8], value: &[u8]) -> Result<(), NtStatus> {
        let length = value.len() as u32;
        let irp =
            self.control(KsIoctl::Property, request.to_vec(), length, value.to_vec(), Vec::new());
        match self.send_and_wait(&irp) {
            NtStatus::SUCCESS => Ok(()),
            status => Err(status),
        }
    }

    fn number(&self, request: &[u8]) -> Result<u32, NtStatus> {
        read(&self.get_within(request, size_of::<u32>() as u32)?)
            .ok_or(NtStatus::INVALID_BUFFER_SIZE)
    }

    fn pin_number(&self, id: KsPropertyPin, pin_id: u32) -> Result<u32, NtStatus> {
        self.number(&pin_property(id, pin_id))
    }

    /// The number of pins of this filter.
    pub fn pin_count(&self) -> Result<u32, NtStatus> {
        self.number(bytemuck::bytes_of(&property(property_set::PIN, KsPropertyPin::CTypes.value())))
    }

    /// The direction of data through a pin.
    pub fn data_flow(&self, pin_id: u32) -> Result<KsPinDataFlow, NtStatus> {
        let flow = self.pin_number(KsPropertyPin::DataFlow, pin_id)?;
        KsPinDataFlow::from_u32(flow).ok_or(NtStatus::INVALID_BUFFER_SIZE)
    }

    /// Whether a pin receives requests from its connection, sends requests, does both or neither.
    pub fn communication(&self, pin_id: u32) -> Result<KsPinCommunication, NtStatus> {
        let communication = self.pin_number(KsPropertyPin::Communication, pin_id)?;
        KsPinCommunication::from_u32(communication).ok_or(NtStatus::INVALID_BUFFER_SIZE)
    }

    /// The instances of a pin on this filter, or with
    /// [`GlobalCInstances`](KsPropertyPin::GlobalCInstances) on all filters.
    pub fn instances(&self, id: KsPropertyPin, pin_id: u32) -> Result<KsPinCInstances, NtStatus> {
        read(&self.get(&pin_property(id, pin_id))?).ok_or(NtStatus::INVALID_BUFFER_SIZE)
    }

    /// The number of instances of a pin that must exist before the filter works.
    pub fn necessary_instances(&self, pin_id: u32) -> Result<u32, NtStatus> {
        self.pin_number(KsPropertyPin::NecessaryInstances, pin_id)
    }

    /// The category of a pin.
    pub fn category(&self, pin_id: u32) -> Result<Guid, NtStatus> {
        let category = self.get(&pin_property(KsPropertyPin::Category, pin_id))?;
        read(&category).ok_or(NtStatus::INVALID_BUFFER_SIZE)
    }

    /// The name of a pin for people.
    pub fn pin_name(&self, pin_id: u32) -> Result<String, NtStatus> {
        Ok(text_of(&self.get(&pin_property(KsPropertyPin::Name, pin_id))?))
    }

    /// The other end of a pin's physical connection: the symbolic link of a filter, and its pin.
    pub fn physical_connection(&self, pin_id: u32) -> Result<(String, u32), NtStatus> {
        let value = self.get(&pin_property(KsPropertyPin::PhysicalConnection, pin_id))?;
        let (head, link) = value.split_at_checked(8).ok_or(NtStatus::INVALID_BUFFER_SIZE)?;
        let pin = read(&head[4..]).ok_or(NtStatus::INVALID_BUFFER_SIZE)?;
        Ok((text_of(link), pin))
    }

    /// The data ranges of a pin: its formats.
    pub fn data_ranges(&self, pin_id: u32) -> Result<Vec<DataRange>, NtStatus> {
        let list = self.get(&pin_property(KsPropertyPin::DataRanges, pin_id))?;
        read_list_of_ranges(&list)
    }

    /// Asks by DataIntersection whether a pin has a format that fits this one.
    pub fn intersect(&self, pin_id: u32, format: PinFormat) -> Result<(), NtStatus> {
        let ranges = multiple_item([DataRange::from(format.data_format()).to_bytes()]);
        let mut request = pin_property(KsPropertyPin::DataIntersection, pin_id);
        request.extend_from_slice(&ranges);
        self.get(&request).map(drop)
    }

    /// The time of the master clock of this filter, in 100 ns. Source: WDK, KSPROPSETID_SynthClock.
    pub fn master_clock_100ns(&self) -> Result<i64, NtStatus> {
        let id = KsPropertySynthClock::MasterClock.value();
        let time = self.get(bytemuck::bytes_of(&property(property_set::SYNTH_CLOCK, id)))?;
        read(&time).ok_or(NtStatus::INVALID_BUFFER_SIZE)
    }

    /// The categories of this filter.
    pub fn categories(&self) -> Result<Vec<Guid>, NtStatus> {
        self.topology(KsPropertyTopology::Categories)
    }

    /// The types of the nodes of this filter.
    pub fn nodes(&self) -> Result<Vec<Guid>, NtStatus> {
        self.topology(KsPropertyTopology::Nodes)
    }

    /// The connections between the pins and nodes of this filter.
    pub fn connections(&self) -> Result<Vec<PcConnectionDescriptor>, NtStatus> {
        self.topology(KsPropertyTopology::Connections)
    }

    fn topology<T: bytemuck::AnyBitPattern>(
        &self,
        id: KsPropertyTopology,
    ) -> Result<Vec<T>, NtStatus> {
        let request = property(property_set::TOPOLOGY, id.value());
        let list = self.get(bytemuck::bytes_of(&request))?;
        let (count, items) = read_multiple_item(&list)?;
        let items = items.chunks_exact(size_of::<T>()).take(count as usize);
        Ok(items.map(bytemuck::pod_read_unaligned).collect())
    }
}

impl Drop for KsFile {
    fn drop(&mut self) {
        self.kernel.close_file(&self.file);
        // On a stopped kernel no driver learns of the close. A queued request then holds the file,
        // the file holds the pin, and the pin's queue holds the request. The two calls below break
        // this circle.
        self.file.set_last_handle_routine(None);
        self.file.set_context(None);
    }
}

/// The text of a value in UTF-16, up to its null.
fn text_of(value: &[u8]) -> String {
    let (units, _) = value.as_chunks::<2>();
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
    let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    String::from_utf16_lossy(&units)
}

/// The most bytes of a property's value, unless the caller names another limit.
const LONGEST_VALUE: u32 = 4_096;

fn property(set: Guid, id: u32) -> KsProperty {
    KsProperty { set, id, flags: KsPropertyType::GET.bits() }
}

fn pin_property(id: KsPropertyPin, pin_id: u32) -> Vec<u8> {
    let property = property(property_set::PIN, id.value());
    bytemuck::bytes_of(&KsPPin { property, pin_id, flags: 0 }).to_vec()
}

/// A filter that a client finds, and the categories under which the client finds it.
pub(crate) struct FoundFilter {
    pub interface: DeviceInterface,
    pub classes: Vec<Guid>,
}

impl FoundFilter {
    /// True for a filter that an application for audio looks at.
    pub fn is_audio(&self) -> bool {
        self.classes.contains(&category::AUDIO)
    }
}

/// The categories under which a client looks for filters, audio first.
const CLASSES: [Guid; 7] = [
    category::AUDIO,
    category::RENDER,
    category::CAPTURE,
    category::SYNTHESIZER,
    category::TOPOLOGY,
    category::AUDIO_DEVICE,
    category::WDMAUD_USE_PIN_NAME,
];

/// The filters that a client finds. Each filter is in the list once. Filters for audio come first.
pub(crate) fn find_filters(kernel: &Kernel) -> Vec<FoundFilter> {
    let mut found: Vec<FoundFilter> = Vec::new();
    for class in CLASSES {
        for interface in kernel.device_interfaces(bytemuck::cast(class)) {
            let same = |other: &&mut FoundFilter| {
                Rc::ptr_eq(&other.interface.device, &interface.device)
                    && other.interface.reference == interface.reference
            };
            match found.iter_mut().find(same) {
                Some(known) => known.classes.push(class),
                None => found.push(FoundFilter { interface, classes: vec![class] }),
            }
        }
    }
    found
}
