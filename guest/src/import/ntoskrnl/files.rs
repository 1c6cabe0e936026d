//! Files by handle: there is no disk, so no file exists.
//!
//! Source: WDK, ZwCreateFile, ZwReadFile, ZwQueryInformationFile; wdm.h for the numbers.

use portcls_emulator::{Need, NtStatus};

use super::handles::is_open;
use crate::routine::{Call, Out, Pointer, Routine, Word, row};

pub(super) static ROUTINES: &[Routine] = &[
    row!("ZwCreateFile", UpTo(PASSIVE_LEVEL), create_file).refusing(),
    row!("ZwQueryInformationFile", UpTo(PASSIVE_LEVEL), query_information_file).refusing(),
    row!("ZwReadFile", UpTo(PASSIVE_LEVEL), read_file).refusing(),
];

/// The values of CreateDisposition that want an existing file.
const FILE_OPEN: u32 = 1;
const FILE_OVERWRITE: u32 = 4;

/// The largest value of CreateDisposition.
const LAST_DISPOSITION: u32 = 5;

/// IO_STATUS_BLOCK.Information for a file that does not exist.
const FILE_DOES_NOT_EXIST: u64 = 5;

/// `NTSTATUS ZwCreateFile(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PIO_STATUS_BLOCK,
/// PLARGE_INTEGER, ULONG, ULONG ShareAccess, ULONG CreateDisposition, ULONG, PVOID, ULONG)`
///
/// Assumed: a new file is refused with STATUS_OBJECT_PATH_NOT_FOUND, because its directory does not
/// exist. A name that leads to a device ends the run, because a driver cannot open a device here.
fn create_file(
    call: &Call<'_>,
    _out: Out<Word>,
    _access: u32,
    attributes: Pointer,
    block: Pointer,
    _allocation: Pointer,
    _file_attributes: u32,
    _share: u32,
    disposition: u32,
    _options: u32,
    _extended: Pointer,
    _extended_bytes: u32,
) -> Result<(), NtStatus> {
    let guest = call.guest();
    let name = guest.load_word(attributes.at(guest.layout().object_attributes.object_name));
    if name == 0 || disposition > LAST_DISPOSITION {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    let name = guest.load_name(name);
    if call.kernel().device_named(&name).is_some() {
        call.kernel().unsupported(&format!("ZwCreateFile of the device {name}"));
    }
    let status = match disposition {
        FILE_OPEN | FILE_OVERWRITE => NtStatus::OBJECT_NAME_NOT_FOUND,
        _ => NtStatus::OBJECT_PATH_NOT_FOUND,
    };
    let fields = &guest.layout().io_status_block;
    guest.store_u32(block.at(fields.status), status.0);
    guest.store_word(block.at(fields.information), FILE_DOES_NOT_EXIST);
    call.tell_refusal(Need::Optional, name, status);
    Err(status)
}

/// The answer for a handle that belongs to no file.
fn no_file(call: &Call<'_>, handle: Word) -> NtStatus {
    if is_open(call.guest(), handle) {
        NtStatus::OBJECT_TYPE_MISMATCH
    } else {
        NtStatus::INVALID_HANDLE
    }
}

/// `NTSTATUS ZwReadFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
/// PLARGE_INTEGER, PULONG)`
fn read_file(
    call: &Call<'_>,
    handle: Word,
    _event: Word,
    _routine: Pointer,
    _context: Pointer,
    _block: Pointer,
    _buffer: Pointer,
    _length: u32,
    _offset: Pointer,
    _key: Pointer,
) -> Result<(), NtStatus> {
    Err(no_file(call, handle))
}

/// `NTSTATUS ZwQueryInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG,
/// FILE_INFORMATION_CLASS)`
fn query_information_file(
    call: &Call<'_>,
    handle: Word,
    _block: Pointer,
    _buffer: Pointer,
    _length: u32,
    _class: u32,
) -> Result<(), NtStatus> {
    Err(no_file(call, handle))
}
