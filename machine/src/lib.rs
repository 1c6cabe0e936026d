//! A whole machine for PortCls MIDI drivers; tests of drivers depend on it.
//!
//! This crate owns: putting card, bus, kernel, port and driver together ([`MachineBuilder`]); the
//! application, which is a kernel streaming client ([`Application`]); the MIDI cable with both ends
//! ([`Cable`]); the two main jobs, [`play`] and [`capture`]; and scenarios ([`scenario`]). This
//! crate never knows of a terminal.
//!
//! # A test of a driver
//!
//! ```
//! use portcls_machine::{Application, MachineBuilder};
//! use portcls_machine::report::Filter;
//!
//! let machine = MachineBuilder::new().card("smsc-superio")?.build()?;
//! machine.start()?;
//! let application = Application::new(&machine);
//! let pin = application.open_render()?;
//! pin.run()?;
//! pin.write_now(&[0x90, 0x3C, 0x40])?;
//! machine.run_for_ns(2_000_000)?;
//! assert_eq!(machine.cable().sent_bytes(), [0x90, 0x3C, 0x40]);
//! // A golden trace: `portcls_machine::assert_trace!(machine, filter = Filter::Registers)`.
//! assert!(machine.trace_text(Filter::Registers).contains("wire      out 3C start"));
//! # Ok::<(), portcls_machine::MachineError>(())
//! ```

mod application;
mod builder;
mod cable;
mod card_device;
mod card_faults;
mod card_inspection;
mod card_settings;
mod debug;
mod device;
mod driver;
mod error;
mod figures;
mod filters;
pub mod golden;
mod granted;
mod hints;
mod inf;
mod installation;
pub mod judgement;
mod ks_client;
mod legend;
mod listening;
mod machine;
mod meter;
mod midi_pin;
mod noted_bytes;
mod patience;
mod pin_choice;
mod pin_client;
mod pin_format;
mod pin_records;
mod place_words;
mod pnp;
mod power;
mod record_buffer;
mod refusals;
mod registry_file;
pub mod rules;
pub mod scenario;
mod sent;
mod session;
pub mod settings;
mod slot;
mod sound_blaster_dsp;
mod unmodelled;
mod vcd_view;

pub use application::Application;
pub use builder::{MachineBuilder, built_in_card};
pub use cable::{Cable, Sender};
pub use card_device::CardSignals;
pub use card_settings::{CardSettings, Connection};
pub use debug::debug;
pub use device::MachineDevice;
pub use driver::Driver;
pub use error::{InfRemedy, MachineError};
pub use figures::{
    ApplicationFigures, Difference, DriverFigures, Lateness, ProcessorFigures, WireFigures,
};
pub use filters::{
    ConnectionView, DirectMusicUseView, EndView, FilterView, FormatView, InstancesView,
    MidiUseView, PinView, SoundUseView, WireView,
};
pub use hints::Hint;
pub use hw_mpu401 as chip;
pub use installation::RegistryPlace;
pub use ks_client::PinPlace;
pub use legend::legend;
pub use machine::{APPLICATION_DELAY_NS, Machine};
pub use meter::Meter;
pub use midi_pin::{MidiPin, PinUse};
pub use mpu401_card_bench as card_bench;
pub use mpu401_card_bench::resources::CardResource;
pub use patience::CLOSE_AFTER_IDLE_NS;
pub use pin_choice::{ParsePinChoiceError, PinChoice};
pub use pin_client::{PinClient, Received};
pub use pin_format::PinFormat;
pub use place_words::at_place;
pub use portcls_driver_file as driver_file;
pub use portcls_emulator as emulator;
pub use portcls_guest as guest;
pub use portcls_guest::{GuestOptions, Leak, LeakOrigin, Left};
pub use portcls_inf_file as inf_file;
pub use portcls_midi_file as midi_file;
pub use portcls_miniport::drivers;
pub use portcls_port as port;
pub use portcls_report as report;
pub use registry_file::{
    MAX_REGISTRY_FILE_BYTES, ParseRegistryError, RegistryFileError, RegistrySetting, read_registry,
};
pub use sent::SENT_LIMIT;
pub use session::{CaptureReport, JobReport, PlayReport, capture, play};
pub use unmodelled::{OffsetFigures, RangeFigures};
pub use vcd_view::vcd_options;
