//! COM as the kernel has it: objects that can be queried for interfaces.
//!
//! AddRef and Release are the clone and the drop of an `Rc`; an interface pointer is an `Rc`, such
//! as `Rc<dyn IPortMidi>`. Only a `.sys` driver sees a count of references, and the guest keeps
//! this count. This file owns `IUnknown` and the query; the interfaces themselves are in
//! [`crate::interfaces`].
//!
//! This file and the interfaces know each other, because the answer to a query can be any
//! interface, and each interface begins with `IUnknown`. So this file also knows the types that the
//! interfaces name: the descriptor, its automation tables, its events, the events of DirectMusic,
//! and `subdevice.rs`.
//!
//! [`Interface`] has no variant for interfaces that are not offered yet, such as the streams of
//! wave ports, the wave sink of a software synthesizer, and rebalance.

use core::fmt;
use std::rc::Rc;

use portcls_emulator::NtStatus;

use crate::guid::{Guid, iid};
use crate::interfaces::{
    IAdapterPowerManagement, IAdapterPowerManagement2, IAdapterPowerManagement3, IAllocatorMxf,
    IDmaChannel, IDmaChannelSlave, IInterruptSync, IMasterClock, IMiniport, IMiniportDMus,
    IMiniportMidi, IMiniportMidiStream, IMiniportTopology, IMiniportWaveCyclic, IMiniportWavePci,
    IMiniportWaveRT, IMusicTechnology, IMxf, IPinCount, IPinName, IPort, IPortClsVersion,
    IPortDMus, IPortEvents, IPortMidi, IPortTopology, IPortWaveCyclic, IPortWavePci, IPortWaveRT,
    IPowerNotify, IRegistryKey, IResourceList, IServiceGroup, IServiceSink,
    IUnregisterPhysicalConnection, IUnregisterSubdevice,
};
use crate::subdevice::ISubdevice;

/// The interface that every object has: it leads to the object's other interfaces.
///
/// Source: WDK, COM in the kernel. COM in the kernel is like COM in user mode, but with an NTSTATUS
/// instead of an HRESULT, and without registry or class factories.
#[doc(alias = "PUNKNOWN")]
pub trait IUnknown {
    /// Returns the interface with this identifier, with one reference for the caller.
    ///
    /// Ports and drivers implement this method, and both call it. An object gives the same answer
    /// to an identifier for its whole life, and it always has `IID_IUnknown`.
    /// [`answer_query!`](crate::answer_query) writes the usual body.
    ///
    /// IRQL: PASSIVE_LEVEL in practice; the method calls no other code and holds no lock.
    ///
    /// # Errors
    /// - [`NO_INTERFACE`]: the object has no such interface. Callers treat every other failure like
    ///   `NO_INTERFACE`.
    #[doc(alias = "IUnknown::QueryInterface")]
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus>;
}

/// The answer to a query for an interface that the object does not have.
///
/// `Assumed:` this value, because the pages name none. The published sample answers
/// `STATUS_INVALID_PARAMETER`.
pub const NO_INTERFACE: NtStatus = NtStatus::INVALID_PARAMETER;

/// An interface type that a query can name, such as `dyn IPortMidi`.
pub trait ComInterface: IUnknown {
    /// The interface identifier.
    const IID: Guid;

    /// Puts a pointer of this type into the answer of a query.
    fn wrap(object: Rc<Self>) -> Interface;

    /// Takes the pointer out of an answer, `None` when the answer is of another type.
    fn unwrap(answer: Interface) -> Option<Rc<Self>>;
}

/// Asks an object for an interface by its type: `query::<dyn IPinCount>(&miniport)`.
///
/// A refusal has no line in the trace. A driver asks the port's objects by [`ask`](crate::ask),
/// which writes a line.
///
/// # Errors
/// - The status that the object returned.
/// - `STATUS_UNSUCCESSFUL`: the object returned an interface of another type than the caller asked
///   for. The driver made a mistake, and the log has it.
pub fn query<I: ComInterface + ?Sized>(
    object: &Rc<impl IUnknown + ?Sized>,
) -> Result<Rc<I>, NtStatus> {
    let answer = Rc::clone(object).query_interface(&I::IID)?;
    let answered = answer.name();
    I::unwrap(answer).ok_or_else(|| {
        log::warn!("a query for {:?} was answered with {answered}", I::IID);
        NtStatus::UNSUCCESSFUL
    })
}

