//! The kinds of port for sound: they bind a wave miniport and open no pin.
//!
//! This file owns what the three kinds have in common: the ranges for DirectSound that the port
//! adds to a pin, and the reason why no pin opens. Each file in the folder has the interfaces of
//! one kind of port, and the calls of its miniport. DMA channels are in `dma_channel.rs`.
//!
//! A driver for both sound and MIDI usually installs its wave filter first, and gives up when that
//! fails. With these ports the driver succeeds, and goes on to install its MIDI filter.

use portcls_emulator::{Kernel, NtStatus};

use crate::binding::NoStreams;
use crate::ks::DataRange;
use crate::ks::guids::data_format;
use crate::miniport_calls::MiniportCalls;

mod cyclic;
mod pci;
mod rt;

pub(crate) use cyclic::WaveCyclic;
pub(crate) use pci::WavePci;
pub(crate) use rt::WaveRT;

/// Tells in the trace that a wave miniport was started, and that no stream of it will follow.
fn tell_bound(calls: &MiniportCalls, kernel: &Kernel) {
    calls.note(
        kernel,
        "a wave filter starts: sound is outside this program, so its pins never open",
    );
}

/// Adds a range for DirectSound after each of a pin's ranges that has a WAVEFORMATEX.
///
/// Source: a comment of Microsoft's published AC97 sample: the port makes a copy for DirectSound of
/// each range that has a WAVEFORMATEX. Assumed: the copy comes right after its range. When the
/// miniport's own ranges have the copy already, the port does not add it.
fn add_directsound(ranges: &mut Vec<DataRange>) {
    let own = std::mem::take(ranges);
    for range in &own {
        ranges.push(range.clone());
        let copy = range.with_specifier(data_format::DSOUND);
        if range.head().specifier == data_format::WAVEFORMATEX && !own.contains(&copy) {
            ranges.push(copy);
        }
    }
}

/// Why no client can open a pin of a wave filter. Assumed: this status fits best for a pin that is
/// not offered. Windows can open such a pin, so no page names a status.
const SOUND_IS_OUTSIDE: NoStreams =
    NoStreams { status: NtStatus::NOT_SUPPORTED, reason: "sound is outside this program" };
