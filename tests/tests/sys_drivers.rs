//! Unmodified Windows drivers in the machine.
//!
//! These are the C++ drivers of `guest/drivers/`. The good driver makes the same register accesses
//! as the reference driver in Rust, on both bitnesses and with both C++ ABIs. Each broken driver
//! has a row in `guest/drivers/README.md`; the row says how the driver ends.

#[path = "sys_drivers/around_system.rs"]
mod around_system;
#[path = "sys_drivers/broken.rs"]
mod broken;
#[path = "sys_drivers/client.rs"]
mod client;
#[path = "sys_drivers/dap.rs"]
mod dap;
#[path = "sys_drivers/debuggers.rs"]
mod debuggers;
#[path = "sys_drivers/dmus.rs"]
mod dmus;
#[path = "sys_drivers/event_limits.rs"]
mod event_limits;
#[path = "sys_drivers/habits.rs"]
mod habits;
#[path = "sys_drivers/injection.rs"]
mod injection;
#[path = "sys_drivers/kernel_routines.rs"]
mod kernel_routines;
#[path = "sys_drivers/rebuild.rs"]
mod rebuild;
#[path = "sys_drivers/registers.rs"]
mod registers;
#[path = "sys_drivers/reports.rs"]
mod reports;
#[path = "sys_drivers/resources.rs"]
mod resources;
#[path = "sys_drivers/scene.rs"]
mod scene;
#[path = "sys_drivers/songs.rs"]
mod songs;
#[path = "sys_drivers/system_miniports.rs"]
mod system_miniports;
#[path = "sys_drivers/system_threads.rs"]
mod system_threads;
#[path = "sys_drivers/topology.rs"]
mod topology;
#[path = "sys_drivers/wave.rs"]
mod wave;
#[path = "sys_drivers/x87.rs"]
mod x87;
