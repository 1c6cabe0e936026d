//! Fills an image's import address table with thunks and addresses.

use cpu_x86::{Cpu, Fault, Mode, Rights};
use portcls_driver_file::image::{Image, ImportName};

use super::load_error::LoadError;
use super::routines::number_of;
use crate::import::{self, Found, Storage};
use crate::layout::Layout;
use crate::processor::space::{Space, Upwards};
use crate::processor::thunk::Thunks;

/// Writes the address of each import into its slot. An import that the emulator does not have gets
/// the address of a thunk. When the driver calls this thunk, the run ends with the import's name.
pub(super) fn bind_imports(
    cpu: &mut Cpu,
    image: &Image,
    space: &Space,
    thunks: &mut Thunks,
) -> Result<(), LoadError> {
    let mut data = Upwards::new(&space.data_imports);
    let room = space.data_imports.end - space.data_imports.start;
    cpu.memory_mut().map(space.data_imports.start, room, Rights::READ | Rights::WRITE)?;
    for wanted in image.imports() {
        let full_name = format!("{} of {}", wanted.name, wanted.module);
        let too_many = || LoadError::TooManyImports { what: full_name.clone() };
        let found = match &wanted.name {
            ImportName::Name(name) => import::find(&wanted.module, name),
            ImportName::Ordinal(_) => None,
        };
        let address = match found {
            Some(Found::Routine(routine)) => {
                thunks.of_routine(number_of(routine)).ok_or_else(too_many)?
            }
            Some(Found::Data(variable)) => match variable.storage {
                Storage::Own(content) => {
                    let bytes = content(image.mode());
                    let address = data.take(bytes.len() as u64, 8).ok_or_else(too_many)?;
                    cpu.memory_mut().poke(address, &bytes)?;
                    address
                }
                Storage::SharedData(offset) => {
                    let fields = &Layout::of(image.mode()).kuser_shared_data;
                    space.shared_data + u64::from(offset(fields))
                }
            },
            None => thunks.of_missing(full_name.clone()).ok_or_else(too_many)?,
        };
        put_pointer(cpu, image.base() + u64::from(wanted.slot_rva), address)?;
    }
    Ok(())
}

/// Writes a pointer into mapped memory. The rights to the page do not matter.
pub(super) fn put_pointer(cpu: &mut Cpu, address: u64, value: u64) -> Result<(), Fault> {
    let bytes = value.to_le_bytes();
    let bytes = match cpu.mode() {
        Mode::Bits64 => &bytes[..],
        Mode::Bits32 => &bytes[..4],
    };
    cpu.memory_mut().poke(address, bytes)
}
