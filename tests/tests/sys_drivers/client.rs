//! A client that sends its own requests for properties to a filter.

use std::rc::Rc;

use portcls_machine::emulator::{DeviceInterface, FileObject, Irp, Kernel, NtStatus, Parameters};
use portcls_machine::port::guid::Guid;
use portcls_machine::port::ks::guids::category;
use portcls_machine::port::ks::pin_connect::filter_name;
use portcls_machine::port::ks::{KsIoctl, KsPropertyType};

/// What a question is about.
#[derive(Clone, Copy)]
pub enum Of {
    /// The filter.
    Filter,
    /// A pin of the filter.
    Pin(u32),
    /// A node of the filter.
    Node(u32),
}

/// A client that has a filter open.
pub struct Client<'k> {
    kernel: &'k Kernel,
    file: Rc<FileObject>,
}

impl<'k> Client<'k> {
    /// Opens the only filter of the machine.
    pub fn open(kernel: &'k Kernel) -> Client<'k> {
        let found = kernel.device_interfaces(category::AUDIO.to_bytes());
        let [DeviceInterface { device, reference, .. }] = &found[..] else { panic!("{found:?}") };
        let file = FileObject::new(device, None);
        let name = Parameters::Create { name: filter_name(reference) };
        let create = Irp::new(name, Some(file.clone()), Vec::new());
        assert_eq!(kernel.send_request_and_wait(device, &create), NtStatus::SUCCESS);
        Client { kernel, file }
    }

    /// A request to get a property, with room for an answer of this many bytes.
    pub fn question(&self, of: Of, set: Guid, id: u32, room: u32) -> Irp {
        let (flags, number) = match of {
            Of::Filter => (KsPropertyType::GET, None),
            Of::Pin(pin) => (KsPropertyType::GET, Some(pin)),
            Of::Node(node) => (KsPropertyType::GET | KsPropertyType::TOPOLOGY, Some(node)),
        };
        let mut input = set.to_bytes().to_vec();
        input.extend(id.to_le_bytes());
        input.extend(flags.bits().to_le_bytes());
        // In a KSP_PIN and a KSP_NODE a reserved number follows the number of the pin or node.
        input.extend(number.into_iter().flat_map(|number| u64::from(number).to_le_bytes()));
        let irp = self.control(KsIoctl::Property.value(), input, room);
        *irp.buffer().borrow_mut() = vec![0; room as usize];
        irp
    }

    /// A request with a control code.
    pub fn control(&self, code: u32, input: Vec<u8>, output_length: u32) -> Irp {
        let parameters = Parameters::DeviceControl { code, input, output_length };
        Irp::new(parameters, Some(self.file.clone()), Vec::new())
    }

    /// Sends a question.
    pub fn ask(&self, irp: &Irp) -> NtStatus {
        self.kernel.send_request(self.file.device(), irp)
    }

    /// Sends a question and waits for the answer.
    pub fn ask_and_wait(&self, irp: &Irp) -> NtStatus {
        self.kernel.send_request_and_wait(self.file.device(), irp)
    }

    /// Closes the filter.
    pub fn close(self) {
        assert_eq!(self.kernel.close_file(&self.file), NtStatus::SUCCESS);
    }
}
