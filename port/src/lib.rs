//! PortCls for MIDI: the port driver between kernel streaming and a miniport.
//!
//! This crate owns the interfaces, the port that is `IPortMidi` and `IPortDMus` at once, topology
//! and wave ports without streams, filters, pins and streams, service groups, interrupt sync
//! objects, resource lists, DMA channels without transfers, and the routines that an adapter driver
//! calls. This crate never knows which device a miniport drives, or where the registers are. This
//! crate never knows whether the miniport is written in Rust or is in a `.sys` file.
//!
//! # The walk
//!
//! Out: the pin (`pin.rs`) checks a client's write request and queues it on the pin's lane
//! (`lane.rs`), the way of data between a client's requests and one stream. The check finds the
//! music records (`stream_request.rs`). The lane gives the stream its turn. The sequencer
//! (`midi/render.rs`) then calls `IMiniportMidiStream::Write` for each record when the record is
//! due. In: the driver's ISR calls `IPortMidi::Notify`. The service group's DPC calls the port's
//! sink and the lane's sink. From the lane's sink the capture side (`midi/capture.rs`) reads the
//! stream until it is empty, packs the bytes into the client's read requests and completes these
//! requests.
//!
//! A DirectMusic miniport gets events (`dmus_event.rs`) in place of bytes. Out: the unpacker
//! (`dmus/unpack.rs`) makes events from a write request. The sequencer (`dmus/render.rs`) calls
//! `IMXF::PutMessage` with each event when the event is due. In: the lane's sink calls
//! `IMXF::PutMessage` without events, and the stream puts its events to the port's sink
//! (`dmus/capture.rs`).
//!
//! # The layers
//!
//! A port (`port.rs`) opens filters (`filter.rs`), a filter opens pins, and a pin has a lane. A pin
//! does not know its filter, and a lane does not know its pin. Port, filters and pins share the
//! miniport through the `Binding`.
//!
//! A kind of port implements `Kind`: `music.rs`, `topology.rs` and the files in `wave/` do.
//! `classes.rs` names each kind of port. A kind of miniport implements `Miniport`. `midi.rs` and
//! `dmus.rs`, each with its folder, have the two kinds with streams. These two kinds also implement
//! `StreamMiniport`, and their streams implement `Stream`. The kind of port chooses the kind of
//! miniport at Init. The two kinds share the loop of a sequencer (`pump.rs`) and the count of
//! captured bytes that were not delivered yet (`backlog.rs`). `miniport_calls.rs` and `interfaces/`
//! have the names of the miniports' methods.
//!
//! # Events
//!
//! The client of a filter or pin enables an event (`client_events.rs`) that a table of the miniport
//! has (`event.rs`). The miniport's handler adds the event to the port's list (`event_list.rs`).
//! The miniport tells the list when the event happens.

mod adapter;
pub mod automation;
mod backlog;
mod binding;
mod bound;
mod classes;
mod client_events;
pub mod com;
#[doc(hidden)]
pub mod contract;
pub mod descriptor;
pub mod device_description;
mod dispatch;
mod dma_channel;
pub mod dma_memory;
mod dmus;
pub mod dmus_event;
pub mod event;
mod event_list;
mod filter;
pub mod guid;
mod held_creates;
mod idle;
mod inspection;
pub mod interfaces;
mod interrupt_sync;
mod io_timeout;
mod irp;
mod irp_queue;
pub mod ks;
mod lane;
mod midi;
mod miniport_calls;
mod music;
mod names;
mod physical_connection;
mod pin;
mod port;
mod power;
mod property;
mod pump;
mod refusal;
mod registry_key;
mod resource_list;
pub mod rules;
mod service_group;
mod stream_request;
mod subdevice;
mod time;
mod topology;
mod unregister;
mod wave;

pub use adapter::{
    MINIMUM_DEVICE_EXTENSION, StartDevice, is_adapter_device, pc_add_adapter_device,
    pc_get_device_property, pc_get_physical_device_object, pc_register_subdevice,
};
pub use automation::pc_complete_pending_property_request;
pub use backlog::CAPTURE_LIMIT;
pub use classes::{SystemMiniport, install_system_miniports, pc_new_miniport, pc_new_port};
pub use dispatch::{pc_dispatch_irp, pc_initialize_adapter_driver};
pub use dma_channel::pc_new_dma_channel;
pub use inspection::{PortInspection, inspect_ports};
pub use interrupt_sync::pc_new_interrupt_sync;
pub use io_timeout::{IoTimeoutRoutine, pc_register_io_timeout, pc_unregister_io_timeout};
pub use irp::{pc_complete_irp, pc_forward_irp_synchronous};
pub use physical_connection::{ConnectedPin, ConnectionEnd, pc_register_physical_connection};
pub use power::{
    pc_register_adapter_power_management, pc_request_new_power_state,
    pc_unregister_adapter_power_management,
};
pub use refusal::{ask, tell_refused_query};
pub use registry_key::{RegistryKeyRequest, pc_new_registry_key};
pub use resource_list::{pc_new_resource_list, pc_new_resource_sublist};
pub use service_group::pc_new_service_group;
pub use subdevice::{ISubdevice, KsObject, PowerDirection};
pub use time::pc_get_time_interval;
