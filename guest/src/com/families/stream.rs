//! A stream of a system miniport as a driver sees it: `IMiniportMidiStream`.
//!
//! A driver gets a stream from `IMiniportMidi::NewStream` of a system miniport. The streams of
//! DirectMusic are sinks, which are in `dmus.rs`.

use portcls_emulator::NtStatus;
use portcls_port::guid::iid;
use portcls_port::interfaces::IMiniportMidiStream;
use portcls_port::ks::{KsDataFormat, KsState};

use crate::com::family::Family;
use crate::com::this::This;
use crate::guest::Guest;
use crate::routine::{Call, Out, Pointer, row};

pub(super) static MIDI: Family = Family {
    name: "IMiniportMidiStream",
    iid: iid::MINIPORT_MIDI_STREAM,
    bases: &[],
    methods: &[
        row!("IMiniportMidiStream::SetFormat", UpTo(PASSIVE_LEVEL), set_format),
        row!("IMiniportMidiStream::SetState", UpTo(PASSIVE_LEVEL), set_state),
        row!("IMiniportMidiStream::Read", UpTo(DISPATCH_LEVEL), read),
        row!("IMiniportMidiStream::Write", UpTo(DISPATCH_LEVEL), write),
    ],
};

/// One call of Read or Write moves at most this number of bytes. The guest uses only this many
/// bytes of a longer buffer. Assumed: drivers accept this, because both methods may move fewer
/// bytes than the caller asks for.
const LONGEST_TRANSFER: u32 = 65_536;

/// The head of the format that a driver passes on.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` when the format states a size that is less than the size of its head.
pub(super) fn format_at(guest: &Guest, format: Pointer) -> Result<KsDataFormat, NtStatus> {
    let head = guest.load::<{ KsDataFormat::SIZE as usize }>(format.0);
    let head: KsDataFormat = bytemuck::pod_read_unaligned(&head);
    let is_whole = head.format_size >= KsDataFormat::SIZE;
    is_whole.then_some(head).ok_or(NtStatus::INVALID_PARAMETER)
}

/// `NTSTATUS SetFormat(PKSDATAFORMAT)`
fn set_format(
    call: &Call<'_>,
    stream: This<dyn IMiniportMidiStream>,
    format: Pointer,
) -> Result<(), NtStatus> {
    stream.set_format(call.kernel(), &format_at(call.guest(), format)?)
}

/// `NTSTATUS SetState(KSSTATE)`
fn set_state(
    call: &Call<'_>,
    stream: This<dyn IMiniportMidiStream>,
    state: u32,
) -> Result<(), NtStatus> {
    let state = KsState::from_u32(state).ok_or(NtStatus::INVALID_PARAMETER)?;
    stream.set_state(call.kernel(), state)
}

/// `NTSTATUS Read(PVOID, ULONG, PULONG)`
fn read(
    call: &Call<'_>,
    stream: This<dyn IMiniportMidiStream>,
    buffer: Pointer,
    length: u32,
    count: Out<u32>,
) -> Result<(), NtStatus> {
    let mut bytes = vec![0; length.min(LONGEST_TRANSFER) as usize];
    let result = stream.read(call.kernel(), &mut bytes);
    let read = result.unwrap_or(0);
    let guest = call.guest();
    if read > 0 {
        guest.store(buffer.0, &bytes[..bytes.len().min(read as usize)]);
    }
    count.set(guest, read);
    result.map(drop)
}

/// `NTSTATUS Write(PVOID, ULONG, PULONG)`
fn write(
    call: &Call<'_>,
    stream: This<dyn IMiniportMidiStream>,
    buffer: Pointer,
    length: u32,
    count: Out<u32>,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let bytes = guest.load_bytes(buffer.0, length.min(LONGEST_TRANSFER).into());
    let result = stream.write(call.kernel(), &bytes);
    count.set(guest, result.unwrap_or(0));
    result.map(drop)
}