macro_rules! interfaces {
    ($($variant:ident($interface:ident) = $iid:ident;)*) => {
        /// The answer of a query: a counted pointer to one interface.
        #[derive(Clone)]
        #[non_exhaustive]
        pub enum Interface {
            $(
                #[doc = concat!("A pointer to `", stringify!($interface), "`.")]
                $variant(Rc<dyn $interface>),
            )*
        }

        impl Interface {
            /// The name of the interface, such as `IPortMidi`.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $(Interface::$variant(_) => stringify!($interface),)*
                }
            }

            /// The object behind the pointer, as `IUnknown`.
            #[must_use]
            pub fn into_unknown(self) -> Rc<dyn IUnknown> {
                match self {
                    $(Interface::$variant(object) => object,)*
                }
            }
        }

        $(
            impl ComInterface for dyn $interface {
                const IID: Guid = iid::$iid;

                fn wrap(object: Rc<Self>) -> Interface {
                    Interface::$variant(object)
                }

                fn unwrap(answer: Interface) -> Option<Rc<Self>> {
                    match answer {
                        Interface::$variant(object) => Some(object),
                        _ => None,
                    }
                }
            }
        )*
    };
}

interfaces! {
    Unknown(IUnknown) = UNKNOWN;
    Port(IPort) = PORT;
    PortMidi(IPortMidi) = PORT_MIDI;
    PortDMus(IPortDMus) = PORT_DMUS;
    PortWaveCyclic(IPortWaveCyclic) = PORT_WAVE_CYCLIC;
    PortWavePci(IPortWavePci) = PORT_WAVE_PCI;
    PortWaveRT(IPortWaveRT) = PORT_WAVE_RT;
    PortTopology(IPortTopology) = PORT_TOPOLOGY;
    PortClsVersion(IPortClsVersion) = PORT_CLS_VERSION;
    PortEvents(IPortEvents) = PORT_EVENTS;
    UnregisterSubdevice(IUnregisterSubdevice) = UNREGISTER_SUBDEVICE;
    UnregisterPhysicalConnection(IUnregisterPhysicalConnection) = UNREGISTER_PHYSICAL_CONNECTION;
    Miniport(IMiniport) = MINIPORT;
    MiniportMidi(IMiniportMidi) = MINIPORT_MIDI;
    MiniportMidiStream(IMiniportMidiStream) = MINIPORT_MIDI_STREAM;
    MiniportDMus(IMiniportDMus) = MINIPORT_DMUS;
    MiniportWaveCyclic(IMiniportWaveCyclic) = MINIPORT_WAVE_CYCLIC;
    MiniportWavePci(IMiniportWavePci) = MINIPORT_WAVE_PCI;
    MiniportWaveRT(IMiniportWaveRT) = MINIPORT_WAVE_RT;
    MiniportTopology(IMiniportTopology) = MINIPORT_TOPOLOGY;
    Mxf(IMxf) = MXF;
    AllocatorMxf(IAllocatorMxf) = ALLOCATOR_MXF;
    MasterClock(IMasterClock) = MASTER_CLOCK;
    ServiceSink(IServiceSink) = SERVICE_SINK;
    ServiceGroup(IServiceGroup) = SERVICE_GROUP;
    InterruptSync(IInterruptSync) = INTERRUPT_SYNC;
    DmaChannel(IDmaChannel) = DMA_CHANNEL;
    DmaChannelSlave(IDmaChannelSlave) = DMA_CHANNEL_SLAVE;
    ResourceList(IResourceList) = RESOURCE_LIST;
    PowerNotify(IPowerNotify) = POWER_NOTIFY;
    AdapterPowerManagement(IAdapterPowerManagement) = ADAPTER_POWER_MANAGEMENT;
    AdapterPowerManagement2(IAdapterPowerManagement2) = ADAPTER_POWER_MANAGEMENT_2;
    AdapterPowerManagement3(IAdapterPowerManagement3) = ADAPTER_POWER_MANAGEMENT_3;
    RegistryKey(IRegistryKey) = REGISTRY_KEY;
    MusicTechnology(IMusicTechnology) = MUSIC_TECHNOLOGY;
    PinCount(IPinCount) = PIN_COUNT;
    PinName(IPinName) = PIN_NAME;
    Subdevice(ISubdevice) = SUBDEVICE;
}

