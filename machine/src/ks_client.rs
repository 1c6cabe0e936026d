//! A kernel streaming client: files on filters and pins, and their properties.

use std::rc::Rc;

use portcls_emulator::{DeviceInterface, FileObject, Irp, Kernel, Mdl, NtStatus, Parameters};
use portcls_port::ks::guids::{category, property_set};
use portcls_port::ks::pin_connect::{PinRequest, filter_name};
use portcls_port::ks::{
    DataRange, KsDataFormat, KsIoctl, KsPPin, KsPinCommunication, KsPinDataFlow, KsProperty,
    KsPropertyPin, KsPropertyType, multiple_item, read,
};

/// An open file; dropping it closes the file.
pub(crate) struct KsFile {
    kernel: Kernel,
    file: Rc<FileObject>,
}

/// Where a pin was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PinPlace {
    /// The reference string of the filter.
    pub filter: String,
    /// The number of the pin on that filter.
    pub pin_id: u32,
}

impl KsFile {
    /// Opens a filter by its device interface.
    pub fn open_filter(kernel: &Kernel, interface: &DeviceInterface) -> Result<KsFile, NtStatus> {
        let file = FileObject::new(&interface.device, None);
        KsFile::create(kernel, file, filter_name(&interface.reference))
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
        let irp = self.control(
            KsIoctl::Property,
            request.to_vec(),
            LONGEST_VALUE,
            vec![0; LONGEST_VALUE as usize],
            Vec::new(),
        );
        match self.send_and_wait(&irp) {
            NtStatus::SUCCESS => {
                let mut value = irp.buffer().borrow().clone();
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
        read(&self.get(request)?).ok_or(NtStatus::INVALID_BUFFER_SIZE)
    }

    /// The first pin of this filter with this data flow that a client can open for MIDI.
    pub fn find_midi_pin(&self, data_flow: KsPinDataFlow) -> Result<Option<u32>, NtStatus> {
        let pins = self.number(bytemuck::bytes_of(&property(KsPropertyPin::CTypes)))?;
        for pin_id in 0..pins {
            let flow = self.number(&pin_property(KsPropertyPin::DataFlow, pin_id))?;
            let communication = self.number(&pin_property(KsPropertyPin::Communication, pin_id))?;
            let opens = matches!(
                KsPinCommunication::from_u32(communication),
                Some(KsPinCommunication::Sink | KsPinCommunication::Both)
            );
            if flow == data_flow.value() && opens && self.takes_midi(pin_id) {
                return Ok(Some(pin_id));
            }
        }
        Ok(None)
    }

    fn takes_midi(&self, pin_id: u32) -> bool {
        let ranges = multiple_item([DataRange::from(KsDataFormat::MIDI).to_bytes()]);
        let mut request = pin_property(KsPropertyPin::DataIntersection, pin_id);
        request.extend_from_slice(&ranges);
        self.get(&request).is_ok()
    }
}

impl Drop for KsFile {
    fn drop(&mut self) {
        self.kernel.close_file(&self.file);
        // On a kernel that stopped, no driver was told of the close. A queued request then holds
        // the file, and the file holds the pin with its queue.
        self.file.set_last_handle_routine(None);
        self.file.set_context(None);
    }
}

/// Room for the value of a property, in bytes.
const LONGEST_VALUE: u32 = 4_096;

fn property(id: KsPropertyPin) -> KsProperty {
    let flags = KsPropertyType::GET.bits();
    KsProperty { set: property_set::PIN, id: id.value(), flags }
}

fn pin_property(id: KsPropertyPin, pin_id: u32) -> Vec<u8> {
    let request = KsPPin { property: property(id), pin_id, flags: 0 };
    bytemuck::bytes_of(&request).to_vec()
}

/// The filters that a client finds: one for each enabled audio interface.
pub(crate) fn audio_interfaces(kernel: &Kernel) -> Vec<DeviceInterface> {
    kernel.device_interfaces(bytemuck::cast(category::AUDIO))
}
