//! The kinds of port for sound: they bind a wave miniport, and no client opens a pin of it.
//!
//! Owns what the three kinds have in common: why their pins are refused. Each kind in the folder
//! has the interfaces of its port, and the calls of its miniport. DMA channels are elsewhere, in
//! `dma_channel.rs`.
//!
//! A driver for sound and MIDI in one file installs its wave filter first, and gives up when that
//! fails. These ports let it come to its MIDI filter.

use portcls_emulator::NtStatus;

use crate::binding::NoStreams;

mod cyclic;
mod pci;
mod rt;

pub(crate) use cyclic::WaveCyclic;
pub(crate) use pci::WavePci;
pub(crate) use rt::WaveRT;

/// Why no pin of a wave filter is opened. Assumed: the status is that of a request which a device
/// does not offer, so a client takes the pin for one that cannot be used now.
const SOUND_IS_OUTSIDE: NoStreams =
    NoStreams { status: NtStatus::NOT_SUPPORTED, reason: "sound is outside this program" };
