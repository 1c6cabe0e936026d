//! Wave miniports that write down their calls, and the filter they describe.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use portcls_emulator::{Irql, Kernel, NtStatus};
use portcls_port::answer_query;
use portcls_port::com::{IUnknown, Interface, query};
use portcls_port::descriptor::{PcFilterDescriptor, PcPinDescriptor};
use portcls_port::guid::{Guid, clsid};
use portcls_port::interfaces::{
    IMiniport, IMiniportWaveCyclic, IMiniportWavePci, IMiniportWaveRT, IPort, IPortWaveCyclic,
    IPortWavePci, IPortWaveRT, IResourceList, IServiceGroup,
};
use portcls_port::ks::guids::data_format;
use portcls_port::ks::{DataRange, KsDataFormat, KsDataRange, LengthReply};
use portcls_port::pc_new_service_group;

use crate::fake::{Fake, result};
use crate::plan::{PinDescription, Plan, filter};

/// The three classes of wave ports.
pub const WAVE_CLASSES: [Guid; 3] =
    [clsid::PORT_WAVE_CYCLIC, clsid::PORT_WAVE_PCI, clsid::PORT_WAVE_RT];

/// Plans a wave filter on a port of this class.
pub fn plan_wave(class: Guid) -> impl Fn(&mut Plan) {
    move |plan| {
        plan.class = class;
        plan.miniport = FakeWave::make;
        plan.names = vec!["Wave"];
        plan.filter = wave_filter();
    }
}

/// The range of a pin for 16-bit stereo PCM at 44.1 kHz: KSDATARANGE_AUDIO.
pub fn pcm_range() -> DataRange {
    let head = KsDataRange {
        format_size: 64 + 24,
        flags: 0,
        sample_size: 0,
        reserved: 0,
        major_format: data_format::AUDIO,
        sub_format: data_format::PCM,
        specifier: data_format::WAVEFORMATEX,
    };
    let limits: [u32; 6] = [2, 16, 16, 44_100, 44_100, 0];
    DataRange::new(head, bytemuck::bytes_of(&limits).to_vec())
}

/// The filter of a device that plays and records sound.
fn wave_filter() -> PcFilterDescriptor {
    let mut filter = filter();
    filter.categories.clear();
    for pin in &mut filter.pins {
        pin.pin.data_ranges = vec![pcm_range()];
    }
    let analog = KsDataFormat {
        sub_format: data_format::ANALOG,
        specifier: data_format::NONE,
        format_size: KsDataFormat::SIZE,
        ..*pcm_range().head()
    };
    filter.pins[1].pin.data_ranges = vec![analog.into()];
    filter
}

/// A miniport with one of the three wave interfaces: that of the planned class.
pub struct FakeWave {
    fake: Rc<Fake>,
    /// A miniport keeps its port, as real drivers do.
    port: RefCell<Option<Rc<dyn IPort>>>,
    group: RefCell<Option<Rc<dyn IServiceGroup>>>,
}

thread_local! {
    /// The newest miniport of this thread, for a test that acts as its driver.
    static NEWEST: RefCell<Weak<FakeWave>> = RefCell::default();
}

impl FakeWave {
    fn make(fake: &Rc<Fake>) -> Rc<dyn IUnknown> {
        fake.born();
        let (port, group) = (RefCell::default(), RefCell::default());
        let wave = Rc::new(FakeWave { fake: Rc::clone(fake), port, group });
        NEWEST.set(Rc::downgrade(&wave));
        wave
    }

    /// The newest miniport of this thread.
    pub fn newest() -> Rc<FakeWave> {
        NEWEST.with_borrow(Weak::upgrade).expect("a miniport is alive")
    }

    /// The miniport's port.
    pub fn port(&self) -> Rc<dyn IPort> {
        Rc::clone(self.port.borrow().as_ref().expect("Init has kept it"))
    }

    /// The miniport's port, by an interface of the port.
    pub fn port_as<I: portcls_port::com::ComInterface + ?Sized>(&self) -> Rc<I> {
        query::<I>(&self.port()).expect("the port has the interface")
    }

    /// The miniport's service group.
    pub fn group(&self) -> Rc<dyn IServiceGroup> {
        Rc::clone(self.group.borrow().as_ref().expect("Init has made it"))
    }

    fn begin(
        &self,
        kernel: &Kernel,
        word: &str,
        resources: &Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPort>,
    ) -> Result<(), NtStatus> {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        let list = if resources.is_some() { "" } else { " without resources" };
        self.fake.note(format!("Init {word}{list}"));
        result(self.fake.plan.borrow().init_status, ())?;
        *self.port.borrow_mut() = Some(port);
        Ok(())
    }
}

impl Drop for FakeWave {
    fn drop(&mut self) {
        self.fake.died("drop miniport");
    }
}

impl IUnknown for FakeWave {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        let class = self.fake.plan.borrow().class;
        match class {
            clsid::PORT_WAVE_CYCLIC => answer_query!(self, iid, IMiniport, IMiniportWaveCyclic),
            clsid::PORT_WAVE_PCI => answer_query!(self, iid, IMiniport, IMiniportWavePci),
            _ => answer_query!(self, iid, IMiniport, IMiniportWaveRT),
        }
    }
}

impl IMiniport for FakeWave {
    fn get_description(&self, _kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus> {
        self.fake.note("GetDescription");
        Ok(Rc::new(self.fake.plan.borrow().filter.clone()))
    }

    fn describe_pin(&self, _kernel: &Kernel, pin_id: u32) -> Option<PcPinDescriptor> {
        let plan = self.fake.plan.borrow();
        match plan.pin_description {
            PinDescription::Fixed => None,
            PinDescription::Live => plan.filter.pins.get(pin_id as usize).cloned(),
        }
    }

    fn data_range_intersection(
        &self,
        _kernel: &Kernel,
        _pin_id: u32,
        _client_range: &DataRange,
        pin_range: &DataRange,
        output_length: u32,
    ) -> LengthReply {
        self.fake.note(format!("DataRangeIntersection {:?}", pin_range.head().specifier));
        (self.fake.plan.borrow().intersection)(output_length)
    }
}

impl IMiniportWaveCyclic for FakeWave {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        _adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortWaveCyclic>,
    ) -> Result<(), NtStatus> {
        self.begin(kernel, "WaveCyclic", &resources, port)
    }
}

impl IMiniportWavePci for FakeWave {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        _adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortWavePci>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus> {
        self.begin(kernel, "WavePci", &resources, port)?;
        let group = pc_new_service_group(kernel, None)?;
        *self.group.borrow_mut() = Some(Rc::clone(&group));
        Ok(Some(group))
    }

    fn service(&self, kernel: &Kernel) {
        assert_eq!(kernel.current_irql(), Irql::DISPATCH_LEVEL);
        self.fake.note("Service");
    }
}

impl IMiniportWaveRT for FakeWave {
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        _adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortWaveRT>,
    ) -> Result<(), NtStatus> {
        self.begin(kernel, "WaveRT", &resources, port)
    }
}
