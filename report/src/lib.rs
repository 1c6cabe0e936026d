//! Views of a trace: what a person, a golden file or another program reads.
//!
//! This crate owns the forms in which a trace is shown and read back. This crate uses only the
//! records of `portcls_emulator::trace`. This crate never knows how a trace was made, or what a
//! device is for. A view never changes a trace and never adds a fact to the trace.
//!
//! [`text`] is the golden text; only the golden text can be read back to the same events.
//! [`reading`] is the golden text with durations, nesting and names for a person. [`vcd`] shows
//! the serial lanes and signals as bits, for waveform viewers and logic analysers. [`html`] is a
//! page to look at, [`svg`] a picture, [`jsonl`] a form for programs. With the feature `perfetto`
//! the module `perfetto` writes files for the Perfetto UI. With the feature `parquet` the module
//! `parquet` writes tables. A [`legend`] tells a view what names mean. [`marks`] finds where a
//! part of a trace begins.
//!
//! [`causes`] says why each event happened when it did. [`diff`] compares two traces by these
//! causes. [`explain`] tells about one event. [`latency`] measures how long routines ran and how
//! long interrupts, DPCs and bytes waited.

pub mod causes;
pub mod diff;
mod distance;
pub mod explain;
mod filter;
pub mod html;
mod irql;
pub mod jsonl;
mod key;
pub mod latency;
pub mod legend;
pub mod marks;
mod nodes;
#[cfg(feature = "parquet")]
pub mod parquet;
#[cfg(feature = "perfetto")]
pub mod perfetto;
pub mod reading;
mod sentence;
mod subsequence;
pub mod svg;
pub mod text;
mod timeline;
pub mod vcd;

pub use filter::Filter;
