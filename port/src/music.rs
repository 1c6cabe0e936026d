//! The kind of port for music: `IPortMidi` and `IPortDMus` in one object.
//!
//! This file owns the choice of the interface by which the port drives a miniport. Only `midi.rs`
//! and `dmus.rs` know how to drive the miniport.
//!
//! Source: WDK, MIDI and DirectMusic filters: since Windows XP one port serves both classes.

use std::marker::PhantomData;
use std::rc::{Rc, Weak};

use portcls_emulator::{Irql, Kernel, NtStatus};

use crate::answer_query;
use crate::binding::Miniport;
use crate::com::{IUnknown, Interface};
use crate::dmus::DmusMiniport;
use crate::guid::Guid;
use crate::interfaces::{IPortClsVersion, IPortDMus, IPortMidi, IServiceGroup};
use crate::midi::MidiMiniport;
use crate::port::{Kind, Port, SOUND_CATEGORIES};
use crate::rules::require_irql_at_most;

/// The kind of port that `PcNewPort` makes for a class of music ports.
pub(crate) struct Music<C>(PhantomData<C>);

/// A class of music ports. The class decides which interface of a miniport the port asks for first.
pub(crate) trait MusicClass: Sized + 'static {
    /// The interfaces in the order in which the port asks a miniport for them.
    ///
    /// Assumed: the interface of the class comes first. The pages only say that a miniport needs no
    /// more than one of the two interfaces.
    const ORDER: [MiniportInterface; 2];
}

/// An interface by which a music port can drive a miniport.
#[derive(Clone, Copy)]
pub(crate) enum MiniportInterface {
    Midi,
    DirectMusic,
}

/// The MIDI class.
pub(crate) enum MidiClass {}

impl MusicClass for MidiClass {
    const ORDER: [MiniportInterface; 2] = [MiniportInterface::Midi, MiniportInterface::DirectMusic];
}

/// The DirectMusic class.
pub(crate) enum DirectMusicClass {}

impl MusicClass for DirectMusicClass {
    const ORDER: [MiniportInterface; 2] = [MiniportInterface::DirectMusic, MiniportInterface::Midi];
}

impl<C: MusicClass> Kind for Music<C> {
    const MINIPORT: &'static str = "IMiniportMidi and IMiniportDMus";
    const CATEGORIES: &'static [Guid] = &SOUND_CATEGORIES;

    fn query(port: Rc<Port<Self>>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(port, iid, IPortMidi, IPortDMus, IPortClsVersion)
    }

    /// Asks the miniport for the two interfaces in the order of the class. When the miniport has
    /// neither interface, the error is the status of the first query.
    fn find_miniport(
        port: &Rc<Port<Self>>,
        object: &Rc<dyn IUnknown>,
    ) -> Result<Rc<dyn Miniport>, NtStatus> {
        let calls = port.calls();
        let ask = |interface| -> Result<Rc<dyn Miniport>, NtStatus> {
            Ok(match interface {
                MiniportInterface::Midi => {
                    let port: Weak<dyn IPortMidi> = Rc::downgrade(port) as _;
                    Rc::new(MidiMiniport::find(calls, port, object)?)
                }
                MiniportInterface::DirectMusic => {
                    let port: Weak<dyn IPortDMus> = Rc::downgrade(port) as _;
                    Rc::new(DmusMiniport::find(calls, port, object)?)
                }
            })
        };
        let [first, second] = C::ORDER;
        ask(first).or_else(|status| ask(second).map_err(|_| status))
    }
}

impl<C: MusicClass> Port<Music<C>> {
    fn register_group(&self, kernel: &Kernel, group: Rc<dyn IServiceGroup>, method: &str) {
        require_irql_at_most(kernel, Irql::PASSIVE_LEVEL, method);
        if let Err(status) = self.join_group(kernel, group) {
            let text = format!("RegisterServiceGroup: the group answered {status}");
            self.calls().note(kernel, &text);
        }
    }
}

impl<C: MusicClass> IPortMidi for Port<Music<C>> {
    fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>) {
        self.request_service(kernel, group);
    }

    fn register_service_group(&self, kernel: &Kernel, group: Rc<dyn IServiceGroup>) {
        self.register_group(kernel, group, "IPortMidi::RegisterServiceGroup");
    }
}

impl<C: MusicClass> IPortDMus for Port<Music<C>> {
    fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>) {
        self.request_service(kernel, group);
    }

    fn register_service_group(&self, kernel: &Kernel, group: Rc<dyn IServiceGroup>) {
        self.register_group(kernel, group, "IPortDMus::RegisterServiceGroup");
    }
}