impl fmt::Debug for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The body of [`IUnknown::query_interface`] for an object with the interfaces that are named.
///
/// `IUnknown` need not be named; a base interface must be named.
///
/// ```
/// use std::rc::Rc;
/// use portcls_emulator::{Kernel, NtStatus};
/// use portcls_port::answer_query;
/// use portcls_port::com::{IUnknown, Interface};
/// use portcls_port::guid::Guid;
/// use portcls_port::interfaces::IServiceSink;
///
/// struct Sink;
///
/// impl IUnknown for Sink {
///     fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
///         answer_query!(self, iid, IServiceSink)
///     }
/// }
///
/// impl IServiceSink for Sink {
///     fn request_service(&self, _kernel: &Kernel) {}
/// }
/// ```
#[macro_export]
macro_rules! answer_query {
    ($object:expr, $iid:expr $(, $interface:path)* $(,)?) => {{
        let (object, iid): (_, &$crate::guid::Guid) = ($object, $iid);
        if *iid == $crate::guid::iid::UNKNOWN {
            Ok($crate::com::Interface::Unknown(object))
        }
        $(else if *iid == <dyn $interface as $crate::com::ComInterface>::IID {
            Ok(<dyn $interface as $crate::com::ComInterface>::wrap(object))
        })*
        else {
            Err($crate::com::NO_INTERFACE)
        }
    }};
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcls_emulator::Kernel;

    struct Sink;

    impl IUnknown for Sink {
        fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
            answer_query!(self, iid, IServiceSink)
        }
    }

    impl IServiceSink for Sink {
        fn request_service(&self, _kernel: &Kernel) {}
    }

    /// Answers every query with itself as `IUnknown`. A careless driver might do the same.
    struct Careless;

    impl IUnknown for Careless {
        fn query_interface(self: Rc<Self>, _iid: &Guid) -> Result<Interface, NtStatus> {
            Ok(Interface::Unknown(self))
        }
    }

    #[test]
    fn an_object_answers_the_interfaces_it_has() {
        let sink = Rc::new(Sink);
        let unknown = query::<dyn IUnknown>(&sink).unwrap();
        let again = query::<dyn IServiceSink>(&unknown).unwrap();
        assert!(Rc::ptr_eq(&unknown, &(again as Rc<dyn IUnknown>)));
    }

    #[test]
    fn a_query_counts_once_and_dropping_the_answer_gives_it_back() {
        let sink = Rc::new(Sink);
        let answer = query::<dyn IServiceSink>(&sink).unwrap();
        assert_eq!(Rc::strong_count(&sink), 2);
        drop(answer);
        assert_eq!(Rc::strong_count(&sink), 1);
    }

    #[test]
    fn an_unknown_interface_is_an_invalid_parameter_and_counts_nothing() {
        let sink = Rc::new(Sink);
        let refused = query::<dyn IServiceGroup>(&sink).err();
        assert_eq!(refused, Some(NtStatus(0xC000_000D)));
        assert_eq!(Rc::strong_count(&sink), 1);
    }

    #[test]
    fn an_answer_of_the_wrong_type_is_a_failure() {
        let careless = Rc::new(Careless);
        assert!(query::<dyn IUnknown>(&careless).is_ok());
        let refused = query::<dyn IServiceSink>(&careless).err();
        assert_eq!(refused, Some(NtStatus(0xC000_0001)));
    }

    #[test]
    fn an_answer_knows_its_name_and_its_object() {
        let sink = Rc::new(Sink);
        let answer = Rc::clone(&sink).query_interface(&iid::SERVICE_SINK).unwrap();
        assert_eq!(format!("{answer:?}"), "IServiceSink");
        assert!(Rc::ptr_eq(&answer.into_unknown(), &(sink as Rc<dyn IUnknown>)));
    }

    #[test]
    fn each_type_has_the_identifier_of_its_name() {
        assert_eq!(iid::PORT_MIDI, <dyn IPortMidi as ComInterface>::IID);
        let name = <dyn IAdapterPowerManagement as ComInterface>::IID.name();
        assert_eq!(name, Some("IID_IAdapterPowerManagement"));
    }
}
