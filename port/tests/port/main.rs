//! The port from both sides: a client that sends, a driver that answers.
//!
//! There is no hardware, and no driver for hardware. Each test plans the driver's answers. At the
//! end of a test on a device, the device is removed, and no object of the driver may be left.

mod adapter_services;
mod answer_room;
mod automation;
mod capture;
mod dma_channels;
mod dmus_capture;
mod dmus_classes;
mod dmus_render;
mod dmus_requests;
mod events;
mod fake;
mod fake_dmus;
mod fake_wave;
mod frames;
mod held_creates;
mod idle;
mod interrupt_sync;
mod life;
mod malformed;
mod names;
mod pin_descriptions;
mod pin_properties;
mod pins;
mod plan;
mod power;
mod property_accesses;
mod property_kinds;
mod refusals;
mod registry_key;
mod render;
mod render_requests;
mod resource_list;
mod rig;
mod service_group;
mod states;
mod stream_headers;
mod topology;
mod wave;
