//! The port from both sides: a client that sends requests, and a driver that only answers.
//!
//! No hardware is involved and no driver that knows any; what a driver would answer is written
//! down in each test. After every test the device is removed and nothing may be left of it.

mod adapter_services;
mod automation;
mod capture;
mod fake;
mod frames;
mod interrupt_sync;
mod life;
mod malformed;
mod pins;
mod plan;
mod power;
mod registry_key;
mod render;
mod render_requests;
mod resource_list;
mod rig;
mod service_group;
mod states;
