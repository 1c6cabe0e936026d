//! A driver with two mistakes, for the example `test_of_a_driver`.
//!
//! The mistakes are in the `Write` of its stream. The miniport and the stream pass all other calls
//! on to the reference miniport. A whole driver without mistakes is in `template/`.

use std::cell::Cell;
use std::rc::Rc;

use portcls_machine::emulator::{DeviceObject, DriverObject, Irp, Kernel, NtStatus};
use portcls_machine::emulator::{PoolType, Resource};
use portcls_miniport::MiniportMidiUart;
use portcls_port::com::{IUnknown, Interface};
use portcls_port::descriptor::PcFilterDescriptor;
use portcls_port::guid::{Guid, clsid};
use portcls_port::interfaces::{
    IMiniport, IMiniportMidi, IMiniportMidiStream, IPortMidi, IResourceList, IServiceGroup,
    NewStream, StreamDirection,
};
use portcls_port::ks::{DataRange, KsDataFormat, KsState, LengthReply};
use portcls_port::{
    answer_query, pc_add_adapter_device, pc_initialize_adapter_driver, pc_new_port,
    pc_register_subdevice,
};

/// DriverEntry of this driver.
pub fn driver_entry(
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
    let port = pc_new_port(kernel, &clsid::PORT_MIDI)?;
    let good = MiniportMidiUart::new();
    let miniport = Rc::new(HastyMiniport { good, data_port: Cell::new(0) });
    Rc::clone(&port).init(kernel, device, Some(irp), miniport, None, Some(resources))?;
    pc_register_subdevice(kernel, device, "Midi", port)
}

/// The reference miniport, with other streams.
struct HastyMiniport {
    good: Rc<MiniportMidiUart>,
    data_port: Cell<u16>,
}

/// A stream of the reference miniport, with another `Write`.
struct HastyStream {
    good: Rc<dyn IMiniportMidiStream>,
    data_port: u16,
}

impl IMiniportMidiStream for HastyStream {
    /// Sends the bytes. First mistake: the driver never checks that DRR is clear, so it may
    /// overwrite bytes that the card has not taken. Second mistake: the driver rounds the count
    /// that it returns up to a multiple of 4.
    fn write(&self, kernel: &Kernel, data: &[u8]) -> Result<u32, NtStatus> {
        for &byte in data {
            kernel.write_port_u8(self.data_port, byte);
        }
        Ok(data.len().next_multiple_of(4) as u32)
    }

    fn set_format(&self, kernel: &Kernel, format: &KsDataFormat) -> Result<(), NtStatus> {
        self.good.set_format(kernel, format)
    }

    fn set_state(&self, kernel: &Kernel, state: KsState) -> Result<(), NtStatus> {
        self.good.set_state(kernel, state)
    }

    fn read(&self, kernel: &Kernel, buffer: &mut [u8]) -> Result<u32, NtStatus> {
        self.good.read(kernel, buffer)
    }
}

impl IMiniportMidi for HastyMiniport {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortMidi>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        let port_range = resources.as_ref().and_then(|list| list.find_translated_port(0));
        if let Some(Resource::Port { start, .. }) = port_range {
            self.data_port.set(start as u16);
        }
        Rc::clone(&self.good).init(kernel, adapter, resources, port)
    }

    fn service(&self, kernel: &Kernel) {
        self.good.service(kernel);
    }

    fn new_stream(
        self: Rc<Self>,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        pool: PoolType,
        pin: u32,
        direction: StreamDirection,
        format: &KsDataFormat,
    ) -> Result<NewStream, NtStatus> {
        let good = Rc::clone(&self.good);
        let new = good.new_stream(kernel, outer, pool, pin, direction, format)?;
        let stream = HastyStream { good: new.stream, data_port: self.data_port.get() };
        Ok(NewStream { stream: Rc::new(stream), ..new })
    }
}

impl IMiniport for HastyMiniport {
    fn get_description(&self, kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        self.good.get_description(kernel)
    }

    fn data_range_intersection(
        &self,
        kernel: &Kernel,
        pin: u32,
        client: &DataRange,
        range: &DataRange,
        length: u32,
    ) -> LengthReply {
        self.good.data_range_intersection(kernel, pin, client, range, length)
    }
}

impl IUnknown for HastyMiniport {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniport, IMiniportMidi)
    }
}

impl IUnknown for HastyStream {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IMiniportMidiStream)
    }
}
