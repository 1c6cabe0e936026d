//! What a pin tells about its stream: the position, and the buffers it wants.

use bytemuck::{Pod, Zeroable};

use super::assert_layout;

/// The position of a stream, in bytes from its start.
#[doc(alias = "KSAUDIO_POSITION")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsAudioPosition {
    /// The end of the data that the device has played or captured.
    #[doc(alias = "PlayOffset")]
    pub play_offset: u64,
    /// The end of the data, or of the room for data, that the device has.
    #[doc(alias = "WriteOffset")]
    pub write_offset: u64,
}

assert_layout!(KsAudioPosition, 16, play_offset @ 0, write_offset @ 8);

/// The buffers that a pin wants its client to allocate.
#[doc(alias = "KSALLOCATOR_FRAMING")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsAllocatorFraming {
    /// What the pin requires.
    #[doc(alias = "RequirementsFlags")]
    pub requirements: u32,
    /// The kind of memory.
    #[doc(alias = "PoolType")]
    pub pool_type: u32,
    /// The number of buffers in flight.
    pub frames: u32,
    /// The size of a buffer in bytes.
    #[doc(alias = "FrameSize")]
    pub frame_size: u32,
    /// The alignment of a buffer in bytes, less 1: the number 3 means a multiple of 4.
    #[doc(alias = "FileAlignment")]
    pub file_alignment: u32,
    /// Zero.
    pub reserved: u32,
}

assert_layout!(
    KsAllocatorFraming, 24, requirements @ 0, pool_type @ 4, frames @ 8, frame_size @ 12,
    file_alignment @ 16, reserved @ 20,
);

impl KsAllocatorFraming {
    /// The framing of a stream of music.
    ///
    /// Source: WDK ks.h, KSALLOCATOR_REQUIREMENTF_SYSTEM_MEMORY and _PREFERENCES_ONLY. `Assumed:`
    /// the values, because no page has values for music. The pin wants one buffer with the size of
    /// a memory page. The buffer begins at a multiple of 4 bytes, as a music record does. The
    /// client may choose other buffers.
    pub const MUSIC: KsAllocatorFraming = KsAllocatorFraming {
        requirements: 0x8000_0002,
        pool_type: 0,
        frames: 1,
        frame_size: 4_096,
        file_alignment: 3,
        reserved: 0,
    };
}
